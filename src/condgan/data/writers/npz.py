"""A NumPy archive of ``images`` or ``vectors``, ``labels`` or ``conditions``, ``class_names``, and ``numbers``.

``numbers`` has the number of each sample under the seed. The members manifest.json and README.md are no arrays.
"""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from condgan.data.archives import CARD, MANIFEST
from condgan.data.readers.npz import FILE
from condgan.data.writers import stream
from condgan.data.writers.writer import OUT, Content, Whole, Writer, facts, holds_all

COMPRESSION = 1  # zlib's fastest: generated images shrink well, and are written about as fast as they are sampled


def finish(folder: Path, content: Content, whole: Whole) -> None:
    """Compress the parts into one archive."""
    path = folder / OUT
    if not content.single:
        path.mkdir(exist_ok=True)
        path = path / FILE
    key = "images" if content.images else "vectors"
    dtype, shape = stream.form(content)["samples"]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=COMPRESSION) as file:
        with file.open(f"{key}.npy", "w", force_zip64=True) as member:
            header = {"descr": dtype, "fortran_order": False, "shape": (whole.count, *shape)}
            np.lib.format.write_array_header_1_0(member, header)
            stream.join(folder, whole, "samples", member)
        classes = content.condition is None
        rest: dict[str, npt.NDArray[Any]] = {
            "labels" if classes else "conditions": stream.array(folder, content, whole, "conditions"),
            "numbers": stream.array(folder, content, whole, "numbers"),
        }
        if classes:
            rest["class_names"] = np.array(content.class_names, dtype=str)
        for name, array in rest.items():
            with file.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
        for name, text in ((MANIFEST, facts(whole.manifest)), (CARD, whole.card)):
            with file.open(name, "w") as member:
                member.write(text.encode())


WRITER = Writer("npz", "an .npz", ".npz", True, holds_all, stream.add, finish)
