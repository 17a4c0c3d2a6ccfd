"""A run that opens its generators: what ``train`` and ``resume`` return, and ``condgan.Run``."""

from condgan.generation.generator import Generator, of_run
from condgan.runs import run


class Run(run.Run):
    """A run folder, the places in it, and its generators."""

    def generator(self, epoch: int | None = None, checkpoint: str = "last", engine: str | None = None) -> Generator:
        """The generator after some epochs, or in the ``last`` or ``best`` checkpoint.

        Raises:
            CondganError: the generator of that epoch was not kept, or there is no such checkpoint; or it is damaged.
        """
        return of_run(self, checkpoint, engine, epoch)
