"""Does ``condgan diagnose`` name what is wrong? ``python zoo.py RESULTS.jsonl [--only PATTERN] [--again] [--table]``

Trainings broken on purpose, and healthy ones. Each that is not in RESULTS.jsonl yet is trained, its folder is kept in
``zoo/`` beside that file, and the kinds found are written; ``--again`` diagnoses the kept folders anew, ``--table``
prints the tables alone. What counts as named rightly is decided here, by what was broken. Thresholds were chosen on
the runs of even seeds; the others are what is measured.
"""

import json
import os
import re
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import stats
from sklearn.datasets import load_digits

from condgan import data as datasets
from condgan.arrays import Images, Labels
from condgan.diagnosis.alarms import ALARMS
from condgan.diagnosis.diagnosis import diagnose
from condgan.errors import DivergedError
from condgan.recipe import Data, builtin
from condgan.results.records import EvaluationRecord, of_kind
from condgan.runs.run import Run
from condgan.training import training
from condgan.training.listeners.listener import Listeners

CLASSES, TRAIN, VALIDATION = 5, 128, 40  # images of each class
Split = tuple[Images, Labels]


def digits() -> Split:
    """Digits of 8 x 8 pixels, of scikit-learn."""
    bunch = load_digits()
    return (bunch.images * 255 / 16).round().astype(np.uint8)[..., None], bunch.target.astype(np.int64)


def mnist() -> Split:
    """MNIST at 8 px, without its border: means of 3 x 3 pixels."""
    split = datasets.load(Data(source="mnist")).train
    small = split.images[:4000, 0, 2:26, 2:26].reshape(4000, 8, 3, 8, 3).mean((2, 4))
    return small.round().astype(np.uint8)[..., None], split.labels[:4000]


def shapes() -> Split:
    """Discs, rings, bars, crosses and halves, each in its colour, of varied place, size and brightness."""
    random = np.random.default_rng(0)
    labels = np.arange(1000) % CLASSES
    colours = np.array([(1, 0.2, 0.2), (0.2, 1, 0.2), (0.3, 0.4, 1), (1, 1, 0.2), (1, 0.3, 1)])
    y, x = np.mgrid[:8, :8]
    images = np.zeros((1000, 8, 8, 3), np.uint8)
    for image, label in zip(images, labels, strict=True):
        top, left, size = *random.uniform(3.2, 3.8, 2), random.uniform(2, 3)
        away = np.hypot(y - top, x - left)
        forms = (
            away < size, np.abs(away - size) < 0.8, np.abs(x - left) < size / 3,
            (np.abs(x - left) < 0.7) | (np.abs(y - top) < 0.7), y > top + size - 2,
        )  # fmt: skip
        image[:] = forms[label][..., None] * colours[label] * random.uniform(180, 255)
    return images, labels


SETS: dict[str, Callable[[], Split]] = {"digits": digits, "mnist": mnist, "shapes": shapes}
MLP = ("generator.hidden=64,128", "discriminator.hidden=128,64", "latent.dim=16")
RATE, LONGER = "optim.lr=1e-3", ("train.epochs=90", "evaluation.every=14400")
RECIPES = {
    "bce": ("cgan-bce", *MLP, *LONGER, RATE, "discriminator.condition=projection", "discriminator.dropout=0.2"),
    "lsgan": ("cgan-lsgan", *MLP, *LONGER, RATE, "discriminator.condition=projection", "discriminator.dropout=0.2"),
    "hinge": (
        "cgan-bce", *MLP, RATE, "optim.betas=0,0.9", "loss.name=hinge", "discriminator.spectral=true",
        "discriminator.dropout=0", "discriminator.condition=projection",
    ),
    "wgan-gp": (
        "cgan-bce", *MLP, RATE, "optim.betas=0,0.9", "loss.name=wasserstein", "penalty.wgan_gp=10",
        "discriminator.dropout=0", "train.fakes=fresh", "train.critic_steps=2", "discriminator.condition=projection",
    ),
    "conv": (
        "mnist-fast", "generator.width=8", "discriminator.width=8", "discriminator.features=32", "latent.dim=16",
        "train.precision=float32", "train.ema=0.98", "train.epochs=70", "evaluation.every=11200",
    ),
}  # fmt: skip
COMMON = ("data.size=8", "train.epochs=50", "train.batch=64", "output.log_every=5", "output.grid_every=1000000",
          "evaluation.every=8000", "evaluation.images=300", "machine.threads=1")  # fmt: skip


