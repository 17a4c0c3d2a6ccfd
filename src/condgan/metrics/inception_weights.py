"""The published weights of Inception v3, from a file that the user has: which port they are of, its content says.

torch files are pickles, and the only ones that condgan reads: as tensors alone, by torch's own restricted reader. The
weights of 2015 exist in no other form, and their bytes must have the published SHA-256. Weights of torchvision and
Jittor may also lie in a .safetensors or .npz file. Jittor's own .pkl is a plain pickle, which is never read.
"""

import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from condgan.errors import CondganError
from condgan.metrics.feature_network import channels_last
from condgan.metrics.inception import FEATURES, FID_2015, IMAGENET, Inception, Port

FILE = "pt_inception-2015-12-05-6726825d.pth"
WHERE = f"https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/{FILE}"
SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
LATER_FILE = "inception_v3_google-0cc3c7bd.pth"
LATER_WHERE = f"https://download.pytorch.org/models/{LATER_FILE}"
EXPECTED = f"expected {FILE} with SHA-256 {SHA256}, which is at {WHERE}, or torchvision's {LATER_FILE} ({LATER_WHERE})"
MOST_BYTES = 2**28  # of a file that is read, and of what it unpacks to; the published ones have 96 and 109 million
SAFE_TORCH = (2, 6)  # in older ones the restricted reader can be made to run code (CVE-2025-32434)

ZIP, PICKLE = b"PK\x03\x04", b"\x80"
BEFORE_ZIP = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."  # how torch began its files until 2020
COUNTER = "num_batches_tracked"  # of use in training only; files of Jittor or an older torch lack it
AUXILIARY = "AuxLogits."  # a second classifier, of use in training only


def load(path: Path) -> Inception:
    """The network with the weights of a file, in eval mode. Torch's own random state does not change.

    The file is read once, and all is judged by these bytes: the weights of 2015 by their SHA-256, those of the later
    port by names and shapes.

    Raises:
        CondganError: missing, no regular file, too large, a plain pickle, or no weights of either port.
    """
    content = bytes_of(path)
    sha256 = hashlib.sha256(content).hexdigest()
    state = tensors(path, content, sha256)
    port = FID_2015 if sha256 == SHA256 else port_of(path, state)
    if port is FID_2015 and sha256 != SHA256:
        raise CondganError(f"{path} has SHA-256 {sha256}, it is damaged or another file: {EXPECTED}")
    with torch.random.fork_rng(devices=[]):
        network = Inception(port)
    counters = {name: value for name, value in network.state_dict().items() if name.endswith(COUNTER)}
    if port is not FID_2015:
        state = {name: value for name, value in state.items() if not str(name).startswith(AUXILIARY)}
    try:
        network.load_state_dict(state | counters)
    except (AttributeError, RuntimeError, TypeError) as error:
        detail = " ".join(str(error).split())
        raise CondganError(f"{path} contains no weights of this network ({detail}): {EXPECTED}") from None
    if not all(torch.isfinite(value).all() for value in network.state_dict().values()):
        raise CondganError(f"{path} holds NaN or infinite numbers, it is damaged: {EXPECTED}")
    return channels_last(network.eval())


def bytes_of(path: Path) -> bytes:
    """All of a file.

    Raises:
        CondganError: missing, no regular file, or too large.
    """
    if not path.exists():
        raise CondganError(f"{path} does not exist: {EXPECTED}")
    if not path.is_file():
        raise CondganError(f"{path} is {'a folder' if path.is_dir() else 'not a regular file'}: {EXPECTED}")
    if path.stat().st_size > MOST_BYTES:
        raise CondganError(f"{path} is larger than {MOST_BYTES >> 20} MiB: {EXPECTED}")
    return path.read_bytes()


def tensors(path: Path, content: bytes, sha256: str) -> Any:
    """What a file holds: of the published ones, tensors by name.

    Raises:
        CondganError: a plain pickle, or something else than tensors.
    """
    read = reader(content)
    if read is of_torch and sha256 != SHA256 and version() < SAFE_TORCH:
        raise CondganError(
            f"{path} is not read by torch {torch.__version__}: update torch, or save the weights as .npz"
        )
    if read is None and content.startswith(PICKLE):
        raise CondganError(
            f"{path} is a plain pickle, as Jittor's .pkl: it could run any code and is not read; save the weights with "
            f"numpy.savez(PATH, **weights), see docs/metrics.md, or: {EXPECTED}"
        )
    try:
        if read is None:
            raise ValueError("no known format")
        return read(content)
    except Exception:  # of a dozen kinds; and torch's message advises to load without the guard
        raise CondganError(
            f"{path} (SHA-256 {sha256}) is damaged, or contains something else than tensors, and was not loaded: "
            f"{EXPECTED}"
        ) from None


def version() -> tuple[int, ...]:
    """Major and minor version of torch."""
    return tuple(int(part) for part in torch.__version__.split(".")[:2])


def reader(content: bytes) -> Callable[[bytes], Any] | None:
    """What reads a file that begins and is made like this; none where nothing does."""
    if content.startswith(BEFORE_ZIP):
        return of_torch
    if content.startswith(ZIP):
        return of_numpy if all(name.endswith(".npy") for name in members(content)) else of_torch
    return of_safetensors if content[8:9] == b"{" else None


def members(content: bytes) -> list[str]:
    """The names in a zip archive; none where it is damaged, or larger inside than any weights are."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            found = archive.infolist()
    except Exception:  # zipfile raises a dozen kinds on damaged input
        return []
    return [one.filename for one in found] if sum(one.file_size for one in found) <= MOST_BYTES else []


def of_torch(content: bytes) -> Any:
    """Tensors that torch saved, new or old, and nothing else that a pickle can be."""
    return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)


def of_numpy(content: bytes) -> dict[str, torch.Tensor]:
    """Arrays that ``numpy.savez`` saved; those of objects are pickles, and refused."""
    if not members(content):
        raise ValueError("damaged, or too large")
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return {name: torch.from_numpy(np.asarray(arrays[name], np.float32)) for name in arrays.files}


def of_safetensors(content: bytes) -> dict[str, torch.Tensor]:
    """Tensors of a safetensors file."""
    from safetensors.torch import load as read

    return read(content)


def port_of(path: Path, state: Any) -> Port:
    """The port that weights are of, by the outputs of their last layer.

    Raises:
        CondganError: they are of neither.
    """
    last = state.get("fc.weight") if isinstance(state, Mapping) else None
    shape = tuple(last.shape) if isinstance(last, torch.Tensor) else None
    for port in (FID_2015, IMAGENET):
        if shape == (port.outputs, FEATURES):
            return port
    found = "nothing of that name" if shape is None else f'"fc.weight" of shape {shape}'
    raise CondganError(
        f'{path} contains no weights of this network ({found}, where "fc.weight" has {FID_2015.outputs} or '
        f"{IMAGENET.outputs} rows of {FEATURES}): {EXPECTED}"
    )
