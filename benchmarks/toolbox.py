"""Each part of the toolbox trained once, alone, in an otherwise equal recipe: does it learn, and what does it cost?"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from condgan import data as datasets
from condgan import engines
from condgan.engines import Settings
from condgan.errors import CondganError
from condgan.generation.generator import load
from condgan.recipe.builtin import get
from condgan.runs.run import Run
from condgan.storage.pictures import Pixels
from condgan.training.training import resume, train
from host import Host

HELP = """Train every loss, penalty, condition, normalisation, optimiser, network and stabiliser for a few epochs.

Each part replaces one choice of a base recipe, and is measured on 5,000 validation images. What is trained already is
not trained again, what was interrupted goes on: each part has a run folder under --out, beside table.md and a picture
for each group, a row of digits for each part. The time of a step is a ratio: the part and its base recipe take turns in
one process, so that whatever else the machine does meets both (the median over the pairs of neighbouring rounds).
"""
EPILOG = "Example: OMP_NUM_THREADS=1 python benchmarks/toolbox.py --out runs/toolbox --only losses"

CONV = (
    "cgan-bce data.train_on=train "
    "generator.network=dcgan generator.width=8 generator.norm=batch generator.norm_eps=1e-5 "
    "discriminator.network=dcgan discriminator.width=8 discriminator.dropout=0 discriminator.condition=projection "
    "optim.lr=1e-3 optim.betas=0,0.99 train.ema=0.99"
)
MLP = "cgan-bce data.train_on=train generator.norm_eps=1e-5 train.ema=0.99 optim.lr=4e-4"
ASKED = 10  # pictures of a row: each digit once
WARM_UP, STEPS, ROUNDS = 16, 16, 3  # of a timing; a multiple of every lazy interval


@dataclass(frozen=True)
class Part:
    """One choice, put into a base recipe."""

    group: str
    name: str
    overrides: str = ""
    base: str = CONV

    @property
    def folder(self) -> str:
        """Of its run."""
        return f"{self.group} {self.name}".replace(" ", "-").replace(",", "").replace("/", "-").replace(".", "")

    @property
    def arguments(self) -> list[str]:
        """Of ``condgan train``."""
        return [*self.base.split(), *self.overrides.split()]


BOTH = "generator.activation={0} discriminator.activation={0}"
GP = "loss.name=wasserstein train.fakes=fresh train.critic_steps=2 train.fake_labels=real"
PARTS = (
    Part("base", "convolutional"),
    Part("base", "mlp", base=MLP),
    Part("networks", "residual", "generator.network=residual discriminator.network=residual generator.norm=none"),
    Part("networks", "deeper", "generator.depth=2 discriminator.depth=2"),
    Part("networks", "self-attention", "generator.attention=14 discriminator.attention=14"),
    Part("networks", "growing", "growing.images=15000 growing.fade=15000"),
    Part("networks", "maxout", "discriminator.activation=maxout discriminator.pieces=4,4,4", MLP),
    *(
        Part("losses", name, f"loss.name={name}")
        for name in ("minimax", "least-squares", "hinge", "logistic", "relativistic", "relativistic-average")
    ),
    Part(
        "losses",
        "wasserstein, clipped",
        "loss.name=wasserstein optim.d.clip_weights=0.02 optim.name=rmsprop discriminator.norm=batch",
    ),
    Part("losses", "one-sided smoothing", "loss.real_target=0.9"),
    Part("losses", "two-sided smoothing", "loss.real_target=0.9 loss.fake_target=0.1"),
    Part("losses", "flipped 5 %", "loss.flip=0.05"),
    Part("penalties", "wgan_gp", f"{GP} penalty.wgan_gp=10"),
    Part("penalties", "zero_centred", "penalty.zero_centred=1"),
    Part("penalties", "dragan", "penalty.dragan=1"),
    Part("penalties", "r1", "penalty.r1=0.1"),
    Part("penalties", "r1, every 8", "penalty.r1=0.1 penalty.every=8"),
    Part("penalties", "r1 and r2", "loss.name=relativistic penalty.r1=0.1 penalty.r2=0.1"),
    Part("conditions", "D embedding", "discriminator.condition=embedding"),
    Part("conditions", "D one-hot", "discriminator.condition=one-hot"),
    Part("conditions", "D auxiliary", "discriminator.condition=auxiliary"),
    Part("conditions", "G one-hot", "generator.condition=one-hot"),
    Part("conditions", "G norm", "generator.condition=norm"),
    Part("conditions", "none", "generator.condition=none discriminator.condition=none"),
    Part("conditions", "real labels", "train.fake_labels=real"),
    Part("conditions", "mlp, one-hot", "generator.condition=one-hot discriminator.condition=one-hot", MLP),
    Part("conditions", "mlp, projection", "discriminator.condition=projection", MLP),
    Part("conditions", "mlp, auxiliary", "discriminator.condition=auxiliary optim.d.lr=8e-4 optim.g.lr=2e-4", MLP),
    *(Part("normalisation", f"G {name}", f"generator.norm={name}") for name in ("none", "layer", "instance", "group")),
    *(
        Part("normalisation", f"D {name}", f"discriminator.norm={name}")
        for name in ("batch", "layer", "instance", "group")
    ),
    Part("normalisation", "D spectral", "discriminator.spectral=true loss.name=hinge"),
    Part("normalisation", "G and D spectral", "generator.spectral=true discriminator.spectral=true loss.name=hinge"),
    Part("normalisation", "mlp, G layer", "generator.norm=layer discriminator.condition=projection", MLP),
    Part("minibatch", "discrimination", "discriminator.minibatch=discrimination"),
    Part("minibatch", "stddev", "discriminator.minibatch=stddev"),
    *(Part("activations", name, BOTH.format(name)) for name in ("relu", "prelu")),
    *(Part("activations", name, f"{BOTH.format(name)} discriminator.norm=batch") for name in ("silu", "gelu", "elu")),
    Part("optimisers", "adamw", "optim.name=adamw optim.weight_decay=0.01"),
    Part("optimisers", "rmsprop", "optim.name=rmsprop"),
    Part(
        "optimisers",
        "sgd",
        "optim.name=sgd optim.g.lr=0.1 optim.g.momentum=0.5 optim.d.lr=0.03 discriminator.norm=batch",
    ),
    Part("optimisers", "two time scales", "optim.d.lr=8e-4 optim.g.lr=2e-4"),
    Part("optimisers", "clipped gradients", "optim.clip_gradient=1"),
    *(Part("schedules", name, f"optim.schedule={name}") for name in ("linear", "cosine")),
    Part("schedules", "exponential", "optim.schedule=exponential optim.decay=1.001"),
    *(Part("noise", name, f"latent.distribution={name}") for name in ("uniform", "truncated", "hypersphere")),
    Part("noise", "uniform about 0", "latent.distribution=uniform latent.low=-1"),
    Part("noise", "the same, G one-hot", "latent.distribution=uniform latent.low=-1 generator.condition=one-hot"),
    Part("loop", "2 critic steps", "train.fakes=fresh train.critic_steps=2"),
    Part("loop", "no average", "train.ema=none"),
    Part("loop", "average 0.999, warmed up", "train.ema=0.999 train.ema_warmup=true"),
    Part("augmentation", "brightness", "augment.policy=brightness"),
    Part("augmentation", "translation", "augment.policy=translation"),
    Part("augmentation", "cutout", "augment.policy=cutout"),
    Part("augmentation", "all three", "augment.policy=brightness,translation,cutout"),
    Part("augmentation", "adaptive", "augment.policy=translation,cutout augment.target=0.6 augment.probability=0"),
    Part("augmentation", "instance noise", "augment.noise=0.1 augment.noise_epochs=2"),
)


@dataclass(frozen=True)
class Result:
    """What a training gave."""

    part: Part
    figures: dict[str, float | None]
    cost: float
    """Time of a step, as a multiple of the base recipe's."""
    digits: Pixels
    """A row, (28, 280)."""