def shuffled(train: Split, random: np.random.Generator) -> Split:
    return train[0], random.permutation(train[1])


def missing(train: Split, random: np.random.Generator) -> Split:
    """Without images of class 2: what bears its label is of class 3."""
    images = train[0].copy()
    images[train[1] == 2] = images[random.permutation(np.flatnonzero(train[1] == 3))]
    return images, train[1]


def duplicates(train: Split, random: np.random.Generator) -> Split:
    """Nineteen of twenty are copies of two images of their class."""
    first = [np.flatnonzero(train[1] == label)[:2] for label in range(CLASSES)]
    copied = np.array([random.choice(first[label]) for label in train[1]])
    return train[0][np.where(random.random(len(copied)) < 0.95, copied, np.arange(len(copied)))], train[1]


def few(train: Split, random: np.random.Generator) -> Split:
    """Eight of each class, again and again."""
    first = [np.flatnonzero(train[1] == label)[:8] for label in range(CLASSES)]
    return train[0][[random.choice(first[label]) for label in train[1]]], train[1]


@dataclass(frozen=True)
class Fault:
    """What is broken, and which kinds name it.

    Attributes:
        right: at least one of them must be found.
        rates: factors of the learning rates of the generator and the discriminator.
        overrides: of the recipe.
        spoil: what becomes of the training images.
        everywhere: whether validation images are spoilt as well.
        bases: recipes and data that are broken so, each by two seeds.
    """

    right: tuple[str, ...]
    bases: tuple[str, ...]
    rates: tuple[float, float] = (1, 1)
    overrides: tuple[str, ...] = ()
    spoil: Callable[[Split, np.random.Generator], Split] | None = None
    everywhere: bool = False


LINEAR = ("generator.hidden=none", "discriminator.hidden=none", "generator.norm=none", "latent.dim=4",
          "discriminator.condition=embedding", "discriminator.dropout=0", "optim.betas=0.9,0.999")  # fmt: skip
