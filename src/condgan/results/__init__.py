"""What measuring and training say, as types: written, and read back."""

__all__ = ["evaluation", "figure", "protocol", "records", "selection"]
