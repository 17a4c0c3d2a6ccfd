"""A layer of a network in words, for tables and diagrams."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Layer:
    """A layer, with what follows it before the next one.

    Attributes:
        place: where it stands in the network, as its weights are named: ``body.hidden.0``.
        parts: what it consists of, in order, in words: ``Linear 110-128``, ``LeakyReLU 0.2``.
        shape: of its output for one sample.
        weights: how many are trained.
    """

    place: str
    parts: tuple[str, ...]
    shape: tuple[int, ...]
    weights: int
