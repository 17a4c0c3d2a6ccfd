"""Datasets of samples: how many of which class, and writing them."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from condgan.arrays import Conditions, Labels, Samples
from condgan.data.writers.output import writer
from condgan.export.frames import Progress
from condgan.generation import sampling
from condgan.generation.counts import Counts, each, lacking
from condgan.generation.counts import parse as parse_counts
from condgan.generation.generator import Generator
from condgan.storage.manifest import Manifest

CHUNK = 4096  # samples generated at a time, while those before them are written


def wanted_counts(
    generator: Generator, given: Mapping[str, Any], labels: Labels | None, say: Callable[[str], object]
) -> Counts:
    """How many of each class a dataset needs, (K,), by the options of ``export.to_file`` and the classes in it."""
    domain = generator.domain
    if given["counts"] is not None:
        return parse_counts(given["counts"], domain)
    if given["balance"] is not None:
        wanted, words = lacking(given["balance"], generator.recipe, domain)
        say(words)
        return wanted
    if labels is not None:
        return each("count", given["count"], labels, domain)
    return each("per_class", given["per_class"], np.arange(domain.classes), domain)


def write_dataset(
    generator: Generator,
    conditions: Conditions,
    number: npt.NDArray[np.int64],
    seed: int,
    output: Path,
    manifest: Manifest,
    progress: Progress,
) -> None:
    """Write samples for conditions (N, ...) and with numbers (N,), in this order, as a dataset for a training."""
    domain, count = generator.domain, len(conditions)

    def sample(start: int) -> Samples:
        part = slice(start, start + CHUNK)
        return sampling.numbered(generator.sampler, generator.recipe, conditions[part], seed, number[part])

    with (
        writer(output, count, domain.shape, domain.class_names, domain.condition) as out,
        ThreadPoolExecutor(1) as pool,
    ):
        upcoming = pool.submit(sample, 0)
        for start in range(0, count, CHUNK):
            samples = upcoming.result()
            if start + CHUNK < count:
                upcoming = pool.submit(sample, start + CHUNK)
            out.write(samples, conditions[start : start + CHUNK])
            progress(out.written, count)
