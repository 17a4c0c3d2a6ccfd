"""A second, straight-line reading of both ports of Inception v3, and what is published of their parts."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from condgan.metrics.inception import Inception, Port

State = dict[str, Tensor]

# Every convolution of the graph: channels after, channels before, kernel rows, columns.
SHAPES = """
Conv2d_1a_3x3 32 3 3 3
Conv2d_2a_3x3 32 32 3 3
Conv2d_2b_3x3 64 32 3 3
Conv2d_3b_1x1 80 64 1 1
Conv2d_4a_3x3 192 80 3 3
Mixed_5b.branch1x1 64 192 1 1
Mixed_5b.branch5x5_1 48 192 1 1
Mixed_5b.branch5x5_2 64 48 5 5
Mixed_5b.branch3x3dbl_1 64 192 1 1
Mixed_5b.branch3x3dbl_2 96 64 3 3
Mixed_5b.branch3x3dbl_3 96 96 3 3
Mixed_5b.branch_pool 32 192 1 1
Mixed_5c.branch1x1 64 256 1 1
Mixed_5c.branch5x5_1 48 256 1 1
Mixed_5c.branch5x5_2 64 48 5 5
Mixed_5c.branch3x3dbl_1 64 256 1 1
Mixed_5c.branch3x3dbl_2 96 64 3 3
Mixed_5c.branch3x3dbl_3 96 96 3 3
Mixed_5c.branch_pool 64 256 1 1
Mixed_5d.branch1x1 64 288 1 1
Mixed_5d.branch5x5_1 48 288 1 1
Mixed_5d.branch5x5_2 64 48 5 5
Mixed_5d.branch3x3dbl_1 64 288 1 1
Mixed_5d.branch3x3dbl_2 96 64 3 3
Mixed_5d.branch3x3dbl_3 96 96 3 3
Mixed_5d.branch_pool 64 288 1 1
Mixed_6a.branch3x3 384 288 3 3
Mixed_6a.branch3x3dbl_1 64 288 1 1
Mixed_6a.branch3x3dbl_2 96 64 3 3
Mixed_6a.branch3x3dbl_3 96 96 3 3
Mixed_6b.branch1x1 192 768 1 1
Mixed_6b.branch7x7_1 128 768 1 1
Mixed_6b.branch7x7_2 128 128 1 7
Mixed_6b.branch7x7_3 192 128 7 1
Mixed_6b.branch7x7dbl_1 128 768 1 1
Mixed_6b.branch7x7dbl_2 128 128 7 1
Mixed_6b.branch7x7dbl_3 128 128 1 7
Mixed_6b.branch7x7dbl_4 128 128 7 1
Mixed_6b.branch7x7dbl_5 192 128 1 7
Mixed_6b.branch_pool 192 768 1 1
Mixed_6c.branch1x1 192 768 1 1
Mixed_6c.branch7x7_1 160 768 1 1
Mixed_6c.branch7x7_2 160 160 1 7
Mixed_6c.branch7x7_3 192 160 7 1
Mixed_6c.branch7x7dbl_1 160 768 1 1
Mixed_6c.branch7x7dbl_2 160 160 7 1
Mixed_6c.branch7x7dbl_3 160 160 1 7
Mixed_6c.branch7x7dbl_4 160 160 7 1
Mixed_6c.branch7x7dbl_5 192 160 1 7
Mixed_6c.branch_pool 192 768 1 1
Mixed_6d.branch1x1 192 768 1 1
Mixed_6d.branch7x7_1 160 768 1 1
Mixed_6d.branch7x7_2 160 160 1 7
Mixed_6d.branch7x7_3 192 160 7 1
Mixed_6d.branch7x7dbl_1 160 768 1 1
Mixed_6d.branch7x7dbl_2 160 160 7 1
Mixed_6d.branch7x7dbl_3 160 160 1 7
Mixed_6d.branch7x7dbl_4 160 160 7 1
Mixed_6d.branch7x7dbl_5 192 160 1 7
Mixed_6d.branch_pool 192 768 1 1
Mixed_6e.branch1x1 192 768 1 1
Mixed_6e.branch7x7_1 192 768 1 1
Mixed_6e.branch7x7_2 192 192 1 7
Mixed_6e.branch7x7_3 192 192 7 1
Mixed_6e.branch7x7dbl_1 192 768 1 1
Mixed_6e.branch7x7dbl_2 192 192 7 1
Mixed_6e.branch7x7dbl_3 192 192 1 7
Mixed_6e.branch7x7dbl_4 192 192 7 1
Mixed_6e.branch7x7dbl_5 192 192 1 7
Mixed_6e.branch_pool 192 768 1 1
Mixed_7a.branch3x3_1 192 768 1 1
Mixed_7a.branch3x3_2 320 192 3 3
Mixed_7a.branch7x7x3_1 192 768 1 1
Mixed_7a.branch7x7x3_2 192 192 1 7
Mixed_7a.branch7x7x3_3 192 192 7 1
Mixed_7a.branch7x7x3_4 192 192 3 3
Mixed_7b.branch1x1 320 1280 1 1
Mixed_7b.branch3x3_1 384 1280 1 1
Mixed_7b.branch3x3_2a 384 384 1 3
Mixed_7b.branch3x3_2b 384 384 3 1
Mixed_7b.branch3x3dbl_1 448 1280 1 1
Mixed_7b.branch3x3dbl_2 384 448 3 3
Mixed_7b.branch3x3dbl_3a 384 384 1 3
Mixed_7b.branch3x3dbl_3b 384 384 3 1
Mixed_7b.branch_pool 192 1280 1 1
Mixed_7c.branch1x1 320 2048 1 1
Mixed_7c.branch3x3_1 384 2048 1 1
Mixed_7c.branch3x3_2a 384 384 1 3
Mixed_7c.branch3x3_2b 384 384 3 1
Mixed_7c.branch3x3dbl_1 448 2048 1 1
Mixed_7c.branch3x3dbl_2 384 448 3 3
Mixed_7c.branch3x3dbl_3a 384 384 1 3
Mixed_7c.branch3x3dbl_3b 384 384 3 1
Mixed_7c.branch_pool 192 2048 1 1
"""

SIDES = {  # what each part gives for 299x299
    "Conv2d_1a_3x3": (32, 149, 149),
    "Conv2d_2a_3x3": (32, 147, 147),
    "Conv2d_2b_3x3": (64, 147, 147),
    "Conv2d_3b_1x1": (80, 73, 73),
    "Conv2d_4a_3x3": (192, 71, 71),
    "Mixed_5b": (256, 35, 35),
    "Mixed_5c": (288, 35, 35),
    "Mixed_5d": (288, 35, 35),
    "Mixed_6a": (768, 17, 17),
    "Mixed_6b": (768, 17, 17),
    "Mixed_6c": (768, 17, 17),
    "Mixed_6d": (768, 17, 17),
    "Mixed_6e": (768, 17, 17),
    "Mixed_7a": (1280, 8, 8),
    "Mixed_7b": (2048, 8, 8),
    "Mixed_7c": (2048, 8, 8),
}

AVERAGED = [name for name in SIDES if name.startswith("Mixed") and name not in ("Mixed_6a", "Mixed_7a", "Mixed_7c")]


def convolutions() -> dict[str, tuple[int, ...]]:
    rows = [line.split() for line in SHAPES.split("\n") if line]
    return {name: tuple(map(int, shape)) for name, *shape in rows}


def made_up(port: Port, seed: int = 0) -> Inception:
    """Weights under which signals neither vanish nor explode, and every statistic of every layer matters."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        new = Inception(port)
        for name, value in new.state_dict().items():
            if name.endswith(("bn.weight", "running_var")):
                value.uniform_(0.5, 1.5)
            elif name.endswith(("bias", "running_mean")):
                value.normal_(0, 0.2)
            elif name.endswith("conv.weight"):
                value.normal_(0, (2 / value[0].numel()) ** 0.5)
    return new.eval()


