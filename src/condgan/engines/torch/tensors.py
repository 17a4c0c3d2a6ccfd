"""Named tensors to arrays and back, strictly; and networks of which only the shapes are wanted."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from condgan.engines import fit


def copies(tensors: Mapping[str, Tensor]) -> dict[str, npt.NDArray[np.generic]]:
    """Each tensor as an array of its own."""
    return {name: tensor.detach().cpu().numpy().copy() for name, tensor in tensors.items()}


@torch.no_grad()
def copy_into(tensors: Mapping[str, Tensor], arrays: Mapping[str, npt.NDArray[np.generic]]) -> None:
    """Fill the tensors in place, unless a name, shape or type does not fit (``fit.check``)."""
    given = fitting(tensors, arrays)
    for name, tensor in tensors.items():
        tensor.copy_(given[name])


def fitting(tensors: Mapping[str, Tensor], arrays: Mapping[str, npt.NDArray[np.generic]]) -> dict[str, Tensor]:
    """The arrays as tensors of their own, if they fit ``tensors`` of any device, or of none (``fit.check``)."""
    wanted = {name: (tuple(each.shape), str(each.dtype).removeprefix("torch.")) for name, each in tensors.items()}
    fit.check(wanted, arrays)
    return {name: torch.from_numpy(np.array(arrays[name], order="C")) for name in tensors}


class _Unfilled(TorchFunctionMode):
    """Weights are not initialised: on the meta device that would import torch's compiler, which takes a second."""

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        given = kwargs or {}
        if getattr(function, "__module__", None) == torch.nn.init.__name__:
            return args[0] if args else given["tensor"]
        return function(*args, **given)


@contextmanager
def shapes() -> Iterator[None]:
    """Networks built inside have shapes and no values, so that they take no memory however large they claim to be."""
    with torch.device("meta"), _Unfilled():
        yield
