"""How good a generator is: figures beside real images."""

__all__ = [
    "comparison", "evaluation", "feature_training", "features", "figures", "judging", "people", "reference", "subjects",
    "summary",
]  # fmt: skip
