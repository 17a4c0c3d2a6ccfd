"""The grids of the published sweeps of conditional GANs on MNIST, one thing at a time; values are chosen here."""

from condgan.errors import CondganError
from condgan.experiments.spaces import texts
from condgan.recipe import Recipe
from condgan.recipe.text import override

EPOCHS = (0.25, 0.5, 2.0)
"""Times those of the recipe."""
GRIDS: dict[str, tuple[str, ...]] = {
    "train.batch": ("16", "32", "64", "128", "256"),
    "optim.lr": ("1e-5", "1e-4", "3e-4", "1e-3"),
    "optim.weight_decay": ("0", "1e-4", "1e-3", "1e-2"),
    "train.critic_steps": ("1", "2", "5"),
    "generator.norm": ("none", "batch", "layer", "instance", "group"),
    "loss.name": ("bce", "least-squares"),
    "generator.activation": ("relu", "leaky-relu", "prelu", "elu", "silu", "gelu"),
    # without a weight decay AdamW is Adam; this is torch's default, and that of cgan-bn-prelu-adamw
    "optim.name": ("adam", "adamw+optim.weight_decay=0.01", "adamax", "radam"),
    "latent.distribution": ("normal", "uniform", "laplace"),
    "latent.correlation": ("0", "0.5", "0.9"),
}


def of(recipe: Recipe) -> tuple[list[str], list[str]]:
    """The grids as words of a sweep, ``train.batch=16,32``, and the values that the recipe excludes, as overrides.

    A field of which no value would change the recipe is left out.
    """
    words, excluded = [], []
    epochs = tuple(str(max(1, round(recipe.train.epochs * times))) for times in (*EPOCHS, 1))
    for name, values in (GRIDS | {"train.epochs": epochs}).items():
        changed = {}
        for value in dict.fromkeys(values):
            try:
                changed[value] = override(recipe, texts(name, value)) != recipe
            except CondganError:
                excluded.append(f"{name}={value}")
        if any(changed.values()) and len(changed) > 1:
            words.append(f"{name}={','.join(changed)}")
    return words, excluded
