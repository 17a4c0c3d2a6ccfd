"""Sampling: ``sample``."""

from pathlib import Path
from typing import Annotated

import typer

from condgan.cli.command import Engine, command


@command(epilog="Example: condgan sample runs/20261121-2312-cgan-lsgan-3f2a 20261121 --seed 7 -o result.png")
def sample(
    path: Annotated[
        Path,
        typer.Argument(help="A run (RUN@100: after epoch 100), a generator file, or mnist, in the package."),
    ],
    sequence: Annotated[str | None, typer.Argument(help="Classes, one image each: 2026, or cat,dog,cat.")] = None,
    seed: Annotated[int, typer.Option(help="Determines every image.")] = 0,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="A .png; with --per-class an .npz or a new folder; for vectors an .npz."),
    ] = None,
    grid: Annotated[bool, typer.Option("--grid", help="A grid of ten rows, with a column for each class.")] = False,
    per_class: Annotated[int | None, typer.Option(help="Write a dataset with this many images of each class.")] = None,
    conditions: Annotated[
        Path | None, typer.Option(help="Vector conditions, one image each: an .npz with conditions, or an .npy.")
    ] = None,
    checkpoint: Annotated[str, typer.Option(help="Of a run: last or best.")] = "last",
    scale: Annotated[int | None, typer.Option(help="Enlarge a PNG this many times; default: by its size.")] = None,
    engine: Engine = None,
) -> None:
    """Generate images from a trained generator.

    A row of a sequence, a class grid, a labelled dataset, or one image for each vector condition.
    """
    from condgan.cli.progress import counting
    from condgan.generation import export

    with counting("images") as progress:
        written = export.to_file(
            path, sequence, seed=seed, output=output, grid=grid, per_class=per_class, conditions=conditions,
            checkpoint=checkpoint, scale=scale, engine=engine, progress=progress,
        )  # fmt: skip
    print(written)
