"""A training step in both engines, of the same recipe on as many threads, and in the plain loop of Jittor's users."""

import importlib.util
import os
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from condgan import engines
from condgan.recipe import builtin
from host import Host, JsonPath, Row, on_stdout, save, spread

if TYPE_CHECKING:
    from condgan.data import Dataset
    from condgan.recipe import Recipe

CASES = ("cgan-lsgan", "cgan-lsgan-jgan", "cgan-bce", "mnist")
PLAIN = ("cgan-lsgan-jgan", "cgan-lsgan")
"""Recipes that the plain Jittor loop is one of: dropout never acts in it."""
WARM_UP = 3
STEPS = 20  # of a round
HELP = """Compare the two engines, and Jittor's plain loop, in turns in one process, on MNIST and the CPU.

It needs the environment with Jittor that `make jittor` makes. Ratios are of images/s: the median over neighbouring
rounds, smallest and largest in brackets.
"""
EPILOG = "Example: python benchmarks/engines.py cgan-lsgan --threads 1 --rounds 9"

Side = Callable[[int], object]


def dataset_of(recipe: "Recipe") -> "Dataset":
    from condgan import data

    return data.load(recipe.data)


def engine(name: str, recipe: "Recipe") -> Side:
    """An engine that takes so many more steps."""
    found = dataset_of(recipe)
    split = found.trained_on(recipe.data)
    built = engines.load(name).build(recipe, found.domain(), split, None)
    step = 0

    def run(steps: int) -> None:
        nonlocal step
        built.run(step, steps)
        step += steps

    return run


def plain(recipe: "Recipe") -> Side:
    """The public Jittor CGAN as its users write it, on images that lie ready: layers, losses, Adam of Jittor itself."""
    import jittor as jt
    import numpy as np
    from jittor import nn

    found = dataset_of(recipe)
    split = found.trained_on(recipe.data)
    pixels, classes, batch = recipe.data.height * recipe.data.width, len(found.class_names), recipe.train.batch

    class Generator(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.label_emb = nn.Embedding(classes, classes)
            layers: list[Any] = []
            width = recipe.latent.dim + classes
            for units in recipe.generator.hidden:
                norm = [nn.BatchNorm1d(units, 0.8)] if layers else []
                layers += [nn.Linear(width, units), *norm, nn.LeakyReLU(0.2)]
                width = units
            self.model = nn.Sequential(*layers, nn.Linear(width, pixels), nn.Tanh())

        def execute(self, noise: Any, labels: Any) -> Any:
            return self.model(jt.concat((self.label_emb(labels), noise), dim=1))

    class Discriminator(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.label_embedding = nn.Embedding(classes, classes)
            layers: list[Any] = []
            width = pixels + classes
            for units in recipe.discriminator.hidden:
                dropout = [nn.Dropout(0.4)] if layers else []
                layers += [nn.Linear(width, units), *dropout, nn.LeakyReLU(0.2)]
                width = units
            self.model = nn.Sequential(*layers, nn.Linear(width, 1))

        def execute(self, images: Any, labels: Any) -> Any:
            return self.model(jt.concat((images, self.label_embedding(labels)), dim=1))

    generator, discriminator = Generator(), Discriminator()
    g_adam = jt.optim.Adam(generator.parameters(), recipe.optim.g.lr, betas=recipe.optim.g.betas)
    d_adam = jt.optim.Adam(discriminator.parameters(), recipe.optim.d.lr, betas=recipe.optim.d.betas)
    random = np.random.default_rng(0)
    error = nn.MSELoss()

    def step() -> None:
        index = random.integers(0, len(split), batch)
        real = jt.array(split.images[index].reshape(batch, -1).astype(np.float32) / 127.5 - 1)
        labels = jt.array(split.labels[index])
        valid, fake = jt.ones((batch, 1)), jt.zeros((batch, 1))
        noise = jt.array(random.standard_normal((batch, recipe.latent.dim)).astype(np.float32))
        asked = jt.array(random.integers(0, classes, batch))
        made = generator(noise, asked)
        g_loss = error(discriminator(made, asked), valid)
        g_adam.step(g_loss)
        d_real = error(discriminator(real, labels), valid)
        d_fake = error(discriminator(made.detach(), asked), fake)
        d_adam.step((d_real + d_fake) / 2)
        jt.sync_all()

    def run(steps: int) -> None:
        for _ in range(steps):
            step()

    return run


def seconds(side: Side, steps: int) -> float:
    start = time.perf_counter()
    side(steps)
    return time.perf_counter() - start


def compare(name: str, threads: int, rounds: int) -> dict[str, list[float]]:
    """Milliseconds per step of each side in each round."""
    from condgan.engines.jittor import machine, setting_up

    setting_up.ready()
    both = f"machine.threads={threads}", "machine.device=cpu", "train.precision=float32"
    sides: dict[str, Side] = {
        "torch": engine("torch", builtin.get(name, both)),
        "jittor": engine("jittor", builtin.get(name, [*both, "engine=jittor"])),
    }
    if name in PLAIN:
        loop = plain(builtin.get(name, both))

        def limited(steps: int) -> None:
            with machine.limited(threads):
                loop(steps)

        sides["plain jittor"] = limited
    for side in sides.values():
        side(WARM_UP)
    found: dict[str, list[float]] = {kind: [] for kind in sides}
    for _ in range(rounds):
        for kind, run in sides.items():
            found[kind].append(1000 * seconds(run, STEPS) / STEPS)
    return found


def ratios(slower: list[float], faster: list[float]) -> list[float]:
    return [theirs / ours for theirs, ours in zip(slower, faster, strict=True)]


def main(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[RECIPE ...]", help=f"Default: {', '.join(CASES)}.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="Of all sides.")] = 1,
    rounds: Annotated[int, typer.Option(min=1, help="Of each side; 5 or more for a figure to quote.")] = 5,
    json_path: JsonPath = None,
) -> None:
    if importlib.util.find_spec("jittor") is None:
        print("engines.py: Jittor is not installed here: `make jittor` says where it is", file=sys.stderr)
        raise typer.Exit(2)
    os.environ["OMP_NUM_THREADS"] = str(threads)
    console, host = on_stdout(), Host()
    console.print(f"{host}", highlight=False, soft_wrap=True)
    table = Table("recipe", "torch ms", "jittor ms", "plain jittor ms", "torch / jittor", "jittor / plain", box=None)
    rows, details = [], {}
    for name in names or CASES:
        details[name] = found = compare(name, threads, rounds)
        against = ratios(found["jittor"], found["torch"])
        rows.append(Row(f"torch engine, {name}", median(against), "images/s of the Jittor engine"))
        shown = [f"{median(found[side]):.1f}" if side in found else "" for side in ("torch", "jittor", "plain jittor")]
        beside = ratios(found["plain jittor"], found["jittor"]) if "plain jittor" in found else []
        if beside:
            rows.append(Row(f"Jittor engine, {name}", median(beside), "images/s of the plain Jittor loop"))
        table.add_row(name, *shown, spread(against), spread(beside) if beside else "")
    console.print(f"{threads} thread(s), {rounds} rounds")
    console.print(table, highlight=False)
    if json_path is not None:
        save(json_path, host, rows, threads=threads, engines=details)


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(help=HELP, epilog=EPILOG)(main)
    app()
