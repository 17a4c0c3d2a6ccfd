"""Metrics from distances between neighbours: precision, recall, density, coverage, duplicates, memorisation."""

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from condgan.arrays import Features, Images, Labels
from condgan.errors import UndefinedError
from condgan.metrics import Estimate, check_features, mean, share

if TYPE_CHECKING:
    from torch import Tensor

Distances = npt.NDArray[np.float64]
Indexes = npt.NDArray[np.int64]
Precision = type[np.floating[Any]]

ROWS, COLUMNS = 512, 2048  # of a block of distances: it stays in the cache, where a larger one is twice as slow
BASE = 1 << 16  # images searched at a time
TWIN = 0.001  # share of real images that lie as near to another one as twins do
HELD_OUT = 0.01  # share of held-out images that lie as near to a training image as a memorised image does


class Prdc(NamedTuple):
    """How two sets of features overlap, each in [0, 1] but density, which is 1 for equal sets and has no upper end."""

    precision: Estimate
    recall: Estimate
    density: Estimate
    coverage: Estimate


class Memorisation(NamedTuple):
    """Distances of N generated images to the training images, compared with those of held-out images."""

    share: Estimate  # nearer than 99 % of the held-out images: 1 % is expected
    ratio: float  # median distance of generated images / of held-out ones: 1 is expected, less is nearer
    distances: Distances  # (N,)
    indexes: Indexes  # (N,): the nearest training image of each


def pixels(images: Images) -> Features:
    """uint8 (N, C, H, W) -> float32 (N, C H W) in [0, 1]."""
    return images.reshape(len(images), math.prod(images.shape[1:])).astype(np.float32) / np.float32(255)


def nearest(queries: Features, base: Features) -> tuple[Distances, Indexes]:
    """Each query's nearest row of the base: float32 (N, D) and (M, D) -> Euclidean distances (N,), row numbers (N,).

    The distance to a copy is exactly 0. Of rows that are equally near, any may be returned.

    Raises:
        UndefinedError: the base is empty; NaN or infinite.
        ValueError: not (N, D) and (M, D).
    """
    check_features(queries, base)
    if not len(base):
        raise UndefinedError("there is no row to search")
    return resolve(queries, base, itself=False)


def nearest_image(
    queries: Images, base: Images, view: Callable[[Images], Features] = pixels
) -> tuple[Distances, Indexes]:
    """``nearest`` of images uint8 (N, C, H, W) and (M, C, H, W) in a view, pixels; memory does not grow with the base.

    Raises:
        UndefinedError: the base is empty.
    """
    rows = view(queries)
    distances, indexes = nearest(rows, view(base[:BASE]))
    for first in range(BASE, len(base), BASE):
        others, numbers = nearest(rows, view(base[first : first + BASE]))
        nearer = others < distances
        distances, indexes = np.where(nearer, others, distances), np.where(nearer, numbers + first, indexes)
    return distances, indexes


def nearest_other(points: Features) -> tuple[Distances, Indexes]:
    """Each row's nearest other row: float32 (N, D) -> Euclidean distances (N,), row numbers (N,); see `nearest`.

    Raises:
        UndefinedError: fewer than two rows; NaN or infinite.
        ValueError: not (N, D).
    """
    check_features(points)
    if len(points) < 2:
        raise UndefinedError("there is no other row to search")
    return resolve(points, points, itself=True)


def resolve(queries: Features, base: Features, itself: bool) -> tuple[Distances, Indexes]:
    """Search in float32, and again in float64 where rounding errors may decide which row is nearest.

    Float32 takes half the time. One row in a hundred needs the second search for images, all rows if they are almost
    equal. Without it, a copy could lose against an image that differs from it in a few grey levels.
    """
    numbers = np.arange(len(queries))
    centre = base.mean(0, dtype=np.float64)
    indexes, gaps = search(queries, base, numbers, centre, itself, np.float32)
    reach = norms(queries, centre) + norms(base, centre).max()
    unsure = numbers[~(gaps > 2 * rounding(reach, base.shape[1], np.float32))]  # NaN too, where float32 overflowed
    if len(unsure):
        indexes[unsure] = search(queries[unsure], base, unsure, centre, itself, np.float64)[0]
    distances = [
        np.linalg.norm(queries[i : i + COLUMNS].astype(np.float64) - base[indexes[i : i + COLUMNS]], axis=1)
        for i in range(0, len(queries), COLUMNS)
    ]
    return np.concatenate(distances) if distances else np.empty(0), indexes


