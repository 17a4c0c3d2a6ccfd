"""Which fields have a plain form in a script of one page, and what is said of the others."""

from collections.abc import Iterator
from typing import Any

from condgan.errors import CondganError
from condgan.recipe import Discriminator, Generator, Recipe
from condgan.recipe.text import typed

MOST_NAMED = 4
ASIDE = ("name", "source", "notes", "format", "machine", "evaluation")
"""What a script has no part in, or only repeats: any value will do."""
FREE = (
    *("seed", "data.size", "data.split_seed", "latent.dim", "latent.low", "loss.halved"),
    *("generator.plain_first", "generator.hidden", "generator.branches", "generator.pieces"),
    *("discriminator.plain_first", "discriminator.hidden", "discriminator.branches", "discriminator.pieces"),
    *("generator.condition_dim", "generator.norm_eps", "generator.dropout", "generator.groups"),
    *("discriminator.condition_dim", "discriminator.norm_eps", "discriminator.dropout", "discriminator.groups"),
    *("train.batch", "train.epochs", "train.order", "train.fakes", "train.critic_steps", "train.generator_batch"),
    *("output.log_every", "output.grid_every", "output.checkpoint_every", "output.keep_every"),
    *(
        f"optim.{player}.{field}"
        for player in ("g", "d")
        for field in ("lr", "betas", "weight_decay", "decay", "lr_floor", "momentum", "momentum_end", "momentum_epochs")
    ),
)
"""Fields of which each value has a plain form."""
CHOICES: dict[str, tuple[object, ...]] = {
    "data.train_on": ("auto", "train+validation"),
    "latent.distribution": ("normal", "uniform"),
    "loss.name": ("bce", "least-squares", "minimax", "hinge"),
    "generator.norm": ("none", "batch"),
    "discriminator.norm": ("none", "batch"),
    "generator.condition": ("embedding", "one-hot", "none"),
    "discriminator.condition": ("embedding", "one-hot", "none"),
    "generator.activation": ("relu", "leaky-relu", "prelu", "maxout"),
    "discriminator.activation": ("relu", "leaky-relu", "prelu", "maxout"),
    "generator.output": ("tanh", "sigmoid"),
    "optim.g.name": ("adam", "adamw", "sgd"),
    "optim.d.name": ("adam", "adamw", "sgd"),
    "optim.g.schedule": ("constant", "exponential"),
    "optim.d.schedule": ("constant", "exponential"),
}
"""Fields of which some values have a plain form; any other field has it at its default alone."""
SCHEDULED = ("schedule", "decay", "lr_floor", "momentum", "momentum_end", "momentum_epochs")
NEUTRAL = Recipe(name="neutral", source="", generator=Generator(hidden=(1,)), discriminator=Discriminator(hidden=(1,)))


def fields(values: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """The fields of a recipe's sections, by their paths: ``("optim.g.lr", 0.0002)``."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from fields(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value


def scheduled(recipe: Recipe) -> bool:
    """Whether the learning rate or the momentum moves."""
    return any(o.schedule != "constant" or o.momentum_end is not None for o in (recipe.optim.g, recipe.optim.d))


def problems(recipe: Recipe) -> Iterator[str]:
    """Each field that has no plain form: ``train.ema=0.99``, with what would have one where that is a choice."""
    defaults = dict(fields(NEUTRAL.model_dump()))
    for path, value in fields(recipe.model_dump()):
        if path.partition(".")[0] in ASIDE or path in FREE:
            continue
        allowed = CHOICES.get(path, (defaults[path],))
        if value not in allowed:
            yield f"{path}={typed(value)} (instead of {' or '.join(map(typed, allowed))})"
    if not isinstance(recipe.data.size, int):
        yield f"data.size={recipe.data.size} (instead of one number: MNIST's images are squares)"
    if scheduled(recipe):
        for field in SCHEDULED:
            mine, other = getattr(recipe.optim.d, field), getattr(recipe.optim.g, field)
            if mine != other:
                yield f"optim.d.{field}={typed(mine)} (instead of that of optim.g, {typed(other)})"


def check(recipe: Recipe) -> None:
    """Pass a recipe that has a plain form.

    Raises:
        CondganError: it has none, naming the fields.
    """
    found = list(problems(recipe))
    if found:
        more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
        named = ", ".join(found[:MOST_NAMED])
        raise CondganError(f"no plain script for {named}{more}: change that, or train it with `condgan train`")
