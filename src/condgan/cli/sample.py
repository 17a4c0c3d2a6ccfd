"""Sampling: ``sample``."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from condgan.cli.command import Engine, command


@command(epilog="Example: condgan sample runs/20261121-2312-cgan-lsgan-3f2a 20261121 --seed 7 -o result.png")
def sample(
    path: Annotated[
        str,
        typer.Argument(help="A run (RUN@100: after epoch 100), a generator file, or mnist, in the package."),
    ],
    sequence: Annotated[
        str | None, typer.Argument(help="Classes by name, one image each: 2026, or cat,dog,cat.")
    ] = None,
    index: Annotated[str | None, typer.Option(help="Classes by position, from 0 on, instead of by name: 3,0.")] = None,
    seed: Annotated[int, typer.Option(help="Determines every image.")] = 0,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="A .png; a dataset: .npz, .parquet, .tar or a new folder; a walk: .gif, .png or a new folder.",
        ),
    ] = None,
    grid: Annotated[bool, typer.Option("--grid", help="A grid of ten rows, with a column for each class.")] = False,
    exact: Annotated[bool, typer.Option("--exact", help="A row at the size that the generator has.")] = False,
    per_class: Annotated[int | None, typer.Option(help="Write a dataset with this many images of each class.")] = None,
    count: Annotated[
        int | None, typer.Option(help="Write a dataset with this many images of each class that is named.")
    ] = None,
    counts: Annotated[str | None, typer.Option(help="Write a dataset with so many images: cat=500,dog=20.")] = None,
    balance: Annotated[
        Path | None, typer.Option(metavar="DATA", help="Write a dataset of the images that each class of DATA lacks.")
    ] = None,
    walk: Annotated[
        str | None, typer.Option(help="Frames between classes, A,B,C, or between seeds, seed:1,seed:2.")
    ] = None,
    frames: Annotated[int | None, typer.Option(help="Of a walk; default: 60, in a strip (.png) 10.")] = None,
    conditions: Annotated[
        Path | None, typer.Option(help="Vector conditions, one image each: an .npz with conditions, or an .npy.")
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(help="Of a dataset: folder, imagefolder, idx, npz, parquet, webdataset; default: by -o's ending."),
    ] = None,
    keep: Annotated[
        float | None,
        typer.Option(help="Of a dataset: only images that a classifier reads rightly, at least so surely."),
    ] = None,
    shard_size: Annotated[
        int | None, typer.Option(help="Of a dataset: images written at a time; default 10000.")
    ] = None,
    checkpoint: Annotated[str, typer.Option(help="Of a run: last or best.")] = "last",
    scale: Annotated[int | None, typer.Option(help="Enlarge a picture this many times; default: by its size.")] = None,
    truncation: Annotated[
        float | None,
        typer.Option(help="Of a picture: latents within plus or minus this, 0 to 8: surer images, less variety."),
    ] = None,
    engine: Engine = None,
    producer: Annotated[
        str | None, typer.Option(help="Who answers for the files, as they say themselves; default: $CONDGAN_PRODUCER.")
    ] = None,
    visible_label: Annotated[
        Literal["en", "zh"] | None,
        typer.Option(metavar="en|zh", help='Write "AI-generated" or "AI生成" below a picture.'),
    ] = None,
    watermark: Annotated[
        Path | None,
        typer.Option(metavar="KEY", help="Give each image an invisible mark of a key file: `condgan key new KEY`."),
    ] = None,
) -> None:
    """Generate images from a trained generator.

    A row of classes, a class grid, a labelled dataset, a walk from class to class, or one image for each vector
    condition. Prints the path, and below it how many of each class it has; nothing is overwritten.
    """
    from condgan.cli.progress import counting
    from condgan.export import export

    said: list[str] = []
    with counting("images") as progress:
        written = export.to_file(
            path, sequence, index=index, seed=seed, output=output, grid=grid, exact=exact, per_class=per_class,
            count=count, counts=counts, balance=balance, walk=walk, frames=frames, conditions=conditions,
            checkpoint=checkpoint, scale=scale, engine=engine, producer=producer,
            visible_label=visible_label, watermark=watermark, format=format, keep=keep, shard_size=shard_size,
            truncation=truncation, progress=progress, say=said.append,
        )  # fmt: skip
    print(written, *said, sep="\n")
