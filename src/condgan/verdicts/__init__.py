"""Verdicts one can act on: whether synthetic images help, and what mends a training."""

__all__ = ["cure", "cures", "interval", "kept", "plan", "trials", "verdict", "ways", "worth"]
