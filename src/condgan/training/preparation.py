"""What a session of training starts from: its engine, the facts that it records, and the sentence that announces it."""

from shlex import quote

import numpy as np

from condgan import engines
from condgan.arrays import Conditions, Latents, Samples
from condgan.data import Dataset
from condgan.draws.schedule import Plan
from condgan.engines import Settings, State
from condgan.engines.engine import Engine
from condgan.errors import CondganError
from condgan.inspection.opening import lines
from condgan.recipe import Recipe
from condgan.recipe.fingerprint import fingerprint
from condgan.results.classes import rare
from condgan.runs import session
from condgan.runs.checkpoint import Checkpoint
from condgan.runs.run import Run
from condgan.storage.manifest import Manifest, begin
from condgan.training.beginning import Start


def engine(recipe: Recipe, dataset: Dataset, start: Checkpoint | None) -> tuple[Engine, State | None]:
    """The engine at the step of a checkpoint, or at step 0, and the untrained generator, if it will be evaluated.

    The untrained generator is a pure function of the recipe, so that no checkpoint contains it.

    Raises:
        CondganError: the networks do not fit into memory, or the engine is not installed.
    """
    framework = engines.load(recipe.machine.engine)
    same = start is not None and start.recipe.machine.engine == recipe.machine.engine
    picked = start.settings if start and same else None
    wanted = recipe.machine
    if picked is not None and wanted.device:  # what the user names wins
        picked = picked.model_copy(update={"device": wanted.device})
    if picked is not None and wanted.threads:
        picked = picked.model_copy(update={"threads": wanted.threads, "threads_by": "machine.threads"})
    try:
        built = framework.build(recipe, dataset.domain(), dataset.trained_on(recipe.data), picked)
    except MemoryError:
        raise CondganError(
            "the networks do not fit into memory: fewer hidden units, a smaller width, or a smaller data.size"
        ) from None
    untrained = None if recipe.evaluation.every is None else built.generator_state()
    if start:
        built.load(start.state)
    return built, untrained


def note(
    run: Run, recipe: Recipe, dataset: Dataset, step: int, settings: Settings, source: Start | None = None
) -> None:
    """Record what a session is based on."""
    facts = {
        "domain": dataset.domain().model_dump(mode="json"),
        "splits": {
            "rule": dataset.split_rule,
            "images": {name: len(split) for name, split in dataset.splits.items()},
            "trained_on": recipe.data.train_on,
        },
    }
    began = {} if source is None else {"start": source.facts()}
    run.note_session(facts, session.session() | {"step": step, "settings": settings.model_dump(mode="json"), **began})


def notices(recipe: Recipe, dataset: Dataset) -> tuple[str, ...]:
    """What was read, what was done to the images, and the classes with no or one training image."""
    read = (*lines(dataset), *dataset.notices)
    if not dataset.class_names:
        return read
    splits = (dataset.splits[name] for name in dataset.training_splits(recipe.data.train_on).split("+"))
    counts = sum(np.bincount(split.labels, minlength=len(dataset.class_names)) for split in splits)
    few = rare(dataset.class_names, np.asarray(counts).tolist(), "training images")
    return (*read, *([few] if few else []))


def manifest(run: Run, recipe: Recipe, dataset: Dataset) -> Manifest:
    """What the run's pictures have in common; their time is that at which its first session began."""
    return begin(started=run.began()).of(
        "picture", recipe=recipe.name, recipe_sha256=fingerprint(recipe), data=dataset.name
    )


def opening(run: Run, recipe: Recipe, dataset: Dataset, plan: Plan, step: int, settings: Settings) -> str:
    """What is about to happen, in a sentence."""
    if step == plan.steps:
        resume = f"condgan resume {quote(str(run.folder))} --epochs N"
        return f"{run.folder} is finished: `{resume}` trains it for N epochs in all"
    start = f"continues at epoch {plan.epoch(step):.2f} (step {step})" if step else "trains"
    what = "images" if dataset.domain().vector is None else "vectors"
    wanted, precision = recipe.train.precision, settings.precision
    slow = f", {precision}: {wanted} would not help here" if precision not in (wanted, None) else ""
    return (
        f"{run.folder}: {recipe.name} {start} to epoch {plan.epochs} on {plan.images} {what} of {dataset.name} "
        f"({recipe.data.train_on}), {recipe.machine.engine}, {settings.device}, {settings.threads} thread(s) "
        f"({settings.threads_by}){slow}"
    )


class Now:
    """The generator of the moment, which a listener can sample from, and do nothing else with."""

    def __init__(self, engine: Engine) -> None:
        self._sample = engine.sample

    def sample(self, latents: Latents, labels: Conditions) -> Samples:
        """See ``condgan.engines.Sampler``."""
        return self._sample(latents, labels)
