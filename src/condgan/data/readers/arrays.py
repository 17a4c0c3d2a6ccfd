"""Arrays of images and labels as people have them -> what a dataset holds; every reader of arrays ends here."""

from collections import Counter
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from math import isqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from condgan.arrays import MIN_SIZE
from condgan.data.dataset import Contents, Split
from condgan.data.fit import is_grey, read_as_grey
from condgan.data.prepare import Hashes, prepare
from condgan.data.ranges import to_bytes
from condgan.data.readers.labels import numbered
from condgan.data.vectors import check_spread, vectors
from condgan.errors import CondganError
from condgan.recipe import Data

Array = npt.NDArray[Any]

SHAPES = "(N, H, W), (N, H, W, 1 or 3) or (N, 1 or 3, H, W)"


@dataclass
class Part:
    """The arrays of a split, and how a user calls them.

    Attributes:
        samples: images of any layout and range, or vectors.
        conditions: labels of any form, or vector conditions.
    """

    samples: Array
    conditions: Array
    samples_name: str = "images"
    conditions_name: str = "labels"


@dataclass
class Arrays:
    """All that a source of arrays holds.

    Attributes:
        what: names the source in an error.
        parts: by split; they are used up, so that memory never contains all pixels twice.
        vectors: whether samples are vectors.
        conditions: whether conditions are vectors.
        class_names: text (K,), if the source has them.
        how: how they were read.
        skipped: what was left out, by reason.
        notices: what was done to them.
    """

    what: str
    parts: MutableMapping[str, Part]
    vectors: bool = False
    conditions: bool = False
    class_names: Array | None = None
    how: str = ""
    skipped: Mapping[str, int] = field(default_factory=dict)
    notices: tuple[str, ...] = ()


def contents(name: str, source: Arrays, data: Data) -> Contents:
    """A dataset of these arrays, its images brought to one shape.

    Raises:
        CondganError: an array is of the wrong type or shape, or does not belong to the others.
    """
    what, parts = source.what, source.parts
    samples = {split: taken(source, part, data) for split, part in parts.items()}
    class_names: tuple[str, ...] = ()
    labels: dict[str, Array]
    sentences, background, pixels = source.notices, "auto", None
    hashes: dict[str, Hashes] = {}
    sizes: Counter[tuple[int, int]] = Counter()
    if source.conditions:
        labels = {split: vectors(f"{what}: {part.conditions_name}", part.conditions) for split, part in parts.items()}
    else:
        named = {split: (part.conditions_name, part.conditions) for split, part in parts.items()}
        class_names, indexes = numbered(what, named, source.class_names)
        labels = dict(indexes)
    for split, part in parts.items():
        check_lengths(source, part, len(samples[split]), len(labels[split]))
    if source.vectors:
        sentences += check_spread("vectors", samples["train"])
    else:
        pixels = span(samples)
        sizes = Counter(images.shape[1:3] for images in samples.values() for _ in range(len(images)))
        samples, hashes, background, notices = fitted(what, samples, data)
        sentences += notices
    if source.conditions:
        sentences += check_spread("conditions", labels["train"])
    splits = {split: Split(samples[split], labels[split]) for split in parts}
    return Contents(
        name,
        class_names,
        splits,
        tuple(dict.fromkeys(sentences)),
        how=source.how,
        skipped=source.skipped,
        background=background,
        hashes=hashes,
        sizes=sizes,
        pixels=pixels,
    )


def span(samples: Mapping[str, Array]) -> tuple[float, float] | None:
    """The lowest and the highest value of all images; none where there are no values."""
    ends = [(images.min(), images.max()) for images in samples.values() if images.size and images.dtype.kind in "biuf"]
    return (float(min(low for low, _ in ends)), float(max(high for _, high in ends))) if ends else None


def taken(source: Arrays, part: Part, data: Data) -> Array:
    """The vectors of a split, or its images in one of two layouts.

    Raises:
        CondganError: another type or shape.
    """
    samples, part.samples = part.samples, np.empty(0)  # so that pixels are given back once they are converted
    if source.vectors:
        return vectors(f"{source.what}: {part.samples_name}", samples)
    if data.reading == 1 and samples.dtype != np.uint8:
        raise CondganError(
            f"{source.what}: {part.samples_name} are {samples.dtype}, expected uint8 in 0..255: data.reading=2 reads "
            "other ranges"
        )
    return raw_images(source.what, part.samples_name, samples, len(part.conditions) if part.conditions.ndim else 0)


