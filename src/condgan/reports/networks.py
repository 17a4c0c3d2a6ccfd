"""The networks of a recipe as source: the lines of a class for torch or Jittor."""

from dataclasses import dataclass

from condgan.recipe import Discriminator, Generator, Network

ACTIVATIONS = {"relu": "nn.ReLU()", "leaky-relu": "nn.LeakyReLU(0.2)"}
SQUASH = {"tanh": "nn.Tanh()", "sigmoid": "nn.Sigmoid()"}
WIDTH = 120  # of a line


@dataclass(frozen=True)
class Dialect:
    """What differs between the frameworks in the source of a network."""

    prelu: str
    maxout: str
    """The largest of each ``{}`` neighbours."""
    joined: str
    """Of two tensors, side by side."""
    one_hot: str
    """Of ``labels``."""


DIALECTS = {
    "torch": Dialect("nn.PReLU()", "nn.MaxPool1d({})", "torch.cat(({}, {}), 1)", "F.one_hot(labels, CLASSES).float()"),
    "jittor": Dialect(
        "PReLU()", "lambda x: maxout(x, {})", "jt.concat([{}, {}], dim=1)", "nn.one_hot(labels, CLASSES).float32()"
    ),
}


@dataclass(frozen=True)
class Source:
    """A network as source: its docstring, what ``__init__`` and the forward pass say, and its argument for labels."""

    words: str
    parts: list[str]
    forward: list[str]
    label: str


def layer(spec: Network, dialect: Dialect, inputs: str, units: int, pieces: int, plain: bool) -> str:
    """A hidden layer: a linear map, and what follows it."""
    parts = [f"nn.Linear({inputs}, {units * pieces})"]
    if spec.activation == "maxout":
        parts.append(dialect.maxout.format(pieces))
    if spec.norm == "batch" and not plain:
        parts.append(f"nn.BatchNorm1d({units}" + (f", eps={spec.norm_eps!r})" if spec.norm_eps != 1e-5 else ")"))
    if spec.activation != "maxout":
        parts.append(ACTIVATIONS.get(spec.activation, dialect.prelu))
    if spec.dropout and not plain:
        parts.append(f"nn.Dropout({spec.dropout!r})")
    return ", ".join(parts)


def sequential(name: str, layers: list[str]) -> list[str]:
    """The assignment of a chain of layers: a line for each, or one for all where they fit."""
    short = f"self.{name} = nn.Sequential({', '.join(layers)})"
    if len(short) + 8 <= WIDTH:
        return [short]
    return [f"self.{name} = nn.Sequential(", *(f"    {each}," for each in layers), ")  # fmt: skip"]


def network(spec: Network, dialect: Dialect, x: str, inputs: str, last: str, words: str) -> Source:
    """A network from ``x``, of so many inputs, to its ``last`` layer, a linear map that lacks its inputs: ``{}``."""
    if spec.activation == "maxout":
        words = words.replace(".", ", by maxout units: the largest of some linear maps.")
    embedded, conditional = spec.condition == "embedding", spec.condition != "none"  # type: ignore[attr-defined]
    beside = str(spec.condition_dim) if embedded and spec.condition_dim else "CLASSES"
    pieces = [*spec.pieces] or [1] * (len(spec.hidden) + 2)
    parts, layers = [], []
    if embedded:
        parts.append(f"self.label_emb = nn.Embedding(CLASSES, {beside})")
    y = "self.label_emb(labels)" if embedded else dialect.one_hot
    width, branches, input_, label = inputs, spec.branches, x, y
    if branches:
        for name, size, units in zip((f"from_{x}", "from_y"), (inputs, beside), branches, strict=True):
            parts += sequential(name, [layer(spec, dialect, size, units, pieces.pop(0), spec.plain_first)])
        width, input_, label = str(sum(branches)), f"self.from_{x}({x})", "self.from_y(y)"
    elif conditional:
        width = f"{inputs} + {beside}"
    for number, units in enumerate(spec.hidden):
        alone = spec.plain_first and number == 0 and not branches
        layers.append(layer(spec, dialect, width, units, pieces[number], alone))
        width = str(units)
    parts += sequential("model", [*layers, last.format(width)])
    if not conditional:
        return Source(words, parts, [f"return self.model({x})"], "")
    joined = f"return self.model({dialect.joined.format(input_, label)})"
    if branches or len(joined) + 8 > WIDTH:
        joined = f"return self.model({dialect.joined.format(input_, label.replace(y, 'y'))})"
        return Source(words, parts, [f"y = {y}", joined], ", labels")
    return Source(words, parts, [joined], ", labels")


def generator(spec: Generator, engine: str) -> Source:
    """Latents ``z``, and labels, to images."""
    words = f"(N, LATENT_DIM){' and labels (N,)' if spec.condition != 'none' else ''} -> images (N, PIXELS)."
    last = f"nn.Linear({{}}, PIXELS), {SQUASH[spec.output]}"
    return network(spec, DIALECTS[engine], "z", "LATENT_DIM", last, words)


def discriminator(spec: Discriminator, engine: str) -> Source:
    """Images ``img``, and labels, to scores."""
    words = f"Images (N, PIXELS){' and labels (N,)' if spec.condition != 'none' else ''} -> scores (N, 1)."
    return network(spec, DIALECTS[engine], "img", "PIXELS", "nn.Linear({}, 1)", words)
