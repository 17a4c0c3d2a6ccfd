"""Pictures on request: requests that wait at the same time share one forward pass, and each gets what is its own.

An image depends on its own latent and condition alone, so that an answer never depends on who else asks.
"""

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from fastapi import Request

from condgan.arrays import Conditions, Images, Latents, Samples
from condgan.engines import Sampler
from condgan.evaluation import subjects
from condgan.generation import generator as generators
from condgan.generation.generator import SHIPPED, Generator
from condgan.generation.marked import marked
from condgan.recipe import Domain, Recipe
from condgan.runs import moment
from condgan.studio import places
from condgan.studio.library import stamped
from condgan.studio.security import RefusedError
from condgan.studio.settings import Settings

THREADS = 8  # that draw and encode; more only wait for each other
MANY = 64  # images; an order of more has threads of its own, so that small ones do not wait until it is encoded
THREADS_OF_MANY = 2
MOST_WAITING = 256  # requests of either kind
MOST_IMAGES_WAITING = 16_384  # of either kind
MOST_IMAGES = 1024  # of a request, and of a forward pass
MOST_MODELS = 4  # in memory
Result = TypeVar("Result")
Check = Callable[[], None]
Asked = tuple[Latents, Conditions, "Future[Samples]"]


class Merged:
    """A sampler for several threads: whoever comes first computes the rows of all who wait by then."""

    def __init__(self, sampler: Sampler) -> None:
        self.sampler = sampler
        self.waiting: list[Asked] = []
        self.lock, self.busy = threading.Lock(), threading.Lock()

    def sample(self, latents: Latents, labels: Conditions) -> Samples:
        """As ``engines.Sampler``."""
        mine: Future[Samples] = Future()
        with self.lock:
            self.waiting.append((latents, labels, mine))
        with self.busy:
            self.compute_until(mine)
        return mine.result()

    def compute_until(self, mine: "Future[Samples]") -> None:
        """Compute those that wait, in order, until mine is done."""
        while not mine.done():
            with self.lock:
                taken = [self.waiting.pop(0)]
                while self.waiting and self.fits(taken, self.waiting[0]):
                    taken.append(self.waiting.pop(0))
            try:
                self.compute(taken)
            except Exception:  # of one of them: each is asked alone
                for one in taken:
                    try:
                        self.compute([one])
                    except Exception as error:
                        one[2].set_exception(error)

    def compute(self, taken: "Sequence[Asked]") -> None:
        """Compute the rows of several in one pass, and give each its own."""
        latents, labels = (np.concatenate([one[part] for one in taken]) for part in (0, 1))
        samples, at = self.sampler.sample(latents, labels), 0
        for one in taken:
            one[2].set_result(samples[at : at + len(one[0])])
            at += len(one[0])

    @staticmethod
    def fits(taken: Sequence[Asked], one: Asked) -> bool:
        """Whether another one may join: conditions of one kind, and not too many rows."""
        first = taken[0][1]
        alike = first.dtype == one[1].dtype and first.shape[1:] == one[1].shape[1:]
        return alike and sum(len(latents) for latents, _, _ in taken) + len(one[0]) <= MOST_IMAGES


@dataclass(frozen=True)
class Model:
    """A generator whose forward passes are shared: a ``generation.jobs.Source``."""

    generator: Generator
    sampler: Merged

    @property
    def recipe(self) -> Recipe:
        """Of its training."""
        return self.generator.recipe

    @property
    def domain(self) -> Domain:
        """Of its images."""
        return self.generator.domain


