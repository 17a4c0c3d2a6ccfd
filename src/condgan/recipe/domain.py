"""What a generator makes, and from what: fixed by the dataset that it was trained on."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from condgan.recipe.fields import Section


class Domain(Section):
    """What a generator makes, images or vectors, and from what: fixed by the dataset that it was trained on."""

    channels: Literal[1, 3] = 1
    size: int = Field(4, ge=4, le=1024)
    class_names: Annotated[tuple[Annotated[str, Field(max_length=200)], ...], Field(max_length=100_000)] = ()
    """None where conditions are vectors."""
    vector: Annotated[int | None, Field(ge=1, le=65536)] = None
    """Length of what is made, if it is vectors; none: images of ``channels`` and ``size``."""
    condition: Annotated[int | None, Field(ge=1, le=65536)] = None
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
        """Of what is made: (C, S, S), or (D,)."""
        return (self.channels, self.size, self.size) if self.vector is None else (self.vector,)
