"""Where the labels of image files are: in a pattern of their names, in tables beside them, or in class folders.

Nothing that is doubtful is guessed: it is refused with the reading that it suggests, and the option that decides.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from condgan.data.archives import ShardsTree
from condgan.data.readers import sidecars, tables
from condgan.data.readers.doubts import EXPECTED, Tops, compared, inner, refuse_doubtful, unlabelled, without_images
from condgan.data.readers.names import CLASS, Pattern, natural, split_of, tidy
from condgan.data.tree import File, Tree, printable
from condgan.errors import CondganError
from condgan.recipe import Data

OLD_SPLITS = {"train": "train", "validation": "validation", "val": "validation", "valid": "validation", "test": "test"}
NAMES_FILE = "classes.json"
DEEPEST_WRAPPER = 5


@dataclass(frozen=True)
class Item:
    """An image file, the split that it lies in (train where none is named), and its class."""

    file: File
    split: str
    label: str


@dataclass(frozen=True)
class Listing:
    """What a layout says of image files.

    Attributes:
        items: in order of split, class and file.
        how: where the labels are, in words.
        skipped: how many files were left out, by reason.
        notices: what a user should know of it, in sentences.
    """

    items: tuple[Item, ...]
    how: str
    skipped: Mapping[str, int] = field(default_factory=dict)
    notices: tuple[str, ...] = ()


Layout = Callable[[Tree, Sequence[File], Data], Listing | None]


def listing(tree: Tree, images: Sequence[File], data: Data) -> Listing:
    """The labels of the images, by the first layout that applies.

    Raises:
        CondganError: none applies, or what applies is doubtful.
    """
    if data.reading == 1:
        return before(tree, images)
    try:
        for layout in LAYOUTS:
            result = layout(tree, images, data)
            if result is not None:
                return replace(result, notices=tuple(map(printable, result.notices)))
    except CondganError as error:  # which shows names and cells that a stranger wrote
        raise CondganError(printable(str(error))) from None
    raise CondganError(f"{tree.root} has no labels: {EXPECTED}")


def exported(tree: Tree, images: Sequence[File], data: Data) -> Listing | None:
    """Class folders that condgan has written, with a table of their names: ``classes.json``."""
    wrapper, paths = unwrapped(images)
    name = next((parts[0] for _, parts in paths if PurePosixPath(wrapper, NAMES_FILE) in tree.files), None)
    if name is None or data.label_from is not None or any(len(parts) != 2 for _, parts in paths):
        return None
    names = renamed(tree, wrapper)
    if names is None:
        return None
    items = [Item(file, "train", names(parts[0])) for file, parts in paths]
    how = f"a folder for each class, named in {NAMES_FILE}"
    return Listing(ordered(merged(tree.root, items, {parts[0]: None for _, parts in paths}, names)), how)


def by_pattern(tree: Tree, images: Sequence[File], data: Data) -> Listing | None:
    """``data.label_from`` with ``{class}``."""
    if data.label_from is None or "{" not in data.label_from:
        return None
    pattern, items, skipped = Pattern(data.label_from), [], 0
    for file in images:
        match = pattern.match(file.path)
        if match is None:
            skipped += 1
            continue
        items.append(Item(file, match[1] or "train", tidy(match[0])))
    if not items:
        raise CondganError(
            f"data.label_from={data.label_from} fits none of {len(images)} images, as {images[0].path}: "
            "`*` and {class} stand for anything but /"
        )
    left = {f"images that data.label_from={data.label_from} does not fit": skipped} if skipped else {}
    return Listing(ordered(items), f"classes by the pattern {data.label_from}", left)


def by_sidecars(tree: Tree, images: Sequence[File], data: Data) -> Listing | None:
    """A file with the label beside each image, as in webdatasets; the split is that of the shard's name."""
    flat = isinstance(tree, ShardsTree) or len({file.path.parent for file in images}) == 1
    found = sidecars.labels(tree, images) if flat and data.label_from is None else None
    if found is None:
        return None
    items = [Item(file, split_above(file.path) or shard_split(file.path), found[file.path]) for file in images]
    return Listing(ordered(items), "labels from the file beside each image")


