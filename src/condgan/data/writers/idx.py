"""IDX files named as MNIST's, for grey images of at most 256 classes.

Beside them: class_names.txt, a name a line, where the names are not 0, 1, 2, ...; and numbers.npy, the number of each
image under the seed.
"""

import struct
from pathlib import Path

import numpy as np

from condgan.data.writers import stream
from condgan.data.writers.writer import OUT, Content, Whole, Writer

IMAGES, LABELS, NAMES, NUMBERS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "class_names.txt", "numbers.npy"
MOST_CLASSES = 256
UBYTE = 0x08


def refusal(content: Content) -> str | None:
    """Colour, too many classes, or images that are too many for the header are refused."""
    if not content.images or content.condition is not None:
        return "IDX holds images with classes"
    if content.shape[0] != 1:
        return "IDX holds grey images, and these have colours"
    if len(content.class_names) > MOST_CLASSES:
        return f"IDX holds at most {MOST_CLASSES} classes, and these are {len(content.class_names)}"
    return None


def header(*lengths: int) -> bytes:
    """Of an array of bytes."""
    return struct.pack(f">HBB{len(lengths)}I", 0, UBYTE, len(lengths), *lengths)


def finish(folder: Path, content: Content, whole: Whole) -> None:
    """Join the parts behind their headers."""
    out = folder / OUT
    out.mkdir(exist_ok=True)
    _, height, width = content.shape
    with open(out / IMAGES, "wb") as images:
        images.write(header(whole.count, height, width))
        stream.join(folder, whole, "samples", images)
    labels = stream.array(folder, content, whole, "conditions").astype(np.uint8)
    (out / LABELS).write_bytes(header(whole.count) + labels.tobytes())
    np.save(out / NUMBERS, stream.array(folder, content, whole, "numbers"), allow_pickle=False)
    if list(content.class_names) != [str(label) for label in range(len(content.class_names))]:
        (out / NAMES).write_text("".join(f"{name}\n" for name in content.class_names), encoding="utf-8")


WRITER = Writer("idx", "a folder of IDX files", "", False, refusal, stream.add, finish)
