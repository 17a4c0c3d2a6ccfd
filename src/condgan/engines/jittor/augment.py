"""What is done to real and generated images before the discriminator sees them."""

from collections.abc import Callable, Iterator

import jittor as jt
import numpy as np

from condgan import recipe
from condgan.engines.jittor import randomness


def middle(span: float) -> float:
    """The middle of the images' range, which ends at 1."""
    return 1 - span / 2


def brighten(images: jt.Var, span: float) -> jt.Var:
    """A number is added to each image: up to a quarter of the range, either way."""
    added = randomness.generator().random((len(images), 1, 1, 1), np.float32) - np.float32(0.5)
    return images + jt.array(added * np.float32(span / 2))


def translate(images: jt.Var, span: float) -> jt.Var:
    """Each image is moved by whole pixels, up to an eighth of its side (rounded) along each axis.

    What comes in from outside is mid-grey, as in the paper: the edge tells how far an image was moved, so that the
    generator gains nothing by making moved images itself.
    """
    n, channels, side, _ = images.shape
    most = int(side / 8 + 0.5)
    rows, columns = randomness.generator().integers(-most, most + 1, (2, n, 1)) + np.arange(side)  # (N, S) each
    inside = ((rows >= 0) & (rows < side))[:, :, None] & ((columns >= 0) & (columns < side))[:, None]
    pixels = np.clip(rows, 0, side - 1)[:, :, None] * side + np.clip(columns, 0, side - 1)[:, None]
    chosen = jt.array(np.repeat(pixels.reshape(n, 1, -1), channels, axis=1).astype(np.int32))
    moved = jt.gather(images.reshape(n, channels, -1), 2, chosen).reshape(images.shape)
    kept = jt.array(inside[:, None].astype(np.float32))
    return moved * kept + middle(span) * (1 - kept)


def cut_out(images: jt.Var, span: float) -> jt.Var:
    """A square of half the side (rounded) becomes mid-grey; its middle lies anywhere in the image."""
    n, side = len(images), images.shape[-1]
    hole = int(side / 2 + 0.5)
    first = randomness.generator().integers(-(hole // 2), side - (hole + 1) // 2 + 1, (2, n, 1))
    place = np.arange(side) - first
    rows, columns = (place >= 0) & (place < hole)  # (N, S) each
    kept = jt.array(1 - (rows[:, :, None] & columns[:, None])[:, None].astype(np.float32))
    return images * kept + middle(span) * (1 - kept)


CHANGES: dict[str, Callable[[jt.Var, float], jt.Var]] = {
    "brightness": brighten,
    "translation": translate,
    "cutout": cut_out,
}
"""DiffAugment (Zhao et al. 2020): name -> images (N, C, S, S) and the width of their range -> the same
shape, each image by its own draw."""


class Augmentation:
    """Changes each image by its own draws; gradients, and theirs, pass through.

    Attributes:
        p: probability of each change of the policy, (1,).
        noise: standard deviation of what is added to every image last (instance noise: Sonderby et al. 2017; Arjovsky &
            Bottou 2017), to be set as the training goes on; 0: none.
    """

    def __init__(self, spec: recipe.Augment, span: float, batch: int) -> None:
        """Images have the range [1 - span, 1], and an adaptive probability is moved once for ``batch`` of them."""
        self.changes = [CHANGES[name] for name in spec.policy]
        self.span, self.target, self.pace = span, spec.target, batch / spec.adapt_images
        self.p = jt.array(np.full(1, spec.probability, np.float32)).stop_grad()
        self.noise = 0.0

    def __call__(self, images: jt.Var) -> jt.Var:
        """(N, C, S, S), or (N, D) where the policy is empty -> the same shape; the input itself if nothing is done."""
        for change in self.changes:
            drawn = jt.array(randomness.generator().random((len(images), 1, 1, 1), np.float32))
            chosen = (drawn < self.p.detach().reshape(1, 1, 1, 1)).float32()
            images = chosen * change(images, self.span) + (1 - chosen) * images
        if not self.noise:
            return images
        noise = randomness.generator().standard_normal(tuple(images.shape), np.float32)
        return images + jt.array(noise * np.float32(self.noise))

    def observe(self, real_logits: jt.Var) -> None:
        """Move an adaptive probability by the logits of real images, (N,) (Karras et al. 2020a, section 3).

        The discriminator overfits as the mean sign of these logits nears 1. The paper moves the probability every four
        steps; here it is each step, so that nothing adds up in between that a checkpoint would have to keep.
        """
        if self.target is None:
            return
        logits = real_logits.detach()
        excess = ((logits > 0).float32() - (logits < 0).float32()).mean() - self.target
        direction = (excess > 0).float32() - (excess < 0).float32()
        self.p.update((self.p + self.pace * direction).clamp(0.0, 1.0))

    def tensors(self) -> Iterator[tuple[str, jt.Var]]:
        """What changes in a training, by name, live."""
        if self.target is not None:
            yield "probability", self.p
