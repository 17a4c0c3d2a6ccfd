"""The output of progress on a stderr that is not a terminal."""

import time

import pytest

from condgan.cli import progress


def test_each_message_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.status() as show:
        show("[one]")
        show("two")
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "[one]\ntwo\n")


def test_counts_are_printed_every_ten_seconds(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    with progress.counting("images") as show:
        for now in (1.0, 9.0, 10.0, 11.0, 19.0, 25.0):
            show(int(1000 * now), 30_000)
    assert capsys.readouterr().err == (
        "10,000 of 30,000 images, 1,000 a second\n25,000 of 30,000 images, 1,000 a second\n"
    )
