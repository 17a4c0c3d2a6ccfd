"""The log: windows, and what a kill leaves."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from condgan.draws.schedule import Plan
from condgan.engines import FIGURES
from condgan.errors import CondganError
from condgan.results.records import AlarmRecord, EvaluationRecord, StepRecord, to_line
from condgan.runs import log
from condgan.runs.log import Log

PLAN = Plan(images=700, batch=64, epochs=3)  # eleven steps an epoch


def figures(first: int, steps: int) -> dict[str, Any]:
    """Figures that are functions of the step."""
    step = np.arange(first, first + steps)
    return {name: (np.sin(step * (k + 1)) + k).astype(np.float32) for k, name in enumerate(FIGURES)}


def write(folder: Path, every: int, cuts: list[int], first: int = 0, pending: Any = None) -> Log:
    """A log that is given the figures up to each of ``cuts`` in turn, a window at most at a time."""
    folder.mkdir(exist_ok=True)
    made = Log(folder / "log.jsonl", PLAN, every, first, pending or {})
    for cut in cuts:
        while made.step < cut:
            made.add(figures(made.step, steps := min(made.window_end(made.step), cut) - made.step), 1.0)
            assert steps > 0
    return made


@given(st.integers(1, 15), st.integers(0, 33))
def test_windows_begin_with_each_epoch(every: int, step: int) -> None:
    made = Log.__new__(Log)
    made.plan, made.every = PLAN, every
    epoch = step // 11
    ends = sorted({min(11 * epoch + every * k, 11 * epoch + 11) for k in range(1, 12)})
    assert made.window_end(step) == min(end for end in ends if end > step)


@given(st.integers(1, 12), st.lists(st.integers(1, 33), max_size=6), st.integers(0, 32))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_stops_anywhere_leave_the_same_log(
    tmp_path_factory: pytest.TempPathFactory, every: int, cuts: list[int], stop: int
) -> None:
    folder = tmp_path_factory.mktemp("log")
    whole = write(folder / "whole", every, [33])
    whole.close()
    before = write(folder / "parts", every, [*sorted(cut for cut in cuts if cut < stop), stop])
    pending = before.unlogged()
    before.add(figures(stop, 1), 1.0)  # after the checkpoint, and lost
    before.close()
    after = write(folder / "parts", every, [33], first=stop, pending=pending)
    after.close()
    assert (folder / "parts/log.jsonl").read_bytes() == (folder / "whole/log.jsonl").read_bytes()

    steps = [0, *(record.step for record in whole.records)]
    assert steps[-1] == 33
    for start, record in zip(steps, whole.records, strict=False):
        assert isinstance(record, StepRecord)
        assert record.images == PLAN.images_seen(record.step)
        for name, values in figures(start, record.step - start).items():
            exact = values.astype(float)
            assert record.mean[name] == pytest.approx(exact.mean(), rel=1e-5, abs=1e-6)
            assert record.spread[name] == pytest.approx(
                np.sqrt(((exact - exact.mean()) ** 2).mean()), rel=1e-4, abs=1e-6
            )
            assert record.last[name] == pytest.approx(exact[-1], rel=1e-5)


@given(st.integers(0, 33), st.integers(1, 33), st.integers(1, 12), st.booleans())
@settings(max_examples=50)
def test_the_untrained_evaluation_is_cut_with_the_first(stop: int, first: int, every: int, killed: bool) -> None:
    """It has step 0 and stands before the first other one, wherever a kill falls."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.jsonl"
        made = Log(path, PLAN, every, 0, {})
        for step in range(1, 34):
            made.add(figures(step - 1, 1), 1.0)
            if step == first:
                made.write(EvaluationRecord(**made.at(0), evaluation={}))
                if not killed:
                    made.write(EvaluationRecord(**made.at(step), evaluation={}))
        made.close()
        cut = Log(path, PLAN, every, stop, {})
        cut.close()
        kinds = [record.step for record in cut.records if isinstance(record, EvaluationRecord)]
        if not killed:
            assert kinds == ([0, first] if stop >= first else [])
            steps = [record.step for record in made.records if record.step <= stop]
            assert [record.step for record in cut.records] == [step for step in steps if step or stop >= first]
        elif stop <= first:
            assert kinds == []


def test_a_last_line_cut_short_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    assert log.read(path) == []
    records = [AlarmRecord(step=step, images=0, epoch=0, alarm="nan", text="") for step in (1, 2, 3)]
    lines = [to_line(record) for record in records]
    whole = "\n".join(lines) + "\n"
    path.write_text(whole)
    assert log.read(path) == records
    for length in range(len(lines[0]) + len(lines[1]) + 2, len(whole)):
        path.write_text(whole[:length])
        assert log.read(path)[:2] == records[:2]
        assert len(log.read(path)) == 2 + (length >= len(whole) - 1)
    path.write_bytes(whole.encode() + b"\0\0\0\xff")  # what a power cut leaves
    assert len(log.read(path)) == 3


@pytest.mark.parametrize("bad", ["{", "[]", "3", '{"images": 3}', '{"step": "x"}', "", "\0\0"])
def test_another_damaged_line_is_named(bad: str, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    good = to_line(AlarmRecord(step=1, images=0, epoch=0, alarm="nan", text=""))
    path.write_text(f"{good}\n{bad}\n{good}\n")
    with pytest.raises(CondganError, match=r"log\.jsonl, line 2 is damaged"):
        log.read(path)


def test_records_beyond_the_step_are_cut(tmp_path: Path) -> None:
    write(tmp_path / "a", 2, [33]).close()
    again = Log(tmp_path / "a/log.jsonl", PLAN, 2, 10, {})
    again.close()
    steps = [record.step for record in log.read(tmp_path / "a/log.jsonl")]
    assert steps == [2, 4, 6, 8, 10]
