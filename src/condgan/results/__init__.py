"""What measuring and training say, as types: written, and read back."""

__all__ = ["classes", "evaluation", "figure", "judgements", "protocol", "records", "selection", "settling"]
