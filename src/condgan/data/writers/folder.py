"""A folder of class folders with PNG files: ``class name/000000.png``."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from condgan.arrays import Conditions, Samples
from condgan.data.writers.writer import Add, Content, Writer

LONGEST_FOLDER = 200  # bytes; file systems allow 255


@contextmanager
def folder(path: Path, content: Content) -> Iterator[Add]:
    """A folder for each class that has images, with PNG files numbered from 000000."""
    from PIL import Image

    names, counts = folder_names(content.class_names), [0] * len(content.class_names)
    path.mkdir()

    def add(raw: Samples, labels: Conditions) -> None:
        for pixels, label in zip(raw, labels.tolist(), strict=True):
            below = path / names[label]
            if not counts[label]:
                below.mkdir()
            Image.fromarray(pixels).save(below / f"{counts[label]:06d}.png")
            counts[label] += 1

    yield add


def folder_names(class_names: Sequence[str]) -> list[str]:
    """Class names as names of folders: visible, valid on every file system, and different even where case is not."""
    names: list[str] = []
    taken: set[str] = set()
    for name in class_names:
        safe = re.sub(r'[/\\:*?"<>|\x00-\x1f]', "_", name).strip(" .")
        safe = safe.encode()[:LONGEST_FOLDER].decode(errors="ignore") or "class"
        unique, number = safe, 2
        while unique.casefold() in taken:
            unique, number = f"{safe}-{number}", number + 1
        taken.add(unique.casefold())
        names.append(unique)
    return names


WRITER = Writer("folder", "a folder of class folders", ending="", vectors=False, open=folder)
