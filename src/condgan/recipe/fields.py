"""What the sections of a recipe are made of: their base, and the kinds of their fields."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


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


Split = BeforeValidator(_split)
Optional = BeforeValidator(_absent)
Count = Annotated[int, Field(ge=1)]
MaybeCount = Annotated[Count | None, Optional]
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
