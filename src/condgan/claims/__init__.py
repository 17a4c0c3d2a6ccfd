"""What published write-ups of GANs on MNIST claim, each claim answered by trainings that anyone can repeat."""

__all__ = ["claim", "reproduce", "sources"]
