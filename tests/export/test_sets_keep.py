"""``--keep``: only images that the classifier of the data reads as their class, and how many there were is told."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import condgan as package
from condgan.errors import CondganError
from condgan.evaluation import features
from condgan.export import export
from condgan.generation import generator, sampling
from condgan.storage.manifest import Manifest


def kept(path: Path, least: float, shard_size: int = 10_000, per_class: int = 30) -> tuple[Any, Any, list[str]]:
    """Images (N, 1, 28, 28) and numbers of a filtered set of digits, and the answer."""
    said: list[str] = []
    export.to_file(
        "mnist", per_class=per_class, seed=5, output=path, keep=least, shard_size=shard_size, say=said.append
    )
    with np.load(path) as arrays:
        return arrays["images"][:, None], arrays["numbers"], said


def test_each_class_has_the_first_that_the_classifier_reads(tmp_path: Path) -> None:
    least, network, maker = 0.9995, features.mnist(), package.load("mnist")
    images, numbers, said = kept(tmp_path / "a.npz", least)
    labels = numbers % 10
    assert np.bincount(labels).tolist() == [30] * 10
    assert (network.embed(images).posteriors[np.arange(300), labels] >= least).all()
    told = manifest(tmp_path / "a.npz")
    assert told.sample is not None
    assert told.sample["counts"] == {str(k): 30 for k in range(10)}
    assert told.sample["keep"]["confidence"] == least
    assert told.sample["keep"]["network_sha256"] == network.sha256
    tried = told.sample["keep"]["candidates"]
    assert sum(tried.values()) > 300, "a filter that nothing fails tests nothing"
    for k in range(10):  # the candidates, made and judged again: those that are too close to call may go either way
        candidates = np.arange(tried[str(k)]) * 10 + k
        made = sampling.numbered(maker.sampler, maker.recipe, np.full(len(candidates), k), 5, candidates)
        sure = network.embed(made).posteriors[:, k]
        clear = np.abs(sure - least) > 1e-5
        chosen = np.isin(candidates, numbers)
        assert np.array_equal(chosen[clear], (sure >= least)[clear])
        assert candidates[-1] == numbers[labels == k][-1], "the last candidate was kept"
    assert any("30 of" in words and "0.9995" in words for words in said), said


def manifest(path: Path) -> Manifest:
    import zipfile

    with zipfile.ZipFile(path) as archive:
        card = archive.read("README.md").decode()
        told = Manifest.from_json(archive.read("manifest.json"))
    assert "filtered" in card
    assert "0.9995" in card
    return told


def test_shards_change_nothing(tmp_path: Path) -> None:
    one, numbers, _ = kept(tmp_path / "a.npz", 0.9995)
    other, same, _ = kept(tmp_path / "b.npz", 0.9995, shard_size=70)
    assert np.array_equal(numbers, same)
    assert int(np.abs(one.astype(int) - other).max()) <= 1


def test_files_have_a_shard_each(tmp_path: Path) -> None:
    """But the last: a filter leaves no short ones."""
    from pyarrow import parquet

    export.to_file("mnist", per_class=30, output=tmp_path / "set", format="parquet", keep=0.9995, shard_size=70)
    rows = [parquet.read_metadata(file).num_rows for file in sorted((tmp_path / "set" / "data").iterdir())]
    assert sum(rows) == 300
    assert all(60 < count <= 70 for count in rows[:-1])


@pytest.mark.parametrize("wrong", [0, 1, -0.5, 1.5, float("nan")])
def test_what_is_no_probability(tmp_path: Path, wrong: float) -> None:
    with pytest.raises(CondganError, match="keep"):
        kept(tmp_path / "a.npz", wrong)
    assert list(tmp_path.iterdir()) == []


def test_a_generator_that_hardly_ever_passes_ends_in_a_line(tmp_path: Path, refused: Any) -> None:
    """Its weights are zero; the class, and how many of how many passed, are named."""
    real, file = package.load("mnist"), tmp_path / "zero.safetensors"
    state = {name: np.zeros_like(array) for name, array in real.state.items()}
    generator.save(file, real.recipe, real.domain, 0, state)
    message = refused("sample", file, "--per-class", 3, "--keep", 0.9, "-o", tmp_path / "set")
    assert 'of class "' in message
    assert "of 300 images" in message
    assert "--keep" in message
    assert list(tmp_path.iterdir()) == [file]


def test_data_that_is_not_at_hand(generators: dict[str, Path], tmp_path: Path, refused: Any) -> None:
    run = Path(shutil.copytree(generators["plain"], tmp_path / "run"))
    recipe = json.loads((run / "recipe.json").read_text())
    for file in (*run.glob("*.json"), *run.glob("checkpoints/*")):
        there = recipe["data"]["source"].encode()
        file.write_bytes(file.read_bytes().replace(there, b"/gone".ljust(len(there), b"x")))
    message = refused("sample", run, "--per-class", 3, "--keep", 0.9, "-o", tmp_path / "set")
    assert "--keep 0.9" in message
    assert "/gone" in message
    assert "`data`" not in message  # which this command has not
    assert not (tmp_path / "set").exists()
