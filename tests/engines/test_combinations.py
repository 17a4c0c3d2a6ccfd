"""The parts of the toolbox together: every valid pair of choices builds, takes steps and resumes exactly."""

import itertools
import random
from typing import Any

import numpy as np
import pytest

from condgan import engines
from condgan.data.dataset import Split
from condgan.engines import Settings
from condgan.errors import CondganError
from condgan.recipe import Domain, Recipe, builtin
from condgan.recipe.rules import RULES, broken
from condgan.recipe.text import from_json, to_json

ONE_THREAD = Settings(device="cpu", threads=1, threads_by="machine.threads")
BASE = (
    *("generator.network=dcgan", "discriminator.network=dcgan", "generator.norm=batch"),
    *("latent.dim=5", "generator.hidden=12,9", "discriminator.hidden=9,12"),
    *("generator.width=3", "discriminator.width=3"),
    *("generator.condition_dim=4", "discriminator.kernels=3", "generator.groups=3", "discriminator.groups=3"),
    *("train.batch=6", "train.epochs=3", "train.fakes=fresh", "growing.fade=9", "augment.adapt_images=40"),
)  # fmt: skip
ACTIVATIONS = ("relu", "leaky-relu", "prelu", "silu", "gelu", "elu")
NORMS = ("none", "batch", "layer", "instance", "group")
OPTIMISERS = ("adam", "adamw", "adamax", "radam", "rmsprop", "sgd")
NETWORKS = ("mlp", "dcgan", "residual")
LOSSES = ("bce", "minimax", "least-squares", "hinge", "logistic", "relativistic", "relativistic-average")
SEEN = [
    f"generator.condition={g} discriminator.condition={d}"
    for g, d in itertools.product(("embedding", "one-hot", "norm"), ("embedding", "one-hot", "projection", "auxiliary"))
]


def each(field: str, *values: object) -> list[str]:
    return [f"{field}={value}" for value in values]


CHOICES = (
    each("generator.network", *NETWORKS),
    each("discriminator.network", *NETWORKS),
    [*SEEN, "generator.condition=none discriminator.condition=none"],
    [*each("loss.name", *LOSSES), "loss.name=wasserstein penalty.zero_centred=1"],
    each("loss.halved", "false", "true"),
    ["", "loss.real_target=0.9 loss.fake_target=0.1 loss.flip=0.1"],
    ["", *(f"penalty.{name}=0.1" for name in ("wgan_gp", "zero_centred", "dragan", "r1", "r2"))],
    each("penalty.every", 1, 2),
    each("generator.norm", *NORMS),
    each("discriminator.norm", *NORMS),
    each("generator.spectral", "false", "true"),
    ["", "discriminator.spectral=true", "optim.d.clip_weights=0.05"],
    each("generator.activation", *ACTIVATIONS),
    each("discriminator.activation", *ACTIVATIONS),
    each("generator.depth", 1, 2),
    each("discriminator.depth", 1, 2),
    each("discriminator.dropout", 0, 0.3),
    each("generator.full_resolution", "true", "false"),
    each("discriminator.full_resolution", "true", "false"),
    each("discriminator.features", "none", 7),
    each("generator.attention", "none", 5),
    each("discriminator.attention", "none", 5),
    each("discriminator.minibatch", "none", "discrimination", "stddev"),
    [*each("augment.policy", "none", "brightness,translation,cutout"), "augment.policy=cutout augment.target=0.6"],
    ["", "augment.noise=0.1", "augment.noise=0.1 augment.noise_epochs=2"],
    each("growing.images", "none", 9),
    each("optim.g.name", *OPTIMISERS),
    each("optim.d.name", *OPTIMISERS),
    each("optim.schedule", "constant", "linear", "cosine", "exponential"),
    each("optim.clip_gradient", "none", 1),
    [
        *each("latent.distribution", "normal", "uniform", "laplace", "truncated", "hypersphere"),
        "latent.correlation=0.5",
    ],
    each("generator.output", "tanh", "sigmoid"),
    each("train.fakes", "fresh", "shared"),
    each("train.order", "d-first", "g-first"),
    each("train.fake_labels", "uniform", "real"),
    each("train.generator_batch", "real", "full"),
    each("train.critic_steps", 1, 2),
    each("train.precision", "float32", "bf16"),
    ["", "train.judge=once train.order=g-first train.fakes=shared"],
    ["", "train.ema=0.9", "train.ema=0.9 train.ema_warmup=true"],
    each("data.channels", 1, 3),
    each("data.size", 8, 9, 13),
)
Row = dict[int, str]  # number of the choice -> what is chosen
Pair = tuple[tuple[int, str], tuple[int, str]]


