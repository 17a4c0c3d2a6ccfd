"""Images without labels."""

from pathlib import Path

import numpy as np

from condgan.arrays import Images
from condgan.data.fit import prepare
from condgan.data.readers.decode import SUFFIXES, decode
from condgan.errors import CondganError
from condgan.recipe import Data


def unlabelled(path: Path, data: Data) -> tuple[Images, tuple[str, ...]]:
    """The images of a flat folder, in order of their names -> uint8 (N, C, H, W), and what was done to them.

    Raises:
        CondganError: there are none, or one is damaged.
    """
    entries = sorted(path.iterdir()) if path.is_dir() else []
    files = [entry for entry in entries if entry.is_file() and entry.suffix.lower() in SUFFIXES]
    if not files or any(entry.is_dir() for entry in entries):
        raise CondganError(f"{path} is no folder of images: give a folder that holds nothing but images")
    images, notices = zip(*(prepare(decode(file)[0][None], data) for file in files), strict=True)
    return np.concatenate(images), tuple(dict.fromkeys(notice for each in notices for notice in each))
