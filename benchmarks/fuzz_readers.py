"""Mutated inputs over all readers of arrays: `python benchmarks/fuzz_readers.py --count 1000000 --seed 0`.

Each input is a small valid file of one format with bytes changed, cut or repeated. A crash is anything but a dataset or
a CondganError, a hang anything that takes longer than `--seconds`. Exit code 1 if there was either; inputs are kept.
"""

import argparse
import csv
import gzip
import io
import json
import random
import signal
import sys
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from condgan.data import readers
from condgan.data.readers import READERS
from condgan.data.readers.reader import Reader, silent
from condgan.errors import CondganError
from condgan.recipe import Data

PICTURES = np.random.default_rng(0).integers(0, 256, (6, 8, 8), dtype=np.uint8)
LABELS = np.arange(6) % 3


class HangError(Exception):
    """An input took too long."""


def npz(folder: Path, *, packed: bool = False) -> list[Path]:
    save: Any = np.savez_compressed if packed else np.savez
    save(folder / "a.npz", x_train=PICTURES, y_train=LABELS, x_test=PICTURES / 255, y_test=np.eye(3)[LABELS])
    return [folder / "a.npz"]


def text_npz(folder: Path) -> list[Path]:
    names = np.array(["cat", "ant", "bee"])
    np.savez(folder / "a.npz", images=PICTURES > 99, labels=names[LABELS], class_names=names)
    return [folder / "a.npz"]


def npy(folder: Path) -> list[Path]:
    np.save(folder / "X.npy", PICTURES.astype(np.float32))
    np.save(folder / "y.npy", LABELS)
    return [folder / "X.npy", folder / "y.npy"]


def table(folder: Path, *, zipped: bool = False) -> list[Path]:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["label", *(f"pixel{number}" for number in range(64))])
    rows.writerows([label, *image.ravel()] for label, image in zip(LABELS, PICTURES, strict=True))
    content = text.getvalue().encode()
    path = folder / ("a.csv.gz" if zipped else "a.csv")
    path.write_bytes(gzip.compress(content) if zipped else content)
    return [path]


def idx(folder: Path, *, zipped: bool = False) -> list[Path]:
    end = ".gz" if zipped else ""
    pictures = bytes([0, 0, 8, 3, 0, 0, 0, 6, 0, 0, 0, 8, 0, 0, 0, 8]) + PICTURES.tobytes()
    labels = bytes([0, 0, 8, 1, 0, 0, 0, 6]) + LABELS.astype(np.uint8).tobytes()
    files = {"images-idx3": pictures, "labels-idx1": labels}
    paths = []
    for name, content in files.items():
        paths.append(folder / f"emnist-letters-train-{name}-ubyte{end}")
        paths[-1].write_bytes(gzip.compress(content) if zipped else content)
    paths.append(folder / "emnist-letters-mapping.txt")
    paths[-1].write_text("0 65 97\n1 66 98\n2 67 99\n")
    return paths


def cifar(folder: Path) -> list[Path]:
    pixels = np.random.default_rng(1).integers(0, 256, (3, 3072), dtype=np.uint8)
    records = np.column_stack([np.zeros(3, np.uint8), np.arange(3, dtype=np.uint8), pixels])
    for name in ("train.bin", "test.bin"):
        (folder / name).write_bytes(records.tobytes())
    (folder / "fine_label_names.txt").write_text("a\nb\nc\n")
    return [folder / "train.bin", folder / "test.bin", folder / "fine_label_names.txt"]


def parquet(folder: Path) -> list[Path]:
    import pyarrow
    import pyarrow.parquet
    from PIL import Image

    contents = []
    for image in PICTURES:
        stream = io.BytesIO()
        Image.fromarray(image).save(stream, "PNG")
        contents.append({"bytes": stream.getvalue(), "path": None})
    features = {"label": {"names": ["a", "b", "c"]}}
    content = pyarrow.table({"image": contents, "label": LABELS})
    content = content.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pyarrow.parquet.write_table(content, folder / "train.parquet")
    return [folder / "train.parquet"]


