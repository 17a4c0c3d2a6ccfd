"""Key files: made once, read strictly, and never seen by others without a word."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from condgan.errors import CondganError
from condgan.marks import keys
from condgan.marks.keys import Key


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.key"


def test_a_key_is_read_back_and_only_its_owner_can(path: Path) -> None:
    key = keys.new_key(path)
    assert keys.load(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert keys.of(path) == keys.of(key) == key
    assert keys.of(None) is None


def test_no_two_keys_are_equal_and_none_is_overwritten(path: Path, tmp_path: Path) -> None:
    first = keys.new_key(path)
    with pytest.raises(CondganError, match="exists"):
        keys.new_key(path)
    assert keys.load(path) == first
    assert keys.new_key(path, force=True) != first
    assert keys.load(path) != first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.key"]


def test_a_link_that_leads_nowhere_is_something_at_the_path(path: Path, tmp_path: Path) -> None:
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CondganError, match="exists"):
        keys.new_key(path)
    assert not (tmp_path / "elsewhere").exists()


def test_others_that_can_read_it_are_told_of(path: Path) -> None:
    keys.new_key(path)
    path.chmod(0o640)
    with pytest.warns(UserWarning, match="640.*chmod 600"):
        keys.load(path)
    said: list[str] = []
    keys.load(path, said.append)
    assert len(said) == 1


def test_nothing_shows_the_secret(path: Path) -> None:
    key = keys.new_key(path)
    for text in (repr(key), str(key), key.fingerprint, key.derived("mark 1").hex()):
        assert key.secret.hex() not in text
        assert key.secret.hex()[:12] not in text
    assert len({key.derived(purpose) for purpose in ("mark 1", "sign 1", "fingerprint")}) == 3


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_fingerprints_name_keys(one: bytes, other: bytes) -> None:
    assert (Key(one).fingerprint == Key(other).fingerprint) == (one == other)
    assert len(Key(one).fingerprint) == 32


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "something"}, "no key file"),
        ({"version": 2}, "version 2, and this condgan reads version 1"),
        ({"version": True}, "version True"),
        ({"version": None}, "version None"),
        ({"secret": "00" * 32}, "fingerprint"),
        ({"secret": "00" * 16}, "16 bytes"),
        ({"secret": "zz" * 32}, "no secret"),
        ({"secret": None}, "no secret"),
        ({"secret": 7}, "no secret"),
        ({"fingerprint": "é"}, "fingerprint"),
        ({"fingerprint": None}, "fingerprint"),
    ],
)
def test_a_changed_key_is_refused_in_one_line(path: Path, change: dict[str, Any], message: str) -> None:
    key = keys.new_key(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(CondganError, match=message) as error:
        keys.load(path)
    assert "\n" not in str(error.value)
    assert key.secret.hex() not in str(error.value)


def test_each_truncated_key_is_refused(path: Path) -> None:
    keys.new_key(path)
    data = path.read_bytes().rstrip()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(CondganError):
            keys.load(path)


FIELDS = st.sampled_from(["kind", "version", "secret", "fingerprint", "x"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("condgan key") | st.just(1),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner),
    max_leaves=8,
)


@given(st.binary(max_size=300) | JSON.map(lambda value: json.dumps(value).encode()))
def test_whatever_else_is_in_a_file_is_no_key(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.key"
    path.write_bytes(data)
    path.chmod(0o600)
    with pytest.raises(CondganError):
        keys.load(path)


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(CondganError, match="condgan key new"):
        keys.load(tmp_path / "none")
    with pytest.raises(CondganError, match=r"cannot be read|folder"):
        keys.load(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CondganError, match="no key file"):
        keys.load(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b" " * 100_000)
    with pytest.raises(CondganError, match="no key file"):
        keys.load(tmp_path / "large")
    with pytest.raises(CondganError, match="cannot write"):
        keys.new_key(tmp_path / "large" / "below.key")
