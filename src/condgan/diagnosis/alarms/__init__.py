"""What a log says of a training that fails: pure functions of its lines and the recipe.

Cheap enough to be asked at each evaluation; too short a log, or lines that lack a figure, give no finding.
"""

from collections.abc import Sequence

from condgan.diagnosis.alarms.figures import collapse, over_training, wrong_labels
from condgan.diagnosis.alarms.finding import KINDS, Finding, ordered
from condgan.diagnosis.alarms.losses import (
    losses_of,
    nan,
    out_of_balance,
    swinging,
    too_strong_discriminator,
    too_strong_generator,
)
from condgan.recipe import Recipe
from condgan.results.records import EvaluationRecord, Record

__all__ = ["KINDS", "Finding", "from_log", "ordered"]


def from_log(recipe: Recipe, records: Sequence[Record]) -> list[Finding]:
    """Findings in the records of a log, in the order of ``KINDS``; the untrained generator shows none."""
    records = [record for record in records if record.step or not isinstance(record, EvaluationRecord)]
    found = [check(recipe, records) for check in (nan, over_training, wrong_labels, collapse)]
    losses = losses_of(recipe, records)
    if losses is not None:
        found += [check(recipe, losses) for check in (too_strong_discriminator, too_strong_generator, swinging)]
    present = [finding for finding in found if finding is not None]
    return ordered([*present, *out_of_balance(recipe, present)])
