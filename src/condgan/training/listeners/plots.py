"""The plots of a training: ``loss.png``, ``metrics.png`` and ``class-accuracy.png``."""

from condgan.pictures import curves, metric_plots
from condgan.results import classes, selection
from condgan.results.records import EvaluationRecord, StepRecord, of_kind
from condgan.training.listeners.listener import Beginning, Evaluated, Listener, Saved


class Plots(Listener):
    """Draws them anew, the losses at each save and the figures at each evaluation."""

    def began(self, training: Beginning) -> None:
        """Take over the log up to here."""
        self.training = training
        self.steps = of_kind(training.records, StepRecord)
        self.evaluations = of_kind(training.records, EvaluationRecord)

    def logged(self, record: StepRecord) -> None:
        """Remember it."""
        self.steps.append(record)

    def saved(self, saved: Saved) -> None:
        """Draw the losses."""
        if saved.which == "last":
            curves.loss_curves(
                self.training.run.loss_plot, self.steps, self.training.recipe.name, self.training.manifest
            )

    def evaluated(self, evaluation: Evaluated) -> None:
        """Draw the figures of all evaluations, and the accuracies of the classes in this one."""
        run, recipe, manifest, record = (
            self.training.run,
            self.training.recipe,
            self.training.manifest,
            evaluation.record,
        )
        self.evaluations.append(record)
        position = selection.best(recipe, self.evaluations)
        best = None if position is None else self.evaluations[position].images
        metric_plots.metric_curves(run.metrics_plot, self.evaluations, recipe.name, manifest, best)
        if record.per_class is not None:
            title = f"{recipe.name}, epoch {record.epoch:g}: label accuracy ({classes.worst(record.per_class)})"
            overall = record.value("label_accuracy")
            metric_plots.class_accuracy(
                run.class_plot, record.per_class, evaluation.confusion, title, manifest, overall
            )
