"""How good a generator is: figures beside real images."""

__all__ = ["comparison", "evaluation", "feature_training", "features", "figures", "reference", "subjects", "summary"]
