"""Plots of evaluations can be drawn from any log, and their lines, bars and cells are the measured values."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from condgan.errors import CondganError
from condgan.pictures import curves, metric_plots
from condgan.pictures.metric_plots import (
    BLUE,
    MOST_BARS,
    MOST_PRINTED,
    RED,
    class_accuracy,
    metric_curves,
    percent,
    shortened,
)
from condgan.results.figure import named
from condgan.results.records import EvaluationRecord
from condgan.storage.manifest import begin

PLOT = begin()
VALUES = {
    "label_accuracy": 0.8,
    "modes_kl": 0.3,
    "fid_mnist": 3.0,
    "kid_mnist": 0.02,
    "precision": 0.7,
    "recall": 0.6,
    "density": 1.1,
    "coverage": 0.5,
}
DIGITS = [str(digit) for digit in range(10)]


def evaluation(number: int, **values: Any) -> EvaluationRecord:
    figures = {name: named(name, {"value": value, "se": 0.01}) for name, value in (values or VALUES).items()}
    return EvaluationRecord(step=938 * number, images=60_000 * number, epoch=float(number), evaluation=figures)


def series(**values: list[Any]) -> list[EvaluationRecord]:
    columns = zip(*values.values(), strict=True)
    return [evaluation(i, **dict(zip(values, column, strict=True))) for i, column in enumerate(columns, 1)]


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Collects the figures that are drawn; they are not written."""
    drawn: list[Figure] = []
    monkeypatch.setattr(curves, "save", lambda path, figure, manifest: drawn.append(figure))
    return drawn


def lines(figure: Figure) -> dict[str, Any]:
    """x and y of each curve by its label."""
    every = [line for axis in figure.axes for line in axis.lines]
    return {str(line.get_label()): line.get_xydata().T for line in every if not str(line.get_label()).startswith("_")}


@pytest.mark.parametrize("count", [1, 1000])
def test_the_picture_of_a_training_shows_every_figure(tmp_path: Path, count: int) -> None:
    path = tmp_path / "new" / "metrics.png"
    metric_curves(path, [evaluation(i) for i in range(1, count + 1)], "a title with $ and _ in it", PLOT, best=60_000)
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert image.width == 900
        colours = set(map(tuple, np.unique(np.asarray(image.convert("RGB")).reshape(-1, 3), axis=0).tolist()))
    for panel in metric_plots.PANELS.values():
        for _, colour in panel.values():
            assert tuple(bytes.fromhex(colour[1:])) in colours


@pytest.mark.parametrize("space", ["", "_mnist", "_features"])
def test_curves_are_the_figures_with_a_standard_error_on_both_sides(space: str, figures: list[Figure]) -> None:
    fid = [30.0, 20.0, 25.0]
    metric_curves(Path("x"), series(**{f"fid{space}": fid, f"fid{space}_100_vs_100": [1.0, 2.0, 3.0]}), "title", PLOT)
    x, y = lines(figures[0])["Frechet distance"]
    np.testing.assert_array_equal(x, [60_000, 120_000, 180_000])
    np.testing.assert_array_equal(y, fid)
    band = figures[0].axes[0].collections[0].get_paths()[0].vertices
    for seen, value in zip(x, fid, strict=True):
        heights = band[band[:, 0] == seen, 1]
        np.testing.assert_allclose([heights.min(), heights.max()], [value - 0.01, value + 0.01])


def test_only_panels_with_figures_are_drawn(figures: list[Figure]) -> None:
    metric_curves(Path("x"), series(precision=[0.5, 0.6], kid_features=[None, 0.1]), "title", PLOT)
    assert [axis.get_ylabel() for axis in figures[0].axes] == ["kernel distance (KID)", "fidelity, diversity"]
    assert set(lines(figures[0])) == {"KID", "precision"}


def test_a_missing_value_leaves_a_gap_and_a_value_between_gaps_is_a_dot(figures: list[Figure]) -> None:
    log = series(label_accuracy=[0.5, None, 0.6, None, 0.7, 0.7] + [0.8] * 20)
    log[-1] = evaluation(len(log), fid_mnist=None)
    metric_curves(Path("x"), log, "title", PLOT)
    (line,) = (line for line in figures[0].axes[0].lines if line.get_label() == "label accuracy")
    known = np.isfinite(np.asarray(line.get_ydata(), float))
    assert np.flatnonzero(~known).tolist() == [1, 3, 25]
    assert np.flatnonzero(line.get_markevery()).tolist() == [0, 2]


