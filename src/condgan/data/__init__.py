"""Labelled images as arrays, wherever they come from."""

from condgan.data.dataset import Dataset, Split
from condgan.data.rows import Rows
from condgan.data.sources import load
from condgan.data.writers.output import Output, writer

__all__ = ["Dataset", "Output", "Rows", "Split", "load", "writer"]
