"""Studies: several trainings that together answer a question."""

__all__ = ["executor", "seeds", "study", "table"]
