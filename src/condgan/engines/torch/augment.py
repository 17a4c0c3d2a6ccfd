"""What is done to real and generated images before the discriminator sees them."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn.functional import pad

from condgan import recipe


def middle(span: float) -> float:
    """The middle of the images' range, which ends at 1."""
    return 1 - span / 2


def brighten(images: Tensor, span: float) -> Tensor:
    """A number is added to each image: up to a quarter of the range, either way."""
    return images + (torch.rand((len(images), 1, 1, 1), device=images.device) - 0.5) * (span / 2)


def translate(images: Tensor, span: float) -> Tensor:
    """Each image is moved by whole pixels, up to an eighth of its side (rounded) along each axis.

    What comes in from outside is mid-grey, as in the paper: the edge tells how far an image was moved, so that the
    generator gains nothing by making moved images itself.
    """
    n, channels, side, _ = images.shape
    most = int(side / 8 + 0.5)
    padded = pad(images, (most,) * 4, value=middle(span))
    moved = torch.randint(2 * most + 1, (2, n, 1), device=images.device)
    rows, columns = torch.arange(side, device=images.device) + moved  # of the padded image, (N, S) each
    pixels = (rows[:, :, None] * padded.shape[-1] + columns[:, None]).view(n, 1, -1)
    return padded.flatten(2).gather(2, pixels.expand(-1, channels, -1)).view_as(images)


def cut_out(images: Tensor, span: float) -> Tensor:
    """A square of half the side (rounded) becomes mid-grey; its middle lies anywhere in the image."""
    side = images.shape[-1]
    hole = int(side / 2 + 0.5)
    first = torch.randint(-(hole // 2), side - (hole + 1) // 2 + 1, (2, len(images), 1), device=images.device)
    place = torch.arange(side, device=images.device) - first
    rows, columns = (place >= 0) & (place < hole)  # (N, S) each
    return images.masked_fill((rows[:, :, None] & columns[:, None])[:, None], middle(span))


CHANGES: dict[str, Callable[[Tensor, float], Tensor]] = {
    "brightness": brighten,
    "translation": translate,
    "cutout": cut_out,
}
"""DiffAugment (Zhao et al. 2020): name -> images (N, C, S, S) and the width of their range -> the same
shape, each image by its own draw."""


class Augmentation:
    """Changes each image by its own draws from torch's generator; gradients, and theirs, pass through.

    Attributes:
        p: probability of each change of the policy, float32 scalar on the device.
        noise: standard deviation of what is added to every image last (instance noise: Sonderby et al. 2017; Arjovsky &
            Bottou 2017), to be set as the training goes on; 0: none.
        nothing: images are always left as they are.
    """

    def __init__(self, spec: recipe.Augment, span: float, batch: int, device: torch.device) -> None:
        """Images have the range [1 - span, 1], and an adaptive probability is moved once for ``batch`` of them."""
        self.changes = [CHANGES[name] for name in spec.policy]
        self.span, self.target, self.pace = span, spec.target, batch / spec.adapt_images
        self.p = torch.tensor(spec.probability, dtype=torch.float32, device=device)
        self.noise = 0.0
        self.nothing = not spec.policy and not spec.noise

    def __call__(self, images: Tensor) -> Tensor:
        """(N, C, S, S), or (N, D) where the policy is empty -> the same shape; the input itself if nothing is done."""
        for change in self.changes:
            chosen = torch.rand((len(images), 1, 1, 1), device=images.device) < self.p
            images = torch.where(chosen, change(images, self.span), images)
        return images + self.noise * torch.randn_like(images) if self.noise else images

    @torch.no_grad()
    def observe(self, real_logits: Tensor) -> None:
        """Move an adaptive probability by the logits of real images, (N,) (Karras et al. 2020a, section 3).

        The discriminator overfits as the mean sign of these logits nears 1. The paper moves the probability every four
        steps; here it is each step, so that nothing adds up in between that a checkpoint would have to keep.
        """
        if self.target is not None:
            direction = torch.sign(real_logits.sign().mean() - self.target)
            self.p.add_(self.pace * direction).clamp_(0, 1)

    def tensors(self) -> Iterator[tuple[str, Tensor]]:
        """What changes in a training, by name, live."""
        if self.target is not None:
            yield "probability", self.p
