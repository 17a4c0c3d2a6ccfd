"""Datasets in each format: speed beside plain sampling, memory, a kill on the way, and another library's reader."""

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.table import Table

from host import Host, JsonPath, Row, on_stdout, save
from sampling import seconds

HELP = """Write the digits of the packaged generator in each format, as `condgan sample mnist --per-class N`.

Each format is written twice: once from end to end, whose time is compared with that of sampling as many images into
memory, in a process of its own too; and once with a kill -9 after half of that time, and then the same command again.
The bytes of both are compared, and the library that the format is meant for reads the second one.
"""
EPILOG = "Example: python benchmarks/datasets_out.py npz parquet --per-class 1000"
PLAIN = """
import sys
import numpy as np
from condgan.generation import generator

images = generator.load("mnist").sample_classes(np.arange(int(sys.argv[1])) % 10, seed=0)
"""
EPOCH = {"SOURCE_DATE_EPOCH": "1764547200"}  # two runs that began at different times are to be equal
Read = tuple[Any, list[int]]
"""Some images, (n, 28, 28), and all labels, in order of their numbers."""


def folder(path: Path) -> Read:
    from PIL import Image

    files = sorted(path.glob("*/*.png"), key=lambda file: (file.stem, file.parent.name))
    return np.stack([np.asarray(Image.open(file)) for file in files[:1000]]), [int(file.parent.name) for file in files]


def hugging_face(path: Path) -> Read:
    import datasets

    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as cache:
        found = datasets.load_dataset(str(path), split="train", cache_dir=cache)
        images = np.stack([np.asarray(image) for image in found.select(range(min(1000, len(found))))["image"]])
        return images, [int(label) for label in found["label"]]


def idx(path: Path) -> Read:
    import mnist

    images, labels = mnist.MNIST(str(path), return_type="numpy").load_training()
    return np.array(images[:1000], np.uint8).reshape(-1, 28, 28), labels.tolist()


def npz(path: Path) -> Read:
    with np.load(path, allow_pickle=False) as arrays:
        return arrays["images"][:1000], arrays["labels"].tolist()


def parquet(path: Path) -> Read:
    import datasets
    from PIL import Image

    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as cache:
        files = str(path) if path.is_file() else str(path / "data" / "*.parquet")
        found = datasets.load_dataset("parquet", data_files=files, split="train", cache_dir=cache)
        first = found.select(range(min(1000, len(found)))).cast_column("image", datasets.Image(decode=False))["image"]
        return np.stack([np.asarray(Image.open(io.BytesIO(one["bytes"]))) for one in first]), list(found["label"])


def webdataset(path: Path) -> Read:
    import webdataset

    files = sorted(map(str, path.glob("*.tar"))) if path.is_dir() else str(path)
    images: list[Any] = []
    labels: list[int] = []
    for image, label in webdataset.WebDataset(files, shardshuffle=False).decode("l8").to_tuple("png", "cls"):
        labels.append(label)
        if len(images) < 1000:
            images.append(image)
    return np.stack(images), labels


FORMS: dict[str, tuple[str, Callable[[Path], Read]]] = {
    "folder": ("", folder), "imagefolder": ("", hugging_face), "idx": ("", idx), "npz": (".npz", npz),
    "parquet": ("", parquet), "one.parquet": (".parquet", parquet), "webdataset": ("", webdataset),
    "one.tar": (".tar", webdataset),
}  # fmt: skip
"""Ending and reader of each."""
NAMES = {"one.parquet": "parquet", "one.tar": "webdataset"}


@dataclass(frozen=True)
class Written:
    """A format's dataset."""

    form: str
    seconds: float
    plain: float
    """Seconds of sampling alone."""
    peak_mib: float
    mib: float
    """On disk."""
    files: int
    killed_after: float
    """Seconds."""
    left: int
    """Images that were complete then."""
    equal: bool
    """Whether the bytes are those of the whole one."""
    read: bool
    """Whether the other library reads the images and labels that the generator makes."""

    @property
    def ratio(self) -> float:
        """Images/s beside sampling alone."""
        return self.plain / self.seconds


