"""Files of the packaged generator, and small tools to change them as a forger would."""

import json
import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from condgan.export import export
from condgan.provenance.verdicts import Finding, Report
from condgan.provenance.verify import verify
from condgan.storage.manifest import Manifest

Chunks = list[tuple[bytes, bytes]]


def changed_at(png: bytes, place: int) -> bytes:
    """A PNG with a byte changed in one of its chunks, with the right checksum; nothing where no chunk has it."""
    data, at = bytearray(png), 8
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if at + 8 <= place < at + 8 + length:
            data[place] ^= 1
            data[at + 8 + length : at + 12 + length] = zlib.crc32(data[at + 4 : at + 8 + length]).to_bytes(4, "big")
            return bytes(data)
        at += 12 + length
    return b""


class Forge:
    """PNG files as lists of chunks, and the verdicts on files."""

    @staticmethod
    def chunks(data: bytes) -> Chunks:
        """Kind and body of each chunk."""
        found, place = [], 8
        while place < len(data):
            (length,) = struct.unpack(">I", data[place : place + 4])
            found.append((data[place + 4 : place + 8], data[place + 8 : place + 8 + length]))
            place += 12 + length
        return found

    @staticmethod
    def joined(chunks: Chunks) -> bytes:
        """A PNG of these chunks, with right checksums."""
        parts = [struct.pack(">I", len(b)) + k + b + struct.pack(">I", zlib.crc32(k + b)) for k, b in chunks]
        return b"\x89PNG\r\n\x1a\n" + b"".join(parts)

    @staticmethod
    def manifest(path: Path) -> Manifest:
        """What a PNG says of itself, read by Pillow."""
        from PIL import Image

        with Image.open(path) as image:
            return Manifest.from_json(image.text["condgan"])  # type: ignore[attr-defined]

    @staticmethod
    def found(path: Path, **options: Any) -> Finding:
        """The finding on one file."""
        (one,) = verify(path, **options).files
        return one

    @staticmethod
    def report(path: Path, **options: Any) -> Report:
        """The report on a file or folder."""
        return verify(path, **options)


@pytest.fixture(scope="session")
def forge() -> Forge:
    return Forge()


@pytest.fixture(scope="session")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures and sets by condgan, which no test changes."""
    root = tmp_path_factory.mktemp("originals")
    made: list[dict[str, Any]] = [
        {"sequence": "2026", "output": "row.png", "seed": 7},
        {"sequence": "7", "output": "one.png", "exact": True, "seed": 3},
        {"sequence": "26", "output": "label.png", "visible_label": "zh", "scale": 5},
        {"grid": True, "output": "grid.png"},
        {"walk": "2,6", "output": "walk.gif", "frames": 6},
        {"walk": "2,6", "output": "walk.png", "frames": 4},
        {"walk": "seed:1,seed:2", "output": "walk", "frames": 3},
        *({"per_class": 2, "seed": 5, "output": f"{name}-set", "format": name} for name in SETS),
        {"per_class": 2, "seed": 5, "output": "set.npz"},
        {"counts": "3=4,5=2", "seed": 5, "output": "set.parquet"},
        {"counts": "3=4,5=2", "seed": 5, "output": "set.tar"},
    ]
    for options in made:
        export.to_file("mnist", **{**options, "output": root / options["output"]})
    return root


SETS = ("folder", "imagefolder", "idx", "npz", "parquet", "webdataset")


@pytest.fixture
def copy(originals: Path, tmp_path: Path) -> Callable[[str], Path]:
    """A copy of an original that a test may change."""

    def copied(name: str) -> Path:
        source, target = originals / name, tmp_path / name
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy(source, target)
        return target

    return copied


@pytest.fixture
def resaid() -> Callable[..., None]:
    """Change what the manifest of a set in a folder says."""

    def changed(folder: Path, **changes: Any) -> None:
        path = folder / "manifest.json"
        said = json.loads(path.read_text())
        for place, value in changes.items():
            part, key = place.split("__")
            (said if part == "self" else said[part])[key] = value
        path.write_text(json.dumps(said))

    return changed


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Run the command line in this process -> its exit code and stdout; stderr must be empty."""
    from condgan.cli import main

    def run(*arguments: object) -> tuple[int, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main([str(argument) for argument in arguments])
        shown = capsys.readouterr()
        assert shown.err == ""
        assert isinstance(stopped.value.code, int)
        return stopped.value.code, shown.out

    return run
