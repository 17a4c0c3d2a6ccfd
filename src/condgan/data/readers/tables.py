"""Tables of file and label beside images: CSV, TSV, JSON or JSONL, as anyone may have written them."""

import csv
import io
import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from condgan.data.readers.names import natural, split_of, tidy
from condgan.data.tree import File, Tree
from condgan.errors import CondganError

ENDINGS = frozenset({".csv", ".tsv", ".json", ".jsonl"})
LARGEST = 1 << 28  # bytes
LABELS = ("label", "labels", "class", "class_name", "classname", "category", "target", "y", "species", "name", "text")
FILES = ("file_name", "filename", "file", "image", "image_name", "image_id", "img", "path", "filepath", "id")
SPLIT_COLUMNS = ("split", "set", "subset", "partition", "fold", "usage")
COVERED = 0.5  # share of the images that a table must name to be taken for their labels

Row = dict[str, str]


@dataclass(frozen=True)
class Named:
    """What tables say of an image."""

    label: str
    split: str | None


@dataclass(frozen=True)
class Labels:
    """What all tables of a dataset say.

    Attributes:
        of: by image file.
        files: the tables.
        missing: rows whose file is not there.
        words: the tables and their columns, in words.
        column: of the labels, in the first of them.
        notices: what was done to labels, in sentences.
    """

    of: dict[PurePosixPath, Named]
    files: tuple[File, ...]
    missing: int
    words: str
    column: str
    notices: tuple[str, ...] = ()


def labels(tree: Tree, images: Sequence[File], column: str | None) -> Labels | None:
    """The labels that tables give to images; none if no table names any of them.

    Args:
        tree: in which the tables lie.
        images: the image files.
        column: of the labels; none: the usual name, or the only column that is left.

    Raises:
        CondganError: which column has the labels cannot be told; a table contradicts another, or is damaged.
    """
    entries = list[tuple[PurePosixPath, Named]]()
    used: list[File] = []
    strange = ""
    missing, words = 0, dict[str, str]()
    for file in sorted(tree.files.values(), key=lambda file: natural(str(file.path))):
        if file.path.suffix.lower() not in ENDINGS or file.path.name == "classes.json":
            continue
        rows = list(read(tree, file))
        key, places = file_column(rows, file.path.parent, images)
        if key is None:
            names = [name for name in (rows[0] if rows else ()) if name.casefold() in FILES]
            if names and len(rows[0]) > 1:
                strange = (
                    f"{tree.shown(file.path)} has the columns {', '.join(list(rows[0])[:8])}, and no row names an "
                    f"image here (the first: {rows[0][names[0]][:80]}): correct the names, or move it elsewhere"
                )
            continue
        values, split = label_column(tree, file, rows, key, column)
        used.append(file)
        words[f"column {values} of {file.path.name}"] = values
        for row, place in zip(rows, places, strict=True):
            if place is None:
                missing += 1
                continue
            if label := tidy(row.get(values) or ""):
                entries.append((place, Named(label, split_in(tree, file, row, split) or split_of(file.path.stem))))
    if not used and strange:
        raise CondganError(strange)
    plain_names, notices = whole_numbers({named.label for _, named in entries})
    of: dict[PurePosixPath, Named] = {}
    for at, named in entries:
        label = plain_names.get(named.label, named.label)
        if of.setdefault(at, Named(label, named.split)).label != label:
            raise CondganError(
                f'{tree.shown(at)} is "{of[at].label[:40]}" in one row and "{label[:40]}" in another: correct one'
            )
    return Labels(of, tuple(used), missing, " and ".join(words), next(iter(words.values())), notices) if used else None


