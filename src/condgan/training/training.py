"""The one training function: every door trains and resumes here."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from os import PathLike
from pathlib import Path

from condgan import arguments, engines
from condgan import data as datasets
from condgan.data import Dataset, Given, identity
from condgan.draws import schedule
from condgan.errors import CondganError
from condgan.generation import sampling
from condgan.generation.run import Run
from condgan.marks import learnt
from condgan.recipe import Recipe, builtin
from condgan.recipe.fingerprint import fingerprint
from condgan.recipe.rules import unfit
from condgan.recipe.text import SHORT, override
from condgan.runs import checkpoint as checkpoints
from condgan.training import beginning, preparation
from condgan.training.listeners.listener import Listeners
from condgan.training.listeners.pictures import Pictures
from condgan.training.listeners.plots import Plots
from condgan.training.listeners.tensorboard import TensorBoard
from condgan.training.loop import Trainer

FREE_ON_RESUME = (
    *("train.epochs", "output.", "evaluation.", "machine.", "watermark.key"),
    *(f"{short}=" for short in SHORT),
)


def train(
    recipe: str | PathLike[str] | Recipe | None = None,
    *overrides: str,
    data: Given | None = None,
    epochs: int | None = None,
    run: str | Path | None = None,
    start: str | PathLike[str] | None = None,
    listeners: Iterable[object] = (),
    stop: Callable[[], bool] | None = None,
) -> Run:
    """Train a recipe in a new run folder.

    Args:
        recipe: the name of a built-in one, the path of a JSON file, or a Recipe; none: the one that suits the data, and
            for built-in data ``cgan-lsgan``.
        overrides: ``section.field=value``.
        data: overrides data.source: a built-in dataset; a path, in any format of ``data.readers``; a Dataset, whose
            size wins over data.size; or arrays (images, labels): uint8 (N, H, W), (N, H, W, C) or (N, C, H, W), and
            integers or text (N,).
        epochs: overrides train.epochs.
        run: the folder; none: one of its own under ``runs/``.
        start: a run, or a generator of it as ``RUN@100``, whose networks this one begins with: the weights of
            generator, discriminator and average, rows and columns of classes by name. All else begins anew.
        listeners: each is a ``condgan.Listener``, or an object with some of its methods. They cannot change what is
            learnt. The run's pictures, plots and TensorBoard events are always written.
        stop: asked after each block of steps, at most half a second; true: the run is saved and returned, with the
            status ``stopped``. A file ``stop`` in the run folder does the same.

    Raises:
        CondganError: anything that the user can put right, before anything is lost; a listener raised, after a save.
        DivergedError: a loss or a weight became NaN; the last good checkpoint is kept.
        InterruptedTrainingError: Ctrl-C, after saving.
    """
    folder = None if run is None else arguments.path("run", run)
    everyone, stop = _everyone(listeners), stop and arguments.function("stop", stop)
    planned, reason = beginning.planned(recipe, overrides, data, epochs, start)
    source = None if start is None else beginning.Start.open(start)
    known = None if source is None else source.known
    dataset = datasets.load(planned.data, data, known, progress=everyone.progressed)
    if reason:
        dataset = replace(dataset, notices=(reason, *dataset.notices))
    planned = learnt.recorded(planned)
    planned = planned.model_copy(update={"data": datasets.recorded(planned.data, data, dataset)})
    check(planned, dataset)
    created = Run.create(planned, folder)
    with created.locked():
        identity.save(created.splits_file, dataset)
        trainer = Trainer(created, planned, dataset, None, everyone, stop)
        try:
            engine, untrained = preparation.engine(planned, dataset, None)
            if source is not None:
                untrained, taken = source.into(engine, planned, dataset.domain())
                trainer.notices = (taken,)
        except CondganError:
            created.discard()  # nothing was trained: the corrected command may use the same folder
            raise
        trainer.work(engine, untrained, source)
    return created


def resume(
    run: str | PathLike[str],
    *overrides: str,
    data: Given | None = None,
    epochs: int | None = None,
    listeners: Iterable[object] = (),
    stop: Callable[[], bool] | None = None,
) -> Run:
    """Continue a run exactly where its last checkpoint stands, or from step 0 if it has none.

    Args:
        run: the run, or its folder.
        overrides: of train.epochs, output, evaluation, machine, engine or watermark.key; anything else would be another
            experiment. With another engine the steps to come are of the same recipe, but not bit for bit those of this
            one.
        data: where the data lies now, if it was moved, or the arrays or Dataset; it must be the same.
        epochs: train up to this many in all.
        listeners, stop: as for ``train``. A file ``stop`` from before is removed.

    Raises:
        CondganError, DivergedError, InterruptedTrainingError: as for ``train``.
    """
    opened, everyone = Run.open(run), _everyone(listeners)
    run, stop = opened.folder, stop and arguments.function("stop", stop)
    with opened.locked():
        opened.clear_stop()  # of an earlier session; one that comes while this one is prepared is obeyed
        written = opened.recipe
        recipe = learnt.recorded(continued(written, [*overrides, *[f"train.epochs={epochs}"] * (epochs is not None)]))
        path = opened.checkpoint()
        start = checkpoints.load(path) if path.exists() else None
        if start is not None and fingerprint(start.recipe) != fingerprint(written):
            raise CondganError(f"{path} was trained with another recipe than {run}/recipe.json: it is not continued")
        known = identity.load(opened.splits_file)
        dataset = datasets.load(recipe.data, data, known, leave_out=True, progress=everyone.progressed)
        if isinstance(data, str | Path):
            recipe = recipe.model_copy(update={"data": datasets.recorded(recipe.data, data, dataset)})
        if start is not None and start.domain.data_sha256 != dataset.sha256:
            differs = "; ".join(notice for notice in dataset.notices if "the run" in notice)
            raise CondganError(
                f"the data at {recipe.data.source} is not what {run} was trained on{differs and f' ({differs})'}: "
                "`data` names its place"
            )
        check(recipe, dataset)
        trainer = Trainer(opened, recipe, dataset, start, everyone, stop)
        if trainer.step > trainer.plan.steps:
            raise CondganError(f"{run} has {trainer.plan.epoch(trainer.step):g} epochs already, more than requested")
        engine, untrained = preparation.engine(recipe, dataset, start)
        if recipe != written:  # not before there is an engine: what is refused must leave the run as it was
            opened.write_recipe(recipe)
        trainer.work(engine, untrained)
    return opened


def continued(recipe: Recipe, overrides: Iterable[str]) -> Recipe:
    """A recipe changed only in what leaves past steps as they are.

    Raises:
        CondganError: another field, or more epochs under a schedule that depends on their number.
    """
    overrides = list(overrides)
    for text in overrides:
        if not text.startswith(FREE_ON_RESUME) and "=" in text:
            raise CondganError(
                f"{text}: a resumed run takes train.epochs, output.*, evaluation.*, machine.*, engine and "
                f"watermark.key only; `{builtin.command(recipe, [text])}` starts another"
            )
    changed = override(recipe, overrides)
    bound = schedule.depends_on_length(recipe)
    if changed.train.epochs != recipe.train.epochs and bound:
        raise CondganError(
            f"{bound[0]} depends on the number of epochs, so other steps would have been taken from the start: "
            f"`{builtin.command(recipe, [f'train.epochs={changed.train.epochs}'])}` trains anew"
        )
    return changed


def check(recipe: Recipe, dataset: Dataset) -> None:
    """Refuse now what could only fail after hours.

    Raises:
        CondganError: the data does not serve the recipe.
    """
    if recipe.conditional and len(dataset.class_names) == 1:
        raise CondganError(f"{dataset.name} has one class, {recipe.name} is conditional: add classes, or train gan-mlp")
    count = len(dataset.trained_on(recipe.data))
    if count < 2:
        raise CondganError(f"{dataset.name} has {count} training images: at least 2 are needed")
    refused = engines.load(recipe.machine.engine).refusal(recipe)
    if refused:
        raise CondganError(refused)
    reason = unfit(recipe, dataset.domain())
    if reason:
        raise CondganError(f"{recipe.name} does not fit {dataset.name}: {reason}")
    sampling.result_labels(recipe, dataset.domain())


def _everyone(listeners: Iterable[object]) -> Listeners:
    """Those that write the files of a run, and the user's."""
    return Listeners([Pictures(), TensorBoard(), Plots()], listeners)
