"""A dataset: samples and their conditions, in three splits."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from condgan.arrays import MAX_CLASSES, MAX_LENGTH, MAX_NAME, Conditions, Samples
from condgan.data.rows import Index, Rows, resampled
from condgan.errors import CondganError
from condgan.recipe import Data, Domain

SPLITS = ("train", "validation", "test")
T = TypeVar("T", bound=np.generic)
TrainOn = Literal["auto", "train", "train+validation"]


@dataclass(frozen=True, eq=False)
class Split(Rows):
    """Rows in two arrays. Images uint8 (N, C, H, W) of C = 1 or 3 channels, and their labels int64 (N,); N may be 0.

    Vectors float32 (N, D) may stand for images, and vector conditions float32 (N, V) for labels.

    Raises:
        CondganError: the arrays have another type or shape.
    """

    resident = True
    images: Samples
    labels: Conditions
    sampling: Literal["as-is", "balanced", "sqrt"] = "as-is"
    """How often an epoch visits each class: see ``data.sampling``."""

    def __post_init__(self) -> None:
        """Check types and shapes."""
        images, labels = self.images, self.labels
        for name, array in (("images", images), ("labels", labels)):
            if not isinstance(array, np.ndarray):
                raise CondganError(f"{name} are of type {type(array).__name__}, expected a numpy array")
        if images.ndim == 2:
            check_vectors("vectors", images, len(images))
        else:
            self._check_images()
        if labels.ndim == 2:
            check_vectors("conditions", labels, len(images))
        elif labels.dtype != np.int64 or labels.shape != (len(images),):
            raise CondganError(f"labels are {labels.dtype} {labels.shape}, expected int64 ({len(images)},)")

    def _check_images(self) -> None:
        images = self.images
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1] not in (1, 3):
            raise CondganError(f"images are {images.dtype} {images.shape}, expected uint8 (N, 1 or 3, H, W)")

    def __len__(self) -> int:
        """The number of images, N."""
        return len(self.labels)

    @cached_property
    def sha256(self) -> str:
        """A hash of the shape, the images and the labels."""
        digest = hashlib.sha256()
        self.add_to(digest)
        return digest.hexdigest()

    def add_to(self, digest: "hashlib._Hash") -> None:
        """Add shape, images and labels to a hash, as little-endian bytes."""
        digest.update(f" {self.images.shape}".encode())
        for array in (self.images, self.labels):
            little = array.astype(array.dtype.newbyteorder("<"), copy=False)
            digest.update(np.ascontiguousarray(little).reshape(-1).view(np.uint8).data)

    def take(self, index: Index) -> tuple[Samples, Conditions]:
        """Rows -> images and labels; views for a range."""
        return self.images[index], self.labels[index]

    def conditions(self, index: Index) -> Conditions:
        """The labels of rows."""
        return self.labels[index]

    def order(self, seed: int, epoch: int) -> npt.NDArray[np.int64]:
        """The rows that an epoch visits: all once, or as often as ``sampling`` says."""
        if self.sampling == "as-is" or self.labels.ndim == 2:
            return super().order(seed, epoch)
        return resampled(self.labels, self.sampling, seed, epoch)

    @property
    def modality(self) -> str:
        """In words: ``images with classes``, ``vectors with vector conditions``, ..."""
        return modality(self.images.ndim == 2, self.labels.ndim == 2)


@dataclass(frozen=True, eq=False, kw_only=True)
class Reading:
    """How a dataset was read.

    Attributes:
        drawn: the splits that condgan drew itself.
        how: where the labels were read.
        skipped: files that were not read, by reason.
        background: ``data.background`` as it was decided.
        hashes: of the images of each split, (N, 2), in order; none where splits are fixed.
        sizes: how many images there are of each (height, width) in the source.
        pixels: the lowest and the highest value in the source.
    """

    drawn: tuple[str, ...] = ()
    how: str = ""
    skipped: Mapping[str, int] = field(default_factory=dict)
    background: str = "auto"
    hashes: Mapping[str, npt.NDArray[np.uint64]] = field(default_factory=dict)
    sizes: Mapping[tuple[int, int], int] = field(default_factory=dict)
    pixels: tuple[float, float] | None = None

    @property
    def reading(self) -> dict[str, Any]:
        """These attributes, by name."""
        return {each.name: getattr(self, each.name) for each in fields(Reading)}


@dataclass(frozen=True, eq=False)
class Dataset(Reading):
    """Labelled images in three splits; ``labels`` are indexes into ``class_names``, which vector conditions have not.

    Attributes:
        split_rule: where the splits come from, in a sentence.
        notices: what was done to the images.
        source: the path or the built-in name that it was read from, where a run is to record it.

    Raises:
        CondganError: a class name or label is not valid, the splits differ in shape, or train is empty.
    """

    name: str
    class_names: tuple[str, ...]
    train: Split
    validation: Split
    test: Split
    split_rule: str
    notices: tuple[str, ...] = ()
    source: str | None = None

    def __post_init__(self) -> None:
        """Check that names, labels and shapes belong together."""
        classes = self.train.labels.ndim == 1
        if classes:
            check_class_names(self.name, self.class_names)
        elif self.class_names:
            raise CondganError(f"{self.name} has vector conditions and class names: expected one or the other")
        if not len(self.train):
            raise CondganError(f"{self.name} has no training images: at least one is needed")
        for name, split in self.splits.items():
            given, expected = split.images.shape[1:], self.train.images.shape[1:]
            if given != expected:
                raise CondganError(f"{self.name}: images of {name} are {given}, those of train {expected}")
            given, expected = split.labels.shape[1:], self.train.labels.shape[1:]
            if given != expected:
                raise CondganError(f"{self.name}: conditions of {name} are {given}, those of train {expected}")
            if classes and len(split) and not 0 <= split.labels.min() <= split.labels.max() < len(self.class_names):
                raise CondganError(
                    f"{self.name}: labels of {name} lie in {split.labels.min()}..{split.labels.max()}, "
                    f"expected 0..{len(self.class_names) - 1}, indexes into class_names"
                )

    def __repr__(self) -> str:
        """``<Dataset mnist: 50000 train, 10000 validation, 10000 test of 1x28x28, 10 classes>``."""
        counts = ", ".join(f"{len(split)} {name}" for name, split in self.splits.items())
        form = "x".join(map(str, self.train.images.shape[1:]))
        of = f"{len(self.class_names)} classes" if self.class_names else f"conditions of {self.train.labels.shape[1]}"
        return f"<Dataset {self.name}: {counts} of {form}, {of}>"

    @property
    def splits(self) -> dict[str, Split]:
        """The three splits by name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    @cached_property
    def sha256(self) -> str:
        """A hash of the class names and of the shape, images and labels (or conditions) of every split."""
        digest = hashlib.sha256(json.dumps(self.class_names).encode())
        for name, split in self.splits.items():
            digest.update(name.encode())
            split.add_to(digest)
        return digest.hexdigest()

    def domain(self) -> Domain:
        """The domain of a generator that is trained on this dataset."""
        shape, conditions = self.train.images.shape[1:], self.train.labels
        form: dict[str, Any] = {"vector": shape[0]}
        if len(shape) == 3:
            form = {"channels": shape[0], "size": shape[1], "width": None if shape[1] == shape[2] else shape[2]}
        return Domain(
            **form,
            class_names=self.class_names,
            condition=conditions.shape[1] if conditions.ndim == 2 else None,
            data=self.name,
            data_sha256=self.sha256,
        )

    def training_splits(self, train_on: TrainOn) -> Literal["train", "train+validation"]:
        """What ``data.train_on`` stands for: a validation split of the user's own is only trained on if requested."""
        if train_on == "auto":
            return "train+validation" if "validation" in self.drawn else "train"
        return train_on

    def trained_on(self, data: Data) -> Split:
        """The images that a recipe learns from; no copy where they lie side by side."""
        both = self.training_splits(data.train_on) == "train+validation"
        if not both and data.sampling == "as-is":
            return self.train
        images, labels = self.train.images, self.train.labels
        if both:
            images, labels = joined(images, self.validation.images), joined(labels, self.validation.labels)
        return Split(images, labels, data.sampling)


