"""The draws of the steps to come, computed by threads while a device takes the steps before them.

What a step draws depends on its number alone, so that neither threads nor the order of their work can change a bit.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from condgan.draws.block import Block, Fakes

NUMBERS = (
    1 << 19
)  # latent numbers in a piece: NumPy works long enough without the interpreter's lock, caches still help
SPARE = 2  # pieces that wait for a thread


class Ahead:
    """Draws blocks of steps, and the pieces that follow them in advance.

    Args:
        draw: (first step, steps) -> their draws; called by several threads at once.
        numbers: latent numbers that a step draws.
        end: the steps of the whole training: nothing is drawn beyond.
        threads: that draw ahead; 0: each block is drawn when it is needed.
    """

    def __init__(self, draw: Callable[[int, int], Block], numbers: int, end: int, threads: int) -> None:
        self.draw, self.end, self.ahead = draw, end, threads + SPARE
        self.piece = max(1, NUMBERS // numbers)  # steps
        self.pool = ThreadPoolExecutor(threads, "draws") if threads else None
        self.pending: dict[int, Future[Block]] = {}

    def __call__(self, first_step: int, steps: int) -> Iterator[Block]:
        """The draws of steps first_step ... first_step + steps - 1, in consecutive blocks."""
        if self.pool is None:
            yield self.draw(first_step, steps)
            return
        step, stop = first_step, first_step + steps
        while step < stop:
            number = step // self.piece
            start = number * self.piece
            drawn = self._piece(self.pool, number)
            until = min(stop, start + self.piece)
            yield drawn if until - step == self.piece else cut(drawn, step - start, until - start)
            step = until

    def _piece(self, pool: ThreadPoolExecutor, number: int) -> Block:
        wanted = range(number, number + self.ahead)
        for other in [other for other in self.pending if other not in wanted]:
            self.pending.pop(other).cancel()
        for other in wanted:
            start = other * self.piece
            if other not in self.pending and (other == number or start < self.end):
                self.pending[other] = pool.submit(self.draw, start, self.piece)
        return self.pending[number].result()


def cut(block: Block, start: int, stop: int) -> Block:
    """Some of a block's steps, as views."""

    def part(fakes: Fakes) -> Fakes:
        return Fakes(fakes.latents[start:stop], fakes.labels[start:stop])

    return replace(
        block,
        rows=block.rows[start:stop],
        index=block.index[start:stop],
        generator=part(block.generator),
        critic=tuple(map(part, block.critic)),
        seeds=block.seeds[start:stop],
    )
