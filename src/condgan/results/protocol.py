"""How an evaluation was made: all that another needs to get the same figures."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Sentences = Annotated[tuple[str, ...], Field(strict=False)]  # a list in JSON
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Part(BaseModel):
    """A part of a protocol, written to JSON and read back."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class GeneratorSubject(Part):
    """A generator: its recipe's name, how far it was trained, and on which splits."""

    kind: Literal["generator"] = "generator"
    path: str
    recipe: str
    engine: str
    images_seen: int
    trained_on: str


class ImagesSubject(Part):
    """Labelled images, and how many there are."""

    kind: Literal["images"] = "images"
    path: str
    images: int


class UnlabelledSubject(Part):
    """Images without labels, and how many there are."""

    kind: Literal["unlabelled"] = "unlabelled"
    path: str
    images: int


class OtherData(Part):
    """The data that a generator was trained on, where it is measured with other data, and what differs, in words."""

    name: str
    sha256: Sha256
    differences: Sentences


class DataFacts(Part):
    """The real images: their name and hash, and how their splits were drawn."""

    name: str
    sha256: Sha256
    splits: str


class NetworkFacts(Part):
    """The feature network: the space that figures name, its training, and its accuracy on splits by name.

    Of a space without a network, ``text`` says what it is.
    """

    space: str
    sha256: Sha256
    dim: int
    data: str
    steps: int
    accuracy: Mapping[str, float]
    text: str = ""


class InceptionFacts(Part):
    """The Inception network beside it: the space that its figures name, and the hash of its weights."""

    space: str
    sha256: Sha256


class ParzenFacts(Part):
    """The width of the Parzen window, and whether it lies at the edge of those that were tried."""

    sigma: float
    sigma_at_edge: bool


class MemorisedFacts(Part):
    """Median distance of generated images to training images, over that of held-out images."""

    median_distance_against_held_out: float


class CopiesFacts(Part):
    """Copies of training images that were planted: how many of each kind, and the share of each that was detected."""

    planted: int
    detected: Mapping[str, float]


class Protocol(Part):
    """All that another needs to get the same figures.

    Attributes:
        subject: what was measured.
        data, split: the real images beside it; ``n_real`` of them.
        n_generated, n_floor, n_paired: images measured, real images of the floor, images compared in pairs.
        floor, classes, standard_errors: rules, in words.
        resize: of the images, in words.
        seed: of the generated images.
        inception: if figures in its space were asked for.
        small_n: Frechet distances of sets too small for them were computed.
        condgan: its version.
        seconds: that it took.
        trained_on_other: the data of the generator's training, if it is not ``data``.
        notices: what a reader of the figures should know, in sentences.
    """

    subject: Annotated[GeneratorSubject | ImagesSubject | UnlabelledSubject, Field(discriminator="kind")]
    data: DataFacts
    split: str
    n_real: int
    n_generated: int
    n_floor: int
    n_paired: int
    floor: str
    classes: str
    resize: str
    seed: int
    feature_network: NetworkFacts
    inception: InceptionFacts | None = None
    standard_errors: str
    parzen: ParzenFacts | None
    memorised: MemorisedFacts | None
    copies: CopiesFacts | None = None
    small_n: bool
    condgan: str
    seconds: float
    trained_on_other: OtherData | None = None
    notices: Sentences = ()
