"""Who proposes settings: Optuna, or a list of each value alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from condgan.errors import CondganError
from condgan.experiments.spaces import Choices, Interval, Space
from condgan.recipe.text import to_json

if TYPE_CHECKING:
    import optuna

OPTUNA = "optuna.jsonl"
GRACE = 5  # seconds after which the lock of a process that was killed is taken over


def one_at_a_time(space: Space) -> list[dict[str, Any]]:
    """The recipe as it is, and each choice of each field alone.

    Raises:
        CondganError: a field has a range instead of choices.
    """
    ranges = [name for name, values in space.fields.items() if isinstance(values, Interval)]
    if ranges:
        raise CondganError(
            f"one at a time needs choices, and {', '.join(ranges)} has a range: give values, as 1e-4,1e-3"
        )
    alone = [
        {name: value} for name, values in space.fields.items() if isinstance(values, Choices) for value in values.values
    ]
    base = to_json(space.base)
    return [{}, *(setting for setting in alone if to_json(space.recipe(setting)) != base)]


def distributions(space: Space) -> "dict[str, optuna.distributions.BaseDistribution]":
    """The fields as Optuna knows them."""
    from optuna import distributions as of

    found: dict[str, of.BaseDistribution] = {}
    for name, values in space.fields.items():
        if isinstance(values, Choices):
            found[name] = of.CategoricalDistribution(values.values)
        elif values.whole:
            found[name] = of.IntDistribution(int(values.low), int(values.high), log=values.log)
        else:
            found[name] = of.FloatDistribution(values.low, values.high, log=values.log)
    return found


def opened(
    folder: Path, storage: str | None, seed: int, random: bool, directions: Sequence[Literal["minimize", "maximize"]]
) -> "optuna.Study":
    """Optuna's study in a sweep's folder, or in the storage that was asked for.

    Its journal's lock is an open file, which works on every file system; one that a kill has left is taken over.

    Raises:
        CondganError: Optuna is missing, or the storage cannot be opened.
    """
    try:
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
    except ImportError:
        raise CondganError("sweeps need Optuna: pip install condgan[sweep]") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    path, samplers = str(folder / OPTUNA), optuna.samplers
    kept: Any = storage or JournalStorage(
        JournalFileBackend(path, lock_obj=JournalFileOpenLock(path, grace_period=GRACE))
    )
    sampler = samplers.RandomSampler(seed) if random else samplers.TPESampler(seed=seed)
    try:
        return optuna.create_study(
            storage=kept,
            study_name=folder.resolve().name,
            load_if_exists=True,
            sampler=sampler,
            directions=[*directions],
        )
    except Exception as error:  # of sqlalchemy and its drivers, of many kinds
        raise CondganError(f"the storage cannot be opened ({' '.join(str(error).split())[:200]})") from None
