"""An evaluation is written to JSON and read back; a damaged one is refused in a line."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from condgan.errors import CondganError
from condgan.results.evaluation import FILE, Evaluation
from condgan.results.figure import Figure
from condgan.results.protocol import (
    CopiesFacts,
    DataFacts,
    GeneratorSubject,
    ImagesSubject,
    MemorisedFacts,
    NetworkFacts,
    OtherData,
    ParzenFacts,
    Protocol,
    UnlabelledSubject,
)

SUBJECTS = (
    GeneratorSubject(path="runs/a", recipe="mnist", engine="torch", images_seen=7, trained_on="train"),
    ImagesSubject(path="digits.npz", images=120),
)


def evaluation(subject: Any = SUBJECTS[0], **changes: Any) -> Evaluation:
    protocol = Protocol(
        subject=subject,
        data=DataFacts(name="mnist", sha256="0" * 64, splits="as published"),
        split="test",
        n_real=100,
        n_generated=90,
        n_floor=80,
        n_paired=70,
        floor="validation images",
        classes="as real",
        resize="none",
        seed=3,
        feature_network=NetworkFacts(
            space="mnist", sha256="1" * 64, dim=128, data="mnist", steps=6000, accuracy={"test": 0.997}
        ),
        standard_errors="over images",
        parzen=ParzenFacts(sigma=0.17, sigma_at_edge=False),
        memorised=MemorisedFacts(median_distance_against_held_out=1.01),
        copies=CopiesFacts(planted=1000, detected={"exact": 1.0, "shifted": 0.998}),
        small_n=False,
        condgan="0.1.0",
        seconds=2.5,
    )
    figures = (
        Figure(metric="fid", space="mnist", value=0.5, se=0.01, floor=0.02),
        Figure(metric="parzen", note="too few images"),
    )
    plain: dict[str, Any] = {
        "figures": {figure.name: figure for figure in figures},
        "protocol": protocol,
        "per_class": {"0": 0.9, "1": None},
        "confusion": np.array([[9, 1], [0, 0]]),
    }
    return Evaluation(**(plain | changes))


def same(one: Evaluation, other: Evaluation) -> bool:
    return one.as_json() == other.as_json() and (one.figures, one.protocol) == (other.figures, other.protocol)


@pytest.mark.parametrize(
    "written",
    [
        evaluation(),
        evaluation(SUBJECTS[1]),
        evaluation(UnlabelledSubject(path="pictures", images=7), confusion=None, per_class={}),
        evaluation(confusion=None, per_class={}),
        evaluation(
            protocol=evaluation().protocol.model_copy(
                update={
                    "trained_on_other": OtherData(
                        name="pets", sha256="2" * 64, differences=("train images: 3, here 4",)
                    ),
                    "notices": ("a sentence", "another"),
                }
            )
        ),
        evaluation(protocol=evaluation().protocol.model_copy(update={"parzen": None, "memorised": None})),
    ],
)
def test_what_is_written_is_read_back(written: Evaluation, tmp_path: Path) -> None:
    text = json.dumps(written.as_json())
    assert same(Evaluation.from_json(json.loads(text)), written)
    (tmp_path / FILE).write_text(text)
    assert same(Evaluation.load(tmp_path), written)
    assert same(Evaluation.load(tmp_path / FILE), written)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("figures",), []),
        (("figures", "fid_mnist", "value"), "low"),
        (("figures", "fid_mnist"), None),
        (("protocol", "subject", "kind"), "planet"),
        (("protocol", "data", "sha256"), "abc"),
        (("protocol", "n_real"), "many"),
        (("protocol",), None),
        (("per_class",), {"0": "all"}),
        (("confusion",), [[1, 2, 3]]),
        (("confusion",), "none"),
    ],
)
def test_damage_is_refused(path: tuple[str, ...], value: Any) -> None:
    values = evaluation().as_json()
    inner = values
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    with pytest.raises(CondganError, match="no evaluation of this version"):
        Evaluation.from_json(values)


@pytest.mark.parametrize("text", ["", "[" * 100_000, "3", "[]", "{}", "\x00"])
def test_a_damaged_file_is_refused_in_a_line(text: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(CondganError, match=r"evaluation\.json") as refused:
        Evaluation.load(tmp_path)
    assert "\n" not in str(refused.value)


def test_an_evaluation_of_before_these_facts_were_written_is_read(tmp_path: Path) -> None:
    values = json.loads(json.dumps(evaluation().as_json()))
    for newer in ("trained_on_other", "notices"):
        del values["protocol"][newer]
    assert same(Evaluation.from_json(values), evaluation())


def test_where_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(CondganError, match="no evaluation can be read"):
        Evaluation.load(tmp_path)
