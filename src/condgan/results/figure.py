"""A figure of some images, or the reason why it has no value or why its value says little."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, model_validator

SPACES = ("stacked_mnist", "mnist", "features", "imagenet")
"""Of feature networks: those of built-in data, any other, and torchvision's and Jittor's Inception-v3.

That of the Inception network of 2015 has no name.
"""


class Figure(BaseModel):
    """A figure: ``value`` is none where it is not defined, and ``note`` says why.

    Attributes:
        metric: what was measured, as ``fid``.
        space: of the features, one of ``SPACES``; empty for the Inception network of 2015, and where there are none.
        value: in the metric's unit.
        se: standard error of the value.
        floor: the same figure of as many real images.
        note: why there is no value, or why the value says little.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    metric: str
    space: str = ""
    value: float | None = None
    se: float | None = None
    floor: float | None = None
    note: str = ""

    @property
    def name(self) -> str:
        """As tables and files have it: ``fid_mnist``, ``fid_mnist_100_vs_100``."""
        first, *rest = self.metric.split("_")
        return "_".join([first, self.space, *rest]) if self.space else self.metric

    @model_validator(mode="after")
    def _named(self) -> Self:
        if not self.metric:
            raise ValueError("a figure needs the name of its metric")
        return self


def named(name: str, content: dict[str, Any]) -> Figure:
    """A figure as files have it, by its name: metric and space are read from the name where an old file lacks them.

    Raises:
        ValueError: not a figure (pydantic's ValidationError is one).
    """
    metric, space = split(name)
    return Figure.model_validate({"metric": metric, "space": space} | content)


def split(name: str) -> tuple[str, str]:
    """The metric and the space that a name consists of: ``fid_mnist`` -> ``("fid", "mnist")``."""
    for space in SPACES:
        before, found, after = name.partition(f"_{space}")
        if found and before and (not after or after.startswith("_")):
            return before + after, space
    return name, ""
