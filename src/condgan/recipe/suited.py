"""Which built-in recipe suits labelled images of one's own, and with which size and length."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

FEW = 1000  # images below which augmentation is needed
LARGEST, USUAL, SMALLEST = 64, 32, 8  # pixels
STEPS = {"images": 12_000, "images-small": 8_000}
BATCH = 64


@dataclass(frozen=True)
class Suggestion:
    """A recipe and its overrides.

    Attributes:
        recipe: its name.
        overrides: ``section.field=value``.
        reason: why, in words.
    """

    recipe: str
    overrides: tuple[str, ...]
    reason: str


def suggested(count: int, sizes: Mapping[tuple[int, int], int], given: Collection[str] = ()) -> Suggestion:
    """A recipe for ``count`` images, which have these (height, width): how many of each.

    Images keep a size of up to 64 pixels that all of them have; others become 64 x 64, or 32 x 32 where most are
    smaller. The number of epochs is that of about as many steps for any number of images. Fields that are ``given``
    are left as they are, and not spoken of.
    """
    recipe = "images-small" if count < FEW else "images"
    sides = sorted(max(size) for size, number in sizes.items() for _ in range(min(number, FEW)))
    middle = sides[len(sides) // 2] if sides else USUAL
    if len(set(sides)) == 1 and SMALLEST <= middle <= LARGEST:
        size, why = middle, "their own size" if all(h == w for h, w in sizes) else "their longer side"
    else:
        size = LARGEST if middle >= (USUAL + LARGEST) // 2 else USUAL
        why = f"most are about {middle} pixels"
    batches = -(-count // BATCH)
    epochs = max(1, round(STEPS[recipe] / batches))
    few = f"fewer than {FEW}, so with adaptive augmentation" if count < FEW else f"{FEW} or more"
    choices = {
        "data.size": (size, f"{size} x {size} pixels ({why})"),
        "train.epochs": (epochs, f"{epochs} epochs for {STEPS[recipe]} steps"),
    }
    chosen = {field: choice for field, choice in choices.items() if field not in given}
    overrides = tuple(f"{field}={value}" for field, (value, _) in chosen.items())
    return Suggestion(recipe, overrides, ", ".join([f"{count} images ({few})", *(text for _, text in chosen.values())]))