def shard_split(path: PurePosixPath) -> str:
    """The split in the name of a shard, ``train-000000``, if it has one."""
    word = path.parts[0].partition("-")[0] if len(path.parts) > 1 else ""
    return split_of(word) or "train"


def by_tables(tree: Tree, images: Sequence[File], data: Data) -> Listing | None:
    """A CSV, TSV, JSON or JSONL beside the images."""
    labels = tables.labels(tree, images, data.label_from)
    if labels is None:
        if data.label_from is not None:
            raise CondganError(
                f"data.label_from={data.label_from}: {tree.root} has no table of files and labels; {CLASS} stands for "
                f"the class in a pattern of file names, as '{CLASS}_*.png'"
            )
        return None
    if len(labels.of) < tables.COVERED * len(images):
        raise CondganError(
            f"{tree.root}: {labels.words} names {len(labels.of)} of {len(images)} images: complete the table, move it "
            "elsewhere if it has no labels, or give data.label_from"
        )
    items = []
    for file in images:
        if file.path in labels.of:
            named = labels.of[file.path]
            items.append(Item(file, named.split or split_above(file.path) or "train", named.label))
    skipped = {
        "images that no table names": len(images) - len(items),
        "rows of tables whose image is missing or not read": labels.missing,
    }
    notices = labels.notices
    if data.label_from is None:
        given = {item.file.path: item.label for item in items}
        notices += compared(tree.root, labels.words, labels.column, given, folder_labels(tree, images, data))
    how = f"labels from {labels.words}"
    return Listing(ordered(items), how, {key: n for key, n in skipped.items() if n}, notices)


def folder_labels(tree: Tree, images: Sequence[File], data: Data) -> dict[PurePosixPath, str]:
    """The classes of images if their folders are classes; of folders that evidently are none, one class."""
    try:
        return {item.file.path: item.label for item in class_folders(tree, images, data).items}
    except CondganError:
        return dict.fromkeys((file.path for file in images), "")


def class_folders(tree: Tree, images: Sequence[File], data: Data) -> Listing:
    """A folder for each class, with or without split folders above."""
    wrapper, paths = unwrapped(images)
    where = tree.root if not wrapper else f"{tree.root}/{wrapper}"
    tops: dict[str, list[tuple[File, tuple[str, ...]]]] = {}
    flat = [file for file, parts in paths if len(parts) == 1]
    for file, parts in paths:
        if len(parts) > 1:
            tops.setdefault(parts[0], []).append((file, parts))
    if flat and tops:
        raise CondganError(
            f"{where} has {len(flat)} images in no class folder, as {flat[0].path.name}, and {len(tops)} folders: "
            f"{EXPECTED}"
        )
    if not tops:
        raise CondganError(unlabelled(where, [file.path for file in images], "images without labels"))
    splits = {top: split_of(top) for top in tops}
    depths = {top: {len(parts) for _, parts in entries} for top, entries in tops.items()}
    if all(splits.values()):
        listing = divided(where, tops, splits, depths, images)
        return replace(listing, notices=without_images(tree, images, [PurePosixPath(wrapper, top) for top in tops]))
    refuse_doubtful(where, tops, splits, depths)
    items = [
        Item(file, "train" if len(parts) < 3 or not inner(tops) else split_of(parts[1]) or "train", tidy(parts[0]))
        for top in tops
        for file, parts in tops[top]
    ]
    how = "a folder for each class" + (", and split folders in each" if inner(tops) else "")
    return Listing(
        ordered(merged(where, items, tops, tidy)),
        how + (f", below {wrapper}" if wrapper else ""),
        notices=without_images(tree, images, [PurePosixPath(wrapper)]),
    )


