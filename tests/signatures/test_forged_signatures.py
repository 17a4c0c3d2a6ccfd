"""A short run of benchmarks/fuzz_signatures.py, and what longer runs have found."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import condgan
from condgan.errors import CondganError
from condgan.export import export
from condgan.signatures import certificates, credentials
from forge import Forge

pytest.importorskip("cryptography")
pytest.importorskip("c2pa")
SCRIPT = Path(__file__).parents[2] / "benchmarks" / "fuzz_signatures.py"


def test_forged_signatures_keys_and_marks_never_crash_and_never_hold(tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), "--count", "330", "--seed", "7"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "330 inputs" in done.stdout
    assert "0 crashes, hangs or wrong verdicts" in done.stdout


def test_a_certificate_whose_name_cannot_be_read(tmp_path: Path) -> None:
    """Names of certificates are parsed late: a tag that X.509 does not have is found only when they are shown."""
    path = tmp_path / "row.png"
    export.to_file("mnist", "20", output=path)
    certificate = certificates.make(tmp_path / "me.pem", "A. Student")
    credentials.sign(path, certificate)
    parts = [
        (kind, body.replace(b"\x0c\x0aA. Student", b"\x6c\x0aA. Student"))
        for kind, body in Forge.chunks(path.read_bytes())
    ]
    assert Forge.joined(parts) != path.read_bytes()
    path.write_bytes(Forge.joined(parts))
    (found,) = condgan.verify(path).files
    assert (found.verdict, found.signature.valid) == ("contradictory", False)


def test_a_cover_whose_assertion_is_no_text(tmp_path: Path) -> None:
    """The library then finds a store without the manifest that it names."""
    path = tmp_path / "s.npz"
    export.to_file("mnist", per_class=1, output=path)
    cover = credentials.sign(path, certificates.make(tmp_path / "me.pem", "A. Student"))
    digest = hashlib.sha256(path.read_bytes()).hexdigest().encode()
    parts = [
        (kind, body.replace(digest, b"\xb4" + digest[1:]) if kind == credentials.CHUNK else body)
        for kind, body in Forge.chunks(cover.read_bytes())
    ]
    assert Forge.joined(parts) != cover.read_bytes()
    cover.write_bytes(Forge.joined(parts))
    found = condgan.verify(path).set
    assert found is not None
    assert (found.verdict, found.signature.valid) == ("contradictory", False)


def test_damaged_certificates_are_refused_and_accuse_no_picture(tmp_path: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    path, pem = tmp_path / "row.png", tmp_path / "me.pem"
    export.to_file("mnist", "20", output=path)
    credentials.sign(path, certificates.make(pem, "A. Student"))
    whole = pem.read_text().splitlines(keepends=True)
    der = x509.load_pem_x509_certificate(pem.read_bytes()).public_bytes(Encoding.DER)
    assert b"A. Student" in der
    whole[3] = whole[4]
    pem.write_text("".join(whole))
    for refused in (lambda: condgan.verify(path, trust=[pem]), lambda: certificates.load(pem)):
        with pytest.raises(CondganError, match="damaged") as error:
            refused()
        assert "\n" not in str(error.value)
