"""Losses and penalties against the papers' formulas, by what they make optimal, and on critics that can be solved."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from condgan import engines
from condgan.engines import losses
from condgan.engines.losses import LOSSES, PENALTIES, Judgement
from condgan.engines.torch.networks import Scores
from condgan.recipe import Loss, Recipe, builtin
from condgan.recipe.losses import LOSSES as FACTS

Array = npt.NDArray[np.float64]
WITH_TARGETS = ("bce", "minimax", "least-squares")
RELATIVISTIC = ("relativistic", "relativistic-average")
NOTHING = torch.zeros(0)


def scores(real: Tensor, fake: Tensor) -> Scores:
    """Of images that are their own logits."""
    return Scores(lambda images, labels: Judgement(images), (real, NOTHING), (fake, NOTHING))


def d_loss(name: str, real: Tensor, fake: Tensor, **fields: Any) -> Tensor:
    return LOSSES[name].d(scores(real, fake), Loss(name=name, **fields))


def g_loss(name: str, real: Tensor, fake: Tensor) -> Tensor:
    return LOSSES[name].g(scores(real, fake))


def recipe(*overrides: str) -> Recipe:
    return builtin.get("cgan-bce", ["loss.halved=false", "discriminator.dropout=0", *overrides])


def log_sigmoid(x: Array) -> Array:
    return -np.logaddexp(0, -x)


def papers(r: Array, f: Array, a: float, b: float) -> dict[str, tuple[Array, Array]]:
    """The losses per pair of a real and a generated image, as they are written in the papers."""

    def cross_entropy(logit: Array, target: float) -> Array:
        return -(target * log_sigmoid(logit) + (1 - target) * log_sigmoid(-logit))

    def hinge(x: Array) -> Array:
        return np.maximum(0, x)

    real_above, fake_above = r - f.mean(), f - r.mean()
    bce = cross_entropy(r, a) + cross_entropy(f, b)
    plain = cross_entropy(r, 1) + cross_entropy(f, 0)
    return {
        "bce": (bce, -log_sigmoid(f)),
        "minimax": (bce, log_sigmoid(-f)),
        "least-squares": ((r - a) ** 2 + (f - b) ** 2, (f - 1) ** 2),
        "hinge": (hinge(1 - r) + hinge(1 + f), -f),
        "wasserstein": (f - r, -f),
        "logistic": (plain, -log_sigmoid(f)),
        "relativistic": (-log_sigmoid(r - f), -log_sigmoid(f - r)),
        "relativistic-average": (
            -log_sigmoid(real_above) - log_sigmoid(-fake_above),
            -log_sigmoid(fake_above) - log_sigmoid(-real_above),
        ),
    }


logits = st.lists(st.floats(-200, 200, width=32), min_size=4, max_size=4)


@given(logits, logits, st.floats(0.6, 1), st.floats(0, 0.4))
def test_losses_are_the_papers_formulas(real: list[float], fake: list[float], a: float, b: float) -> None:
    r, f = torch.tensor(real), torch.tensor(fake)
    expected = papers(r.double().numpy(), f.double().numpy(), a, b)
    assert set(expected) == set(LOSSES)
    for name, (d, g) in expected.items():
        targets = {"real_target": a, "fake_target": b} if name in WITH_TARGETS else {}
        np.testing.assert_allclose(d_loss(name, r, f, **targets), d, rtol=1e-5, atol=2e-4)
        np.testing.assert_allclose(g_loss(name, r, f), g, rtol=1e-5, atol=2e-4)


def test_cross_entropy_is_torch_s() -> None:
    r, f = torch.randn(2, 50, dtype=torch.float64) * 3
    for a, b in ((1.0, 0.0), (0.9, 0.0), (0.8, 0.3)):
        of_real = F.binary_cross_entropy(r.sigmoid(), torch.full_like(r, a), reduction="none")
        of_fake = F.binary_cross_entropy(f.sigmoid(), torch.full_like(f, b), reduction="none")
        torch.testing.assert_close(d_loss("bce", r, f, real_target=a, fake_target=b), of_real + of_fake)
    torch.testing.assert_close(
        g_loss("bce", r, f), F.binary_cross_entropy(f.sigmoid(), torch.ones_like(f), reduction="none")
    )
    torch.testing.assert_close(d_loss("logistic", r, f), d_loss("bce", r, f))
    torch.testing.assert_close(g_loss("logistic", r, f), g_loss("bce", r, f))


@pytest.mark.parametrize("name", LOSSES)
def test_the_discriminator_parts_the_kinds_and_the_generator_brings_them_together(name: str) -> None:
    """A step down the gradient raises the real logits and lowers the generated ones, and the other way round."""
    real, fake = 0.5 + torch.randn(2, 30) * 0.1
    real.requires_grad_()
    fake.requires_grad_()
    up, down = torch.autograd.grad(d_loss(name, real, fake).mean(), (real, fake))
    assert up.mean() < 0 < down.mean()
    (raised,) = torch.autograd.grad(g_loss(name, real, fake).mean(), fake)
    assert raised.max() < 0
    if name in RELATIVISTIC:
        (lowered,) = torch.autograd.grad(g_loss(name, real, fake).mean(), real)
        assert lowered.min() > 0


def test_minimax_fades_where_the_discriminator_wins_and_bce_does_not() -> None:
    fake = torch.tensor([-20.0, 0.0, 20.0], requires_grad=True)
    slopes = {name: torch.autograd.grad(g_loss(name, NOTHING, fake).sum(), fake)[0] for name in ("bce", "minimax")}
    torch.testing.assert_close(slopes["minimax"], -fake.detach().sigmoid())
    torch.testing.assert_close(slopes["bce"], -(-fake.detach()).sigmoid())
    assert -1e-8 < slopes["minimax"][0] < 0
    assert slopes["bce"][0] == pytest.approx(-1)
    assert slopes["bce"][1] == slopes["minimax"][1] == -0.5  # the game's own slope, while neither wins


def test_only_relativistic_losses_of_the_generator_ask_for_real_scores() -> None:
    asked: list[str] = []

    def judge(images: Any, labels: Any) -> Judgement:
        asked.append(images)
        return Judgement(torch.zeros(2))

    for name, loss in LOSSES.items():
        asked.clear()
        loss.g(Scores(judge, ("real", None), ("fake", None)))  # type: ignore[arg-type]
        assert sorted(asked) == (["fake", "real"] if name in RELATIVISTIC else ["fake"])


# The optimum over a few points, of which each kind of image is one with known probability.
P = np.array([6, 3, 1, 0, 10]) / 20
Q = np.array([1, 3, 6, 10, 0]) / 20


def batch(counts: Array) -> Tensor:
    """Points, as often as they are likely."""
    return torch.from_numpy(np.repeat(np.arange(len(counts)), np.round(counts).astype(int)))


def best_logits(loss: Callable[[Tensor], Tensor], points: int) -> Array:
    """The logit of each point at which a loss of all of them is smallest."""
    logit = torch.zeros(points, dtype=torch.float64, requires_grad=True)
    descent = torch.optim.LBFGS([logit], max_iter=300, tolerance_grad=1e-10, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        descent.zero_grad()
        value = loss(logit)
        value.backward()
        return value

    descent.step(closure)
    return logit.detach().numpy()


def answer(name: str, logit: Array) -> Array:
    """What the discriminator says: a probability, or for least squares the number itself."""
    return logit if name == "least-squares" else 1 / (1 + np.exp(-logit))


@pytest.mark.parametrize(("a", "b"), [(1.0, 0.0), (0.9, 0.0), (0.8, 0.3)])
@pytest.mark.parametrize("name", WITH_TARGETS)
def test_smoothing_moves_the_optimum_as_it_should(name: str, a: float, b: float) -> None:
    """(a p + b q) / (p + q), Goodfellow 2016, equation 8: with b > 0 it depends on q where there is no real image."""
    both = (P > 0) & (Q > 0) if (a, b) == (1, 0) and name != "least-squares" else P + Q > 0  # or logits are infinite
    p, q = P[both], Q[both]
    real, fake = batch(20 * p), batch(20 * q)
    found = best_logits(
        lambda logit: d_loss(name, logit[real], logit[fake], real_target=a, fake_target=b).mean(), len(p)
    )
    p, q = p / p.sum(), q / q.sum()
    np.testing.assert_allclose(answer(name, found), (a * p + b * q) / (p + q), atol=1e-4)


@pytest.mark.parametrize("name", WITH_TARGETS)
def test_flipping_is_smoothing_in_expectation(name: str) -> None:
    """Targets a and b exchanged with probability f are (1 - f) a + f b and (1 - f) b + f a on average."""
    p, q, f, a, b = np.array([0.6, 0.3, 0.1]), np.array([0.1, 0.3, 0.6]), 0.2, 0.95, 0.05
    n = 100_000
    real, fake = batch(n * p), batch(n * q)

    def same_flips(logit: Tensor) -> Tensor:
        torch.manual_seed(4)
        return d_loss(name, logit[real], logit[fake], real_target=a, fake_target=b, flip=f).mean()

    smooth_a, smooth_b = (1 - f) * a + f * b, (1 - f) * b + f * a
    expected = (smooth_a * p + smooth_b * q) / (p + q)
    error = (a - b) * np.sqrt(f * (1 - f) / (n * (p + q)))  # of the mean target at each point
    found = answer(name, best_logits(same_flips, 3))
    assert (np.abs(found - expected) < 4.5 * error).all()


def test_flips_of_both_kinds_are_drawn_apart() -> None:
    n, f = 40_000, 0.3
    spec = Loss(real_target=0.9, fake_target=0.1, flip=f)
    real, fake = losses.targets(scores(torch.zeros(n), torch.zeros(n)), spec)
    assert real.unique().tolist() == fake.unique().tolist() == pytest.approx([0.1, 0.9])
    flipped = (real < 0.5).double(), (fake > 0.5).double()
    for share, expected in ((flipped[0], f), (flipped[1], f), (flipped[0] * flipped[1], f * f)):
        assert abs(float(share.mean()) - expected) < 4.5 * np.sqrt(expected * (1 - expected) / n)
    again, _ = losses.targets(scores(torch.zeros(n), torch.zeros(n)), spec)
    assert not torch.equal(again, real)


def test_optimal_critics_of_the_losses_without_targets() -> None:
    p, q = np.array([6, 3, 1]) / 10, np.array([1, 2, 7]) / 10
    real, fake = batch(10 * p), batch(10 * q)
    np.testing.assert_allclose(
        best_logits(lambda logit: d_loss("logistic", logit[real], logit[fake]).mean(), 3), np.log(p / q), atol=1e-4
    )
    # hinge: the sign of p - q, since the loss of a point is piecewise linear (Lim & Ye 2017, section 3)
    grid = torch.linspace(-2, 2, 401)
    for x in range(3):
        of_point = p[x] * d_loss("hinge", grid, torch.full_like(grid, -1)) + q[x] * d_loss(
            "hinge", torch.full_like(grid, 1), grid
        )
        assert float(grid[of_point.argmin()]) == pytest.approx(np.sign(p[x] - q[x]), abs=0.011)
    # Wasserstein: p - q whatever the logits are, so that only the bound on the critic's slope ends its way
    logit = torch.randn(3, requires_grad=True)
    (slope,) = torch.autograd.grad(d_loss("wasserstein", logit[real], logit[fake]).mean(), logit)
    np.testing.assert_allclose(-slope, p - q, atol=1e-6)
    # relativistic: over all pairs, the log ratio again, but for a constant that no pair can tell
    pairs = torch.cartesian_prod(real, fake).T
    found = best_logits(lambda logit: d_loss("relativistic", logit[pairs[0]], logit[pairs[1]]).mean(), 3)
    np.testing.assert_allclose(found - found.mean(), np.log(p / q) - np.log(p / q).mean(), atol=1e-4)


# Penalties, where the gradient is known.
IMAGES = torch.linspace(-1, 1, 4 * 2 * 3 * 3, dtype=torch.float64).view(4, 2, 3, 3)
FAKES = IMAGES.flip(0).square() - 0.5
LABELS, FAKE_LABELS = torch.tensor([0, 1, 2, 3]), torch.tensor([4, 5, 6, 7])


class Asked:
    """A judge that keeps what it was asked, and the logits' function of images."""

    def __init__(self, logit: Callable[[Tensor], Tensor]) -> None:
        self.logit = logit

    def __call__(self, images: Tensor, labels: Tensor) -> Judgement:
        self.images, self.labels = images.detach(), labels
        return Judgement(self.logit(images))


