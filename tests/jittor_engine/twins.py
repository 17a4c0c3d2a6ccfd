"""What the tests of the Jittor engine share. They need an environment with Jittor: ``make test-jittor``."""

from typing import Any

import numpy as np

from condgan import engines
from condgan.data.dataset import Split
from condgan.engines import Settings
from condgan.recipe import Domain, Recipe, builtin

SIZE, CLASSES, IMAGES = 8, 4, 60
DOMAIN = Domain(channels=1, size=SIZE, class_names=("a", "b", "c", "d"), data="noise", data_sha256="0" * 64)
ONE_THREAD = Settings(device="cpu", threads=1, threads_by="machine.threads", precision="float32")
RANDOM = np.random.default_rng(4)
DATA = RANDOM.integers(0, 256, (IMAGES, 1, SIZE, SIZE), dtype=np.uint8)
LABELS = RANDOM.integers(0, CLASSES, IMAGES)
ASKED = RANDOM.standard_normal((20, 6)).astype(np.float32), np.arange(20) % CLASSES
"""Latents and classes of pictures."""
SMALL = (
    *("latent.dim=6", "generator.hidden=12,10", "discriminator.hidden=10,12", "generator.width=4"),
    *("discriminator.width=4", "train.batch=24", "data.size=8"),
)
BRANCHED = {
    "cgan-paper": (
        *("generator.hidden=12", "generator.branches=6,8", "discriminator.hidden=7", "discriminator.branches=9,5"),
        "train.batch=60",
    )
}
"""Networks whose branches must fit; a ragged batch, which every other recipe has, would be compiled for once more."""


def recipe(name: str, *overrides: str) -> Recipe:
    return builtin.get(name, [*SMALL, *BRANCHED.get(name, ()), *overrides])


def build(engine: str, name: str, *overrides: str, domain: Domain = DOMAIN) -> Any:
    """An engine by its name, of small networks on noise."""
    images = DATA
    if domain.shape != DOMAIN.shape:
        images = np.random.default_rng(4).integers(0, 256, (IMAGES, *domain.shape), dtype=np.uint8)
    return engines.load(engine).build(recipe(name, *overrides), domain, Split(images, LABELS), ONE_THREAD)


def twins(name: str, *overrides: str, domain: Domain = DOMAIN) -> tuple[Any, Any]:
    """The same networks in torch and in Jittor, with torch's first weights."""
    torch, jittor = (build(engine, name, *overrides, domain=domain) for engine in ("torch", "jittor"))
    jittor.load(torch.state())
    return torch, jittor
