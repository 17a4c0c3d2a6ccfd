"""Is ``condgan worth`` right? Its verdicts where the truth is known: ``python worth.py [RESULTS.jsonl] [--table]``.

Each case is a set of at most 1,000 images of MNIST at 14 px, drawn anew, with stand-ins for the generators. What was
judged stands in RESULTS.jsonl, and is not judged again.
"""

import json
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy import stats

from condgan import data as datasets
from condgan.arrays import Images, Labels
from condgan.data.dataset import Split
from condgan.recipe import Data
from condgan.verdicts.trials import Draw, Effort, Trials
from condgan.verdicts.verdict import judged

EFFORT = Effort(steps=150, width=8)  # about what three minutes give
VALIDATION, TEST, POOL = 200, 300, 500
RUNS = 20  # of each case


def drawing(pool: Split) -> Draw:
    """Draws from images that there are, in turn."""

    def draw(labels: Labels) -> Images:
        images = np.empty((len(labels), *pool.images.shape[1:]), np.uint8)
        for label in np.unique(labels):
            wanted = np.flatnonzero(labels == label)
            images[wanted] = pool.images[np.resize(np.flatnonzero(pool.labels == label), len(wanted))]
        return images

    return draw


@dataclass(frozen=True)
class Known:
    """A case whose truth is known.

    Attributes:
        says: what stands in for the generators.
        right: verdicts that are right.
        train: real training images.
        classes: the first digits of MNIST.
        stand_in: training images, other real images and a random generator -> what a generator would draw from.
        labels: what becomes of all labels.
    """

    says: str
    right: tuple[str, ...]
    train: int
    classes: int
    stand_in: Callable[[Split, Split, np.random.Generator], Split]
    labels: Callable[[Labels, np.random.Generator], Labels] = lambda labels, _: labels


def shuffled(split: Split, random: np.random.Generator) -> Split:
    return Split(split.images, random.permutation(split.labels))


NOT_HELPS = ("no-difference", "cannot-tell", "hurts")
CASES = {
    "labels at random": Known(
        "other real images, also with labels at random", NOT_HELPS, 200, 10, lambda train, pool, random: pool,
        lambda labels, random: random.permutation(labels),
    ),
    "plenty of data": Known("other real images, zeros and ones", NOT_HELPS, 400, 2, lambda train, pool, random: pool),
    "copies": Known("copies of training images", NOT_HELPS, 200, 10, lambda train, pool, random: train),
    "held-back real images": Known("held-back real images", ("helps",), 50, 10, lambda train, pool, random: pool),
    "wrong labels": Known(
        "real images with shuffled labels", ("hurts",), 300, 10, lambda train, pool, random: shuffled(pool, random)
    ),
}  # fmt: skip
NULL = ("labels at random", "plenty of data", "copies")


def small(split: Split) -> Split:
    """At half the size: means of 2 x 2 pixels."""
    count, channels, height, width = split.images.shape
    means = split.images.reshape(count, channels, height // 2, 2, width // 2, 2).mean((3, 5))
    return Split(means.round().astype(np.uint8), split.labels)


def trials(case: Known, mnist: Split, run: int) -> Trials:
    """The case on images drawn for this run."""
    random = np.random.default_rng(run)
    chosen = random.permutation(np.flatnonzero(mnist.labels < case.classes))
    labels = case.labels(mnist.labels[chosen], random)
    at, parts = 0, []
    for size in (case.train, VALIDATION, TEST, POOL, POOL):
        parts.append(Split(mnist.images[chosen[at : at + size]], labels[at : at + size]))
        at += size
    train, validation, test, *pools = parts
    draws = [drawing(case.stand_in(train, pool, random)) for pool in pools]
    return Trials(train, validation, test, case.classes, draws, EFFORT)


def table(results: Path) -> str:
    """The verdicts of each case, as Markdown, and the bound of false `helps`."""
    lines = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    words = ("helps", "no-difference", "cannot-tell", "hurts")
    rows = [f"| case | the generators are replaced by | {' | '.join(words)} | half width, points | right |"]
    rows.append("|---" * (len(words) + 4) + "|")
    for name, case in CASES.items():
        own = [line for line in lines if line["case"] == name]
        if not own:
            continue
        counts = Counter(line["verdict"] for line in own)
        half = np.median([(line["high"] - line["low"]) / 2 for line in own])
        right = sum(counts[word] for word in case.right)
        cells = [name, case.says, *(str(counts[word]) for word in words), f"{half:.1f}", f"{right} of {len(own)}"]
        rows.append(f"| {' | '.join(cells)} |")
    null = [line for line in lines if line["case"] in NULL]
    false = sum(line["verdict"] == "helps" for line in null)
    if null:
        bound = stats.beta.ppf(0.95, false + 1, len(null) - false) if false < len(null) else 1.0
        rows += ["", f"False `helps`: {false} of {len(null)}; with 95 % confidence at most {bound:.1%}."]
    return "\n".join(rows)


def main() -> None:
    """Judge what has not been judged, run by run, so that an early end has some of each case."""
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    results = Path(words[0] if words else "worth.jsonl")
    if "--table" not in sys.argv:
        torch.set_num_threads(1)
        mnist = small(datasets.load(Data(source="mnist")).train)
        known = results.read_text(encoding="utf-8").splitlines() if results.exists() else []
        done = {(line["case"], line["run"]) for line in map(json.loads, known)}
        for run in range(RUNS):
            for name, case in CASES.items():
                if (name, run) not in done:
                    found = {"case": name, "run": run} | judged(trials(case, mnist, run)).as_json()
                    with results.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(found) + "\n")
                    print(run, name, found["verdict"], f"{found['difference']:+.1f}", flush=True)
    print(table(results))


if __name__ == "__main__":
    main()
