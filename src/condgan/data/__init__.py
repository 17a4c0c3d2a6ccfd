"""Labelled images as arrays, wherever they come from."""

from condgan.data.dataset import Dataset, Split
from condgan.data.rows import Rows
from condgan.data.sources import Given, load, recorded
from condgan.data.writers.output import Output, check_free, writer

__all__ = [
    "Dataset", "Given", "Output", "Rows", "Split", "check_free", "dataset", "fit", "identity", "load", "mapped",
    "memory", "prepare", "readers", "recorded", "rows", "sources", "vectors", "writer", "writers",
]  # fmt: skip
