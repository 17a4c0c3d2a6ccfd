"""A run: the folder that holds one experiment."""

import hashlib
import itertools
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from shlex import quote
from typing import Any, Self

from condgan import arguments
from condgan.draws.schedule import Plan
from condgan.errors import CondganError
from condgan.recipe import Domain, Recipe
from condgan.recipe import text as recipe_text
from condgan.results.records import EvaluationRecord, Record, StepRecord, of_kind
from condgan.runs import checkpoint, log, moment, status
from condgan.runs.status import Status
from condgan.storage import weights
from condgan.storage.files import atomic

MOST_IMAGES = 1 << 48  # of a provenance.json that is believed
PATIENCE = 0.5  # seconds: a look at the lock (``is_locked``) may hold it for a moment


class Run:
    """A run folder and the places in it."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = arguments.path("run", folder)
        self.log = self.folder / "log.jsonl"
        self.samples = self.folder / "samples"
        self.loss_plot = self.folder / "loss.png"
        self.metrics_plot = self.folder / "metrics.png"
        self.class_plot = self.folder / "class-accuracy.png"
        self.evaluation = self.folder / "evaluation"
        self.animation = self.folder / "progress.gif"
        self.result = self.folder / "result.png"
        self.generator_file = self.folder / "generator.safetensors"
        self.status_file = self.folder / "status.json"
        self.splits_file = self.folder / "splits.json"
        """Which image is in which split, where the source does not say so for good."""
        self.stop_file = self.folder / "stop"
        """A training that finds this file saves, removes it and stops."""

    def __fspath__(self) -> str:
        """The folder: a run can be passed wherever a path can."""
        return str(self.folder)

    def __repr__(self) -> str:
        """Folder, recipe, state and epoch."""
        try:
            status, name = self.status, self.recipe.name
        except (CondganError, OSError) as error:
            return f"<Run {self.folder}: {error}>"
        return f"<Run {self.folder}: {name}, {status.state}, epoch {status.epoch:g}>"

    @classmethod
    def create(cls, recipe: Recipe, folder: Path | None) -> Self:
        """A new run folder with its recipe; a name of its own under ``runs/`` if none is given.

        Raises:
            CondganError: the folder exists already (nothing is ever overwritten), or cannot be created.
        """
        text = recipe_text.to_json(recipe)
        created = folder or Path("runs") / _name(recipe, text)
        try:
            if folder is None:
                created = _fresh(created)
            elif not created.exists():
                created.mkdir(parents=True)  # fails if another process was faster
            elif not created.is_dir() or _occupied(created):
                raise CondganError(
                    f"{created} exists and is kept: `condgan resume {quote(str(created))}` continues it, or choose "
                    "another `run`"
                )
        except OSError as error:
            raise CondganError(
                f"cannot create the run folder {created}: {error.strerror}; choose another `run`"
            ) from None
        run = cls(created)
        run.write_recipe(recipe)
        return run

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> Self:
        """An existing run.

        Raises:
            CondganError: there is no run in that folder.
        """
        given, (folder, epoch) = folder, moment.parse(folder, "run")
        if epoch is not None:
            raise CondganError(f"{given} is a moment of a run: give {folder}, which continues at its last checkpoint")
        if not folder.is_dir():
            raise CondganError(f'no run folder "{folder}": `condgan train` creates one under runs/')
        if not (folder / "recipe.json").is_file():
            inside = next(iter([*sorted(folder.glob("*/recipe.json")), *sorted(folder.glob("*/*/recipe.json"))]), None)
            way = "" if inside is None else f"; there are runs in it, as {inside.parent}"
            raise CondganError(f"{folder} is not a run: it has no recipe.json{way}")
        return cls(folder)

    @property
    def recipe(self) -> Recipe:
        """The recipe that the run follows.

        Raises:
            CondganError: recipe.json is damaged.
        """
        path = self.folder / "recipe.json"
        return recipe_text.from_json(path.read_bytes(), str(path))

    def write_recipe(self, recipe: Recipe) -> None:
        """Write the recipe, or replace it (more epochs)."""
        atomic(self.folder / "recipe.json", recipe_text.to_json(recipe).encode())

    def recipe_text(self) -> str | None:
        """What recipe.json contains; none where it cannot be read."""
        try:
            return (self.folder / "recipe.json").read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def clear_stop(self) -> None:
        """Remove the file ``stop``; a folder of that name is the user's own and requests nothing."""
        if self.stop_file.is_file():
            self.stop_file.unlink(missing_ok=True)

    @property
    def status(self) -> Status:
        """Whether it is running, stopped, finished, diverged or killed, and how far it is.

        Raises:
            CondganError: the recipe or the log of an older run, which the status is derived from, is damaged.
        """
        return status.read(self)

    def records(self) -> list[Record]:
        """The log: records of steps, evaluations and alarms, in order.

        Raises:
            CondganError: a line is damaged.
        """
        return log.read(self.log)

    def evaluations(self) -> list[EvaluationRecord]:
        """The evaluations in the log; the first one, of step 0, is that of the untrained generator.

        Raises:
            CondganError: a line is damaged.
        """
        return of_kind(self.records(), EvaluationRecord)

    def seconds(self) -> float | None:
        """How long it has trained, without evaluations; none before the first line of its log."""
        steps = of_kind(self.records(), StepRecord)
        return steps[-1].seconds if steps else None

    def domain(self) -> Domain:
        """The domain of the run's generator, as its last session recorded it.

        Raises:
            CondganError: it is not recorded: no session has begun, or provenance.json is damaged.
        """
        try:
            return Domain.model_validate_json(json.dumps(self._provenance()["domain"]))
        except (OSError, ValueError, KeyError, TypeError):
            folder = self.folder
            raise CondganError(
                f"{folder} does not say what it generates (provenance.json): `condgan resume {quote(str(folder))}` "
                "records it again"
            ) from None

    def began(self) -> datetime | None:
        """When its first session began; none before."""
        try:
            return datetime.fromisoformat(self._provenance()["sessions"][0]["started"])
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            return None

    def plan(self) -> Plan | None:
        """How its steps fall on the data; none before its first session."""
        recipe = self.recipe
        try:
            splits = self._provenance()["splits"]
            images = sum(splits["images"][name] for name in splits["trained_on"].split("+"))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        if not isinstance(images, int) or not 0 < images < MOST_IMAGES:
            return None
        return Plan(images, recipe.train.batch, recipe.train.epochs)

    def split_counts(self) -> dict[str, int]:
        """Images of each split by name, as the last session recorded them; empty where that is unknown."""
        try:
            counts = self._provenance()["splits"]["images"]
            return {str(name): count for name, count in counts.items() if isinstance(count, int)}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def discard(self) -> None:
        """Remove what ``create`` and ``locked`` wrote, before anything was trained."""
        for name in ("recipe.json", "splits.json", ".lock"):
            (self.folder / name).unlink(missing_ok=True)
        with suppress(OSError):  # it contained the user's own files before
            self.folder.rmdir()

    def checkpoint(self, which: str = "last") -> Path:
        """Where a checkpoint lies: ``last`` or ``best``."""
        return self.folder / "checkpoints" / f"{which}.safetensors"

    def grid(self, images_seen: int) -> Path:
        """Where the class grid after this many images lies."""
        return self.samples / f"{images_seen:09d}.png"

    def generator_of(self, epoch: int) -> Path:
        """Where the generator of an epoch lies, if ``output.keep_every`` keeps it."""
        return self.folder / "generators" / f"epoch-{epoch:04d}.safetensors"

    def epochs(self) -> dict[int, Path]:
        """The epochs whose generators ``output.keep_every`` has kept, in order, and their files."""
        files = (self.folder / "generators").glob("epoch-*.safetensors")
        numbers = {file.stem.removeprefix("epoch-"): file for file in files}
        return dict(sorted((int(number), file) for number, file in numbers.items() if number.isdecimal()))

    def last_epoch(self) -> int | None:
        """The epoch at whose end the last checkpoint stands; none if there is none, or it stands within an epoch."""
        plan, path = self.plan(), self.checkpoint()
        if plan is None or not path.exists():
            return None
        epoch, rest = divmod(int(weights.describe(path, checkpoint.KIND)["step"]), plan.steps_per_epoch)
        return None if rest else epoch

    def note_session(self, facts: dict[str, Any], session: dict[str, Any]) -> None:
        """Record in provenance.json what the run is based on, and that a session began."""
        try:
            sessions = self._provenance()["sessions"]
        except (OSError, ValueError, KeyError, TypeError):
            sessions = []
        text = json.dumps(facts | {"sessions": [*sessions, session]}, indent=2)
        atomic(self.folder / "provenance.json", text.encode() + b"\n")

    def _provenance(self) -> dict[str, Any]:
        try:
            loaded: dict[str, Any] = json.loads((self.folder / "provenance.json").read_bytes())
        except RecursionError:
            raise ValueError("provenance.json is nested too deeply") from None
        return loaded

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the run, so that two trainings never write into one folder. A process that is killed, or forked from
        this one, holds no lock.

        Raises:
            CondganError: another process holds it.
        """
        from filelock import FileLock, Timeout

        lock = FileLock(self.folder / ".lock")
        try:
            lock.acquire(timeout=PATIENCE)
        except Timeout:
            raise CondganError(f"{self.folder} is being trained by another process: wait, or stop it") from None
        try:
            for left in [*self.folder.glob(".*.tmp"), *self.folder.glob("*/.*.tmp")]:
                left.unlink(missing_ok=True)  # half-written by a process that was killed
            yield
        finally:
            lock.release()

    def is_locked(self) -> bool | None:
        """Whether a training holds the run; none where the folder's permissions do not let us look."""
        from filelock import FileLock, Timeout

        path = self.folder / ".lock"
        if not path.exists():
            return False
        try:
            with FileLock(path, blocking=False):
                return False
        except Timeout:
            return True
        except OSError:
            return None


def _occupied(folder: Path) -> bool:
    """Whether a folder contains more than the hidden files of a start that failed."""
    return any(not path.name.startswith(".") for path in folder.iterdir())


def _name(recipe: Recipe, text: str) -> str:
    stamp = datetime.now().strftime("%Y%m%d-%H%M")
    return f"{stamp}-{recipe.name}-{hashlib.sha256(text.encode()).hexdigest()[:4]}"


def _fresh(folder: Path) -> Path:
    """Create a folder of this name, or of this name with a number: two runs may start in one minute."""
    candidate = folder
    for number in itertools.count(2):
        with suppress(FileExistsError):
            candidate.mkdir(parents=True)
            break
        candidate = folder.with_name(f"{folder.name}-{number}")
    return candidate
