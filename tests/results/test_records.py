"""Records of a log: what is written is read back, lines of older versions are read, and damaged ones refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from condgan.results.figure import Figure, named, split
from condgan.results.records import AlarmRecord, EvaluationRecord, Record, StepRecord, from_line, to_line

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
COUNTS = st.integers(0, 1 << 60)
WHEN = {"step": COUNTS, "images": COUNTS, "epoch": st.floats(0, 1e9)}
NAMES = st.sampled_from(["d_loss", "g_loss", "d_real", "d_fake", "g_gradient", "d_accuracy", "penalty"])
FIGURES = st.dictionaries(NAMES, NUMBERS)
METRICS = st.tuples(
    st.sampled_from(["fid", "kid", "fid_100_vs_100", "recall", "label_accuracy"]),
    st.sampled_from(["", "mnist", "stacked_mnist", "features"]),
)


@st.composite
def evaluations(draw: st.DrawFn) -> dict[str, Figure]:
    figures = {}
    for metric, space in draw(st.lists(METRICS, unique=True)):
        figure = Figure(metric=metric, space=space, value=draw(st.none() | NUMBERS), se=draw(st.none() | NUMBERS))
        figures[figure.name] = figure
    return figures


RECORDS = st.one_of(
    st.builds(StepRecord, **WHEN, mean=FIGURES, spread=FIGURES, last=FIGURES, seconds=st.floats(0, 1e9)),
    st.builds(
        EvaluationRecord,
        **WHEN,
        evaluation=evaluations(),
        per_class=st.none() | st.dictionaries(st.text(), st.none() | NUMBERS),
    ),
    st.builds(AlarmRecord, **WHEN, alarm=st.text(), text=st.text()),
)


@given(RECORDS)
def test_what_is_written_is_read_back(record: Record) -> None:
    line = to_line(record)
    assert "\n" not in line
    assert from_line(line) == record


@given(METRICS)
def test_a_name_says_metric_and_space(pair: tuple[str, str]) -> None:
    metric, space = pair
    assert split(Figure(metric=metric, space=space).name) == pair


def test_names_are_those_of_older_versions() -> None:
    assert Figure(metric="fid", space="mnist").name == "fid_mnist"
    assert Figure(metric="fid_100_vs_100_unsquared", space="mnist").name == "fid_mnist_100_vs_100_unsquared"
    assert named("kid_stacked_mnist", {"value": 0.1}) == Figure(metric="kid", space="stacked_mnist", value=0.1)
    assert named("modes_kl", {"value": None}) == Figure(metric="modes_kl")


def test_lines_of_older_versions() -> None:
    step = '{"step": 50, "images": 3200, "epoch": 0.0533, "d_loss": 0.25, "g_loss": 1, "seconds": 1.5}'
    record = from_line(step)
    assert isinstance(record, StepRecord)
    assert record.mean == {"d_loss": 0.25, "g_loss": 1.0}
    assert record.spread == record.last == {}
    line = {
        "evaluation": {"fid_mnist": {"value": 3.5, "se": 0.1}, "kid_mnist": {"value": None}},
        "per_class": {"0": None},
    }
    evaluation = from_line(json.dumps({"step": 50, "images": 3200, "epoch": 1.0, **line}))
    assert isinstance(evaluation, EvaluationRecord)
    assert (evaluation.value("fid_mnist"), evaluation.se("fid_mnist")) == (3.5, 0.1)
    assert evaluation.value("kid_mnist") is evaluation.value("recall") is evaluation.se("kid_mnist") is None
    assert evaluation.per_class == {"0": None}
    alarm = from_line('{"step": 1, "images": 64, "epoch": 0.001, "alarm": "nan", "text": "a loss became NaN"}')
    assert alarm == AlarmRecord(step=1, images=64, epoch=0.001, alarm="nan", text="a loss became NaN")


WHERE = '"step": 1, "images": 2, "epoch": 0.5'


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "Expecting value"),
        ("[" * 100_000, "nested"),
        ("[]", "no record with a step"),
        ('{"step": "1"}', "no record with a step"),
        ('{"step": 1, "images": 2, "d_loss": 1}', "epoch"),
        ('{"step": -1, "images": 2, "epoch": 0.5}', "step"),
        ('{"step": true, "images": 2, "epoch": 0.5}', "step"),
        (f'{{{WHERE}, "d_loss": NaN}}', "mean.d_loss"),
        (f'{{{WHERE}, "d_loss": "0.5"}}', "mean.d_loss"),
        (f'{{{WHERE}, "d_loss": 1, "spread": 3}}', "spread"),
        (f'{{{WHERE}, "evaluation": 3}}', "evaluation"),
        (f'{{{WHERE}, "evaluation": {{"fid": 3}}}}', "evaluation"),
        (f'{{{WHERE}, "evaluation": {{"fid": {{"value": "low"}}}}}}', "value"),
        (f'{{{WHERE}, "evaluation": {{}}, "per_class": []}}', "per_class"),
        (f'{{{WHERE}, "alarm": "nan"}}', "text"),
    ],
)
def test_damaged_lines_are_refused_with_a_reason(line: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        from_line(line)