@dataclass(frozen=True, eq=False)
class Contents(Reading):
    """What a source holds: train, other splits if it has them, and the rule if it defines all three itself.

    ``drawn`` names those of its splits that condgan draws from its training images, as MNIST's validation images.
    """

    name: str
    class_names: tuple[str, ...]
    splits: Mapping[str, Split]
    notices: tuple[str, ...] = ()
    split_rule: str | None = None


def modality(vectors: bool, conditions: bool) -> str:
    """Samples and conditions in words."""
    return f"{'vectors' if vectors else 'images'} with {'vector conditions' if conditions else 'classes'}"


def check_images(what: str, given: str) -> None:
    """Refuse to measure anything else.

    Raises:
        CondganError: ``given``, a ``modality``, is of vectors.
    """
    if given not in (modality(False, False), modality(False, True)):
        raise CondganError(
            f"{what}: {given}, and only images can be measured: judge what `condgan sample` writes by a measure of "
            "your own"
        )


def check_vectors(what: str, vectors: Samples, count: int) -> None:
    """Refuse what are not ``count`` vectors.

    Raises:
        CondganError: another type or shape.
    """
    if vectors.dtype != np.float32 or len(vectors) != count or not 1 <= vectors.shape[1] <= MAX_LENGTH:
        raise CondganError(f"{what} are {vectors.dtype} {vectors.shape}, expected float32 ({count}, 1 to {MAX_LENGTH})")


def check_class_names(what: str, names: tuple[str, ...]) -> None:
    """Refuse names that cannot be printed, told apart, or kept in a generator's header.

    Raises:
        CondganError: naming ``what`` and the first bad name.
    """
    if not 1 <= len(names) <= MAX_CLASSES:
        raise CondganError(f"{what} has {len(names)} classes, expected 1 to {MAX_CLASSES}")
    seen: set[str] = set()
    for name in names:
        if not name.strip() or not name.isprintable() or len(name) > MAX_NAME:
            shown = ascii(name if len(name) <= MAX_NAME else name[:40] + "...")
            raise CondganError(f"{what}: class name {shown} is not 1 to {MAX_NAME} printable characters: rename it")
        if name in seen:
            raise CondganError(f'{what}: two classes are named "{name}": rename one')
        seen.add(name)


def joined(first: npt.NDArray[T], second: npt.NDArray[T]) -> npt.NDArray[T]:
    """Both arrays as one: a view where the second follows the first in the same memory, else a copy."""
    neighbours = (
        first.base is not None
        and first.base is second.base
        and first.flags.c_contiguous
        and second.flags.c_contiguous
        and first.shape[1:] == second.shape[1:]
        and first.ctypes.data + first.nbytes == second.ctypes.data
    )
    if not neighbours:
        return np.concatenate([first, second])
    return np.lib.stride_tricks.as_strided(first, (len(first) + len(second), *first.shape[1:]), first.strides)
