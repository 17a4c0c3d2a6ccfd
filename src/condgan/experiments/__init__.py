"""Studies: several trainings that together answer a question."""

__all__ = ["executor", "seeds", "spaces", "study", "table"]
