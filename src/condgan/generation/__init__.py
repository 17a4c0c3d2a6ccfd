"""A trained generator, and the one sampling function."""

__all__ = ["classes", "counts", "fingerprint", "generator", "jobs", "marked", "run", "sampling", "showing", "walks"]
