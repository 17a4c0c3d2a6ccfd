"""How a condition enters the networks, against the papers' formulas in numpy."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn

from condgan.engines.bodies.conditioning import Modulation, beside, encoder, head
from condgan.engines.torch.operations import TORCH
from condgan.recipe import Discriminator, Domain, Generator

Array = npt.NDArray[np.float64]
N, WIDTH = 6, 5
CLASSES = Domain(channels=1, size=8, class_names=("a", "b", "c"), data="x", data_sha256="0" * 64)
VECTORS = Domain(channels=1, size=8, condition=4, data="x", data_sha256="0" * 64)
DOMAINS = {"classes": CLASSES, "vectors": VECTORS}


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(5)


def conditions(domain: Domain) -> Tensor:
    return torch.arange(N) % domain.classes if domain.condition is None else torch.randn(N, domain.condition)


def array(tensor: Tensor) -> Array:
    found: Array = tensor.detach().double().numpy()
    return found


def linear(module: nn.Linear, x: Tensor) -> Array:
    mapped: Array = array(x) @ array(module.weight).T + array(module.bias)
    return mapped


def encoded(module: nn.Module, given: Tensor) -> Array:
    """What a learned vector of each condition is: a row of a table, or a linear map."""
    if isinstance(module, nn.Embedding):
        return array(module.weight[given])
    assert isinstance(module, nn.Linear)
    return linear(module, given)


def logit(module: Any, features: Tensor) -> Array:
    return linear(module.logit, features)[:, 0]


@pytest.mark.parametrize("kind", DOMAINS)
def test_a_learned_vector_beside_the_input(kind: str) -> None:
    domain = DOMAINS[kind]
    given = conditions(domain)
    for asked, width in ((6, 6), (None, domain.condition or domain.classes)):
        for spec in (Generator(condition_dim=asked), Discriminator(condition_dim=asked)):
            module, found = beside(TORCH, spec, domain)
            assert found == width
            np.testing.assert_allclose(array(module(given)), encoded(module, given), atol=1e-6)
            assert module(given).shape == (N, width)


def test_a_condition_beside_the_input_as_it_is() -> None:
    labels, vectors = conditions(CLASSES), conditions(VECTORS)
    module, width = beside(TORCH, Generator(condition="one-hot"), CLASSES)
    assert width == 3
    assert module(labels).dtype == torch.float32
    np.testing.assert_array_equal(module(labels), np.eye(3)[labels.numpy()])
    module, width = beside(TORCH, Discriminator(condition="vector"), VECTORS)
    assert width == 4
    assert torch.equal(module(vectors), vectors)


def test_nothing_beside_the_input_where_the_condition_enters_elsewhere() -> None:
    for spec in (
        Generator(condition="norm", norm="batch"), Generator(condition="none"), Discriminator(condition="projection"),
        Discriminator(condition="auxiliary"), Discriminator(condition="none"),
    ):  # fmt: skip
        for domain in DOMAINS.values():
            module, width = beside(TORCH, spec, domain)
            assert width == 0
            assert module(conditions(domain)).shape == (N, 0)
            assert module(conditions(domain)).dtype == torch.float32


@pytest.mark.parametrize("kind", DOMAINS)
def test_projection(kind: str) -> None:
    """Miyato & Koyama 2018, equation 3: y' V phi(x) + psi(phi(x))."""
    domain = DOMAINS[kind]
    given, features = conditions(domain), torch.randn(N, WIDTH)
    module: Any = head(TORCH, Discriminator(condition="projection"), WIDTH, domain)
    judgement = module(features, given)
    expected = logit(module, features) + (encoded(module.condition, given) * array(features)).sum(1)
    np.testing.assert_allclose(array(judgement.logits), expected, atol=1e-5)
    assert judgement.logits.shape == (N,)
    assert judgement.classes is None
    other = module(features, given.roll(1, 0)).logits
    assert not torch.isclose(other, judgement.logits).any()


def test_an_auxiliary_head_reads_the_class_and_its_logit_does_not_see_the_label() -> None:
    given, features = conditions(CLASSES), torch.randn(N, WIDTH, requires_grad=True)
    module: Any = head(TORCH, Discriminator(condition="auxiliary"), WIDTH, CLASSES)
    judgement = module(features, given)
    np.testing.assert_allclose(array(judgement.logits), logit(module, features), atol=1e-6)
    np.testing.assert_allclose(array(judgement.classes), linear(module.classes, features), atol=1e-6)
    other = module(features, given.roll(1))
    assert torch.equal(other.logits, judgement.logits)
    assert torch.equal(other.classes, judgement.classes)
    for answer in judgement:
        assert torch.autograd.grad(answer.sum(), features)[0].any()


@pytest.mark.parametrize("condition", ["embedding", "one-hot", "vector", "none"])
def test_other_heads_are_a_linear_map(condition: Any) -> None:
    features = torch.randn(N, WIDTH)
    module: Any = head(TORCH, Discriminator(condition=condition), WIDTH, CLASSES)
    judgement = module(features, conditions(CLASSES))
    np.testing.assert_allclose(array(judgement.logits), logit(module, features), atol=1e-6)
    assert judgement.classes is None
    assert [name for name, _ in module.named_parameters()] == ["logit.weight", "logit.bias"]


@pytest.mark.parametrize("shape", [(N, WIDTH), (N, WIDTH, 3, 2)])
@pytest.mark.parametrize("kind", DOMAINS)
def test_modulation(kind: str, shape: tuple[int, ...]) -> None:
    """Dumoulin et al. 2017, equation 5: a gain and a bias of each channel, that of 1 and 0 before any training."""
    domain = DOMAINS[kind]
    module, given, x = Modulation(TORCH, WIDTH, domain), conditions(domain), torch.randn(shape)
    assert torch.equal(module(x, given), x)
    module(x, given).square().sum().backward()
    moved = [bool(parameter.grad.any()) for parameter in module.parameters() if parameter.grad is not None]
    assert moved == [True] * len(list(module.parameters()))  # the identity is no trap
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    wide = (N, WIDTH, *[1] * (len(shape) - 2))
    gain, bias = (encoded(part, given).reshape(wide) for part in (module.gain, module.bias))
    np.testing.assert_allclose(array(module(x, given)), array(x) * (1 + gain) + bias, atol=1e-5)


def test_an_encoder_takes_what_the_domain_has() -> None:
    assert (
        encoder(TORCH, CLASSES, 6)(conditions(CLASSES)).shape
        == encoder(TORCH, VECTORS, 6)(conditions(VECTORS)).shape
        == (N, 6)
    )
