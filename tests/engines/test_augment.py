"""What is done to images before the discriminator sees them, against brute force and by what it means."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from condgan.engines.augment import CHANGES, Augmentation
from condgan.engines.torch.operations import TORCH
from condgan.engines.torch.tensors import copies, copy_into
from condgan.recipe import Augment

Size = tuple[int, int]
SHAPES = [(2.0, 1, (28, 28)), (1.0, 3, (13, 13)), (2.0, 3, (4, 4)), (2.0, 1, (17, 28)), (1.0, 3, (24, 5))]


def augmentation(span: float = 2.0, batch: int = 50, **fields: Any) -> Augmentation:
    spec = Augment(**fields)
    return Augmentation(TORCH, spec, span, batch, torch.tensor(spec.probability))


def images(n: int, channels: int = 1, size: Size = (28, 28), span: float = 2.0) -> Tensor:
    """Distinct numbers from all of the range [1 - span, 1]."""
    return 1 - span * torch.rand(n, channels, *size, generator=torch.Generator().manual_seed(5))


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(3)


def test_nothing_to_do_costs_nothing() -> None:
    for given in (images(3), torch.randn(3, 2)):
        assert augmentation()(given) is given
        assert augmentation(probability=0.3, target=None)(given) is given


@pytest.mark.parametrize(("span", "channels", "size"), SHAPES)
@pytest.mark.parametrize("name", CHANGES)
def test_each_image_is_changed_with_the_probability(name: Any, span: float, channels: int, size: Size) -> None:
    given = images(4000, channels, size, span)
    for p in (0.0, 0.3, 1.0):
        changed = augmentation(span, policy=(name,), probability=p)(given)
        assert changed.shape == given.shape
        assert changed.dtype == torch.float32
        share = float((changed != given).flatten(1).any(1).float().mean())
        shifts = math.prod(2 * int(side / 8 + 0.5) + 1 for side in size)
        visible = 1 - 1 / shifts if name == "translation" else 1.0  # by 0 pixels is a translation too
        expected = p * visible
        assert abs(share - expected) <= 4.5 * np.sqrt(expected * (1 - expected) / len(given))


def test_changes_are_chosen_apart_from_each_other() -> None:
    given = images(8000)
    changed = augmentation(policy=("brightness", "cutout"), probability=0.5)(given)
    moved = changed - given
    hole = (changed == 0).flatten(1).any(1)
    brighter = (moved.flatten(1).abs() > 0).float().mean(1) > 0.9  # all pixels, where a hole is at most a quarter
    for share in (hole & brighter, hole & ~brighter, ~hole & brighter, ~hole & ~brighter):
        assert abs(float(share.float().mean()) - 0.25) < 4.5 * np.sqrt(0.25 * 0.75 / len(given))


@pytest.mark.parametrize(("span", "channels", "size"), SHAPES)
def test_brightness_adds_one_number_to_an_image(span: float, channels: int, size: Size) -> None:
    given = images(3000, channels, size, span)
    added = (CHANGES["brightness"](TORCH, given, span) - given).flatten(1)
    torch.testing.assert_close(added, added[:, :1].expand_as(added), atol=1e-6, rtol=0)
    numbers = added[:, 0].double().numpy()
    assert -span / 4 - 1e-6 < numbers.min() < -0.98 * span / 4
    assert 0.98 * span / 4 < numbers.max() < span / 4 + 1e-6
    assert abs(numbers.mean()) < 4.5 * span / 2 / np.sqrt(12 * len(numbers))
    assert numbers.var() == pytest.approx((span / 2) ** 2 / 12, rel=0.1)


@pytest.mark.parametrize(
    ("span", "channels", "size", "most"),
    [
        (2.0, 1, (28, 28), (4, 4)),
        (1.0, 3, (13, 13), (2, 2)),
        (2.0, 3, (4, 4), (1, 1)),
        (2.0, 1, (17, 28), (2, 4)),
        (1.0, 3, (24, 5), (3, 1)),
    ],
)
def test_translation_is_a_shift_by_whole_pixels(span: float, channels: int, size: Size, most: Size) -> None:
    given, (height, width) = images(1500, channels, size, span), size
    moved = CHANGES["translation"](TORCH, given, span)
    found: list[tuple[int, int]] = []
    shifts = [(down, right) for down in range(-most[0], most[0] + 1) for right in range(-most[1], most[1] + 1)]
    for before, after in zip(given.numpy(), moved.numpy(), strict=True):
        for down, right in shifts:
            expected = np.full_like(before, 1 - span / 2)
            inside = slice(max(down, 0), height + min(down, 0)), slice(max(right, 0), width + min(right, 0))
            source = slice(max(-down, 0), height + min(-down, 0)), slice(max(-right, 0), width + min(-right, 0))
            expected[:, *inside] = before[:, *source]
            if np.array_equal(expected, after):
                found.append((down, right))
                break
    assert len(found) == len(given)  # each image is one of the shifts, and its channels move together
    counts = np.array([found.count(shift) for shift in shifts])
    mean = len(given) / len(shifts)
    assert ((counts - mean) ** 2 / mean).sum() < len(shifts) + 4.5 * np.sqrt(2 * len(shifts))  # chi squared


@pytest.mark.parametrize(("span", "channels", "size"), SHAPES)
def test_cutout_is_a_grey_rectangle_of_half_the_sides(span: float, channels: int, size: Size) -> None:
    given = images(2000, channels, size, span)
    cut = CHANGES["cutout"](TORCH, given, span)
    halves = [int(side / 2 + 0.5) for side in size]
    places = []
    for before, after in zip(given.numpy(), cut.numpy(), strict=True):
        hole = (before != after).any(0)
        rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
        square = np.zeros_like(hole)
        square[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
        assert np.array_equal(after, np.where(square, np.float32(1 - span / 2), before))
        for at, side, half in zip((rows, columns), size, halves, strict=True):
            touches = at[0] == 0 or at[-1] == side - 1
            assert len(at) == half or touches  # what is missing lies beyond the edge
        places.append(((rows[0], rows[-1]), (columns[0], columns[-1])))
    # its middle is any pixel, or with an even side any corner of one: each place along an axis as likely as the others
    for axis, side, half in zip(zip(*places, strict=True), size, halves, strict=True):
        firsts = range(-(half // 2), side - half + half // 2 + 1)
        visible = [(max(first, 0), min(first + half, side) - 1) for first in firsts]
        counts = np.array([axis.count(place) for place in visible])
        assert counts.sum() == len(given)
        mean = len(given) / len(visible)
        assert ((counts - mean) ** 2 / mean).sum() < len(visible) + 4.5 * np.sqrt(2 * len(visible))


def test_gradients_pass() -> None:
    given = images(2, 2, (4, 5)).double().requires_grad_()
    for name, change in CHANGES.items():

        def repeated(x: Tensor, change: Any = change) -> Tensor:
            torch.manual_seed(8)
            changed: Tensor = change(TORCH, x, 2.0)
            return changed

        assert torch.autograd.gradcheck(repeated, given), name
        assert torch.autograd.gradgradcheck(lambda x, f=repeated: f(x) ** 3, given), name
    torch.manual_seed(8)
    (gradient,) = torch.autograd.grad(CHANGES["cutout"](TORCH, given, 2.0).sum(), given)
    torch.manual_seed(8)
    assert torch.equal(gradient, (CHANGES["cutout"](TORCH, given, 2.0) != 0).double())


def test_a_gradient_penalty_goes_through() -> None:
    whole = augmentation(policy=("brightness", "translation", "cutout"), probability=0.7)
    whole.noise = 0.1
    given = images(6, 3, (9, 9)).requires_grad_()
    weight = torch.randn(3, 9, 9, requires_grad=True)
    torch.manual_seed(8)
    (slope,) = torch.autograd.grad((whole(given) * weight).sum(), given, create_graph=True)
    penalty = slope.square().sum()
    (gradient,) = torch.autograd.grad(penalty, weight)
    # a weight counts for as many images as show their own pixel there, and the penalty is its square as often
    torch.manual_seed(8)
    shown = torch.autograd.grad((whole(given) * torch.ones_like(weight)).sum(), given)[0]
    assert penalty.item() > 0
    assert float(gradient.flatten() @ weight.detach().flatten()) == pytest.approx(2 * penalty.item(), rel=1e-4)
    assert shown.unique().tolist() == [0, 1]


def test_noise_is_normal_and_added_to_every_number() -> None:
    for given in (images(400), torch.randn(40_000, 3)):
        blurred = augmentation()
        blurred.noise = 0.2
        added = (blurred(given) - given).double()
        error = 0.2 / np.sqrt(added.numel())
        assert abs(float(added.mean())) < 4.5 * error
        assert float(added.std()) == pytest.approx(0.2, abs=4.5 * error)
        assert float((added**4).mean() / added.var() ** 2) == pytest.approx(3, abs=0.1)
        assert bool((added != 0).float().mean() > 0.99)
        blurred.noise = 0.0
        assert blurred(given) is given


def test_noise_comes_last() -> None:
    blurred = augmentation(policy=("cutout",))
    blurred.noise = 0.1
    assert not (blurred(images(50)) == 0).any()  # no hole without noise


def test_draws_are_the_seed_s_and_each_batch_s_own() -> None:
    whole = augmentation(policy=("brightness", "translation", "cutout"), probability=0.8)
    whole.noise = 0.1
    given = images(20)
    real, fake = whole(given), whole(given)
    assert not torch.equal(real, fake)
    torch.manual_seed(3)
    assert torch.equal(whole(given), real)
    assert torch.equal(whole(given), fake)
    alike = whole(given[:1].expand(50, -1, -1, -1))
    assert len(alike.unique(dim=0)) == 50


def adaptive(**fields: Any) -> Augmentation:
    return augmentation(policy=("brightness",), target=0.6, adapt_images=1000, **fields)


def test_the_probability_stays_without_a_target() -> None:
    fixed = augmentation(policy=("brightness",), probability=0.3)
    for _ in range(5):
        fixed.observe(torch.ones(50))
    assert fixed.p.item() == pytest.approx(0.3)
    assert list(fixed.tensors()) == []


def test_the_probability_adapts_within_its_range_at_its_pace() -> None:
    moving = adaptive(probability=0)
    assert moving.p.dtype == torch.float32
    assert moving.p.shape == ()
    for step in range(1, 31):
        moving.observe(torch.full((50,), 2.0, requires_grad=True))  # all real images taken for real: it overfits
        assert moving.p.item() == pytest.approx(min(1, step * 50 / 1000))  # from 0 to 1 in 1000 images
    for step in range(1, 31):
        moving.observe(torch.full((50,), -0.1))
        assert moving.p.item() == pytest.approx(max(0, 1 - step * 50 / 1000), abs=1e-6)
    assert not moving.p.requires_grad


def test_the_probability_rests_where_the_signs_are_on_target() -> None:
    """Augmentation makes the sign of real logits fall from 1 (p = 0) to 0.2 (p = 1): 0.6 is at p = 1/2."""
    moving = augmentation(policy=("cutout",), probability=0, target=0.6, adapt_images=20_000)
    seen = []
    for _ in range(3000):
        positive = (1 + 1 - 0.8 * moving.p) / 2
        moving.observe(torch.where(torch.rand(50) < positive, 1.0, -1.0))
        seen.append(moving.p.item())
    assert np.mean(seen[1000:]) == pytest.approx(0.5, abs=0.03)
    moving = adaptive(probability=0.5)
    moving.observe(torch.tensor([1.0, 1, 1, 1, -1]))  # a mean of 0.6
    assert moving.p.item() == 0.5
    moving.observe(torch.tensor([9.0, 9, 9, -1, -1]))  # their signs, not how large they are
    assert moving.p.item() < 0.5


def test_the_probability_survives_a_checkpoint() -> None:
    before, after = adaptive(probability=0.25), adaptive(probability=0)
    before.observe(torch.ones(50))
    copy_into(dict(after.tensors()), copies(dict(before.tensors())))
    assert [name for name, _ in after.tensors()] == ["probability"]
    assert after.p.item() == before.p.item() == pytest.approx(0.3)
    given = images(200)
    torch.manual_seed(1)
    expected = before(given)
    torch.manual_seed(1)
    assert torch.equal(after(given), expected)


def test_an_adapted_probability_is_the_one_that_acts() -> None:
    moving = adaptive(probability=0)
    given = images(100)
    assert torch.equal(moving(given), given)
    for _ in range(20):
        moving.observe(torch.ones(50))
    assert ((moving(given) - given).flatten(1).abs().amax(1) > 0).all()
