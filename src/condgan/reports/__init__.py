"""What one hands in, or owns: a recipe as a file that needs no condgan."""

__all__ = ["script"]
