"""Studies: several trainings that together answer a question."""

__all__ = [
    "comparison",
    "differences",
    "evaluating",
    "executor",
    "results",
    "seeds",
    "spaces",
    "study",
    "sweep",
    "table",
]
