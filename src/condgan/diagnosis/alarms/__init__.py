"""The table of alarms: what can go wrong in a training, the checks that show it, and what may help."""

from condgan.diagnosis.alarms.alarm import Alarm, Finding
from condgan.diagnosis.alarms.table import ALARMS, from_log, from_pictures, ordered

__all__ = ["ALARMS", "Alarm", "Finding", "from_log", "from_pictures", "ordered"]
