"""What a machine can do at best: arithmetic over its rate of matrix products, and bytes over its rate of memory."""

import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from condgan.engines.torch.engine import TorchEngine
    from condgan.recipe import Precision

SIDE = {"cpu": 1024, "cuda": 8192}  # of the matrices
LEAST = {"cpu": 0, "cuda": 1 << 28}  # bytes of a sum: shorter ones would measure how long a kernel takes to begin
SECONDS = 0.4  # for a rate
ADAM = 7 * 4  # bytes moved for a weight: it, its gradient and two moments are read, and all but the gradient written
AVERAGE = 3 * 4


def finishing(device: str, work: Callable[[], object]) -> Callable[[], object]:
    """Work that ends when the device has done it."""
    import torch

    def whole() -> None:
        work()
        torch.cuda.synchronize()

    return whole if device == "cuda" else work


def best(work: Callable[[], object]) -> float:
    """Seconds of the quickest of many runs."""
    least, end = float("inf"), time.perf_counter() + SECONDS
    work()
    while time.perf_counter() < end:
        start = time.perf_counter()
        work()
        least = min(least, time.perf_counter() - start)
    return least


@cache
def matrix_rate(precision: "Precision", threads: int, device: str = "cpu") -> float:
    """FLOP/s of products of square matrices, by the fastest library that there is."""
    import torch

    from condgan.engines.torch.fast import products

    torch.set_num_threads(threads)
    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    side = SIDE[device]
    a, b = torch.rand(2, side, side, device=device).to(kind)
    seconds = best(finishing(device, lambda: a @ b))
    if device == "cpu" and precision == "float32" and products.available():
        seconds = min(seconds, best(lambda: products.onednn(a, b)))
    return 2 * side**3 / seconds


@cache
def memory_rate(size: int, threads: int, device: str = "cpu") -> float:
    """Bytes/s of a sum of two arrays into a third, which take so many bytes together."""
    import torch

    torch.set_num_threads(threads)
    size = max(size, LEAST[device])
    a, b, c = torch.rand(3, size // 12, device=device)
    return size / best(finishing(device, lambda: torch.add(a, b, out=c)))


def arithmetic(work: Callable[[], object]) -> float:
    """FLOPs of its matrix products and convolutions."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils.flop_counter import flop_registry

    from condgan.engines.torch.fast import products

    known = dict(flop_registry)
    if products.available():
        known[torch.ops.mkldnn._linear_pointwise] = lambda a, b, *rest, out_val: 2 * a.numel() * len(b)
    total = 0

    class Count(TorchDispatchMode):
        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            nonlocal total
            given = kwargs or {}
            flops = known.get(function._overloadpacket)
            if flops is None:
                with self:  # what it consists of is counted instead
                    found = function.decompose(*args, **given)
                return function(*args, **given) if found is NotImplemented else found
            found = function(*args, **given)
            total += flops(*args, **given, out_val=found)
            return found

    counting: Any = Count()  # type: ignore[no-untyped-call]
    with counting:
        work()
    return total


def least_seconds(engine: "TorchEngine", precision: "Precision", steps: int, threads: int) -> float:
    """For a step, the mean over so many, as far as matrix products and the optimisers bound it."""
    weights = [
        sum(p.numel() for p in network.parameters()) for network in (engine.game.generator, engine.game.discriminator)
    ]
    moved: float = sum(weights) * ADAM + (weights[0] * AVERAGE if engine.game.average is not None else 0)
    device, graphs = engine.device.type, engine.graphs
    engine.graphs = None  # what a graph replays is not seen to be counted
    computed = arithmetic(lambda: engine.run(0, steps)) / steps
    engine.graphs = graphs
    return computed / matrix_rate(precision, threads, device) + moved / memory_rate(moved, threads, device)
