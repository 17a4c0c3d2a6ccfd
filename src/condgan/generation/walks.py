"""Walks: images between classes under one latent, or between the latents of seeds for one class."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from condgan import arguments
from condgan.arrays import Labels, Latents, Samples
from condgan.engines import Sampler
from condgan.errors import ArgumentError, CondganError
from condgan.generation import classes, sampling
from condgan.generation.classes import Classes
from condgan.recipe import Domain, Recipe

MOST_FRAMES = 10_000
CHUNK = 64  # frames whose class weights are in memory at a time
SEED = re.compile(r"seed:([0-9]{1,19})")

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Walk:
    """The frames of a walk; ``Walk.images`` computes them.

    Attributes:
        sampler: of the generator.
        labels: the classes of the stops (S,), or that of all frames, (1,).
        weighted: whether frames are weighted sums of classes.
        latents: those of the stops (S, dim), or that of all frames, (1, dim).
        place: of each frame, 0 (the first stop) to S - 1 (the last).
        domain: of the generator.
    """

    sampler: Sampler
    labels: Labels
    weighted: bool
    latents: Latents
    place: Numbers
    domain: Domain

    def images(self, start: int = 0, stop: int | None = None) -> Samples:
        """Frames ``start`` to ``stop`` -> (n, C, H, W) uint8, or (n, D) float32."""
        place = self.place[start:stop]
        parts = [self._part(place[first : first + CHUNK]) for first in range(0, len(place), CHUNK)]
        return np.concatenate(parts)

    def _part(self, place: Numbers) -> Samples:
        left = np.minimum(place.astype(np.int64), max(int(self.place[-1]) - 1, 0))
        share = place - left
        if not self.weighted:
            along = slerp(self.latents[left], self.latents[left + 1], share)
            return self.sampler.sample(along, np.repeat(self.labels, len(place), axis=0))
        weights, row = np.zeros((len(place), self.domain.classes), np.float32), np.arange(len(place))
        weights[row, self.labels[left]] += 1 - share
        weights[row, self.labels[left + 1]] += share
        return self.sampler.sample(np.repeat(self.latents, len(place), axis=0), weights)


def plan(
    sampler: Sampler,
    recipe: Recipe,
    domain: Domain,
    stops: Classes,
    frames: int,
    seed: int = 0,
    first: int = 0,
    condition: str | int | None = None,
    bound: float | None = None,
) -> Walk:
    """A walk along stops, as ``Generator.walk`` describes it.

    Raises:
        CondganError: as for ``Generator.walk``.
    """
    if domain.condition is not None and recipe.conditional:
        raise CondganError(f"{recipe.name} has vector conditions: `walk` needs classes")
    stop_seeds = seeds(stops, domain)
    if stop_seeds is not None:
        labels, latents = _one(condition, recipe, domain), _latents(recipe, stop_seeds, first, bound)
        return Walk(sampler, labels, False, latents, places(len(stop_seeds), frames), domain)
    if not recipe.conditional:
        raise CondganError(
            f"{recipe.name} is unconditional and has no classes: `walk=seed:1,seed:2` walks from seed to seed"
        )
    if condition is not None:
        raise ArgumentError("walk", arguments.shown(stops), "these stops are classes: leave out the other class")
    labels = classes.parse(stops, domain)
    return Walk(sampler, labels, True, _latents(recipe, [seed], first, bound), places(len(labels), frames), domain)


def words(stops: Classes, shown: Labels, domain: Domain) -> str:
    """The stops of a walk, and between seeds the classes (n,) that it shows: ``seed:1 -> seed:2 of cat``."""
    names = [domain.class_names[label] for label in shown.tolist()]
    numbers = seeds(stops, domain)
    along = names if numbers is None else [f"seed:{number}" for number in numbers]
    way = " -> ".join(along[: classes.MOST_NAMED]) + (" -> ..." if len(along) > classes.MOST_NAMED else "")
    return way if numbers is None or not names else f"{way} of {', '.join(names)}"


def seeds(stops: Classes, domain: Domain) -> list[int] | None:
    """The seeds of the stops ``"seed:1,seed:2"``; None where the stops are classes.

    Raises:
        CondganError: some stops are seeds and others are not, or a seed is out of range.
    """
    if not isinstance(stops, str | Iterable):
        return None
    if not isinstance(stops, str):
        stops = ",".join(map(str, stops))
    tokens = stops.replace(",", " ").split()
    if not any(token.startswith("seed:") for token in tokens) or set(tokens) <= set(domain.class_names):
        return None
    matches = [SEED.fullmatch(token) for token in tokens]
    if not all(matches):
        raise ArgumentError("walk", arguments.shown(stops), "expected either classes, or seeds, as seed:1,seed:2")
    return [sampling.check_seed(int(match[1])) for match in matches if match]


def places(stops: int, frames: int) -> Numbers:
    """Where each frame lies between ``stops``, 0 ... stops - 1, (frames,): evenly, with each stop in a frame.

    Raises:
        ArgumentError: fewer than two stops, or not a frame for each.
    """
    if stops < 2:
        raise ArgumentError("walk", f"{stops} stop", "expected two or more, as A,B or seed:1,seed:2")
    frames = arguments.integer("frames", frames, stops, MOST_FRAMES)
    at = np.round(np.arange(stops) * (frames - 1) / (stops - 1))
    return np.interp(np.arange(frames), at, np.arange(stops))


def slerp(start: Latents, end: Latents, share: Numbers) -> Latents:
    """Spherical interpolation of rows, (n, dim), by shares (n,) in [0, 1] (Shoemake 1985; White 2016, section 2.1).

    Rows that are parallel are interpolated linearly. A share of 0 or 1 gives the row itself.
    """
    one, other = start.astype(np.float64), end.astype(np.float64)
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    cosine = (one * other).sum(axis=1) / np.where(lengths == 0, 1, lengths)
    angle = np.arccos(np.clip(np.where(lengths == 0, 1, cosine), -1, 1))
    parallel = np.sin(angle) < 1e-6
    below = np.where(parallel, 1, np.sin(angle))
    left = np.where(parallel, 1 - share, np.sin((1 - share) * angle) / below)
    right = np.where(parallel, share, np.sin(share * angle) / below)
    return (left[:, None] * one + right[:, None] * other).astype(np.float32)


def _latents(recipe: Recipe, stop_seeds: list[int], first: int, bound: float | None) -> Latents:
    first = arguments.integer("first", first, 0, sampling.MOST_SEED)
    return np.concatenate([sampling.latents(recipe, seed, [first], bound) for seed in stop_seeds])


def _one(condition: str | int | None, recipe: Recipe, domain: Domain) -> Labels:
    """The class of all frames between seeds, (1,); without classes a condition that the generator ignores."""
    if not recipe.conditional:
        if condition is not None:
            raise CondganError(f"{recipe.name} is unconditional and has no classes: leave out {condition}")
        return sampling.in_turn(domain, 1)
    if condition is None:
        raise ArgumentError("condition", None, f"a walk between seeds shows one class, as {domain.class_names[0]}")
    return classes.parse([condition], domain)