def fitted(
    what: str, raw: dict[str, Array], data: Data
) -> tuple[dict[str, Array], dict[str, Hashes], str, tuple[str, ...]]:
    """Images of each split in one shape, uint8 (N, C, H, W); their hashes, their background, and what was done to them.

    ``raw`` is used up.
    """
    notices: tuple[str, ...] = ()
    if data.reading > 1:
        converted, notices = to_bytes(raw, what)
        raw.update(converted)
    if data.channels is None and data.reading > 1:
        notices += without_colour(raw)
    if any(images.ndim == 4 for images in raw.values()):
        data = data.model_copy(update={"channels": data.channels or 3})
    images: dict[str, Array] = {}
    hashes: dict[str, Hashes] = {}
    for split in list(raw):  # train comes first, and decides the background of all
        images[split], sentences, identities, background = prepare(raw.pop(split), data)
        data = data.model_copy(update={"background": background})
        notices += sentences
        if len(identities):
            hashes[split] = identities
    return images, hashes, data.background, notices


def without_colour(raw: dict[str, Array]) -> tuple[str, ...]:
    """Make images that are stored in colour, and whose pixels are all grey, grey: in place -> that in a sentence."""
    colour = [split for split, images in raw.items() if images.ndim == 4]
    if not colour or not all(is_grey(raw[split]).all() for split in colour):
        return ()
    raw.update({split: raw[split][..., 0] for split in colour})
    return (read_as_grey(sum(len(raw[split]) for split in colour)),)


def check_lengths(source: Arrays, part: Part, samples: int, conditions: int) -> None:
    """Refuse samples without conditions, and the reverse.

    Raises:
        CondganError: there is not one for each.
    """
    kinds = "vector" if source.vectors else "image", "condition" if source.conditions else "label"
    check_length(source.what, samples, part.samples_name, conditions, part.conditions_name, kinds)


def check_length(
    what: str, samples: int, called: str, conditions: int, named: str, kinds: tuple[str, str] = ("image", "label")
) -> None:
    """Refuse ``samples`` of one name and ``conditions`` of another that are not as many.

    Raises:
        CondganError: there is not one for each.
    """
    if samples != conditions:
        raise CondganError(
            f"{what}: {samples} {called} but {conditions} {named}: expected one {kinds[1]} for each {kinds[0]}"
        )


def raw_images(what: str, key: str, images: Array, count: int) -> Array:
    """Whatever layout the images have -> (N, H, W) or (N, H, W, 3) of the same pixels.

    Args:
        what: contains them, in an error.
        key: their name.
        images: as they are.
        count: how many labels there are.

    Raises:
        CondganError: another shape, or no images.
    """
    first, last = images.ndim == 4 and images.shape[1] in (1, 3), images.ndim == 4 and images.shape[3] in (1, 3)
    if images.ndim not in (3, 4) or (images.ndim == 4 and first == last):
        raise CondganError(f"{what}: {key} have shape {images.shape}, expected {SHAPES}{cure(images.shape, count)}")
    if not images.size:
        raise CondganError(f"{what}: {key} have shape {images.shape}: expected at least one image of one pixel")
    if first:
        images = images.transpose(0, 2, 3, 1)
    return images[..., 0] if images.ndim == 4 and images.shape[3] == 1 else images


def cure(shape: tuple[int, ...], count: int) -> str:
    """What to save instead of images of a shape that is not known, or nothing."""
    if len(shape) == 2:
        for channels in (1, 3):
            side = isqrt(shape[1] // channels)
            if side >= MIN_SIZE and channels * side * side == shape[1]:
                sides = f"{side}, {side}" if channels == 1 else f"3, {side}, {side}"
                return f": save images.reshape(-1, {sides}) if rows are images"
    if len(shape) == 4:
        if shape[3] == count and shape[2] in (1, 3) and shape[0] != count:
            return ": save images.transpose(3, 0, 1, 2)"
        for channels, place in ((4, ":3"), (2, "0")):
            if shape[3] == channels:
                return f": save images[..., {place}] to leave transparency out"
            if shape[1] == channels:
                return f": save images[:, {place}] to leave transparency out"
    return ""
