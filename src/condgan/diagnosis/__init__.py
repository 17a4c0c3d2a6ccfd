"""Explain what goes wrong in a training."""

__all__ = ["alarms", "diagnosis"]
