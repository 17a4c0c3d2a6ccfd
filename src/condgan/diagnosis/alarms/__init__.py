"""What goes wrong in a training: a table of alarms, each with its checks and its cure."""

from condgan.diagnosis.alarms.alarm import Alarm, Finding, Symptom
from condgan.diagnosis.alarms.table import ALARMS, from_log, from_pictures, ordered

__all__ = ["ALARMS", "Alarm", "Finding", "Symptom", "from_log", "from_pictures", "ordered"]
