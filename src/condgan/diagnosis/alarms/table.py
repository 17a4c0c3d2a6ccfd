"""The table of alarms: each has checks and a cure."""

from collections.abc import Sequence
from dataclasses import replace

from condgan.diagnosis.alarms import cures, evaluations, losses, pictures, progress
from condgan.diagnosis.alarms.alarm import Alarm, Finding
from condgan.diagnosis.alarms.logged import Logged
from condgan.errors import UndefinedError
from condgan.evaluation.comparison import Comparison
from condgan.recipe import Recipe
from condgan.results.records import Record

ALARMS = {
    "nan": Alarm(cure=cures.finite, in_log=losses.nan),
    "discriminator-too-strong": Alarm(
        cure=lambda r: (cures.rate("d", cures.slower(r.optim.d, 4)), *cures.more_dropout(r), *cures.one_critic_step(r)),
        in_log=losses.too_strong_discriminator,
    ),
    "generator-too-strong": Alarm(
        cure=lambda r: (
            cures.rate("g", cures.slower(r.optim.g, 4)),
            cures.rate("d", cures.faster(r.optim.d, 2)),
        ),
        in_log=losses.too_strong_generator,
    ),
    "losses-blown-up": Alarm(cure=cures.finite, in_log=losses.blown_up),
    "collapse": Alarm(
        cure=lambda r: cures.with_variety(r, (*cures.batch_norm(r), cures.slower_faster(r), *cures.more_dropout(r))),
        in_log=evaluations.collapse,
        in_pictures=pictures.repetition,
    ),
    "wrong-labels": Alarm(
        cure=lambda r: (f"train.epochs={2 * r.train.epochs}", *cures.stronger_condition(r)),
        in_log=evaluations.wrong_labels,
        in_pictures=pictures.wrong_labels,
    ),
    "memorisation": Alarm(
        cure=lambda r: (f"train.epochs={max(1, r.train.epochs // 2)}", *cures.more_dropout(r), *cures.patience(r)),
        in_pictures=pictures.memorisation,
    ),
    "oscillation": Alarm(cure=cures.calmer, in_log=losses.oscillation),
    "over-training": Alarm(
        cure=lambda r: (*cures.patience(r), cures.rate("d", cures.slower(r.optim.d, 2))),
        in_log=evaluations.over_training,
    ),
    "not-learning": Alarm(cure=cures.usual, in_log=progress.not_learning, in_pictures=progress.like_nothing),
    "learning-rate-too-high": Alarm(cure=cures.nearer, in_log=progress.rate_too_high),
    "learning-rate-too-low": Alarm(cure=cures.usual, in_log=progress.rate_too_low),
    "learning-rates-out-of-balance": Alarm(cure=cures.balanced, in_log=progress.out_of_balance),
}
"""Alarms by kind, the worst first."""


def complete(kind: str, recipe: Recipe, finding: Finding) -> Finding:
    """The finding of a check with the kind and the cure of its alarm."""
    return replace(finding, kind=kind, advice=(*finding.advice, *ALARMS[kind].cure(recipe)))


def from_log(recipe: Recipe, records: Sequence[Record], seen: Sequence[str] = ()) -> list[Finding]:
    """Findings in the records of a log, the worst first; none if records are too few or lack figures.

    Fast enough to run after each evaluation. ``seen`` are kinds that were found elsewhere: some faults are told only
    beside others.
    """
    log, findings = Logged(recipe, records, list(seen)), []
    for kind, alarm in ALARMS.items():
        finding = alarm.in_log(log) if alarm.in_log else None
        if finding is not None:
            findings.append(complete(kind, recipe, finding))
            log.kinds.append(kind)
    return unexplained(findings)


def from_pictures(recipe: Recipe, compared: Comparison) -> tuple[list[Finding], list[str]]:
    """Findings in generated images beside validation images, the worst first; and the reasons of skipped checks."""
    findings, skipped = [], []
    for kind, alarm in ALARMS.items():
        try:
            finding = alarm.in_pictures(compared) if alarm.in_pictures else None
        except UndefinedError as error:
            skipped.append(f"{kind} was not checked: {error}")
            continue
        if finding is not None:
            findings.append(complete(kind, recipe, finding))
    return unexplained(findings), skipped


def ordered(findings: Sequence[Finding]) -> list[Finding]:
    """The first finding of each kind, the worst kind first; without what others explain."""
    first = {finding.kind: finding for finding in reversed(findings)}
    kept = {finding.kind for finding in unexplained(findings)}
    return [first[kind] for kind in ALARMS if kind in kept]


def unexplained(findings: Sequence[Finding]) -> list[Finding]:
    """The findings but those that others explain."""
    explained = {kind for finding in findings for kind in finding.explains}
    return [finding for finding in findings if finding.kind not in explained]
