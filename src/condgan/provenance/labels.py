"""The labels that class folders and tables give to files, and whether those are the classes that pictures show."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from unicodedata import normalize

from condgan.data.readers import tables
from condgan.data.writers.folder import TABLE, folder_names
from condgan.generation import jobs
from condgan.provenance.files import DamagedError, UnreadableError, content
from condgan.provenance.judging import Judged
from condgan.storage.manifest import MOST_BYTES

METADATA = "metadata.csv"
IMAGES = "images"
"""The folder of images beside a table."""
MOST_TABLE = 64 << 20  # bytes of a table
MOST_CELLS = 16  # of a row, that are looked at


@dataclass
class Labels:
    """The labels that folders and tables give to files below a folder.

    Attributes:
        root: the folder.
        told: the labels in each table, by the path of a file.
        wrong: tables that cannot be read, and why.
        gone: tables that name a file that is not there, and which.
        positions: of the class of a file among all classes, where a file beside it says so.
        folders: the class of each folder that was asked for.
    """

    root: Path
    told: dict[Path, set[str]] = field(default_factory=dict)
    wrong: dict[Path, str] = field(default_factory=dict)
    gone: dict[Path, str] = field(default_factory=dict)
    positions: dict[Path, int] = field(default_factory=dict)
    folders: dict[Path, set[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, root: Path, paths: Sequence[Path], *, others: bool = False) -> "Labels":
        """Those of each metadata.csv among these files; with ``others``, of all tables that name some of them."""
        found, there = cls(root), {*paths}
        for path in paths:
            if path.name == METADATA:
                try:
                    for name, label in table(content(path, MOST_TABLE)):
                        found.add(path.parent / name, label)
                        if path.parent / name not in there:
                            found.gone[path] = name
                except UnreadableError as error:
                    found.wrong[path] = str(error)
        if others:
            found.read_others(paths)
        return found

    def add(self, path: Path, label: str) -> None:
        """A label of a file."""
        self.told.setdefault(path, set()).add(label)

    def read_others(self, paths: Sequence[Path]) -> None:
        """Tables of any name, as a training would read them: by the name of a column, else the only other one."""
        endings, present = {*tables.ENDINGS, ".cls"}, {*paths}
        given = [path for path in paths if path.suffix.lower() in endings and path.name not in (METADATA, TABLE)]
        if not given:
            return
        places: dict[str, set[Path]] = {}
        for path in paths:
            if path not in given:
                for name in (path.relative_to(self.root).as_posix(), path.name, path.stem):
                    places.setdefault(name, set()).add(path)
        for path in given:
            if (picture := path.with_suffix(".png")) in present and self.read_sidecar(path, picture):
                continue
            try:
                listed = list(_rows(path))
            except (UnreadableError, ValueError, RecursionError, csv.Error):
                continue  # no table
            for row in listed:
                label = _label(row)
                for cell in islice(row.values(), MOST_CELLS):
                    beside = (path.parent.relative_to(self.root) / cell).as_posix() if len(cell) < 1000 else ""
                    meant = places.get(beside) or places.get(cell) or set()
                    if len(meant) == 1 and label is not None and cell != label:
                        self.add(next(iter(meant)), label)

    def read_sidecar(self, path: Path, picture: Path) -> bool:
        """A file beside a picture, as webdataset has them: {"label": its class}, or the position of that among all."""
        try:
            text = content(path, MOST_BYTES).decode()
            if path.suffix == ".cls":
                self.positions[picture] = int(text)
            else:
                self.add(picture, str(json.loads(text)["label"]))
        except (UnreadableError, ValueError, KeyError, TypeError, RecursionError):
            return False
        return True

    def of(self, path: Path) -> set[str]:
        """The labels of a file: of tables, else of its folder; none where nothing gives it one."""
        if path in self.told or path.parent == self.root:
            return self.told.get(path, set())
        if path.parent not in self.folders:
            self.folders[path.parent] = self.of_folder(path.parent)
        return self.folders[path.parent]

    def of_folder(self, folder: Path) -> set[str]:
        """The class of a folder by its name, and by the table of names beside it."""
        if folder.name == IMAGES:
            return set()
        try:
            names = json.loads(content(folder.parent / TABLE, MOST_BYTES))["classes"]
            return {str(names[folder.name])}
        except (UnreadableError, ValueError, KeyError, TypeError, RecursionError):
            return {normalize("NFC", folder.name)}


def table(data: bytes) -> Iterator[tuple[str, str]]:
    """The files of a metadata.csv with their labels: two columns and no others, about which readers could differ.

    Raises:
        DamagedError: it is not such a table.
    """
    try:
        reader = csv.reader(io.StringIO(data.decode(), newline=""), strict=True)
        if next(reader, []) != ["file_name", "label"]:
            raise ValueError
        for row in reader:
            if row:
                file, label = row
                yield file, label
    except (ValueError, csv.Error):
        raise DamagedError("it is not a table of file_name and label") from None


def _rows(path: Path) -> Iterator[Mapping[str, str]]:
    text, ending = tables.decoded(content(path, MOST_BYTES)), path.suffix.lower()
    if ending == ".jsonl":
        return (tables.flat(json.loads(line)) for line in text.splitlines() if line.strip())
    return tables.of_json(json.loads(text)) if ending == ".json" else tables.of_lines(text, ending)


def _label(row: Mapping[str, str]) -> str | None:
    """The label in a row of a table: in the column with a usual name, else in the last of two."""
    by_name = {key.casefold(): value for key, value in row.items()}
    usual = next((by_name[name] for name in tables.LABELS if name in by_name), None)
    return usual if usual is not None or len(row) != 2 else [*row.values()][1]


def shown(job: jobs.Job) -> set[str]:
    """The classes that a picture shows; none of a walk between classes, whose images are of no one class."""
    return {*(job.labels or ())}


def disagreement(one: Judged) -> str | None:
    """How the label that a folder, a table or a column gives a picture is not that of its manifest.

    A picture that is no image of a dataset may stand in any folder, but not in that of another class.
    """
    if one.manifest is None or one.job is None:
        return None
    said, words = shown(one.job), ", ".join(sorted(shown(one.job))) or "none"
    known = () if one.generator is None else one.generator.domain.class_names
    if one.label is not None and said != {one.label} and (one.manifest.kind == "image" or one.label in known):
        return f'it stands under the label "{one.label}", and its manifest says {words}'
    if one.position is not None and known and {*known[one.position : one.position + 1]} != said:
        return f"its label is {one.position}, which is not that of the class that its manifest says: {words}"
    return None


def misplaced(one: Judged, folders: Sequence[str]) -> None:
    """Judge a picture by its label, and by the folders it stands in: none may be that of another class.

    Args:
        one: the picture, judged by itself.
        folders: the names of those that it stands in, the innermost last.
    """
    reason = disagreement(one)
    if reason is None and one.generator is not None and one.job is not None:
        names = one.generator.domain.class_names
        classes = dict(zip(folder_names(names), names, strict=True)) | {name: name for name in names}
        nearest = next((name for name in reversed(folders) if name in classes), None)
        if nearest is not None and shown(one.job) != {classes[nearest]}:
            reason = f'it stands in the folder "{nearest}", and shows {", ".join(sorted(shown(one.job))) or "others"}'
    if reason is None or one.job is None:
        return
    if one.job.alone:
        one.settle("contradictory", reason)
    elif one.found.verdict == "verified":  # of several images, which only together stand in a folder
        one.settle("claimed", f"{one.found.why}; but {reason}", True)