@pytest.mark.parametrize(
    ("name", "values", "scale", "limits"),
    [
        ("label_accuracy", [0.1, 0.99], "linear", (0, 1.02)),
        ("label_accuracy", [0.95, 0.99], "linear", (0.9, 1.002)),
        ("fid_mnist", [30.0, 4.0], "linear", None),
        ("fid_mnist", [300.0, 4.0], "log", None),
        ("kid_mnist", [0.5, 0.04], "log", None),
        ("kid_mnist", [0.5, 0.011], "symlog", None),  # within its error of 0
        ("kid_mnist", [0.5, -0.001], "symlog", None),
        ("kid_mnist", [0.02, -0.01], "linear", None),
        ("kid_mnist", [-0.02, -0.01], "linear", None),
        ("kid_mnist", [0.0, 0.0], "linear", None),
    ],
)
def test_the_scale_of_axes(
    name: str, values: list[float], scale: str, limits: tuple[float, float] | None, figures: list[Figure]
) -> None:
    metric_curves(Path("x"), series(**{name: values}), "title", PLOT)
    axis = figures[0].axes[0]
    assert axis.get_yscale() == scale
    low, high = axis.get_ylim()
    assert low <= min(values) <= max(values) <= high
    if limits:
        assert (low, high) == pytest.approx(limits)


def test_the_best_evaluation_is_marked_in_each_panel(figures: list[Figure]) -> None:
    metric_curves(Path("x"), [evaluation(1), evaluation(2)], "title", PLOT, best=60_000)
    assert len(figures[0].axes) == 5
    for axis in figures[0].axes:
        assert [text.get_text() for text in axis.texts] == ["best"]
        assert [line.get_xdata() for line in axis.lines if line.get_linestyle() == "--"] == [[60_000, 60_000]]


numbers = st.none() | st.floats(-1e30, 1e30)


def any_figure(name: str) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({}, optional={"value": numbers, "se": numbers}).map(partial(named, name))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=5)
@given(
    log=st.lists(
        st.builds(
            EvaluationRecord,
            step=st.integers(0, 10**9),
            images=st.integers(0, 10**12),
            epoch=st.floats(0, 1e6),
            evaluation=st.fixed_dictionaries({name: any_figure(name) for name in VALUES}),
            per_class=st.none(),
        ),
        max_size=3,
    ),
    best=st.sampled_from([None, 0, 10**6]),
)
def test_any_evaluations_can_be_drawn(tmp_path: Path, log: list[EvaluationRecord], best: int | None) -> None:
    metric_curves(tmp_path / "metrics.png", log, "title", PLOT, best)


@pytest.mark.parametrize(
    "log", [[], [evaluation(1, fid_mnist=None)], [EvaluationRecord(step=1, images=5, epoch=0.1, evaluation={})]]
)
def test_without_figures_nothing_is_written(tmp_path: Path, log: list[EvaluationRecord]) -> None:
    metric_curves(tmp_path / "metrics.png", log, "title", PLOT)
    class_accuracy(tmp_path / "classes.png", {}, None, "title", PLOT)
    assert list(tmp_path.iterdir()) == []


def confusion_of(accuracies: list[float], images: int = 1000) -> Any:
    """Images that are not read as the true class are read as the next one."""
    counts = np.zeros((len(accuracies), len(accuracies)), np.int64)
    for true, accuracy in enumerate(accuracies):
        counts[true, true] = round(images * accuracy)
        counts[true, (true + 1) % len(accuracies)] += images - round(images * accuracy)
    return counts


def test_bars_are_the_accuracies_and_low_ones_are_orange(figures: list[Figure]) -> None:
    per_class = {"cat": 0.95, "dog": 0.25, "none at all": None}
    class_accuracy(Path("x"), per_class, None, "title", PLOT, overall=0.6)
    (axis,) = figures[0].axes
    bars = list(axis.patches)[-3:]  # after the grey ones behind them
    assert [bar.get_width() for bar in bars] == [0.95, 0.25, 0]
    hexes = [tuple(round(255 * part) for part in bar.get_facecolor()[:3]) for bar in bars[:2]]
    assert hexes == [tuple(bytes.fromhex(colour[1:])) for colour in (BLUE, RED)]
    assert [text.get_text() for text in axis.texts] == ["95.0%", "25.0%", "none"]
    assert [label.get_text() for label in axis.get_yticklabels()] == list(per_class)
    assert "dashed: all classes, 60.0%" in axis.get_title()


