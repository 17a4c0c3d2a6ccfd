"""What lies beside a file: a damaged signature contradicts it, and one of another program is left alone."""

import json
import os
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import condgan
from condgan.errors import CondganError
from condgan.export import export
from condgan.marks.keys import Key, new_key
from condgan.provenance.verify import verify
from condgan.signatures import certificates, credentials, detached

pytest.importorskip("cryptography")
KEY = Key(bytes(range(32)))
MINISIGN = b"""untrusted comment: signature from minisign secret key
RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=
trusted comment: timestamp:1635442742\tfile:row.png
wLMDjy9FLAuxZ3q4NlEvkgtyhrr0gtTu6KC4KBJdITbbOeAi1zBIYo0v4iTgt8jJpIidRJnp94ABQkJAgAooBQ==
"""
SIGNIFY = b"""untrusted comment: verify with key.pub
RWQf6LRCGA9i5/3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=
"""
SIGSTORE = json.dumps({
    "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
    "verificationMaterial": {"tlogEntries": [{"kindVersion": {"kind": "hashedrekord", "version": "0.0.1"}}]},
    "messageSignature": {"messageDigest": {"algorithm": "SHA2_256", "digest": "rw=="}, "signature": "MEUCIQ=="},
}).encode()  # fmt: skip


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("p") / "row.png"
    export.to_file("mnist", "2026", seed=7, output=path)
    return path.read_bytes()


@pytest.fixture
def file(tmp_path: Path, picture: bytes) -> Path:
    (tmp_path / "row.png").write_bytes(picture)
    return tmp_path / "row.png"


def gpg(file: Path, *options: str) -> bytes:
    home = file.parent / "home"
    home.mkdir(mode=0o700, exist_ok=True)
    call = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--yes"]
    try:
        made = [*call, "--passphrase", "", "--quick-gen-key", "a@example.org"]
        if not (home / "pubring.kbx").exists():
            subprocess.run(made, check=True, capture_output=True, timeout=60)
        out = ["--output", f"{file}.sig", "--detach-sign", *options, str(file)]
        subprocess.run([*call, *out], check=True, capture_output=True, timeout=60)
        return Path(f"{file}.sig").read_bytes()
    finally:
        stop = ["gpgconf", "--homedir", str(home), "--kill", "gpg-agent"]
        subprocess.run(stop, check=False, capture_output=True, timeout=60)


def openssh(file: Path) -> bytes:
    key = file.parent / "ssh"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True, timeout=60)
    sign = ["ssh-keygen", "-q", "-Y", "sign", "-f", str(key), "-n", "file", str(file)]
    subprocess.run(sign, check=True, capture_output=True, timeout=60)
    return Path(f"{file}.sig").read_bytes()


def there(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


FOREIGN: list[Any] = [
    pytest.param(lambda file: gpg(file), id="gpg", marks=there("gpg")),
    pytest.param(lambda file: gpg(file, "--armor"), id="gpg in letters", marks=there("gpg")),
    pytest.param(openssh, id="openssh", marks=there("ssh-keygen")),
    *(pytest.param(lambda _, data=data: data, id=name) for name, data in {
        "minisign": MINISIGN, "signify": SIGNIFY, "sigstore": SIGSTORE, "an empty object": b"{}",
        "a deep one": b"[" * 60_000, "a picture": b"\x89PNG\r\n\x1a\n", "a large one": b"x" * (9 << 20),
    }.items()),
]  # fmt: skip


@pytest.mark.parametrize("made", FOREIGN)
def test_a_signature_of_another_program_is_named_and_changes_nothing(
    file: Path, made: Callable[[Path], bytes], told: Any
) -> None:
    data = made(file)
    beside = file.with_name("row.png.sig")
    beside.write_bytes(data)
    (one,) = condgan.verify(file).files
    assert one.verdict == "verified"
    assert not one.signature.found
    assert one.notes == ("row.png.sig beside it is no signature of condgan's: it was not looked at",)
    code, words = told("verify", file)
    assert code == 0
    assert "note: row.png.sig beside it" in words
    with pytest.raises(CondganError, match="not replaced"):
        detached.sign(file, KEY)
    assert beside.read_bytes() == data


def test_random_bytes_are_nobody_s_signature() -> None:
    draw = random.Random(1)
    for _ in range(300):
        assert not detached.own(draw.randbytes(draw.randrange(30, 3000)))


@settings(max_examples=300)
@given(st.data())
def test_a_damaged_signature_is_still_known_as_one(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    file = tmp_path_factory.getbasetemp() / "a.bin"
    if not detached.beside_of(file).is_file():
        file.write_bytes(b"some bytes")
        detached.sign(file, KEY)
    whole = bytearray(detached.beside_of(file).read_bytes())
    assert detached.own(whole)
    assert detached.own(whole[: data.draw(st.integers(0, len(whole)))])
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=3)):
        whole[place] ^= data.draw(st.integers(1, 255))
    assert detached.own(whole)


