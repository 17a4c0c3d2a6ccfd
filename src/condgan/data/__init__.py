"""Labelled images as arrays, wherever they come from."""

from condgan.data.dataset import Dataset, Split
from condgan.data.export import Writer, writer
from condgan.data.sources import load

__all__ = ["Dataset", "Split", "Writer", "load", "writer"]
