"""The subject of an evaluation, a generator or images, and the real images that it is compared with."""

from dataclasses import dataclass, replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Literal

import numpy as np

from condgan import data as datasets
from condgan.arrays import Images, Labels
from condgan.data import Dataset, Given, Split, identity, readers
from condgan.data.dataset import check_images, modality
from condgan.data.identity import Known
from condgan.data.prepare import prepare
from condgan.data.readers import passed
from condgan.data.sources import pooled, unlabelled
from condgan.data.tree import printable
from condgan.draws import philox
from condgan.draws.philox import Stream
from condgan.errors import CondganError, nearest
from condgan.evaluation import features
from condgan.evaluation.other_data import other_data, sentence
from condgan.evaluation.reference import Counts, in_turn
from condgan.generation import generator
from condgan.generation.generator import Generator
from condgan.recipe import Data, Domain
from condgan.results.protocol import GeneratorSubject, ImagesSubject, OtherData, UnlabelledSubject
from condgan.runs import moment
from condgan.runs.run import Run

Fit = Literal["pad", "crop", "stretch"]
BACK: dict[Fit, Fit] = {"pad": "crop", "crop": "pad", "stretch": "stretch"}
"""``data.fit`` -> its inverse."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A source of images: a generator, or a set of images, with labels or without.

    Attributes:
        source: a generator, or images in the form of the dataset; an array where they have no labels.
        dataset: the real images, in the form that is measured.
        classes: the dataset's class of each of the subject's own classes, (K',).
        seed: determines the latents, or which images are taken.
        resized: how the subject's images are resized, in words; empty if they are not.
        notices: what is to be known of it, in sentences.
        other: the data that a generator was trained on, if it is not the dataset.
    """

    source: Generator | Split | Images
    dataset: Dataset
    classes: Labels
    seed: int
    resized: str = ""
    notices: tuple[str, ...] = ()
    other: OtherData | None = None

    @property
    def conditional(self) -> bool:
        """Whether its images have labels, or vector conditions."""
        return isinstance(self.source, Split) or (isinstance(self.source, Generator) and self.source.recipe.conditional)

    def facts(self, path: str) -> GeneratorSubject | ImagesSubject | UnlabelledSubject:
        """The subject in the protocol; characters of the path that UTF-8 cannot encode are replaced."""
        path, source = printable(path), self.source
        if isinstance(source, Split):
            return ImagesSubject(path=path, images=len(source))
        if isinstance(source, np.ndarray):
            return UnlabelledSubject(path=path, images=len(source))
        return GeneratorSubject(
            path=path,
            recipe=source.recipe.name,
            engine=source.engine,
            images_seen=source.images_seen,
            trained_on=source.recipe.data.train_on,
        )

    def take(self, counts: Counts, first: int = 0, split: str = "test") -> tuple[Images, Labels | None]:
        """counts[k] images of the dataset's class k -> uint8 (N, C, H, W), and (N,) labels if they have any.

        A generator generates pictures first, first + 1, ..., and none of classes that it does not know. Of a set, at
        most all images are taken; the choice depends on the seed only. Where the dataset has vector conditions, all
        images are of one class; a generator generates them for the conditions of the split's images in turn.
        """
        images, labels = self._taken(counts, first, split)
        return images, labels if self.dataset.class_names else np.zeros(len(images), np.int64)

    def _taken(self, counts: Counts, first: int, split: str) -> tuple[Images, Labels | None]:
        own = np.array([counts[label] for label in self.classes]) if self.conditional else counts.sum(keepdims=True)
        if isinstance(self.source, Split):
            order = philox.permutation(self.seed, Stream.SPLIT, 0, len(self.source))
            shuffled = self.source.conditions(order)
            chosen = np.concatenate([order[shuffled == label][:count] for label, count in enumerate(own)])
            images, labels = self.source.take(np.sort(chosen))
            return images, self.classes[labels]
        if isinstance(self.source, np.ndarray):
            order = philox.permutation(self.seed, Stream.SPLIT, 0, len(self.source))
            return self.source[np.sort(order[: counts.sum()])], None
        fit, domain = self.source.recipe.data.fit, self.source.domain
        if domain.condition is None:
            requested = np.repeat(np.arange(len(own)), own)
            images = fitted(self.source.sample_classes(requested, self.seed, first), self.dataset, fit)
            return images, self.classes[requested] if self.conditional else None
        count = int(counts.sum())
        if not self.conditional:
            return fitted(self.source.sample_any(count, self.seed, first), self.dataset, fit), None
        asked = in_turn(self.dataset.splits[split].labels, count)
        return fitted(self.source.sample_conditions(asked, self.seed, first), self.dataset, fit), None


def of_generator(source: Generator, dataset: Dataset, seed: int) -> Subject:
    """A generator, to be compared with a dataset of the same classes, or with vector conditions of the same length.

    Raises:
        CondganError: it generates vectors, or classes or conditions that the dataset does not have.
    """
    recipe, domain, here = source.recipe, source.domain, dataset.domain()
    check_images(recipe.name, modality(domain.vector is not None, domain.condition is not None))
    if recipe.conditional and domain.condition != here.condition:
        raise CondganError(
            f"{recipe.name} has {conditioned(domain)}, and {dataset.name} has {conditioned(here)}: `data` names real "
            "images with conditions of the same kind"
        )
    resized = change(domain, here, recipe.data.fit)
    named = recipe.conditional and domain.condition is None
    classes = known(domain.class_names, dataset) if named else np.zeros(1, np.int64)
    return Subject(source, dataset, classes, seed, resized)


