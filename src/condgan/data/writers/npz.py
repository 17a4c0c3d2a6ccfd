"""A NumPy archive of ``images`` or ``vectors``, ``labels`` or ``conditions``, and ``class_names``."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from condgan.arrays import Conditions, Samples
from condgan.data.writers.writer import Add, Content, Writer

COMPRESSION = 1  # zlib's fastest: generated images shrink well, and are written about as fast as they are sampled


@contextmanager
def archive(path: Path, content: Content) -> Iterator[Add]:
    """Samples are compressed as they come; conditions wait in memory until all samples are there."""
    key, shape, dtype = "vectors", content.shape, "<f4"
    if len(shape) == 3:
        channels, *sides = shape
        key, shape, dtype = "images", (*sides, *([channels] if channels > 1 else [])), "|u1"
    classes = content.condition is None
    conditions: Conditions = np.empty(content.count, np.int64)
    if content.condition is not None:
        conditions = np.empty((content.count, content.condition), np.float32)
    written = 0
    with zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED, compresslevel=COMPRESSION) as file:
        with file.open(f"{key}.npy", "w", force_zip64=True) as stream:
            header = {"descr": dtype, "fortran_order": False, "shape": (content.count, *shape)}
            np.lib.format.write_array_header_1_0(stream, header)

            def add(samples: Samples, given: Conditions) -> None:
                nonlocal written
                stream.write(np.ascontiguousarray(samples, dtype).reshape(-1).data)
                conditions[written : written + len(given)] = given
                written += len(given)

            yield add
        rest: dict[str, npt.NDArray[Any]] = {"labels" if classes else "conditions": conditions}
        if classes:
            rest["class_names"] = np.array(content.class_names, dtype=str)
        for name, array in rest.items():
            with file.open(f"{name}.npy", "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, array, allow_pickle=False)


WRITER = Writer("npz", "an .npz", ending=".npz", vectors=True, open=archive)
