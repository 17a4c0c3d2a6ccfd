"""Labelled images as arrays, wherever they come from."""

from condgan.data.dataset import Dataset, Split
from condgan.data.sources import load
from condgan.data.writers import Writer, writer

__all__ = ["Dataset", "Split", "Writer", "load", "writer"]
