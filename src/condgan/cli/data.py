"""Describing a dataset: ``data``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from condgan.cli.command import DataOverrides, command

if TYPE_CHECKING:
    from condgan.inspection.inspection import Inspection


@command(epilog="Example: condgan data photos/ -o described/")
def data(
    path: Annotated[str, typer.Argument(help="A folder, an archive or a file of labelled images, or mnist.")],
    overrides: DataOverrides = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="A folder for pictures of each class.")] = None,
) -> None:
    """Describe labelled images before training: how they are read, what may go wrong, which recipe suits them."""
    import shlex
    from json import dumps

    from condgan.cli.progress import counting
    from condgan.data.readers import BUILT_IN
    from condgan.inspection.inspection import inspect

    with counting("images") as bar:
        result = inspect(path, *overrides or [], output=output, progress=lambda what, done, total: bar(done, total))
    own = [] if path in BUILT_IN else ["--data", path]
    command = shlex.join(["condgan", "train", result.recipe, *own, *result.overrides])
    if json:
        print(dumps(result.model_dump(mode="json") | {"command": command}, indent=2, ensure_ascii=False))
    else:
        print(text(result), f"next: {command}", sep="\n")


def text(found: "Inspection") -> str:
    """An inspection in plain text."""
    from condgan.inspection.opening import of_classes

    size = "of different sizes" if found.size is None else f"{found.size[0]} x {found.size[1]} (height x width)"
    splits = ", ".join(f"{count} {name}" for name, count in found.splits.items())
    drawn = f" ({' and '.join(found.drawn)} drawn here)" if found.drawn else ""
    pixels = "" if found.range is None else f", values {found.range[0]:g} to {found.range[1]:g}"
    equal = found.duplicates
    lines = [
        f"{found.name}: {found.how}",
        of_classes(found.classes) if found.classes else "no classes",
        f"splits: {splits}{drawn}",
        f"images: {'grey' if found.channels == 1 else 'colour'}, {size}{pixels}",
        f"duplicates: {equal['images']} equal an earlier image ({equal['across_splits']} across splits), "
        f"{found.near_duplicates} nearly equal one of another split",
    ]
    if found.skipped:
        lines.append("skipped: " + ", ".join(f"{count} {reason}" for reason, count in found.skipped.items()))
    lines += [f"note: {notice}" for notice in found.notices]
    lines += [f"warning: {warning}" for warning in found.warnings]
    lines += [str(picture) for picture in found.pictures]
    about = "" if found.minutes is None else f", about {found.minutes:g} minutes here"
    lines.append(f"recipe: {found.recipe}, for {found.reason}{about}")
    return "\n".join(lines)
