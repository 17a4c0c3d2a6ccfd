"""Generators whose every image has the mark."""

from os import PathLike

from condgan.arrays import Conditions, Latents, Samples
from condgan.engines import Sampler
from condgan.errors import CondganError
from condgan.generation.generator import Generator
from condgan.marks import keys, marking, pattern
from condgan.marks.keys import Key


class Marking:
    """A sampler that marks what another one draws: each image on its own, so that batches do not matter."""

    def __init__(self, sampler: Sampler, patterns: pattern.Patterns, payload: str) -> None:
        self.sampler, self.patterns, self.payload = sampler, patterns, payload

    def sample(self, latents: Latents, labels: Conditions) -> Samples:
        """As for ``Sampler``."""
        return marking.marked(self.sampler.sample(latents, labels), self.patterns, self.payload)


def marked(generator: Generator, key: Key | str | PathLike[str]) -> Generator:
    """A generator of the same images with an invisible mark, which ``condgan.verify(..., key=key)`` finds.

    The mark says which key and which generator made an image: the first 16 bits of the generator's hash, which are read
    from several images together. Each image depends on the key and its number alone, and has a PSNR of at least 40 dB.

    Args:
        generator: of images.
        key: a key, or the path of a key file.

    Raises:
        CondganError: the key cannot be read; the generator makes vectors, or images with sides below 16 pixels.
    """
    found = keys.of(key)
    assert found is not None
    if generator.domain.vector is not None:
        raise CondganError(f"{generator.recipe.name} generates vectors, which cannot have a mark")
    _, height, width = generator.domain.shape
    result = Generator(
        generator.recipe, generator.domain, generator.images_seen, generator.state, generator.facts, generator.engine
    )
    patterns = pattern.patterns(found, (height, width))
    result.watermark = found.fingerprint
    result.sampler = Marking(generator.sampler, patterns, pattern.payload(generator.sha256))
    return result
