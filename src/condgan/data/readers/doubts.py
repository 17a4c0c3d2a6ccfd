"""Folders that look like classes and are none, or that a table contradicts: what they suggest, and what decides."""

import re
import shlex
import zipfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePosixPath

from condgan.data.readers.names import CLASS, SPLIT, evident, natural, split_of, tidy
from condgan.data.tree import File, Tree
from condgan.errors import CondganError

EXPECTED = "expected a folder for each class, as cats/1.png, or train/cats/1.png and test/cats/1.png"
STORAGE_DIGITS = 5
MOST_SHOWN = 5
ALONE = re.compile(r"\.(csv|tsv)(\.gz)?$|\.npz$", re.IGNORECASE)
DATA = re.compile(
    ALONE.pattern + r"|\.(npy|parquet)$|idx\d-ubyte(\.gz)?$|^(data_batch|test_batch)|^train\.bin$", re.IGNORECASE
)
"""Files that other readers read: alone, or with those beside them."""
FEWEST_PIXELS, LONGEST_HEAD = 16, 1 << 20

Tops = Mapping[str, list[tuple[File, tuple[str, ...]]]]
"""First folder -> its image files, and the parts of their paths from that folder on."""


Labels = Mapping[PurePosixPath, str]
"""Image file -> its class."""


def refuse_doubtful(
    where: object,
    tops: Tops,
    splits: Mapping[str, str | None],
    depths: Mapping[str, set[int]],
) -> None:
    """Refuse folders that look like classes, and probably are none.

    Raises:
        CondganError: with the reading that they suggest, and the option that decides.
    """
    shown = ", ".join(sorted(tops, key=natural)[:4]) + (", ..." if len(tops) > 4 else "")
    fused = {top: next((start for start in ("train", "test", "val") if top.casefold().startswith(start)), None)
             for top in tops}  # fmt: skip
    if all(fused.values()) and len(set(fused.values())) > 1:
        raise CondganError(
            f"{where} has the folders {shown}, which look like splits joined with classes: move the images to "
            f"train/CLASS and test/CLASS, or give data.label_from='{CLASS}/*' if these are the classes"
        )
    deep = {top for top, depth in depths.items() if min(depth) > 2}
    if deep and any(splits[top] for top in deep):
        named = sorted(top for top in tops if splits[top])
        others = sorted(set(tops) - set(named))
        raise CondganError(
            f"{where} has {', '.join(named)} with class folders, and {', '.join(others[:4])}, which names no split: "
            "move it elsewhere, or give the path of one"
        )
    if deep == set(tops) and not inner(tops):
        second = {parts[1] for top in tops for _, parts in tops[top]}
        if all(map(split_of, second)):
            raise CondganError(
                f"{where} has several datasets: {shown}: give the path of one, as {where}/{min(tops, key=natural)}"
            )
        file, parts = next(iter(tops.values()))[0]
        above = "".join(f"{part}/" for part in file.path.parts[: -len(parts)])
        raise CondganError(
            f"{where} has folders in folders ({next(iter(tops.values()))[0][0].path}): "
            f"data.label_from='{above}{CLASS}/*/*' takes the upper ones for classes, "
            f"data.label_from='{above}*/{CLASS}/*' the lower"
        )
    if is_storage(tops):
        raise CondganError(
            f"{where} has the folders {shown}, whose file numbers run on from folder to folder: storage, not classes. "
            f"Put a table of labels beside them (dataset.json), or give data.label_from='{CLASS}/*' if they are classes"
        )


def compared(where: object, table: str, column: str, given: Labels, folders: Labels) -> tuple[str, ...]:
    """What is to be said where a table gives images other classes than their folders.

    Nothing, if they agree or there is one folder; that it renames them, if each folder is another class; that they are
    about something else, as patients or cameras, if no class is named as a folder.

    Args:
        where: the images lie, in an error.
        table: in words.
        column: of its labels.
        given, folders: the classes of images by the table, and by their folders.

    Raises:
        CondganError: it contradicts them, with the options that decide.
    """
    differ = [path for path, label in given.items() if folders[path] != label]
    names, classes = {folders[path] for path in given}, set(given.values())
    if not differ or len(names) < 2:
        return ()
    example = f'{differ[0]} is "{given[differ[0]]}"'
    pairs = {(folders[path], label) for path, label in given.items()}
    renamed = {old: new for old, new in pairs if old != new}
    if len(pairs) == len(names) == len(classes) and not names & set(renamed.values()):
        shown = ", ".join(f"{old} -> {renamed[old]}" for old in sorted(renamed, key=natural)[:MOST_SHOWN])
        return (f"{table} renames the class folders: {shown}" + ", ..." * (len(renamed) > MOST_SHOWN),)
    if not names & classes:
        return (f"classes are from {table}, not from the {len(names)} folders of the images: {example}",)
    raise CondganError(
        f"{where}: {table} contradicts the folders of {len(differ)} of {len(given)} images ({example}): correct it, or "
        f"give data.label_from={shlex.quote(column)} to go by the table, or "
        f"data.label_from={shlex.quote(of_folder(differ[0], folders[differ[0]]))} to go by the folders"
    )


