"""What the networks need of a framework, one row for each; and modules that are written once over them."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from condgan.engines import State

Array = Any
"""Of a framework."""


@dataclass(frozen=True, eq=False)
class Operations:
    """Layers and functions of a framework. First weights are drawn as torch draws them, from the engine's generator."""

    # Modules
    Module: type[Any]
    List: Callable[..., Any]  # modules, numbered
    Named: Callable[..., Any]  # {name: module}
    Linear: Callable[..., Any]  # inputs, units, bias=True: by the fastest product of the machine
    PlainLinear: Callable[..., Any]  # the same, by the framework's own product
    Convolution: Callable[..., Any]  # inputs, channels, side, stride=1, padding=0, groups=1, bias=True
    Transposed: Callable[..., Any]  # a transposed convolution, alike
    Embedding: Callable[..., Any]  # classes, width: labels (N,), or weights of the classes (N, K), to (N, width)
    BatchNorm: Callable[..., Any]  # width, eps, affine, spatial dimensions (0 or 2)
    GroupNorm: Callable[..., Any]  # groups, width, eps, affine
    Identity: Callable[..., Any]
    Dropout: Callable[..., Any]  # rate
    activations: Mapping[str, Callable[[], Any]]
    weighted: tuple[type[Any], ...]  # layers with a weight matrix
    # First weights, and what is done to weights
    fan: Callable[[Any], float]  # inputs of a unit of a linear map
    normal: Callable[[Any, float], object]  # fills the weight of a layer with N(0, deviation^2)
    xavier: Callable[[Any], object]  # fills the weight of a layer uniformly (Glorot & Bengio 2010, equation 16)
    zero: Callable[..., object]  # sets a parameter of a layer to 0, by its name
    spectral: Callable[[Any], object]  # divides the weight of a layer by its largest singular value
    parameter: Callable[[float], Array]  # a trained number without axes
    buffer: Callable[[Any, str, float], object]  # gives a module a number that is saved and not trained
    # Functions
    joined: Callable[..., Array]  # (N, A), (N, B) -> (N, A + B)
    nothing: Callable[[Array], Array]  # conditions (N, ...) -> what stands for (N, 0) in ``joined``
    one_hot: Callable[[Array, int], Array]  # labels (N,), or weights (N, K) as they are -> (N, K)
    flat: Callable[[Array], Array]  # (N, ...) -> (N, D)
    maps: Callable[[Array, tuple[int, ...]], Array]  # (N, C H W), (C, H, W) -> (N, C, H, W)
    over_pixels: Callable[[Array, Array], Array]  # (N, C, H, W), (N, B) -> (N, C + B, H, W), constant over the pixels
    laid_out: Callable[[Array], Array]  # feature maps in the memory layout in which convolutions are fastest
    padded: Callable[[Array, int, int], Array]  # with rows of 0 below, and columns of 0 at the right
    doubled: Callable[[Array, tuple[int, int]], Array]  # (N, C, ceil(H / 2), ceil(W / 2)) -> (N, C, H, W), bilinear
    halved: Callable[[Array], Array]  # means of 2 x 2 pixels, of fewer at the end of an odd side
    repeated: Callable[[Array, tuple[int, int]], Array]  # as ``doubled``: each pixel becomes 2 x 2
    blended: Callable[[Array, Array, float], Array]  # from the first to the second by a share
    attended: Callable[[Array, Array, Array], Array]  # keys, queries, values (N, C, P): means of values, by likeness
    largest: Callable[[Array], Array]  # (N, U, P) -> (N, U)
    near: Callable[[Array], Array]  # (N, B, C) -> (N, B): sum over the others of exp(-L1 distance)
    spread: Callable[[Array], Array]  # (N, D) -> (N, 1): mean standard deviation of a feature over the batch
    squash: Mapping[str, Callable[[Array], Array]]  # tanh, sigmoid
    read: Callable[[Array, float, float], Array]  # uint8 images, scale, low -> scale * images + low, float32
    show: Callable[[Array, float, float], Array]  # back, rounded and clipped
    like: Callable[[Array, Array], Array]  # the first in the floating point type of the second
    # Whole networks
    evaluated: Callable[..., Any]  # network, function, arrays (N, ...), rows at a time, whether rows are independent:
    # the function of the arrays as numpy arrays, with the network in eval mode and without gradients
    full_precision: Callable[[Array], AbstractContextManager[Any]]  # inside, mixed precision is off where this lies
    # Losses
    stacked: Callable[[Array, Array], Array]  # (N, ...), (M, ...) -> (N + M, ...)
    softplus: Callable[[Array], Array]  # log(1 + exp(x)), without overflow
    relu: Callable[[Array], Array]
    cross_entropy: Callable[[Array, Array], Array]  # class logits (N, K), labels (N,) -> (N,)
    uniform: Callable[[Array, tuple[int, ...]], Array]  # drawn from [0, 1), where the first lies, in a shape
    slope: Callable[[Callable[[Array], Array], Array], Array]  # gradient of a scalar function, to be differentiated
    # Augmentation
    sometimes: Callable[..., Array]  # images, probability, change: each image changed with the probability
    noisy: Callable[[Array, float], Array]  # with noise of a standard deviation
    translated: Callable[[Array, tuple[int, int], float], Array]  # each moved by at most so many rows, columns
    cut_out: Callable[[Array, tuple[int, int], float], Array]  # a grey rectangle of a size anywhere in each
    adapt: Callable[..., None]  # probability, logits (N,), target, pace: moves it in place by the sign of an excess
    # A step
    state: Callable[[Any], Mapping[str, Array]]  # all that a network consists of, by name, live
    copies: Callable[[Mapping[str, Array]], State]  # of arrays of the framework
    copy_into: Callable[[Mapping[str, Array], Mapping[str, Any]], None]  # fills them in place, if names and forms fit
    unfilled: Callable[[], AbstractContextManager[Any]]  # networks built inside have shapes and no values
    fill: Callable[[Any, Mapping[str, Any]], object]  # gives such a network the values of its state
    detached: Callable[..., Array]  # network, its arguments: its result, without gradients
    plain: Callable[[Array], Array]  # a figure without what its gradient would need
    total: Callable[[list[Array]], Array]  # of scalars
    mean: Callable[[list[Array]], Array]  # of scalars
    norms: Callable[[Array], Array]  # the length of each row, (N, ...) -> (N,)


