"""Pictures that can be made again: a job drawn twice, or read back from its manifest, is the same picture."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import condgan
from condgan.errors import CondganError
from condgan.generation import jobs, sampling
from condgan.generation.generator import Generator
from condgan.pictures import images
from condgan.pictures.labelling import labelled
from condgan.storage.manifest import begin


@pytest.fixture(scope="module")
def generator() -> Generator:
    return condgan.load("mnist")


def row(generator: Generator, **changes: Any) -> jobs.Row:
    return jobs.row(generator.recipe, generator.domain, np.array([2, 0, 2, 6]), seed=7, **changes)


def test_a_row_is_what_the_generator_samples(generator: Generator) -> None:
    job = row(generator, scale=3)
    assert job.labels == ("2", "0", "2", "6")
    assert np.array_equal(job.draw(generator), images.row(generator.sample("2026", seed=7), 3))
    one = jobs.Row(seed=7, index=30 * 10 + 4, labels=("4",))
    assert np.array_equal(one.draw(generator), generator.sample("4", seed=7, first=304)[0, 0])


def test_a_grid_has_ten_rows_of_all_classes_below_their_names(generator: Generator) -> None:
    job = jobs.grid(generator.recipe, generator.domain, seed=1)
    samples = generator.sample("0123456789" * 10, seed=1)
    assert np.array_equal(job.draw(generator), images.grid(samples, 10, [str(digit) for digit in range(10)], 2))
    height, width = job.size(generator.domain)
    plain = job.model_copy(update={"titled": False}).draw(generator)
    assert plain.shape == (height, width)
    assert np.array_equal(job.draw(generator)[-height:], plain)


@pytest.mark.parametrize("stops", ["2,6", "seed:1,seed:2"])
def test_frames_of_a_walk_are_those_of_its_strip(generator: Generator, stops: str) -> None:
    labels = ("3", "5") if stops.startswith("seed") else None
    job = jobs.walk(generator.domain, stops, 5, seed=4, labels=labels, scale=2)
    frames = list(job.pictures(generator))
    assert {frame.shape for frame in frames} == {job.size(generator.domain)}
    strip = job.model_copy(update={"form": "strip"})
    drawn = strip.draw(generator)
    assert drawn.shape == strip.size(generator.domain)
    for number, frame in enumerate(frames):
        alone = job.model_copy(update={"form": "frame", "frame": number}).draw(generator)
        assert np.array_equal(alone, frame)
        column = drawn[:, number * 56 : (number + 1) * 56]
        parts = np.split(frame, len(labels or "1"), axis=1)
        assert np.array_equal(column, np.concatenate(parts))


def every(generator: Generator) -> list[tuple[str, Any]]:
    domain = generator.domain
    return [
        ("image", jobs.Row(seed=1 << 62, index=5, labels=("7",))),
        ("row", row(generator, visible_label="zh")),
        ("grid", jobs.grid(generator.recipe, domain, 0, visible_label="en")),
        ("walk", jobs.walk(domain, "2,6,2", 4, 9, form="strip")),
    ]


def test_a_job_is_read_back_from_its_manifest(generator: Generator) -> None:
    for kind, job in every(generator):
        manifest = begin().of(kind, json.loads(json.dumps(jobs.recorded(job))))  # type: ignore[arg-type]
        again = jobs.parse(type(manifest).from_json(manifest.to_json()))
        assert again == job
        assert np.array_equal(again.draw(generator), job.draw(generator))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_visible_label_stands_below_and_changes_nothing_above(generator: Generator, language: Any) -> None:
    for kind, job in every(generator):
        if kind == "image":
            continue
        plain = job.model_copy(update={"visible_label": None}).draw(generator)
        marked = job.model_copy(update={"visible_label": language}).draw(generator)
        assert np.array_equal(marked[: len(plain)], plain)
        strip = marked[len(plain) :]
        rows = np.flatnonzero((strip > 128).any(axis=1))
        assert rows[-1] - rows[0] + 1 >= 0.05 * min(plain.shape[:2])
        assert strip[0].max() == strip[-1].max() == 0  # letters are not cut
        assert strip[:, :1].max() == 0


def test_a_picture_too_small_for_letters_is_refused(generator: Generator) -> None:
    with pytest.raises(CondganError, match="28 x 28 pixels, too small for letters"):
        jobs.Row(seed=0, labels=("1",), visible_label="zh").draw(generator)
    assert labelled(np.zeros((28, 40, 3), np.uint8), None).shape == (28, 40, 3)


@pytest.mark.parametrize(
    "sample",
    [{}, {"seed": 0}, {"seed": -1, "labels": ["1"]}, {"seed": 0, "labels": ["1"], "count": 3},
     {"seed": 0, "labels": ["1"], "scale": 65}, {"seed": 0, "labels": 5}, {"seed": 0, "labels": ["1"], "more": 1},
     {"seed": 0, "count": 10**9}, {"seed": 1.5, "count": 1}, {"seed": 0, "labels": ["x" * 300]},
     {"seed": 0, "conditions": [[float("nan")]]}],
)  # fmt: skip
def test_a_job_that_anyone_wrote_is_checked(sample: dict[str, Any]) -> None:
    with pytest.raises(CondganError, match=r"its manifest is damaged \(sample"):
        jobs.parse(begin().of("row", sample))


def test_classes_of_a_job_are_exact_names(generator: Generator) -> None:
    with pytest.raises(CondganError, match='no class "seven"'):
        jobs.Row(seed=0, labels=("1", "seven")).draw(generator)
    with pytest.raises(CondganError, match="at most 100000"):
        jobs.row(generator.recipe, generator.domain, np.zeros(100_001, np.int64), 0)
    assert jobs.parse(begin().of("plot")) is None


def test_the_hash_of_a_generator_is_that_of_its_weights_wherever_they_are(
    tiny: dict[str, tuple[str, ...]], digits: Path, tmp_path: Path
) -> None:
    run = condgan.train("cgan-lsgan", *tiny["cgan-lsgan"], data=digits, epochs=1, run=tmp_path / "run")
    whole, alone = condgan.load(run), condgan.load(run.generator_file)
    assert whole.sha256 == alone.sha256
    assert condgan.load("mnist").sha256 != whole.sha256
    name = next(iter(alone.state))
    changed = dict(alone.state) | {name: alone.state[name] + np.float32(1e-3)}
    assert Generator(alone.recipe, alone.domain, 0, changed).sha256 != alone.sha256
    longer = alone.recipe.model_copy(update={"train": alone.recipe.train.model_copy(update={"epochs": 99})})
    assert Generator(longer, alone.domain, 0, alone.state).sha256 == alone.sha256
    assert sampling.MOST_SEED == 2**63 - 1
