"""condgan: the workbench for class-conditional GANs.

``run = condgan.train("mnist-fast")``, ``condgan.resume(run)``, ``condgan.load(run).sample("2026", seed=7)``,
``condgan.evaluate(run)``, ``condgan.diagnose(run)``, ``condgan.recipes.get("mnist")``,
``condgan.train_seeds("mnist-fast", seeds=3)``, ``condgan.compare(run, other)``, ``condgan.verify("2026.png")``,
``condgan.script("cgan-lsgan")``, ``condgan.report(run, "report.html")``,
``condgan.worth("photos/")``, ``condgan.cure(run)``.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from condgan.data import Dataset
    from condgan.diagnosis.diagnosis import diagnose
    from condgan.errors import ArgumentError, CondganError, DivergedError, InterruptedTrainingError
    from condgan.evaluation.evaluation import evaluate
    from condgan.experiments.comparison import compare
    from condgan.experiments.seeds import train_seeds
    from condgan.experiments.study import Study
    from condgan.experiments.sweep import sweep
    from condgan.generation.generator import Generator, load
    from condgan.generation.marked import marked
    from condgan.generation.run import Run
    from condgan.marks.keys import new_key
    from condgan.provenance.verify import verify
    from condgan.recipe import Recipe
    from condgan.recipe import builtin as recipes
    from condgan.reports.report import report
    from condgan.reports.script import script
    from condgan.results.evaluation import Evaluation
    from condgan.training.listeners.listener import Listener
    from condgan.training.training import resume, train
    from condgan.verdicts.cure import cure
    from condgan.verdicts.worth import worth

_PLACES = {
    "ArgumentError": "errors", "CondganError": "errors", "Dataset": "data", "DivergedError": "errors",
    "Evaluation": "results.evaluation", "Generator": "generation.generator", "InterruptedTrainingError": "errors",
    "Listener": "training.listeners.listener", "Recipe": "recipe", "Run": "generation.run",
    "Study": "experiments.study", "compare": "experiments.comparison", "cure": "verdicts.cure",
    "diagnose": "diagnosis.diagnosis",
    "evaluate": "evaluation.evaluation", "load": "generation.generator", "marked": "generation.marked",
    "new_key": "marks.keys", "recipes": "recipe.builtin",
    "report": "reports.report", "resume": "training.training", "script": "reports.script", "sweep": "experiments.sweep",
    "train": "training.training", "train_seeds": "experiments.seeds", "verify": "provenance.verify",
    "worth": "verdicts.worth",
}  # fmt: skip

__all__ = [
    "ArgumentError", "CondganError", "Dataset", "DivergedError", "Evaluation", "Generator", "InterruptedTrainingError",
    "Listener", "Recipe", "Run", "Study", "compare", "cure", "diagnose", "evaluate", "load", "marked", "new_key",
    "recipes", "report", "resume", "script", "sweep", "train", "train_seeds", "verify", "worth",
]  # fmt: skip

if not TYPE_CHECKING:  # checkers see the imports above, and nothing else

    def __getattr__(name):
        """Import a name when it is first used, so that ``import condgan`` and ``condgan --help`` are instant."""
        import importlib

        if name not in _PLACES:
            raise AttributeError(f"module 'condgan' has no attribute {name!r}")
        module = importlib.import_module(f"condgan.{_PLACES[name]}")
        return module if name == "recipes" else getattr(module, name)


def __dir__() -> list[str]:
    """The public names."""
    return __all__