def whole_numbers(labels: Collection[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """``1.0`` -> ``1`` where all labels are whole numbers, as pandas writes a column with gaps; and that in a sentence.

    Where any is something else, as versions 1.0 and 1.0b, labels stay as they are.
    """
    if not all(re.fullmatch(r"-?[0-9]+(\.0+)?", label) for label in labels):
        return {}, ()
    names = {label: label.partition(".")[0] for label in labels if "." in label}
    if not names:
        return {}, ()
    label = min(names, key=natural)
    both = next((label for label in sorted(names, key=natural) if names[label] in labels), None)
    if both is not None:
        return names, (f"labels are written both as {both} and as {names[both]}: they are one class, {names[both]}",)
    return names, (f"labels are whole numbers written as {label}: the class is {names[label]}",)


def split_in(tree: Tree, file: File, row: Row, column: str | None) -> str | None:
    """The split that a row names; none if it has no such cell.

    Raises:
        CondganError: it is not the name of a split.
    """
    value = (row.get(column) or "").strip() if column else ""
    split = split_of(value) if value else None
    if value and split is None:
        raise CondganError(
            f'{tree.shown(file.path)} has "{value[:40]}" in the column {column}: expected train, validation or test; '
            "correct it, or rename the column if it is about something else"
        )
    return split


def file_column(
    rows: Sequence[Row], folder: PurePosixPath, images: Sequence[File]
) -> tuple[str | None, list[PurePosixPath | None]]:
    """The column that names most images, and the image of each row."""
    if not rows:
        return None, []
    whole = {str(file.path).casefold(): file.path for file in images} | {str(file.path): file.path for file in images}
    stems = {str(file.path.with_suffix("")): file.path for file in images}
    alone: dict[str, PurePosixPath | None] = {}
    for file in images:  # names that are unique in the whole tree
        for name in (file.path.name, file.path.stem):
            alone[name] = None if name in alone else file.path
    best: tuple[int, str | None, list[PurePosixPath | None]] = (0, None, [])
    for key in rows[0]:
        places: list[PurePosixPath | None] = []
        for row in rows:
            text = (row.get(key) or "").strip().replace("\\", "/").removeprefix("./")
            near = str(folder / text) if text else ""
            known = whole.get(near) or stems.get(near) or whole.get(text) or alone.get(text.rpartition("/")[2])
            places.append(known or whole.get(near.casefold()))
        count = sum(place is not None for place in places)
        if count > best[0] and 2 * count >= len(rows):
            best = (count, key, places)
    return best[1], best[2]


def label_column(tree: Tree, file: File, rows: Sequence[Row], files: str, wanted: str | None) -> tuple[str, str | None]:
    """The columns of the labels and of the splits.

    Raises:
        CondganError: there is no column that evidently has the labels.
    """
    columns = [key for key in rows[0] if key and key != files]
    possible = [key for key in columns if key.casefold() in SPLIT_COLUMNS]
    split = next((key for key in possible if any(split_of(row.get(key) or "") for row in rows)), None)
    split = split or next((key for key in possible if key.casefold() == "split"), None)
    rest = [key for key in columns if key != split]
    if wanted is not None:
        if wanted not in rest:
            raise CondganError(f"data.label_from={wanted}: {tree.shown(file.path)} has the columns {', '.join(rest)}")
        return wanted, split
    known = [key for name in LABELS for key in rest if key.casefold() == name]
    if len(rest) == 1 or known:
        return (known or rest)[0], split
    raise CondganError(
        f"{tree.shown(file.path)} names images, and has no column called label but {', '.join(rest) or 'none'}: "
        f"name the one with the classes, as data.label_from={rest[0] if rest else 'COLUMN'}"
    )


def read(tree: Tree, file: File) -> Iterator[Row]:
    """The rows of a table; none of a file that is no table.

    Raises:
        CondganError: it is too large.
    """
    raw = tree.read(file, LARGEST)
    if len(raw) > LARGEST:
        raise CondganError(f"{tree.shown(file.path)} has more than {LARGEST >> 20} MiB: split it")
    text, ending = decoded(raw), file.path.suffix.lower()
    try:
        if ending == ".jsonl":
            yield from (flat(json.loads(line)) for line in text.splitlines() if line.strip())
        elif ending == ".json":
            yield from of_json(json.loads(text))
        else:
            yield from of_lines(text, ending)
    except (ValueError, RecursionError, csv.Error):
        return  # not a table of labels: it counts as a file that was not read


def decoded(raw: bytes) -> str:
    """UTF-8, or UTF-16 as Excel's Unicode text, or else Windows-1252."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def of_lines(text: str, ending: str) -> Iterator[Row]:
    """The rows of a CSV or TSV; columns without names are called 1, 2, ..."""
    first = text.partition("\n")[0]
    delimiter = "\t" if ending == ".tsv" else max(",;\t|", key=first.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    head = next(reader, [])
    if len(head) < 2 or len(head) > 1000:
        return
    named = not any("." in cell and cell.rpartition(".")[2].isalpha() for cell in head)  # file names are no heading
    names = [cell.strip() or str(number) for number, cell in enumerate(head, 1)]
    if not named:
        names = [str(number) for number in range(1, len(head) + 1)]
        yield dict(zip(names, head, strict=True))
    for cells in reader:
        if cells:
            yield dict(zip(names, cells, strict=False))


def of_json(content: object) -> Iterator[Row]:
    """Records in a list, or below one key; {file: label}; or StyleGAN's {"labels": [[file, label], ...]}."""
    if isinstance(content, dict) and len(content) == 1 and isinstance(next(iter(content.values())), list | dict):
        content = next(iter(content.values()))
    if isinstance(content, dict):
        yield from ({"file": str(key), "label": plain(value)} for key, value in content.items() if is_plain(value))
    elif isinstance(content, list):
        for record in content:
            if isinstance(record, dict):
                yield flat(record)
            elif isinstance(record, list) and len(record) == 2:
                yield {"file": plain(record[0]), "label": plain(record[1])}


def flat(record: object) -> Row:
    """A record's plain values as text.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(record, dict):
        raise ValueError("not a record")
    return {str(key): plain(value) for key, value in record.items() if is_plain(value)}


def is_plain(value: object) -> bool:
    """Whether a JSON value can be a label or a file name."""
    return isinstance(value, str | int | float) or (isinstance(value, list) and one_hot(value) is not None)


def plain(value: object) -> str:
    """A JSON value as text; a one-hot list as the place of its 1."""
    place = one_hot(value) if isinstance(value, list) else None
    return str(value if place is None else place)


def one_hot(value: list[object]) -> int | None:
    """Where the 1 of a one-hot list is; none if it is none."""
    ones = [place for place, entry in enumerate(value) if entry == 1]
    return ones[0] if len(ones) == 1 and all(entry in (0, 1) for entry in value) else None
