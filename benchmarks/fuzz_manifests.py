"""Forged files through ``condgan verify``: `python benchmarks/fuzz_manifests.py --count 100000 --seed 0`.

Each input is a picture or a set of the packaged generator with bytes changed, cut or repeated; PNG files are also
changed chunk by chunk, with right checksums, archives member by member, and manifests field by field. A failure is a
crash, a hang, or a set or file that is called verified although its pixels, read by another library, differ by more
than one grey level from those of its seed and class, or its label is another. Exit code 1 if there was any; inputs are
kept.
"""

import csv
import functools
import io
import json
import random
import shutil
import struct
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from condgan.errors import CondganError
from condgan.export import export
from condgan.generation.generator import Generator, load
from condgan.provenance.verify import verify
from condgan.storage import pictures
from condgan.storage.manifest import Manifest
from fuzz_readers import mutated
from fuzzing import fuzz

SIGNATURE = b"\x89PNG\r\n\x1a\n"
SET = {"counts": "3=2,5=1", "seed": 5}
FORMS: dict[str, dict[str, Any]] = {
    "row.png": {"sequence": "20", "seed": 7},
    "one.png": {"sequence": "7", "exact": True},
    "label.png": {"sequence": "26", "visible_label": "en", "scale": 4},
    "walk.gif": {"walk": "2,6", "frames": 3, "scale": 1},
    "folder": {**SET, "format": "folder"},
    "imagefolder": {**SET, "format": "imagefolder"},
    "idx": {**SET, "format": "idx"},
    "set.npz": SET,
    "set.tar": SET,
    "set.parquet": SET,
    "packed.zip": {**SET, "format": "folder"},
}
Image8 = npt.NDArray[np.uint8]
Row = tuple[str | None, dict[str, Any], Image8]
"""The label that a reader finds, what is said of the seed, and the pixels."""


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Kind and body of each chunk of a sound PNG."""
    found, place = [], len(SIGNATURE)
    while place < len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        found.append((data[place + 4 : place + 8], data[place + 8 : place + 8 + length]))
        place += 12 + length
    return found


def joined(parts: list[tuple[bytes, bytes]]) -> bytes:
    """A PNG of these chunks, with right checksums."""
    each = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts
    ]
    return SIGNATURE + b"".join(each)


def forged_png(data: bytes, draw: random.Random) -> bytes:
    """A PNG with other chunks, other pixels, or another manifest, whose checksums and hashes fit."""
    parts, kind = chunks(data), draw.randrange(6)
    place = draw.randrange(len(parts))
    if kind == 0:
        parts[place] = parts[place][0], mutated(parts[place][1], draw)
    elif kind == 1:
        parts.insert(place, draw.choice(parts))
    elif kind == 2:
        del parts[place]
    elif kind == 3:
        name = draw.choice([b"gAMA", b"tRNS", b"PLTE", b"acTL", b"iCCP", b"pHYs", b"zTXt", b"fdAT", b"sRGB", b"eXIf"])
        parts.insert(place, (name, draw.randbytes(draw.randrange(20))))
    else:
        with Image.open(io.BytesIO(data)) as image:
            told, pixels = image.text["condgan"], np.array(image)  # type: ignore[attr-defined]
        manifest = Manifest.model_validate(forged(json.loads(told), draw) if kind == 4 else json.loads(told))
        if kind == 5:
            row, column = draw.randrange(len(pixels)), draw.randrange(pixels.shape[1])
            pixels[row, column] = (int(pixels[row, column]) + draw.choice([1, 2, -1, -2, 40])) % 256
        return pictures.png(pixels, manifest)
    return joined(parts)


def forged(said: dict[str, Any], draw: random.Random) -> dict[str, Any]:
    """JSON with one value changed, wherever it stands."""
    places: list[tuple[Any, Any]] = []

    def collect(part: Any) -> None:
        for key, value in part.items() if isinstance(part, dict) else enumerate(part):
            places.append((part, key))
            if isinstance(value, dict | list):
                collect(value)

    collect(said)
    part, key = draw.choice(places)
    value = part[key]
    if draw.random() < 0.2 and isinstance(part, dict):
        del part[key]
    elif isinstance(value, bool):
        part[key] = not value
    elif isinstance(value, int):
        part[key] = draw.choice([value + 1, value - 1, 0, -1, 1 << 40, (1 << 63) - 1, str(value), None])
    elif isinstance(value, str):
        part[key] = draw.choice(["", "3", "5", "cat", "0" * 64, value[::-1], 7, value + " "])
    else:
        part[key] = draw.choice([[], {}, None, [value], 1e999])
    return said


def forged_zip(data: bytes, draw: random.Random) -> bytes:
    """An archive with one member changed, left out, or twice."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    place, kind = draw.randrange(len(members)), draw.randrange(5)
    name, content = members[place]
    if kind == 0:
        del members[place]
    elif kind == 1:
        members.append((name, mutated(content, draw)))
    elif kind == 2 and name.endswith(".npy"):
        array = np.load(io.BytesIO(content))
        flat = array.reshape(-1)
        flat[draw.randrange(len(flat))] = draw.choice(flat.tolist())
        stream = io.BytesIO()
        np.save(stream, array)
        members[place] = name, stream.getvalue()
    elif kind == 2 and not name.endswith("/"):
        members[place] = draw.choice(["../x.png", "/x.png", "3/x.png", "5/000000.png", "x/3/x.png", "x.json"]), content
    elif name.endswith("manifest.json"):
        members[place] = name, json.dumps(forged(json.loads(content), draw)).encode()
    elif name.endswith(".png") and kind == 3:
        members[place] = name, forged_png(content, draw)
    else:
        members[place] = name, mutated(content, draw)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
    return stream.getvalue()