FORMS: dict[str, Callable[[Path], list[Path]]] = {
    "npz": npz,
    "npz packed": lambda folder: npz(folder, packed=True),
    "npz text": text_npz,
    "npy": npy,
    "csv": table,
    "csv.gz": lambda folder: table(folder, zipped=True),
    "idx": idx,
    "idx.gz": lambda folder: idx(folder, zipped=True),
    "cifar": cifar,
    "parquet": parquet,
}


def mutated(content: bytes, draw: random.Random) -> bytes:
    """The content with one to four changes: bytes set, flipped, cut, repeated, or numbers made extreme."""
    changed = bytearray(content)
    for _ in range(draw.randint(1, 4)):
        if not changed:
            break
        place = draw.randrange(min(len(changed), 400) if draw.random() < 0.5 else len(changed))  # headers are short
        kind = draw.randrange(6)
        if kind == 0:
            changed[place] = draw.randrange(256)
        elif kind == 1:
            changed[place] ^= 1 << draw.randrange(8)
        elif kind == 2:
            del changed[place : place + draw.randint(1, 64)]
        elif kind == 3:
            changed[place:place] = changed[place : place + draw.randint(1, 64)]
        elif kind == 4:
            changed[place : place + 4] = draw.choice([b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff", b"\x80\0\0\0"])
        else:
            del changed[place:]
    return bytes(changed)


def repacked(path: Path, draw: random.Random) -> bytes:
    """A zip or gzip file whose content is mutated, so that its checksums hold."""
    if path.suffix == ".gz":
        return gzip.compress(mutated(gzip.decompress(path.read_bytes()), draw), 1)
    stream = io.BytesIO()
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(stream, "w") as after:
        for name in before.namelist():
            content = before.read(name)
            after.writestr(name, mutated(content, draw) if draw.random() < 0.5 else content)
    return stream.getvalue()


def attempt(path: Path, reader: Reader) -> str:
    """What reading gives: dataset or refusal."""
    try:
        found = readers.of(path) or reader
        found.read(path, "fuzzed", Data(size=8), silent)
    except CondganError as error:
        if "\n" in str(error) and " cannot be read:\n" not in str(error):  # all damaged files of a folder
            raise AssertionError(f"a message of several lines: {error}") from None
        return "refusal"
    return "dataset"


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--count", type=int, default=10_000)
    words.add_argument("--seed", type=int, default=0)
    words.add_argument("--seconds", type=int, default=20, help="after which an input is a hang")
    words.add_argument("--only", choices=FORMS, action="append")
    words.add_argument("--keep", type=Path, default=Path("fuzzed"), help="where inputs that failed are written")
    options = words.parse_args()

    def hang(*_: object) -> None:
        raise HangError

    signal.signal(signal.SIGALRM, hang)
    by_name = {row.name: row for row in READERS}
    tally: Counter[str] = Counter()
    failures, start = 0, time.monotonic()
    with tempfile.TemporaryDirectory() as place, warnings.catch_warnings():
        warnings.simplefilter("error")
        valid = {}
        for form in options.only or FORMS:
            folder = Path(place) / form
            folder.mkdir()
            valid[form] = {path: path.read_bytes() for path in FORMS[form](folder)}
        names = list(valid)
        for number in range(options.count):
            draw = random.Random(f"{options.seed} {number}")
            form = names[number % len(names)]
            files = valid[form]
            target = draw.choice(list(files))
            inner = target.suffix in (".gz", ".npz") and draw.random() < 0.6
            target.write_bytes(repacked(target, draw) if inner else mutated(files[target], draw))
            path = target.parent if len(files) > 1 else target
            signal.alarm(options.seconds)
            try:
                tally[f"{form}: {attempt(path, by_name[form.split()[0].split('.')[0]])}"] += 1
            except (Exception, HangError) as error:
                failures += 1
                kept = options.keep / f"{form}-{number}"
                kept.mkdir(parents=True, exist_ok=True)
                for file in files:
                    (kept / file.name).write_bytes(file.read_bytes())
                print(f"{form} {number}: {type(error).__name__}: {str(error)[:200]} (kept in {kept})", flush=True)
            finally:
                signal.alarm(0)
                target.write_bytes(files[target])
    for what, count in sorted(tally.items()):
        print(f"{count:9} {what}")
    took = time.monotonic() - start
    print(f"{options.count} inputs in {took:.0f} s, {failures} crashes or hangs")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
