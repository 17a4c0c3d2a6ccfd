"""Arrays with a description, in one safetensors file: checkpoints and generators. Never pickle."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from condgan.errors import CondganError, DivergedError
from condgan.storage.files import atomic
from condgan.streams import encodable

FORMAT = 1
KEY = "condgan"  # of the description in the file's metadata
MOST_BYTES = 64 * 2**30

Arrays = dict[str, npt.NDArray[np.generic]]


def save(path: Path, kind: str, description: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[np.generic]]) -> None:
    """Write a file atomically.

    Raises:
        DivergedError: a weight is NaN or infinite; the old file stays.
        CondganError: the file cannot be written.
    """
    from safetensors.numpy import save as to_bytes

    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise DivergedError(f'"{name}" holds NaN or infinite numbers')
    header = encodable(json.dumps({"format": FORMAT, "kind": kind, **description}, ensure_ascii=False))
    atomic(path, to_bytes({name: np.asarray(a, order="C") for name, a in arrays.items()}, {KEY: header}))


def load(path: Path, kind: str, prefix: str = "") -> tuple[dict[str, Any], Arrays]:
    """The description and the arrays whose name begins with ``prefix`` (which is taken off).

    Raises:
        CondganError: unreadable, truncated, of another kind, or from a newer condgan.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with path.open("rb") as file:  # its errors name the file, safetensors' do not
            file.read(1)
        with safe_open(path, framework="np") as tensors:
            description = _description(path, kind, (tensors.metadata() or {}).get(KEY))
            names = [name for name in tensors.keys() if name.startswith(prefix)]  # noqa: SIM118 (not a mapping)
            arrays = {name.removeprefix(prefix): tensors.get_tensor(name) for name in names}
    except SafetensorError as error:
        raise CondganError(
            f"{path} is not a whole safetensors file ({error}): it is truncated, or something else"
        ) from None
    except (AttributeError, TypeError, ValueError) as error:
        raise CondganError(f"{path} holds numbers of a type that condgan never writes ({error})") from None
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise CondganError(f'{path}: "{name}" holds NaN or infinite numbers: the file is damaged')
    return description, cast(Arrays, arrays)


def describe(path: Path, kind: str) -> dict[str, Any]:
    """The description alone.

    Raises:
        CondganError: as for ``load``.
    """
    return load(path, kind, prefix="/")[0]  # no array has such a name


def _description(path: Path, kind: str, text: str | None) -> dict[str, Any]:
    try:
        description = json.loads(text or "")
        actual, version = description["kind"], description["format"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise CondganError(f"{path} was not written by condgan: its header describes no recipe") from None
    if not isinstance(version, int) or version > FORMAT:
        raise CondganError(f"{path} has format {version}, this condgan reads up to {FORMAT}: upgrade condgan")
    if actual != kind:
        raise CondganError(f"{path} is a {actual}, not a {kind}")
    return cast(dict[str, Any], description)
