"""A run: the folder of one experiment, its checkpoints and its log."""

__all__ = ["checkpoint", "log", "moment", "run", "session", "status"]
