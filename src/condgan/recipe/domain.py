"""What a generator makes, and from what: fixed by the dataset that it was trained on."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from condgan.arrays import MAX_CLASSES, MAX_LENGTH, MAX_NAME, MAX_SIZE, MIN_SIZE, Channels
from condgan.recipe.fields import Section


class Domain(Section):
    """What a generator makes, images or vectors, and from what: fixed by the dataset that it was trained on."""

    channels: Channels = 1
    size: int = Field(MIN_SIZE, ge=MIN_SIZE, le=MAX_SIZE)
    """Height of images."""
    width: Annotated[int | None, Field(ge=MIN_SIZE, le=MAX_SIZE)] = None
    """Width of images; none: as their height."""
    class_names: Annotated[tuple[Annotated[str, Field(max_length=MAX_NAME)], ...], Field(max_length=MAX_CLASSES)] = ()
    """None where conditions are vectors."""
    vector: Annotated[int | None, Field(ge=1, le=MAX_LENGTH)] = None
    """Length of what is made, if it is vectors; none: images of ``channels`` and ``size``."""
    condition: Annotated[int | None, Field(ge=1, le=MAX_LENGTH)] = None
    """Length of vector conditions; none: classes."""
    data: str
    """Name of the dataset."""
    data_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")

    @model_validator(mode="after")
    def _conditioned(self) -> Self:
        if bool(self.class_names) == (self.condition is not None):
            raise ValueError("either class_names, or the length of vector conditions: not both, not neither")
        return self

    @property
    def classes(self) -> int:
        """The number of classes, K; 0 where conditions are vectors."""
        return len(self.class_names)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of what is made: (C, H, W), or (D,)."""
        return (self.channels, self.size, self.width or self.size) if self.vector is None else (self.vector,)
