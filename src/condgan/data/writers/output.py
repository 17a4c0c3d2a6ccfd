"""Writing a dataset that ``load`` reads back: part by part, resumable, and at its path only once it is complete."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from condgan.arrays import Conditions, Samples
from condgan.data import writers
from condgan.data.archives import CARD, MANIFEST
from condgan.data.dataset import Split, check_class_names
from condgan.data.writers.paths import check_free, remove, sha256, unwritable
from condgan.data.writers.writer import OUT, PARTS, Content, Part, Whole, Writer, facts, raw, staged
from condgan.errors import CondganError
from condgan.storage.files import atomic
from condgan.storage.manifest import pixels_sha256

PLAN, JOURNAL, LOCK = "plan.json", "journal.jsonl", ".lock"
MOVING = "moving.json"
"""The plan, from when ``OUT`` is complete and is about to be moved."""
DIGEST = 32  # bytes of SHA-256
LONGEST_NAME = 255  # bytes that file systems allow


@dataclass(eq=False)
class Output:
    """Takes labelled samples, part after part; comes from ``writing``.

    Attributes:
        path: where the dataset appears in the end.
        folder: where it is written, a hidden one beside.
        state: what the writer of the last part noted: where to go on; none at the beginning.
        written: samples so far.
        counts: of each class so far, (K,).
        resumed: whether a process before this one has written some.
        moved: whether it stands at its path.
    """

    path: Path
    row: Writer
    content: Content
    folder: Path
    parts: list[int]
    counts: npt.NDArray[np.int64]
    state: Any = None
    resumed: bool = False
    moved: bool = False

    @property
    def written(self) -> int:
        """Samples so far."""
        return sum(self.parts)

    def add(self, samples: Samples, conditions: Conditions, numbers: npt.NDArray[np.int64], state: Any = None) -> None:
        """Write the next part, and note ``state``, from which the next one follows.

        Args:
            samples: images uint8 (n, C, H, W) or vectors float32 (n, D).
            conditions: labels int64 (n,) or conditions float32 (n, V).
            numbers: of the samples under the seed, (n,).
            state: anything that JSON holds.

        Raises:
            CondganError: another shape or type, a label out of range, a full disk.
        """
        batch, classes, length = Split(samples, conditions), len(self.content.class_names), self.content.condition
        if samples.shape[1:] != self.content.shape:
            raise CondganError(f"{self.path}: images are {samples.shape[1:]}, expected {self.content.shape}")
        if conditions.shape[1:] != (() if length is None else (length,)):
            raise CondganError(f"{self.path}: conditions are {conditions.shape}, expected length {length}")
        if length is None and len(batch) and not 0 <= conditions.min() <= conditions.max() < classes:
            raise CondganError(
                f"{self.path}: labels lie in {conditions.min()}..{conditions.max()}, expected 0..{classes - 1}"
            )
        part = Part(len(self.parts), self.written, self.counts, samples, conditions, np.asarray(numbers, np.int64))
        with self.room():
            self.row.add(self.folder, self.content, part)
            if self.content.images:
                digests = b"".join(bytes.fromhex(pixels_sha256(pixels)) for pixels in raw(samples))
                atomic(staged(self.folder, part.number, "sha256"), digests)
            counts = np.bincount(conditions, minlength=classes) if length is None else np.zeros(0, np.int64)
            self.note({"samples": len(batch), "counts": counts.tolist(), "state": state})
        self.parts.append(len(batch))
        self.counts, self.state = self.counts + counts, state

    def note(self, line: Mapping[str, Any]) -> None:
        """Append a line to the journal: its part is complete."""
        with open(self.folder / JOURNAL, "ab") as journal:
            journal.write(json.dumps(line).encode() + b"\n")
            journal.flush()
            os.fsync(journal.fileno())

    def finish(self, card: str, sample: Mapping[str, Any] | None = None) -> None:
        """Make the dataset of its parts, and move it to its path.

        Args:
            card: what it is, as Markdown.
            sample: of its manifest, if it is known only now.

        Raises:
            CondganError: something is at the path by now, or a full disk.
        """
        manifest = self.content.manifest
        if sample is not None:
            manifest = manifest.model_copy(update={"sample": dict(sample)})
        told: dict[str, Any] = {"format": self.row.name, "images": self.written}
        if self.content.images:
            told["images_sha256"] = self.images_sha256()
        content, out = replace(self.content, manifest=manifest), self.folder / OUT
        with self.room():
            whole = Whole(tuple(self.parts), manifest.model_copy(update={"content": told}), card)
            self.row.finish(self.folder, content, whole)
            if out.is_dir():
                told["files"] = {path.relative_to(out).as_posix(): sha256(path) for path in arrays_below(out)}
                (out / MANIFEST).write_text(facts(manifest.model_copy(update={"content": told})), encoding="utf-8")
                (out / CARD).write_text(card, encoding="utf-8")
            os.sync()  # a machine that loses power has it whole or not at all
            check_free(self.path)
            os.replace(self.folder / PLAN, self.folder / MOVING)
            os.replace(out, self.path)
            self.moved = True

    def images_sha256(self) -> str:
        """The hash of all images, in any order."""
        files = (staged(self.folder, part, "sha256").read_bytes() for part in range(len(self.parts)))
        digests = np.frombuffer(b"".join(files), f"V{DIGEST}")
        ordered = sorted(digests.tolist())
        return hashlib.sha256(b"".join(ordered)).hexdigest()

    @contextmanager
    def room(self) -> Iterator[None]:
        """What the file system refuses is an error that names the path, and says that nothing is lost."""
        try:
            yield
        except OSError as error:
            raise CondganError(f"{unwritable(self.path, error)}{self.left()}") from None
        except CondganError as error:
            raise CondganError(f"{error}{self.left()}") from None

    def left(self) -> str:
        """What to do where some of it is written."""
        if not self.parts:
            return ""
        return f"; {self.written} are written: the same command goes on from there"


@contextmanager
def writing(path: Path, content: Content, row: Writer, plan: Mapping[str, Any]) -> Iterator[Output]:
    """A place for a dataset, which appears at ``path`` once `Output.finish` is called.

    It is written in a hidden folder beside, which stays after an error or a kill where some parts are complete: the
    same plan goes on from there, to the same bytes. The time in manifests stays that of the beginning.

    Args:
        path: must be free; folders above it are created as needed.
        content: what is to be written.
        row: the format.
        plan: all that determines the samples and their form, as JSON.

    Raises:
        CondganError: the path exists or cannot be written; the format cannot hold the content; another process writes
            there; or what was left there belongs to another plan.
    """
    from filelock import FileLock, Timeout

    if content.condition is None:
        check_class_names(str(path), content.class_names)
    if not row.vectors and not (content.images and content.condition is None):
        raise CondganError(f"{path}: vectors are written to {writers.listed(vectors=True)}")
    reason = row.refusal(content)
    if reason:
        others = ", ".join(other.name for other in writers.WRITERS if other is not row)
        raise CondganError(f"{path}: {reason}: choose another `format`, {others}")
    folder = unfinished(path)
    check_free(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        check_own(folder)
        lock = FileLock(folder / LOCK)
        lock.acquire(timeout=0)
    except Timeout:
        raise CondganError(f"{path} is being written by another process: wait, or give another path") from None
    except OSError as error:
        raise unwritable(path, error) from None
    output: Output | None = None
    try:
        check_free(path)  # another process may have finished meanwhile
        output = _begun(path, content, row, folder, plan)
        yield output
    finally:
        begun = output is not None and not output.moved and (folder / JOURNAL).exists()
        if not begun and (output is not None or {*os.listdir(folder)} <= {LOCK}):
            discard(folder)  # before another process can begin there
        lock.release()


def discard(folder: Path) -> None:
    """Remove the folder of an export; what tells that it is one, last."""
    for name in (OUT, PARTS, JOURNAL, PLAN, MOVING):
        remove(folder / name)
    remove(folder)


def clear(path: Path) -> None:
    """Remove what a process has left that was killed between the move to the path and its own clean-up."""
    from filelock import FileLock, Timeout

    folder = unfinished(path) if path.name else path
    if os.path.lexists(path) and (folder / MOVING).is_file() and not (folder / OUT).exists():
        with suppress(Timeout, OSError), FileLock(folder / LOCK, timeout=0):
            discard(folder)


def check_own(folder: Path) -> None:
    """Refuse a folder of the user's own that has the name of an unfinished export.

    Raises:
        CondganError: a link, or a folder with something else in it.
    """
    names = {name for name in os.listdir(folder) if not name.endswith(".tmp")} - {LOCK}
    whole = not names or (names & {PLAN, MOVING} and names <= {PLAN, MOVING, JOURNAL, OUT, PARTS})
    if folder.is_symlink() or not whole:
        raise CondganError(f"{folder} is in the way, and is no unfinished export: move it, or give another path")


def unfinished(path: Path) -> Path:
    """The hidden folder where a dataset is written, beside its path."""
    name = f".{path.name}.part"
    if len(os.fsencode(name)) > LONGEST_NAME >= len(os.fsencode(path.name)):
        name = f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:32]}.part"
    return path.with_name(name)


def _begun(path: Path, content: Content, row: Writer, folder: Path, plan: Mapping[str, Any]) -> Output:
    """The output as a process before this one has left it, or a new one."""
    told = {"format": row.name, "single": content.single, "producer": content.manifest.producer}
    wanted = json.loads(json.dumps({**plan, **told}))
    output = Output(path, row, content, folder, [], np.zeros(len(content.class_names), np.int64))
    if (folder / MOVING).exists() and (folder / OUT).exists():  # it was not moved any more
        os.replace(folder / MOVING, folder / PLAN)
    try:
        found = json.loads((folder / PLAN).read_bytes())
        before, time = found["plan"], found["time"]
        manifest = content.manifest.model_validate(content.manifest.model_dump() | {"time": time})
        lines = [(int(line["samples"]), np.array(line["counts"], np.int64), line["state"]) for line in _lines(folder)]
        if not isinstance(before, dict) or any(counts.shape != output.counts.shape for _, counts, _ in lines):
            raise ValueError("expected a plan and its parts")
    except FileNotFoundError:
        for name in (OUT, PARTS, JOURNAL, MOVING):  # as of a set that was moved away
            remove(folder / name)
        atomic(folder / PLAN, json.dumps({"plan": wanted, "time": content.manifest.time}).encode())
        return output
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CondganError(f"{folder} is damaged ({error}): remove it, and begin again") from None
    if before != wanted:
        names = [name for name in {**before, **wanted} if before.get(name) != wanted.get(name)]
        raise CondganError(
            f"{folder} is what is left of another export to {path} (another {', '.join(names)}): remove it, or give "
            "another path"
        )
    output.content = replace(content, manifest=manifest)
    for samples, counts, state in lines:
        output.parts.append(samples)
        output.counts, output.state = output.counts + counts, state
    output.resumed = bool(output.parts)
    return output


def _lines(folder: Path) -> Sequence[dict[str, Any]]:
    """The lines of the journal up to one that was cut, which is removed."""
    journal = folder / JOURNAL
    content = journal.read_bytes() if journal.is_file() else b""
    lines, end = [], 0
    for line in content.splitlines(keepends=True):
        try:
            if not line.endswith(b"\n"):
                break
            lines.append(json.loads(line))
        except ValueError:
            break
        end += len(line)
    if end < len(content):
        with open(journal, "r+b") as file:
            file.truncate(end)
    return lines


def arrays_below(folder: Path) -> list[Path]:
    """All files of a dataset but what an earlier finish has added, and images, which have their own manifests."""
    paths = [Path(place, name) for place, _, names in os.walk(folder) for name in names if not name.endswith(".png")]
    return sorted({*paths} - {folder / MANIFEST, folder / CARD})