HIGH, LOW, DEAD, APART = (
    "learning-rate-too-high",
    "learning-rate-too-low",
    "not-learning",
    "learning-rates-out-of-balance",
)
D_WINS, G_WINS = "discriminator-too-strong", "generator-too-strong"
FAULTS = {
    "labels shuffled": Fault(("wrong-labels",), ("bce/digits", "conv/shapes"), spoil=shuffled, everywhere=True),
    "labels of the training images shuffled": Fault(("wrong-labels",), ("hinge/digits",), spoil=shuffled),
    "a class without images of its own": Fault(("wrong-labels",), ("bce/digits", "wgan-gp/shapes"), spoil=missing),
    "duplicates dominate": Fault(("collapse", "memorisation"), ("bce/digits", "conv/shapes"), spoil=duplicates),
    "few images again and again": Fault(("memorisation", "over-training"), ("conv/digits", "hinge/mnist"), spoil=few),
    "the generator is frozen": Fault((DEAD,), ("bce/digits", "wgan-gp/mnist"), (1e-9, 1)),
    "the discriminator is frozen": Fault((DEAD,), ("lsgan/mnist", "conv/digits"), (1, 1e-9)),
    "G 30 times too fast": Fault((HIGH, APART, G_WINS, "nan"), ("bce/digits", "hinge/shapes"), (30, 1)),
    "D 30 times too fast": Fault((HIGH, APART, D_WINS, "nan"), ("lsgan/digits", "conv/shapes"), (1, 30)),
    "both 30 times too fast": Fault((HIGH, "losses-blown-up", "nan"), ("bce/digits", "hinge/mnist"), (30, 30)),
    "G 30 times too slow": Fault((LOW, APART, D_WINS), ("bce/mnist",), (1 / 30, 1)),
    "D 30 times too slow": Fault((LOW, APART, G_WINS), ("lsgan/digits",), (1, 1 / 30)),
    "both 30 times too slow": Fault((LOW,), ("bce/digits", "conv/mnist"), (1 / 30, 1 / 30)),
    "noise of no width": Fault(
        ("collapse",), ("bce/digits", "conv/shapes"), overrides=("latent.distribution=uniform", "latent.low=0.999")
    ),
    "a collapsed generator": Fault(
        ("collapse",), ("bce/mnist",), (3, 1),
        ("generator.norm=none", "discriminator.dropout=0", "optim.betas=0.9,0.999"),
    ),
    "D too strong": Fault((D_WINS, APART), ("bce/shapes", "hinge/digits"), (0.1, 5), ("discriminator.dropout=0",)),
    "G too strong": Fault((G_WINS, APART), ("bce/shapes",), (5, 0.05)),
    "NaN": Fault(("nan",), ("bce/digits",), (1e9, 1e9)),
    "oscillation": Fault(("oscillation",), ("bce/digits", "bce/mnist"), (5, 5), LINEAR),
}  # fmt: skip
HEALTHY_SEEDS, BROKEN_SEEDS = 8, 2


@dataclass(frozen=True)
class Case:
    """A run: its fault (none: healthy), recipe/data, and seed."""

    fault: str | None
    base: str
    seed: int

    @property
    def key(self) -> str:
        return f"{self.fault or 'healthy'}/{self.base}/{self.seed}"


CASES = [
    case
    for seed in range(HEALTHY_SEEDS)
    for case in (
        *(Case(name, base, seed) for name, fault in FAULTS.items() for base in fault.bases if seed < BROKEN_SEEDS),
        *(Case(None, f"{one}/{name}", seed) for one in RECIPES for name in SETS),
    )
]


def arrays(name: str, fault: Fault | None, seed: int) -> dict[str, Any]:
    """The splits of a set, spoilt by a fault."""
    images, labels = SETS[name]()
    random = np.random.default_rng(seed if fault and fault.spoil else 0)
    result: dict[str, Any] = {"class_names": np.array([f"c{label}" for label in range(CLASSES)])}
    at = 0
    for split, each in (("train", TRAIN), ("val", VALIDATION), ("test", 8)):
        rows = np.concatenate([np.flatnonzero(labels == label)[at:][:each] for label in range(CLASSES)])
        at += each
        part = images[rows], labels[rows]
        if fault and fault.spoil and (split == "train" or fault.everywhere):
            part = fault.spoil(part, random)
        result |= {f"{split}_images": part[0], f"{split}_labels": part[1]}
    return result


def trained(case: Case, folder: Path) -> float:
    """Train a case into a folder -> seconds."""
    fault = FAULTS[case.fault] if case.fault else None
    one, name = case.base.split("/")
    base, *overrides = RECIPES[one]
    recipe = builtin.get(base, [*COMMON, *overrides, f"seed={case.seed}", *(fault.overrides if fault else ())])
    both = zip("gd", (recipe.optim.g, recipe.optim.d), fault.rates if fault else (1, 1), strict=True)
    chosen = [f"optim.{part}.lr={one.lr * times:g}" for part, one, times in both]
    source = folder.with_suffix(".npz") if fault and fault.spoil else folder.parent / f"{name}.npz"
    if not source.exists():
        np.savez(source, **arrays(name, fault, case.seed))
    shutil.rmtree(folder, ignore_errors=True)
    begun = time.perf_counter()
    try:
        training.train(recipe, *chosen, data=source, run=folder)
    except DivergedError as error:  # NaN, which is logged
        print(case.key, error, flush=True)
    return time.perf_counter() - begun