def forged_tar(data: bytes, draw: random.Random) -> bytes:
    """A tar with one member changed, left out, twice, or a link."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        headers = dict(archive.pax_headers)
        members = [(one.name, archive.extractfile(one).read()) for one in archive]  # type: ignore[union-attr]
    place, kind = draw.randrange(len(members)), draw.randrange(6)
    name, content = members[place]
    if kind == 0:
        members.insert(draw.randrange(len(members)), members[place])
    elif kind == 1:
        del members[place : place + draw.choice([1, 3])]
    elif kind == 2:
        headers["condgan"] = json.dumps(forged(json.loads(headers["condgan"]), draw))
    elif name.endswith("png"):
        members[place] = name, forged_png(content, draw)
    else:
        members[place] = name, draw.choice([b"3", b"5", b"9", b'{"label": "5"}', b'{"label": "3"}'])
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT, pax_headers=headers) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def forged_parquet(data: bytes, draw: random.Random) -> bytes:
    """A table with one label or image changed."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(io.BytesIO(data))
    meta = dict(table.schema.metadata)
    labels, images = (table.column(name).to_pylist() for name in ("label", "image"))
    place, kind = draw.randrange(len(labels)), draw.randrange(4)
    if kind == 0:
        labels[place] = draw.randrange(-1, 11)
    elif kind == 1:
        images[place]["bytes"] = forged_png(images[place]["bytes"], draw)
    elif kind == 2:
        images[place] = images[draw.randrange(len(labels))]
    else:
        key = draw.choice([b"condgan", b"huggingface"])
        meta[key] = json.dumps(forged(json.loads(meta[key]), draw)).encode()
    columns = {"image": pa.array(images, table.schema.field("image").type), "label": pa.array(labels, pa.int64())}
    stream = io.BytesIO()
    pq.write_table(pa.table(columns).replace_schema_metadata(meta), stream)
    return stream.getvalue()


def forged_json(data: bytes, draw: random.Random) -> bytes:
    """A manifest.json with one value changed."""
    return json.dumps(forged(json.loads(data), draw)).encode()


def forged_csv(data: bytes, draw: random.Random) -> bytes:
    """A table with the label of one image changed."""
    rows = list(csv.reader(data.decode().splitlines()))
    rows[draw.randrange(len(rows))][draw.randrange(2)] = draw.choice(["3", "5", "images/000000.png", ""])
    stream = io.StringIO()
    csv.writer(stream).writerows(rows)
    return stream.getvalue().encode()


FORGERS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    ".png": forged_png, ".npz": forged_zip, ".zip": forged_zip, ".tar": forged_tar, ".parquet": forged_parquet,
    ".json": forged_json, ".csv": forged_csv,
}  # fmt: skip


