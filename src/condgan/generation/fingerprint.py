"""The hash of a generator: equal in a checkpoint, a run and a file of its own, and where it was moved."""

import hashlib
import json

import numpy as np

from condgan.engines import State
from condgan.recipe import Domain, Recipe


def fingerprint(recipe: Recipe, domain: Domain, state: State) -> str:
    """SHA-256 of the weights, and of what else determines an image: latents, network, shape, classes.

    Fields at their defaults are left out, so that a field that a later version adds changes no hash.
    """
    form = {
        "latent": recipe.latent.model_dump(mode="json", exclude_defaults=True),
        "generator": recipe.generator.model_dump(mode="json", exclude_defaults=True),
        "growing": recipe.growing.model_dump(mode="json", exclude_defaults=True),
        "domain": domain.model_dump(mode="json", exclude={"data", "data_sha256"}, exclude_none=True),
    }
    found = hashlib.sha256(json.dumps(form, sort_keys=True).encode())
    for name, array in sorted(state.items()):
        found.update(f"{name} {array.dtype.str} {array.shape}\0".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()
