"""MNIST, shipped with condgan: four gzipped IDX files of 11 MB."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import as_file, files

import numpy as np

from condgan.arrays import Images
from condgan.data.dataset import Contents, Split
from condgan.data.prepare import prepare
from condgan.data.readers.idx import header, read_array
from condgan.data.readers.reader import BuiltIn
from condgan.errors import CondganError
from condgan.recipe import Data

VALIDATION = 10_000
RULE = "validation is the last 10,000 of MNIST's 60,000 training images, test its 10,000 test images"
SHA256 = {  # of the uncompressed files
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


def read(data: Data) -> Contents:
    """The 70,000 digits, training and validation images side by side in memory.

    Raises:
        CondganError: a shipped file is missing or damaged.
    """
    with ThreadPoolExecutor(len(SHA256)) as pool:  # zlib and hashlib release the interpreter's lock
        raw, raw_labels, raw_test, raw_test_labels = pool.map(read_shipped, SHA256)
    images, notices, *_ = prepare(raw, data, identify=False)
    labels = raw_labels.astype(np.int64)
    test = prepare(raw_test, data, identify=False).images
    splits = {
        "train": Split(images[:-VALIDATION], labels[:-VALIDATION]),
        "validation": Split(images[-VALIDATION:], labels[-VALIDATION:]),
        "test": Split(test, raw_test_labels.astype(np.int64)),
    }
    return Contents("mnist", tuple("0123456789"), splits, notices, RULE, drawn=("validation",))


def read_shipped(name: str) -> Images:
    """One of the shipped files as an array, checked against its hash.

    Raises:
        CondganError: the file is missing or is not the one that was shipped.
    """
    try:
        with as_file(files("condgan.data") / "files" / "mnist" / f"{name}.gz") as path:
            array = read_array(path, dimensions=3 if "idx3" in name else 1)
    except (OSError, CondganError) as error:
        raise CondganError(f"condgan's own {name}.gz cannot be read ({error}): reinstall condgan") from None
    digest = hashlib.sha256(header(array.shape))
    digest.update(array.reshape(-1).data)
    if digest.hexdigest() != SHA256[name]:
        raise CondganError(f"condgan's own {name}.gz is not the file that was shipped (SHA-256): reinstall condgan")
    return array


LICENCE = "CC BY-SA 3.0 (MNIST, by Yann LeCun and Corinna Cortes)", "cc-by-sa-3.0"
BUILT_IN = BuiltIn("mnist", "70,000 handwritten digits", "train, validation, test", read, LICENCE)
