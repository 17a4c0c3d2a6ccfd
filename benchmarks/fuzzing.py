"""What the fuzzing of `condgan verify` shares: many inputs, one attempt each, a count of what came out."""

import argparse
import functools
import random
import shutil
import signal
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Collection
from pathlib import Path
from unittest import mock

from condgan.generation.generator import load
from fuzz_readers import HangError

EACH = 5_000  # inputs, after which there is a word


def fuzz(
    description: str | None,
    kinds: Collection[str],
    prepare: Callable[[str, Path], None],
    forge: Callable[[str, Path, Path, random.Random], None],
    attempt: Callable[[str, Path, Path], str],
) -> int:
    """Make inputs of all kinds in turn, and try them; options come from the command line -> the exit code.

    Args:
        description: of the command.
        kinds: of inputs.
        prepare: called once for each kind, with the folder of sound files.
        forge: called with a kind, the folder of sound files, a new folder and what draws: writes an input into it.
        attempt: called with a kind, the folder of sound files and the new folder -> what came out, in words. It raises
            where that is wrong.
    """
    words = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--count", type=int, default=10_000)
    words.add_argument("--seed", type=int, default=0)
    words.add_argument("--seconds", type=int, default=20, help="after which an input is a hang")
    words.add_argument("--only", choices=kinds, action="append")
    words.add_argument("--keep", type=Path, default=Path("fuzzed"), help="where inputs that failed are written")
    options = words.parse_args()

    def hang(*_: object) -> None:
        raise HangError

    signal.signal(signal.SIGALRM, hang)
    tally: Counter[str] = Counter()
    failures, start = 0, time.monotonic()
    once = mock.patch("condgan.provenance.generators.load", functools.cache(load))
    with tempfile.TemporaryDirectory() as place, warnings.catch_warnings(), once:
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "Duplicate name")  # of zipfile, where the forger writes one
        sound, folder, names = Path(place) / "sound", Path(place) / "forged", options.only or list(kinds)
        for kind in names:
            prepare(kind, sound)
        for number in range(options.count):
            draw, kind = random.Random(f"{options.seed} {number}"), names[number % len(names)]
            forge(kind, sound, folder, draw)
            signal.alarm(options.seconds)
            try:
                tally[f"{kind}: {attempt(kind, sound, folder)}"] += 1
            except (Exception, HangError) as error:
                failures += 1
                kept = options.keep / f"{kind}-{number}"
                shutil.copytree(folder, kept, dirs_exist_ok=True)
                print(f"{kind} {number}: {type(error).__name__}: {str(error)[:200]} (kept in {kept})", flush=True)
                print(traceback.format_exc().splitlines()[-4:], flush=True)
            finally:
                signal.alarm(0)
                shutil.rmtree(folder)
            if (number + 1) % EACH == 0:
                print(f"{number + 1} inputs, {failures} failures", flush=True)
    for what, count in sorted(tally.items()):
        print(f"{count:9} {what}")
    took = time.monotonic() - start
    print(f"{options.count} inputs in {took:.0f} s, {failures} crashes, hangs or wrong verdicts")
    return 1 if failures else 0
