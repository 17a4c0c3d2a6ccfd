"""Changes of real and generated images before the discriminator sees them, whatever the framework."""

from collections.abc import Callable, Iterator

from condgan import recipe
from condgan.engines.bodies.operations import Array, Operations


def brighten(ops: Operations, images: Array, span: float) -> Array:
    """A number is added to each image: up to a quarter of the range, either way."""
    return images + (ops.uniform(images, (len(images), 1, 1, 1)) - 0.5) * (span / 2)


def translate(ops: Operations, images: Array, span: float) -> Array:
    """Each image is moved by whole pixels, up to an eighth of its height and of its width (rounded).

    What comes in from outside is mid-grey, as in the paper: the edge tells how far an image was moved, so that the
    generator gains nothing by generating moved images itself.
    """
    return ops.translated(images, part(images, 8), 1 - span / 2)


def cut_out(ops: Operations, images: Array, span: float) -> Array:
    """A rectangle of half the height and half the width (rounded) becomes mid-grey; its middle lies anywhere."""
    return ops.cut_out(images, part(images, 2), 1 - span / 2)


def part(images: Array, divisor: int) -> tuple[int, int]:
    """Of the height and of the width, rounded."""
    height, width = images.shape[2:]
    return int(height / divisor + 0.5), int(width / divisor + 0.5)


CHANGES: dict[str, Callable[[Operations, Array, float], Array]] = {
    "brightness": brighten,
    "translation": translate,
    "cutout": cut_out,
}
"""DiffAugment (Zhao et al. 2020): name -> images (N, C, H, W) and the width of their range, which ends at 1 -> the same
shape, each image by its own draw."""


class Augmentation:
    """Changes each image by its own draws; gradients, and theirs, pass through.

    Attributes:
        p: probability of each change of the policy, a float32 number on the device.
        noise: standard deviation of the noise that is added last (Sonderby et al. 2017; Arjovsky & Bottou 2017).
        nothing: images are never changed.
    """

    def __init__(self, ops: Operations, spec: recipe.Augment, span: float, batch: int, p: Array) -> None:
        """Images have the range [1 - span, 1], and an adaptive probability is moved once for ``batch`` of them."""
        self.ops, self.changes = ops, [CHANGES[name] for name in spec.policy]
        self.span, self.target, self.pace = span, spec.target, batch / spec.adapt_images
        self.p, self.noise = p, 0.0
        self.nothing = not spec.policy and not spec.noise

    def __call__(self, images: Array) -> Array:
        """(N, C, H, W), or (N, D) where the policy is empty -> the same shape; the input itself if nothing is done."""
        for change in self.changes:
            images = self.ops.sometimes(images, self.p, lambda x, change=change: change(self.ops, x, self.span))
        return self.ops.noisy(images, self.noise) if self.noise else images

    def observe(self, real_logits: Array) -> None:
        """Move an adaptive probability by the logits of real images, (N,) (Karras et al. 2020a, section 3).

        The discriminator overfits as the mean sign of these logits nears 1. Moved each step (in the paper, every four),
        so that no sums have to be saved.
        """
        if self.target is not None:
            self.ops.adapt(self.p, real_logits, self.target, self.pace)

    def tensors(self) -> Iterator[tuple[str, Array]]:
        """What changes in a training, by name, live."""
        if self.target is not None:
            yield "probability", self.p
