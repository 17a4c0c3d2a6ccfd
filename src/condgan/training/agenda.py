"""When something is due in a training: pure functions of the recipe and the step."""

from dataclasses import dataclass

from condgan.draws.schedule import Plan
from condgan.recipe import Recipe


@dataclass(frozen=True)
class Agenda:
    """The steps after which a training draws a grid, evaluates, or keeps a numbered generator."""

    recipe: Recipe
    plan: Plan

    def next(self, step: int) -> int:
        """The first step after ``step`` with something due: no block of steps may cross it."""
        return min(self.grid(step), self.evaluation(step), self.keeping(step))

    def grid(self, step: int) -> int:
        """The first step after ``step`` with a grid."""
        every = self.recipe.output.grid_every
        return self._images(every, step) if isinstance(every, int) else self._steps(int(every[:-1]), step)

    def evaluation(self, step: int) -> int:
        """The first step after ``step`` with an evaluation; the last one if there is none."""
        every = self.recipe.evaluation.every
        return self.plan.steps if every is None else self._images(every, step)

    def keeping(self, step: int) -> int:
        """The first step after ``step`` whose generator is kept; the last one if none is."""
        epochs = self.recipe.output.keep_every
        return self.plan.steps if epochs is None else self._steps(epochs * self.plan.steps_per_epoch, step)

    def _images(self, every: int, step: int) -> int:
        """The first step after ``step`` with another ``every`` images seen, or the last one."""
        return min(self.plan.step_at((self.plan.images_seen(step) // every + 1) * every), self.plan.steps)

    def _steps(self, every: int, step: int) -> int:
        """The next multiple of ``every`` steps, or the last step."""
        return min((step // every + 1) * every, self.plan.steps)
