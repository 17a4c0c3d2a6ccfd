"""What threads draw ahead is what is drawn when it is needed."""

import threading
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from condgan.data.dataset import Split
from condgan.draws import block
from condgan.draws.ahead import NUMBERS, Ahead
from condgan.draws.block import Block
from condgan.draws.schedule import Plan
from condgan.recipe import builtin

PLAN = Plan(107, 16, 4)  # 28 steps
ROWS = Split(np.zeros((107, 1, 4, 4), np.uint8), np.random.default_rng(0).integers(0, 5, 107))
FRESH = ("latent.dim=3", "train.batch=16", "train.fakes=fresh", "train.critic_steps=2", "train.order=d-first")
DRAW = partial(block.draw, builtin.get("cgan-lsgan", FRESH), PLAN, ROWS, 5)


def equal(one: Block, parts: list[Block]) -> bool:
    assert one.rows == tuple(rows for part in parts for rows in part.rows)
    pairs = [(one.index, [p.index for p in parts]), (one.seeds, [p.seeds for p in parts])]
    for of in (lambda b: b.generator, *(lambda b, n=n: b.critic[n] for n in range(2))):
        pairs += [(of(one).latents, [of(p).latents for p in parts]), (of(one).labels, [of(p).labels for p in parts])]
    return all(np.array_equal(whole, np.concatenate(split)) for whole, split in pairs)


@given(st.integers(1, 9), st.lists(st.tuples(st.integers(0, 20), st.integers(1, 8)), min_size=1, max_size=5))
def test_threads_change_no_bit_whatever_the_blocks(piece: int, blocks: list[tuple[int, int]]) -> None:
    ahead = Ahead(DRAW, NUMBERS // piece, PLAN.steps, threads=3)
    for first, steps in blocks:  # also backwards, as after the measurement of a first step
        assert equal(DRAW(first, steps), list(ahead(first, steps)))


def test_the_next_piece_is_drawn_before_it_is_requested() -> None:
    drawn = {number: threading.Event() for number in range(0, PLAN.steps, 4)}

    def draw(first: int, steps: int) -> Block:
        drawn[first].set()
        return DRAW(first, steps)

    next(Ahead(draw, NUMBERS // 4, PLAN.steps, threads=1)(0, 4))
    assert drawn[4].wait(10)


def test_nothing_is_drawn_beyond_the_training() -> None:
    starts: list[int] = []

    def draw(first: int, steps: int) -> Block:
        starts.append(first)
        return DRAW(first, steps)

    ahead = Ahead(draw, NUMBERS // 4, PLAN.steps, threads=4)
    list(ahead(20, 8))
    assert ahead.pool is not None
    ahead.pool.shutdown(wait=True)
    assert max(starts) < PLAN.steps


def test_an_error_reaches_whoever_needs_the_draws() -> None:
    def draw(first: int, steps: int) -> Block:
        raise MemoryError("no room")

    with pytest.raises(MemoryError, match="no room"):
        list(Ahead(draw, NUMBERS, PLAN.steps, threads=1)(0, 2))


def test_without_threads_a_block_is_drawn_whole() -> None:
    (only,) = Ahead(DRAW, NUMBERS, PLAN.steps, threads=0)(3, 7)
    assert equal(DRAW(3, 7), [only])
