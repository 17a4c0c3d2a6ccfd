"""A recipe as one readable file of PyTorch or Jittor that imports nothing of condgan: its loop, to read and to own."""

import shlex
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from condgan import arguments
from condgan.errors import ArgumentError, CondganError
from condgan.recipe import Optimiser, Recipe, builtin
from condgan.recipe.text import differences, override, typed
from condgan.reports import networks, plain
from condgan.storage import files

if TYPE_CHECKING:
    from jinja2 import Environment

MOST_LINES = 150
MOST_TITLE = 4  # lines of the source of a recipe
ENGINES = ("torch", "jittor")


@dataclass(frozen=True)
class Loss:
    """A loss as source, over scores; ``function`` is the body of ``loss(scores, target)``, if it has one."""

    words: str
    functions: Mapping[str, str]
    real: str = "loss({}, 1)"
    fake: str = "loss({}, 0)"
    generator: str = "loss({}, 1)"


CROSS_ENTROPY = (
    "Cross-entropy with 1 or 0; a score is a logit: its sigmoid is the probability.",
    {
        "torch": "return F.binary_cross_entropy_with_logits(scores, torch.full_like(scores, target))",
        # Jittor's own takes a maximum, whose gradient is not exact
        "jittor": "return (nn.relu(scores) - target * scores + jt.log(1 + jt.exp(-jt.abs(scores)))).mean()",
    },
)
RELU = {"torch": "F.relu", "jittor": "nn.relu"}
LOSSES = {
    # Goodfellow et al. 2014, non-saturating and as it stands
    "bce": Loss(*CROSS_ENTROPY),
    "minimax": Loss(*CROSS_ENTROPY, generator="-loss({}, 0)"),
    # Mao et al. 2017
    "least-squares": Loss(
        "Least squares: the mean of (score - target)^2.",
        {
            "torch": "return F.mse_loss(scores, torch.full_like(scores, target))",
            "jittor": "return (scores - target).sqr().mean()",
        },
    ),
    # Lim & Ye 2017
    "hinge": Loss("", {}, "{relu}(1 - {}).mean()", "{relu}(1 + {}).mean()", "-{}.mean()"),
}
PLACES = {"torch": "torch.optim", "jittor": "jt.optim"}
OPTIMISERS = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD"}


def script(recipe: str | PathLike[str] | Recipe, *overrides: str, engine: str | None = None) -> str:
    """The training loop of a recipe as the text of a Python file, of at most 150 lines.

    Args:
        recipe: its name, the path of its JSON, or the recipe itself.
        overrides: ``section.field=value`` strings.
        engine: torch or jittor; none: that of the recipe.

    Raises:
        CondganError: there is no such recipe, field or engine; or a field has no plain form, and is named.
    """
    chosen = override(recipe, overrides) if isinstance(recipe, Recipe) else builtin.get(recipe, overrides)
    engine = engine or chosen.machine.engine
    if engine not in ENGINES:
        raise ArgumentError("engine", arguments.shown(engine), f"expected {' or '.join(ENGINES)}")
    plain.check(chosen)
    text = rendered(chosen, engine)
    lines = len(text.splitlines())
    if lines > MOST_LINES:
        raise CondganError(
            f"a script of generator.hidden={typed(chosen.generator.hidden)} and "
            f"discriminator.hidden={typed(chosen.discriminator.hidden)} has {lines} lines, more than {MOST_LINES}: "
            "take fewer layers, or train it with `condgan train`"
        )
    return text


def rendered(recipe: Recipe, engine: str) -> str:
    """The file of a recipe that has a plain form."""
    return templates().get_template(f"{engine}.py.jinja").render(words(recipe, engine))


