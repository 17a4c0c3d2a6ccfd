"""Keeping the images that the data's own classifier reads as what was asked for."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from condgan import arguments
from condgan.arrays import Labels, Samples
from condgan.errors import ArgumentError, CondganError
from condgan.evaluation import features, subjects
from condgan.evaluation.features import Say
from condgan.generation.generator import Generator, is_shipped


class Judge:
    """The feature network of the data that a generator was trained on, as a classifier.

    Attributes:
        confidence: least probability of the class that was asked for, between 0 and 1.
        sha256: of the network's weights.
        facts: the data and the accuracy of the network.
    """

    def __init__(self, generator: Generator, path: str, confidence: float, say: Say) -> None:
        """Find the network, or train it.

        Raises:
            CondganError: a confidence out of range, a generator without classes, or its data is not at hand.
        """
        if isinstance(confidence, bool) or not isinstance(confidence, float | int) or not 0 < confidence < 1:
            raise ArgumentError("keep", arguments.shown(confidence), "expected a probability between 0 and 1, as 0.9")
        if not generator.recipe.conditional or generator.domain.condition is not None:
            raise ArgumentError("keep", confidence, f"{generator.recipe.name} has no classes to judge by")
        place = Path(path)
        planned = generator.recipe.data
        known = None if is_shipped(path) else subjects.splits_of(place)
        try:
            dataset = subjects.real_images(planned, planned.source, [], known)
        except CondganError as error:
            raise ArgumentError("keep", confidence, f"its classifier learns from the data: {error}") from None
        subject = subjects.of_generator(generator, dataset, 0)
        self.network = features.of(dataset, say)
        self.dataset, self.classes, self.fit = dataset, subject.classes, generator.recipe.data.fit
        self.confidence, self.sha256, self.facts = confidence, self.network.sha256, self.network.facts

    def __call__(self, samples: Samples, labels: Labels) -> npt.NDArray[np.bool_]:
        """Which images (n, C, H, W) are read as their classes (n,), by at least the confidence."""
        images = subjects.fitted(samples, self.dataset, self.fit)
        posteriors = self.network.embed(images).posteriors
        return posteriors[np.arange(len(labels)), self.classes[labels]] >= self.confidence