def recipe_of(row: Row) -> Recipe:
    return builtin.get("cgan-bce", [*BASE, *" ".join(row.values()).split()])


def valid(row: Row) -> bool:
    try:
        recipe_of(row)
    except CondganError:
        return False
    return True


def grown(first: Pair, wanted: set[Pair], dice: random.Random) -> Row | None:
    """A valid row with a pair of choices and, as far as they go with it, others that are still wanted with them."""
    row = dict(first)
    if not valid(row):
        return None
    for number in dice.sample(range(len(CHOICES)), len(CHOICES)):
        if number in row:
            continue
        gains = {
            value: sum(tuple(sorted([(number, value), chosen])) in wanted for chosen in row.items())
            for value in CHOICES[number]
        }
        for value in sorted(gains, key=lambda value: (-gains[value], dice.random())):
            if valid(row | {number: value}):
                row[number] = value
                break
    return dict(sorted(row.items()))


def covering() -> tuple[list[Row], set[Pair]]:
    """Rows that together have every pair of choices that goes together, and the pairs that do not."""
    dice = random.Random(0)
    wanted = {
        ((a, x), (b, y))
        for a, b in itertools.combinations(range(len(CHOICES)), 2)
        for x, y in itertools.product(CHOICES[a], CHOICES[b])
    }
    rows, refused = [], set()
    while wanted:
        first = dice.choice(sorted(wanted))
        row = grown(first, wanted, dice)
        covered = {first} if row is None else set(itertools.combinations(row.items(), 2))
        if row is None:
            refused.add(first)
        else:
            rows.append(row)
        wanted -= covered
    return rows, refused


ROWS, REFUSED = covering()


@pytest.mark.parametrize("number", range(len(ROWS)))
def test_a_covering_row_trains_and_resumes_exactly(number: int) -> None:
    recipe = recipe_of(ROWS[number])
    assert from_json(to_json(recipe), "its own JSON") == recipe
    size, channels = recipe.data.size, recipe.data.channels
    assert channels is not None
    dice = np.random.default_rng(number)
    images = dice.integers(0, 256, (16, channels, size, size), dtype=np.uint8)  # batches of 6, 6 and 4
    labels = dice.integers(0, 3, 16)
    domain = Domain(channels=channels, size=size, class_names=("a", "b", "c"), data="noise", data_sha256="0" * 64)

    def build() -> Any:
        return engines.load("torch").build(recipe, domain, Split(images, labels), ONE_THREAD)

    whole, rest = build(), build()
    start = whole.state()
    figures = whole.run(0, 4)
    ended = whole.state()
    assert tuple(figures) == engines.figures(recipe)
    assert all(np.isfinite(values).all() for values in figures.values())
    whole.load(start)
    begun = whole.run(0, 1)
    rest.load(whole.state())
    resumed = rest.run(1, 3)
    for name, values in figures.items():
        np.testing.assert_array_equal(values, np.concatenate([begun[name], resumed[name]]), err_msg=name)
    again = rest.state()
    assert [name for name in ended if ended[name].tobytes() != again[name].tobytes()] == []
    moved = {name.split(".")[0] for name in ended if ended[name].tobytes() != start[name].tobytes()}
    assert {"generator", "discriminator"} <= moved

    latents = dice.standard_normal((4, 5)).astype(np.float32)
    asked = np.array([0, 1, 2, 0])
    made = rest.sample(latents, asked)
    assert made.shape == (4, channels, size, size)
    shipped = engines.load("torch").sampler(recipe, domain, rest.generator_state())
    np.testing.assert_array_equal(shipped.sample(latents, asked), made)
    one = shipped.sample(latents[2:3], asked[2:3])
    assert np.abs(one.astype(int) - made[2:3]).max() <= 1  # each picture depends on its own row alone
    assert np.isfinite(rest.score(images, labels)).all()


