"""Named vars to arrays and back, strictly, in the form that torch's twin gives them."""

import re
from collections.abc import Mapping

import jittor as jt
import numpy as np
import numpy.typing as npt
from jittor import nn

from condgan.engines import fit
from condgan.engines.fit import Form

SCALAR = re.compile(
    r"\.(num_batches_tracked|step|probability|gain(\.(exp_avg|exp_avg_sq|square_avg|momentum_buffer))?)$"
)
"""Numbers without an axis in a file; a var has one always."""
RENAMED = {
    ".spectrum.original": ".parametrizations.weight.original",
    ".spectrum.u": ".parametrizations.weight.0._u",
    ".spectrum.v": ".parametrizations.weight.0._v",
}
"""What ends a name in Jittor -> in torch."""
NAMES = re.compile("|".join(map(re.escape, RENAMED)) + "$")


def state(network: nn.Module) -> dict[str, jt.Var]:
    """What a network consists of, by the names that torch's twin has for it."""
    return {NAMES.sub(lambda ending: RENAMED[ending[0]], name): var for name, var in network.state_dict().items()}


def parameters(network: nn.Module) -> dict[str, jt.Var]:
    """What is trained, by name."""
    return {name: var for name, var in state(network).items() if not var.is_stop_grad()}


def form(name: str, var: jt.Var) -> Form:
    """Shape and type in a file."""
    if SCALAR.search(name) is None:
        return tuple(var.shape), "float32"
    return (), "int64" if name.endswith("num_batches_tracked") else "float32"


def copies(tensors: Mapping[str, jt.Var]) -> dict[str, npt.NDArray[np.generic]]:
    """Each var as an array of its own."""
    arrays = {}
    for name, var in tensors.items():
        shape, kind = form(name, var)
        arrays[name] = np.array(var.numpy(), kind).reshape(shape)
    return arrays


def copy_into(tensors: Mapping[str, jt.Var], arrays: Mapping[str, npt.NDArray[np.generic]]) -> None:
    """Fill the vars in place, unless a name, shape or type does not fit (``fit.check``)."""
    fit.check({name: form(name, var) for name, var in tensors.items()}, arrays)
    for name, var in tensors.items():
        var.update(jt.array(np.asarray(arrays[name], np.float32).reshape(tuple(var.shape))))
    settle(tensors)


def settle(tensors: Mapping[str, jt.Var]) -> None:
    """Compute them now: numbers that are still to come would be compiled into whatever uses them."""
    jt.sync(list(tensors.values()))
