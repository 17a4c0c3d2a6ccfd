"""The torch engine against plain training loops, written the way the published scripts are."""

import copy
import resource
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from condgan import engines
from condgan.data.dataset import Split
from condgan.draws import block, philox
from condgan.draws.philox import Stream
from condgan.draws.schedule import Plan
from condgan.engines import FIGURES, Settings
from condgan.errors import CondganError
from condgan.generation import jobs, sampling
from condgan.recipe import Domain, Latent, Recipe, builtin

SIZE, CLASSES, IMAGES = 8, 4, 150  # batches of 64, 64 and 22
PIXELS = SIZE * SIZE
DOMAIN = Domain(channels=1, size=SIZE, class_names=("a", "b", "c", "d"), data="noise", data_sha256="0" * 64)
ONE_THREAD = Settings(device="cpu", threads=1, threads_by="machine.threads")
RANDOM = np.random.default_rng(4)
DATA = RANDOM.integers(0, 256, (IMAGES, 1, SIZE, SIZE), dtype=np.uint8)
LABELS = RANDOM.integers(0, CLASSES, IMAGES)
PLAYERS = ("generator", "discriminator")
SMALL = ("generator.hidden=32,48", "discriminator.hidden=48,32", "latent.dim=10")


def build(name: str, *overrides: str, picked: Settings | None = ONE_THREAD) -> Any:
    return engines.load("torch").build(builtin.get(name, [*SMALL, *overrides]), DOMAIN, Split(DATA, LABELS), picked)


# The published networks, as their scripts build them


class Conditional(nn.Module):
    """An MLP over an input beside an embedded or one-hot label."""

    def __init__(self, embed: bool, *layers: nn.Module) -> None:
        super().__init__()
        self.label_emb = nn.Embedding(CLASSES, CLASSES) if embed else None
        self.model = nn.Sequential(*layers)

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        beside = one_hot(labels, CLASSES).float() if self.label_emb is None else self.label_emb(labels)
        return self.model(torch.cat((x, beside), -1))


def family() -> tuple[nn.Module, nn.Module]:
    leaky = nn.LeakyReLU(0.2)
    batch_norm = nn.BatchNorm1d(48, 0.8)
    generator = Conditional(
        True, nn.Linear(10 + CLASSES, 32), leaky, nn.Linear(32, 48), batch_norm, leaky, nn.Linear(48, PIXELS), nn.Tanh()
    )
    discriminator = Conditional(
        True, nn.Linear(PIXELS + CLASSES, 48), leaky, nn.Linear(48, 32), leaky, nn.Linear(32, 1)
    )
    return generator, discriminator


def one_hot_nets(activation: Callable[[], nn.Module], norm: bool) -> tuple[nn.Module, nn.Module]:
    def norms(width: int) -> list[nn.Module]:
        return [nn.BatchNorm1d(width)] if norm else []

    generator = Conditional(
        False,
        *(nn.Linear(10 + CLASSES, 32), *norms(32), activation()),
        *(nn.Linear(32, 48), *norms(48), activation()),
        *(nn.Linear(48, PIXELS), nn.Sigmoid()),
    )
    discriminator = Conditional(
        False,
        *(nn.Linear(PIXELS + CLASSES, 48), activation()),
        *(nn.Linear(48, 32), activation()),
        nn.Linear(32, 1),
    )
    return generator, discriminator


def fill(network: nn.Module, state: dict[str, npt.NDArray[Any]], prefix: str) -> None:
    """Take over an engine's weights, in order."""
    given = [array for name, array in state.items() if name.startswith(prefix)]
    assert len(given) == len(network.state_dict())
    with torch.no_grad():
        for tensor, array in zip(network.state_dict().values(), given, strict=True):
            assert tensor.shape == array.shape
            tensor.copy_(torch.from_numpy(array))