CLASHES = {
    ("generator.network", "generator.attention"),
    ("generator.network", "growing.images"),
    ("generator.full_resolution", "growing.images"),
    ("discriminator.full_resolution", "growing.images"),
    ("generator.network", "generator.full_resolution"),
    ("discriminator.network", "discriminator.full_resolution"),
    ("discriminator.network", "discriminator.features"),
    ("discriminator.network", "discriminator.attention"),
    ("discriminator.network", "growing.images"),
    ("generator.condition", "generator.norm"),
    ("loss.name", "loss.real_target"),
    ("loss.name", "augment.policy"),
    ("loss.name", "train.generator_batch"),
    ("loss.name", "discriminator.norm"),
    ("loss.name", "discriminator.minibatch"),
    ("penalty", "discriminator.norm"),
    ("penalty", "discriminator.minibatch"),
    ("train.fakes", "train.generator_batch"),
    ("train.fake_labels", "train.generator_batch"),
    ("train.generator_batch", "train.judge"),
    ("train.critic_steps", "train.judge"),
}
"""Fields of which some values do not go together; a wasserstein loss stands with its penalty."""


def test_no_other_pair_is_refused() -> None:
    def fields(pair: Pair) -> tuple[str, str]:
        first, second = (choice.partition("=")[0] for _, choice in pair)
        return ("penalty" if first.startswith("penalty.") else first), second

    assert {fields(pair) for pair in REFUSED} == CLASHES


FORBIDDEN = {
    "both networks see the condition": "generator.condition=none",
    "allow one discriminator step": "train.fakes=shared train.order=g-first train.critic_steps=2",
    "as they are before their steps": "train.judge=once",
    "needs train.fakes=fresh": "train.fakes=shared train.generator_batch=full",
    "no labels to spare": "train.fake_labels=real train.generator_batch=full",
    "as many real images": "loss.name=relativistic-average train.generator_batch=full",
    "need a loss with targets": "loss.name=hinge loss.flip=0.1",
    "must be above": "loss.real_target=0.4 loss.fake_target=0.5",
    "below 0.5": "loss.flip=0.5",
    "bounded slope": "loss.name=wasserstein",
    "couple the images": "penalty.r1=1 discriminator.norm=batch",
    "discriminator.spectral=true rescales": "discriminator.spectral=true optim.d.clip_weights=0.01",
    "generator.spectral=true rescales": "generator.spectral=true optim.g.clip_weights=0.01",
    "which is none": "augment.target=0.6",
    "the sign of the logits": "augment.target=0.6 augment.policy=cutout loss.name=relativistic",
    "needs an average": "train.ema_warmup=true",
    "begins to fall": "optim.g.schedule_from=0.5",
    "growing.images needs": "growing.images=9 generator.network=mlp",
    "own resolution": "growing.images=9 generator.full_resolution=false",
    "discriminator.features is for": "discriminator.features=9 discriminator.network=mlp",
    "attention needs": "discriminator.attention=8 discriminator.network=mlp",
    "vectors, which are no images": "generator.output=linear",
    "augment.policy changes images": (
        "generator.network=mlp discriminator.network=mlp generator.norm=none "
        "generator.output=linear augment.policy=cutout"
    ),
    "watermark.key marks images": (
        "generator.network=mlp discriminator.network=mlp generator.norm=none "
        "generator.output=linear watermark.key=mark.key"
    ),
    "names a key, and none is given": "watermark.fingerprint=ab",
}


@pytest.mark.parametrize("reason", FORBIDDEN)
def test_a_forbidden_combination_is_refused_with_its_reason(reason: str) -> None:
    with pytest.raises(CondganError) as refused:
        builtin.get("cgan-bce", [*BASE, *FORBIDDEN[reason].split()])
    assert reason in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_every_rule_is_tried() -> None:
    assert all(sum(reason in text for reason in FORBIDDEN) == 1 for _, text in RULES)
    assert len(RULES) == len(FORBIDDEN)
    assert broken(builtin.get("cgan-bce", BASE)) is None
