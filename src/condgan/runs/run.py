"""A run: the folder that holds one experiment."""

import hashlib
import itertools
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from condgan.errors import CondganError
from condgan.recipe import Domain, Recipe
from condgan.recipe import text as recipe_text
from condgan.storage.files import atomic


class Run:
    """A run folder and the places in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log.jsonl"
        self.samples = folder / "samples"
        self.loss_plot = folder / "loss.png"
        self.metrics_plot = folder / "metrics.png"
        self.class_plot = folder / "class-accuracy.png"
        self.evaluation = folder / "evaluation"
        self.animation = folder / "progress.gif"
        self.result = folder / "result.png"
        self.generator = folder / "generator.safetensors"

    def __fspath__(self) -> str:
        """The folder: a run can be passed wherever a path can."""
        return str(self.folder)

    @classmethod
    def create(cls, recipe: Recipe, folder: Path | None) -> "Run":
        """A new run folder with its recipe; a name of its own under ``runs/`` if none is given.

        Raises:
            CondganError: the folder is there already (nothing is ever overwritten), or cannot be made.
        """
        text = recipe_text.to_json(recipe)
        made = folder or Path("runs") / _name(recipe, text)
        try:
            if folder is None:
                made = _fresh(made)
            elif not made.exists():
                made.mkdir(parents=True)  # fails if another process was faster
            elif not made.is_dir() or _occupied(made):
                raise CondganError(
                    f"{made} exists and is kept: `condgan resume {made}` goes on, or choose another `run`"
                )
        except OSError as error:
            raise CondganError(f"cannot make the run folder {made}: {error.strerror}; choose another `run`") from None
        run = cls(made)
        run.write_recipe(recipe)
        return run

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> "Run":
        """An existing run.

        Raises:
            CondganError: there is no run in that folder.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise CondganError(f'no run folder "{folder}": `condgan train` makes one under runs/')
        if not (folder / "recipe.json").is_file():
            raise CondganError(f"{folder} is not a run: it has no recipe.json")
        return cls(folder)

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

    def domain(self) -> Domain:
        """What the run's generator makes, as the last stretch of work on it recorded."""
        return Domain.model_validate_json(
            json.dumps(json.loads((self.folder / "provenance.json").read_bytes())["domain"])
        )

    def discard(self) -> None:
        """Give the folder back before anything was trained in it."""
        for name in ("recipe.json", ".lock"):
            (self.folder / name).unlink(missing_ok=True)
        with suppress(OSError):  # it held something of the user's before
            self.folder.rmdir()

    def checkpoint(self, which: str = "last") -> Path:
        """Where a checkpoint lies: ``last`` or ``best``."""
        return self.folder / "checkpoints" / f"{which}.safetensors"

    def grid(self, images_seen: int) -> Path:
        """Where the class grid after this many images lies."""
        return self.samples / f"{images_seen:09d}.png"

    def note_session(self, facts: dict[str, Any], session: dict[str, Any]) -> None:
        """Record in provenance.json what the run stands on and that a stretch of work began."""
        path = self.folder / "provenance.json"
        try:
            sessions = json.loads(path.read_bytes())["sessions"]
        except (OSError, ValueError, KeyError, TypeError):
            sessions = []
        atomic(path, json.dumps(facts | {"sessions": [*sessions, session]}, indent=2).encode() + b"\n")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run, so that two trainings never write into one folder.

        Raises:
            CondganError: another process holds it.
        """
        try:
            import fcntl
        except ImportError:  # no such locks on Windows
            yield
            return
        with (self.folder / ".lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise CondganError(f"{self.folder} is being trained by another process: wait, or stop it") from None
            _locks.add(file)
            for left in [*self.folder.glob(".*.tmp"), *self.folder.glob("*/.*.tmp")]:
                left.unlink(missing_ok=True)  # half-written by a process that was killed
            try:
                yield
            finally:
                _locks.discard(file)


def _let_go() -> None:
    """In a fork of this process (a compiler's helper, say), which may outlive it: a killed run must not stay locked."""
    for file in _locks:
        os.close(file.fileno())


_locks: set[TextIO] = set()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)


def _occupied(folder: Path) -> bool:
    """Whether a folder holds more than the hidden files of a start that failed."""
    return any(not path.name.startswith(".") for path in folder.iterdir())


def _name(recipe: Recipe, text: str) -> str:
    stamp = datetime.now().strftime("%Y%m%d-%H%M")
    return f"{stamp}-{recipe.name}-{hashlib.sha256(text.encode()).hexdigest()[:4]}"


def _fresh(folder: Path) -> Path:
    """Make a folder of this name, or of this name with a number: two runs may start in one minute."""
    candidate = folder
    for number in itertools.count(2):
        with suppress(FileExistsError):
            candidate.mkdir(parents=True)
            break
        candidate = folder.with_name(f"{folder.name}-{number}")
    return candidate