def find(
    path: str | PathLike[str],
    data: Given | None,
    overrides: list[str],
    seed: int,
    checkpoint: str,
    engine: str | None = None,
) -> Subject:
    """The subject at a path, and the dataset that it is compared with.

    Args:
        path: a run folder or a moment of it (``runs/a@100``), a generator file, or images in any format of
            ``data.readers``.
        data: the real images, as for `data.load`; none: those that the generator was trained on, or MNIST.
        overrides: of ``data.*``, as for training.
        seed: determines the generated images.
        checkpoint: of a run, ``last`` or ``best``.
        engine: of a generator, as for `generator.load`.

    Raises:
        CondganError: nothing there, or it does not fit the data.
    """
    place, epoch = moment.parse(path)
    shipped, given, path = generator.is_shipped(path), path, Path(path)
    if not shipped and not place.exists():
        raise CondganError(f'nothing at "{place}": give a run, a generator file, mnist, {readers.listed()}')
    if shipped or path.suffix == ".safetensors" or epoch is not None or (path / "recipe.json").is_file():
        source = generator.load(given, checkpoint, engine)
        splits = splits_of(place)
        dataset = real_images(source.recipe.data, data, overrides, splits)
        folder = place if (place / "recipe.json").is_file() else None
        counts = Run(folder).split_counts() if folder else {}
        other = other_data(source.domain, counts, dataset, partial(in_its_form, source, data, splits))
        subject = of_generator(source, dataset, seed)
        return replace(subject, other=other, notices=(sentence(other),)) if other else subject
    dataset = real_images(Data(), data, overrides)
    try:
        images, class_names, notices = pooled(path, form(dataset))
    except CondganError as no_labels:
        try:
            bare, notices = unlabelled(path, form(dataset))
        except CondganError:
            raise no_labels from None
        said = f"{path} has no labels: the figures that need them have no value"
        return Subject(bare, dataset, np.zeros(1, np.int64), seed, "; ".join(notices), (said,))
    check_images(str(path), images.modality)
    if class_names and dataset.class_names:
        return Subject(images, dataset, known(class_names, dataset), seed, "; ".join(notices))
    unseen = () if class_names else (f"{path} has vector conditions, which no figure looks at",)
    return Subject(images.images, dataset, np.zeros(1, np.int64), seed, "; ".join(notices), unseen)


def splits_of(place: Path) -> Known | None:
    """The splits of a run; none of a generator file, or of a run that has not written them."""
    return identity.load(Run(place).splits_file) if place.is_dir() else None


def in_its_form(source: Generator, data: Given | None, known: Known | None) -> Dataset:
    """The real images at the size and channels that a generator was trained on."""
    planned, arrays = source.recipe.data, data is not None and not isinstance(data, str | Path)
    if data is not None and not arrays:
        planned = planned.model_copy(update={"source": str(data)})
    return datasets.load(planned, data if arrays else None, known)


def real_images(planned: Data, source: Given | None, overrides: list[str], known: Known | None = None) -> Dataset:
    """The dataset in the form in which it is measured; images that a run knows are in its splits.

    Raises:
        CondganError: it cannot be read, has no images, or an override is not one of ``data``.
    """
    from condgan.recipe.text import override_section

    arrays = source is not None and not isinstance(source, str | Path)
    if source is not None:
        planned = planned.model_copy(update={"source": passed.NAME if arrays else str(source)})
    planned = override_section("data", planned, overrides)
    try:
        dataset = datasets.load(features.form(planned), source if arrays else None, known)
    except CondganError as error:
        if source is None and not Path(planned.source).exists():
            raise CondganError(f"{error}; `data` names where the real images lie now") from None
        raise
    check_images(dataset.name, dataset.train.modality)
    return dataset


def fitted(images: Images, dataset: Dataset, fit: Fit) -> Images:
    """Images of a generator in the form of a dataset: uint8 (N, C, H, W).

    ``fit`` brought the images that it was trained on to its own form; the way back is the inverse, so that a digit that
    was stretched to 24 x 32 has its proportions again.
    """
    if images.shape[1:] == dataset.train.images.shape[1:]:
        return images
    raw = images[:, 0] if images.shape[1] == 1 else images.transpose(0, 2, 3, 1)
    return prepare(raw, form(dataset).model_copy(update={"fit": BACK[fit]}), identify=False).images


def form(dataset: Dataset) -> Data:
    """What brings other images to the form of a dataset."""
    domain = dataset.domain()
    _, height, width = domain.shape
    return Data(size=f"{height}x{width}", channels=domain.channels)


def change(before: Domain, after: Domain, fit: Fit) -> str:
    """What ``fitted`` does, heights first: ``24x32 grey -> 28x28 grey (stretch)``; empty where that is nothing."""
    if before.shape == after.shape:
        return ""
    (_, *old), (_, *new) = before.shape, after.shape
    forms = (f"{d.shape[1]}x{d.shape[2]} {'grey' if d.channels == 1 else 'colour'}" for d in (before, after))
    return " -> ".join(forms) + (f" ({BACK[fit]})" if old[0] * new[1] != old[1] * new[0] else "")


def conditioned(domain: Domain) -> str:
    """What a domain is conditioned on, in words."""
    return f"{domain.classes} classes" if domain.condition is None else f"conditions of length {domain.condition}"


def known(names: tuple[str, ...], dataset: Dataset) -> Labels:
    """The dataset's class of each name, (K',); CondganError if it has no such class."""
    index = {name: label for label, name in enumerate(dataset.class_names)}
    for name in names:
        if name not in index:
            raise CondganError(
                f'class "{name}" is not in {dataset.name}{nearest(name, index)}: its classes are '
                f"{', '.join(dataset.class_names[:12])}; `data` names the real images of the same classes"
            )
    return np.array([index[name] for name in names], np.int64)
