"""Labelled images as arrays, wherever they come from."""

from condgan.data.dataset import Dataset, Split
from condgan.data.rows import Rows
from condgan.data.sources import Given, load, recorded
from condgan.data.writers.output import check_free

__all__ = [
    "Dataset", "Given", "Rows", "Split", "archives", "check_free", "dataset", "fit", "identity", "load", "memory",
    "prepare", "readers", "recorded", "rows", "sources", "tree", "vectors", "writers",
]  # fmt: skip
