"""What the tests of written scripts share: a script as a module, fed with an engine's weights and draws."""

import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from condgan import engines
from condgan.data.dataset import Split
from condgan.draws import block
from condgan.draws.schedule import Plan
from condgan.engines import Settings
from condgan.recipe import Domain, Recipe, builtin
from condgan.reports.script import script

SIZE, IMAGES = 8, 150  # batches of 64, 64 and 22
DIGITS = tuple("0123456789")
ONE_THREAD = Settings(device="cpu", threads=1, threads_by="machine.threads", precision="float32")
RANDOM = np.random.default_rng(4)
DATA = RANDOM.integers(0, 256, (IMAGES, 1, SIZE, SIZE), dtype=np.uint8)
LABELS = RANDOM.integers(0, 10, IMAGES)
SAME_DRAWS = "generator.dropout=0", "discriminator.dropout=0"  # each draws its own
Array = npt.NDArray[Any]


def module(text: str) -> Any:
    """A script, imported."""
    made = types.ModuleType("written")
    exec(compile(text, "written.py", "exec"), made.__dict__)
    return made


def pair(name: str, *overrides: str, engine: str = "torch") -> tuple[Any, Any]:
    """The torch engine of a recipe on noise, and the script of the same recipe as a module."""
    recipe = builtin.get(name, overrides)
    domain = Domain(channels=1, size=SIZE, class_names=DIGITS, data="noise", data_sha256="0" * 64)
    built = engines.load("torch").build(recipe, domain, Split(DATA, LABELS), ONE_THREAD)
    return built, module(script(recipe, engine=engine))


def of(state: dict[str, Array], prefix: str) -> list[Array]:
    """The weights of one network of an engine's state, in order."""
    return [array for name, array in state.items() if name.startswith(f"{prefix}.")]


def fed(recipe: Recipe, written: Any, steps: int, tensor: Any) -> Iterator[tuple[float, float]]:
    """The losses of a script's steps, D and G, on an engine's images, latents and labels; ``tensor`` makes tensors."""
    plan = Plan(IMAGES, recipe.train.batch, recipe.train.epochs)
    scale, low = (2 / 255, -1.0) if recipe.generator.output == "tanh" else (1 / 255, 0.0)
    for number in range(steps):
        drawn = block.draw(recipe, plan, Split(DATA, LABELS), len(DIGITS), number, 1)
        index = drawn.index[0, : drawn.rows[0]]
        turns = list(drawn.critic)
        turns.insert(0 if recipe.train.order == "g-first" else len(turns), drawn.generator)
        feed(written, turns, recipe.conditional, tensor)
        if hasattr(written, "schedule"):
            written.schedule(number, plan.epoch(number))
        images = tensor((DATA[index].reshape(len(index), -1) * scale + low).astype(np.float32))
        yield written.step(*([images, tensor(LABELS[index])] if recipe.conditional else [images]))


def feed(written: Any, turns: list[Any], conditional: bool, tensor: Any) -> None:
    """Let a script's ``noise`` return these draws one after another."""
    waiting = iter(turns)

    def noise(count: int) -> Any:
        fakes = next(waiting)
        z, labels = (tensor(array[0, :count]) for array in (fakes.latents, fakes.labels))
        return (z, labels) if conditional else z

    written.noise = noise


def idx(folder: Path, images: Array, labels: Array, split: str = "train") -> Path:
    """A folder with MNIST's files of a split, raw, of these images (N, H, W) and labels."""
    folder.mkdir(exist_ok=True)
    for name, array in (("images-idx3", images), ("labels-idx1", labels)):
        header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
        (folder / f"{split}-{name}-ubyte").write_bytes(header + array.astype(np.uint8).tobytes())
    return folder
