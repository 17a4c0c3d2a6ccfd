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
SPACE, DROP = 12, 18  # between boxes in a row, and between rows
LONG, NARROW = 38, 24  # characters of a line in a box, beside the shape; and in one of two in a row
CONDITION = "condition"  # the place of the layer whose output joins the input
LATE = "head.condition"  # the place of the layer by which the condition enters only there
BESIDE = (("body.branches.", "body.branches."), ("head.logit", LATE))  # places whose layers compute at once
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
    """Both networks side by side, from the inputs above to the output below.

    What computes side by side stands side by side: the condition's own layer and the input that it joins, branches, and
    the two parts of a score.
    """
    image = words("networks.image", shape=shape(domain.shape))
    inputs = {"generator": f"z ({recipe.latent.dim})", "discriminator": image}
    outputs = {"generator": image, "discriminator": words("networks.score")}
    parts, tall = [], 0.0
    for column, (network, of) in enumerate(found.items()):
        left, middle = column * (BOX + GAP) + 10, column * (BOX + GAP) + 10 + BOX / 2
        parts.append(_text(middle, 18, words(f"networks.{network}"), 15, COLOURS[network], "bold"))
        late = any(one.place.startswith(LATE) for one in of)
        condition = words("networks.condition") if recipe.conditional and not late else ""
        drawn, top = _column(of, left, (inputs[network], condition), COLOURS[network], words)
        parts += [*drawn, _text(middle, top + 12, outputs[network], 12, "#444")]
        tall = max(tall, top + 22)
    wide = 2 * BOX + GAP + 20
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {tall:g}" width="{wide}" height="{tall:g}" '
        f'font-family="system-ui, sans-serif">{"".join(parts)}</svg>'
    )
    return Picture(svg, words("networks.diagram"), words("networks.shades"))


def rows(layers: Sequence[Layer]) -> list[list[Layer | None]]:
    """Layers that compute side by side, in rows; none: the input goes past."""
    found: list[list[Layer | None]] = []
    for one in layers:
        before = found[-1][-1] if found else None
        if one.place == CONDITION:
            found.append([None, one])
        elif before is not None and any(before.place.startswith(a) and one.place.startswith(b) for a, b in BESIDE):
            found[-1].append(one)
        else:
            found.append([one])
    return found


def _column(
    layers: Sequence[Layer], left: float, inputs: tuple[str, str], colour: str, words: Words
) -> tuple[list[str], float]:
    """The boxes of a network below its input and its condition -> their SVG, and where they end."""
    arranged, parts, top = rows(layers), [], 44.0
    most = max((one.weights for one in layers), default=1) or 1
    joined = "" if len(arranged[0]) > 1 else inputs[1]  # they enter at one place
    ends = [left + BOX / 2]  # from where arrows come
    if joined or not inputs[1] or len(arranged[0]) != 2:
        parts.append(_text(ends[0], top, words.comma.join(filter(None, inputs)), 12, "#444"))
    else:
        ends = _middles(left, 2)
        parts += [_text(x, top, text, 12, "#444") for x, text in zip(ends, inputs, strict=True)]
    top += 8
    for row in arranged:
        middles = _middles(left, len(row))
        narrow = len(row) > 1
        lines = [_lines(_words_of(one, words, narrow), NARROW if narrow else LONG) for one in row]
        high = 12 + 15 * max(map(len, lines))
        for i in range(max(len(ends), len(middles))):
            start, to, one = ends[i % len(ends)], middles[i % len(middles)], row[i % len(row)]
            parts.append(_arrow(start, top, to, top + DROP, head=one is not None))
        top += DROP + 2
        for one, x, text in zip(row, middles, lines, strict=True):
            if one is None:
                parts.append(f'<path d="M{x:g} {top:g} V{top + high:g}" stroke="#666"/>')
                continue
            wide = BOX / len(row) - (SPACE if narrow else 0)
            shade = 0.06 + 0.22 * one.weights / most
            parts.append(
                f'<rect x="{x - wide / 2:g}" y="{top:g}" width="{wide:g}" height="{high}" rx="5" fill="{colour}" '
                f'fill-opacity="{shade:.3f}" stroke="{colour}"/>'
            )
            at = x - wide / 2 + 10
            parts += [_text(at, top + 18 + 15 * i, line, 12, "#111", anchor="start") for i, line in enumerate(text)]
            if not narrow:
                parts.append(_text(x + wide / 2 - 10, top + 18, _size(one), 12, "#444", anchor="end"))
        top += high
        ends = middles
    middle = left + BOX / 2
    parts += [_arrow(x, top, middle, top + DROP) for x in ends]
    return parts, top + DROP


def _middles(left: float, count: int) -> list[float]:
    """Where the middles of so many boxes in a row are."""
    return [left + BOX * (2 * i + 1) / (2 * count) for i in range(count)]


def _size(layer: Layer) -> str:
    return shape(layer.shape) if len(layer.shape) > 1 else str(prod(layer.shape))


def _words_of(layer: Layer | None, words: Words, narrow: bool) -> list[str]:
    """What stands in the box of a layer; a narrow one has no room for the shape beside it."""
    if layer is None:
        return [""]
    entering = [words("networks.condition-of")] if layer.place.startswith(LATE) else []
    return [*entering, *layer.parts, *([f"→ {_size(layer)}"] if narrow else [])]


def _lines(parts: Sequence[str], long: int) -> list[str]:
    """The parts of a layer in lines that fit into its box; the first leaves room for the shape."""
    lines = [""]
    for part in parts:
        joined = f"{lines[-1]}, {part}" if lines[-1] else part
        if lines[-1] and (len(joined) > long or lines[-1].endswith((":", "：")) or part.startswith("→")):
            lines.append(part)
        else:
            lines[-1] = joined
    return lines


def _text(x: float, y: float, text: str, size: int, colour: str, weight: str = "normal", anchor: str = "middle") -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{colour}" font-weight="{weight}" text-anchor="{anchor}">'
        f"{escape(text)}</text>"
    )


def _arrow(x: float, top: float, to: float, bottom: float, head: bool = True) -> str:
    """An arrow from (x, top) down to (to, bottom), or a line."""
    if not head:
        return f'<path d="M{x:g} {top + 2:g} L{to:g} {bottom + 2:g}" stroke="#666"/>'
    return (
        f'<path d="M{x:g} {top + 2:g} L{to:g} {bottom - 4:g}" stroke="#666"/>'
        f'<path d="M{to - 4:g} {bottom - 5:g} L{to:g} {bottom:g} L{to + 4:g} {bottom - 5:g} Z" fill="#666"/>'
    )
