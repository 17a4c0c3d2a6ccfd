"""A trained generator, and the one sampling function."""

__all__ = ["classes", "counts", "fingerprint", "generator", "jobs", "run", "sampling", "showing", "walks"]