def penalty(name: str, judge: Asked) -> Tensor:
    return PENALTIES[name](Scores(judge, (IMAGES, LABELS), (FAKES, FAKE_LABELS)))


SOLVED: dict[str, Callable[[Tensor], Tensor]] = {
    "wgan_gp": lambda norm: (norm - 1) ** 2,
    "zero_centred": lambda norm: norm**2,
    "dragan": lambda norm: (norm - 1) ** 2,
    "r1": lambda norm: norm**2 / 2,
    "r2": lambda norm: norm**2 / 2,
}


@pytest.mark.parametrize("name", PENALTIES)
def test_a_penalty_of_a_linear_critic_and_its_gradient_are_solved(name: str) -> None:
    assert set(SOLVED) == set(PENALTIES)
    w = torch.randn(2, 3, 3, dtype=torch.float64, requires_grad=True)
    found = penalty(name, Asked(lambda images: (images * w).flatten(1).sum(1) + 5))
    expected = SOLVED[name](w.norm())
    torch.testing.assert_close(found, expected.expand(4))
    (gradient,) = torch.autograd.grad(found.mean(), w)
    torch.testing.assert_close(gradient, torch.autograd.grad(expected, w)[0])


@pytest.mark.parametrize("name", PENALTIES)
def test_a_penalty_looks_where_it_should(name: str) -> None:
    """The critic |x|^2 / 2 has the gradient x, which tells the point; each image's alone counts."""
    judge = Asked(lambda images: images.flatten(1).square().sum(1) / 2)
    torch.manual_seed(2)
    torch.testing.assert_close(penalty(name, judge), SOLVED[name](judge.images.flatten(1).norm(dim=1)))
    assert torch.equal(judge.labels, FAKE_LABELS if name == "r2" else LABELS)
    if name in ("r1", "r2"):
        assert torch.equal(judge.images, FAKES if name == "r2" else IMAGES)
    elif name == "dragan":
        away = (judge.images - IMAGES) / (0.5 * IMAGES.std())
        assert bool(((away > 0) & (away < 1)).all())
        assert len(away.flatten().unique()) == away.numel()
    else:
        share = ((judge.images - IMAGES) / (FAKES - IMAGES)).flatten(1)
        torch.testing.assert_close(share, share[:, :1].expand_as(share))
        assert len(share[:, 0].unique()) == 4
        assert bool(((share > 0) & (share < 1)).all())


