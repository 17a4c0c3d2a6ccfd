"""What a training reports to its listeners, and how they are called."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from condgan.arguments import shown
from condgan.data import Dataset
from condgan.draws.schedule import Plan
from condgan.engines import Sampler, Settings
from condgan.errors import ArgumentError, CondganError
from condgan.recipe import Recipe
from condgan.results.records import AlarmRecord, EvaluationRecord, Record, StepRecord
from condgan.runs.run import Run
from condgan.runs.status import Status
from condgan.storage.manifest import Manifest
from condgan.training.agenda import Agenda


@dataclass(frozen=True)
class Beginning:
    """A training that begins or continues.

    Attributes:
        run, recipe, dataset: what is trained where, and on what.
        plan: how its steps fall on epochs and images.
        agenda: after which steps grids and evaluations are due.
        settings: device, threads and precision.
        step: where it begins: 0, or that of the checkpoint.
        records: the log up to there.
        sampler: the generator; at each event it is the one of that moment.
        notices: what was noticed in the data.
        opening: a sentence that says what is trained, on what and with what.
        manifest: what the run's pictures have in common of what they say of themselves.
        fingerprint: the hash of the generator of the moment.
    """

    run: Run
    recipe: Recipe
    dataset: Dataset
    plan: Plan
    agenda: Agenda
    settings: Settings
    step: int
    records: Sequence[Record]
    sampler: Sampler
    notices: Sequence[str]
    opening: str
    manifest: Manifest
    fingerprint: Callable[[], str]


@dataclass(frozen=True)
class Block:
    """Some steps, at most half a second of them.

    Attributes:
        step: the number of steps taken so far.
        steps: of this block.
        seconds: that they took.
        figures: each figure of each of its steps, (steps,) float32.
    """

    step: int
    steps: int
    seconds: float
    figures: Mapping[str, npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Evaluated:
    """An evaluation on validation images.

    Attributes:
        record: as it is in the log.
        confusion: (K, K) counts, requested class by predicted class; none without classes.
        best: whether it is the best so far.
        sentence: its figures in a line.
    """

    record: EvaluationRecord
    confusion: npt.NDArray[np.int64] | None
    best: bool
    sentence: str


@dataclass(frozen=True)
class Alarmed:
    """A sign of failure, the first of its kind in this run.

    Attributes:
        record: as it is in the log.
        evidence: the numbers behind it.
        advice: overrides that may help, in a new run.
    """

    record: AlarmRecord
    evidence: str
    advice: tuple[str, ...]


@dataclass(frozen=True)
class Saved:
    """A file with the state of the training, or a generator that ``output.keep_every`` keeps."""

    path: Path
    which: Literal["last", "best", "epoch"]
    step: int


class Listener:
    """Hears of a training; each method does nothing until a subclass overrides it.

    No listener changes what is learnt: a training with any listeners, and one that is resumed with others, ends with
    the same weights. One that raises ends the training, after a save.
    """

    def began(self, training: Beginning) -> None:
        """The training begins, or continues."""

    def notified(self, text: str) -> None:
        """A sentence for the user about something that takes long, or will not happen."""

    def progressed(self, what: str, done: int, total: int) -> None:
        """A part of something that takes long is done, as reading images; it may come before ``began``."""

    def block(self, block: Block) -> None:
        """Some steps were taken."""

    def logged(self, record: StepRecord) -> None:
        """A line of the log is complete."""

    def evaluated(self, evaluation: Evaluated) -> None:
        """The generator was evaluated; the first time also the untrained one, as step 0."""

    def alarmed(self, alarm: Alarmed) -> None:
        """A sign of failure appeared."""

    def saved(self, saved: Saved) -> None:
        """A file was written."""

    def ended(self, status: Status) -> None:
        """The training ended, in whatever way."""


class ListenerError(CondganError):
    """A listener raised; the cause is its error."""


class Listeners:
    """The listeners of one training. One that raises hears nothing more, and its error waits for ``check``."""

    def __init__(self, own: Iterable[Listener], given: Iterable[object]) -> None:
        """Wrap each of those given that is no ``Listener``.

        Raises:
            ArgumentError: they are no list, or one of them has no method of a listener.
        """
        if not isinstance(given, Iterable):
            raise ArgumentError("listeners", shown(given), "expected a list of listeners")
        self.members = [(type(one).__name__, listener(one)) for one in (*own, *given)]
        self.error: BaseException | None = None

    def tell(self, event: Callable[[Listener], None]) -> None:
        """Call a method of each."""
        for member in tuple(self.members):
            name, heard = member
            try:
                event(heard)
            except BaseException as error:  # also what ends a process: the training is saved first
                self.members.remove(member)
                self.fail(f"the listener {name}", error)

    def progressed(self, what: str, done: int, total: int) -> None:
        """Report progress to each."""
        self.tell(lambda listener: listener.progressed(what, done, total))

    def fail(self, who: str, error: BaseException) -> None:
        """Remember the first error; SystemExit, KeyboardInterrupt and GeneratorExit as they are."""
        if self.error is not None:
            return
        self.error = error
        if isinstance(error, Exception):
            self.error = ListenerError(f"{who} raised {type(error).__name__}: {' '.join(str(error).split())[:300]}")
            self.error.__cause__ = error

    def check(self) -> None:
        """Raise the error of the first listener that failed.

        Raises:
            ListenerError: one raised an exception.
            BaseException: one raised SystemExit or the like, which is raised again.
        """
        if self.error is not None:
            raise self.error


EVENTS = tuple(name for name, value in vars(Listener).items() if callable(value))


def listener(given: object) -> Listener:
    """A listener, or any object with some of a listener's methods as one.

    Raises:
        ArgumentError: it has none of them, or is a class.
    """
    if isinstance(given, Listener):
        return given
    methods = {name: getattr(given, name) for name in EVENTS if callable(getattr(given, name, None))}
    if isinstance(given, type) or not methods:
        raise ArgumentError("listeners", shown(given), f"expected objects with some of the methods {', '.join(EVENTS)}")
    wrapper = Listener()
    vars(wrapper).update(methods)
    return wrapper