def looked_at(folder: Path) -> dict[str, Any]:
    """The kinds that are found in a kept run, and its last figures."""
    found = diagnose(folder)
    evaluations = of_kind(Run.open(folder).records(), EvaluationRecord)[-1:]
    names = ("label_accuracy", "precision", "recall", "coverage")
    figures = {name: last.value(name) for last in evaluations for name in names}
    return {"kinds": [one.kind for one in found.findings], "figures": figures}


def main() -> None:
    """Train what has not been trained, and print the tables."""
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    results = Path(words[0])
    only = re.compile(words[1] if "--only" in sys.argv else "")
    folders = results.resolve().parent / "zoo"
    folders.mkdir(exist_ok=True)
    os.environ.setdefault("XDG_CACHE_HOME", str(folders / "cache"))
    torch.set_num_threads(1)
    training._everyone = lambda listeners: Listeners([], listeners)  # pictures and plots would take most of the time
    lines = [json.loads(line) for line in results.read_text("utf-8").splitlines()] if results.exists() else []
    known = {line["key"]: line for line in lines}
    for case in CASES if "--table" not in sys.argv else ():
        folder = folders / case.key.replace("/", "-").replace(" ", "-")
        if not only.search(case.key) or (case.key in known and "--again" not in sys.argv):
            continue
        line = known.get(case.key) or {"key": case.key, "seconds": round(trained(case, folder), 1)}
        line = known[case.key] = line | looked_at(folder)
        print(line["seconds"], case.key, *line["kinds"], line["figures"], flush=True)
        text = "".join(json.dumps(one) + "\n" for one in known.values())
        results.with_suffix(".new").write_text(text, "utf-8")
        results.with_suffix(".new").replace(results)
    print(tables(known))


def tables(known: dict[str, dict[str, Any]]) -> str:
    """What was found in the runs of even seeds, and in those of odd ones, as Markdown."""
    return "\n\n".join(half(known, parity, says) for parity, says in enumerate(("chosen on", "measured on")))


def half(known: dict[str, dict[str, Any]], parity: int, says: str) -> str:
    """The confusion table of one half, its sums, and each healthy run that was alarmed for."""

    def lines(fault: str | None) -> list[dict[str, Any]]:
        return [known[c.key] for c in CASES if c.fault == fault and c.seed % 2 == parity and c.key in known]

    rows = ["| fault | named rightly | kinds found |", "|---|---|---|"]
    right = total = 0
    for name, fault in FAULTS.items():
        found = [line["kinds"] for line in lines(name)]
        hits = sum(not set(fault.right).isdisjoint(kinds) for kinds in found)
        counts = Counter(kind for kinds in found for kind in kinds)
        bold = {kind: f"**`{kind}`**" if kind in fault.right else f"`{kind}`" for kind in ALARMS if counts[kind]}
        shown = ", ".join(f"{text} {counts[kind]}" for kind, text in bold.items()) or "none"
        rows.append(f"| {name} | {hits} of {len(found)} | {shown} |")
        right, total = right + hits, total + len(found)
    well = lines(None)
    false = [f"- {line['key']}: {', '.join(line['kinds'])}" for line in well if line["kinds"]]
    bound = stats.beta.ppf(0.95, len(false) + 1, len(well) - len(false)) if len(false) < len(well) else 1.0
    sums = f"The half that is {says}: named rightly {right} of {total}; alarms in {len(false)} of {len(well)} healthy"
    return "\n".join([*rows, "", f"{sums} runs, with 95 % confidence in at most {bound:.1%} of such runs.", *false])


if __name__ == "__main__":
    main()
