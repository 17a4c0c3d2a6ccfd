"""Diagnose a run: check all alarms in its log and in generated images of each class."""

from dataclasses import dataclass
from os import PathLike, fspath
from shlex import quote
from typing import Any

import numpy as np

from condgan.diagnosis import alarms
from condgan.diagnosis.alarms import Finding
from condgan.diagnosis.alarms.logged import LEAST
from condgan.errors import CondganError
from condgan.evaluation import features as networks
from condgan.evaluation import subjects
from condgan.evaluation.comparison import Comparison
from condgan.evaluation.features import FeatureNetwork, Say
from condgan.evaluation.reference import Reference
from condgan.generation import generator
from condgan.recipe import Recipe
from condgan.recipe.builtin import command
from condgan.results.records import EvaluationRecord, StepRecord, of_kind
from condgan.runs import moment
from condgan.runs.run import Run

PER_CLASS, MOST = 200, 5000  # pictures


@dataclass(frozen=True)
class Diagnosis:
    """The findings, and how much was checked.

    Attributes:
        findings: the worst first, at most one of each kind.
        lines, evaluations: counts of records of steps and of evaluations in the log.
        pictures: the number of images generated.
        skipped: reasons of skipped checks, one sentence each.
    """

    findings: tuple[Finding, ...]
    lines: int
    evaluations: int
    pictures: int
    skipped: tuple[str, ...]

    def as_json(self, run: str | PathLike[str]) -> dict[str, Any]:
        """run, findings (kind, text, evidence, advice), and how much was checked."""
        findings = [
            {"kind": one.kind, "text": one.text, "evidence": str(one.evidence), "advice": list(one.advice)}
            for one in self.findings
        ]
        checked = {"lines": self.lines, "evaluations": self.evaluations, "pictures": self.pictures}
        return {"run": fspath(run), "findings": findings, "checked": checked, "skipped": list(self.skipped)}


def diagnose(
    run: str | PathLike[str], data: str | None = None, features: FeatureNetwork | None = None, say: Say = lambda _: None
) -> Diagnosis:
    """Check a run's log, and compare 200 generated images of each class (at most 5000) with validation images.

    Args:
        run: a run, its folder, or a moment of it: for ``runs/a@100``, log and pictures up to epoch 100 are checked.
        data: the real images; none: those that it was trained on.
        features: the feature network; none: that of the data, which is trained first if it does not exist.
        say: receives sentences about the progress.

    Raises:
        CondganError: no run there, or its recipe or log is damaged. If pictures cannot be compared, ``skipped`` has the
            reason.
    """
    folder, epoch = moment.parse(run, "run")
    if not (folder / "recipe.json").is_file() and any(folder.glob("*/recipe.json")):
        raise CondganError(
            f"{folder} is not a run, it has runs in it: the command `condgan diagnose {quote(str(folder))}` diagnoses "
            "each of them; give one run here"
        )
    opened = Run.open(folder)
    recipe, records = opened.recipe, opened.records()
    if epoch is not None:
        if not any(record.epoch >= epoch for record in records):
            raise CondganError(
                f"{folder} has not reached epoch {epoch}: `condgan diagnose {folder}` takes all there is"
            )
        records = [record for record in records if record.epoch <= epoch]
    in_pictures: list[Finding] = []
    skipped: list[str] = []
    pictures = 0
    try:
        compared = comparison(opened, epoch, recipe, data, features, say)
        pictures = len(compared.images)
        in_pictures, skipped = alarms.from_pictures(recipe, compared)
    except CondganError as error:
        skipped.append(f"no pictures were checked: {error}")
    seen = [finding.kind for finding in in_pictures]
    findings = [*in_pictures, *alarms.from_log(recipe, records, seen)]  # pictures first: they show more than figures
    return Diagnosis(
        findings=tuple(alarms.ordered(findings)),
        lines=len(of_kind(records, StepRecord)),
        evaluations=len(of_kind(records, EvaluationRecord)),
        pictures=pictures,
        skipped=tuple(skipped),
    )


def comparison(
    run: Run, epoch: int | None, recipe: Recipe, data: str | None, features: FeatureNetwork | None, say: Say
) -> Comparison:
    """Pictures of an epoch, or of the run's last checkpoint, compared with validation images of its data."""
    source = generator.of_run(run, epoch=epoch)
    subject = subjects.of_generator(
        source, subjects.real_images(recipe.data, data, [], subjects.splits_of(run.folder)), recipe.seed
    )
    reference = Reference(subject.dataset, "validation", features or networks.of(subject.dataset, say))
    each = max(2, min(PER_CLASS, MOST // reference.classes))
    return Comparison(reference, *subject.take(np.full(reference.classes, each), split=reference.split))


def report(diagnosis: Diagnosis, run: str | PathLike[str]) -> str:
    """A diagnosis in plain text: each finding with its evidence and the command to try, or that there is none."""
    run, recipe = fspath(run), Run.open(moment.parse(run)[0]).recipe
    basis = f"{diagnosis.lines} log lines, {diagnosis.evaluations} evaluations and {diagnosis.pictures} pictures"
    if not diagnosis.findings:
        enough = diagnosis.pictures or diagnosis.lines >= LEAST
        verdict = f"Nothing wrong was found in {run}" if enough else f"{run} is too short for a diagnosis"
        return "\n".join([f"{verdict} ({basis}).", *map(sentence, diagnosis.skipped)])
    parts = [f"{run}: {recipe.name}; checked: {basis}.", *map(sentence, diagnosis.skipped)]
    for finding in diagnosis.findings:
        parts += ["", f"{finding.kind}: {finding.text}", f"  evidence: {finding.evidence}"]
        parts += [f"  try: {command(recipe, finding.advice)}"] if finding.advice else []
    return "\n".join(parts)


def sentence(text: str) -> str:
    """The text with a capital letter and a full stop."""
    return f"{text[:1].upper()}{text[1:]}."
