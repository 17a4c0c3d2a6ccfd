"""The generators at hand, by which pictures are made again."""

from contextlib import suppress
from functools import cached_property
from os import PathLike
from pathlib import Path

from condgan.errors import CondganError
from condgan.generation.generator import CHECKPOINTS, SHIPPED, Generator, load
from condgan.generation.marked import marked
from condgan.marks.keys import Key
from condgan.provenance.signing import Trust
from condgan.runs.run import Run
from condgan.storage.manifest import Manifest


class Generators:
    """The generators at hand: those of the package, one that is given, and those of a run that is looked at."""

    def __init__(
        self,
        given: str | PathLike[str] | None = None,
        engine: str | None = None,
        run: Path | None = None,
        key: Key | None = None,
        trust: Trust | None = None,
    ) -> None:
        """Raises a CondganError where the one that is given cannot be loaded."""
        self.engine = engine
        self.given = None if given is None else load(given, engine=engine)
        self.left = [] if run is None else of_run(run)
        self.key, self.trust = key, trust or Trust()
        self.marking: dict[str, Generator] = {}

    @cached_property
    def known(self) -> dict[str, Generator]:
        """By hash."""
        at_hand = [load(name, engine=self.engine) for name in SHIPPED]
        return {generator.sha256: generator for generator in [*at_hand, *([self.given] if self.given else [])]}

    def of(self, manifest: Manifest) -> Generator | None:
        """The generator that a manifest names; those of a run are loaded one after another until it is found."""
        wanted = manifest.generator_sha256
        while wanted is not None and wanted not in self.known and self.left:
            path, checkpoint = self.left.pop(0)
            with suppress(CondganError):
                generator = load(path, checkpoint, self.engine)
                self.known[generator.sha256] = generator
        return None if wanted is None else self.known.get(wanted)

    def making(self, generator: Generator, manifest: Manifest) -> Generator | str:
        """The one that makes the pixels of a manifest: with the mark that it names; or why there is none.

        Raises:
            CondganError: this generator's images cannot have a mark.
        """
        wanted = manifest.watermark
        if wanted is None:
            return generator
        if self.key is None:
            said = f"its manifest says that it has the mark of key {wanted}"
            return f"{said}, with which alone it is made again: give it with `key`"
        if self.key.fingerprint != wanted:
            return (
                f"its manifest says that it has the mark of key {wanted}, and the key given is {self.key.fingerprint}"
            )
        if generator.sha256 not in self.marking:
            self.marking[generator.sha256] = marked(generator, self.key)
        return self.marking[generator.sha256]


def of_run(folder: Path) -> list[tuple[str, str]]:
    """The generators that a run has kept, as ``load`` takes them."""
    run = Run(folder)
    return [*((str(folder), name) for name in CHECKPOINTS), *((f"{folder}@{epoch}", "last") for epoch in run.epochs())]
