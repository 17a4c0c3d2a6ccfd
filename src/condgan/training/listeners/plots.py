"""The plots of a training: ``loss.png``, ``metrics.png`` and ``class-accuracy.png``."""

import json
from collections.abc import Sequence
from typing import Any

from condgan.pictures import curves, metric_plots
from condgan.results import selection
from condgan.results.records import EvaluationRecord, Record, StepRecord, to_line
from condgan.training.listeners.listener import Beginning, Evaluated, Listener, Saved


def as_dicts(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Records as those that draw them take them."""
    return [json.loads(to_line(record)) for record in records]


class Plots(Listener):
    """Draws them anew, the losses at each save and the figures at each evaluation."""

    def began(self, training: Beginning) -> None:
        """Take over the log up to here."""
        self.training = training
        self.steps = [record for record in training.records if isinstance(record, StepRecord)]
        self.evaluations = [record for record in training.records if isinstance(record, EvaluationRecord)]

    def logged(self, record: StepRecord) -> None:
        """Remember it."""
        self.steps.append(record)

    def saved(self, saved: Saved) -> None:
        """Draw the losses."""
        if saved.which == "last":
            curves.loss_curves(self.training.run.loss_plot, as_dicts(self.steps), self.training.recipe.name)

    def evaluated(self, evaluation: Evaluated) -> None:
        """Draw the figures of all evaluations, and the accuracies of the classes in this one."""
        run, recipe, record = self.training.run, self.training.recipe, evaluation.record
        self.evaluations.append(record)
        trained = [one for one in self.evaluations if one.step]
        number = selection.best(recipe, as_dicts(trained))
        best = None if number is None else trained[number].images
        metric_plots.metric_curves(run.metrics_plot, as_dicts(self.evaluations), recipe.name, best)
        if record.per_class is not None:
            title = f"{recipe.name}, epoch {record.epoch:g}: label accuracy"
            overall = record.value("label_accuracy")
            metric_plots.class_accuracy(run.class_plot, record.per_class, evaluation.confusion, title, overall)
