"""The one training function, its loop, and what listens to it."""

__all__ = ["agenda", "beginning", "interrupts", "listeners", "monitor", "training"]
