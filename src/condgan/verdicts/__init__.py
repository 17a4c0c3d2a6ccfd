"""Verdicts one can act on: whether synthetic images help."""

__all__ = ["interval", "trials", "verdict", "ways", "worth"]
