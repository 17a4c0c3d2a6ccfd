"""The sections of the two networks, and of the noise. A field that serves some networks only names them."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from condgan.recipe.fields import Count, MaybeCount, MaybeWidth, Optional, Section, Split, Widths


class Latent(Section):
    """The noise that a picture is made from."""

    dim: int = Field(100, ge=1, le=65536)
    distribution: Literal["normal", "uniform", "truncated", "hypersphere", "laplace"] = "normal"
    """normal: N(0, 1) in each dimension; uniform: on [``low``, 1]; truncated: N(0, 1) where it lies within
    +-``truncation``; hypersphere: normal, scaled to length sqrt(dim); laplace: of variance 1 in each dimension."""
    correlation: float = Field(0.0, gt=-1, lt=1)
    """normal: r^|i - j| between the dimensions i and j."""
    low: float = Field(0.0, ge=-1000, lt=1)
    """uniform: the lower end; -1 for noise about 0."""
    truncation: float = Field(2.0, gt=0, le=8)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.correlation and self.distribution != "normal":
            raise ValueError(f"correlation is for distribution=normal, and this is {self.distribution}")
        return self


class Network(Section):
    """What both networks have."""

    network: Literal["mlp", "dcgan", "residual"] = "mlp"
    """mlp: linear layers; dcgan: strided 4 x 4 convolutions; residual: blocks with grouped 3 x 3 convolutions.
    A convolutional network halves the image's size (rounded up) until its longer side is at most 7."""
    hidden: Widths = ()
    """mlp: units of each hidden layer."""
    branches: Annotated[Annotated[tuple[int, int], Split] | None, Optional] = None
    """mlp: units of a first layer for the input and of one for the label, joined by the first of ``hidden``."""
    pieces: Widths = ()
    """maxout: linear pieces of the input branch, of the label branch, then of each hidden layer."""
    plain_first: bool = False
    """mlp: the first hidden layer has neither normalisation nor dropout."""
    width: int = Field(32, ge=1, le=4096)
    """dcgan, residual: channels at the full resolution; twice as many at each half of it, up to eight times."""
    depth: int = Field(1, ge=1, le=64)
    """dcgan: convolutions, residual: blocks, at each resolution."""
    full_resolution: bool = True
    """dcgan: whether there are layers at the image's own resolution; false: the image is made, or read, by the last
    strided convolution itself (Radford et al. 2016, figure 1), which is much cheaper."""
    attention: MaybeCount = None
    """dcgan, residual: self-attention at the resolution whose side (of a rectangle: that of a square of its area) is
    nearest to so many pixels; none: nowhere."""
    activation: Literal["relu", "leaky-relu", "prelu", "silu", "gelu", "elu", "maxout"] = "leaky-relu"
    """leaky-relu has slope 0.2."""
    norm: Literal["none", "batch", "layer", "instance", "group"] = "none"
    """instance: each map of an image by itself; in an mlp, which has none, all units of an image together, without a
    gain and a bias, as torch's InstanceNorm1d takes a batch of rows."""
    norm_eps: float = Field(1e-5, gt=0)
    groups: Count = 8
    """group norm: groups of a layer, or as many of them as divide its width."""
    spectral: bool = False
    """Divide each weight matrix by its largest singular value (Miyato et al. 2018)."""
    dropout: float = Field(0.0, ge=0, lt=1)
    condition_dim: MaybeWidth = None
    """embedding: its width; none: the number of classes (or the length of a vector condition)."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        layers = (2 if self.branches else 0) + len(self.hidden)
        if self.activation == "maxout" and (self.network != "mlp" or len(self.pieces) != layers):
            raise ValueError(f"maxout is for an mlp with pieces for each of its {layers} layers: given {self.pieces}")
        if not self.full_resolution and self.network != "dcgan":
            raise ValueError(f"full_resolution=false is for network=dcgan, and this is {self.network}")
        return self


class Generator(Network):
    """Latents and conditions to images."""

    condition: Literal["embedding", "one-hot", "vector", "norm", "none"] = "embedding"
    """How the label enters: a learned embedding, a one-hot vector, or a vector condition as it is, beside the latent;
    norm: each normalisation has a gain and a bias of each class; none: not at all."""
    output: Literal["tanh", "sigmoid", "linear"] = "tanh"
    """tanh: images are scaled to [-1, 1]; sigmoid: to [0, 1]; linear: vectors as they are."""

    @model_validator(mode="after")
    def _conditioned(self) -> Self:
        if self.branches and self.condition in ("norm", "none"):
            raise ValueError("branches need a condition beside the latent: condition=one-hot, or branches=none")
        if self.condition == "norm" and self.norm == "none":
            raise ValueError("condition=norm needs a normalisation: set norm=batch")
        return self


class Discriminator(Network):
    """Images and conditions to one logit each (a sigmoid, where a paper has one, is part of the loss)."""

    condition: Literal["embedding", "one-hot", "vector", "projection", "auxiliary", "none"] = "embedding"
    """How the label enters: a learned embedding, a one-hot vector, or a vector condition as it is, beside the pixels
    (dcgan, residual: as maps); projection: onto the last features; auxiliary: a second head reads it; none: not."""
    features: MaybeWidth = None
    """dcgan, residual: units of a linear layer between the last convolutions and the logit; none: no such layer."""
    minibatch: Literal["none", "discrimination", "stddev"] = "none"
    """What the last layer sees of the rest of the batch: distances to the other images (Salimans et al. 2016), or the
    mean standard deviation of the features (Karras et al. 2018)."""
    kernels: int = Field(32, ge=1, le=4096)
    """minibatch=discrimination: how many distances."""

    @model_validator(mode="after")
    def _conditioned(self) -> Self:
        if self.branches and self.condition in ("projection", "auxiliary", "none"):
            raise ValueError("branches need a condition beside the pixels: condition=one-hot, or branches=none")
        return self
