"""A folder of PNG files with a table of their labels, as Hugging Face's imagefolder: ``metadata.csv``."""

import csv
import io
import os
from pathlib import Path

from condgan.data.writers.writer import OUT, Content, Part, Whole, Writer, holds_all, pngs, staged
from condgan.storage.files import atomic

TABLE = "metadata.csv"
IMAGES = "images"


def add(folder: Path, content: Content, part: Part) -> None:
    """PNG files, numbered from 000000, and the rows of the table."""
    below = folder / OUT / IMAGES
    below.mkdir(parents=True, exist_ok=True)
    rows = io.StringIO()
    table = csv.writer(rows, lineterminator="\n")
    for number, (label, png) in enumerate(pngs(content, part), part.first):
        (below / f"{number:06d}.png").write_bytes(png)
        table.writerow([f"{IMAGES}/{number:06d}.png", content.class_names[label]])
    os.sync()  # once for all of them, before the journal says that they are there
    atomic(staged(folder, part.number, "csv"), rows.getvalue().encode())


def finish(folder: Path, content: Content, whole: Whole) -> None:
    """Add the table."""
    with open(folder / OUT / TABLE, "wb") as table:
        table.write(b"file_name,label\n")
        for part in range(len(whole.parts)):
            table.write(staged(folder, part, "csv").read_bytes())


WRITER = Writer("imagefolder", "a folder of images with metadata.csv", "", False, holds_all, add, finish)
