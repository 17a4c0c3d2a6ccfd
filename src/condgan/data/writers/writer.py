"""What a format of datasets must provide to be written: part by part, and then as a whole."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from condgan.arrays import Conditions, Samples
from condgan.storage import pictures
from condgan.storage.manifest import Manifest

OUT, PARTS = "out", "parts"
"""In the folder where a dataset is written: what is moved to its path in the end, and what that is made of."""


@dataclass(frozen=True, eq=False)
class Content:
    """What is to be written.

    Attributes:
        shape: of a sample, (C, H, W) or (D,).
        class_names: none where conditions are vectors.
        condition: length of vector conditions; none: classes.
        manifest: of kind ``set``, without ``content``.
        single: whether the dataset is one file.
    """

    shape: tuple[int, ...]
    class_names: tuple[str, ...]
    condition: int | None
    manifest: Manifest
    single: bool

    @property
    def images(self) -> bool:
        """Whether samples are images."""
        return len(self.shape) == 3


@dataclass(frozen=True, eq=False)
class Part:
    """Some samples of a dataset.

    Attributes:
        number: of this part, from 0 on.
        first: how many samples the parts before it have.
        before: how many of each class they have, (K,).
        samples, conditions: (n, ...) both.
        numbers: of each sample under the seed, (n,).
    """

    number: int
    first: int
    before: npt.NDArray[np.int64]
    samples: Samples
    conditions: Conditions
    numbers: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Whole:
    """All parts of a dataset.

    Attributes:
        parts: samples of each part.
        manifest: with ``content``, but for the hashes of files.
        card: what the dataset is, as Markdown.
    """

    parts: tuple[int, ...]
    manifest: Manifest
    card: str

    @property
    def count(self) -> int:
        """Samples of all parts."""
        return sum(self.parts)


@dataclass(frozen=True)
class Writer:
    """A row of the table in ``condgan.data.writers``.

    Attributes:
        name: of the format, as ``--format`` has it.
        words: what is written, as in "give the path of ...".
        ending: of paths that are one file of this format; empty: it is always a folder.
        vectors: whether samples or conditions may be vectors.
        refusal: why it cannot hold a content; none if it can.
        add: write a part into a folder. A part that is written again makes the same files.
        finish: make ``OUT`` in that folder, once all parts are there.
        extra: what ``pip install`` needs for it.
    """

    name: str
    words: str
    ending: str
    vectors: bool
    refusal: Callable[[Content], str | None]
    add: Callable[[Path, Content, Part], None]
    finish: Callable[[Path, Content, Whole], None]
    extra: str = ""


def holds_all(content: Content) -> str | None:
    """No refusal."""
    return None


def raw(samples: Samples) -> Samples:
    """Images (n, C, H, W) as files have them: (n, H, W) or (n, H, W, 3); vectors as they are."""
    if samples.ndim == 2:
        return samples
    return np.ascontiguousarray(samples.transpose(0, 2, 3, 1) if samples.shape[1] == 3 else samples[:, 0])


def pngs(content: Content, part: Part) -> Iterator[tuple[int, bytes]]:
    """The class and the PNG of each image of a part, in order; each says what it is.

    Its ``sample`` is that of ``generation.jobs.Row`` with one image.
    """
    seed = (content.manifest.sample or {})["seed"]
    for pixels, label, number in zip(raw(part.samples), part.conditions.tolist(), part.numbers.tolist(), strict=True):
        sample = {"seed": seed, "labels": [content.class_names[label]]} | ({"index": number} if number else {})
        yield label, pictures.png(pixels, content.manifest.of("image", sample))


def staged(folder: Path, part: int, name: str) -> Path:
    """Where a part keeps something for ``finish``."""
    return folder / PARTS / f"{part:06d}.{name}"


def facts(manifest: Manifest) -> str:
    """A manifest as a dataset has it, as indented JSON."""
    return json.dumps(manifest.model_dump(exclude_none=True), indent=2, ensure_ascii=False) + "\n"
