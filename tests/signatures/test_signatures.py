"""Signatures hold for the bytes that were signed and for no others, and say no more than they prove."""

import hashlib
import json
import os
import stat
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import condgan
from condgan import cli
from condgan.errors import CondganError
from condgan.marks import keys
from condgan.marks.keys import Key
from condgan.signatures import certificates, credentials, detached
from condgan.signatures.certificates import Certificate
from forge import changed_at

pytest.importorskip("c2pa")
pytest.importorskip("cryptography")
KEY = Key(bytes(range(32)))


# Ed25519 by the formulas of RFC 8032, section 5.1: another implementation than the one that signs

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
Point = tuple[int, int]


def added(a: Point, b: Point) -> Point:
    (x1, y1), (x2, y2) = a, b
    product = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + product, P - 2, P)
    y = (y1 * y2 + x1 * x2) * pow(1 - product, P - 2, P)
    return x % P, y % P


def times(point: Point, count: int) -> Point:
    total = (0, 1)
    while count:
        if count & 1:
            total = added(total, point)
        point, count = added(point, point), count >> 1
    return total


def decoded(data: bytes) -> Point:
    y = int.from_bytes(data, "little") & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    return (P - x if x & 1 != data[31] >> 7 else x), y


BASE = decoded(bytes([0x58]) + bytes([0x66]) * 31)


def verifies(public: bytes, message: bytes, signature: bytes) -> bool:
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    h = int.from_bytes(hashlib.sha512(r + public + message).digest(), "little") % L
    return times(BASE, s) == added(decoded(r), times(decoded(public), h))


def test_a_signature_is_ed25519_of_the_statement(tmp_path: Path) -> None:
    file = tmp_path / "a.bin"
    file.write_bytes(b"some bytes")
    said = json.loads(detached.sign(file, KEY).read_text())
    assert said["sha256"] == hashlib.sha256(b"some bytes").hexdigest()
    assert said["length"] == 10
    signature, public = bytes.fromhex(said.pop("signature")), bytes.fromhex(said["public_key"])
    message = b"condgan signature\n" + json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    assert verifies(public, message, signature)
    assert not verifies(public, message + b" ", signature)
    assert public.hex() == detached.public_key(KEY)
    assert KEY.secret.hex() not in (tmp_path / "a.bin.sig").read_text()


@settings(max_examples=40, deadline=None)
@given(st.binary(min_size=1, max_size=200), st.data())
def test_no_other_bytes_are_signed(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, data: st.DataObject
) -> None:
    file = tmp_path_factory.mktemp("s") / "a.bin"
    file.write_bytes(content)
    detached.sign(file, KEY)
    public = detached.public_key(KEY)
    sound = detached.check(file, {public})
    assert sound is not None
    assert (sound.valid, sound.trusted) == (True, True)
    assert not (detached.check(file) or sound).trusted
    target = data.draw(st.sampled_from([file, file.with_name("a.bin.sig")]))
    changed = bytearray(target.read_bytes())
    place = data.draw(st.integers(0, len(changed) - 1))
    changed[place] ^= 1 << data.draw(st.integers(0, 7))
    target.write_bytes(bytes(changed))
    found = detached.check(file, {public})
    assert found is not None
    if found.valid:  # a space of the JSON, or a letter's case: the same statement
        assert target != file
        assert found.trusted
        assert hashlib.sha256(content).hexdigest() in target.read_text()


def test_of_a_statement_nothing_can_be_exchanged(tmp_path: Path) -> None:
    file = tmp_path / "a.bin"
    file.write_bytes(b"one")
    told = json.loads(detached.sign(file, KEY).read_text())
    other = Key(bytes(32))
    forged = told | {"sha256": hashlib.sha256(b"two").hexdigest()}
    for said in (forged, told | {"time": "2020-01-01T00:00:00Z"}, told | {"public_key": detached.public_key(other)}):
        (tmp_path / "a.bin.sig").write_text(json.dumps(said))
        found = detached.check(file, {detached.public_key(KEY), detached.public_key(other)})
        assert found is not None
        assert not found.valid
        assert not found.trusted


# Certificates


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Certificate]:
    path = tmp_path_factory.mktemp("c") / "me.pem"
    return path, certificates.make(path, "A. Student")


def root_of(certificate: Certificate) -> bytes:
    return b"-----BEGIN" + certificate.chain.split(b"-----BEGIN")[2]


