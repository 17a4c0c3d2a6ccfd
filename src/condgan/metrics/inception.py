"""Inception v3, whose features published Fréchet distances use, in two ports.

Szegedy et al. 2015 (arXiv:1512.00567) describe the network, Heusel et al. 2017 (arXiv:1706.08500) compare its features
in the graph of 2015-12-05, which pytorch-fid has ported. torchvision and Jittor have a port of a later graph. Figures
of the two do not compare; ``Port`` lists what differs, and all else is the same.

``inception_weights`` reads the published weights.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from condgan.arrays import Images
from condgan.metrics import Embedding
from condgan.metrics.feature_network import to_float

FEATURES = 2048
SIDE = 299
CHUNK = 32  # images at a time

Pool = Callable[[Tensor], Tensor]

within: Pool = partial(F.avg_pool2d, kernel_size=3, stride=1, padding=1, count_include_pad=False)
padded: Pool = partial(F.avg_pool2d, kernel_size=3, stride=1, padding=1, count_include_pad=True)
highest: Pool = partial(F.max_pool2d, kernel_size=3, stride=1, padding=1)
halve: Pool = partial(F.max_pool2d, kernel_size=3, stride=2)


@dataclass(frozen=True)
class Port:
    """What differs between the ports of the network.

    Attributes:
        space: that figures in its features name; see ``results.figure.SPACES``.
        outputs: of the last layer.
        average: the pool of the blocks that average.
        last: the pool of the last block.
        mean, deviation: by which red, green and blue in [0, 1] are normalised.
    """

    space: str
    outputs: int
    average: Pool
    last: Pool
    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]


HALF = (0.5, 0.5, 0.5)
# The graph of 2015: averages leave the padding out, the last block takes the maximum where the paper has an average,
# and there are 1008 outputs for 1000 classes. pytorch-fid scales to [-1, 1]; the graph itself has (x - 128) / 128.
FID_2015 = Port("", 1008, within, highest, HALF, HALF)
# Jittor's model takes images with ImageNet's mean and deviation as they are. torchvision's has the same weights, and
# undoes that normalisation (`transform_input`): its own features are those of images in [-1, 1], and others than these.
IMAGENET = Port("imagenet", 1000, padded, padded, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


# Each branch of a block: its convolutions in order, "channels@kernel", kernels as rows x columns; with "|", two with
# the same input, last in line. Names in the weights file follow: "branch3x3_2b". The input of "_pool" is pooled.


def five(pooled: int) -> dict[str, str]:
    """Fig. 5 of the paper, with a 5x5 where it has a single 3x3."""
    return {"1x1": "64@1x1", "5x5": "48@1x1 64@5x5", "3x3dbl": "64@1x1 96@3x3 96@3x3", "_pool": f"{pooled}@1x1"}


def six(width: int) -> dict[str, str]:
    """Fig. 6 of the paper, n = 7."""
    return {
        "1x1": "192@1x1",
        "7x7": f"{width}@1x1 {width}@1x7 192@7x1",
        "7x7dbl": f"{width}@1x1 {width}@7x1 {width}@1x7 {width}@7x1 192@1x7",
        "_pool": "192@1x1",
    }


SEVEN = {  # Fig. 7 of the paper
    "1x1": "320@1x1",
    "3x3": "384@1x1 384@1x3|384@3x1",
    "3x3dbl": "448@1x1 384@3x3 384@1x3|384@3x1",
    "_pool": "192@1x1",
}

BLOCKS: dict[str, tuple[str, Mapping[str, str]]] = {
    "Mixed_5b": ("average", five(32)),
    "Mixed_5c": ("average", five(64)),
    "Mixed_5d": ("average", five(64)),
    "Mixed_6a": ("halve", {"3x3": "384@3x3", "3x3dbl": "64@1x1 96@3x3 96@3x3", "_pool": ""}),
    "Mixed_6b": ("average", six(128)),
    "Mixed_6c": ("average", six(160)),
    "Mixed_6d": ("average", six(160)),
    "Mixed_6e": ("average", six(192)),
    "Mixed_7a": ("halve", {"3x3": "192@1x1 320@3x3", "7x7x3": "192@1x1 192@1x7 192@7x1 192@3x3", "_pool": ""}),
    "Mixed_7b": ("average", SEVEN),
    "Mixed_7c": ("last", SEVEN),
}


class Convolution(nn.Module):
    """A convolution without bias, normalised, rectified."""

    def __init__(
        self, before: int, after: int, kernel: tuple[int, int], stride: int = 1, padding: tuple[int, int] = (0, 0)
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, after, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(after, eps=0.001)

    def forward(self, images: Tensor) -> Tensor:
        """(N, before, H, W) -> (N, after, H', W')."""
        return F.relu(self.bn(self.conv(images)), inplace=True)


class Mixed(nn.ModuleDict):
    """One block: parallel branches, their outputs concatenated.

    Where the pool halves the side, so does the last convolution of each branch, without padding.
    """

    def __init__(self, before: int, pool: Pool, branches: Mapping[str, str]) -> None:
        super().__init__()
        self.pool = pool
        self.steps: dict[str, list[list[str]]] = {}  # of each branch: the names of parallel convolutions
        self.after = 0
        for branch, line in branches.items():
            steps = [step.split("|") for step in line.split()]
            self.steps[branch] = []
            widths = [before]
            for number, step in enumerate(steps, 1):
                stride = 2 if pool is halve and number == len(steps) else 1
                inputs, names, widths = widths[0], [], []
                for letter, part in zip("ab" if len(step) == 2 else [""], step, strict=True):
                    width, rows, columns = map(int, part.replace("@", "x").split("x"))
                    padding = (rows // 2, columns // 2) if stride == 1 else (0, 0)
                    names.append(f"branch{branch}" + (f"_{number}{letter}" if len(steps) > 1 else ""))
                    widths.append(width)
                    self[names[-1]] = Convolution(inputs, width, (rows, columns), stride, padding)
                self.steps[branch].append(names)
            self.after += sum(widths)

    def forward(self, images: Tensor) -> Tensor:
        """(N, before, H, W) -> (N, after, H, W), or (N, after, (H - 1) // 2, (W - 1) // 2) where the pool halves."""
        outputs: list[Tensor] = []
        for branch, steps in self.steps.items():
            maps = [self.pool(images) if branch == "_pool" else images]
            for names in steps:
                maps = [self[name](maps[0]) for name in names]
            outputs += maps
        return torch.cat(outputs, 1)


class Inception(nn.Module):
    """The whole network with random weights.

    Parameters and buffers have the names of the weights files; the children are in the order of the forward pass.
    """

    def __init__(self, port: Port) -> None:
        super().__init__()
        self.port = port
        self.Conv2d_1a_3x3 = Convolution(3, 32, (3, 3), stride=2)
        self.Conv2d_2a_3x3 = Convolution(32, 32, (3, 3))
        self.Conv2d_2b_3x3 = Convolution(32, 64, (3, 3), padding=(1, 1))
        self.pool_2 = nn.MaxPool2d(3, 2)
        self.Conv2d_3b_1x1 = Convolution(64, 80, (1, 1))
        self.Conv2d_4a_3x3 = Convolution(80, 192, (3, 3))
        self.pool_4 = nn.MaxPool2d(3, 2)
        width = 192
        pools = {"average": port.average, "halve": halve, "last": port.last}
        for name, (pool, branches) in BLOCKS.items():
            block = Mixed(width, pools[pool], branches)
            self.add_module(name, block)
            width = block.after
        self.fc = nn.Linear(width, port.outputs)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 3, H, W) in [0, 1] -> features (N, 2048), logits (N, outputs)."""
        *body, head = self.children()
        maps = prepared(images, self.port)
        for layer in body:
            maps = layer(maps)
        features = maps.mean((2, 3))
        return features, head(features)


def prepared(images: Tensor, port: Port) -> Tensor:
    """(N, 3, H, W) in [0, 1] -> (N, 3, 299, 299), normalised; bilinear between centres of pixels, not antialiased.

    As in pytorch-fid; the graph of 2015 itself resizes between upper left corners.
    """
    mean, deviation = (images.new_tensor(values)[:, None, None] for values in (port.mean, port.deviation))
    return (F.interpolate(images, (SIDE, SIDE), mode="bilinear", align_corners=False) - mean) / deviation


@torch.inference_mode()
def embed(network: Inception, images: Images, progress: Callable[[int], None] = lambda _: None) -> Embedding:
    """Features (N, 2048) and posteriors (N, outputs) of uint8 (N, C, H, W); grey ones are repeated to three channels.

    ``progress`` receives the number of images done, after every 32.

    Raises:
        ValueError: not uint8, or C is neither 1 nor 3.
    """
    if images.dtype != "uint8" or images.ndim != 4 or images.shape[1] not in (1, 3):
        raise ValueError(f"expected images uint8 (N, 1 or 3, H, W), given {images.dtype} {images.shape}")
    features, logits = [torch.empty(0, FEATURES)], [torch.empty(0, network.port.outputs)]
    for start in range(0, len(images), CHUNK):
        chunk = to_float(images[start : start + CHUNK])
        for parts, part in zip((features, logits), network(chunk.expand(-1, 3, -1, -1)), strict=True):
            parts.append(part)
        progress(min(start + CHUNK, len(images)))
    return Embedding(torch.cat(features).numpy(), torch.cat(logits).softmax(1).numpy())
