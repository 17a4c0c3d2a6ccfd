"""A certificate that expires after it has signed: neither proof nor lie, and never trusted."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest

import condgan
from condgan.errors import CondganError
from condgan.export import export
from condgan.signatures import certificates, credentials
from condgan.signatures.certificates import Certificate
from forge import changed_at

pytest.importorskip("cryptography")
c2pa = pytest.importorskip("c2pa")
SECONDS = 4


class Yesterday(datetime):
    """A clock by which a certificate for a day expires in some seconds."""

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return datetime.now(tz) - timedelta(days=1) + timedelta(seconds=SECONDS)


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Certificate, dict[str, bytes]]:
    """A folder with a picture and a set, both signed by a certificate that has expired since; what they were before."""
    folder = tmp_path_factory.mktemp("e")
    export.to_file("mnist", "2026", seed=7, output=folder / "row.png")
    export.to_file("mnist", per_class=1, output=folder / "s.npz")
    with mock.patch.object(certificates, "datetime", Yesterday):
        short = certificates.make(folder / "short.pem", "Short", 1)
    for name in ("row.png", "s.npz"):
        credentials.sign(folder / name, short)
    assert credentials.read((folder / "row.png").read_bytes()).valid in (True, None)  # None on a slow machine
    time.sleep(max(0.0, (short.until - datetime.now(UTC)).total_seconds() + 1.1))
    return folder, short, {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("name", ["row.png", "s.npz"])
def test_it_is_a_claim_and_says_why(signed: Any, name: str, told: Any) -> None:
    folder, short, _ = signed
    for trust in ([], [folder / "short.pem"]):
        report = condgan.verify(folder / name, trust=trust)
        found = report.set or report.files[0]
        assert (found.verdict, found.remade) == ("claimed", True if name == "row.png" else found.remade)
        assert (found.signature.valid, found.signature.trusted) == (None, False)
        assert found.signature.by == "Short, certified by self-made root"
        assert f"its certificate expired on {short.until:%Y-%m-%d}" in found.why
        assert "nobody can tell whether it was signed before" in found.why
        assert not report.verified
    code, words = told("verify", folder / name)
    assert code == 1
    assert "its certificate expired on" in words


def test_it_does_not_sign_any_more(signed: Any) -> None:
    folder, _, _ = signed
    with pytest.raises(CondganError, match="expired on"):
        certificates.load(folder / "short.pem")


def test_of_an_expired_certificate_no_byte_can_be_changed_either(signed: Any) -> None:
    _, _, files = signed
    data = files["row.png"]
    sound = credentials.read(data)
    start = data.index(credentials.CHUNK)
    end = start + 8 + int.from_bytes(data[start - 4 : start], "big")
    tried = {False: 0, True: 0}
    for place in np.random.default_rng(5).integers(8, len(data) - 12, 200):
        other, inside = changed_at(data, int(place)), bool(start <= place < end)
        if other:
            tried[inside] += 1
            found = credentials.read(other)
            assert not found.trusted
            assert found == sound if inside and found.valid is None else found.valid is False, place
    assert min(tried.values()) > 30


def test_an_expired_cover_of_another_file_contradicts(signed: Any, tmp_path: Path) -> None:
    _, _, files = signed
    (tmp_path / "s.npz").write_bytes(files["s.npz"])
    (tmp_path / "s.npz.c2pa.png").write_bytes(files["s.npz.c2pa.png"])
    assert condgan.verify(tmp_path / "s.npz").set.verdict == "claimed"  # type: ignore[union-attr]
    export.to_file("mnist", per_class=1, seed=3, output=tmp_path / "t.npz")
    (tmp_path / "t.npz").rename(tmp_path / "s.npz")
    assert condgan.verify(tmp_path / "s.npz").set.verdict == "contradictory"  # type: ignore[union-attr]


def test_without_its_credentials_it_is_what_it_was(signed: Any, tmp_path: Path) -> None:
    _, _, files = signed
    data, start = files["row.png"], files["row.png"].index(credentials.CHUNK) - 4
    bare = data[:start] + data[start + 12 + int.from_bytes(data[start : start + 4], "big") :]
    (tmp_path / "row.png").write_bytes(bare)
    assert condgan.verify(tmp_path / "row.png").verified
