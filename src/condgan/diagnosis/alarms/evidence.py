"""The evidence of a finding: where it was seen, and the numbers found there, as phrases with values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PHRASES = {
    # where
    "step": "step {0}, epoch {1:g}",
    "steps": "steps {0:.0f} to {1:.0f}",
    "evaluation": "evaluation at step {0}, epoch {1:g}",
    "pictures": "{0} pictures",
    # losses and scores
    "message": "{0}",
    "d-loss": "D loss {0:.3g} where chance is {1:.3g}",
    "d-least": "the least is {0:.3g}",
    "g-loss": "G loss {0:.3g} (before: {1:.3g})",
    "gap": "real images score {0:.3g} above generated ones",
    "gap-error": "real images score {0:.3g} +- {1:.2g} above generated ones",
    "gradient": "the gradient that reaches the generator fell from {0:.3g} to {1:.3g}",
    "swings": "{0} loss {1:.3g}, swings of {2:.2g} about every {3:.0f} steps",
    "rates": "optim.g.lr={0:g}, optim.d.lr={1:g}",
    "together": "together with {0}",
    "rate": "optim.{0}.lr={1:.2g}, usual with {2}: {3:g}",
    "still": "the mean score of real images stayed at {0:.3g} (spread {1:.2g}) in all {2} lines, "
    "that of generated ones went from {3:.3g} to {4:.3g}",
    # evaluations
    "untrained": "{0} {1:.3g}, that of the untrained generator was {2:.3g}",
    "covers": "coverage {0:.3g}",
    "improving": "{0} {1:.3g} (before: {2:.3g}) still falls",
    "best": "{0} {1:.4g} (se {2:.2g}) at epoch {3:g}",
    "last": "{0:.4g} (se {1:.2g}) at epoch {2:g}",
    "later": "{0:g} epochs and {1} images later",
    "right": "classified as the requested class: {0}",
    "over-all": "over all classes {0:.0%}",
    "collapsed": "precision {0:.3g}, recall {1:.3g}, coverage {2:.3g}",
    "modes": "modes {0:.3g} of {1} classes",
    # pictures
    "unlike": "precision {0:.2g}, coverage {1:.2g}",
    "unreadable": "a classifier trained on the labels is right on {0:.0%} of the real images, chance is {1:.0%}",
    "nearness": "distance to the next picture as a share of that among real images: {0}",
    "twins": "{0:.0%} of all pictures have a near-identical twin",
    "classifier": "a classifier is right on {0:.0%} of the real images and on {1:.0%} of these",
    "confused": "{0}",
    "memorised": "{0:.0%} of them lie nearer to a training image than 99 % of {1} validation images do",
    "distinct": "{0} of {1} training images differ from each other",
    "by-chance": "by chance about {0:.0%} would",
    "distance": "their median distance is {0:.2f} of that of validation images",
}
"""Key -> English phrase with the places of its values; reports have them in other languages by the same keys."""


@dataclass(frozen=True)
class Evidence:
    """Phrases with their values, the first of which tells where.

    Attributes:
        parts: keys of ``PHRASES``, and the values of each.
    """

    parts: Sequence[tuple[str, tuple[Any, ...]]]

    def told(self, phrases: Mapping[str, str] = PHRASES, colon: str = ": ", comma: str = "; ") -> str:
        """In words: the first phrase, a colon, and the others."""
        where, *found = (phrases[key].format(*values) for key, values in self.parts)
        return colon.join([where, comma.join(found)]) if found else where

    def __str__(self) -> str:
        """In English."""
        return self.told()


def evidence(*parts: tuple[Any, ...] | None) -> Evidence:
    """Evidence of phrases ``(key, value, ...)``, without those that are None."""
    return Evidence(tuple((part[0], part[1:]) for part in parts if part is not None))
