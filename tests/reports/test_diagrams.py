"""The diagram of two networks: every layer is there, and the condition enters where the modules say."""

import itertools
import re
from collections.abc import Sequence
from typing import NamedTuple
from xml.etree import ElementTree

import pytest

from condgan.engines import Layer
from condgan.recipe import Domain, Recipe, builtin
from condgan.reports import diagrams
from condgan.reports.language import Words

SVG = "{http://www.w3.org/2000/svg}"


class Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float
    text: str


def drawn(recipe: Recipe) -> tuple[dict[str, tuple[Layer, ...]], list[Box], list[tuple[float, float, str]]]:
    """The layers of a recipe, the boxes of its diagram with the text in each, and the text outside of boxes."""
    names = tuple("0123456789")
    domain = Domain(channels=1, size=recipe.data.size, class_names=names, data="digits", data_sha256="0" * 64)
    found = diagrams.layers(recipe, domain)
    picture = diagrams.diagram(found, recipe, domain, Words("en"))
    assert isinstance(picture.data, str)
    svg = ElementTree.fromstring(picture.data)
    texts = [(float(one.get("x", "")), float(one.get("y", "")), one.text or "") for one in svg.iter(f"{SVG}text")]
    boxes = []
    for one in svg.iter(f"{SVG}rect"):
        left, top, wide, high = (float(one.get(name, "")) for name in ("x", "y", "width", "height"))
        inside = [text for x, y, text in texts if left < x < left + wide and top < y < top + high]
        boxes.append(Box(left, top, left + wide, top + high, " ".join(inside)))
    outside = [
        text for text in texts if not any(b.left < text[0] < b.right and b.top < text[1] < b.bottom for b in boxes)
    ]
    return found, boxes, outside


def beside(boxes: Sequence[Box]) -> list[tuple[str, str]]:
    """The boxes of one network that begin at the same height, in pairs."""
    pairs = itertools.pairwise(boxes)
    near = [(a, b) for a, b in pairs if a.top == b.top and b.right - a.left <= diagrams.BOX]
    return [(a.text, b.text) for a, b in near]


@pytest.mark.parametrize("name", sorted(builtin.RECIPES))
def test_each_layer_has_a_box_and_no_two_boxes_overlap(name: str) -> None:
    found, boxes, _ = drawn(builtin.get(name))
    layers = [layer for of in found.values() for layer in of]
    assert len(boxes) == len(layers)
    for layer, box in zip(layers, boxes, strict=True):
        assert all(part in box.text for part in layer.parts), (layer, box)
        size = re.findall(r"\d+", box.text)
        assert [str(one) for one in layer.shape] == size[-len(layer.shape) :] or str(layer.shape[0]) in size
    for i, a in enumerate(boxes):
        for b in boxes[i + 1 :]:
            assert a.right <= b.left or b.right <= a.left or a.bottom < b.top or b.bottom < a.top


def test_branches_stand_beside_each_other() -> None:
    _, boxes, _ = drawn(builtin.get("cgan-paper"))
    pairs = beside(boxes)
    assert [("784-240" in a, "10-50" in b) for a, b in pairs][-1] == (True, True)
    assert len(pairs) == 2


def test_a_projection_stands_beside_the_logit_and_not_at_the_input() -> None:
    _, boxes, outside = drawn(builtin.get("mnist"))
    (logit, condition), *others = beside(boxes)
    assert "129-1" in logit
    assert "class y" in condition
    assert "Embedding 10-129" in condition
    assert not others
    assert [text for _, _, text in outside].count("class y") == 1  # of the generator
    assert "image 1 x 28 x 28" in [text for _, _, text in outside]


def test_a_network_without_condition_names_none() -> None:
    _, _, outside = drawn(builtin.get("gan-mlp"))
    assert not any("class" in text for _, _, text in outside)
