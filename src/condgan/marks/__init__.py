"""The invisible mark: keys, the patterns that they give, marking images, and finding the mark again."""

__all__ = ["detection", "keys", "learnt", "marking", "pattern"]
