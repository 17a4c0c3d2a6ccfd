"""Classes in words: the least accurate, and those of which there are hardly any images."""

from collections.abc import Mapping, Sequence

FEW = 2  # images: with fewer, nothing can be said of a class
MOST_NAMED = 10


def least_accurate(per_class: Mapping[str, float | None], most: int = 1) -> list[tuple[str, float]]:
    """The classes with the lowest accuracies, the lowest first; classes without images have none."""
    known = [(name, value) for name, value in per_class.items() if value is not None]
    return sorted(known, key=lambda pair: pair[1])[:most]


def worst(per_class: Mapping[str, float | None] | None) -> str:
    """``worst class "cat" 12.50%``; empty where no class has an accuracy."""
    return "".join(f'worst class "{name}" {value:.2%}' for name, value in least_accurate(per_class or {}))


def rare(names: Sequence[str], counts: Sequence[int], of: str) -> str:
    """The classes with no or one image by name and count, in a sentence; empty where there are none.

    Args:
        names: of the classes, K.
        counts: images of each, K.
        of: what the images are, as ``training images``.
    """
    few = [(name, int(count)) for name, count in zip(names, counts, strict=True) if count < FEW]
    if not few:
        return ""
    shown = ", ".join(f'"{name}" ({count})' for name, count in few[:MOST_NAMED])
    more = f" and {len(few) - MOST_NAMED} more" if len(few) > MOST_NAMED else ""
    return f"classes with fewer than {FEW} {of}: {shown}{more}"


def uneven(counts: Sequence[int]) -> bool:
    """Whether classes differ in their number of images, by more than the rounding of equal shares."""
    return len(counts) > 0 and int(max(counts)) - int(min(counts)) > 1
