"""Pictures and datasets on disk, made by a generator."""

from pathlib import Path

from condgan import generator, images, labels, sampling
from condgan.errors import CondganError
from condgan.generator import Generator
from condgan.sampling import MOST_COLUMNS

PICTURES = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp"}
CHUNK = 4096  # pictures in memory at a time


def to_file(
    path: Path,
    sequence: str | None,
    *,
    seed: int = 0,
    output: Path | None = None,
    grid: bool = False,
    per_class: int | None = None,
    checkpoint: str = "last",
    scale: int | None = None,
) -> Path:
    """Sample from the run or generator file at ``path`` into one file or folder -> its path.

    Args:
        path: a run folder or a generator file.
        sequence: classes for a row; none: with ``grid`` or ``per_class`` instead, or each class once.
        seed: decides every picture.
        output: default ``result.png``, ``grid.png`` or ``samples.npz``.
        grid: ten rows, column = class.
        per_class: images of each class, as an .npz or (no ending) a folder of class folders.
        checkpoint: of a run, ``last`` or ``best``.
        scale: whole-number enlargement of a PNG.

    Raises:
        CondganError: two of sequence, grid and per_class; a bad class, seed, path or number.
    """
    wishes = [
        wish
        for wish, given in (
            ("a sequence", sequence is not None),
            ("--grid", grid),
            ("--per-class", per_class is not None),
        )
        if given
    ]
    if len(wishes) > 1:
        raise CondganError(f"{' and '.join(wishes)} were given: ask for one at a time")
    if checkpoint not in ("last", "best"):
        raise CondganError(f"--checkpoint {checkpoint}: expected last or best")
    if scale is not None and not 1 <= scale <= 64:
        raise CondganError(f"--scale {scale}: expected 1 to 64")
    if per_class is not None:
        if per_class < 1:
            raise CondganError(f"--per-class {per_class}: expected at least 1")
        if output is not None and output.suffix.lower() in PICTURES:
            raise CondganError(f"{output}: a dataset is an .npz or a folder, not one picture")
        return dataset(generator.load(path, checkpoint), per_class, seed, output or Path("samples.npz"))
    output = output or Path("grid.png" if grid else "result.png")
    if output.suffix.lower() != ".png":
        raise CondganError(f"{output}: a row or a grid is a .png (an .npz or a folder needs --per-class)")
    made = generator.load(path, checkpoint)
    if grid:
        picture = sampling.grid(made.sampler, made.recipe, made.domain, seed, scale)
    else:
        picture = row(made, sequence, seed, scale)
    caption = sampling.caption(made.recipe, made.domain, seed, made.images_seen)
    images.save_png(output, picture, caption | ({"sequence": sequence} if sequence else {}))
    return output


def row(made: Generator, sequence: str | None, seed: int, scale: int | None) -> images.Pixels:
    """The pictures of a sequence side by side; without one, each class once."""
    if sequence is None:
        return images.row(made.sample_any(min(made.domain.classes, MOST_COLUMNS), seed), scale)
    return images.row(made.sample(sequence, seed), scale)


def dataset(made: Generator, per_class: int, seed: int, output: Path) -> Path:
    """A labelled dataset, written as it is made; classes take turns, so that more images extend fewer."""
    from condgan.data import export

    if not made.recipe.conditional:
        raise CondganError(f"{made.recipe.name} is unconditional: its images have no class to be labelled with")
    classes = labels.balanced(per_class, made.domain)
    domain = made.domain
    with export.writer(output, len(classes), domain.channels, domain.size, domain.class_names) as writer:
        for first in range(0, len(classes), CHUNK):
            asked = classes[first : first + CHUNK]
            writer.write(made.sample_classes(asked, seed, first), asked)
    return output
