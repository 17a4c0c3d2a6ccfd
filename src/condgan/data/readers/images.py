"""Image files below a folder or in an archive: each is opened once, decoded and brought to shape."""

import warnings
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import numpy as np

from condgan.arrays import Images
from condgan.data import archives
from condgan.data.dataset import SPLITS, Contents, Split
from condgan.data.memory import check_room
from condgan.data.readers import layouts
from condgan.data.readers.decode import SUFFIXES, decode, opened
from condgan.data.readers.doubts import EXPECTED, other_formats
from condgan.data.readers.layouts import Item
from condgan.data.readers.names import natural
from condgan.data.readers.reader import Progress, Reader, Sample, silent
from condgan.data.readers.store import Store, finished
from condgan.data.readers.tables import ENDINGS
from condgan.data.tree import File, Tree
from condgan.errors import CondganError
from condgan.recipe import Data

THREADS = 4
BLOCK = 64  # images that a thread takes at a time
PEEKED = 200  # images whose headers tell the usual size
SAMPLED_BYTES = 64 << 20  # of files, at most about, that a sample reads
MOST_SHOWN = 10  # problems in one error
CONVERTIBLE = {
    **dict.fromkeys((".psd", ".svg", ".eps", ".pdf", ".ico", ".jp2", ".jxl", ".exr", ".hdr", ".tga", ".dds"), "PNG"),
    **dict.fromkeys((".cr2", ".cr3", ".nef", ".arw", ".dng", ".raf", ".orf", ".rw2"), "TIFF or PNG"),
    **dict.fromkeys((".dcm", ".nii", ".mha", ".mhd", ".czi", ".lif", ".svs"), "PNG of 8 or 16 bits"),
    **dict.fromkeys((".mp4", ".avi", ".mov", ".mkv", ".webm"), "PNG, one for each frame"),
}
"""Pictures that are not read, and what to convert them to."""


def read(path: Path, name: str, data: Data, progress: Progress = silent) -> Contents:
    """The images below a folder or in an archive; classes are sorted by name, 9 before 10.

    Raises:
        CondganError: it is not told where the labels are; files are damaged, all of them named.
    """
    with closing(archives.grow(path)) as files:
        return contents(files, name, data, *listed(files, data), progress)


