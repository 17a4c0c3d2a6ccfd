"""The mark of a recipe's key, which a generator learns to put into its images."""

import os

from condgan.errors import CondganError
from condgan.marks import keys, pattern
from condgan.marks.pattern import Patterns
from condgan.recipe import Domain, Recipe

LOW, HIGH = 0.5, 0.08
"""The cosines between maps and patterns that images are to reach; those of marked digits are 0.58 and 0.06."""
MOVED = "`watermark.key=FILE` says where that one lies now"


def patterns(recipe: Recipe, domain: Domain) -> Patterns | None:
    """The patterns that generated images are to have; none, if the recipe has no key.

    Raises:
        CondganError: the key cannot be read, or is another one than the recipe's; samples cannot have a mark.
    """
    spec = recipe.watermark
    if spec.key is None:
        return None
    try:
        key = keys.load(spec.key)
    except CondganError:
        if spec.fingerprint is None:
            raise
        raise CondganError(
            f"{spec.key} cannot be read as the key {spec.fingerprint} of this training: {MOVED}"
        ) from None
    if spec.fingerprint not in (None, key.fingerprint):
        raise CondganError(
            f"{spec.key} is the key {key.fingerprint}, and this training has the key {spec.fingerprint}: {MOVED}"
        )
    return pattern.patterns(key, (domain.shape[1], domain.shape[2]))


def recorded(recipe: Recipe) -> Recipe:
    """A recipe as a run records it: with the fingerprint of its key, and a path that is found from any folder.

    Raises:
        CondganError: the key cannot be read.
    """
    spec = recipe.watermark
    if spec.key is None:
        return recipe
    noted = {"key": os.path.abspath(spec.key), "fingerprint": spec.fingerprint or keys.load(spec.key).fingerprint}
    return recipe.model_copy(update={"watermark": spec.model_copy(update=noted)})