@dataclass
class Models:
    """The generators that were asked for last; one whose file has changed is loaded again."""

    settings: Settings
    kept: "OrderedDict[str, tuple[Any, Model]]" = field(default_factory=OrderedDict)
    real: tuple[str, Images] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    reading: threading.Lock = field(default_factory=threading.Lock)
    """Of real images: who waits for a generator does not wait for them."""

    def get(self, name: str) -> Model:
        """The model of a name: ``mnist``, a run, or ``RUN@EPOCH``.

        Raises:
            MissingError: there is no such run.
            CondganError: it has no checkpoint, or one that is damaged; a studio that marks cannot mark its samples.
        """
        stamp: Any = None
        if name in SHIPPED:
            path = name
        else:
            folder, epoch = moment.parse(name)
            run = places.run(self.settings, str(folder))
            path = str(run.folder) if epoch is None else f"{run.folder}@{epoch}"
            stamp = stamped(run.checkpoint() if epoch is None else run.generator_of(epoch))
        with self.lock:
            kept = self.kept.get(name)
            if kept is not None and kept[0] == stamp:
                self.kept.move_to_end(name)
                return kept[1]
            loaded = generators.load(path)
            if self.settings.watermark is not None:
                loaded = marked(loaded, self.settings.watermark)
            model = Model(loaded, Merged(loaded.sampler))
            self.kept[name] = stamp, model
            while len(self.kept) > MOST_MODELS:
                self.kept.popitem(last=False)
            return model

    def training_images(self, name: str) -> Images:
        """The training images of a model, (N, C, H, W), in the form that it generates.

        Raises:
            CondganError: they are not there any more.
        """
        recipe = self.get(name).recipe
        known = (
            None if name in SHIPPED else subjects.splits_of(places.run(self.settings, name.partition("@")[0]).folder)
        )
        stamp = recipe.data.model_dump_json()
        with self.reading:
            if self.real is None or self.real[0] != stamp:
                self.real = stamp, subjects.real_images(recipe.data, None, [], known).train.images
            return self.real[1]


class GoneError(RefusedError):
    """Nobody waits for the answer any more."""

    def __init__(self) -> None:
        super().__init__(499, "the connection was closed before the answer")


@dataclass
class Line:
    """Those who wait for the same threads: how many requests, about how many images."""

    threads: ThreadPoolExecutor
    waiting: int = 0
    images: int = 0


class Pool:
    """Work in the order of asking, with a bounded queue; what nobody waits for any more is not begun.

    Orders of many images are worked on apart from the others: each kind has its own order and its own bounds, so that
    many large ones do not keep out a small one.
    """

    def __init__(self) -> None:
        self.few = Line(ThreadPoolExecutor(THREADS, "studio"))
        self.many = Line(ThreadPoolExecutor(THREADS_OF_MANY, "studio-many"))

    async def run(self, work: Callable[[], Result], images: int = 1) -> Result:
        """Do work about so many images in a thread.

        Raises:
            RefusedError: too many requests or images wait already.
        """
        line = self.many if images > MANY else self.few
        if line.waiting >= MOST_WAITING or line.images + images > MOST_IMAGES_WAITING:
            raise RefusedError(429, "too many requests wait: ask again in a second")
        line.waiting, line.images = line.waiting + 1, line.images + images
        try:
            return await asyncio.wrap_future(line.threads.submit(work))  # cancelled: not begun, if it waits still
        finally:
            line.waiting, line.images = line.waiting - 1, line.images - images

    async def run_for(self, request: Request, images: int, work: Callable[[Check], Result]) -> Result:
        """As ``run``, for as long as the client of a request, whose body has been read, is there.

        ``work`` is given a function that raises GoneError once the client is gone, to be called before each long part.

        Raises:
            RefusedError: too many requests or images wait already.
            GoneError: the client is gone.
        """
        gone = threading.Event()

        def check() -> None:
            if gone.is_set():
                raise GoneError

        def begun() -> Result:
            check()
            return work(check)

        working, leaving = asyncio.create_task(self.run(begun, images)), asyncio.create_task(left(request))
        try:
            await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise GoneError
            return working.result()
        finally:
            gone.set()
            working.cancel()
            leaving.cancel()

    def close(self) -> None:
        """Begin nothing more."""
        for line in (self.few, self.many):
            line.threads.shutdown(wait=False, cancel_futures=True)


async def left(request: Request) -> None:
    """Wait until the client of a request, whose body has been read, is gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