def of_folder(path: PurePosixPath, label: str) -> str:
    """The pattern by which a folder of this path is its class: ``photos/{split}/{class}/*``."""
    place = [tidy(part) for part in path.parts[:-1]].index(label)
    parts = [CLASS if number == place else part for number, part in enumerate(path.parts[: place + 1])]
    parts += ["*"] * (len(path.parts) - place - 1)
    for beside in (place - 1, place + 1):
        if 0 <= beside < len(parts) - 1 and SPLIT not in parts and split_of(path.parts[beside]):
            parts[beside] = SPLIT
    return "/".join(parts)


def inner(tops: Tops) -> bool:
    """Whether each class folder has split folders with images, as in cat/train/1.png."""
    return all(len(parts) == 3 and split_of(parts[1]) for top in tops for _, parts in tops[top])


def without_images(tree: Tree, images: Sequence[File], levels: Collection[PurePosixPath]) -> tuple[str, ...]:
    """A sentence on the folders beside class folders, which lie in ``levels``, that have no images; or none."""
    filled = {above for folder in {file.path.parent for file in images} for above in (folder, *folder.parents)}
    others = {file.path.parent for file in tree.files.values()} - filled
    every = tree.folders | {above for folder in others for above in (folder, *folder.parents)}
    empty = [str(folder) for folder in every - filled if folder.parent in levels]
    if not empty:
        return ()
    shown = ", ".join(sorted(empty, key=natural)[:MOST_SHOWN]) + ", ..." * (len(empty) > MOST_SHOWN)
    if len(empty) == 1:
        return (f"the folder {shown} has no images and is no class",)
    return (f"{len(empty)} folders have no images and are no classes: {shown}",)


def other_formats(tree: Tree) -> str:
    """What to do about a folder or archive that has no images, but files of another format; or nothing."""
    found = [file for file in tree.files.values() if DATA.search(file.path.name) and not is_narrow(tree, file)]
    if not found:
        return ""
    best = min(found, key=lambda file: ("train" not in file.path.name.lower(), -file.size, str(file.path)))
    place = best.path if ALONE.search(best.path.name) else best.path.parent
    names = ", ".join(str(file.path) for file in found[:MOST_SHOWN]) + ", ..." * (len(found) > MOST_SHOWN)
    if tree.root.is_dir():
        return f"{tree.root} has no images but {names}: give {tree.root / place}"
    folder = tree.root.name
    for _ in range(2):  # .tar.gz
        folder = PurePosixPath(folder).stem
    path, into = shlex.quote(str(tree.root)), shlex.quote(folder)
    unpack = f"unzip {path} -d {into}" if zipfile.is_zipfile(tree.root) else f"mkdir {into} && tar -xf {path} -C {into}"
    return f"{tree.root} has no images but {names}: unpack it, `{unpack}`, and give {PurePosixPath(folder) / place}"


def is_narrow(tree: Tree, file: File) -> bool:
    """Whether a table has too few columns to be one of pixels."""
    if not file.path.name.lower().endswith((".csv", ".tsv")):
        return False
    with tree.open(file) as stream:
        head = stream.readline(LONGEST_HEAD)
    return max(map(head.count, (b",", b";", b"\t"))) < FEWEST_PIXELS


def is_storage(tops: Tops) -> bool:
    """Whether folders are numbered, and the numbers of their files run on from one to the next."""
    if len(tops) < 2 or not all(top.isdecimal() and len(top) >= STORAGE_DIGITS for top in tops):
        return False
    last = -1
    for top in sorted(tops, key=natural):
        numbers = [int(digits) for file, _ in tops[top] if (digits := "".join(filter(str.isdecimal, file.path.stem)))]
        if len(numbers) < len(tops[top]) or min(numbers) <= last:
            return False
        last = max(numbers)
    return True


def unlabelled(where: object, paths: Sequence[PurePosixPath], what: str) -> str:
    """The message for images without labels, with the pattern of their names if one is evident."""
    pattern = evident(paths)
    if pattern is not None:
        options = shlex.quote(f"data.label_from={pattern}")
        return f"{where} has {what}; their names contain the classes: give {options}"
    return (
        f"{where} has {what}: put a table of file and label beside them (labels.csv), move them into class folders, or "
        f"give data.label_from='{CLASS}_*' where names contain the class"
    )
