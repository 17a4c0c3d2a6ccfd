"""What is measured: a generator, or labelled images that anyone made; and the real images that it is held against."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from condgan import data as datasets
from condgan.arrays import Images, Labels
from condgan.data import Dataset, Given, Split, readers
from condgan.data.dataset import check_labelled_images, modality
from condgan.data.fit import prepare
from condgan.data.readers import passed
from condgan.data.sources import pooled, printable
from condgan.draws import philox
from condgan.draws.philox import Stream
from condgan.errors import CondganError, nearest
from condgan.evaluation import features
from condgan.generation import generator
from condgan.generation.generator import Generator
from condgan.recipe import Data, Domain
from condgan.results.protocol import GeneratorSubject, ImagesSubject
from condgan.runs import moment

Fit = Literal["pad", "crop", "stretch"]
BACK: dict[Fit, Fit] = {"pad": "crop", "crop": "pad", "stretch": "stretch"}
"""``data.fit`` -> its inverse."""


@dataclass(frozen=True, eq=False)
class Subject:
    """Where labelled images come from: a generator, or a set of them.

    Attributes:
        source: a generator, or images in the form of the dataset.
        dataset: the real images, in the form that is measured.
        classes: the dataset's class of each of the subject's own classes, (K',).
        seed: decides the latents, or which images are taken.
        resized: what is done to the subject's images, in words; empty where nothing is.
    """

    source: Generator | Split
    dataset: Dataset
    classes: Labels
    seed: int
    resized: str = ""

    @property
    def conditional(self) -> bool:
        """Whether its images have labels."""
        return isinstance(self.source, Split) or self.source.recipe.conditional

    def facts(self, path: str) -> GeneratorSubject | ImagesSubject:
        """What is measured, for the protocol; a path that is no text is shown as nearly as can be written."""
        path, source = printable(path), self.source
        if isinstance(source, Split):
            return ImagesSubject(path=path, images=len(source))
        return GeneratorSubject(
            path=path,
            recipe=source.recipe.name,
            engine=source.engine,
            images_seen=source.images_seen,
            trained_on=source.recipe.data.train_on,
        )

    def take(self, counts: npt.NDArray[np.int64], first: int = 0) -> tuple[Images, Labels | None]:
        """counts[k] images of the dataset's class k -> uint8 (N, C, H, W), and (N,) labels if they have any.

        A generator makes its pictures first, first + 1, ...; of classes that it does not know it makes none. Of a set,
        at most as many are taken as there are, always the same.
        """
        own = np.array([counts[label] for label in self.classes]) if self.conditional else counts.sum(keepdims=True)
        if isinstance(self.source, Split):
            order = philox.permutation(self.seed, Stream.SPLIT, 0, len(self.source))
            of = self.source.conditions(order)
            chosen = np.sort(np.concatenate([order[of == label][:count] for label, count in enumerate(own)]))
            images, labels = self.source.take(chosen)
            return images, self.classes[labels]
        asked = np.repeat(np.arange(len(own)), own)
        fit = self.source.recipe.data.fit
        images = fitted(self.source.sample_classes(asked, self.seed, first), self.dataset, fit)
        return images, self.classes[asked] if self.conditional else None


def of_generator(made: Generator, dataset: Dataset, seed: int) -> Subject:
    """A generator, held against a dataset of the same classes.

    Raises:
        CondganError: it makes vectors, or classes that the dataset does not have.
    """
    check_labelled_images(made.recipe.name, modality(made.domain.vector is not None, made.domain.condition is not None))
    resized = change(made.domain, dataset.domain(), made.recipe.data.fit)
    classes = known(made.domain.class_names, dataset) if made.recipe.conditional else np.zeros(1, np.int64)
    return Subject(made, dataset, classes, seed, resized)


def find(
    path: Path, data: Given | None, overrides: list[str], seed: int, checkpoint: str, engine: str | None = None
) -> Subject:
    """What lies at a path, and the dataset that it is held against.

    Args:
        path: a run folder or a moment of it (``runs/a@100``), a generator file, or images in any format of
            ``data.readers``.
        data: the real images, as for `data.load`; none: those that the generator was trained on, or MNIST.
        overrides: of ``data.*``, as for training.
        seed: decides what is drawn.
        checkpoint: of a run, ``last`` or ``best``.
        engine: of a generator, as for `generator.load`.

    Raises:
        CondganError: nothing there, or it does not fit the data.
    """
    shipped = generator.is_shipped(path)
    place, epoch = moment.parse(path)
    if not shipped and not place.exists():
        raise CondganError(f'nothing at "{place}": give a run, a generator file, mnist, {readers.listed()}')
    if shipped or path.suffix == ".safetensors" or epoch is not None or (path / "recipe.json").is_file():
        made = generator.load(path, checkpoint, engine)
        return of_generator(made, real_images(made.recipe.data, data, overrides, made.recipe.seed), seed)
    dataset = real_images(Data(), data, overrides, 0)
    images, class_names, notices = pooled(path, form(dataset))
    check_labelled_images(str(path), images.modality)
    return Subject(images, dataset, known(class_names, dataset), seed, "; ".join(notices))


def real_images(planned: Data, source: Given | None, overrides: list[str], seed: int) -> Dataset:
    """The dataset in the form in which it is measured.

    Raises:
        CondganError: it cannot be read, has no labelled images, or an override is not one of ``data``.
    """
    from condgan.recipe.text import override_section

    arrays = source is not None and not isinstance(source, str | Path)
    if source is not None:
        planned = planned.model_copy(update={"source": passed.NAME if arrays else str(source)})
    changed = override_section("data", planned, overrides)
    try:
        found = datasets.load(features.form(changed), seed, source if arrays else None)
    except CondganError as error:
        if source is None and not Path(changed.source).exists():
            raise CondganError(f"{error}; `data` names where the real images lie now") from None
        raise
    check_labelled_images(found.name, found.train.modality)
    return found


def fitted(images: Images, dataset: Dataset, fit: Fit) -> Images:
    """Images of a generator in the form of a dataset: uint8 (N, C, H, W).

    ``fit`` brought the images that it was trained on to its own form; the way back is the inverse, so that a digit that
    was stretched to 24 x 32 has its proportions again.
    """
    if images.shape[1:] == dataset.train.images.shape[1:]:
        return images
    raw = images[:, 0] if images.shape[1] == 1 else images.transpose(0, 2, 3, 1)
    return prepare(raw, form(dataset).model_copy(update={"fit": BACK[fit]}))[0]


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


def known(names: tuple[str, ...], dataset: Dataset) -> Labels:
    """The dataset's class of each name, (K',).

    Raises:
        CondganError: it has no such class.
    """
    index = {name: label for label, name in enumerate(dataset.class_names)}
    for name in names:
        if name not in index:
            raise CondganError(
                f'class "{name}" is not in {dataset.name}{nearest(name, index)}: its classes are '
                f"{', '.join(dataset.class_names[:12])}; `data` names the real images of the same classes"
            )
    return np.array([index[name] for name in names], np.int64)
