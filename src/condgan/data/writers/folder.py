"""A folder of class folders with PNG files: ``class name/000000.png``.

Where a folder cannot have the name of its class, ``classes.json`` has the names of all:
``{"format": 1, "classes": {"folder": "class name"}}``.
"""

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from unicodedata import normalize

from condgan.data.archives import CARD, MANIFEST
from condgan.data.tree import is_litter
from condgan.data.writers.writer import OUT, Content, Part, Whole, Writer, holds_all, pngs

LONGEST_FOLDER = 200  # bytes; file systems allow 255
TABLE = "classes.json"
FORMAT = 1
DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\s*\..*)?\s*", re.IGNORECASE | re.DOTALL)
"""Names that Windows keeps for devices."""
SPLIT = re.compile(
    r"(train|training|trainset|val|valid|validation|dev|test|testing|testset|eval)(_?set)?", re.IGNORECASE
)
"""Names that folders of splits have, and not only those of classes."""


def add(folder: Path, content: Content, part: Part) -> None:
    """PNG files in the folders of their classes, numbered from 000000 in each."""
    names, counts = folder_names(content.class_names), part.before.copy()
    made: set[int] = set()
    for label, png in pngs(content, part):
        below = folder / OUT / names[label]
        if label not in made:
            below.mkdir(parents=True, exist_ok=True)
            made.add(label)
        (below / f"{counts[label]:06d}.png").write_bytes(png)
        counts[label] += 1
    os.sync()  # once for all of them, before the journal says that they are there


def finish(folder: Path, content: Content, whole: Whole) -> None:
    """Add the table of names where a reader needs it."""
    there = {path.name for path in (folder / OUT).iterdir()}
    names = folder_names(content.class_names)
    written = [(name, of) for name, of in zip(names, content.class_names, strict=True) if name in there]
    if doubtful(written):
        text = json.dumps({"format": FORMAT, "classes": dict(written)}, indent=2, ensure_ascii=False)
        (folder / OUT / TABLE).write_text(text + "\n", encoding="utf-8")


def doubtful(written: Sequence[tuple[str, str]]) -> bool:
    """Whether a reader needs the table: a folder is not named as its class, or all are named as splits are."""
    return any(name != of for name, of in written) or all(SPLIT.fullmatch(name) for name, _ in written)


def folder_names(class_names: Sequence[str]) -> list[str]:
    """Class names as names of folders: visible, valid on every file system, and different even where case is not."""
    names: list[str] = []
    taken = {_folded(name) for name in (TABLE, CARD, MANIFEST)}
    for name in class_names:
        safe = re.sub(r'[/\\:*?"<>|\x00-\x1f]', "_", normalize("NFC", name)).strip(" .")
        safe = safe.encode()[:LONGEST_FOLDER].decode(errors="ignore").rstrip(" .") or "class"
        if DEVICES.fullmatch(safe) or is_litter(safe):
            safe = f"class {safe}"
        unique, number = safe, 2
        while _folded(unique) in taken:
            unique, number = f"{safe}-{number}", number + 1
        taken.add(_folded(unique))
        names.append(unique)
    return names


def _folded(name: str) -> str:
    """Equal for names that a file system may not tell apart."""
    return normalize("NFC", name.casefold())


WRITER = Writer("folder", "a folder of class folders", "", False, holds_all, add, finish)