@pytest.mark.parametrize("name", ["wgan_gp", "zero_centred", "dragan"])
def test_penalties_draw_their_points_evenly(name: str) -> None:
    n = 20_000
    judge = Asked(lambda images: images.sum(1))
    real, fake = torch.zeros(n, 2), torch.full((n, 2), 1.0)
    if name == "dragan":
        real[: n // 2] = 1.0
    PENALTIES[name](Scores(judge, (real, torch.zeros(n)), (fake, torch.ones(n))))
    if name == "dragan":  # a uniform number of the image times one of the pixel: mean 1/4, of half a deviation
        away = (judge.images - real) / (0.5 * real.std())
        assert float(away.mean()) == pytest.approx(1 / 4, abs=4.5 * np.sqrt(1 / 9 / n))
    else:
        share = judge.images[:, 0]
        assert float(share.mean()) == pytest.approx(1 / 2, abs=4.5 / np.sqrt(12 * n))
        assert float(share.var()) == pytest.approx(1 / 12, rel=0.05)


@pytest.mark.parametrize("name", PENALTIES)
def test_a_penalty_is_finite_on_a_flat_critic(name: str) -> None:
    w = torch.zeros(2, 3, 3, dtype=torch.float64, requires_grad=True)
    found = penalty(name, Asked(lambda images: (images * w).flatten(1).sum(1)))
    torch.testing.assert_close(found, SOLVED[name](torch.tensor(0.0)).double().expand(4), atol=1e-5, rtol=0)
    (gradient,) = torch.autograd.grad(found.mean(), w)
    assert torch.equal(gradient, torch.zeros_like(w))


def test_a_penalty_of_generated_images_does_not_train_the_generator() -> None:
    fakes = FAKES.clone().requires_grad_()
    w = torch.ones(2, 3, 3, dtype=torch.float64, requires_grad=True)
    judge = Asked(lambda images: (images * w).flatten(1).sum(1) ** 2)
    for of in PENALTIES.values():
        value = of(Scores(judge, (IMAGES, LABELS), (fakes, FAKE_LABELS))).mean()
        (reached,) = torch.autograd.grad(value, fakes, allow_unused=True)
        assert reached is None


# What a recipe minimises.


def figures(terms: list[losses.Term], of: Scores) -> dict[str, float]:
    return {figure: value.item() for figure, value in losses.parts(terms, of, 0).items()}


@pytest.mark.parametrize("name", LOSSES)
def test_the_terms_of_a_recipe_are_its_loss(name: str) -> None:
    real, fake = torch.randn(2, 6)
    bound = ["penalty.r1=0.5", "discriminator.norm=layer"] if name == "wasserstein" else []
    for halved in (False, True):
        d_terms, g_terms = losses.terms(recipe(f"loss.name={name}", f"loss.halved={halved}", *bound))
        assert {term.figure for term in d_terms} == {"d_loss"} | ({"penalty"} if bound else set())
        parts = losses.parts([term for term in d_terms if term.figure == "d_loss"], scores(real, fake), 0)
        torch.testing.assert_close(parts["d_loss"], d_loss(name, real, fake).mean() * (0.5 if halved else 1))
        torch.testing.assert_close(
            losses.parts(g_terms, scores(real, fake), 0)["g_loss"], g_loss(name, real, fake).mean()
        )
        assert len(g_terms) == 1


def test_the_targets_of_a_recipe_reach_its_loss() -> None:
    real, fake = torch.randn(2, 6)
    d_terms, _ = losses.terms(recipe("loss.real_target=0.9", "loss.fake_target=0.2"))
    expected = d_loss("bce", real, fake, real_target=0.9, fake_target=0.2).mean()
    torch.testing.assert_close(losses.parts(d_terms, scores(real, fake), 0)["d_loss"], expected)


def test_penalties_add_up_under_one_figure() -> None:
    asked = recipe("penalty.r1=0.5", "penalty.r2=0.25", "penalty.wgan_gp=10", "penalty.every=3")
    d_terms, g_terms = losses.terms(asked)
    assert [(term.figure, term.weight, term.every) for term in d_terms] == [
        ("d_loss", 1.0, 1), ("penalty", 10.0, 3), ("penalty", 0.5, 3), ("penalty", 0.25, 3),
    ]  # fmt: skip
    assert [(term.figure, term.weight, term.every) for term in g_terms] == [("g_loss", 1.0, 1)]
    w = torch.full((2, 3, 3), 0.5, dtype=torch.float64)  # norm^2 = 4.5
    judged = Scores(Asked(lambda images: (images * w).flatten(1).sum(1)), (IMAGES, LABELS), (FAKES, FAKE_LABELS))
    found = losses.parts(d_terms, judged, 0)
    assert set(found) == {"d_loss", "penalty"}
    assert float(found["penalty"]) == pytest.approx(3 * (10 * (4.5**0.5 - 1) ** 2 + 0.5 * 2.25 + 0.25 * 2.25))


@pytest.mark.parametrize("every", [1, 2, 7])
def test_a_lazy_term_has_its_weight_on_average(every: int) -> None:
    term = losses.Term("penalty", 0.3, lambda s: s.real, every)
    always = losses.Term("d_loss", 2.0, lambda s: s.fake)
    steps = [losses.parts([always, term], scores(torch.ones(4), torch.ones(4)), step) for step in range(14)]
    assert sum(float(part["penalty"]) for part in steps if "penalty" in part) / 14 == pytest.approx(0.3)
    assert ["penalty" in part for part in steps] == [step % every == 0 for step in range(14)]
    assert {float(part["d_loss"]) for part in steps} == {2.0}


# The auxiliary classifier.


class Reader(torch.nn.Module):
    """A trunk, and a head for each question."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk, self.logit, self.classes = torch.nn.Linear(5, 4), torch.nn.Linear(4, 1), torch.nn.Linear(4, 10)

    def forward(self, images: Tensor, labels: Tensor) -> Judgement:
        features = torch.tanh(self.trunk(images))
        return Judgement(self.logit(features).squeeze(1), self.classes(features))


def reader() -> tuple[Reader, tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    torch.manual_seed(6)
    return Reader(), (torch.randn(8, 5), torch.arange(8)), (torch.randn(8, 5), torch.arange(8) + 2)


def reached(value: Tensor, network: Reader) -> set[str]:
    """The parts of a network whose weights a loss moves."""
    gradients = torch.autograd.grad(value, list(network.parameters()), retain_graph=True, allow_unused=True)
    named = zip(network.named_parameters(), gradients, strict=True)
    return {name.split(".")[0] for (name, _), gradient in named if gradient is not None and bool(gradient.any())}


def test_class_losses_are_cross_entropies() -> None:
    network, real, fake = reader()
    d_terms, g_terms = losses.terms(recipe("discriminator.condition=auxiliary", "loss.d_class=0.5", "loss.g_class=2"))
    judged = Scores(network, real, fake)
    expected = [F.cross_entropy(network(*side).classes, side[1]).item() for side in (real, fake)]
    assert figures(d_terms, judged)["d_class"] == pytest.approx(0.5 * sum(expected))
    assert figures(g_terms, judged)["g_class"] == pytest.approx(2 * expected[1])
    plain = recipe("discriminator.condition=projection")
    assert {term.figure for terms in losses.terms(plain) for term in terms} == {"d_loss", "g_loss"}


def test_class_losses_train_both_networks() -> None:
    network, real, (fakes, asked) = reader()
    fakes.requires_grad_()
    d_terms, g_terms = losses.terms(recipe("discriminator.condition=auxiliary"))
    judged = Scores(network, real, (fakes, asked))
    d_parts, g_parts = losses.parts(d_terms, judged, 0), losses.parts(g_terms, judged, 0)
    assert reached(d_parts["d_class"], network) == {"trunk", "classes"}
    assert reached(d_parts["d_loss"], network) == {"trunk", "logit"}
    for term in d_terms[1:]:  # of real and of generated images, each
        assert reached(term.of(judged).mean(), network) == {"trunk", "classes"}
    (to_generator,) = torch.autograd.grad(g_parts["g_class"], fakes, retain_graph=True)
    assert bool(to_generator.flatten(1).any(1).all())
    step = fakes.detach() - 0.5 * to_generator
    closer = F.cross_entropy(network(step, asked).classes, asked)
    assert closer < g_parts["g_class"]


def test_class_losses_of_weight_0_train_nobody() -> None:
    network, real, fake = reader()
    fake[0].requires_grad_()
    overrides = ["discriminator.condition=auxiliary", "loss.d_class=0", "loss.g_class=0"]
    d_terms, g_terms = losses.terms(recipe(*overrides))
    judged = Scores(network, real, fake)
    d_parts, g_parts = losses.parts(d_terms, judged, 0), losses.parts(g_terms, judged, 0)
    assert d_parts["d_class"].item() == g_parts["g_class"].item() == 0
    assert reached(d_parts["d_class"], network) == set()
    assert not torch.autograd.grad(g_parts["g_class"], fake[0])[0].any()


@pytest.mark.parametrize("reads_classes", [False, True])
def test_judging_together_is_judging_apart(reads_classes: bool) -> None:
    network, real, fake = reader()
    fake = fake[0][:5], fake[1][:5]  # of another size
    calls = []

    def judge(images: Tensor, labels: Tensor) -> Judgement:
        calls.append(len(images))
        judgement = network(images, labels)
        return judgement if reads_classes else Judgement(judgement.logits)

    together, apart = Scores(judge, real, fake), Scores(judge, real, fake)
    together.judge_together()
    for ours, theirs in (
        (together.real_judgement, apart.real_judgement),
        (together.fake_judgement, apart.fake_judgement),
    ):
        torch.testing.assert_close(ours.logits, theirs.logits)
        assert (ours.classes is not None) == reads_classes
        if reads_classes:
            torch.testing.assert_close(ours.classes, theirs.classes)
    assert calls == [13, 8, 5]
    assert together.real is together.real_judgement.logits
    assert calls == [13, 8, 5]  # asked once, kept


# Accuracy


@given(st.lists(st.sampled_from([-1.5, -0.25, 0.0, 0.25, 0.5, 0.75, 2.0]), min_size=6, max_size=20))
def test_accuracy_is_the_share_of_scores_on_their_side_of_the_boundary(values: list[float]) -> None:
    real, fake = values[:5], values[5:]
    for boundary in (0.0, 0.5):
        right = [score > boundary for score in real] + [score < boundary for score in fake]
        share = losses.accuracy(scores(torch.tensor(real), torch.tensor(fake)), boundary)
        assert float(share) == pytest.approx(np.mean(right))


def test_losses_whose_scores_have_a_boundary_have_an_accuracy() -> None:
    with_it = {
        name for name in LOSSES if "d_accuracy" in engines.figures(recipe(f"loss.name={name}", "penalty.wgan_gp=10"))
    }
    assert with_it == {"bce", "minimax", "least-squares", "logistic", "hinge"}


def test_each_loss_is_one_row_of_terms_and_one_of_facts() -> None:
    assert set(LOSSES) == set(FACTS)
    logits = torch.linspace(-1, 1, 4, dtype=torch.float64)
    for name, row in LOSSES.items():
        for of in (row.d(scores(logits, logits), Loss(name=name)), row.g(scores(logits, logits))):
            assert of.shape == (4,)
