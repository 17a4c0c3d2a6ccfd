"""The recipe: a frozen, typed description of a whole experiment. ``text`` reads and writes it as text."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from condgan.recipe.fields import (
    Background,
    Count,
    Device,
    Interval,
    MaybeCount,
    Optional,
    Patience,
    Place,
    Section,
    Size,
    Threads,
)
from condgan.recipe.formats import FORMAT
from condgan.recipe.networks import Discriminator, Generator, Latent
from condgan.recipe.rules import broken
from condgan.recipe.training import Augment, Growing, Loss, Optim, Penalty, Train, Watermark


class Data(Section):
    """Which labelled images, and how they are brought to one shape."""

    source: Place = "mnist"
    """A built-in dataset, or the path of labelled images; ``arrays`` where they were passed in Python."""
    label_from: Annotated[str | None, Optional] = None
    """Where file names contain the class: a pattern such as ``{class}.*`` or ``*/{class}_*.png``; none: wherever else
    labels are found."""
    size: Size = 28
    """Height and width in pixels, or ``HxW``; images of other sizes are resized with antialiasing."""
    channels: Annotated[Literal[1, 3] | None, Optional] = None
    """1 (grey) or 3 (RGB); none: 3 if any image has colour."""
    fit: Literal["pad", "crop", "stretch"] = "pad"
    """What happens to images of another shape."""
    background: Background = "auto"
    """What shows through transparent pixels and fills what ``fit=pad`` adds: black, white, ``R,G,B``, or ``edge``, the
    image's own border; auto: decided once for the dataset, by what keeps its contrast, and recorded."""
    sampling: Literal["as-is", "balanced", "sqrt"] = "as-is"
    """How often classes are trained on: as often as they occur, equally often, or by the root of their counts."""
    split_seed: int = Field(0, ge=0, lt=1 << 63)
    """Draws the splits that the source does not have; independent of the seed of the training."""
    train_on: Literal["auto", "train", "train+validation"] = "train"
    """The splits that are trained on; auto: all but test where the validation images were drawn here, else train. The
    published recipes use all that is not test."""
    reading: Literal[1, 2] = 2
    """Which rules turn files into images and labels: 1 is how recipes of formats 1 and 2 were read, for their runs."""

    @property
    def height(self) -> int:
        """In pixels."""
        return self.size if isinstance(self.size, int) else int(self.size.partition("x")[0])

    @property
    def width(self) -> int:
        """In pixels."""
        return self.size if isinstance(self.size, int) else int(self.size.partition("x")[2])

    @model_validator(mode="before")
    @classmethod
    def _channels_as_typed(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("channels") in ("1", "3"):
            return values | {"channels": int(values["channels"])}  # Literal takes no number written as text
        return values


class Output(Section):
    """What a run writes while it trains; none of it changes what is learnt."""

    log_every: Count = 50
    """Steps between two lines of the log (counted from the start of each epoch); a line is the mean over them."""
    grid_every: Interval = 60_000
    """Images seen between two class grids; ``1000b``: batches."""
    checkpoint_every: float = Field(60.0, gt=0, le=60)
    """Seconds of work that a kill may cost."""
    keep_every: MaybeCount = None
    """Epochs between two generators that are kept by number, for ``RUN@EPOCH``; none: only the last and the best."""
    sequence: Annotated[str | None, Optional] = None
    """Classes of result.png, as for ``condgan sample``; none: each class once."""


class Evaluation(Section):
    """Measuring during training, against validation images; none of it changes what is learnt."""

    every: MaybeCount = 300_000
    """Images seen between two evaluations (the last is at the end); none: only ``condgan evaluate`` measures."""
    images: int = Field(5000, ge=2, le=1_000_000)
    """Generated images of an evaluation, in the classes' proportions of the validation images."""
    select: Literal["fid", "kid", "label_accuracy"] = "fid"
    """Chooses checkpoints/best; where there are too few images for a Frechet distance, kid does."""
    patience: Patience = None
    """Stop after this many evaluations without a new best; auto: as soon as those of the last fifth of the epochs,
    five or more, differ by less than their error; none: train all epochs."""


class Machine(Section):
    """Where and with what a run computes; none: picked by measuring, and recorded with the run."""

    engine: Literal["torch", "jittor"] = "torch"
    device: Annotated[Device | None, Optional] = None
    """cpu, cuda or cuda:N."""
    threads: Annotated[Threads | None, Optional] = None


class Recipe(Section):
    """A whole experiment."""

    format: Literal[3] = FORMAT
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    source: str
    """Where the setup was published, or that it was not."""
    notes: Annotated[tuple[str, ...], Field()] = ()
    """What the source leaves open and was chosen here, and where this differs from it."""
    seed: int = Field(0, ge=0, lt=1 << 63)
    data: Data = Data()
    latent: Latent = Latent()
    generator: Generator
    discriminator: Discriminator
    loss: Loss = Loss()
    penalty: Penalty = Penalty()
    augment: Augment = Augment()
    growing: Growing = Growing()
    watermark: Watermark = Watermark()
    optim: Optim = Optim()
    train: Train = Train()
    output: Output = Output()
    evaluation: Evaluation = Evaluation()
    machine: Machine = Machine()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        reason = broken(self)
        if reason:
            raise ValueError(reason)
        return self

    def __repr__(self) -> str:
        """``<Recipe mnist-fast train.epochs=9>``: changes of its built-in recipe, or of the most similar one."""
        from condgan.recipe.builtin import RECIPES
        from condgan.recipe.text import differences

        known = [RECIPES[self.name]] if self.name in RECIPES else RECIPES.values()
        base, changed = min(((base, differences(self, base)) for base in known), key=lambda pair: len(pair[1]))
        start = self.name if base.name == self.name else f"{self.name}: {base.name}"
        return f"<Recipe {' '.join([start, *changed])}>"

    __str__ = __repr__

    @property
    def conditional(self) -> bool:
        """Whether the asked label reaches the networks."""
        return self.generator.condition != "none"
