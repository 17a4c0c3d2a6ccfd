"""The gradients of both players from one pass through the discriminator.

Where images are judged independently, and losses depend on their logits alone, a loss's gradient at an image, or at a
layer's output, is that of its logit times the loss's derivative at this logit. So one backward pass from the logits of
the generated images serves both losses: scaled by the generator's derivatives at the images, by the discriminator's
at the layers.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn

from condgan.engines import losses
from condgan.engines.bodies.layers import couples
from condgan.engines.game import Batch, Figures
from condgan.engines.losses import Scores
from condgan.engines.torch.fast.products import Linear
from condgan.engines.torch.layers import Embedding

if TYPE_CHECKING:
    from condgan.engines.torch.game import Game


class Use(NamedTuple):
    """A layer with weights, its input, (N, ...), and its output, (N, units), in a pass."""

    layer: nn.Module
    input: Tensor
    output: Tensor


def of_linear(layer: Any, given: Tensor, arrived: Tensor) -> dict[str, Tensor]:
    """Gradients of a linear layer's weights."""
    weight = {"weight": layer.weight_gradient(given, arrived).float()}
    return weight if layer.bias is None else weight | {"bias": arrived.sum(0).float()}


def of_embedding(layer: Any, given: Tensor, arrived: Tensor) -> dict[str, Tensor]:
    """Gradient of an embedding's rows."""
    return {"weight": torch.zeros_like(layer.weight).index_add_(0, given, arrived.to(layer.weight.dtype))}


Gradients = Callable[[Any, Tensor, Tensor], dict[str, Tensor]]
GRADIENTS: dict[type[nn.Module], Gradients] = {Linear: of_linear, Embedding: of_embedding}
"""Layer -> its input, and the gradient that arrived at its output -> gradients of its parameters."""


def possible(network: nn.Module) -> bool:
    """Whether images are judged each on its own, by layers of the table and others without weights."""
    weighted = [module for module in network.modules() if list(module.parameters(recurse=False))]
    return not couples(network) and all(type(module) in GRADIENTS for module in weighted)


@contextmanager
def watched(network: nn.Module) -> Iterator[list[Use]]:
    """The uses of its layers in the passes meanwhile."""
    uses: list[Use] = []

    def note(layer: nn.Module, given: tuple[Tensor], output: Tensor) -> None:
        uses.append(Use(layer, given[0].detach(), output))

    hooks = [module.register_forward_hook(note) for module in network.modules() if type(module) in GRADIENTS]
    try:
        yield uses
    finally:
        for hook in hooks:
            hook.remove()


def gradients(
    network: nn.Module, uses: list[Use], scores: Scores, d_loss: Tensor, g_loss: Tensor
) -> tuple[dict[str, Tensor], Tensor]:
    """Of d_loss at the network's parameters, by name, and of g_loss at the generated images, (N, ...).

    Real and generated images were judged together, the latter as a leaf that requires a gradient.
    """
    real, fake = torch.autograd.grad(d_loss, (scores.real, scores.fake))
    (pull,) = torch.autograd.grad(g_loss, scores.fake)
    ends = [scores.fake_images, *(use.output for use in uses)]
    at_images, *arrived = torch.autograd.grad((scores.real, scores.fake), ends, (real, torch.ones_like(fake)))
    shares = torch.cat([torch.ones_like(real), fake])[:, None]
    names = {module: name for name, module in network.named_modules()}
    by_name = {
        f"{names[use.layer]}.{name}": gradient
        for use, there in zip(uses, arrived, strict=True)
        for name, gradient in GRADIENTS[type(use.layer)](use.layer, use.input, there * shares.to(there.dtype)).items()
    }
    return by_name, at_images * pull.view(-1, *[1] * (at_images.dim() - 1))


def step(game: "Game", batch: Batch, shared: Tensor) -> Figures:
    """Both updates of a game from one pass through its discriminator, forward and backward."""
    scores = Scores(game.ops, game.judge, batch.real, (shared.detach().requires_grad_(), batch.generator[1]))
    with watched(game.discriminator) as uses:
        scores.judge_together()
    d_parts, g_parts = (losses.parts(terms, scores, game.number) for terms in (game.d_terms, game.g_terms))
    d_loss, g_loss = (game.ops.total(list(parts.values())) for parts in (d_parts, g_parts))
    by_name, pull = gradients(game.discriminator, uses, scores, d_loss, g_loss)
    game.g_descent.descend_from(shared, pull)
    game.d_descent.move([by_name[name] for name in game.d_descent.names])
    return game.of_generator(g_parts, pull) | game.of_discriminator(d_parts, scores)
