"""The data card of an exported dataset: what it is, how it was made, how good it is, and what it is not for."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from condgan.data.readers import BUILT_IN
from condgan.data.writers.output import Output
from condgan.errors import CondganError
from condgan.export.keep import Judge
from condgan.generation.generator import Generator, is_shipped
from condgan.results.evaluation import FILE, Evaluation
from condgan.results.figure import Figure, named
from condgan.runs import moment
from condgan.runs.run import Run
from condgan.storage import privacy

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
MOST_CLASSES = 100  # in a table
WORST = 3
DATA_FILES = {
    "parquet": ("data/train-*.parquet",),
    "webdataset": ("train-*.tar",),
    "imagefolder": ("images/*", "metadata.csv"),
}
"""What Hugging Face's datasets read, by format."""


def card(generator: Generator, out: Output, described: Mapping[str, Any], source: str, judge: Judge | None) -> str:
    """The card as Markdown, with the front matter that Hugging Face reads."""
    domain, manifest = generator.domain, out.content.manifest
    licence = licences(generator)[0] or "not known to condgan: ask its owner"
    kind = "images" if domain.vector is None else "vectors"
    counts = described.get("counts", {})
    figures, per_class, protocol = measured(generator, source)
    lines = [
        *front(out.row.name, out.written, generator, single=out.content.single),
        f"# {out.written:,} synthetic {kind}, made by {manifest.software}",
        "",
        f"No {kind[:-1]} in this set is real. A generator made them, which was trained on `{domain.data}`.",
        "",
        "## How it was made",
        "",
        f"- recipe `{generator.recipe.name}` (SHA-256 `{manifest.recipe_sha256}`)",
        f"- trained on {generator.images_seen:,} images, repeats included",
        f"- generator SHA-256 `{manifest.generator_sha256}`, seed {described['seed']}",
        f"- producer: {manifest.producer}; begun {manifest.time}",
        *([f"- command: `{asked}`"] if (asked := command()) else []),
        "- an image is a function of generator, seed, number and class: `condgan verify` makes it again",
    ]
    if manifest.watermark is not None:
        lines.append(f"- each image has an invisible mark of the key `{manifest.watermark}`: `condgan verify --key`")
    if judge is not None:
        kept = described["keep"]
        lines += [
            f"- **filtered**: kept are images that a classifier reads as their class with a probability of at least "
            f"{judge.confidence:g} (the feature network of {judge.facts['data']}, SHA-256 `{judge.sha256}`)",
            "- kept, of the candidates: "
            + ", ".join(
                f"{cell(name)} {described['counts'][name]} of {tried}" for name, tried in kept["candidates"].items()
            ),
        ]
    lines += ["", "## Classes", ""]
    if counts:
        shown = list(counts.items())[:MOST_CLASSES]
        lines += ["| class | images |", "|---|---|", *(f"| {cell(name)} | {count} |" for name, count in shown)]
        if len(counts) > MOST_CLASSES:
            lines.append(f"| ... ({len(counts)} classes) | |")
    else:
        lines.append("None: one sample for each of the given conditions.")
    lines += ["", "## Figures", ""]
    if figures:
        lines += [protocol, "", "| figure | value | ± se | real images |", "|---|---|---|---|"]
        lines += [
            f"| {name} | {figure.value:.4g} | {number(figure.se)} | {number(figure.floor)} |"
            for name, figure in figures.items()
            if figure.value is not None
        ]
        if judge is not None:
            lines += ["", "They are those of the generator, before the filter."]
    else:
        lines.append("This generator was not evaluated: `condgan evaluate` does it.")
    lines += ["", "## Licence of the training data", "", licence, "", "## Known failures", ""]
    read = sorted((value, name) for name, value in per_class.items() if value is not None)
    if read:
        worst = ", ".join(f"{cell(name)} {value:.2%}" for value, name in read[:WORST])
        lines.append(f"- labels: the classes that a classifier reads worst are {worst}")
    lines += [
        "- it repeats the errors and the imbalances of the training data, and may lack what is rare there",
        "- some images may be close to training images: do not take them for anonymous data",
        "- it is no evidence of anything in the world: label it as synthetic wherever it is shown",
        "",
    ]
    return "\n".join(lines)


def licences(generator: Generator) -> tuple[str, str]:
    """Of the training data, in words and as Hugging Face abbreviates it; empty where it is not known."""
    built_in = BUILT_IN.get(generator.recipe.data.source)  # not by name: a folder may have that of a built-in
    return ("", "") if built_in is None else built_in.licence


def front(form: str, count: int, generator: Generator, *, single: bool = False) -> list[str]:
    """The front matter of a set of so many samples, in one file or in a folder: what `condgan verify` expects."""
    licence, domain = licences(generator)[1], generator.domain
    size = next((name for most, name in SIZES if count < most), "1M<n<10M")
    files = DATA_FILES.get(form)
    lines = [
        "---",
        *([f"license: {licence}"] if licence else []),
        "tags:",
        "- synthetic",
        f"size_categories:\n- {size}",
    ]
    if domain.vector is None:
        lines += ["task_categories:", "- image-classification"]
    if files and not single:
        lines += ["configs:", "- config_name: default", "  data_files:", "  - split: train", "    path:"]
        lines += [f'    - "{pattern}"' for pattern in files]
    return [*lines, "---", ""]


def measured(generator: Generator, source: str) -> tuple[Mapping[str, Figure], Mapping[str, float | None], str]:
    """Figures of the generator, the accuracy of each class, and how they were measured; as far as they are known."""
    shipped = generator.facts.get("figures")
    if is_shipped(source) and isinstance(shipped, dict):
        found = {name: named(name, figure) for name, figure in shipped.items()}
        return found, {}, "10,000 generated images against test images; beside them, as many real ones."
    place, epoch = moment.parse(source)
    if not place.is_dir():
        return {}, {}, ""
    run = Run(place)
    folder = run.evaluation if epoch is None else run.evaluation / f"epoch-{epoch:04d}"
    try:
        evaluation = Evaluation.load(folder / FILE)
        subject = evaluation.protocol.subject
        if subject.kind == "generator" and subject.images_seen == generator.images_seen:
            how = f"{evaluation.protocol.n_generated:,} generated images against {evaluation.protocol.split} images."
            return evaluation.figures, evaluation.per_class, how
    except CondganError:
        pass  # there is none, or it is of another version
    try:
        last = next((record for record in run.evaluations() if record.images == generator.images_seen), None)
    except CondganError:
        last = None
    if last is None:
        return {}, {}, ""
    return last.evaluation, last.per_class or {}, "Measured in training, on validation images."


def command() -> str | None:
    """The command that this process runs; none where Python calls."""
    program, *words = sys.argv or [""]
    place = Path(program)
    if place.name == "condgan" or place.parts[-2:] == ("condgan", "__main__.py"):
        return privacy.command(["condgan", *words])
    return None


def cell(name: str) -> str:
    """A class name in a table of Markdown."""
    return "".join(f"\\{letter}" if letter in r"\`*_{}[]<>()#+!|" else letter for letter in name)


def number(value: float | None) -> str:
    """A figure, or nothing."""
    return "" if value is None else f"{value:.2g}" if abs(value) < 0.001 else f"{value:.4g}"
