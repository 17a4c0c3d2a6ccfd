"""The Parzen log-likelihood of the paper's table, and why more is not better."""

import numpy as np

from condgan.arrays import Features
from condgan.claims.claim import Answer
from condgan.claims.evidence import Evidence
from condgan.draws.philox import Stream, permutation
from condgan.metrics import neighbours
from condgan.metrics.parzen import parzen

PUBLISHED, LATER = 132.0, 283.0
SAMPLES = {"quick": 2000, "full": 10_000}
"""Samples of the window; with fewer, all values are lower."""
POINTS = {"quick": 1000, "full": 10_000}
"""Validation and test images."""


def paper_level(evidence: Evidence) -> Answer:
    """The log-likelihood of the paper's recipe."""
    from condgan.generation.generator import load

    def compute() -> float:
        generator = load(str(evidence.pictures("paper")))
        images = generator.sample_classes(np.repeat(np.arange(10), SAMPLES[evidence.budget] // 10), 0)
        return of(evidence, neighbours.pixels(images))

    value = evidence.number("parzen-paper", "measures the log-likelihood of the paper's nets", compute, "paper")
    epochs = evidence.last("paper")
    figure = f"{value:.1f} nats after {epochs} epochs, published {PUBLISHED:g}"
    if abs(value - PUBLISHED) <= 20 or value > PUBLISHED:
        return Answer("holds", figure)
    return Answer("cannot-tell", figure)


def above_real(evidence: Evidence) -> Answer:
    """Real images, and the centres of k-means, under the paper's protocol."""
    count = SAMPLES[evidence.budget]

    def real_images() -> float:
        train = neighbours.pixels(evidence.reference.dataset.train.images)
        return of(evidence, train[permutation(0, Stream.SPLIT, 0, len(train))[:count]])

    def means() -> float:
        from sklearn.cluster import MiniBatchKMeans

        train = neighbours.pixels(evidence.reference.dataset.train.images)
        found = MiniBatchKMeans(count, random_state=0, batch_size=4 * count, n_init=1, max_iter=5).fit(train)
        return of(evidence, found.cluster_centers_.astype(np.float32))

    real = evidence.number("parzen-real", f"measures the log-likelihood of {count} real images", real_images)
    centres = evidence.number("parzen-means", f"looks for {count} centres of k-means, which takes minutes", means)
    figure = (
        f"{count} real training images {real:.1f} nats, as many centres of k-means {centres:.1f} (published {LATER:g})"
    )
    return Answer("does-not-hold" if centres > real else "cannot-tell", figure)


def of(evidence: Evidence, samples: Features) -> float:
    """The mean log-likelihood of test images; the width is chosen on validation images."""
    dataset, few = evidence.reference.dataset, POINTS[evidence.budget]
    validation, test = (neighbours.pixels(split.images[:few]) for split in (dataset.validation, dataset.test))
    return float(parzen(samples, validation, test).value.value)
