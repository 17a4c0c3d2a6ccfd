"""condgan: the workbench for class-conditional GANs.

``condgan.train(...)``, ``condgan.resume(...)``, ``condgan.load(path).sample(labels, seed)``, ``condgan.evaluate(...)``,
``condgan.recipes``.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from condgan.errors import CondganError
    from condgan.evaluation.evaluation import evaluate
    from condgan.generation.generator import Generator, load
    from condgan.recipe import builtin as recipes
    from condgan.training.training import resume, train

__all__ = ["CondganError", "Generator", "evaluate", "load", "recipes", "resume", "train"]

_PLACES = {
    "CondganError": "errors", "Generator": "generation.generator", "evaluate": "evaluation.evaluation",
    "load": "generation.generator", "resume": "training.training", "train": "training.training",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import what is asked for only then, so that ``import condgan`` and ``condgan --help`` are instant."""
    import importlib

    if name in _PLACES:
        return getattr(importlib.import_module(f"condgan.{_PLACES[name]}"), name)
    if name == "recipes":
        return importlib.import_module("condgan.recipe.builtin")
    raise AttributeError(f"module 'condgan' has no attribute {name!r}")
