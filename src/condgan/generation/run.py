"""``condgan.Run``, which ``train`` and ``resume`` return: a run that loads its generators."""

from condgan.generation.generator import Generator, of_run
from condgan.runs import run


class Run(run.Run):
    """A run folder, the places in it, and its generators."""

    def generator(self, epoch: int | None = None, checkpoint: str = "last", engine: str | None = None) -> Generator:
        """The generator after an epoch, or in the ``last`` or ``best`` checkpoint.

        Raises:
            CondganError: as for ``generator.of_run``.
        """
        return of_run(self, checkpoint, engine, epoch)
