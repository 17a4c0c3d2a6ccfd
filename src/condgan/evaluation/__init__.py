"""How good a generator is: figures beside real images."""

__all__ = ["comparison", "evaluation", "features", "figures", "reference", "subjects", "summary"]
