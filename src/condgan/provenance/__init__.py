"""Whether files are what they say of themselves: manifests are read back, and pictures made again."""

__all__ = ["verdicts", "verify"]
