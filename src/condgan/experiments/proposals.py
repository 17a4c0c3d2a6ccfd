"""Who proposes settings: Optuna, or a list of each value alone."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from condgan.errors import CondganError
from condgan.experiments.spaces import Choices, Interval, Space
from condgan.recipe.text import to_json

if TYPE_CHECKING:
    import optuna

OPTUNA = "optuna.jsonl"
GRACE = 5  # seconds after which the lock of a process that was killed is taken over
FEWEST = 4  # settings, for importances
Setting = dict[str, Any]
"""Field -> number or text."""


class Listed:
    """The recipe as it is, and each choice of each field alone.

    Attributes:
        settings: all of them.
    """

    def __init__(self, space: Space) -> None:
        """List them.

        Raises:
            CondganError: a field has a range instead of choices.
        """
        ranges = [name for name, values in space.fields.items() if isinstance(values, Interval)]
        if ranges:
            raise CondganError(
                f"one at a time needs choices, and {', '.join(ranges)} has a range: give values, as 1e-4,1e-3"
            )
        alone: list[Setting] = [
            {name: value}
            for name, values in space.fields.items()
            if isinstance(values, Choices)
            for value in values.values
        ]
        base = to_json(space.base)
        self.settings: list[Setting] = [{}, *(one for one in alone if to_json(space.recipe(one)) != base)]

    def count(self, asked: int) -> int:
        """How many there are, whatever was asked for."""
        return len(self.settings)

    def check(self) -> None:
        """Nothing can be wrong."""

    def setting(self, number: int) -> Setting:
        """Setting ``number``."""
        return self.settings[number]

    def waiting(self) -> list[int]:
        """Settings whose values it wants to be told: none."""
        return []

    def tell(self, number: int, values: Sequence[float] | None, pruned: bool) -> None:
        """Nothing is learnt."""

    def importances(self) -> Mapping[str, float]:
        """None: no setting varies two fields."""
        return {}


class Asked:
    """Optuna's proposals, in a journal beside that of the study, or in a database.

    What is proposed follows from the seed, the number of the setting and the values that are known, so that a sweep
    that was interrupted goes on as if it had not been. No setting is proposed twice: the same seeds would give the same
    trainings again.
    """

    def __init__(
        self,
        space: Space,
        folder: Path,
        storage: str | None,
        random: bool,
        directions: Sequence[Literal["minimize", "maximize"]],
    ) -> None:
        """Prepare; nothing is opened yet.

        Raises:
            CondganError: Optuna is missing.
        """
        try:
            import optuna
        except ImportError:
            raise CondganError("sweeps need Optuna: pip install condgan[sweep]") from None
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.space, self.folder, self.storage, self.random = space, folder, storage, random
        self.directions = [*directions]
        self.asked: list[Setting] = []
        self.kept: optuna.Study | None = None

    def count(self, asked: int) -> int:
        """As many settings as were asked for, or as the space has."""
        return min(asked, self.space.size() or asked)

    def check(self) -> None:
        """Before anything is written: open a storage; drop a last line of the journal that a kill has cut.

        Raises:
            CondganError: it cannot be opened.
        """
        if self.storage is not None:
            self.opened()
        else:
            drop_cut_line(self.folder / OPTUNA)

    def setting(self, number: int) -> Setting:
        """Setting ``number``; Optuna is asked for those that are not known yet."""
        while len(self.asked) <= number:
            self.asked.append(self.propose(len(self.asked)))
        return self.asked[number]

    @property
    def settings(self) -> list[Setting]:
        """Those proposed so far, in this process or an earlier one."""
        path = self.folder / OPTUNA
        begun = self.storage is not None or (path.is_file() and b"\n" in path.read_bytes())
        earlier = [dict(trial.params) for trial in self.proposed()[len(self.asked) :]] if begun else []
        return [*self.asked, *earlier]

    def propose(self, number: int) -> Setting:
        """What Optuna proposes, or has proposed before a kill; in place of what was tried already, another one."""
        proposed = self.proposed()
        if number < len(proposed):
            return dict(proposed[number].params)
        from optuna.trial import TrialState

        study, known = self.opened(), [trial.params for trial in proposed]
        study.sampler = self.sampler(number)
        trial = study.ask(distributions(self.space))
        if trial.params in known and (left := self.space.others(known)):
            study.tell(trial, state=TrialState.FAIL)
            chosen = np.random.default_rng((self.space.base.seed, number)).integers(len(left))
            study.enqueue_trial(left[chosen])
            trial = study.ask(distributions(self.space))
        return dict(trial.params)

    def proposed(self) -> "list[optuna.trial.FrozenTrial]":
        """The trials of Optuna that are settings: whole ones, each the first of its values."""
        found: dict[tuple[Any, ...], optuna.trial.FrozenTrial] = {}
        for trial in self.opened().get_trials(deepcopy=False):
            if len(trial.params) == len(self.space.fields):
                found.setdefault(tuple(trial.params[name] for name in self.space.fields), trial)
        return [*found.values()]

    def waiting(self) -> list[int]:
        """Settings whose values it wants to be told."""
        from optuna.trial import TrialState

        return [number for number, trial in enumerate(self.proposed()) if trial.state == TrialState.RUNNING]

    def tell(self, number: int, values: Sequence[float] | None, pruned: bool) -> None:
        """Tell the values of a setting; none: it was pruned, or failed."""
        from optuna.trial import TrialState

        failed = TrialState.PRUNED if pruned else TrialState.FAIL
        state = failed if values is None else TrialState.COMPLETE
        self.opened().tell(self.proposed()[number].number, values, state=state)

    def importances(self) -> Mapping[str, float]:
        """The share of the variation of the first value that each field explains, by PED-ANOVA (Watanabe et al. 2023).

        Empty where that cannot be told, as with fewer than four settings.
        """
        from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
        from optuna.trial import TrialState

        study = self.opened()
        if len(study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])) < FEWEST:
            return {}
        target = (lambda trial: trial.values[0]) if len(self.directions) > 1 else None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", UserWarning)
                found = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator(), target=target)
        except (ValueError, RuntimeError, UserWarning):  # all settings equally good
            return {}
        return {name: round(float(share), 4) for name, share in found.items()}

    def sampler(self, number: int) -> "optuna.samplers.BaseSampler":
        """Who proposes setting ``number``."""
        from optuna import samplers

        seed = int(np.random.SeedSequence((self.space.base.seed, number)).generate_state(1)[0])
        return samplers.RandomSampler(seed) if self.random else samplers.TPESampler(seed=seed)

    def opened(self) -> "optuna.Study":
        """Optuna's study, in the sweep's folder or in the storage that was asked for; it is opened once.

        The journal's lock is an open file, which works on every file system; one that a kill has left is taken over.

        Raises:
            CondganError: the journal is damaged, or the storage cannot be opened.
        """
        if self.kept is not None:
            return self.kept
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

        path, what = self.folder / OPTUNA, "the storage cannot be opened"
        try:
            place: Any = self.storage
            if place is None:
                what = f"{path} is damaged: restore it, or begin another `study`"
                lock = JournalFileOpenLock(str(path), grace_period=GRACE)
                place = JournalStorage(JournalFileBackend(str(path), lock_obj=lock))
            names = optuna.get_all_study_names(place) if self.storage is None else []
            self.kept = optuna.create_study(
                storage=place,
                study_name=names[0] if names else self.folder.resolve().name,  # the folder may have been renamed
                load_if_exists=True,
                directions=self.directions,
            )
        except Exception as error:  # of sqlalchemy and its drivers, of many kinds
            raise CondganError(f"{what} ({' '.join(str(error).split())[:200]})") from None
        return self.kept


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


def drop_cut_line(path: Path) -> None:
    """End a journal at its last whole line; one that is whole stays as it is."""
    content = path.read_bytes() if path.is_file() else b""
    if content and not content.endswith(b"\n"):
        with open(path, "r+b") as file:
            file.truncate(content.rfind(b"\n") + 1)
