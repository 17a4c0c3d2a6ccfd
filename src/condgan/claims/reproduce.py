"""Answers the claims of published write-ups: trains what they need, as a study, and judges them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from condgan import data as datasets
from condgan import threads
from condgan.claims import arms, heart, hundred, measuring, others, report
from condgan.claims.arms import QUICK_SEEDS, Budget
from condgan.claims.claim import WORDS, Answer, Claim
from condgan.claims.evidence import Evidence, MissingError, OtherBudgetError
from condgan.claims.sources import SOURCES
from condgan.data.dataset import Split
from condgan.draws.philox import Stream, permutation
from condgan.errors import ArgumentError, CondganError, nearest
from condgan.experiments import executor, side_by_side
from condgan.experiments.executor import Looked, Say
from condgan.experiments.study import Outcome, Study, Trial
from condgan.experiments.trainings import Trainings
from condgan.recipe import Data
from condgan.results.records import EvaluationRecord
from condgan.storage.files import atomic

CLAIMS: dict[str, Claim] = {claim.name: claim for claim in (*heart.CLAIMS, *report.CLAIMS, *others.CLAIMS)}
MOST_WORKERS = 4
FEW_FILE = "mnist-6000.npz"
FILE, TABLE = "claims.json", "claims.md"


@dataclass(frozen=True)
class Result:
    """The answer to a claim.

    Attributes:
        claim: what is claimed.
        answer: the verdict and its figure.
        runs: the trainings that it rests on.
        picture: a curve, or their images side by side, where there is one.
    """

    claim: Claim
    answer: Answer
    runs: tuple[Path, ...]
    picture: Path | None = None

    def as_json(self) -> dict[str, Any]:
        """claim, verdict, figure, protocol, runs; and the source, what it says, and the picture."""
        return {
            "claim": self.claim.name,
            "verdict": self.answer.verdict,
            "figure": self.answer.figure,
            "protocol": self.claim.protocol,
            "runs": [str(path) for path in self.runs],
            "says": self.claim.says,
            "original": self.claim.original or None,
            "source": SOURCES[self.claim.source].title,
            "picture": None if self.picture is None else str(self.picture),
        }


@dataclass(frozen=True)
class Plan:
    """The trainings of some claims: first one seed of each arm, then the others.

    Attributes:
        names: of the arms, in the order of the claims.
        budget: how long they are.
        few: the path of the 6,000 images.
    """

    names: tuple[str, ...]
    budget: Budget
    few: Path
    kind = "reproduction"
    grows = None

    def describe(self) -> dict[str, Any]:
        """The budget: claims may be added to a study."""
        return {"budget": self.budget}

    def next(self, begun: Sequence[str], outcomes: Mapping[str, Outcome]) -> Trial | None:
        """The first training that has not begun."""
        for name, seed in self.order():
            trial = f"{name}/seed-{seed}"
            if trial not in begun:
                recipe = arms.get(name).recipe(self.budget, str(self.few))
                return Trial(trial, recipe.model_copy(update={"seed": seed}))
        return None

    def order(self) -> list[tuple[str, int]]:
        """Arm and seed of each training."""
        counts = {
            name: min(QUICK_SEEDS, arms.get(name).seeds) if self.budget == "quick" else arms.get(name).seeds
            for name in self.names
            if self.budget == "full" or arms.get(name).quick
        }
        return [
            (name, seed) for seed in range(max(counts.values(), default=0)) for name in counts if seed < counts[name]
        ]

    def prune(self, trial: Trial, evaluations: Sequence[EvaluationRecord]) -> bool:
        """Never."""
        return False


def reproduce(
    *names: str,
    budget: Budget = "quick",
    study: str | PathLike[str] | None = None,
    workers: int | None = None,
    train: bool = True,
    inception: str | PathLike[str] | None = None,
    say: Say = lambda _: None,
    looked: Looked = lambda _: None,
) -> list[Result]:
    """Answer claims.

    Args:
        names: of the claims; none: all.
        budget: ``quick``: a few minutes in all, most claims cannot be told; ``full``: the lengths that they are about.
        study: the folder of the trainings; none: ``runs/claims-BUDGET``. What was trained there is not trained again.
        workers: trainings, and then measurements, at a time; none: as many as there are cores, four at most.
        train: whether to train what is missing; else the study is judged as far as it came.
        inception: weights of torchvision's or Jittor's Inception-v3, in whose space `fid-100` is claimed.
        say, looked: as for ``experiments.executor.work``.

    Returns:
        An answer for each claim, in the order of the table.

    Raises:
        CondganError: an unknown claim or budget, no such weights, or the folder has another study.
        InterruptedTrainingError: Ctrl-C, after all trainings were saved.
    """
    chosen = [find(name) for name in names] or list(CLAIMS.values())
    if budget not in ("quick", "full"):
        raise ArgumentError("budget", budget, "expected quick or full")
    network = None if inception is None else hundred.inception(inception, say)  # refuses a wrong path at once
    folder = Path(study) if study is not None else Path("runs") / f"claims-{budget}"
    opened = Study(folder)
    workers = workers or min(threads.cores(), MOST_WORKERS)
    wanted = tuple(dict.fromkeys(arm for claim in chosen for arm in claim.arms))
    plan = Plan(wanted, budget, (folder / FEW_FILE).absolute())
    opened.begin(plan)
    if train:
        few(plan.few)
        executor.work(opened, plan, workers, say, looked)
    evidence = Evidence(opened, budget, say, network, train)
    measuring.in_processes(evidence, measuring.missing(evidence, wanted), workers)
    results = [judged(claim, evidence) for claim in chosen]
    text = json.dumps({"budget": budget, "claims": [one.as_json() for one in results]}, indent=2, ensure_ascii=False)
    atomic(folder / FILE, text.encode() + b"\n")
    atomic(folder / TABLE, markdown(results).encode())
    return results


def markdown(results: Sequence[Result]) -> str:
    """The answers as a table for each source."""
    lines = []
    for source in dict.fromkeys(one.claim.source for one in results):
        of = SOURCES[source]
        lines += [f"### {of.title}" + (f" ({of.address})" if of.address else ""), ""]
        lines += ["| claim | it says | how it is answered | verdict | figure |", "|---|---|---|---|---|"]
        for one in results:
            if one.claim.source == source:
                says = f"{one.claim.says} *{one.claim.original}*" if one.claim.original else one.claim.says
                cells = (
                    f"`{one.claim.name}`",
                    says,
                    one.claim.protocol,
                    f"**{WORDS[one.answer.verdict]}**",
                    one.answer.figure,
                )
                lines.append("| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |")
        lines.append("")
    return "\n".join(lines)


def find(name: str) -> Claim:
    """The claim of this name.

    Raises:
        CondganError: there is none.
    """
    if name not in CLAIMS:
        raise CondganError(f'unknown claim "{name}"{nearest(name, CLAIMS)}: known are {", ".join(CLAIMS)}')
    return CLAIMS[name]


def judged(claim: Claim, evidence: Evidence) -> Result:
    """The answer to a claim; not tested, or not at this budget, where its trainings are missing."""
    runs = [run.folder for arm in claim.arms for run in evidence.having(arm)]
    try:
        answer = claim.judge(evidence)
    except OtherBudgetError as error:
        answer = Answer("cannot-tell", str(error))
    except MissingError as error:
        answer = Answer("not-tested", str(error))
    return Result(claim, answer, tuple(runs), answer.picture or picture(claim, evidence))


def picture(claim: Claim, evidence: Evidence) -> Path | None:
    """The images of a claim's arms side by side, of at most six; none where none was trained."""
    sides = [Trainings(f"{arm}", tuple(found)) for arm in claim.arms if (found := evidence.having(arm))][:6]
    grids = [(side.path, drawn) for side in sides if (drawn := side_by_side.grid(side)) is not None]
    if not grids:
        return None
    path = evidence.study.folder / "pictures" / f"{claim.name}.png"
    side_by_side.save(path, grids)
    return path


def few(path: Path) -> Path:
    """Write the first 6,000 of a fixed order of MNIST's 60,000 training images, with its test images, once -> the path.

    600 of each class; 1,000 other images are for validation.
    """
    if path.is_file():
        return path
    dataset = datasets.load(Data(source="mnist"))
    whole = Split(
        np.concatenate([dataset.train.images, dataset.validation.images]),
        np.concatenate([dataset.train.labels, dataset.validation.labels]),
    )
    order = permutation(0, Stream.SPLIT, 0, len(whole))
    labels = whole.labels[order]
    chosen = np.sort(np.concatenate([order[labels == label][: arms.FEW // 10] for label in range(10)]))
    rest = np.setdiff1d(np.arange(len(whole)), chosen)[:1000]

    def write(file: Any) -> None:
        np.savez_compressed(
            file,
            train_images=whole.images[chosen, 0], train_labels=whole.labels[chosen],
            validation_images=whole.images[rest, 0], validation_labels=whole.labels[rest],
            test_images=dataset.test.images[:1000, 0], test_labels=dataset.test.labels[:1000],
            class_names=np.array(dataset.class_names),
        )  # fmt: skip

    atomic(path, write)
    return path
