"""TensorBoard's event files of a run, derived from its log and its grids.

TensorBoard draws one chart for each tag, with a line for each folder. Both losses therefore have the tag ``loss``, in
the folders ``discriminator`` and ``generator``; all else lies in the run folder itself.
"""

import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from condgan.results.records import EvaluationRecord, Record, StepRecord
from condgan.runs.status import Status
from condgan.training.listeners.listener import Beginning, Block, Evaluated, Listener

LOSSES = {"d_loss": "discriminator", "g_loss": "generator"}
FILES = "events.out.tfevents.*"


class TensorBoard(Listener):
    """Writes them; on resume anew from the log, so that they end where the checkpoint stands."""

    def began(self, training: Beginning) -> None:
        """Open the files, and write what was logged and drawn up to here."""
        folder = training.run.folder
        self.training = training
        self.events = Events(folder)
        self.losses = {name: Events(folder / part) for name, part in LOSSES.items()}
        for record in training.records:
            self.add(record)
        seen = training.plan.images_seen(training.step)
        for path in sorted(training.run.samples.glob("[0-9]*.png")):
            if path.stem.isdecimal() and int(path.stem) <= seen:
                self.events.picture(path, int(path.stem))

    def block(self, block: Block) -> None:
        """Add a grid, if one was drawn."""
        training = self.training
        if block.step == training.agenda.grid(block.step - block.steps):
            seen = training.plan.images_seen(block.step)
            self.events.picture(training.run.grid(seen), seen)

    def logged(self, record: StepRecord) -> None:
        """Add the figures."""
        self.add(record)

    def evaluated(self, evaluation: Evaluated) -> None:
        """Add the figures."""
        self.add(evaluation.record)

    def ended(self, status: Status) -> None:
        """Close the files."""
        for events in (self.events, *self.losses.values()):
            events.file.close()

    def add(self, record: Record) -> None:
        """Write the figures of a record, against images seen."""
        if isinstance(record, StepRecord):
            for name, events in self.losses.items():
                events.scalars(record.images, {"loss": record.mean.get(name)})
            self.events.scalars(record.images, {n: value for n, value in record.mean.items() if n not in LOSSES})
        if isinstance(record, EvaluationRecord):
            figures = {f"evaluation/{name}": figure.value for name, figure in record.evaluation.items()}
            self.events.scalars(record.images, figures)


class Events:
    """An event file, flushed at each event, so that a full disk is an error here and not in a thread."""

    def __init__(self, folder: Path) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.summary.writer.record_writer import RecordWriter

        folder.mkdir(exist_ok=True)
        for earlier in folder.glob(FILES):
            earlier.unlink()
        self.event = Event
        self.file = (folder / f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}").open("wb")
        self.writer = RecordWriter(self.file)
        self.write(file_version="brain.Event:2")

    def scalars(self, step: int, figures: Mapping[str, float | None]) -> None:
        """Write figures, without those that have no value."""
        values = [{"tag": name, "simple_value": value} for name, value in figures.items() if value is not None]
        if values:
            self.write(step=step, summary={"value": values})

    def picture(self, path: Path, step: int) -> None:
        """Write a PNG file, if it is there."""
        if path.exists():
            image = {"encoded_image_string": path.read_bytes()}
            self.write(step=step, summary={"value": [{"tag": "samples", "image": image}]})

    def write(self, **fields: Any) -> None:
        """Write an event."""
        self.writer.write(self.event(wall_time=time.time(), **fields).SerializeToString())
        self.writer.flush()
