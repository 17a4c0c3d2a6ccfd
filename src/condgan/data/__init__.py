"""Labelled images as arrays, wherever they come from."""

from condgan.data.dataset import Dataset, Split
from condgan.data.rows import Rows
from condgan.data.sources import Given, load, recorded
from condgan.data.writers.paths import check_free

__all__ = [
    "Dataset", "Given", "Rows", "Split", "archives", "check_free", "dataset", "fit", "identity", "load", "mapped",
    "memory", "prepare", "readers", "recorded", "rows", "sampled", "sources", "tree", "vectors", "writers",
]  # fmt: skip
