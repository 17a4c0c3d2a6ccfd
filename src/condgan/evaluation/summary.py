"""An evaluation for readers: one table, and pictures beside its JSON."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from condgan.arrays import Images
from condgan.evaluation.comparison import METRICS
from condgan.pictures import images, metric_plots
from condgan.results import classes
from condgan.results.evaluation import FILE, Evaluation
from condgan.storage.files import atomic
from condgan.storage.manifest import begin
from condgan.streams import encodable

if TYPE_CHECKING:
    from rich.table import Table

ARROWS = {"higher": "↑", "lower": "↓", "near the floor": "≈"}


def table(evaluation: Evaluation, words: Callable[[str], str] = str) -> "Table":
    """Name, value, standard error, floor and description of each figure; ``words`` translates notes."""
    from rich.table import Table

    shown = Table(box=None, pad_edge=False)
    for title in ("figure", ""):
        shown.add_column(title, no_wrap=True)
    for title in ("value", "± se", "real floor"):
        shown.add_column(title, justify="right", no_wrap=True)
    shown.add_column("protocol", overflow="fold")
    for name, figure in evaluation.figures.items():
        metric = METRICS[figure.metric]
        text = f"{metric.text} ({words(figure.note)})" if figure.note else metric.text
        shown.add_row(name, ARROWS[metric.better], *map(number, (figure.value, figure.se, figure.floor)), text)
    return shown


def number(value: float | None) -> str:
    """Four significant digits; a dash if there is no value."""
    if value is None:
        return "-"
    if abs(value) >= 100:
        return f"{value:.1f}"
    return f"{value:#.4g}" if abs(value) >= 1e-3 or value == 0 else f"{value:.1e}"


def summary(evaluation: Evaluation) -> list[str]:
    """The accuracies beside the worst class, the protocol that all figures share, and what is to be known of it."""
    protocol = evaluation.protocol
    lines = shared(evaluation, protocol.subject.path)
    floor = evaluation.figures["copies"].floor if "copies" in evaluation.figures else None
    if protocol.copies is not None:
        rates = ", ".join(f"{kind} {rate:.1%}" for kind, rate in protocol.copies.detected.items())
        alarms = f"; false alarms {floor:.1%}" if floor is not None else ""
        lines.append(f"copies of {protocol.copies.planted} training images, planted, are detected: {rates}{alarms}")
    worst = classes.least_accurate(evaluation.per_class, 3)
    if worst:
        lines.insert(0, headline(evaluation))
        lines.append("least accurate: " + ", ".join(f'"{name}" {value:.2%}' for name, value in worst))
    return lines + [f"note: {notice}" for notice in protocol.notices]


def shared(evaluation: Evaluation, of: str) -> list[str]:
    """How figures were measured that are those of a subject, or of several that were measured alike."""
    protocol = evaluation.protocol
    network, split = protocol.feature_network, protocol.split
    accuracy = network.accuracy.get(split)
    return [
        f"{protocol.n_generated} images of {of} against {protocol.n_real} {split} images of "
        f"{protocol.data.name}; seed {protocol.seed}; resize: {protocol.resize}",
        f"floor: {protocol.n_floor} {protocol.floor}",
        f"feature {f'space: {network.text}' if network.text else f'network: trained on {network.data}'}, "
        f"SHA-256 {network.sha256[:12]}"
        + (f", accuracy {accuracy:.2%} on the real {split} images" if accuracy is not None else ""),
    ]


def headline(evaluation: Evaluation) -> str:
    """The label accuracy and the balanced one, which comes first where classes differ in their number of images."""
    counts = [] if evaluation.confusion is None else evaluation.confusion.sum(1).tolist()
    names = sorted(("label_accuracy", "balanced_accuracy"), reverse=not classes.uneven(counts))
    figures = [(name, evaluation.figures[name]) for name in names if name in evaluation.figures]
    shown = [f"{name.replace('_', ' ')} {figure.value:.2%}" for name, figure in figures if figure.value is not None]
    return f"{', '.join(shown)} ({classes.worst(evaluation.per_class)})"


def save(evaluation: Evaluation, folder: Path) -> list[Path]:
    """Write evaluation.json, and pictures of the classes and of the nearest training images -> their paths.

    Raises:
        CondganError: a file cannot be written.
    """
    report = folder / FILE
    atomic(report, encodable(json.dumps(evaluation.as_json(), indent=2, ensure_ascii=False)).encode() + b"\n")
    written, manifest = [report], begin().model_copy(update={"data": evaluation.protocol.data.name})

    def grid(name: str, rows: Images, columns: int, shows: str) -> None:
        images.save_png(folder / name, images.grid(rows, columns), manifest.of("picture", shows=shows))
        written.append(folder / name)

    accuracy = evaluation.figures.get("label_accuracy")
    if evaluation.per_class and accuracy is not None:
        path = folder / "class-accuracy.png"
        title = f"{evaluation.protocol.subject.path}: label accuracy ({classes.worst(evaluation.per_class)})"
        metric_plots.class_accuracy(path, evaluation.per_class, evaluation.confusion, title, manifest, accuracy.value)
        written.append(path)
    if evaluation.nearest is not None:
        shows = "generated images; below each, its nearest training image"
        grid("nearest.png", np.concatenate(evaluation.nearest), len(evaluation.nearest[0]), shows)
    if (folder / "missing.png").is_file():
        (folder / "missing.png").unlink()  # an earlier evaluation's would be taken for this one's
    if evaluation.missing is not None and len(evaluation.missing):
        shows = "real images that no network which learnt from the generated ones reads, though those of real ones do"
        grid("missing.png", evaluation.missing, min(20, len(evaluation.missing)), shows)
    return written
