"""What goes wrong in a training, in words."""

__all__ = ["alarms", "diagnosis"]
