"""What one hands in, or owns: reports, and a recipe as a file that needs no condgan."""

__all__ = ["language", "planned", "report", "script", "verdicts"]