def search(
    queries: Features, base: Features, numbers: Indexes, centre: Distances, itself: bool, precision: Precision
) -> tuple[Indexes, Distances]:
    """Each query's nearest row, (N,), and the difference of the two least squared distances, (N,).

    If ``itself``, query ``i`` is row ``numbers[i]`` of the base, which is left out.
    """
    import torch

    best, second = torch.full((2, len(queries)), torch.inf, dtype=torch.float64)
    index = torch.zeros(len(queries), dtype=torch.int64)
    for i, j, block in blocks(queries, base, centre, precision):
        rows = slice(i, i + len(block))
        if itself:
            leave_out(block, torch.from_numpy(numbers[rows]) - j)
        near, place = block.min(1)
        runner_up = block.scatter_(1, place[:, None], torch.inf).amin(1)
        nearer = near < best[rows]
        second[rows] = torch.minimum(torch.maximum(best[rows], near), torch.minimum(second[rows], runner_up))
        best[rows] = torch.minimum(best[rows], near)
        index[rows] = torch.where(nearer, place + j, index[rows])
    return index.numpy(), (second - best).numpy()


def blocks(
    rows: Features, columns: Features, centre: Distances, precision: Precision
) -> "Iterator[tuple[int, int, Tensor]]":
    """All squared distances, |x|^2 + |y|^2 - 2 x.y, in blocks: first row, first column, at most (512, 2048).

    The origin is moved to ``centre``: the rounding of the three terms grows with the lengths of x and y.
    """
    import torch

    origin = centre.astype(precision)
    for j in range(0, len(columns), COLUMNS):
        y = torch.from_numpy(columns[j : j + COLUMNS].astype(precision) - origin)
        for i in range(0, len(rows), ROWS):
            x = torch.from_numpy(rows[i : i + ROWS].astype(precision) - origin)
            block = torch.addmm(y.square().sum(1), x, y.T, alpha=-2)
            yield i, j, block.add_(x.square().sum(1)[:, None]).clamp_min_(0)


def leave_out(block: "Tensor", places: "Tensor") -> None:
    """Set the distance of row r at column ``places[r]``, if the block has it, to infinity."""
    import torch

    here = ((places >= 0) & (places < block.shape[1])).nonzero()[:, 0]
    block[here, places[here]] = torch.inf


def norms(points: Features, centre: Distances) -> Distances:
    """Distances from the centre, (N,)."""
    parts = [np.linalg.norm(points[i : i + COLUMNS] - centre, axis=1) for i in range(0, len(points), COLUMNS)]
    return np.concatenate(parts) if parts else np.empty(0)


def rounding(reach: Distances, dim: int, precision: Precision) -> Distances:
    """A bound of the error of a squared distance of `blocks`, where ``reach`` is |x| + |y|.

    A dot product of D terms in any order errs by at most D u |x| |y| (Higham 2002, "Accuracy and Stability of Numerical
    Algorithms", section 3.1); 8 more for the sums and for the moved origin.
    """
    return (dim + 8) * float(np.finfo(precision).eps) / 2 * reach**2


