"""The labels that class folders and tables give to files."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from condgan.data.writers.folder import TABLE
from condgan.provenance.files import DamagedError, UnreadableError, content
from condgan.storage.manifest import MOST_BYTES

METADATA = "metadata.csv"
IMAGES = "images"
"""The folder of images beside a table."""


@dataclass
class Labels:
    """The labels that folders and tables give to files below a folder.

    Attributes:
        root: the folder.
        told: the labels in each metadata.csv, by the path of a file.
        wrong: tables that cannot be read, or name a file that is not there, and why.
        folders: the class of each folder that was asked for.
    """

    root: Path
    told: dict[Path, set[str]] = field(default_factory=dict)
    wrong: dict[Path, str] = field(default_factory=dict)
    folders: dict[Path, set[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, root: Path, paths: Sequence[Path]) -> "Labels":
        """Those of the tables among these files."""
        found, there = cls(root), {*paths}
        for path in paths:
            if path.name == METADATA:
                try:
                    for name, labels in table(content(path)).items():
                        found.told.setdefault(path.parent / name, set()).update(labels)
                        if path.parent / name not in there:
                            found.wrong[path] = f"it names a file that is not there: {name}"
                except UnreadableError as error:
                    found.wrong[path] = str(error)
        return found

    def of(self, path: Path) -> set[str]:
        """The labels of a file; none where nothing gives it one."""
        found = set(self.told.get(path, ()))
        if path.parent != self.root and not (found and path.parent.name == IMAGES):
            if path.parent not in self.folders:
                self.folders[path.parent] = self.of_folder(path.parent)
            found |= self.folders[path.parent]
        return found

    def of_folder(self, folder: Path) -> set[str]:
        """The class of a folder by its name, and by the table of names beside it."""
        if folder.name == IMAGES:
            return set()
        try:
            names = json.loads(content(folder.parent / TABLE, MOST_BYTES))["classes"]
            return {str(names[folder.name])}
        except (UnreadableError, ValueError, KeyError, TypeError, RecursionError):
            return {folder.name}


def table(data: bytes) -> dict[str, set[str]]:
    """The labels that a metadata.csv gives to each file.

    Raises:
        DamagedError: it is not such a table.
    """
    labels: dict[str, set[str]] = {}
    try:
        reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
        header = next(reader, [])
        file, label = header.index("file_name"), header.index("label")
        for row in reader:
            if row:
                labels.setdefault(row[file], set()).add(row[label])
    except (ValueError, IndexError, csv.Error):
        raise DamagedError("it is not a table of file_name and label") from None
    return labels
