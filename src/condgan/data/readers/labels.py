"""From the labels that a file holds to indexes into class names."""

from collections.abc import Mapping

import numpy as np

from condgan.arrays import Labels


def classes(labels: Mapping[str, Labels]) -> tuple[tuple[str, ...], dict[str, Labels]]:
    """The classes are the distinct labels, in order: their names, and each split's labels as 0..K-1."""
    distinct = np.unique(np.concatenate([np.unique(split) for split in labels.values()]))
    indexes = {name: np.searchsorted(distinct, split).astype(np.int64) for name, split in labels.items()}
    return tuple(str(label) for label in distinct.tolist()), indexes
