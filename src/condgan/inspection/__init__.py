"""What a dataset is, before anyone trains on it: facts, pictures, warnings, and a recipe that suits it."""

__all__ = ["facts", "inspection", "opening"]