@pytest.mark.parametrize("damage", [
    lambda data: b"", lambda data: data[:20], lambda data: data[: len(data) // 2], lambda data: b"x" + data,
    lambda data: data.replace(b'"version": 1', b'"version": 2'), lambda data: data + b" " * (1 << 20),
    lambda data: data.replace(b"condgan signature", b"condgan signatory"),
])  # fmt: skip
def test_a_damaged_one_of_condgan_contradicts(file: Path, damage: Callable[[bytes], bytes]) -> None:
    beside = detached.sign(file, KEY)
    beside.write_bytes(damage(beside.read_bytes()))
    (one,) = condgan.verify(file, key=KEY).files
    assert one.verdict == "contradictory"
    assert (one.signature.valid, one.notes) == (False, ())


def test_files_and_sets_in_a_folder_have_what_lies_beside_them(tmp_path: Path, picture: bytes) -> None:
    here = tmp_path / "here"
    here.mkdir()
    for name in ("a.png", "b.png", "c.png"):
        (here / name).write_bytes(picture)
    export.to_file("mnist", per_class=1, output=here / "set")
    for name in ("a.png", "set"):
        detached.sign(here / name, KEY)
    (here / "b.png.sig").write_bytes(MINISIGN)
    report = condgan.verify(here, key=KEY)
    found = {one.path: one for one in report.files}
    assert report.verified
    assert [found[name].signature.trusted for name in ("a.png", "b.png", "c.png", "set")] == [True, None, None, True]
    assert [len(found[name].notes) for name in ("a.png", "b.png", "c.png", "set")] == [0, 1, 0, 0]
    for name in ("a.png", "set"):
        beside = detached.beside_of(here / name)
        beside.write_text(beside.read_text().replace('"length": ', '"length": 1'))
    found = {one.path: one for one in condgan.verify(here, key=KEY).files}
    assert {name for name, one in found.items() if one.verdict == "contradictory"} == {"a.png", "set"}


def test_credentials_do_not_break_a_signature_unasked(file: Path, told: Any, refused: Any) -> None:
    """They change the bytes of a PNG: with the key it is signed anew, without it nothing is done."""
    pytest.importorskip("c2pa")
    from condgan.marks import keys
    from condgan.signatures import certificates

    key, certificate = file.with_name("a.key"), file.with_name("me.pem")
    keys.new_key(key)
    certificates.make(certificate, "A. Student")
    detached.sign(file, keys.load(key))
    before = file.read_bytes()
    assert "sign it by both, with --key too" in refused("sign", file, "--certificate", certificate)
    assert file.read_bytes() == before
    assert told("sign", file, "--certificate", certificate, "--key", key)[0] == 0
    (one,) = condgan.verify(file, key=key).files
    assert one.verdict == "verified"
    assert [each.valid for each in one.signatures] == [True, True]


@pytest.mark.parametrize("kind", ["link", "dangling link", "pipe", "folder"])
def test_what_has_the_name_of_a_signature_and_is_no_file_is_named_and_never_followed(kind: str, tmp_path: Path) -> None:
    key = new_key(tmp_path / "mine.key")
    picture, other = tmp_path / "row.png", tmp_path / "other.txt"
    export.to_file("mnist", "20", seed=7, output=picture)
    place = tmp_path / "row.png.sig"
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "folder":
        place.mkdir()
    else:
        place.symlink_to(other)
        if kind == "link":
            other.touch()
    with pytest.raises(CondganError, match="not replaced"):
        detached.sign(picture, key)
    assert not other.exists() or other.read_bytes() == b""
    one = verify(picture).files[0]
    assert one.verdict == "verified"
    assert one.notes == ("row.png.sig beside it is no signature of condgan's: it was not looked at",)
    if "link" in kind:
        cover = tmp_path / f"set.npz{credentials.COVER}"
        cover.symlink_to(other)
        export.to_file("mnist", counts="3=2", seed=5, output=tmp_path / "set.npz")
        assert verify(tmp_path / "set.npz").set.notes[0].startswith(cover.name)  # type: ignore[union-attr]
        with pytest.raises(CondganError, match="is a link"):
            credentials.sign(tmp_path / "set.npz", certificates.make(tmp_path / "me.pem", "A. Student"))


def test_a_folder_is_looked_at_by_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = tmp_path / "d"
    export.to_file("mnist", counts="3=2", seed=5, output=inside)
    detached.sign(inside, new_key(tmp_path / "mine.key"))
    monkeypatch.chdir(inside)
    for name in (".", "./", "../d"):
        report = verify(name)
        assert report.set is not None
        assert report.set.verdict == "verified"
        assert len(report.set.signatures) == 1
    with pytest.raises(CondganError, match="expected a path"):
        verify("")
