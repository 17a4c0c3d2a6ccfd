"""Arrays in .npy files, named as in an .npz; and files of other programs, refused with the conversion to an .npz."""

from pathlib import Path

from condgan.data.dataset import Contents
from condgan.data.readers import arrays
from condgan.data.readers.archive import read_lone
from condgan.data.readers.npz import assigned
from condgan.data.readers.reader import Progress, Reader, silent
from condgan.data.readers.roles import known, roles
from condgan.errors import CondganError
from condgan.recipe import Data

SAVE = "numpy.savez('data.npz', images=images, labels=labels)"
CONVERSIONS = {
    ".mat": "import numpy, scipy.io; m = scipy.io.loadmat(PATH); print(list(m)); images, labels = m['X'], m['y']",
    **dict.fromkeys(
        (".h5", ".hdf5"),
        "import numpy, h5py; f = h5py.File(PATH); print(list(f)); images, labels = f['images'][:], f['labels'][:]",
    ),
    **dict.fromkeys(
        (".pt", ".pth"),
        "import numpy, torch; images, labels = (t.numpy() for t in torch.load(PATH, weights_only=True)[:2])",
    ),
    **dict.fromkeys(
        (".pkl", ".pickle"),
        "import numpy, pickle; images, labels = pickle.load(open(PATH, 'rb'))[:2]",
    ),
}
"""What turns a file of another program into arrays, by its ending; the names in it are those of the usual case."""


def read(path: Path, name: str, data: Data, progress: Progress = silent) -> Contents:
    """The arrays of a folder of .npy files, or of the folder that a given .npy file lies in.

    Raises:
        CondganError: images or labels are missing, of the wrong type or shape, damaged or too large; or the file has to
            be converted first.
    """
    conversion = CONVERSIONS.get(path.suffix.lower())
    if path.is_file() and conversion:
        code = conversion.replace("PATH", repr(str(path)))
        more = " (trust the file first: a pickle can run any program)" if "pickle" in code else ""
        raise CondganError(f"{path} has to be converted to an .npz{more}: {code}; {SAVE}")
    folder = path if path.is_dir() else path.parent
    files = {file.stem: file for file in npy_files(folder)}
    found = roles(str(folder), files)
    present = {name: read_lone(files[name]) for name in found.names}
    return arrays.contents(name, assigned(str(folder), found, present), data)


def npy_files(folder: Path) -> list[Path]:
    """The .npy files in a folder."""
    return sorted(file for file in folder.iterdir() if file.suffix.lower() == ".npy" and not file.name.startswith("."))


def matches(path: Path) -> bool:
    """Whether a path is an .npy file, a folder of them and no folders, or a file that has to be converted."""
    if path.is_dir():
        below = any(entry.is_dir() and not entry.name.startswith(".") for entry in path.iterdir())
        return not below and any(known(file.stem, exact=False) for file in npy_files(path))
    return path.is_file() and path.suffix.lower() in (".npy", *CONVERSIONS)


READER = Reader("npy", ".npy files", "train, and validation and test if it has them", matches, read)
