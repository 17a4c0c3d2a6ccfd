"""No image ever changes sides: splits are drawn by what images show, kept by the run, and obeyed."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import condgan
from condgan.data import identity, load
from condgan.data.dataset import Contents, Split
from condgan.data.prepare import identities
from condgan.data.splits import complete
from condgan.errors import CondganError
from condgan.recipe import Data

KINDS = ("bee", "cat")


def picture(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, (8, 8), dtype=np.uint8)


def put(path: Path, number: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture(number)).save(path)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for number in range(60):
        put(tmp_path / "photos" / KINDS[number % 2] / f"{number}.png", number)
    return tmp_path / "photos"


def shown(split: Split) -> set[bytes]:
    return {image.tobytes() for image in split.images}


def test_the_seed_of_the_training_draws_no_splits(photos: Path, tiny: Any, tmp_path: Path) -> None:
    options = (*tiny["cgan-lsgan"], "machine.threads=1")
    runs = [
        condgan.train("cgan-lsgan", *options, f"seed={seed}", data=photos, epochs=1, run=tmp_path / f"run{seed}")
        for seed in (0, 1)
    ]
    assert len({run.domain().data_sha256 for run in runs}) == 1
    assert load(Data(source=str(photos), size=8)).sha256 != load(Data(source=str(photos), size=8, split_seed=1)).sha256


def test_a_run_keeps_its_splits_and_obeys_them(photos: Path, tiny: Any, tmp_path: Path, capsys: Any) -> None:
    from condgan.evaluation import subjects

    options = (*tiny["cgan-lsgan"], "machine.threads=1")
    run = condgan.train("cgan-lsgan", *options, data=photos, epochs=1, run=tmp_path / "run")
    before = load(run.recipe.data)
    written = json.loads(run.splits_file.read_text())
    assert {name: len(hashes) for name, hashes in written["splits"].items()} == {
        name: len(split) for name, split in before.splits.items()
    }
    put(photos / "bee" / "000-new.png", 1000)  # it comes first in its class
    put(photos / "cat" / "zzz.png", 1001)
    fresh = load(run.recipe.data)
    kept = subjects.real_images(run.recipe.data, None, [], subjects.splits_of(run.folder))
    for name in ("validation", "test"):
        assert shown(kept.splits[name]) == shown(before.splits[name])
    assert shown(fresh.test) != shown(before.test)
    assert len(kept.train) == len(before.train) + 2
    assert np.shares_memory(kept.trained_on(Data(train_on="train+validation")).images, kept.train.images)  # no copy
    assert any("2 images are new since the run began: they are in train" in notice for notice in kept.notices)

    class Listens:
        def began(self, training: Any) -> None:
            self.notices = training.notices

    listener = Listens()
    condgan.resume(run, epochs=2, listeners=[listener])  # exact, so without what is new
    assert "2 images are new since the run began: they are left out" in listener.notices
    assert run.domain().data_sha256 == before.sha256
    (photos / "bee" / "0.png").unlink()
    with pytest.raises(CondganError, match=r"is not what .* was trained on \(.*1 images of the run are missing"):
        condgan.resume(run, epochs=3)


def test_renaming_files_moves_no_image(photos: Path, tiny: Any, tmp_path: Path) -> None:
    from condgan.evaluation import subjects

    options = (*tiny["cgan-lsgan"], "machine.threads=1")
    run = condgan.train("cgan-lsgan", *options, data=photos, epochs=1, run=tmp_path / "run")
    before = load(run.recipe.data)
    for kind in KINDS:
        for path in sorted((photos / kind).iterdir()):
            path.rename(path.with_name(f"{9999 - int(path.stem)}.png"))
    kept = subjects.real_images(run.recipe.data, None, [], subjects.splits_of(run.folder))
    assert {name: shown(split) for name, split in kept.splits.items()} == {
        name: shown(split) for name, split in before.splits.items()
    }


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 1)), min_size=8, max_size=60), st.integers(0, 5))
def test_equal_images_share_a_split(rows: list[tuple[int, int]], seed: int) -> None:
    rows = [*rows, (100, 0), (101, 1)]
    images = np.stack([picture(number) for number, _ in rows])
    labels = np.array([label for _, label in rows], np.int64)
    train = Split(images[:, None], labels)
    contents = Contents("toy", KINDS, {"train": train}, hashes={"train": identities(images)})
    dataset = complete(contents, seed)
    parts = [shown(split) for split in dataset.splits.values()]
    assert len(set.union(*parts)) == sum(map(len, parts))
    assert sum(map(len, dataset.splits.values())) == len(rows)
    for name, split in dataset.splits.items():
        assert np.array_equal(identities(split.images[:, 0]), dataset.hashes[name])


def test_without_equal_images_the_draw_is_that_of_before() -> None:
    images = np.stack([picture(number) for number in range(50)])
    train = Split(images[:, None], np.arange(50) % 2)
    plain = complete(Contents("toy", KINDS, {"train": train}), 3)
    hashed = complete(Contents("toy", KINDS, {"train": train}, hashes={"train": identities(images)}), 3)
    assert plain.sha256 == hashed.sha256


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"format": 2, "splits": {}}', '{"format": 1, "splits": {"test": [1]}}',
     '{"format": 1, "splits": {"test": ["xyz"]}}', '{"format": 1}'],
)  # fmt: skip
def test_damaged_splits_are_named(content: str, tmp_path: Path) -> None:
    path = tmp_path / "splits.json"
    path.write_text(content)
    with pytest.raises(CondganError, match=r"splits\.json is damaged"):
        identity.load(path)
    assert identity.load(tmp_path / "none.json") is None


def test_an_image_is_the_same_in_a_folder_and_in_an_archive_of_arrays(photos: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "n.npz", images=np.stack([picture(number) for number in range(60)]), labels=np.arange(60) % 2)
    of_folder, of_arrays = (load(Data(source=str(path), size=8)) for path in (photos, tmp_path / "n.npz"))
    sets = [{row.tobytes() for part in dataset.hashes.values() for row in part} for dataset in (of_folder, of_arrays)]
    assert sets[0] == sets[1]
    assert len(sets[0]) == 60


def test_a_run_in_the_folder_of_its_data(photos: Path, tiny: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(photos)
    options = (*tiny["cgan-lsgan"], "machine.threads=1")
    first, second = (condgan.train("cgan-lsgan", *options, data=".", epochs=1) for _ in range(2))
    assert first.domain().data_sha256 == second.domain().data_sha256
    shutil.rmtree(first.folder)
    assert condgan.resume(second, epochs=2).status.epoch == 2


def test_a_new_class_is_divided_as_usual(photos: Path, tiny: Any, tmp_path: Path) -> None:
    from condgan.evaluation import subjects

    run = condgan.train(
        "cgan-lsgan", *tiny["cgan-lsgan"], "machine.threads=1", data=photos, epochs=1, run=tmp_path / "r"
    )
    before = load(run.recipe.data)
    for number in range(500, 530):
        put(photos / "dog" / f"{number}.png", number)
    kept = subjects.real_images(run.recipe.data, None, [], subjects.splits_of(run.folder))
    counts = {name: np.bincount(split.labels, minlength=3).tolist() for name, split in kept.splits.items()}
    assert counts == {"train": [24, 24, 24], "validation": [3, 3, 3], "test": [3, 3, 3]}
    assert shown(before.test) < shown(kept.test)


def test_other_data_are_divided_as_usual(photos: Path, tiny: Any, tmp_path: Path) -> None:
    from condgan.evaluation import subjects

    run = condgan.train(
        "cgan-lsgan", *tiny["cgan-lsgan"], "machine.threads=1", data=photos, epochs=1, run=tmp_path / "r"
    )
    for number in range(40):
        put(tmp_path / "other" / KINDS[number % 2] / f"{number}.png", 1000 + number)
    other = subjects.real_images(run.recipe.data, str(tmp_path / "other"), [], subjects.splits_of(run.folder))
    assert other.sha256 == load(Data(source=str(tmp_path / "other"), size=8)).sha256
    with pytest.raises(CondganError, match=r"is not what .* was trained on"):
        condgan.resume(run, epochs=2, data=tmp_path / "other")
