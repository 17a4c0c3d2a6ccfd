"""Every random number, and the schedules: pure functions of (seed, stream, number) and of progress."""

__all__ = ["ahead", "block", "philox", "schedule", "truncation"]
