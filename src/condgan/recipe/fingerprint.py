"""The hash of a recipe: equal for trainings that learn the same."""

import hashlib
import json

from condgan.recipe import Recipe


def fingerprint(recipe: Recipe) -> str:
    """SHA-256 of what a recipe says about what is learnt: not of what a resumed run may change.

    That is output, evaluation, machine, the number of epochs, and the places of the data and of a key; notes do not
    count either.
    Fields at their defaults are left out, so that a field that a later version adds changes no hash.
    """
    told = recipe.model_dump(
        mode="json", exclude_defaults=True,
        exclude={"format": True, "source": True, "notes": True, "output": True, "evaluation": True, "machine": True,
                 "data": {"source"}, "train": {"epochs"}, "watermark": {"key"}},
    )  # fmt: skip
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
