"""The write-ups, by their titles and addresses where these are public."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """A write-up.

    Attributes:
        title: what it is.
        address: where it can be read; empty where that is not known.
    """

    title: str
    address: str = ""


SOURCES: dict[str, Source] = {
    "least-squares": Source("a report on a CGAN with least squares in Jittor, and the public code that it follows",
                            "github.com/Jittor/gan-jittor, models/cgan"),
    "cross-entropy": Source("CGAN_jittor, a report on a CGAN with cross-entropy in Jittor: 100 and 1000 epochs",
                            "gitlink.org.cn/Men1scus/CGAN_jittor"),
    "paper": Source("Mirza & Osindero 2014, Conditional Generative Adversarial Nets", "arxiv.org/abs/1411.1784"),
    "re-implementation": Source("a re-implementation of Mirza & Osindero 2014 in PyTorch, with a sweep and improvements"),
    "tutorial": Source("a tutorial on GANs in PyTorch, with six remedies"),
}  # fmt: skip
