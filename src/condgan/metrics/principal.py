"""A feature space without a network, for images that have no labels: the principal components of their pixels.

A network with random weights (Naeem et al. 2020) does not see that a class is missing: docs/metrics.md.
"""

import numpy as np

from condgan.arrays import Features, Images
from condgan.errors import UndefinedError
from condgan.metrics import Embedding

DIM = 64  # components, at most
MOST_IMAGES, MOST_NUMBERS = 2000, 10**8  # of the images that they are computed from
LEAST = 1e-9  # of the largest variance: a smaller one is rounding
CHUNK = 10**7  # numbers at a time


def components(images: Images, most: int = DIM) -> tuple[Features, Features]:
    """The mean of images, uint8 (N, C, H, W), in [0, 1], (P,), and their first principal components, (P, D).

    P is C H W. The components are orthonormal columns, by falling variance (Pearson 1901). At most 2000 images are
    looked at, evenly spread; D is less than ``most`` where they vary in fewer directions.

    Raises:
        UndefinedError: fewer than two images, or all are alike.
    """
    size = int(np.prod(images.shape[1:]))
    count = min(len(images), MOST_IMAGES, max(2, MOST_NUMBERS // size))
    if count < 2:
        raise UndefinedError(f"{len(images)} training images: principal components need at least 2")
    flat = images[np.arange(count) * len(images) // count].reshape(count, size).astype(np.float64) / 255
    mean = flat.mean(0)
    flat -= mean
    variances, places = np.linalg.eigh(flat @ flat.T)  # of images, which are fewer than pixels may be
    kept = np.flatnonzero(variances > LEAST * max(variances[-1], LEAST))[::-1][:most]
    if not len(kept):
        raise UndefinedError("all training images are alike: they have no principal components")
    axes = flat.T @ places[:, kept] / np.sqrt(variances[kept])
    return mean.astype(np.float32), axes.astype(np.float32)


def embed(mean: Features, axes: Features, images: Images) -> Embedding:
    """Coordinates of uint8 (N, C, H, W) along components (P, D) from the mean (P,): features (N, D); no posteriors.

    Distances between features are at most those of pixels in [0, 1].

    Raises:
        ValueError: the images have another number of pixels.
    """
    if np.prod(images.shape[1:]) != len(mean):
        raise ValueError(f"expected images of {len(mean)} numbers, given {images.shape[1:]}")
    features = np.empty((len(images), axes.shape[1]), np.float32)
    step = max(1, CHUNK // len(mean))
    for start in range(0, len(images), step):
        part = np.divide(images[start : start + step].reshape(-1, len(mean)), 255, dtype=np.float32)
        features[start : start + step] = (part - mean) @ axes
    return Embedding(features, np.empty((len(images), 0), np.float32))