def test_a_self_made_certificate_is_its_owner_s_alone_and_chains(signer: tuple[Path, Certificate]) -> None:
    from cryptography import x509

    path, made = signer
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    leaf, root = x509.load_pem_x509_certificates(made.chain)
    leaf.verify_directly_issued_by(root)
    root.verify_directly_issued_by(root)
    assert (made.subject, made.issuer) == ("A. Student", certificates.ROOT)
    assert certificates.load(path) == made
    with pytest.raises(CondganError, match="exists"):
        certificates.make(path, "B")
    assert certificates.load(path) == made


def expired(pem: bytes, days: int) -> bytes:
    """A certificate like the first of these, with the same key, that is valid around another day."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    key: Any = serialization.load_pem_private_key(pem[pem.index(b"-----BEGIN PRIVATE") :], None)
    old, day = x509.load_pem_x509_certificate(pem), datetime.now(UTC) + timedelta(days=days)
    made = x509.CertificateBuilder().subject_name(old.subject).issuer_name(old.subject).public_key(old.public_key())
    made = made.serial_number(7).not_valid_before(day - timedelta(days=1)).not_valid_after(day + timedelta(days=1))
    signed = made.sign(key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM) + pem[pem.index(b"-----BEGIN PRIVATE") :]


def test_certificates_that_cannot_sign_are_one_line(signer: tuple[Path, Certificate], tmp_path: Path) -> None:
    path, _ = signer
    whole = path.read_bytes()
    other = tmp_path / "other.pem"
    certificates.make(other, "Another")
    private = whole[whole.index(b"-----BEGIN PRIVATE") :]
    cases = [
        (b"", "no certificate"), (b"\0" * 100, "no certificate"), (private, "no certificate"),
        (whole[: whole.index(b"-----BEGIN PRIVATE")], "no private key"), (whole[:-60], "no private key"),
        (expired(whole, -10), "expired on"), (expired(whole, 10), "is valid from"),
    ]  # fmt: skip
    for content, expected in cases:
        (tmp_path / "bad.pem").write_bytes(content)
        with pytest.raises(CondganError, match=expected) as error:
            certificates.load(tmp_path / "bad.pem")
        assert "\n" not in str(error.value)
    with pytest.raises(CondganError, match="not that of the certificate"):
        certificates.load(path, other)
    with pytest.raises(CondganError, match="cannot be read"):
        certificates.load(tmp_path / "none.pem")
    for name in ("", " ", "x" * 65):
        with pytest.raises(CondganError, match="1 to 64"):
            certificates.make(tmp_path / "x.pem", name)


# Content credentials


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("p") / "row.png"
    with pytest.raises(SystemExit) as ended:
        cli.main(["sample", "mnist", "2026", "--seed", "7", "-o", str(path)])
    assert ended.value.code == 0
    return path.read_bytes()


def test_pixels_and_metadata_stay_and_the_signer_is_told(
    signer: tuple[Path, Certificate], picture: bytes, tmp_path: Path
) -> None:
    _, certificate = signer
    file = tmp_path / "row.png"
    file.write_bytes(picture)
    assert credentials.sign(file, certificate) == file
    signed = file.read_bytes()
    place = signed.index(credentials.CHUNK) - 4
    length = int.from_bytes(signed[place : place + 4], "big")
    assert signed[:place] + signed[place + 12 + length :] == picture  # a chunk more, and nothing else
    found = credentials.read(signed)
    assert (found.valid, found.trusted, found.chain) == (True, False, ("A. Student", certificates.ROOT))
    assert "self-made, and trusted by nobody" in found.why
    assert credentials.read(signed, root_of(certificate)).trusted
    with pytest.raises(CondganError, match="credentials already"):
        credentials.sign(file, certificate)


def test_another_self_made_root_of_the_same_name_is_not_trusted(
    signer: tuple[Path, Certificate], picture: bytes, tmp_path: Path
) -> None:
    impostor = certificates.make(tmp_path / "other.pem", "A. Student")
    signed = credentials.embedded(picture, impostor, "row.png")
    assert credentials.read(signed, root_of(impostor)).trusted
    found = credentials.read(signed, root_of(signer[1]))
    assert (found.valid, found.trusted) == (True, False)


def test_no_byte_of_the_picture_can_be_changed(signer: tuple[Path, Certificate], picture: bytes) -> None:
    signed = credentials.embedded(picture, signer[1], "row.png")
    sound, start = credentials.read(signed), signed.index(credentials.CHUNK)
    end = start + 8 + int.from_bytes(signed[start - 4 : start], "big")
    tried = {False: 0, True: 0}
    for place in np.random.default_rng(3).integers(8, len(signed) - 12, 300):
        other, inside = changed_at(signed, int(place)), bool(start <= place < end)
        if other:
            tried[inside] += 1
            found = credentials.read(other)
            assert found == sound if inside and found.valid else not found.valid, place  # C2PA has room for padding
    assert min(tried.values()) > 50


def test_bytes_of_anyone_end_in_a_verdict(signer: tuple[Path, Certificate], picture: bytes) -> None:
    signed, random = credentials.embedded(picture, signer[1], "row.png"), np.random.default_rng(4)
    for _ in range(200):
        data = bytearray(signed)
        for place in random.integers(0, len(data), random.integers(1, 20)):
            data[place] = random.integers(0, 256)
        found = credentials.read(bytes(data[: random.integers(1, len(data) + 1)]))
        assert not found.trusted


# What verify makes of them


def told(*words: str, capsys: Any) -> tuple[int, Any]:
    with pytest.raises(SystemExit) as ended:
        cli.main([*words, "--json"])
    code = ended.value.code
    assert isinstance(code, int)
    return code, json.loads(capsys.readouterr().out)


@pytest.fixture
def made(tmp_path: Path, picture: bytes, signer: tuple[Path, Certificate]) -> Callable[..., tuple[Path, Path, Path]]:
    """A picture, a key file and a certificate."""

    def make() -> tuple[Path, Path, Path]:
        file = tmp_path / "row.png"
        file.write_bytes(picture)
        keys.new_key(tmp_path / "k.key", force=True)
        return file, tmp_path / "k.key", signer[0]

    return make


def test_a_signed_picture_is_verified_by_its_pixels_and_shows_who_signed(made: Any, capsys: Any) -> None:
    file, key, certificate = made()
    assert not condgan.verify(file).files[0].signature.found
    with pytest.raises(SystemExit):
        cli.main(["sign", str(file), "--certificate", str(certificate), "--key", str(key)])
    capsys.readouterr()
    code, found = told("verify", str(file), capsys=capsys)
    (one,) = found["files"]
    assert (code, one["verdict"]) == (0, "verified")
    assert [(s["kind"], s["valid"], s["trusted"]) for s in one["signatures"]] == [
        ("c2pa", True, False), ("ed25519", True, False),
    ]  # fmt: skip
    with pytest.raises(SystemExit):
        cli.main(["key", "public", str(key)])
    capsys.readouterr()
    code, found = told("verify", str(file), "--trust", f"{key}.pub", "--trust", str(certificate), capsys=capsys)
    assert [s["trusted"] for s in found["files"][0]["signatures"]] == [True, True]


def test_a_broken_signature_contradicts_even_the_right_pixels(made: Any) -> None:
    file, key, certificate = made()
    credentials.sign(file, certificates.load(certificate))
    file.write_bytes(changed_at(file.read_bytes(), file.read_bytes().index(credentials.CHUNK) + 900))
    assert condgan.verify(file).files[0].verdict == "contradictory"
    file, key, _ = made()
    detached.sign(file, keys.load(key))
    (file.with_name("row.png.sig")).write_text('{"kind": "condgan signature"}')
    found = condgan.verify(file)
    assert found.files[0].verdict == "contradictory"
    assert not found.verified


@pytest.mark.parametrize("content", [b"", b"{}", b"[" * 60_000, b"x" * (9 << 20), b"\x89PNG\r\n\x1a\n"])
def test_whatever_lies_beside_a_file_ends_in_a_verdict(made: Any, content: bytes) -> None:
    file, _, _ = made()
    cover = file.with_name("row.png.c2pa.png")
    cover.write_bytes(content)
    found = condgan.verify(file)
    assert found.files[0].verdict == "contradictory"
    assert found.files[0].signature.valid is False
    cover.unlink()
    assert condgan.verify(file).verified


def test_a_signature_beside_a_folder_that_nobody_can_have_signed(made: Any, tmp_path: Path) -> None:
    """It neither stops the look at the files, nor is it passed over."""
    file, key, _ = made()
    folder = tmp_path / "loose"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(file.read_bytes())
    assert condgan.verify(folder).verified
    detached.sign(file, keys.load(key)).rename(tmp_path / "loose.sig")
    found = condgan.verify(folder, key=key)
    assert [one.verdict for one in found.files] == ["contradictory"] * 2
    assert "has no manifest.json" in found.files[0].why


def test_a_signature_verifies_nothing(made: Any, capsys: Any) -> None:
    """Pixels of no generator, rightly signed by a key that is trusted: a claim at most."""
    from PIL import Image

    file, key, certificate = made()
    Image.fromarray(np.zeros((28, 28), np.uint8)).save(file)
    with pytest.raises(SystemExit):
        cli.main(["sign", str(file), "--certificate", str(certificate), "--key", str(key)])
    found = condgan.verify(file, key=key, trust=[certificate])
    assert [one.trusted for one in found.files[0].signatures] == [True, True]
    assert found.files[0].verdict == "unknown"
    assert not found.verified


def test_sets_and_archives_are_signed_beside_them(tmp_path: Path, made: Any, capsys: Any) -> None:
    _, key, certificate = made()
    for form, name in (("folder", "set"), ("npz", "s.npz")):
        with pytest.raises(SystemExit):
            cli.main(["sample", "mnist", "--per-class", "2", "--format", form, "-o", str(tmp_path / name)])
    with pytest.raises(SystemExit) as ended:
        cli.main(["sign", str(tmp_path / "set"), str(tmp_path / "s.npz"), "--key", str(key)])
    assert ended.value.code == 0
    cover = credentials.sign(tmp_path / "s.npz", certificates.load(certificate))
    assert cover.name == "s.npz.c2pa.png"
    whole = condgan.verify(tmp_path / "set", key=key).set
    assert whole is not None
    assert (whole.verdict, whole.signature.trusted) == ("verified", True)
    npz = condgan.verify(tmp_path / "s.npz", trust=[certificate]).set
    assert npz is not None
    assert sorted((one.kind or "", one.trusted) for one in npz.signatures) == [("c2pa", True), ("ed25519", False)]
    (tmp_path / "s.npz").write_bytes((tmp_path / "s.npz").read_bytes() + b"x")
    after = condgan.verify(tmp_path / "s.npz", trust=[certificate])
    assert all(one.valid is False for one in (after.set or after.files[0]).signatures)
    assert not after.verified
    manifest = tmp_path / "set" / "manifest.json"
    manifest.write_text(manifest.read_text() + " ")
    assert not condgan.verify(tmp_path / "set", key=key).verified


def test_without_the_packages_nothing_is_said_to_hold(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    file, key, certificate = made()
    credentials.sign(file, certificates.load(certificate))
    detached.sign(file, keys.load(key))
    for name in ("c2pa", "cryptography"):
        monkeypatch.setitem(sys.modules, name, None)
    found = condgan.verify(file, key=key)
    assert found.files[0].verdict == "claimed"
    assert [one.valid for one in found.files[0].signatures] == [None, None]
    with pytest.raises(CondganError, match="condgan\\[provenance\\]"):
        detached.sign(file, keys.load(key))


def test_bad_requests_are_one_line(made: Any, tmp_path: Path, capsys: Any) -> None:
    file, key, certificate = made()
    for words, expected in (
        (["sign", str(file)], "nothing to sign with"),
        (["sign", str(file), "--key", str(key), "--private", str(key)], "none is given"),
        (["sign", str(tmp_path / "none"), "--key", str(key)], "cannot be read"),
        (["sign", str(tmp_path), "--key", str(key)], "has no manifest.json"),
        (["sign", str(tmp_path), "--certificate", str(certificate)], "is a folder"),
        (["sign", str(file), "--certificate", str(file)], "no certificate"),
        (["sign", str(file), "--key", str(file)], "is no key file"),
        (["key", "certificate", str(tmp_path / "c.pem")], "a certificate says who signs"),
        (["verify", str(file), "--trust", str(file)], "is no public key"),
        (["verify", str(file), "--trust", str(tmp_path / "none")], "cannot be read"),
    ):
        with pytest.raises(SystemExit) as stopped:
            cli.main(words)
        error = capsys.readouterr().err
        assert stopped.value.code == 2, words
        assert len(error.strip().splitlines()) == 1, error
        assert expected in error
