"""Datasets of samples: how many of which class, and writing them."""

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from condgan.arrays import Conditions, Labels, Samples
from condgan.data.writers.output import Output, writing
from condgan.data.writers.writer import Content, Writer
from condgan.errors import InterruptedExportError
from condgan.export.card import card
from condgan.export.frames import Progress
from condgan.export.keep import Judge
from condgan.export.plans import Counted, Listed, Numbers, Plan, Rows, named
from condgan.generation import sampling
from condgan.generation.classes import MOST_NAMED
from condgan.generation.counts import Counts, each, lacking
from condgan.generation.counts import parse as parse_counts
from condgan.generation.generator import Generator
from condgan.storage.manifest import Manifest

SHARD = 10_000  # samples of a part
PART_BYTES = 256 << 20  # that the samples of a part have at most
CHUNK = 4096  # samples generated at a time

Say = Callable[[str], None]


def wanted_counts(generator: Generator, given: Mapping[str, Any], labels: Labels | None, say: Say) -> Counts:
    """How many of each class a dataset needs, (K,), by the options of ``export.to_file`` and the classes in it."""
    domain = generator.domain
    if given["counts"] is not None:
        return parse_counts(given["counts"], domain)
    if given["balance"] is not None:
        wanted, words = lacking(given["balance"], generator.recipe, domain)
        say(words)
        return wanted
    if labels is not None:
        return each("count", given["count"], labels, domain)
    return each("per_class", given["per_class"], np.arange(domain.classes), domain)


def part_size(generator: Generator, shard: int | None) -> int:
    """Samples of a part: as asked for, and no more than fit well into memory."""
    bytes_each = int(np.prod(generator.domain.shape)) * (1 if generator.domain.vector is None else 4)
    return max(1, min(shard or SHARD, PART_BYTES // bytes_each))


def write_dataset(
    generator: Generator,
    wanted: Counts | None,
    conditions: Conditions | None,
    seed: int,
    path: Path,
    row: Writer,
    manifest: Manifest,
    source: str,
    *,
    shard: int | None,
    judge: Judge | None,
    progress: Progress,
    say: Say,
) -> None:
    """Write a dataset: so many of each class, or one sample for each condition.

    What a process before this one has left unfinished at the path goes on, if it was the same.

    Args:
        generator: of the samples.
        wanted: how many of each class, (K,).
        conditions: instead, labels (N,) or vectors (N, V).
        seed: of the samples.
        path: must be free.
        row: the format.
        manifest: of the generator.
        source: the path of the generator, as it was given.
        shard: samples of a part.
        judge: keeps some of the images; none: all.
        progress, say: as for ``export.to_file``.

    Raises:
        CondganError: as for ``writing``; the judge keeps hardly any image of a class.
        InterruptedExportError: Ctrl-C or SIGTERM; it says how to go on.
    """
    domain, size = generator.domain, part_size(generator, shard)
    plan: Plan
    if wanted is not None:
        plan = Counted(wanted, size, domain, judge)
    else:
        assert conditions is not None
        plan = Listed(conditions, size, domain)
    described = {"seed": seed, **plan.describe()}
    if judge is not None:
        described["keep"] = {"confidence": judge.confidence, "network_sha256": judge.sha256}
    identity = described | {"generator": manifest.generator_sha256, "software": manifest.software, "size": size}
    identity |= {} if manifest.watermark is None else {"watermark": manifest.watermark}
    names = domain.class_names if domain.condition is None else ()
    single = row.ending != "" and path.suffix.lower() == row.ending
    content = Content(domain.shape, names, domain.condition, manifest.of("set", described), single)

    def sample(asked: Conditions, numbers: Numbers) -> Samples:
        chunks = [slice(start, start + CHUNK) for start in range(0, len(asked), CHUNK)]
        sampler, recipe = generator.sampler, generator.recipe
        return np.concatenate([sampling.numbered(sampler, recipe, asked[part], seed, numbers[part]) for part in chunks])

    with writing(path, content, row, identity) as out:
        if out.resumed:
            say(f"{path}: goes on after {out.written:,} of {plan.count:,} images")
        try:
            with terminable():
                _fill(out, plan, sample, progress)
                if judge is not None:
                    described["keep"]["candidates"] = named(np.array(out.state["tried"], np.int64), domain)
                    shown = share(described)
                    say(f"kept with a confidence of at least {judge.confidence:g}: {shown} candidates")
                out.finish(card(generator, out, described, source, judge), described)
        except KeyboardInterrupt:
            what = f"the same command goes on after {out.written:,} of {plan.count:,}"
            raise InterruptedExportError(f"stopped: {what if out.parts else 'nothing is written yet'}") from None


@contextmanager
def terminable() -> Iterator[None]:
    """SIGTERM is heard as Ctrl-C is."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGTERM)
    if before is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        if before is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, before)


def share(described: Mapping[str, Any]) -> str:
    """How many candidates of each class were kept by a filter: ``0: 243 of 250``; of many classes the first."""
    tried, kept = described["keep"]["candidates"], described["counts"]
    words = [f"{name}: {kept[name]} of {tried[name]}" for name in list(tried)[:MOST_NAMED]]
    return ", ".join(words) + (f", ... ({len(tried)} classes)" if len(tried) > MOST_NAMED else "")


def _fill(out: Output, plan: Plan, sample: Callable[[Conditions, Numbers], Samples], progress: Progress) -> None:
    """Write part after part; the next one is generated meanwhile."""
    with ThreadPoolExecutor(1) as pool:

        def following(state: Any) -> Rows | None:
            return plan.next(state, sample)

        upcoming = pool.submit(following, out.state)
        while (rows := upcoming.result()) is not None:
            upcoming = pool.submit(following, rows.state)
            out.add(rows.samples, rows.conditions, rows.numbers, rows.state)
            progress(out.written, plan.count)