@cache
def templates() -> "Environment":
    """The scripts with gaps."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("condgan.reports"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True, autoescape=False,
    )  # fmt: skip


def words(recipe: Recipe, engine: str) -> dict[str, Any]:
    """What the template says of a recipe."""
    conditional, fresh = recipe.conditional, recipe.train.fakes == "fresh"
    drawn = "z, gen_labels" if conditional else "z"
    activations = recipe.generator.activation, recipe.discriminator.activation
    return {
        **{name: getattr(recipe, name) for name in ("name", "seed", "data", "latent", "train", "output", "optim")},
        "title": title(recipe),
        "origin": origin(recipe, engine),
        "conditional": conditional,
        "fresh": fresh,
        "maxout": "maxout" in activations,
        "prelu": "prelu" in activations,
        "generator_dropout": recipe.generator.dropout,
        "discriminator_dropout": recipe.discriminator.dropout,
        "squash": recipe.generator.output,
        "generator": networks.generator(recipe.generator, engine),
        "discriminator": networks.discriminator(recipe.discriminator, engine),
        "optimizers": [optimizer(recipe, player, engine) for player in ("generator", "discriminator")],
        "loss": spelt(recipe, engine, "gen_imgs" if fresh else "gen_imgs.detach()"),
        "drawn": drawn,
        "generated": f"gen_imgs = generator({drawn})",
        "labels": ", labels" if conditional else "",
        "schedule": schedule(recipe.optim.g) if plain.scheduled(recipe) else [],
        "grid_every": batches(recipe),
    }


def title(recipe: Recipe) -> str:
    """The first line of the docstring: nothing that anyone has written in a recipe can end it."""
    return wrapped(f"{recipe.name}: {recipe.source}", MOST_TITLE)


def origin(recipe: Recipe, engine: str) -> str:
    """The command that writes this file."""
    base = builtin.RECIPES.get(recipe.name)
    if base is None:
        return wrapped("condgan script writes such files, from recipes.")
    changes = differences(recipe, base, "machine")
    if engine != base.machine.engine:
        changes.append(f"engine={engine}")
    return wrapped(shlex.join(["condgan", "script", recipe.name, *changes]) + " writes this file.")


def wrapped(text: str, most: int | None = None) -> str:
    """Text for a docstring in lines of its width, of which only so many are kept."""
    harmless = "".join(character if character.isprintable() else " " for character in text)
    quoted = harmless.replace("\\", "/").replace('"', "'")
    return "\n".join(textwrap.wrap(quoted, networks.WIDTH - 4, max_lines=most, placeholder=" ..."))


def number(value: float) -> str:
    """A number as Python reads it, a float even where it is whole: torch takes no other betas."""
    short = f"{value:g}" if float(f"{value:g}") == value else repr(value)
    return short if set(short) & set(".e") else f"{short}.0"


def optimizer(recipe: Recipe, player: str, engine: str) -> str:
    """The assignment of a network's optimiser, in one line where it fits."""
    short = player[0]
    spec: Optimiser = getattr(recipe.optim, short)
    options = [f"lr={number(spec.lr)}"]
    if spec.name == "sgd":
        options += [f"momentum={number(spec.momentum)}"] if spec.momentum or spec.momentum_end else []
    else:
        options.append(f"betas=({number(spec.betas[0])}, {number(spec.betas[1])})")
    if spec.weight_decay or spec.name == "adamw":
        options.append(f"weight_decay={number(spec.weight_decay)}")
    call, given = f"{PLACES[engine]}.{OPTIMISERS[spec.name]}(", ", ".join([f"{player}.parameters()", *options])
    line = f"optimizer_{short} = {call}{given})"
    return line if len(line) <= networks.WIDTH else f"optimizer_{short} = {call}\n    {given}\n)"


def spelt(recipe: Recipe, engine: str, fakes: str) -> dict[str, str]:
    """The loss: the body of its function, and its three terms."""
    form, labels = LOSSES[recipe.loss.name], recipe.conditional
    real = f"discriminator(imgs{', labels' if labels else ''})"
    fake, generated = (f"discriminator({images}{', gen_labels' if labels else ''})" for images in (fakes, "gen_imgs"))
    relu = RELU[engine]
    return {
        "words": form.words,
        "function": form.functions.get(engine, ""),
        "real": form.real.format(real, relu=relu),
        "fake": form.fake.format(fake, relu=relu),
        "generator": form.generator.format(generated, relu=relu),
        "both": "(real_loss + fake_loss) / 2" if recipe.loss.halved else "real_loss + fake_loss",
    }


def schedule(spec: Optimiser) -> list[str]:
    """Learning rate and momentum at a ``step`` and an ``epoch`` with its fraction."""
    lr = number(spec.lr)
    if spec.schedule == "exponential":
        lr = f"max({lr} * {number(spec.decay)}**-step, {number(spec.lr_floor)})"
    lines = [f"lr = {lr}"]
    if spec.momentum_end is not None:
        start, end = number(spec.momentum), number(spec.momentum_end)
        lines.append(f"momentum = {start} + ({end} - {start}) * min(1, epoch / {spec.momentum_epochs})")
    return lines


def batches(recipe: Recipe) -> int:
    """Batches between two pictures."""
    every = recipe.output.grid_every
    return -(-every // recipe.train.batch) if isinstance(every, int) else int(every.removesuffix("b"))


def save(text: str, path: Path) -> None:
    """Write a script to a file that is not there yet.

    Raises:
        CondganError: it is there, is no file, or cannot be written.
    """
    if path.is_dir():
        raise CondganError(f"{path} is a folder: name a file in it, as {path / 'gan.py'}")
    if path.exists() and not path.is_file():
        raise CondganError(f"{path} is not a regular file: name another one, or `-o -` to print it")
    if path.exists():
        raise CondganError(f"{path} exists, and may have been changed by hand: name another file, or remove it")
    files.atomic(path, text.encode())
