"""What is known of the spread of figures between trainings, from many trainings of a recipe that differ in their seed.

``benchmarks/compare_calibration.py`` trains them, and writes the file.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from condgan.experiments.differences import Known
from condgan.recipe import Recipe
from condgan.recipe.fingerprint import fingerprint

FILE = "spreads.json"


@dataclass(frozen=True)
class Spreads:
    """The spreads of a recipe.

    Attributes:
        recipe: its name.
        trainings: how many there were.
        images: generated images of an evaluation.
        spread, mean: of each figure, on validation images.
    """

    recipe: str
    trainings: int
    images: int
    spread: Mapping[str, float]
    mean: Mapping[str, float]

    def known(self, name: str) -> Known | None:
        """Of a figure, as the comparison of trainings takes it."""
        if name not in self.spread:
            return None
        return Known(self.spread[name], self.trainings - 1, self.mean[name])


def identity(recipe: Recipe) -> str:
    """Equal for recipes whose trainings differ by chance alone."""
    return f"{fingerprint(recipe.model_copy(update={'seed': 0}))[:16]}-{recipe.train.epochs}"


@cache
def table() -> dict[str, Spreads]:
    """The spreads by identity of recipe."""
    text = resources.files("condgan.experiments").joinpath("files", FILE).read_text("utf-8")
    return {key: Spreads(**row) for key, row in json.loads(text).items()}


def of(recipe: Recipe) -> Spreads | None:
    """The spreads of a recipe; none where they are not known."""
    return table().get(identity(recipe))


def nearest(recipe: Recipe) -> Spreads | None:
    """The spreads of a recipe, else those of any other: for an order of magnitude."""
    return of(recipe) or next(iter(table().values()), None)
