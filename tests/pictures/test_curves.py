"""The loss figure can be drawn from any log, and its lines are the values of the log."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from PIL import Image

from condgan.pictures import curves
from condgan.pictures.curves import MOST_POINTS, SMOOTH_FROM, loss_curves
from condgan.results.records import StepRecord
from condgan.storage.manifest import begin

PLOT = begin()
KEYS = ("d_loss", "g_loss", "d_real", "d_fake")


def records(count: int, seed: int = 0) -> list[StepRecord]:
    figures = np.random.default_rng(seed).normal([0, 1, 2, 3], 0.1, (count, len(KEYS))).tolist()
    return [
        StepRecord(step=i, images=64 * i, epoch=64 * i / 60_000, mean=dict(zip(KEYS, line, strict=True)))
        for i, line in enumerate(figures, 1)
    ]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Any, str]]:
    """x, y and label of each line that is drawn."""
    drawn: list[tuple[Any, Any, str]] = []
    plot = Axes.plot

    def spy(self: Axes, x: Any, y: Any, **style: Any) -> Any:
        drawn.append((np.asarray(x), np.asarray(y), style.get("label", "")))
        return plot(self, x, y, **style)

    monkeypatch.setattr(Axes, "plot", spy)
    return drawn


@pytest.mark.parametrize("count", [1, 2, 50, 1000])
def test_the_figure_has_its_size_and_all_curves(tmp_path: Path, count: int) -> None:
    path = tmp_path / "new" / "loss.png"
    loss_curves(path, records(count), "a title with $ and _ in it", PLOT)
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert image.size == (900, 700)
        colours = set(map(tuple, np.unique(np.asarray(image.convert("RGB")).reshape(-1, 3), axis=0).tolist()))
    for panel in curves.PANELS.values():
        for _, colour in panel.values():
            assert tuple(bytes.fromhex(colour[1:])) in colours  # the legend at least, and the line


def test_few_figures_are_drawn_as_they_are(tmp_path: Path, lines: list[tuple[Any, Any, str]]) -> None:
    log = records(SMOOTH_FROM)
    loss_curves(tmp_path / "loss.png", log, "title", PLOT)
    assert [label for *_, label in lines] == ["discriminator", "generator", "real images", "generated images"]
    for (x, y, _), key in zip(lines, KEYS, strict=True):
        np.testing.assert_array_equal(x, [record.images for record in log])
        np.testing.assert_array_equal(y, [record.mean[key] for record in log])


def test_many_figures_are_drawn_faintly_under_their_running_mean(
    tmp_path: Path, lines: list[tuple[Any, Any, str]]
) -> None:
    log = records(401)
    loss_curves(tmp_path / "loss.png", log, "title", PLOT)
    assert len(lines) == 8
    raw = np.array([record.mean["d_loss"] for record in log])
    np.testing.assert_array_equal(lines[0][1], raw)
    expected = [raw[max(i - 4, 0) : i + 5].mean() for i in range(401)]
    np.testing.assert_allclose(lines[1][1], expected)
    assert [label for *_, label in lines[:2]] == ["", "discriminator"]


def test_very_many_figures_are_averaged_in_buckets(tmp_path: Path, lines: list[tuple[Any, Any, str]]) -> None:
    log = records(2 * MOST_POINTS + 1)
    loss_curves(tmp_path / "loss.png", log, "title", PLOT)
    x, y, _ = lines[0]
    assert len(x) == len(y) == MOST_POINTS
    raw = np.array([record.mean["d_loss"] for record in log])
    np.testing.assert_allclose(y[:10], raw[:20].reshape(10, 2).mean(axis=1))
    sizes = np.diff([*(np.arange(MOST_POINTS) * len(raw) // MOST_POINTS), len(raw)])
    assert set(sizes) == {2, 3}
    np.testing.assert_allclose((y * sizes).sum(), raw.sum())


def test_a_missing_value_leaves_a_gap(tmp_path: Path, lines: list[tuple[Any, Any, str]]) -> None:
    first, *others = records(5)
    lacking = {key: value for key, value in first.mean.items() if key != "d_loss"}
    log = [first, *(record.model_copy(update={"mean": lacking}) for record in others)]
    loss_curves(tmp_path / "loss.png", log, "title", PLOT)
    assert np.isfinite(lines[0][1]).tolist() == [True, False, False, False, False]
    assert np.isfinite(lines[1][1]).all()


counts = st.integers(0, 1 << 50)
RECORDS = st.builds(
    StepRecord,
    step=counts,
    images=counts,
    epoch=st.floats(0, 1e9),
    mean=st.dictionaries(st.sampled_from(KEYS), st.floats(-1e30, 1e30)),
    seconds=st.just(0.0),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=8)
@given(log=st.lists(RECORDS, max_size=4), repeat=st.sampled_from([1, 300]))
def test_any_figures_can_be_drawn(tmp_path: Path, log: list[StepRecord], repeat: int) -> None:
    loss_curves(tmp_path / "loss.png", log * repeat, "title", PLOT)


def test_without_records_nothing_is_written(tmp_path: Path) -> None:
    loss_curves(tmp_path / "loss.png", [], "title", PLOT)
    assert list(tmp_path.iterdir()) == []