def sample(path: Path, name: str, data: Data, most: int) -> Sample | None:
    """At most so many of the images, and not more than can be read at once; none where these are all.

    Raises:
        CondganError: as ``read``.
    """
    with closing(archives.grow(path)) as files:
        listing, skipped = listed(files, data)
        items = listing.items
        step = max(-(-len(items) // most), -(-sum(item.file.size for item in items) // SAMPLED_BYTES))
        if step <= 1:
            return None
        found = contents(files, name, data, listing, skipped, silent, step)
    numbers = {label: number for number, label in enumerate(found.class_names)}
    counts = {split: np.zeros(len(numbers), np.int64) for split in dict.fromkeys(item.split for item in items)}
    for item in items:
        counts[item.split][numbers[item.label]] += 1
    return Sample(found, counts)


def listed(files: Tree, data: Data) -> tuple[layouts.Listing, Counter[str]]:
    """The images of a tree with their labels, and how many files are skipped, by reason.

    Raises:
        CondganError: there are none, or it is not told where the labels are.
    """
    images, skipped = image_files(files)
    listing = layouts.listing(files, images, data)
    return listing, skipped + Counter(listing.skipped)


def contents(
    files: Tree, name: str, data: Data, listing: layouts.Listing, skipped: Counter[str], progress: Progress,
    step: int = 1,
) -> Contents:  # fmt: skip
    """The images of a listing, or each of so many.

    Raises:
        CondganError: files are damaged.
    """
    class_names = tuple(sorted({item.label for item in listing.items}, key=natural))
    order = [item for split in SPLITS for item in listing.items if item.split == split][::step]
    store = decode_all(files, [item.file for item in order], data, progress)
    arrays, background, notices = finished(store, str(files.root), data)
    numbers = {label: number for number, label in enumerate(class_names)}
    labels = np.array([numbers[item.label] for item in order], np.int64)
    splits, hashes = {}, {}
    for split in dict.fromkeys(item.split for item in order):
        rows = slice(*bounds(order, split))
        splits[split] = Split(arrays[rows], labels[rows])
        hashes[split] = store.hashes[rows]
    tables = tables_of(listing)
    return Contents(
        name,
        class_names,
        splits,
        listing.notices + notices,
        how=listing.how,
        skipped=Counter({reason: count for reason, count in skipped.items() if count and reason not in tables}),
        background=background,
        hashes={} if data.reading == 1 else hashes,
        sizes=store.facts.sizes,
        pixels=store.facts.range(),
    )


def unlabelled(path: Path, data: Data, progress: Progress = silent) -> tuple[Images, tuple[str, ...]]:
    """The images in a folder or archive, uint8 (N, C, H, W), without labels; and what was done to them.

    Raises:
        CondganError: there are none, or they lie in several folders; files are damaged.
    """
    files = archives.grow(path)
    try:
        images, _ = image_files(files)
        if len({file.path.parent for file in images}) > 1:
            raise CondganError(
                f"{path} has images in several folders: only images in one folder are taken without labels"
            )
        arrays, _, notices = finished(decode_all(files, images, data, progress), str(path), data)
    finally:
        files.close()
    return arrays, notices


def peek(path: Path) -> tuple[int, Counter[tuple[int, int]]]:
    """The number of images, and the (height, width) of some of them, from their headers.

    Raises:
        CondganError: there are no images.
    """
    files = archives.grow(path)
    sizes: Counter[tuple[int, int]] = Counter()
    try:
        images, _ = image_files(files)
        for file in images[:: max(1, len(images) // PEEKED)]:
            with suppress(CondganError), files.open(file) as stream, opened(stream, str(file.path)) as image:
                sizes[image.height, image.width] += 1
    finally:
        files.close()
    return len(images), sizes


def bounds(order: Sequence[Item], split: str) -> tuple[int, int]:
    """The range of rows of a split."""
    rows = [row for row, item in enumerate(order) if item.split == split]
    return rows[0], rows[-1] + 1


def tables_of(listing: layouts.Listing) -> set[str]:
    """Reasons that do not count: the tables that the labels were read from."""
    return {f"{ending} files" for ending in (*ENDINGS, ".cls")} if listing.how.startswith("labels from") else set()


def image_files(files: Tree) -> tuple[list[File], Counter[str]]:
    """The image files of a tree, and how many others there are, by kind.

    Raises:
        CondganError: there are no images, or pictures in a format that is not read.
    """
    images: list[File] = []
    skipped = Counter(files.skipped)
    refused: Counter[str] = Counter()
    for file in files.files.values():
        ending = file.path.suffix.lower()
        if ending in SUFFIXES or (not ending and starts_like_an_image(files, file)):
            images.append(file)
        elif ending in CONVERTIBLE:
            refused[ending] += 1
        elif file.path.name != layouts.NAMES_FILE:
            skipped[f"{ending or 'nameless'} files"] += 1
    if refused:
        listed = ", ".join(f"{count} {ending} files (convert them to {CONVERTIBLE[ending]})" for ending, count in
                           refused.most_common())  # fmt: skip
        raise CondganError(f"{files.root} has pictures that are not read: {listed}, or move them elsewhere")
    if not images:
        if elsewhere := other_formats(files):
            raise CondganError(elsewhere)
        what = ", ".join(f"{count} {kind}" for kind, count in skipped.most_common(5))
        raise CondganError(f"{files.root} has no images{what and f' but {what}'}: {EXPECTED}")
    return images, skipped


def starts_like_an_image(files: Tree, file: File) -> bool:
    """Whether a file without an ending begins as PNG, JPEG, GIF, BMP, WebP or TIFF files do."""
    start = files.read(file, 11)
    return start.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*")) or start[8:12] == b"WEBP"


def decode_all(files: Tree, images: Sequence[File], data: Data, progress: Progress) -> Store:
    """Each image file, opened once and brought to shape.

    Raises:
        CondganError: they do not fit into memory; or some are damaged, all of them counted and the first ten named.
    """
    check_room(str(files.root), len(images) * (data.channels or 1) * data.height * data.width)
    store = Store(len(images), data)

    def block(start: int) -> None:
        for row, file in enumerate(images[start : start + BLOCK], start):
            try:
                with files.open(file) as stream:
                    decoded = decode(stream, files.shown(file.path), by_content=data.reading > 1)
                store.put(row, decoded)
            except CondganError as error:
                with store.lock:
                    store.facts.problems.append(str(error))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, on files that it reads all the same
        with ThreadPoolExecutor(THREADS) as pool:
            for done, _ in enumerate(pool.map(block, range(0, len(images), BLOCK)), 1):
                progress("reading images", min(done * BLOCK, len(images)), len(images))
    refuse_damaged(files, store.facts.problems, len(images))
    return store


def refuse_damaged(files: Tree, problems: Sequence[str], count: int) -> None:
    """Refuse damaged files, all at once.

    Raises:
        CondganError: a line that sums them up, then the first ten.
    """
    if len(problems) == 1:
        raise CondganError(problems[0])
    if problems:
        listed = sorted(problems, key=natural)[:MOST_SHOWN]
        more = [f"... and {len(problems) - MOST_SHOWN} more"] if len(problems) > MOST_SHOWN else []
        raise CondganError(
            "\n  ".join([f"{files.root}: {len(problems)} of {count} images cannot be read:", *listed, *more])
        )


def is_tree(path: Path) -> bool:
    """Whether a path is a folder, or a zip or tar archive."""
    return path.is_dir() or archives.is_archive(path)


READER = Reader(
    "images",
    "a folder of class folders",
    "train, and those with folders or a column of their own",
    is_tree,
    read,
    endings=archives.ENDINGS,
    peek=peek,
    sample=sample,
)