def prdc(real: Features, generated: Features, k: int = 5) -> Prdc:
    """Precision, recall, density and coverage of features (N, D) and (M, D), float32.

    A ball around each image reaches to its k-th nearest neighbour in its own set. Precision: generated images in a ball
    of a real one; recall: real images in a ball of a generated one (Kynkäänniemi et al. 2019, equations 1 and 2).
    Density: balls of real images that a generated one is in, over k; coverage: real images whose ball holds a generated
    one (Naeem et al. 2020, section 3). Standard errors are over generated images for precision and density, over real
    ones for recall and coverage, the balls being given.

    Raises:
        UndefinedError: k images or fewer on either side; NaN or infinite.
        ValueError: not (N, D) and (M, D); k is not positive.
    """
    import torch

    check_features(real, generated)
    if k < 1:
        raise ValueError(f"expected a positive k, given {k}")
    if min(len(real), len(generated)) <= k:
        raise UndefinedError(f"needs more than {k} images, given {len(real)} real and {len(generated)} generated")
    real_radii, generated_radii = radii(real, k), radii(generated, k)
    balls = torch.zeros(len(generated))  # of real images, around each generated one
    recalled, covered = torch.zeros((2, len(real)), dtype=torch.bool)
    for i, j, block in blocks(real, generated, real.mean(0, dtype=np.float64), np.float64):
        distances = block.sqrt_().float()  # as the radii: equal distances stay equal, whatever the order of a sum
        rows, columns = slice(i, i + len(block)), slice(j, j + block.shape[1])
        inside = (distances < real_radii[rows, None]).float()
        balls[columns] += inside.sum(0)
        covered[rows] |= inside.amax(1) > 0
        recalled[rows] |= (distances < generated_radii[columns]).any(1)
    return Prdc(
        precision=share((balls > 0).numpy()),
        recall=share(recalled.numpy()),
        density=mean(balls.double().numpy() / k),
        coverage=share(covered.numpy()),
    )


def radii(points: Features, k: int) -> "Tensor":
    """Each row's distance to its k-th nearest other row, float32 (N,).

    Computed in float64, then rounded: the balls of a narrow set are far smaller than float32's error of its distances.
    """
    import torch

    centre = points.mean(0, dtype=np.float64)
    nearby = torch.full((len(points), k), torch.inf)
    for i, j, block in blocks(points, points, centre, np.float64):
        rows = slice(i, i + len(block))
        leave_out(block, torch.arange(i, i + len(block)) - j)
        near = block.sqrt_().float().topk(min(k, block.shape[1]), largest=False).values
        nearby[rows] = torch.cat([nearby[rows], near], 1).topk(k, largest=False).values
    noise = rounding(2 * norms(points, centre).max(keepdims=True), points.shape[1], np.float64)[0]
    radius = nearby.amax(1)
    return radius.where(radius > float(noise) ** 0.5, 0.0)  # a ball among copies contains nothing, not even by rounding


def duplicates(images: Images, labels: Labels, reference: Images, reference_labels: Labels) -> Estimate:
    """Share of generated images, uint8 (N, C, H, W) of classes (N,), with a twin of their class among the generated.

    A twin lies nearer, in pixels, than 0.1 % of real images lie to the nearest other one of their class, or is a copy.
    Distances shrink as sets grow: the first reference images of a class are compared, as many as were generated, or
    all. Below 1000 a class, one image in as many may seem a twin by chance. (The idea is that of the birthday paradox
    test: Arora & Zhang 2017.)

    Raises:
        UndefinedError: nothing was generated; the reference has fewer than two images of a class that was.
    """
    twins = np.zeros(len(images), np.bool_)
    for label in np.unique(labels):
        own, real = np.flatnonzero(labels == label), np.flatnonzero(reference_labels == label)
        if len(real) < 2:
            raise UndefinedError(f"needs two reference images of class {label}, given {len(real)}")
        if len(own) > 1:
            usual = nearest_other(pixels(reference[real[: len(own)]]))[0]
            distances = nearest_other(pixels(images[own]))[0]
            twins[own] = (distances < np.quantile(usual, TWIN)) | (distances == 0)
    return share(twins)


def memorised(images: Images, train: Images, heldout_distances: Distances) -> Memorisation:
    """Compare generated images, uint8 (N, C, H, W), with training images of the same shape, in pixels.

    ``heldout_distances``, (M,), are ``nearest_image(heldout, train)[0]`` of images that were not trained on.

    Raises:
        UndefinedError: there are no generated, training or held-out images; half of the held-out images are copies.
    """
    for name, count in {"generated": len(images), "training": len(train), "held-out": len(heldout_distances)}.items():
        if not count:
            raise UndefinedError(f"there are no {name} images")
    usual = float(np.median(heldout_distances))
    if usual == 0:
        raise UndefinedError("half of the held-out images are copies of training images")
    distances, indexes = nearest_image(images, train)
    near = distances <= np.quantile(heldout_distances, HELD_OUT)  # not <: it is 0 if a few held-out images are copies
    return Memorisation(share(near), float(np.median(distances)) / usual, distances, indexes)
