"""The networks of a recipe: tables of their layers, and a diagram of both, drawn from the modules."""

from collections.abc import Sequence
from math import prod
from xml.sax.saxutils import escape

from condgan import engines
from condgan.engines import Layer
from condgan.recipe import Domain, Recipe
from condgan.reports.document import Picture, Table
from condgan.reports.language import Words

BOX, GAP = 360, 40  # of the diagram, in pixels: a box, and between the columns
LONG = 38  # characters of a line in a box, beside the shape
COLOURS = {"generator": "#0072B2", "discriminator": "#D55E00"}


def layers(recipe: Recipe, domain: Domain) -> dict[str, tuple[Layer, ...]]:
    """The layers of both networks."""
    return engines.layers(recipe, domain)


def tables(found: dict[str, tuple[Layer, ...]], words: Words) -> list[Table]:
    """A table of each network: layer, what it is, shape of its output, trained weights."""
    header = tuple(words(f"networks.{name}") for name in ("layer", "what", "shape", "weights"))
    return [
        Table(
            header,
            (
                *((name(one), "; ".join(one.parts), shape(one.shape), f"{one.weights:,}") for one in of),
                (words("networks.sum"), "", "", f"{sum(one.weights for one in of):,}"),
            ),
            words(f"networks.{network}"),
            frozenset((2, 3)),
        )
        for network, of in found.items()
    ]


def name(layer: Layer) -> str:
    """The place of a layer without the body."""
    return f"`{layer.place.removeprefix('body.')}`"


def shape(sizes: Sequence[int]) -> str:
    """``64 x 7 x 7``."""
    return " x ".join(map(str, sizes))


def diagram(found: dict[str, tuple[Layer, ...]], recipe: Recipe, domain: Domain, words: Words) -> Picture:
    """Both networks side by side, from the input above to the output below."""
    condition = words("networks.condition") if recipe.conditional else ""
    image = words("networks.image", shape=shape(domain.shape))
    ends = {
        "generator": (f"z ({recipe.latent.dim}){condition}", image),
        "discriminator": (f"{image}{condition}", words("networks.score")),
    }
    parts, tall = [], 0
    for column, (network, of) in enumerate(found.items()):
        left, top = column * (BOX + GAP) + 10, 34
        colour = COLOURS[network]
        parts.append(_text(left + BOX / 2, 18, words(f"networks.{network}"), 15, colour, "bold"))
        parts.append(_text(left + BOX / 2, top + 10, ends[network][0], 12, "#444"))
        top += 18
        most = max((one.weights for one in of), default=1) or 1
        for one in of:
            parts.append(_arrow(left + BOX / 2, top, top + 14))
            top += 16
            first = f"{words('networks.condition-of')} {one.parts[0]}" if "condition" in one.place else one.parts[0]
            lines = _lines([first, *one.parts[1:]])
            high = 12 + 15 * len(lines)
            shade = 0.06 + 0.22 * one.weights / most
            parts.append(
                f'<rect x="{left}" y="{top}" width="{BOX}" height="{high}" rx="5" fill="{colour}" '
                f'fill-opacity="{shade:.3f}" stroke="{colour}"/>'
            )
            for number, line in enumerate(lines):
                parts.append(_text(left + 10, top + 18 + 15 * number, line, 12, "#111", anchor="start"))
            size = shape(one.shape) if len(one.shape) > 1 else str(prod(one.shape))
            parts.append(_text(left + BOX - 10, top + 18, size, 12, "#444", anchor="end"))
            top += high
        parts.append(_arrow(left + BOX / 2, top, top + 14))
        parts.append(_text(left + BOX / 2, top + 30, ends[network][1], 12, "#444"))
        tall = max(tall, top + 40)
    wide = 2 * BOX + GAP + 20
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {tall}" width="{wide}" height="{tall}" '
        f'font-family="system-ui, sans-serif">{"".join(parts)}</svg>'
    )
    return Picture(svg, words("networks.diagram"), words("networks.shades"))


def _lines(parts: Sequence[str]) -> list[str]:
    """The parts of a layer in lines that fit into its box; the first leaves room for the shape."""
    lines = [""]
    for part in parts:
        joined = f"{lines[-1]}, {part}" if lines[-1] else part
        if len(joined) > LONG and lines[-1]:
            lines.append(part)
        else:
            lines[-1] = joined
    return lines


def _text(x: float, y: float, text: str, size: int, colour: str, weight: str = "normal", anchor: str = "middle") -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{colour}" font-weight="{weight}" text-anchor="{anchor}">'
        f"{escape(text)}</text>"
    )


def _arrow(x: float, top: float, bottom: float) -> str:
    return (
        f'<path d="M{x:g} {top + 2:g} V{bottom - 4:g}" stroke="#666"/>'
        f'<path d="M{x - 4:g} {bottom - 5:g} L{x:g} {bottom:g} L{x + 4:g} {bottom - 5:g} Z" fill="#666"/>'
    )
