"""Statistically different bins within each class: kinds of images that are generated too often or too rarely."""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from condgan.arrays import Features, Images, Labels
from condgan.errors import UndefinedError
from condgan.metrics import Estimate
from condgan.metrics.neighbours import nearest, pixels

IMAGES = 2000  # of a class, at most, that are clustered
BIN = 20  # images of a bin, at least: with fewer the test's normal approximation fails


def class_bins(images: Images, labels: Labels, classes: int, per_class: int = 10, seed: int = 0) -> list[Features]:
    """Each class's bin centres, float32 (bins, C H W): k-means on its training images, uint8 (N, C, H, W), in pixels.

    The first 2000 images of a class are used. It has fewer bins where these would hold less than 20 images on average,
    or where there are fewer different images. (Richardson & Weiss 2018, section 2, with bins for each class.)

    Raises:
        UndefinedError: a class has no image.
        ValueError: per_class is not positive.
    """
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    if per_class < 1:
        raise ValueError(f"expected a positive number of bins, given {per_class}")
    centres: list[Features] = []
    for label in range(classes):
        points = pixels(images[np.flatnonzero(labels == label)[:IMAGES]])
        if not len(points):
            raise UndefinedError(f"there is no training image of class {label}")
        count = max(1, min(per_class, len(points) // BIN, len(np.unique(points, axis=0))))
        with threadpool_limits(1):  # several threads add up in the order in which they end
            means = KMeans(count, n_init=1, random_state=seed & 0xFFFFFFFF).fit(points)
        centres.append(np.asarray(means.cluster_centers_, np.float32))
    return centres


def different_bins(
    centres: Sequence[Features],
    real: Images,
    real_labels: Labels,
    generated: Images,
    generated_labels: Labels,
    level: float = 0.05,
) -> Estimate:
    """Share of bins that hold a significantly different part of a class's generated images than of its real ones.

    ``centres`` has one (bins, C H W) for each class; an image, uint8 (N, C, H, W), is in the bin of its class with the
    nearest centre. Equal distributions give ``level``. The only bin of a class holds all of it and is not counted.
    (Richardson & Weiss 2018, section 2, NDB/K: two-proportion z-test with the pooled proportion's variance.)

    Raises:
        UndefinedError: a class has no image on one side; no class has two bins.
        ValueError: level is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"expected a level between 0 and 1, given {level}")
    critical = NormalDist().inv_cdf(1 - level / 2)
    different: list[bool] = []
    for label, means in enumerate(centres):
        sides = {"real": real[real_labels == label], "generated": generated[generated_labels == label]}
        for name, images in sides.items():
            if not len(images):
                raise UndefinedError(f"there is no {name} image of class {label}")
        if len(means) > 1:
            counts = [np.bincount(nearest(pixels(side), means)[1], minlength=len(means)) for side in sides.values()]
            p, q = (count / count.sum() for count in counts)
            pooled = sum(counts) / np.sum(counts)
            error = np.sqrt(pooled * (1 - pooled) * sum(1 / count.sum() for count in counts))
            different += (np.abs(p - q) > critical * error).tolist()  # not divided: the error of an empty bin is 0
    if not different:
        raise UndefinedError("no class has enough different training images for two bins")
    return Estimate(float(np.mean(different)))
