"""The arithmetic of the losses, in Jittor."""

import jittor as jt
import numpy as np

from condgan.engines import losses
from condgan.engines.jittor import randomness


class Scores(losses.Scores):
    """See ``condgan.engines.losses.Scores``."""

    @staticmethod
    def joined(first: jt.Var, second: jt.Var) -> jt.Var:
        """(N, ...) and (M, ...) -> (N + M, ...)."""
        return jt.concat([first, second], dim=0)

    @staticmethod
    def softplus(x: jt.Var) -> jt.Var:
        """log(1 + exp(x)); any shape."""
        return jt.ternary(x > 0, x, 0.0 * x) + jt.log(1 + jt.exp(jt.ternary(x > 0, -x, x)))

    @staticmethod
    def relu(x: jt.Var) -> jt.Var:
        """The positive part; any shape."""
        return jt.ternary(x > 0, x, 0.0 * x)

    @staticmethod
    def cross_entropy(logits: jt.Var, labels: jt.Var) -> jt.Var:
        """(N, K) and (N,) -> (N,)."""
        logits = logits - logits.max(dim=1, keepdims=True).detach()
        asked = (labels.unsqueeze(1) == jt.arange(logits.shape[1])).float32()
        return jt.log(jt.exp(logits).sum(dim=1)) - (logits * asked).sum(dim=1)

    @staticmethod
    def uniform(like: jt.Var, shape: tuple[int, ...]) -> jt.Var:
        """By the step's seed."""
        return jt.array(randomness.generator().random(shape, np.float32))

    def slope(self, images: jt.Var, labels: jt.Var) -> jt.Var:
        """(N, ...) and conditions (N, ...) -> (N, ...)."""
        images = images.detach()
        images.start_grad()
        return jt.grad(self.judge(images, labels).logits.sum(), images)