def change(folder: Path, draw: random.Random) -> None:
    """Change one file of an input, or its place."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "README.md")
    path = draw.choice(files)
    if len(files) > 1 and draw.random() < 0.1:
        other = draw.choice(files)
        content = other.read_bytes()
        shutil.move(path, other)
        if draw.random() < 0.5:
            path.write_bytes(content)
        return
    forger = FORGERS.get(path.suffix)
    data = path.read_bytes()
    if forger is None or draw.random() < 0.4:
        path.write_bytes(mutated(data, draw))
        return
    try:
        path.write_bytes(forger(data, draw))
    except (ValueError, TypeError, OverflowError, OSError, KeyError, struct.error):  # no such file can be written
        path.write_bytes(mutated(data, draw))


# What an independent reader finds


def of_png(data: bytes, label: str | None) -> Row:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return label, json.loads(image.text["condgan"])["sample"], np.asarray(image.convert("L"))  # type: ignore[attr-defined]


def rows(path: Path) -> Iterator[Row]:
    """Each image with its label, read by Pillow, NumPy, tarfile and pyarrow."""
    if path.suffix == ".png":
        yield of_png(path.read_bytes(), None)
    elif path.suffix == ".npz":
        with np.load(path) as arrays:
            seed = json.loads(bytes(zipfile.ZipFile(path).read("manifest.json")))["sample"]["seed"]
            for image, label, number in zip(arrays["images"], arrays["labels"], arrays["numbers"], strict=True):
                name = str(arrays["class_names"][label])
                yield name, {"seed": seed, "labels": [name], "index": int(number)}, image
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".png"):
                    yield of_png(archive.read(name), Path(name).parent.name)
    elif path.suffix == ".tar":
        with tarfile.open(path) as tar:
            found = {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]
        for name, data in found.items():
            if name.endswith("png"):
                label = json.loads(found[name[:-3] + "json"])["label"]
                assert found[name[:-3] + "cls"].decode() == label  # MNIST's classes are named as their positions
                yield of_png(data, label)
    elif path.suffix == ".parquet":
        import pyarrow.parquet as pq

        table = pq.read_table(path)
        names = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]["label"]["names"]
        for row in table.to_pylist():
            yield of_png(row["image"]["bytes"], names[row["label"]])
    elif (path / "metadata.csv").exists():
        table = list(csv.DictReader((path / "metadata.csv").read_text().splitlines()))
        for row in table:
            yield of_png((path / row["file_name"]).read_bytes(), row["label"])
    elif (path / "numbers.npy").exists():
        images = (path / "train-images-idx3-ubyte").read_bytes()[16:]
        labels = (path / "train-labels-idx1-ubyte").read_bytes()[8:]
        seed = json.loads((path / "manifest.json").read_bytes())["sample"]["seed"]
        pixels = np.frombuffer(images, np.uint8).reshape(-1, 28, 28)
        for image, label, number in zip(pixels, labels, np.load(path / "numbers.npy"), strict=True):
            yield str(label), {"seed": seed, "labels": [str(label)], "index": int(number)}, image
    else:
        for file in path.rglob("*.png"):
            yield of_png(file.read_bytes(), file.parent.name)


def wrong(path: Path, original: Path, generator: Generator, *, whole: bool) -> str | None:
    """Why a file or a set that is called verified is not what it says."""
    if path.suffix == ".gif":
        with Image.open(path) as found, Image.open(original) as expected:
            if found.n_frames != expected.n_frames:  # type: ignore[attr-defined]
                return "other frames"
            for number in range(found.n_frames):  # type: ignore[attr-defined]
                found.seek(number)
                expected.seek(number)
                if differs(np.asarray(found.convert("L")), np.asarray(expected.convert("L"))):
                    return f"frame {number} differs"
        return None
    if path.suffix == ".png":
        ((_, said, found_pixels),), ((_, truth, pixels),) = rows(path), rows(original)
        return "other pixels" if differs(found_pixels, pixels) else None if said == truth else f"says {said}"
    count = 0
    for label, said, found_pixels in rows(path):
        count += 1
        if said["labels"] != [label]:
            return f"label {label}, and {said}"
        drawn = generator.sample(said["labels"], seed=said["seed"], first=said.get("index", 0))[0, 0]
        if differs(found_pixels, drawn):
            return f"other pixels of {said}"
    return None if count == 3 or not whole else f"{count} images"


def differs(found: Image8, expected: Image8) -> bool:
    return found.shape != expected.shape or int(np.abs(found.astype(int) - expected).max()) > 1


def attempt(form: str, sound: Path, folder: Path) -> str:
    """The verdict; a wrong one is an AssertionError."""
    path, original, generator = folder / form, sound / form, packaged()
    try:
        report = verify(path)
    except CondganError as error:
        if "\n" in str(error):
            raise AssertionError(f"a message of several lines: {error}") from None
        return "refusal"
    json.loads(report.to_json())
    found = report.set or report.files[0]
    if report.verified:
        reason = wrong(path, original, generator, whole=report.set is not None)
        assert reason is None, reason
    if path.is_dir():  # each file for itself
        for file in report.files:
            if file.verdict == "verified" and file.path.endswith(".png"):
                _, said, pixels = of_png((path / file.path).read_bytes(), None)
                drawn = generator.sample(said["labels"], seed=said["seed"], first=said.get("index", 0))[0, 0]
                assert not differs(pixels, drawn), f"{file.path}: other pixels of {said}"
    return found.verdict


@functools.cache
def packaged() -> Generator:
    """The generator that made the inputs."""
    return load("mnist")


def made(form: str, path: Path) -> None:
    """Write a valid input."""
    if path.suffix != ".zip":
        export.to_file("mnist", **FORMS[form], output=path)
        return
    export.to_file("mnist", **FORMS[form], output=path.with_suffix(""))
    shutil.make_archive(str(path.with_suffix("")), "zip", path.with_suffix(""))


def prepare(form: str, sound: Path) -> None:
    """Write a valid input."""
    made(form, sound / form)


def forge(form: str, sound: Path, folder: Path, draw: random.Random) -> None:
    """Copy a valid input, and change it."""
    original, path = sound / form, folder / form
    folder.mkdir()
    (shutil.copytree if original.is_dir() else shutil.copy)(original, path)
    change(path if path.is_dir() else folder, draw)


if __name__ == "__main__":
    sys.exit(fuzz(__doc__, FORMS, prepare, forge, attempt))
