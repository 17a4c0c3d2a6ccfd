"""The table of alarms, one row each: what can go wrong, how it shows, and what may help."""

from collections.abc import Sequence

from condgan.diagnosis.alarms import evaluations, losses, pictures
from condgan.diagnosis.alarms.alarm import Alarm, Finding, Symptom
from condgan.diagnosis.alarms.cures import (
    balanced,
    calmer,
    finite,
    more_dropout,
    one_critic_step,
    other_condition,
    patience,
    rate,
    slower_faster,
    with_variety,
)
from condgan.diagnosis.alarms.logged import Logged
from condgan.errors import UndefinedError
from condgan.evaluation.comparison import Comparison
from condgan.recipe import Recipe
from condgan.results.records import Record

ALARMS = {
    "nan": Alarm(cure=finite, in_log=losses.nan),
    "discriminator-too-strong": Alarm(
        cure=lambda r: (rate("d", r.optim.d.lr / 4), *more_dropout(r), *one_critic_step(r)),
        in_log=losses.too_strong_discriminator,
    ),
    "generator-too-strong": Alarm(
        cure=lambda r: (rate("g", r.optim.g.lr / 4), rate("d", r.optim.d.lr * 2)),
        in_log=losses.too_strong_generator,
    ),
    "losses-blown-up": Alarm(cure=finite, in_log=losses.blown_up),
    "collapse": Alarm(
        cure=lambda r: with_variety(
            r,
            (
                *(() if r.generator.norm == "batch" else ("generator.norm=batch",)),
                slower_faster(r),
                *more_dropout(r),
            ),
        ),
        in_log=evaluations.collapse,
        in_pictures=pictures.repetition,
    ),
    "wrong-labels": Alarm(
        cure=lambda r: (f"train.epochs={2 * r.train.epochs}", *other_condition(r)),
        in_log=evaluations.wrong_labels,
        in_pictures=pictures.wrong_labels,
    ),
    "memorisation": Alarm(
        cure=lambda r: (f"train.epochs={max(1, r.train.epochs // 2)}", *more_dropout(r), *patience(r)),
        in_pictures=pictures.memorisation,
    ),
    "oscillation": Alarm(cure=calmer, in_log=losses.oscillation),
    "over-training": Alarm(
        cure=lambda r: (*patience(r), rate("d", r.optim.d.lr / 2)),
        in_log=evaluations.over_training,
    ),
    "learning-rates-out-of-balance": Alarm(cure=balanced, in_log=losses.out_of_balance),
}
"""By kind, the worst first."""


def finding(kind: str, recipe: Recipe, symptom: Symptom) -> Finding:
    """A symptom with its cure."""
    return Finding(kind, symptom.text, symptom.evidence, (*symptom.advice, *ALARMS[kind].cure(recipe)))


def from_log(recipe: Recipe, records: Sequence[Record]) -> list[Finding]:
    """Findings in the records of a log, the worst first. Cheap enough for each evaluation.

    Too few records, or records that lack a figure, give no finding.
    """
    log, findings = Logged(recipe, records), []
    for kind, alarm in ALARMS.items():
        symptom = alarm.in_log(log) if alarm.in_log else None
        if symptom is not None:
            findings.append(finding(kind, recipe, symptom))
            log.kinds.append(kind)
    return findings


def from_pictures(recipe: Recipe, compared: Comparison) -> tuple[list[Finding], list[str]]:
    """Findings in generated images beside validation images, the worst first; and what was not checked, and why."""
    findings, skipped = [], []
    for kind, alarm in ALARMS.items():
        try:
            symptom = alarm.in_pictures(compared) if alarm.in_pictures else None
        except UndefinedError as error:
            skipped.append(f"{kind} was not checked: {error}")
            continue
        if symptom is not None:
            findings.append(finding(kind, recipe, symptom))
    return findings, skipped


def ordered(findings: Sequence[Finding]) -> list[Finding]:
    """The first finding of each kind, the worst first."""
    first = {one.kind: one for one in reversed(findings)}
    return [first[kind] for kind in ALARMS if kind in first]