class Script:
    """What every published script starts with, fed with the engine's own draws."""

    def __init__(self, recipe: Recipe, nets: tuple[nn.Module, nn.Module], state: Any, adam: Any, scale: Any) -> None:
        self.recipe = recipe
        self.generator, self.discriminator = nets
        fill(self.generator, state, "generator.")
        fill(self.discriminator, state, "discriminator.")
        options = {"fused": False, "foreach": False}
        self.optimizer_g = adam(self.generator.parameters(), **options)
        self.optimizer_d = adam(self.discriminator.parameters(), **options)
        self.scale = scale
        self.rows: list[dict[str, float]] = []

    def batches(self, steps: int) -> Any:
        plan = Plan(IMAGES, self.recipe.train.batch, 10)
        for step in range(steps):
            drawn = block.draw(self.recipe, plan, Split(DATA, LABELS), CLASSES, step, 1)
            index = drawn.index[0, : drawn.rows[0]]
            images = torch.from_numpy(self.scale(DATA[index].astype(np.float64)).astype(np.float32)).flatten(1)
            yield images, torch.from_numpy(LABELS[index]), drawn

    def note(self, d_loss: Tensor, g_loss: Tensor, real: Tensor, fake: Tensor, images: Tensor) -> None:
        assert images.grad is not None
        gradients = [len(images) * float(gradient.square().sum()) ** 0.5 for gradient in images.grad]
        values = (d_loss, g_loss, real.mean(), fake.mean(), torch.tensor(gradients).mean())
        self.rows.append(dict(zip(FIGURES, (float(value.detach()) for value in values), strict=True)))


def latents_and_labels(fakes: Any, rows: int) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(fakes.latents[0, :rows]), torch.from_numpy(fakes.labels[0, :rows])


def lsgan_script(script: Script, steps: int) -> None:
    """cgan.py: the generator steps first, the discriminator on the same images, detached."""
    mse = nn.MSELoss()
    for real_imgs, labels, drawn in script.batches(steps):
        valid, fake = torch.ones(len(labels), 1), torch.zeros(len(labels), 1)
        z, gen_labels = latents_and_labels(drawn.generator, len(labels))
        script.optimizer_g.zero_grad()
        gen_imgs = script.generator(z, gen_labels)
        gen_imgs.retain_grad()
        g_loss = mse(script.discriminator(gen_imgs, gen_labels), valid)
        g_loss.backward()
        script.optimizer_g.step()

        script.optimizer_d.zero_grad()
        validity_real = script.discriminator(real_imgs, labels)
        validity_fake = script.discriminator(gen_imgs.detach(), gen_labels)
        d_loss = (mse(validity_real, valid) + mse(validity_fake, fake)) / 2
        d_loss.backward()
        script.optimizer_d.step()
        script.note(d_loss, g_loss, validity_real, validity_fake, gen_imgs)


def bce_script(script: Script, steps: int) -> None:
    """The discriminator steps first, the generator through the moved one, on the same images."""
    bce = nn.BCELoss()
    for real_imgs, labels, drawn in script.batches(steps):
        valid, fake = torch.ones(len(labels), 1), torch.zeros(len(labels), 1)
        z, gen_labels = latents_and_labels(drawn.generator, len(labels))
        gen_imgs = script.generator(z, gen_labels)
        gen_imgs.retain_grad()
        script.optimizer_d.zero_grad()
        real_logits = script.discriminator(real_imgs, labels)
        fake_logits = script.discriminator(gen_imgs.detach(), gen_labels)
        d_loss = (bce(torch.sigmoid(real_logits), valid) + bce(torch.sigmoid(fake_logits), fake)) / 2
        d_loss.backward()
        script.optimizer_d.step()

        script.optimizer_g.zero_grad()
        g_loss = bce(torch.sigmoid(script.discriminator(gen_imgs, gen_labels)), valid)
        g_loss.backward()
        script.optimizer_g.step()
        script.note(d_loss, g_loss, real_logits, fake_logits, gen_imgs)


def n_critic_script(script: Script, steps: int) -> None:
    """n_critic discriminator steps on one real batch, then the generator on a full batch; all fakes are fresh."""
    bce = nn.BCELoss()
    for real_imgs, labels, drawn in script.batches(steps):
        valid, fake = torch.ones(len(labels), 1), torch.zeros(len(labels), 1)
        losses, reals, fakes = [], [], []
        for critic in drawn.critic:
            z, gen_labels = latents_and_labels(critic, len(labels))
            script.optimizer_d.zero_grad()
            gen_imgs = script.generator(z, gen_labels).detach()
            real_logits = script.discriminator(real_imgs, labels)
            fake_logits = script.discriminator(gen_imgs, gen_labels)
            d_loss = bce(torch.sigmoid(real_logits), valid) + bce(torch.sigmoid(fake_logits), fake)
            d_loss.backward()
            script.optimizer_d.step()
            for values, value in zip(
                (losses, reals, fakes), (d_loss, real_logits.mean(), fake_logits.mean()), strict=True
            ):
                values.append(value)
        full = script.recipe.train.generator_batch == "full"
        batch = script.recipe.train.batch if full else len(labels)
        z, gen_labels = latents_and_labels(drawn.generator, batch)
        script.optimizer_g.zero_grad()
        images = script.generator(z, gen_labels)
        images.retain_grad()
        g_loss = bce(torch.sigmoid(script.discriminator(images, gen_labels)), torch.ones(batch, 1))
        g_loss.backward()
        script.optimizer_g.step()
        means = [torch.stack(values).mean() for values in (reals, fakes)]
        script.note(torch.stack(losses).mean(), g_loss, *means, images)