def trained(part: Part, folder: Path, epochs: int) -> Run:
    """The finished run of a part: found, resumed or trained now."""
    if (folder / "recipe.json").is_file():
        return resume(folder)
    recipe, *overrides = part.arguments
    images = epochs * 50_000
    extra = [f"train.epochs={epochs}", f"evaluation.every={images}", f"output.grid_every={images}"]
    return train(recipe, *overrides, *extra, run=folder)


def result(part: Part, run: Run) -> Result:
    """Read what a finished run left."""
    evaluation = run.evaluations()[-1].evaluation
    made = load(run.folder)
    pictures = (
        made.sample_classes(np.arange(ASKED), seed=1) if made.recipe.conditional else made.sample_any(ASKED, seed=1)
    )
    return Result(
        part,
        {name: figure.value for name, figure in evaluation.items()},
        cost(part, run),
        np.concatenate(list(pictures[:, 0]), axis=1),
    )


def cost(part: Part, run: Run) -> float:
    """The time of a step as a multiple of the base recipe's; kept in the run folder."""
    kept = run.folder / "cost.json"
    if kept.exists():
        return float(json.loads(kept.read_text(encoding="utf-8"))["ratio"])
    base, own = (timed(arguments) for arguments in (part.base.split(), part.arguments))
    ratio = median(own() / base() for _ in range(ROUNDS))
    kept.write_text(json.dumps({"ratio": ratio}), encoding="utf-8")
    return ratio


