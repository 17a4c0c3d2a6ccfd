"""A claim: what a write-up says, the trainings that can tell, and how they are judged."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from condgan.claims.evidence import Evidence

Verdict = Literal["holds", "does-not-hold", "cannot-tell", "not-tested"]
WORDS: dict[Verdict, str] = {
    "holds": "holds",
    "does-not-hold": "does not hold",
    "cannot-tell": "cannot be told at this budget",
    "not-tested": "not tested",
}


@dataclass(frozen=True)
class Answer:
    """What was found.

    Attributes:
        verdict: on the claim.
        figure: what it rests on, in words and numbers.
        picture: a curve of it, where there is one.
    """

    verdict: Verdict
    figure: str
    picture: Path | None = None


@dataclass(frozen=True)
class Claim:
    """What a write-up says, and how it is answered.

    Attributes:
        name: as it is typed.
        source: a name in ``sources.SOURCES``.
        says: the claim in a sentence.
        protocol: how it is answered, in a sentence.
        arms: the trainings that it takes, by their names in ``arms.ARMS``.
        judge: the answer to what they show.
        original: a few words of it in Chinese, where the source is Chinese and public.
    """

    name: str
    source: str
    says: str
    protocol: str
    arms: tuple[str, ...]
    judge: "Callable[[Evidence], Answer]"
    original: str = ""
