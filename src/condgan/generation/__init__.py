"""A trained generator, and the one sampling function."""

__all__ = ["export", "generator", "run", "sampling", "showing"]