def adam(parameters: Any, **options: Any) -> torch.optim.Optimizer:
    return torch.optim.Adam(parameters, lr=0.0002, betas=(0.5, 0.999), **options)


def plain_adam(parameters: Any, **options: Any) -> torch.optim.Optimizer:
    return torch.optim.Adam(parameters, lr=1e-4, **options)


def adamw(parameters: Any, **options: Any) -> torch.optim.Optimizer:
    return torch.optim.AdamW(parameters, lr=1e-4, **options)


def signed(grey: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return (grey / 255 - 0.5) / 0.5


def unsigned(grey: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return grey / 255


NO_DROPOUT = "discriminator.dropout=0"
LOOPS: dict[str, tuple[str, tuple[str, ...], Any, Any, Any, Any]] = {
    "g-first, shared": ("cgan-lsgan-jgan", (), family, lsgan_script, adam, signed),
    "d-first, shared": ("cgan-bce", (NO_DROPOUT,), family, bce_script, adam, signed),
    "d-first, fresh, n_critic 2": (
        "cgan-paper-adam",
        (NO_DROPOUT, "train.critic_steps=2"),
        lambda: one_hot_nets(lambda: nn.LeakyReLU(0.2), norm=False),
        n_critic_script,
        plain_adam,
        unsigned,
    ),
    "batch norm, PReLU, AdamW": (
        "cgan-bn-prelu-adamw",
        (NO_DROPOUT, "discriminator.activation=prelu"),
        lambda: one_hot_nets(nn.PReLU, norm=True),
        n_critic_script,
        adamw,
        unsigned,
    ),
}


@pytest.mark.parametrize("loop", LOOPS)
def test_ten_steps_are_those_of_the_published_script(loop: str) -> None:
    name, overrides, nets, train, optimiser, scale = LOOPS[loop]
    engine = build(name, *overrides)
    start = engine.state()
    script = Script(engine.recipe, nets(), start, optimiser, scale)
    train(script, 10)
    figures = engine.run(0, 10)
    for figure in FIGURES:
        expected = [row[figure] for row in script.rows]
        assert len(set(expected)) == 10
        np.testing.assert_allclose(figures[figure], expected, rtol=1e-4, atol=1e-5, err_msg=figure)
    state = engine.state()
    for prefix, network in (("generator.", script.generator), ("discriminator.", script.discriminator)):
        ours = [name for name in state if name.startswith(prefix)]
        normed = {name.removesuffix("norm.weight") + "linear.bias" for name in ours if name.endswith("norm.weight")}
        for name, tensor in zip(ours, network.state_dict().values(), strict=True):
            if name in normed or "running_mean" in name:
                continue  # a bias before a batch norm has a gradient of rounding errors, which Adam makes large
            np.testing.assert_allclose(state[name], tensor.numpy(), atol=1e-4, err_msg=name)
            if name.endswith("weight"):
                assert np.abs(state[name] - start[name]).max() > 3e-4, name  # ten steps go further than the tolerance


COUPLED = ("train.order=g-first", "train.fakes=shared", "discriminator.dropout=0", "discriminator.minibatch=stddev")
PENALTIES = ("none", "penalty.r1=1", "penalty.r2=1", "penalty.wgan_gp=1", "penalty.dragan=1")


@pytest.mark.parametrize("loss", ["bce", "relativistic-average"])
@pytest.mark.parametrize("penalty", PENALTIES)
def test_one_judgement_of_the_generated_images_serves_both_updates(loss: str, penalty: str) -> None:
    penalties = () if penalty == "none" else (penalty, "penalty.every=2")
    once, twice = (build("cgan-bce", *COUPLED, f"loss.name={loss}", *penalties) for _ in range(2))
    assert once.game.once
    twice.game.once = False
    found, expected = once.run(0, 5), twice.run(0, 5)
    for figure, values in expected.items():
        np.testing.assert_allclose(found[figure], values, rtol=1e-4, atol=1e-6, err_msg=figure)
    for name, array in twice.state().items():
        np.testing.assert_allclose(once.state()[name], array, rtol=1e-3, atol=1e-4, err_msg=name)


@pytest.mark.parametrize(
    "other",
    [
        "discriminator.dropout=0.4",
        "discriminator.norm=batch",
        "discriminator.spectral=true",
        "augment.noise=0.1",
        "train.order=d-first",
        "train.fakes=fresh",
    ],
)
def test_they_are_judged_twice_where_that_is_not_the_same_or_slower(other: str) -> None:
    field = other.partition("=")[0]
    assert not build("cgan-bce", *(o for o in COUPLED if not o.startswith(field)), other).game.once


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_the_generator_meets_the_discriminator_as_it_is_now(precision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the discriminator's own step, where that comes first; weights kept in bfloat16 would be the old ones."""
    picked = ONE_THREAD.model_copy(update={"precision": precision})
    first = ("train.order=d-first", f"train.precision={precision}", "discriminator.dropout=0", "optim.d.lr=0.01")
    engine = build("gan-mlp", *first, picked=picked)
    step, met = engine.game.step_generator, []

    def watched(batch: Any, shared: Tensor) -> dict[str, Tensor]:
        fakes = shared.detach(), batch.generator[1]
        met.append((engine.game.judge(*fakes).logits, copy.deepcopy(engine.game.discriminator)(*fakes).logits))
        return step(batch, shared)

    monkeypatch.setattr(engine.game, "step_generator", watched)
    engine.run(0, 2)
    for said, fresh in met:
        assert torch.equal(said, fresh)
    assert not torch.equal(met[0][0], met[1][0])


def test_momentum_and_learning_rate_follow_the_paper_s_schedules() -> None:
    """Mirza & Osindero: SGD, lr 0.1 / 1.00004^t, momentum 0.5 rising to 0.7 (here within two epochs of three steps)."""
    engine = build(
        "cgan-paper",
        *("generator.branches=none", "generator.dropout=0", "train.batch=64", "optim.momentum_epochs=2"),
        *("discriminator.branches=none", "discriminator.activation=relu", "discriminator.pieces=none", NO_DROPOUT),
        "optim.decay=1.1",
    )
    nets = one_hot_nets(nn.ReLU, norm=False)

    class PaperSGD:
        """v = m v + g; w = w - lr v."""

        def __init__(self, parameters: Any, **options: Any) -> None:
            self.parameters = list(parameters)
            self.velocity = [torch.zeros_like(parameter) for parameter in self.parameters]
            self.step_number = 0

        def zero_grad(self) -> None:
            for parameter in self.parameters:
                parameter.grad = None

        @torch.no_grad()
        def step(self) -> None:
            epochs = self.step_number // 3 + (self.step_number % 3) * 64 / IMAGES
            momentum = 0.5 + (0.7 - 0.5) * min(1.0, epochs / 2)
            lr = max(0.1 / 1.1**self.step_number, 1e-6)
            for parameter, velocity in zip(self.parameters, self.velocity, strict=True):
                assert parameter.grad is not None
                velocity.mul_(momentum).add_(parameter.grad)
                parameter.sub_(lr * velocity)
            self.step_number += 1

    script = Script(engine.recipe, nets, engine.state(), PaperSGD, unsigned)
    n_critic_script(script, 9)
    figures = engine.run(0, 9)
    for figure in FIGURES:
        np.testing.assert_allclose(figures[figure], [row[figure] for row in script.rows], rtol=1e-4)


# What each step leaves alone


@pytest.mark.parametrize("name", builtin.RECIPES)
@pytest.mark.parametrize(("still", "moving"), [("discriminator", "generator"), ("generator", "discriminator")])
def test_a_step_leaves_the_other_network_alone(name: str, still: str, moving: str) -> None:
    small = SMALL if name != "cgan-paper" else ("latent.dim=10",)
    engine = engines.load("torch").build(builtin.get(name, small), DOMAIN, Split(DATA, LABELS), ONE_THREAD)
    descent = engine.game.d_descent if still == "discriminator" else engine.game.g_descent
    descent.move = lambda found: None
    before = engine.state()
    engine.run(0, 2)
    after = engine.state()
    statistics = ("running_mean", "running_var", "num_batches_tracked")
    weights = [key for key in before if key.split(".")[0] == still and not key.endswith(statistics)]
    assert weights
    assert all(np.array_equal(before[key], after[key]) for key in weights)
    moved = [key for key in before if key.split(".")[0] == moving and key.endswith("weight")]
    assert all(not np.array_equal(before[key], after[key]) for key in moved)
    assert all(parameter.grad is None for parameter in getattr(engine.game, still).parameters())


# The average


@pytest.mark.parametrize("decay", [0.0, 0.75, 0.999])
def test_the_average_follows_its_recurrence(decay: float) -> None:
    engine = build("cgan-lsgan", f"train.ema={decay}")
    state = engine.state()
    parameters = [name.removeprefix("generator.") for name in state if name.startswith("generator.")]
    expected = {name: state[f"generator.{name}"].astype(np.float64) for name in parameters}
    for step in range(12):
        engine.run(step, 1)
        state = engine.state()
        for name in parameters:
            new = state[f"generator.{name}"].astype(np.float64)
            statistics = "running" in name or "tracked" in name
            expected[name] = new if statistics else decay * expected[name] + (1 - decay) * new
            np.testing.assert_allclose(state[f"ema.{name}"], expected[name], atol=1e-6, err_msg=name)
    sampled = engine.generator_state()
    assert set(sampled) == set(parameters)
    assert all(np.array_equal(sampled[name], state[f"ema.{name}"]) for name in parameters)


def test_the_average_changes_nothing_in_training() -> None:
    plain, averaged = build("cgan-lsgan"), build("cgan-lsgan", "train.ema=0.9")
    plain.run(0, 5)
    averaged.run(0, 5)
    a, b = plain.state(), averaged.state()
    assert all(np.array_equal(a[name], b[name]) for name in a)
    assert {name for name in b if name not in a} == {f"ema.{name}" for name in plain.generator_state()}
    weights = plain.generator_state()
    assert all(np.array_equal(weights[name], a[f"generator.{name}"]) for name in weights)
    z = philox.latents(Latent(dim=10), 0, np.arange(8))
    labels = np.arange(8) % CLASSES
    assert not np.array_equal(plain.sample(z, labels), averaged.sample(z, labels))


# Sampling


@pytest.mark.parametrize("name", ["cgan-lsgan", "cgan-bn-prelu-adamw", "gan-mlp"])
def test_a_picture_does_not_depend_on_its_neighbours(name: str) -> None:
    engine = build(name)
    engine.run(0, 6)
    classes = np.arange(700) % CLASSES
    together = sampling.pictures(engine, engine.recipe, classes, seed=5)
    assert together.shape == (700, 1, SIZE, SIZE)
    assert together.dtype == np.uint8
    assert together.std() > 1
    for size in (1, 7, 300):
        for first in (0, 511, 700 - size):
            alone = sampling.pictures(engine, engine.recipe, classes[first : first + size], 5, first)
            expected = together[first : first + size]
            assert alone.shape == expected.shape or first + size > 700
            assert np.abs(alone.astype(int) - expected.astype(int)).max() <= 1
    sampler = engines.load("torch").sampler(engine.recipe, DOMAIN, engine.generator_state())
    assert np.array_equal(sampling.pictures(sampler, engine.recipe, classes, seed=5), together)


def test_looking_between_blocks_changes_nothing() -> None:
    quiet, watched = build("cgan-lsgan", "train.ema=0.9"), build("cgan-lsgan", "train.ema=0.9")
    figures = quiet.run(0, 10)
    parts = []
    for step in range(10):
        parts.append(watched.run(step, 1))
        jobs.grid(watched.recipe, DOMAIN, 3).draw(jobs.Moment(watched, watched.recipe, DOMAIN))
        watched.score(DATA[:5], LABELS[:5])
        watched.state()
        watched.generator_state()
    for name in FIGURES:
        assert np.array_equal(figures[name], np.concatenate([part[name] for part in parts]))
    a, b = quiet.state(), watched.state()
    assert all(a[name].tobytes() == b[name].tobytes() for name in a)


def test_a_state_is_a_copy() -> None:
    engine = build("cgan-lsgan")
    kept = engine.state()
    before = {name: array.copy() for name, array in kept.items()}
    engine.run(0, 3)
    assert all(np.array_equal(kept[name], before[name]) for name in kept)
    images, labels = DATA.copy(), LABELS.copy()
    assert np.array_equal(DATA, images)
    assert np.array_equal(LABELS, labels)


def test_the_user_s_own_random_numbers_and_threads_go_on_unchanged() -> None:
    torch.manual_seed(123)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    engine = build("cgan-lsgan", picked=Settings(device="cpu", threads=2, threads_by="measured"))
    engine.run(0, 3)
    engine.sample(np.zeros((2, 10), np.float32), np.array([0, 1]))
    engine.score(DATA[:2], LABELS[:2])
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads

    first = build("cgan-lsgan")
    first.run(0, 3)
    torch.manual_seed(7)
    second = build("cgan-lsgan")
    second.run(0, 2)
    torch.rand(5)
    second.run(2, 1)
    a, b = first.state(), second.state()
    assert all(a[name].tobytes() == b[name].tobytes() for name in a)


def test_the_seed_decides_the_first_weights_and_the_steps() -> None:
    states = [build("cgan-lsgan", f"seed={seed}").state() for seed in (0, 1, 0, 1 << 40)]
    weight = "generator.body.hidden.0.linear.weight"
    assert np.array_equal(states[0][weight], states[2][weight])
    assert not np.array_equal(states[0][weight], states[1][weight])
    assert not np.array_equal(states[0][weight], states[3][weight])
    bound = 1 / np.sqrt(10 + CLASSES)  # torch's default: uniform on +- 1/sqrt(inputs)
    assert bound * 0.95 < np.abs(states[0][weight]).max() <= bound


def test_dropout_differs_between_steps_and_repeats_with_them() -> None:
    """From one state, step 0 and step 3 see other masks: with the same data they would else differ by it alone."""
    engine = build("cgan-lsgan", "train.batch=150", "train.fake_labels=real")
    start = engine.state()
    losses = []
    for step in (0, 0, 3):
        engine.load(start)
        losses.append(engine.run(step, 1)["d_real"][0])
    assert losses[0] == losses[1]
    plain = build("cgan-lsgan", "train.batch=150", "train.fake_labels=real", NO_DROPOUT)
    start = plain.state()
    without = []
    for step in (0, 3):
        plain.load(start)
        without.append(plain.run(step, 1)["d_real"][0])
    assert without[0] == pytest.approx(without[1], rel=1e-4)  # the whole data, in another order
    assert abs(losses[0] - losses[2]) > 10 * abs(without[0] - without[1])


def test_scores_are_the_discriminator_s_logits() -> None:
    engine = build("cgan-lsgan")
    state = {name: array.astype(np.float64) for name, array in engine.state().items()}
    x = np.concatenate(
        [signed(DATA[:9].reshape(9, -1).astype(np.float64)), state["discriminator.condition.weight"][LABELS[:9]]],
        1,
    )
    for layer in (0, 1):
        name = f"discriminator.body.hidden.{layer}.linear"
        x = x @ state[f"{name}.weight"].T + state[f"{name}.bias"]
        x = np.where(x > 0, x, 0.2 * x)
    expected = x @ state["discriminator.head.logit.weight"].T + state["discriminator.head.logit.bias"]
    scores = engine.score(DATA[:9], LABELS[:9])
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, expected[:, 0], atol=1e-5)


def test_draws_of_training_and_of_sampling_are_apart() -> None:
    recipe = builtin.get("cgan-paper-adam", ["latent.dim=10", "train.critic_steps=2"])
    drawn = block.draw(recipe, Plan(IMAGES, 64, 1), Split(DATA, LABELS), CLASSES, 0, 1)
    shown = philox.latents(Latent(dim=10), 0, np.arange(64), Stream.SAMPLE_LATENTS)
    every = [shown, drawn.generator.latents[0], *(critic.latents[0] for critic in drawn.critic)]
    rows = np.concatenate(every)
    assert len(np.unique(rows, axis=0)) == len(rows)


def test_a_file_that_claims_huge_networks_makes_nobody_allocate_them() -> None:
    """Three layers of 65,536 units are 34 GB; the weights that come with them are a few bytes."""
    recipe = builtin.get("cgan-bce", ["generator.hidden=65536,65536,65536", "generator.norm=none"])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CondganError, match="do not fit the recipe"):
        engines.load("torch").sampler(recipe, DOMAIN, {"body.out.bias": np.zeros(3, np.float32)})
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB


def test_networks_beyond_this_machine_are_refused_before_anything_is_allocated() -> None:
    """Blocks of 4096 to 32,768 channels are terabytes; a machine that runs out of memory would end the process."""
    widest = [f"{player}.network=residual {player}.width=4096 {player}.depth=64" for player in PLAYERS]
    with pytest.raises(MemoryError):
        build("cgan-bce", *" ".join(widest).split())


def test_networks_beyond_memory_are_refused() -> None:
    """A layer of 65,536 by 65,536 is 17 GB, and the process may have 16."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (16 * 2**30, before[1]))
    try:
        with pytest.raises(MemoryError):
            build("cgan-bce", "generator.hidden=65536,65536", "generator.norm=none")
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def test_bf16_is_of_the_products_alone() -> None:
    """Convolutions in bf16, all that is kept, compared and summed in float32, and a step near the other's."""
    convolutional = ("generator.network=dcgan", "discriminator.network=dcgan", "discriminator.dropout=0")
    full, half = (build("cgan-bce", *convolutional, f"train.precision={name}") for name in ("float32", "bf16"))
    kinds: dict[str, set[torch.dtype]] = {}
    for name in PLAYERS:
        for part, module in getattr(half.game, name).named_modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                module.register_forward_hook(lambda _, given, found: kinds.setdefault("maps", set()).add(found.dtype))
            if part == "head":
                module.register_forward_hook(
                    lambda _, given, found: kinds.setdefault("head", set()).add(found[0].dtype)
                )
    before = half.state()
    assert {array.tobytes() for array in before.values()} == {array.tobytes() for array in full.state().values()}
    exact, near = full.run(0, 1), half.run(0, 1)
    assert kinds == {"maps": {torch.bfloat16}, "head": {torch.float32}}
    assert {str(array.dtype) for array in half.state().values()} == {str(array.dtype) for array in before.values()}
    for name in ("d_loss", "g_loss", "d_real", "d_fake", "g_gradient"):
        assert exact[name] != near[name]
        np.testing.assert_allclose(near[name], exact[name], rtol=0.05, atol=0.02)
    latents = RANDOM.standard_normal((5, 10)).astype(np.float32)
    full.load(half.state())
    np.testing.assert_array_equal(full.sample(latents, LABELS[:5]), half.sample(latents, LABELS[:5]))


@pytest.mark.parametrize(("name", "boundary"), [("cgan-bce", 0.0), ("cgan-lsgan", 0.5)])
def test_the_accuracy_of_a_step_is_that_of_the_discriminator_before_it(name: str, boundary: float) -> None:
    chosen = "train.order=d-first", "train.fakes=fresh", "discriminator.dropout=0", f"train.batch={IMAGES}"
    engine = build(name, *chosen, "generator.norm=none")
    engine.run(0, 3)  # from here on some scores are right and some wrong
    drawn = block.draw(
        engine.recipe, Plan(IMAGES, IMAGES, engine.recipe.train.epochs), Split(DATA, LABELS), CLASSES, 3, 1
    )
    fakes = drawn.critic[0]
    real = engine.score(DATA, LABELS)
    fake = engine.score(engine.sample(fakes.latents[0], fakes.labels[0]), fakes.labels[0])
    right = np.concatenate([real > boundary, fake < boundary])
    assert 0 < right.mean() < 1
    assert engine.run(3, 1)["d_accuracy"] == pytest.approx(right.mean(), abs=1.5 / len(right))  # pictures are rounded


def test_settings_of_older_checkpoints_have_an_engines_own_beside_the_others() -> None:
    old = {"device": "cpu", "threads": 1, "threads_by": "measured", "precision": "float32", "onednn": True}
    settings = Settings.model_validate(old)
    assert settings.own == {"onednn": True}
    assert Settings.model_validate(settings.model_dump(mode="json")) == settings
    assert Settings.model_validate({name: old[name] for name in list(old)[:4]}).own == {}


@pytest.mark.parametrize("own", [{"onednn": 3}, {"wings": True}])
def test_settings_of_another_engine_are_refused(own: dict[str, Any]) -> None:
    with pytest.raises(CondganError, match="settings of engine=torch"):
        build("cgan-bce", picked=ONE_THREAD.model_copy(update={"own": own}))
