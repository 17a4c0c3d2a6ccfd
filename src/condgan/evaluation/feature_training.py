"""Training the feature network of a dataset on demand, as ``condgan features`` does."""

from pathlib import Path
from typing import NamedTuple

from condgan.data import Dataset, Given
from condgan.evaluation import features, subjects
from condgan.evaluation.features import FeatureNetwork, Progress, Say
from condgan.recipe import Data
from condgan.storage import cache


class Trained(NamedTuple):
    """A trained feature network, its file, and the dataset."""

    network: FeatureNetwork
    path: Path
    dataset: Dataset


def train_features(
    data: Given,
    *overrides: str,
    steps: int | None = None,
    output: Path | None = None,
    say: Say = lambda _: None,
    progress: Progress | None = None,
) -> Trained:
    """Train the feature network of a dataset, and write it to a file.

    Args:
        data: labelled images, as for `data.load`.
        overrides: ``data.field=value``, as for training.
        steps: batches of 128 images; none: as many as fit the size of the dataset, as `evaluate` trains it.
        output: the file; none: the cache, where `evaluate` looks for it.
        say: receives sentences about the progress.
        progress: receives what is done, how many steps are done and how many there are; for a bar.

    Raises:
        CondganError: the data cannot be read or has one class only, steps are out of range, or the file cannot be
            written, which is checked before the training.
    """
    dataset = subjects.real_images(Data(), data, list(overrides))
    path = output or cache.path(features.KIND, dataset.sha256)
    return Trained(features.train_to(path, dataset, steps, say, progress), path, dataset)
