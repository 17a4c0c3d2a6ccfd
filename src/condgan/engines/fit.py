"""Whether weights from a file are those of a network, and conditions those of a generator, before either is used."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from condgan import recipe
from condgan.arrays import Conditions
from condgan.errors import CondganError
from condgan.recipe import Domain

LINEAR = ("embedding", "one-hot", "norm")
"""Ways for a class to enter a generator that weighted sums of classes can enter, too."""
Form = tuple[tuple[int, ...], str]
"""Shape and type, as ``((10, 4), "float32")``."""


def check(wanted: Mapping[str, Form], arrays: Mapping[str, npt.NDArray[np.generic]]) -> None:
    """Every name, shape and type must fit, and none be left over.

    Raises:
        CondganError: naming the first that does not.
    """
    missing = [name for name in wanted if name not in arrays]
    extra = [name for name in arrays if name not in wanted]
    forms = {name: (array.shape, str(array.dtype)) for name, array in arrays.items()}
    other = [name for name in wanted if name in forms and forms[name] != wanted[name]]
    if missing or extra:
        what = f'"{missing[0]}" is missing' if missing else f'"{extra[0]}" has no place'
        what += f" ({len(missing)} missing, {len(extra)} unknown)"
    elif other:
        (given, given_type), (shape, kind) = forms[other[0]], wanted[other[0]]
        what = f'"{other[0]}" is {given_type} {given}, expected {kind} {shape}'
    else:
        return
    raise CondganError(f"weights do not fit the recipe: {what}: they belong to another recipe or dataset")


def labels(given: Conditions, domain: Domain) -> Conditions:
    """Conditions, (N, ...), as they are: frameworks differ in what they do with a class that does not exist.

    Raises:
        CondganError: a label is out of range.
    """
    if domain.condition is None and len(given) and not 0 <= given.min() <= given.max() < domain.classes:
        wrong = given.max() if given.min() >= 0 else given.min()
        raise CondganError(f"label {wrong}: expected 0 to {domain.classes - 1}, as there are {domain.classes} classes")
    return given


def conditions(given: Conditions, spec: recipe.Generator, domain: Domain) -> Conditions:
    """Conditions of samples, (N, ...): labels, vectors, or weights of the classes (N, K).

    Raises:
        CondganError: a label is out of range, or the generator does not take such weights.
    """
    if domain.condition is not None or given.dtype.kind != "f":
        return labels(given, domain)
    if spec.condition not in LINEAR:
        raise CondganError(f"generator.condition={spec.condition} takes no class weights: {', '.join(LINEAR)} do")
    if given.shape[1:] != (domain.classes,) or not np.isfinite(given).all():
        raise CondganError(f"class weights of shape {given.shape}: expected finite floats (N, {domain.classes})")
    return given.astype(np.float32)
