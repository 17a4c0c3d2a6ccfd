"""Mutated inputs over all readers: `python benchmarks/fuzz_readers.py --count 1000000 --seed 0`.

Each input is a small valid file, folder or archive of one format with bytes changed, cut or repeated; members of
archives are also renamed, turned into links, or replaced by bombs. A crash is anything but a dataset or a CondganError,
a hang anything that takes longer than `--seconds`. Exit code 1 if there was either; inputs are kept.
"""

import argparse
import gzip
import io
import random
import shutil
import signal
import sys
import tarfile
import tempfile
import time
import traceback
import warnings
import zipfile
from collections import Counter
from pathlib import Path

from condgan.data import readers
from condgan.data.readers import READERS
from condgan.data.readers.reader import Reader, silent
from condgan.errors import CondganError
from condgan.recipe import Data
from fuzz_inputs import BOMB, FORMS, NAMES, TABLES, tar


class HangError(Exception):
    """An input took too long."""


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


def renamed(name: str, draw: random.Random) -> str:
    """A member's name, sometimes another one."""
    return draw.choice(NAMES) if draw.random() < 0.15 else name


def repacked(path: Path, draw: random.Random) -> bytes:
    """A zip, tar or gzip file whose content is mutated, so that its checksums hold."""
    ending = path.name.partition(".")[2]
    if ending in ("tar", "tar.gz"):
        with tarfile.open(path) as archive:
            read = {member.name: archive.extractfile(member) for member in archive}
            files = {name: stream.read() for name, stream in read.items() if stream}
        changed = {
            renamed(name, draw): BOMB
            if draw.random() < 0.02
            else mutated(content, draw)
            if draw.random() < 0.3
            else content
            for name, content in files.items()
        }
        return tar(changed, ending, draw if draw.random() < 0.3 else None)
    if path.suffix == ".gz":
        return gzip.compress(mutated(gzip.decompress(path.read_bytes()), draw), 1)
    stream = io.BytesIO()
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(stream, "w") as after, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile's, on names that occur twice
        for name in before.namelist():
            content = before.read(name)
            if path.suffix == ".zip":
                name = renamed(name, draw)
                content = BOMB if draw.random() < 0.02 else content
            packing = (
                zipfile.ZIP_DEFLATED if content is BOMB else draw.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
            )
            after.writestr(name, mutated(content, draw) if draw.random() < 0.5 else content, packing)
    return stream.getvalue()


def pipes(folder: str, names: list[str]) -> list[str]:
    """What cannot be kept."""
    return [name for name in names if (Path(folder) / name).is_fifo()]


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
    words.add_argument("--trace", action="store_true", help="show where it failed")
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
            if form in TABLES and draw.random() < 0.7:
                target = list(files)[-1]
            inner = target.suffix in (".gz", ".npz", ".zip", ".tar") and draw.random() < 0.6
            target.write_bytes(repacked(target, draw) if inner else mutated(files[target], draw))
            path = Path(place) / form if len(files) > 1 else target
            signal.alarm(options.seconds)
            try:
                tally[f"{form}: {attempt(path, by_name[form.split()[0].split('.')[0]])}"] += 1
            except (Exception, HangError) as error:
                failures += 1
                kept = options.keep / f"{form}-{number}"
                kept.mkdir(parents=True, exist_ok=True)
                shutil.copytree(Path(place) / form, kept, symlinks=True, dirs_exist_ok=True, ignore=pipes)
                if options.trace:
                    traceback.print_exc()
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
