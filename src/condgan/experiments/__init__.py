"""Studies: several trainings that together answer a question."""

__all__ = ["comparison", "evaluating", "executor", "results", "seeds", "spaces", "study", "sweep", "table"]
