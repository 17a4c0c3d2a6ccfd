"""What the sections of a recipe are made of: their base, and the kinds of their fields."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from condgan.arrays import MAX_SIZE, MIN_SIZE


def _split(value: object) -> object:
    """A tuple as it is typed on a command line: ``128,256`` (or ``none`` for an empty one)."""
    if isinstance(value, str):
        return [] if value == "none" else [part.strip() for part in value.split(",")]
    return [value] if isinstance(value, int | float) else value


def _absent(value: object) -> object:
    return None if value == "none" else value


def _interval(value: int | str) -> int | str:
    number = str(value).removesuffix("b") if isinstance(value, str) else str(value)
    if not (number.isascii() and number.isdecimal() and 1 <= int(number) < 1 << 63):
        raise ValueError("expected images, as 60000, or batches, as 1000b")
    return f"{int(number)}b" if str(value).endswith("b") else int(number)


def _patience(value: object) -> object:
    """How many evaluations, ``auto``, or none: one error for all that is something else."""
    if value is None or value in ("none", "auto"):
        return None if value == "none" else value
    number = str(value) if type(value) is int or isinstance(value, str) else ""
    if not (number.isascii() and number.isdecimal() and 1 <= int(number) < 1 << 63):
        raise ValueError("expected evaluations, as 5, or auto, or none")
    return int(number)


def _size(value: int | str) -> int | str:
    sides = [int(side) for side in str(value).split("x") if side.isascii() and side.isdecimal()]
    if len(sides) != str(value).count("x") + 1 or len(sides) > 2 or not all(MIN_SIZE <= s <= MAX_SIZE for s in sides):
        raise ValueError(f"expected {MIN_SIZE} to {MAX_SIZE}, as 28, or height and width, as 32x48")
    return sides[0] if len(set(sides)) == 1 else f"{sides[0]}x{sides[1]}"


def _place(value: str) -> str:
    """Refuse an empty text. Pydantic's limit of lengths also refuses the surrogates of file names that are no text."""
    if not value:
        raise ValueError("expected a built-in dataset or a path")
    return value


def _background(value: object) -> object:
    """A colour as it is typed, or as JSON has it: ``255,255,255``."""
    if not isinstance(value, str) or value in ("auto", "black", "white", "edge"):
        return value
    parts = [part.strip() for part in value.split(",")]
    if len(parts) != 3 or not all(part.isascii() and part.isdecimal() and int(part) <= 255 for part in parts):
        raise ValueError("expected auto, black, white, edge, or a colour as 255,255,255")
    return ",".join(str(int(part)) for part in parts)


Split = BeforeValidator(_split)
Size = Annotated[int | str, AfterValidator(_size)]
Place = Annotated[str, AfterValidator(_place)]
Background = Annotated[str, AfterValidator(_background)]
Optional = BeforeValidator(_absent)
Count = Annotated[int, Field(ge=1)]
MaybeCount = Annotated[Count | None, Optional]
Patience = Annotated[int | Literal["auto"] | None, BeforeValidator(_patience)]
Epochs = Annotated[int, Field(ge=1, le=10_000_000)]
Interval = Annotated[int | str, AfterValidator(_interval)]
Positive = Annotated[float, Field(gt=0)]
MaybePositive = Annotated[Positive | None, Optional]
Weight = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, lt=1)]
Width = Annotated[int, Field(ge=1, le=65536)]  # no torch can count the weights of a layer of 10^18 units
MaybeWidth = Annotated[Width | None, Optional]
Widths = Annotated[tuple[Width, ...], Split]
Pair = Annotated[tuple[float, float], Split]
Device = Annotated[str, Field(pattern=r"^(cpu|cuda(:\d{1,3})?)$")]
Precision = Literal["float32", "bf16"]
Threads = Annotated[int, Field(ge=1, le=1024)]


class Section(BaseModel):
    """A part of a recipe: frozen, and a field that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)