class Module:
    """A module of the framework whose operations it is given first: ``Layer(ops, ...)``.

    The object's class derives from this one and from the framework's, so that a forward pass calls the framework's
    modules and nothing in between.

    Attributes:
        base: which of the operations is the framework's class.
    """

    base: ClassVar[str] = "Module"
    ops: ClassVar[Operations]

    if TYPE_CHECKING:
        training: bool
        __call__: Callable[..., Any]

        def forward(self, *args: Any, **options: Any) -> Any: ...  # noqa: D102
        def children(self) -> Any: ...  # noqa: D102
        def values(self) -> Any: ...  # noqa: D102

    def __new__(cls, *args: Any, **options: Any) -> Any:
        """Of the framework's class; a copy is built without arguments, and has it already."""
        classes: Any = of  # mypy takes a class for the hash of its instances
        return object.__new__(classes(cls, args[0]) if args and isinstance(args[0], Operations) else cls)

    def __init__(self, ops: Operations, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)


class Function(Module):
    """A function without weights, as a module; ``width`` is that of its result."""

    def __init__(self, ops: Operations, function: Callable[..., Any], width: int = 0) -> None:
        super().__init__(ops)
        self.function, self.width = function, width

    def forward(self, *args: Array) -> Array:
        """What the function takes, to its result."""
        return self.function(*args)


@cache
def of(cls: Any, ops: Operations) -> Any:
    """The class of a framework's modules that are written in ``cls``."""
    return type(cls.__name__, (cls, getattr(ops, cls.base)), {"ops": ops, "__module__": cls.__module__})
