"""Studies: several trainings that together answer a question."""

__all__ = ["executor", "results", "seeds", "spaces", "study", "sweep", "table"]