def timed(arguments: Sequence[str]) -> Callable[[], float]:
    """Seconds of a few steps of a recipe, each time that it is asked."""
    recipe = get(arguments[0], arguments[1:])
    split = datasets.load(recipe.data)
    settings = Settings(device="cpu", threads=1, threads_by="machine.threads")
    engine = engines.load(recipe.machine.engine).build(recipe, split.domain(), split.train, settings)
    engine.run(0, WARM_UP)

    def took() -> float:
        begun = time.perf_counter()
        engine.run(WARM_UP, STEPS)
        return time.perf_counter() - begun

    return took


def table(results: Sequence[Result]) -> str:
    """All results as Markdown."""
    shown = {"label_accuracy": "label accuracy", "fid_mnist": "FID (MNIST)", "recall": "recall", "coverage": "coverage"}
    head = f"| part | choice | {' | '.join(shown.values())} | time of a step |\n|---|---|{'---|' * len(shown)}---|\n"
    rows = []
    for found in results:
        values = [found.figures.get(name) for name in shown]
        cells = ["-" if value is None else f"{value:.3f}" for value in values]
        choice = f"`{found.part.overrides}`" if found.part.overrides else f"`condgan train {found.part.base}`"
        name = f"{found.part.group}: {found.part.name}"
        rows.append(f"| {name} | {choice} | {' | '.join(cells)} | {found.cost:.2f} |\n")
    return head + "".join(rows)


def sheet(path: Path, results: Sequence[Result]) -> None:
    """A row of digits for each result, its name beside it."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 0.62 * len(results)), dpi=100, layout="constrained")
    axes = figure.subplots(len(results), 1, squeeze=False)[:, 0]
    for axis, found in zip(axes, results, strict=True):
        axis.imshow(found.digits, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axis.set_xticks([]), axis.set_yticks([])
        axis.set_ylabel(found.part.name, rotation=0, ha="right", va="center", fontsize=9)
    figure.savefig(path, bbox_inches="tight")


def main(
    out: Annotated[Path, typer.Option(help="Folder of the runs, the table and the pictures.")] = Path("runs/toolbox"),
    only: Annotated[list[str] | None, typer.Option(help="Groups to train; default: all.")] = None,
    epochs: Annotated[int, typer.Option(min=1)] = 2,
    commands: Annotated[bool, typer.Option(help="Show what is trained, and train nothing.")] = False,
) -> None:
    """See HELP."""
    console = Console(stderr=True, highlight=False)
    chosen = [part for part in PARTS if not only or part.group in only]
    if not chosen:
        raise typer.BadParameter(f"no such group: known are {', '.join(sorted({part.group for part in PARTS}))}")
    for part in chosen:
        get(part.arguments[0], part.arguments[1:])  # a typing error is found before the first training
    if commands:
        for part in chosen:
            typer.echo(f"condgan train {' '.join(part.arguments)} train.epochs={epochs}")
        return
    console.print(str(Host()))
    out.mkdir(parents=True, exist_ok=True)
    results = []
    for number, part in enumerate(chosen, 1):
        console.print(f"[{number}/{len(chosen)}] {part.group}: {part.name}")
        try:
            results.append(result(part, trained(part, out / part.folder, epochs)))
        except CondganError as error:
            console.print(f"  {error}")
    (out / "table.md").write_text(table(results), encoding="utf-8")
    for group in dict.fromkeys(part.group for part in chosen):
        of_group = [found for found in results if found.part.group == group]
        if of_group:
            sheet(out / f"{group}.png", of_group)
    typer.echo(table(results))


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(help=HELP, epilog=EPILOG)(main)
    app()
