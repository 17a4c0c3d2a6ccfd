"""Studies: several trainings that together answer a question."""

__all__ = [
    "comparison", "diagnosing", "differences", "evaluating", "executor", "overview", "results", "seeds", "side_by_side",
    "spaces", "study", "sweep", "table", "trainings",
]  # fmt: skip
