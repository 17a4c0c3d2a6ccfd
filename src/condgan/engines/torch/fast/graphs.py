"""Steps as CUDA graphs: what the host would launch kernel by kernel, hundreds for each step, it launches at once."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence

import torch
from torch import Tensor

REPEATS = 3  # plain steps of a kind before it is recorded
MOST = 8  # kinds that are recorded

Take = Callable[[Sequence[Tensor]], Tensor]
"""A step on its inputs -> its figures; it changes weights and whatever else is state in place."""
Record = Callable[[Callable[[], Tensor]], tuple[Callable[[], object], Tensor]]
"""Work on fixed tensors -> what does it again, and the tensor in which its result then stands."""


def by_cuda(work: Callable[[], Tensor]) -> tuple[Callable[[], object], Tensor]:
    """Record work without doing it; a RuntimeError: a graph cannot hold it, such as waiting for the device."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = work()
    return graph.replay, result


class Graphs:
    """Takes steps, and from their fourth on replays those whose kind is known.

    The first replay of a kind is compared with a plain step from the same state: unless they are equal, bit for bit,
    its steps stay plain.
    """

    def __init__(self, state: Callable[[], Iterable[Tensor]], record: Record = by_cuda) -> None:
        self.state, self.record = state, record
        self.seen: Counter[Hashable] = Counter()
        self.replays: dict[Hashable, Take] = {}

    def __call__(self, kind: Hashable, take: Take, inputs: Sequence[Tensor], seed: Callable[[], object]) -> Tensor:
        """A step -> its figures, which the next step may overwrite.

        Args:
            kind: all that the step depends on beside tensors.
            take: takes it plainly.
            inputs: the tensors that are new in each step; steps of one kind and of one shape run the same kernels.
            seed: puts the random generators where this step's draws begin.
        """
        seed()
        kind = kind, tuple(tensor.shape for tensor in inputs)
        if kind in self.replays:
            return self.replays[kind](inputs)
        self.seen[kind] += 1
        if self.seen[kind] != REPEATS + 1 or len(self.replays) == MOST:
            return take(inputs)
        return self.recorded(kind, take, inputs, seed)

    def recorded(self, kind: Hashable, take: Take, inputs: Sequence[Tensor], seed: Callable[[], object]) -> Tensor:
        """The step after which its kind is replayed, if that proves to be the same."""
        before = [tensor.clone() for tensor in self.state()]
        expected = take(inputs).clone()
        after = [tensor.clone() for tensor in self.state()]
        self.restore(before)
        try:
            replay = self.replay(take, inputs)
            seed()
            figures = replay(inputs)
        except RuntimeError:
            figures = None
        if figures is not None and all(map(torch.equal, [figures, *self.state()], [expected, *after])):
            self.replays[kind] = replay
            return figures
        self.restore(after)
        return expected

    def replay(self, take: Take, inputs: Sequence[Tensor]) -> Take:
        """Record a step on copies of its inputs -> what takes such a step."""
        places = [tensor.clone() for tensor in inputs]
        again, result = self.record(lambda: take(places))

        def step(inputs: Sequence[Tensor]) -> Tensor:
            for place, tensor in zip(places, inputs, strict=True):
                place.copy_(tensor)
            again()
            return result

        return step

    @torch.no_grad()
    def restore(self, copies: Iterable[Tensor]) -> None:
        """Undo what steps changed."""
        for tensor, copy in zip(self.state(), copies, strict=True):
            tensor.copy_(copy)
