"""Looking whether files are what they say of themselves: ``verify``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from condgan.cli.command import Engine, command, translated

if TYPE_CHECKING:
    from condgan.provenance.verdicts import Finding, Report

MOST_SHOWN = 10  # reasons why files are not verified


@command(epilog="Example: condgan verify result.png --generator runs/20261121-2312-cgan-lsgan-3f2a")
def verify(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="A picture, a set of images, or a folder of them.")],
    generator: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="A run (RUN@100: after epoch 100) or a generator file; mnist and those of PATH are at hand.",
        ),
    ] = None,
    key: Annotated[
        Path | None, typer.Option(metavar="KEY", help="A key file: look for its invisible mark in the pixels.")
    ] = None,
    trust: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="A public key, or certificates in PEM, whose signatures are trusted."),
    ] = None,
    engine: Engine = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Look whether pictures come from the generator, the seed and the classes that they name.

    They are made again and compared. Who made them and when, and the card of a set, cannot be checked. A mark that is
    found says whose key was used, and verifies nothing. Exit code 0: verified; 1: not; 2: could not look.
    """
    from condgan.cli.progress import counting
    from condgan.marks import keys
    from condgan.provenance.verify import verify as look

    secret = keys.of(key, lambda words: print(f"condgan: {words}", file=sys.stderr))
    with counting("images") as progress:
        report = look(path, generator, engine, secret, trust=trust or (), progress=progress)
    print(report.to_json() if json else translated(text(report), context.command.params))
    raise typer.Exit(0 if report.verified else 1)


def text(report: "Report") -> str:
    """A report in plain text: the verdict and its reason, and the first files that are not verified."""
    from condgan.provenance.verdicts import WORDS
    from condgan.streams import plain

    files = report.files
    if report.set is None and len(files) == 1:
        return "\n".join(_told(files[0]) + _marked(report))
    lines = [] if report.set is None else _told(report.set)
    if report.set is None or len(files) > 1:
        counts = report.counts
        told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in WORDS if counts[verdict])
        lines.append(f"{len(files)} file{'' if len(files) == 1 else 's'}: {told}")
    doubtful: dict[tuple[str, str], list[str]] = {}
    for file in files:
        if file.verdict != "verified":
            doubtful.setdefault((file.verdict, file.why), []).append(plain(file.path))
    for (verdict, why), paths in list(doubtful.items())[:MOST_SHOWN]:
        others = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        lines.append(f"  {paths[0]}{others}: {verdict}: {why}")
    if len(doubtful) > MOST_SHOWN:
        left = sum(map(len, list(doubtful.values())[MOST_SHOWN:]))
        lines.append(f"  ... and {left} more (--json lists all)")
    return "\n".join(lines + _marked(report))


def _marked(report: "Report") -> list[str]:
    """What was found of the mark; nothing where none was looked for."""
    mark = report.mark
    if mark is None:
        return []
    if mark.found is None:
        return [f"mark: not looked for: {mark.why}"]
    images = f"{mark.images} image{'' if mark.images == 1 else 's together'}"
    if not mark.found:
        chance = f"up to {100 * (mark.false_alarm or 1):.3g} % of unmarked ones look so"
        return [
            f"mark of key {mark.key}: not found in {images} ({chance})",
            "  which proves nothing: unmarked images, and cut, scaled or worn ones, look the same",
        ]
    lines = [f"mark of key {mark.key}: found in {images} (a chance of at most {mark.false_alarm:.0e} without one)"]
    if mark.images != 1:
        lines.append(f"  in {mark.alone} of {mark.looked} images it is found alone, without the others")
    which = f"begins with {mark.payload}" if mark.payload else "cannot be read: that takes more or clearer images"
    return [*lines, f"  it says that the hash of its generator, or of the recipe that learnt it, {which}"]


def _told(found: "Finding") -> list[str]:
    """The verdict on a file or a set, and who says what of it."""
    from condgan.streams import plain

    lines = [f"{plain(found.path)}: {found.verdict}: {found.why}"]
    lines += ["  " + plain(f"signature ({one.kind}): {one.why}") for one in found.signatures]
    lines += ["  " + plain(f"note: {words}") for words in found.notes]
    said = found.manifest or {}
    if said:
        made = "made by a generator" if said.get("synthetic") else "not made by a generator"
        lines.append(
            "  " + plain(f"says, not checked: {made}, {said['software']}, {said['time']}, producer {said['producer']}")
        )
    sample = said.get("sample") or {}
    origin = [
        *([f"recipe {said['recipe']}"] if "recipe" in said else []),
        *([f"data {said['data']}"] if "data" in said else []),
        *([f"seed {sample['seed']}"] if "seed" in sample else []),
        *([f"generator {said['generator_sha256'][:12]}"] if "generator_sha256" in said else []),
    ]
    if origin:
        lines.append("  " + plain(f"from: {', '.join(origin)}"))
    return lines
