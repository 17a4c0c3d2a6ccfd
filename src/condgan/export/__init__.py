"""Samples of a generator as files: pictures, walks and labelled datasets."""

__all__ = ["card", "export"]
