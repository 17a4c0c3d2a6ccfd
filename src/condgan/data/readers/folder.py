"""Folders of class folders with image files, with or without train, validation and test folders above them."""

import re
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from condgan.arrays import Images
from condgan.data.dataset import Contents, Split
from condgan.data.fit import TO_GREY, TO_RGB, fit, fit_notices, to_grey, with_channels
from condgan.data.memory import check_room, room
from condgan.data.readers.decode import SUFFIXES, decode, has_colour
from condgan.data.readers.reader import Reader
from condgan.errors import CondganError
from condgan.recipe import Data

SPLITS = {"train": "train", "validation": "validation", "val": "validation", "valid": "validation", "test": "test"}
IGNORED = frozenset({"thumbs.db", "desktop.ini"})
THREADS = 4
BLOCK = 64  # images that a thread takes at a time
LAYOUT = "expected a folder for each class, as in cats/1.png, or train/cats/1.png and test/cats/1.png"

Classes = dict[str, list[Path]]  # class name -> its image files


@dataclass
class Seen:
    """Facts of the decoded files, for the notices."""

    sizes: set[tuple[int, int]] = field(default_factory=set)
    grey: int = 0
    colour: int = 0
    transparent: int = 0


def read(path: Path, name: str, data: Data) -> Contents:
    """The images below a folder, decoded and brought to one shape; classes are sorted by name, 9 before 10.

    Raises:
        CondganError: the folders are not laid out as expected, or a file in a class folder is no readable image.
    """
    trees = {split: class_files(folder) for split, folder in split_folders(path).items()}
    class_names = tuple(sorted(trees["train"], key=natural))
    for split, tree in trees.items():
        for unknown in sorted(tree.keys() - trees["train"].keys(), key=natural):
            raise CondganError(f'{path}: class "{unknown}" of {split} is not in train: add it there, or remove it')
    files = [file for tree in trees.values() for group in tree.values() for file in group]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, on files that it reads all the same
        channels = data.channels or (3 if any(map(has_colour, files)) else 1)
        check_room(str(path), len(files) * channels * data.height * data.width)
        seen, splits = Seen(), {}
        for split, tree in trees.items():
            present = [label for label, name in enumerate(class_names) if name in tree]
            ordered = [file for label in present for file in tree[class_names[label]]]
            labels = np.repeat(np.array(present, np.int64), [len(tree[class_names[label]]) for label in present])
            splits[split] = Split(decode_all(ordered, channels, data, seen), labels)
    return Contents(name, class_names, splits, notices(seen, channels, data))


def split_folders(path: Path) -> dict[str, Path]:
    """The folder of class folders of each split; only ``train`` where the folder is not divided.

    Raises:
        CondganError: there is no folder to find classes in, or not all folders are splits.
    """
    below = [entry for entry in visible(path) if entry.is_dir()]
    images = [entry for entry in visible(path) if not entry.is_dir() and entry.suffix.lower() in SUFFIXES]
    if images:
        raise CondganError(f"{path} holds images that are in no class folder, as {images[0].name}: {LAYOUT}")
    if not below:
        raise CondganError(f"{path} holds no class folders: {LAYOUT}")
    divided = [folder for folder in below if folder.name in SPLITS and any(map(Path.is_dir, visible(folder)))]
    if not divided:
        return {"train": path}
    folders: dict[str, Path] = {}
    for folder in below:
        split = SPLITS.get(folder.name)
        if split is None:
            raise CondganError(f"{path} holds {divided[0].name} and {folder.name}: {LAYOUT}")
        if split in folders:
            raise CondganError(f"{path} holds both {folders[split].name} and {folder.name}: merge or rename one")
        folders[split] = folder
    if "train" not in folders:
        raise CondganError(f"{path} holds {divided[0].name} but no train: {LAYOUT}")
    return {split: folders[split] for split in ("train", "validation", "test") if split in folders}


def class_files(path: Path) -> Classes:
    """The image files of each class folder.

    Raises:
        CondganError: a class folder is empty, or holds something that is not an image.
    """
    classes: Classes = {}
    for folder in visible(path):
        if not folder.is_dir():
            if folder.suffix.lower() in SUFFIXES:
                raise CondganError(f"{folder} is in no class folder: {LAYOUT}")
            continue
        files = visible(folder)
        for file in files:
            if file.suffix.lower() not in SUFFIXES or not file.is_file():
                raise CondganError(
                    f"{file} in a class folder is not an image ({' '.join(sorted(SUFFIXES))}): "
                    "move it elsewhere, or convert it"
                )
        if not files:
            raise CondganError(f"{folder} is a class folder without images: add some, or remove it")
        classes[folder.name] = files
    if not classes:
        raise CondganError(f"{path} holds no class folders: {LAYOUT}")
    return classes


def visible(path: Path) -> list[Path]:
    """What a folder holds, in natural order, without hidden files and those that desktops leave behind."""
    entries = [
        entry
        for entry in path.iterdir()
        if not entry.name.startswith(".") and not (entry.name.lower() in IGNORED and entry.is_file())
    ]
    return sorted(entries, key=lambda entry: natural(entry.name))


def natural(name: str) -> tuple[list[str | int], str]:
    """A sorting key under which 9 comes before 10."""
    parts = re.split(r"(\d+)", name.casefold(), flags=re.ASCII)  # text and digits in turn
    return [int(part) if odd % 2 else part for odd, part in enumerate(parts)], name


def decode_all(files: list[Path], channels: Literal[1, 3], data: Data, seen: Seen) -> Images:
    """Image files -> uint8 (N, channels, size, size), each brought to its shape as soon as it is decoded."""
    images = room((len(files), channels, data.height, data.width), np.uint8)

    def block(start: int) -> list[tuple[tuple[int, int], bool, bool]]:
        facts = []
        for row, file in enumerate(files[start : start + BLOCK], start):
            raw, transparent = decode(file)
            facts.append(((raw.shape[1], raw.shape[0]), raw.ndim == 3, transparent))
            stack = to_grey(raw[None]) if channels == 1 and raw.ndim == 3 else raw[None]
            images[row] = with_channels(fit(stack, (data.height, data.width), data.fit), channels)[0]
        return facts

    with ThreadPoolExecutor(THREADS) as pool:
        for facts in pool.map(block, range(0, len(files), BLOCK)):
            for size, colour, transparent in facts:
                seen.sizes.add(size)
                seen.colour += colour
                seen.grey += not colour
                seen.transparent += transparent
    return images


def notices(seen: Seen, channels: int, data: Data) -> tuple[str, ...]:
    """What was done to the images, in words."""
    said = fit_notices(seen.sizes, data)
    if seen.transparent:
        said += (f"{seen.transparent} images with transparency were laid on black",)
    if channels == 1 and seen.colour:
        said += (TO_GREY,)
    if channels == 3 and seen.grey:
        said += (TO_RGB,)
    return said


READER = Reader("folder", "a folder of class folders", "train, and those with folders of their own", Path.is_dir, read)
