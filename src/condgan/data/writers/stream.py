"""Arrays that are longer than memory: parts are kept as raw bytes, and joined in the end."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from condgan.data.writers.writer import Content, Part, Whole, raw, staged
from condgan.storage.files import atomic

NAMES = ("samples", "conditions", "numbers")


def form(content: Content) -> dict[str, tuple[str, tuple[int, ...]]]:
    """The type, and the shape of a row, of each array."""
    shape = content.shape
    if content.images:
        channels, *sides = shape
        shape = (*sides, *([channels] if channels > 1 else []))
    return {
        "samples": ("|u1" if content.images else "<f4", shape),
        "conditions": ("<i8", ()) if content.condition is None else ("<f4", (content.condition,)),
        "numbers": ("<i8", ()),
    }


def add(folder: Path, content: Content, part: Part) -> None:
    """Keep the arrays of a part."""
    arrays = {"samples": raw(part.samples), "conditions": part.conditions, "numbers": part.numbers}
    for name, (dtype, _) in form(content).items():
        atomic(staged(folder, part.number, name), np.ascontiguousarray(arrays[name], dtype).tobytes())


def array(folder: Path, content: Content, whole: Whole, name: str) -> npt.NDArray[np.generic]:
    """A whole array, where it fits into memory: conditions or numbers."""
    dtype, shape = form(content)[name]
    data = b"".join(staged(folder, part, name).read_bytes() for part in range(len(whole.parts)))
    return np.frombuffer(data, dtype).reshape(whole.count, *shape)


def join(folder: Path, whole: Whole, name: str, into: IO[bytes]) -> None:
    """Append all parts of an array to a file."""
    for path in paths(folder, whole, name):
        with path.open("rb") as part:
            shutil.copyfileobj(part, into, 1 << 20)


def paths(folder: Path, whole: Whole, name: str) -> Iterator[Path]:
    """The files of the parts, in order."""
    return (staged(folder, part, name) for part in range(len(whole.parts)))