# The second reading: pools as shifts of a padded array, normalisation as written in the paper, branches line by line.


def shifts(x: Tensor, padding: float) -> Tensor:
    padded = F.pad(x, (1, 1, 1, 1), value=padding)
    return torch.stack([padded[:, :, i : i + x.shape[2], j : j + x.shape[3]] for i in range(3) for j in range(3)])


def averaged(x: Tensor, later: bool) -> Tensor:
    return shifts(x, 0).sum(0) / (9 if later else shifts(torch.ones_like(x), 0).sum(0))


def most(x: Tensor) -> Tensor:
    return shifts(x, -torch.inf).amax(0)


def halved(x: Tensor) -> Tensor:
    return most(x)[:, :, 1:-1:2, 1:-1:2]


def layer(state: State, name: str, x: Tensor, stride: int = 1, pad: bool = True) -> Tensor:
    weight = state[f"{name}.conv.weight"]
    y = F.conv2d(x, weight, stride=stride, padding=[side // 2 * pad for side in weight.shape[2:]])
    bn = {key: state[f"{name}.bn.{key}"][:, None, None] for key in ("weight", "bias", "running_mean", "running_var")}
    return ((y - bn["running_mean"]) / (bn["running_var"] + 0.001).sqrt() * bn["weight"] + bn["bias"]).clamp(min=0)


def reference_block(state: State, block: str, x: Tensor, later: bool) -> Tensor:
    mean = averaged(x, later)

    def conv(branch: str, x: Tensor, *options: Any) -> Tensor:
        return layer(state, f"{block}.branch{branch}", x, *options)

    halving = (2, False)
    match block[-2:]:
        case "5b" | "5c" | "5d":
            five = conv("5x5_2", conv("5x5_1", x))
            double = conv("3x3dbl_3", conv("3x3dbl_2", conv("3x3dbl_1", x)))
            parts = [conv("1x1", x), five, double, conv("_pool", mean)]
        case "6a":
            double = conv("3x3dbl_2", conv("3x3dbl_1", x))
            parts = [conv("3x3", x, *halving), conv("3x3dbl_3", double, *halving), halved(x)]
        case "7a":
            seven = conv("7x7x3_3", conv("7x7x3_2", conv("7x7x3_1", x)))
            parts = [conv("3x3_2", conv("3x3_1", x), *halving), conv("7x7x3_4", seven, *halving), halved(x)]
        case "7b" | "7c":
            one, two = conv("3x3_1", x), conv("3x3dbl_2", conv("3x3dbl_1", x))
            parts = [conv("1x1", x), conv("3x3_2a", one), conv("3x3_2b", one)]
            parts += [conv("3x3dbl_3a", two), conv("3x3dbl_3b", two)]
            parts += [conv("_pool", most(x) if block == "Mixed_7c" and not later else mean)]
        case _:
            seven = conv("7x7_3", conv("7x7_2", conv("7x7_1", x)))
            double = x
            for number in range(1, 6):
                double = conv(f"7x7dbl_{number}", double)
            parts = [conv("1x1", x), seven, double, conv("_pool", mean)]
    return torch.cat(parts, 1)


def reference(state: State, x: Tensor, later: bool) -> dict[str, Tensor]:
    """Every named part of the graph of 2015, or of the later one, for normalised (N, 3, 299, 299)."""
    outputs = {}
    x = outputs["Conv2d_1a_3x3"] = layer(state, "Conv2d_1a_3x3", x, 2, False)
    x = outputs["Conv2d_2a_3x3"] = layer(state, "Conv2d_2a_3x3", x, 1, False)
    x = outputs["Conv2d_2b_3x3"] = layer(state, "Conv2d_2b_3x3", x)
    x = outputs["Conv2d_3b_1x1"] = layer(state, "Conv2d_3b_1x1", halved(x))
    x = outputs["Conv2d_4a_3x3"] = layer(state, "Conv2d_4a_3x3", x, 1, False)
    x = halved(x)
    for block in [name for name in SIDES if name.startswith("Mixed")]:
        x = outputs[block] = reference_block(state, block, x, later)
    outputs["features"] = x.sum((2, 3)) / 64
    outputs["logits"] = outputs["features"] @ state["fc.weight"].T + state["fc.bias"]
    return outputs
