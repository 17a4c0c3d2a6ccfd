"""Reports of runs, studies and comparisons, for those who hand them in and those who judge them."""

__all__ = ["report"]