def test_a_confusion_of_one_in_a_thousand_is_seen_and_the_worse_the_darker(figures: list[Figure]) -> None:
    accuracies = [0.999, 0.99, 0.9, 0.0, *[1.0] * 6]
    confusion = confusion_of(accuracies)
    class_accuracy(Path("x"), dict(zip(DIGITS, accuracies, strict=True)), confusion, "title", PLOT)
    bars, matrix, _ = figures[0].axes
    colours = np.asarray(matrix.images[0].get_array())[:, :, :3]
    brightness = [colours[true, true + 1].mean() for true in range(4)]
    assert brightness[0] < 0.95
    assert all(np.diff(brightness) < -0.05)
    np.testing.assert_array_equal(colours[confusion == 0], 1)
    assert all(colours[true, true, 2] > colours[true, true, 0] for true in (0, 1, 2, 4))  # right is blue
    shown = {text.get_position(): text.get_text() for text in matrix.texts}
    assert shown == {
        (read, true): f"{percent(confusion[true, read] / 1000)}\n{confusion[true, read]}"
        for true, read in np.argwhere(confusion)
    }
    assert bars.get_ylim() == matrix.get_ylim()  # a class has one row


@pytest.mark.parametrize(
    ("classes", "panels"), [(1, 3), (5, 3), (MOST_PRINTED + 1, 3), (MOST_BARS, 3), (MOST_BARS + 1, 2)]
)
def test_any_number_of_classes_with_long_names_fits(classes: int, panels: int, figures: list[Figure]) -> None:
    accuracies = [i / classes for i in range(classes)][::-1]
    names = [f"{i} $_{{ {'W' * 190} \n end" for i in range(classes)]
    per_class = dict(zip(names, accuracies, strict=True))
    class_accuracy(Path("x"), per_class, confusion_of(accuracies), "W" * 300, PLOT)
    (drawn,) = figures
    assert len(drawn.axes) == panels
    bars = drawn.axes[-1 if classes > MOST_BARS else 0]
    if classes > MOST_BARS:
        assert f"the worst {MOST_BARS} of {classes} classes" in bars.get_title()
        assert sum(bar.get_height() for bar in drawn.axes[0].patches) == classes
        shown = [label.get_text()[:2].strip() for label in bars.get_yticklabels()]
        assert shown == [str(i) for i in range(classes)][: -MOST_BARS - 1 : -1]
    elif classes > MOST_PRINTED:
        assert not drawn.axes[1].texts
    drawn.draw_without_rendering()
    for text in drawn.findobj(Text):
        if text.get_visible() and text.get_text():
            box = text.get_window_extent()
            assert min(box.x0, box.y0) >= -1, text
            assert box.x1 <= drawn.bbox.width + 1, text
            assert box.y1 <= drawn.bbox.height + 1, text


def test_many_classes_have_a_histogram_by_tenths(figures: list[Figure]) -> None:
    """A class at the edge of two tenths is in the upper one, however its share was rounded."""
    accuracies = [hits / 10 for hits in range(11) for _ in range(hits + 1)]
    per_class: dict[str, float | None] = {str(number): value for number, value in enumerate(accuracies)}
    class_accuracy(Path("x"), per_class | {"none": None}, None, "title", PLOT, overall=0.5)
    histogram, bars = figures[0].axes
    assert [bar.get_height() for bar in histogram.patches] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10 + 11]
    assert histogram.get_title() == f"accuracy of {len(accuracies)} classes"
    assert histogram.get_xlim() == bars.get_xlim()
    class_accuracy(Path("x"), dict.fromkeys(map(str, range(40))), None, "title", PLOT)
    assert not any(bar.get_height() for bar in figures[1].axes[0].patches)


def test_a_class_picture_is_written_with_any_names(tmp_path: Path) -> None:
    path = tmp_path / "classes.png"
    class_accuracy(path, {"数字": 1.0, "\t": 0.5, "a\x00b": None}, np.zeros((3, 3), np.int64), "数\udce4$", PLOT)
    with Image.open(path) as image:
        assert image.format == "PNG"
    with pytest.raises(CondganError, match="cannot write"):
        class_accuracy(tmp_path, {"a": 1.0}, None, "title", PLOT)


def test_a_confusion_matrix_of_other_classes_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected confusion \(1, 1\), given \(2, 2\)"):
        class_accuracy(Path("x"), {"a": 1.0}, np.eye(2, dtype=np.int64), "title", PLOT)


@given(st.floats(0, 1))
def test_a_percentage_is_0_or_100_only_if_it_is_exact(share: float) -> None:
    text = percent(share)
    assert (text == "100%") == (share == 1)
    assert (text == "0%") == (share == 0)
    if text[0].isdigit():
        assert float(text[:-1]) / 100 == pytest.approx(share, abs=0.00051)


@given(st.text(), st.integers(1, 40))
def test_a_name_is_shortened_to_one_line(text: str, most: int) -> None:
    line = shortened(text, most)
    assert len(line) <= most
    assert line == " ".join(line.split()) or "…" in line
    if len(text) <= most and text == " ".join(text.split()):
        assert line == text
