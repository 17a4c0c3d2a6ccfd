"""The recipe `mnist`: what single changes do to it, how good it is from three seeds, and the packaged generator."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import typer
from rich.console import Console

from condgan import data as datasets
from condgan.arrays import Images, Labels
from condgan.data import Dataset
from condgan.evaluation import evaluation
from condgan.generation import generator
from condgan.metrics import feature_network, mean
from condgan.metrics.gan_train import SEEDS, STEPS, WIDTH, right, shifted
from condgan.recipe import Data
from condgan.results.records import StepRecord, of_kind
from condgan.runs.run import Run
from condgan.training.training import resume, train
from host import Host, writable

HELP = """Train the recipe `mnist` from three seeds and measure each against the test images; or, with --ablations,
train it for a short while as it is and with one change at a time, and measure against the validation images, by which
it was chosen.

What is trained already is not trained again, and what was interrupted goes on. --ship PATH writes the generator of the
seed with the least Frechet distance on validation images, with its figures: it is the one in the package.
"""
EPILOG = "Example: python benchmarks/flagship.py --out runs/flagship --ablations"
SEEDS_TRAINED = (0, 1, 2)
SHORT = 6  # epochs of an ablation
ABLATIONS = {
    "as it is": (),
    "R1 of 0.1": ("penalty.r1=0.1",),
    "relativistic loss": ("loss.name=relativistic",),
    "each image on its own": ("discriminator.minibatch=none",),
    "no norm in D": ("discriminator.norm=none",),
    "conditional norm in G": ("generator.condition=norm",),
    "wider G": ("generator.width=24",),
    "DiffAugment translation": ("augment.policy=translation",),
}
FINAL = "test"  # the split that nothing is chosen by
SIZES = (10_000, 50_000)  # images that a classifier learns from
SHOWN = (
    "label_accuracy", *(f"{name}_{n}" for n in SIZES for name in ("gan_train", "behind_real", "added_to_real")),
    "fid_mnist", "intra_fid", "precision", "recall", "coverage", "memorised", "duplicates", "parzen",
)  # fmt: skip

Figures = dict[str, Any]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Result:
    """A training, and its figures as ``condgan evaluate --json`` has them."""

    name: str
    run: Run
    figures: Figures

    @property
    def minutes(self) -> float:
        return of_kind(self.run.records(), StepRecord)[-1].seconds / 60

    def rot(self) -> str:
        """How the Frechet distance on validation images ended, and the least that it had been."""
        found = [record.value("fid_mnist") or np.nan for record in self.run.evaluations()[1:]]
        return f"{self.name}: fid_mnist on validation images {found[-1]:.4f} at the end, {min(found):.4f} at its best"


def trained(folder: Path, overrides: Sequence[str]) -> Run:
    """A finished run: found, taken up again or begun."""
    return resume(folder) if (folder / "recipe.json").is_file() else train("mnist", *overrides, run=folder)


@cache
def mnist() -> Dataset:
    return datasets.load(Data())


def read(images: Images, labels: Labels, split: str) -> npt.NDArray[np.float64]:
    """How well classifiers that learn from these images read a split, by seed: the protocol of GAN-train."""
    real = mnist().splits[split]
    return np.array(
        [
            right(
                feature_network.train(images, labels, 10, STEPS, seed, WIDTH, shifted), real.images, real.labels
            ).mean()
            for seed in range(SEEDS)
        ]
    )


@cache
def read_after_real(n: int, split: str) -> npt.NDArray[np.float64]:
    return read(mnist().train.images[:n], mnist().train.labels[:n], split)


def learnt(made: generator.Generator, n: int, split: str) -> Figures:
    """What classifiers learn from n images, how far that is behind n real ones, and, finally, what n add to these."""
    real, labels = mnist().train.images[:n], mnist().train.labels[:n]
    images = made.sample_classes(labels, seed=0)
    alone, beside = read_after_real(n, split), read(images, labels, split)
    found, floors = {"gan_train": beside, "behind_real": alone - beside}, {"gan_train": float(alone.mean())}
    if split == FINAL:
        together = read(np.concatenate([real, images]), np.concatenate([labels, labels]), split)
        found["added_to_real"] = together - alone
    return {f"{name}_{n}": mean(values)._asdict() | {"floor": floors.get(name, 0.0)} for name, values in found.items()}


def measured(run: Run, split: str, sizes: Sequence[int], say: Say) -> Figures:
    """All figures of a run, and what classifiers learn from so many of its images; kept in its folder."""
    kept = run.folder / f"figures-{split}.json"
    figures: Figures = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    if not figures:
        say(f"{run.folder}: measuring on {split} images")
        figures = evaluation.evaluate(run.folder, split=split, gan_train=False).as_json()["figures"]
    for n in sizes:
        if f"gan_train_{n}" not in figures:
            say(f"{run.folder}: what classifiers learn from {n} images")
            figures |= learnt(generator.load(run.folder), n, split)
    kept.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    return figures


def table(results: Sequence[Result]) -> str:
    """Figures, a row for each training, as Markdown; the last is what real images get."""
    names = [name for name in SHOWN if all(name in result.figures for result in results)]
    lines = [f"| | {' | '.join(names)} | minutes |", f"|---|{'---|' * len(names)}---|"]
    for found in results:
        cells = [with_error(found.figures[name]) for name in names]
        lines.append(f"| {found.name} | {' | '.join(cells)} | {found.minutes:.0f} |")
    floors = [with_error({"value": results[-1].figures[name]["floor"], "se": None}) for name in names]
    return "\n".join([*lines, f"| real images | {' | '.join(floors)} | |", ""])


def with_error(figure: Mapping[str, float | None]) -> str:
    """As 0.9931 ± 0.0008."""
    value, error = figure["value"], figure["se"]
    if value is None:
        return "-"
    return f"{value:.4f}" + (f" ± {error:.4f}" if error is not None else "")


def ship(path: Path, results: Sequence[Result], say: Say) -> None:
    """Write the generator of the run that is best on validation images."""
    best = min(results, key=lambda result: measured(result.run, "validation", (), say)["fid_mnist"]["value"])
    made = generator.load(best.run.folder)
    recorded = json.loads((best.run.folder / "provenance.json").read_text(encoding="utf-8"))["sessions"][0]
    asked = f"seed={made.recipe.seed} machine.threads={made.recipe.machine.threads}"
    provenance = {name: recorded[name] for name in ("condgan", "python", "numpy", "torch", "processor", "settings")}
    facts = {"provenance": {"command": f"condgan train mnist {asked}"} | provenance, "figures": best.figures}
    generator.save(path, made.recipe, made.domain, made.images_seen, made.state, facts)
    say(f"{path}: {best.name}")


def main(
    out: Annotated[Path, typer.Option(help="Folder of the runs and tables.")] = Path("runs/flagship"),
    ablations: Annotated[bool, typer.Option("--ablations", help="Single changes instead of the seeds.")] = False,
    only: Annotated[list[str] | None, typer.Option(help="Some of them, by name: to train several at once.")] = None,
    to: Annotated[Path | None, typer.Option("--ship", help="Write the best seed's generator here.")] = None,
) -> None:
    """See HELP."""
    if to is not None:
        writable(to)
    say = Console(stderr=True, highlight=False).print
    say(str(Host()))
    out.mkdir(parents=True, exist_ok=True)
    split, sizes = ("validation", SIZES[:1]) if ablations else (FINAL, SIZES)
    if ablations:
        plans = {name: [f"train.epochs={SHORT}", *overrides] for name, overrides in ABLATIONS.items()}
    else:
        plans = {f"seed {seed}": [f"seed={seed}"] for seed in SEEDS_TRAINED}
    for name in only or ():
        if name not in plans:
            raise typer.BadParameter(f'--only "{name}": expected one of {", ".join(plans)}')
    if to is not None and (ablations or only):
        raise typer.BadParameter("--ship takes the best of all seeds: leave out --ablations and --only")
    results = []
    for name, overrides in plans.items():
        if not only or name in only:
            say(f"{name}: condgan train mnist {' '.join(overrides)}")
            run = trained(out / name.replace(" ", "-"), [*overrides, "machine.threads=1"])
            results.append(Result(name, run, measured(run, split, sizes, say)))
    text = table(results)
    if not only:
        (out / f"{split}.md").write_text(text, encoding="utf-8")
    typer.echo(text)
    if not ablations:
        typer.echo("\n".join(result.rot() for result in results))
    if to is not None:
        ship(to, results, say)


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(help=HELP, epilog=EPILOG)(main)
    app()