def hashes(path: Path) -> dict[str, str]:
    found = {}
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            with file.open("rb") as stream:
                found[file.relative_to(path).as_posix()] = hashlib.file_digest(stream, "sha256").hexdigest()
    return found


def journalled(beside: Path) -> int:
    """Images of the parts that are complete."""
    lines = [line for file in beside.glob(".*/journal.jsonl") for line in file.read_text().splitlines(keepends=True)]
    return sum(json.loads(line)["samples"] for line in lines if line.endswith("\n"))


def reads(form: str, path: Path, per_class: int) -> bool:
    """Whether the other library finds all labels, and in the first images what the generator makes."""
    from condgan.generation import generator

    images, labels = FORMS[form][1](path)
    asked = np.arange(10 * per_class) % 10
    made = generator.load("mnist").sample_classes(asked[: len(images)], seed=0)[:, 0]
    near = int(np.abs(images.astype(int) - made).max()) <= 1  # sums depend on how many rows a matrix has
    return near and labels == asked.tolist()


def written(form: str, per_class: int, plain: float, place: Path) -> Written:
    name = f"digits{FORMS[form][0]}"
    condgan = str(Path(sysconfig.get_path("scripts")) / "condgan")
    options = ["--per-class", str(per_class), "--format", NAMES.get(form, form)]
    whole, killed = (place / "whole" / name, place / "killed" / name)
    for output in (whole, killed):
        output.parent.mkdir()
    os.chdir(whole.parent)  # one command for both: the card has it
    took, peak = seconds([condgan, "sample", "mnist", *options, "-o", name])
    os.chdir(killed.parent)
    command = [condgan, "sample", "mnist", *options, "-o", name]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        time.sleep(took / 2)
        process.send_signal(signal.SIGKILL)
    if killed.exists():
        raise SystemExit(f"{form}: it was finished before the kill; more images, please")
    left = journalled(killed.parent)
    seconds(command)
    equal = hashes(whole) == hashes(killed)
    files = [file for file in whole.rglob("*") if file.is_file()] or [whole]
    size = sum(file.stat().st_size for file in files) / 2**20
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:  # its memory must not count for the next format
        read = pool.submit(reads, form, killed, per_class).result()
    return Written(form, took, plain, peak, round(size, 1), len(files), round(took / 2, 1), left, equal, read)


def table(results: list[Written]) -> Table:
    shown = Table(box=None, pad_edge=False)
    titles = ("format", "seconds", "x sampling", "MiB peak", "MiB on disk", "files", "killed at s", "went on after",
              "equal bytes", "read by others")  # fmt: skip
    for title in titles:
        shown.add_column(title, justify="left" if title == "format" else "right")
    for one in results:
        shown.add_row(
            *(one.form, f"{one.seconds:.1f}", f"{one.ratio:.2f}", f"{one.peak_mib:.0f}", f"{one.mib:,.0f}"),
            *(f"{one.files:,}", f"{one.killed_after}", f"{one.left:,}", "yes" if one.equal else "NO"),
            "yes" if one.read else "NO",
        )
    return shown


def main(
    chosen: Annotated[list[str] | None, typer.Argument(metavar="[FORMAT ...]")] = None,
    per_class: Annotated[int, typer.Option(min=1, help="Images of each of ten classes.")] = 10_000,
    json_path: JsonPath = None,
) -> None:
    console, found = on_stdout(), Host()
    console.print(str(found), highlight=False, soft_wrap=True)
    os.environ.update(EPOCH, HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1")
    results = []
    for form in chosen or list(FORMS):
        with tempfile.TemporaryDirectory() as place:
            plain, _ = seconds([sys.executable, "-c", PLAIN, str(10 * per_class)])
            results.append(written(form, per_class, plain, Path(place)))
            os.chdir("/")
        print(results[-1], flush=True)
    console.print(table(results), highlight=False)
    if json_path is not None:
        rows = [Row(f"{one.form} of digits", one.ratio, "images/s of sampling alone") for one in results]
        save(json_path.absolute(), found, rows, datasets=results)
    if not all(one.equal and one.read for one in results):
        raise SystemExit(1)


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(help=HELP, epilog=EPILOG)(main)
    app()