def divided(
    where: object,
    tops: Tops,
    splits: Mapping[str, str | None],
    depths: Mapping[str, set[int]],
    images: Sequence[File],
) -> Listing:
    """Class folders in folders that are all named after splits.

    Raises:
        CondganError: the folders contain no class folders, or two of them name one split.
    """
    shown = ", ".join(sorted(tops, key=natural))
    if all(depth == {2} for depth in depths.values()):
        raise CondganError(unlabelled(where, [file.path for file in images], f"{shown} with images in them, and no "
            f"class folders; {shown} are names of splits, not of classes"))  # fmt: skip
    if any(2 in depth for depth in depths.values()):
        loose = next(file for top in tops for file, parts in tops[top] if len(parts) == 2)
        raise CondganError(f"{where}: {loose.path} is in no class folder, others are: {EXPECTED}")
    twice = [top for top, split in splits.items() if list(splits.values()).count(split) > 1]
    if twice:
        raise CondganError(f"{where} has both {' and '.join(sorted(twice))}, which name one split: merge or rename one")
    items = [Item(file, splits[top] or "train", tidy(parts[1])) for top in tops for file, parts in tops[top]]
    folders = {parts[1]: None for top in tops for _, parts in tops[top]}
    return Listing(ordered(merged(where, items, folders, tidy)), f"a folder for each class in {shown}")


def unwrapped(images: Sequence[File]) -> tuple[str, list[tuple[File, tuple[str, ...]]]]:
    """Images and the parts of their paths, without folders that contain all others and are neither class nor split."""
    paths = [(file, file.path.parts) for file in images]
    wrapper: list[str] = []
    while len(wrapper) < DEEPEST_WRAPPER:
        tops = {parts[0] for _, parts in paths}
        if len(tops) != 1 or split_of(next(iter(tops))) or min(len(parts) for _, parts in paths) < 3:
            break
        wrapper += tops
        paths = [(file, parts[1:]) for file, parts in paths]
    return "/".join(wrapper), paths


def split_above(path: PurePosixPath) -> str | None:
    """The split that a path's first folder names, or none."""
    return split_of(path.parts[0]) if len(path.parts) > 1 else None


def renamed(tree: Tree, wrapper: str) -> Callable[[str], str] | None:
    """Folder -> class name, as ``classes.json`` has it; none where that is damaged or missing."""
    file = tree.files.get(PurePosixPath(wrapper) / NAMES_FILE)
    if file is None:
        return None
    try:
        content = json.loads(tree.read(file, tables.LARGEST))
        named = {str(key): str(value) for key, value in content["classes"].items()} if content["format"] == 1 else {}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return lambda folder: named.get(folder, tidy(folder))


def merged(where: object, items: list[Item], folders: Mapping[str, object], names: Callable[[str], str]) -> list[Item]:
    """The items, unless two folders name one class.

    Raises:
        CondganError: they do.
    """
    by_name: dict[str, list[str]] = {}
    for folder in folders:
        by_name.setdefault(names(folder), []).append(folder)
    for name, same in by_name.items():
        if len(same) > 1:
            raise CondganError(
                f'{where}: the folders {" and ".join(map(repr, same))} name one class, "{name}": merge them'
            )
    return items


def ordered(items: Sequence[Item]) -> tuple[Item, ...]:
    """By split, class and path; 9 before 10."""
    keys = {name: natural(name) for name in {item.label for item in items}}
    return tuple(sorted(items, key=lambda item: (item.split, keys[item.label], natural(str(item.file.path)))))


def before(tree: Tree, images: Sequence[File]) -> Listing:
    """Class folders as recipes of formats 1 and 2 were read: by shape alone, split folders by five names."""
    tops = {file.path.parts[0] for file in images if len(file.path.parts) > 2}
    two = any(top in OLD_SPLITS for top in tops)
    items = []
    for file in images:
        parts = file.path.parts
        split, label = (OLD_SPLITS.get(parts[0], "train"), parts[1]) if two else ("train", parts[0])
        items.append(Item(file, split, label))
    counted = Counter(item.split for item in items)
    return Listing(ordered(items), f"class folders ({', '.join(counted)})")


LAYOUTS: tuple[Layout, ...] = (exported, by_pattern, by_sidecars, by_tables, class_folders)
