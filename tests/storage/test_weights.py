"""Arrays with a description, in one file."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors.numpy import save_file

from condgan.errors import CondganError
from condgan.storage import weights

DTYPES = st.sampled_from([np.float32, np.float64, np.int64, np.uint8, np.float16, np.bool_])


def array(dtype: Any) -> Any:
    finite = {"allow_nan": False, "allow_infinity": False} if np.issubdtype(dtype, np.floating) else {}
    return hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_side=4), elements=finite or None)


@given(st.dictionaries(st.text(max_size=8), DTYPES.flatmap(array), max_size=4), st.text(max_size=20))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_saved_is_loaded(tmp_path: Path, arrays: dict[str, Any], words: str) -> None:
    arrays = {name: array for name, array in arrays.items() if name != "__metadata__"}
    path = tmp_path / "a.safetensors"
    weights.save(path, "thing", {"words": words, "list": [1, None, {"x": 2.5}]}, arrays)
    description, loaded = weights.load(path, "thing")
    assert description["words"] == words
    assert description["list"] == [1, None, {"x": 2.5}]
    assert loaded.keys() == arrays.keys()
    for name, given_array in arrays.items():
        assert loaded[name].dtype == given_array.dtype
        assert loaded[name].shape == given_array.shape
        assert np.array_equal(loaded[name], given_array)
    assert [file.name for file in tmp_path.iterdir()] == ["a.safetensors"]


def test_arrays_in_any_memory_order(tmp_path: Path) -> None:
    wide = np.arange(12.0).reshape(3, 4)
    weights.save(tmp_path / "a", "thing", {}, {"t": wide.T, "s": wide[:, ::2]})
    _, loaded = weights.load(tmp_path / "a", "thing")
    assert np.array_equal(loaded["t"], wide.T)
    assert np.array_equal(loaded["s"], wide[:, ::2])


def test_the_same_content_is_the_same_bytes(tmp_path: Path) -> None:
    arrays = {f"layer {number}": np.full(3, number, np.float32) for number in range(40)}
    for name in "ab":
        weights.save(tmp_path / name, "thing", {"x": 1}, arrays)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_prefix_takes_a_part(tmp_path: Path) -> None:
    arrays = {"generator.w": np.zeros(2), "discriminator.w": np.ones(2), "generatorx": np.ones(1)}
    weights.save(tmp_path / "a", "thing", {}, arrays)
    _, loaded = weights.load(tmp_path / "a", "thing", "generator.")
    assert list(loaded) == ["w"]
    assert np.array_equal(loaded["w"], np.zeros(2))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_neither_saved_nor_loaded(value: float, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    weights.save(path, "thing", {}, {"w": np.zeros(2)})
    before = path.read_bytes()
    with pytest.raises(CondganError, match='"v" holds NaN or infinite'):
        weights.save(path, "thing", {}, {"w": np.zeros(2), "v": np.array([0, value], np.float32)})
    assert path.read_bytes() == before
    save_file({"v": np.array([value])}, path, {weights.KEY: json.dumps({"format": 1, "kind": "thing"})})
    with pytest.raises(CondganError, match='"v" holds NaN or infinite'):
        weights.load(path, "thing")


def test_kinds_and_formats(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    weights.save(path, "thing", {}, {})
    with pytest.raises(CondganError, match=r"a\.safetensors is a thing, not a checkpoint"):
        weights.load(path, "checkpoint")
    headers: list[tuple[dict[str, Any], str]] = [
        ({"kind": "thing", "format": weights.FORMAT + 1}, "upgrade condgan"),
        ({"kind": "thing", "format": "1"}, "format"),
        ({"kind": "thing"}, "not written by condgan"),
        ({"format": 1}, "not written by condgan"),
    ]
    for header, said in headers:
        save_file({}, path, {weights.KEY: json.dumps(header)})
        with pytest.raises(CondganError, match=said):
            weights.load(path, "thing")
    save_file({}, path, {"other": "x"})
    with pytest.raises(CondganError, match="not written by condgan"):
        weights.load(path, "thing")


def test_every_truncation_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    weights.save(path, "thing", {"x": "y" * 20}, {"w": np.arange(5.0)})
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(CondganError, match=r"a\.safetensors"):
            weights.load(path, "thing")


def test_numbers_of_unknown_types(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    for dtype, size in (("BF16", 2), ("F8_E4M3", 1), ("QUADRUPLE", 16)):
        described = {"__metadata__": {weights.KEY: json.dumps({"kind": "thing", "format": 1})}}
        header = json.dumps(described | {"w": {"dtype": dtype, "shape": [1], "data_offsets": [0, size]}}).encode()
        path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(size))
        with pytest.raises(CondganError, match=r"a\.safetensors"):
            weights.load(path, "thing")


def test_a_folder_or_nothing(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing"):
        with pytest.raises((CondganError, OSError)) as refused:
            weights.load(path, "thing")
        assert str(path) in str(refused.value)
