"""Text in any script is drawn as characters, or written as escapes: never as boxes. Warnings are errors here."""

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font
from PIL import Image, ImageFont

from condgan.pictures import fonts
from condgan.pictures.images import GREY, Pixels, grid
from condgan.pictures.metric_plots import class_accuracy
from condgan.storage.manifest import begin

PLOT = begin()
NAMES = ["猫", "狗", "été", "Ελλάδα"]


def font(path: Path, characters: str) -> Path:
    """A font with these characters, each a block of another height, and nothing for all others."""
    builder = FontBuilder(1000, isTTF=True)
    names = [".notdef", *(f"glyph{number}" for number in range(len(characters)))]
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(c): name for c, name in zip(characters, names[1:], strict=True)})
    glyphs = {}
    for number, name in enumerate(names):
        pen = TTGlyphPen(None)
        height = 800 * number // len(characters)
        if height:
            pen.moveTo((100, 0))
            for corner in ((100, height), (900, height), (900, 0)):
                pen.lineTo(corner)
            pen.closePath()
        glyphs[name] = pen.glyph()
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics(dict.fromkeys(names, (1000, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Blocks", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The only folder of system fonts, empty."""
    place = tmp_path / "fonts"
    place.mkdir()
    search = font_manager.findSystemFonts
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: search([str(place)]))
    forget()
    yield place
    forget()


def forget() -> None:
    fonts.known.clear()
    fonts.system.cache_clear()
    fonts._notice.cache_clear()


def header(title: str) -> Pixels:
    return grid(np.zeros((1, 1, 200, 200), np.uint8), 1, [title])[:-200]


def plotted(path: Path, names: list[str]) -> Pixels:
    class_accuracy(path, dict.fromkeys(names, 0.5), np.eye(len(names), dtype=np.int64), f"run {names[0]}", PLOT)
    return np.asarray(Image.open(path))


def test_a_font_of_the_system_draws_what_ours_lacks(folder: Path, tmp_path: Path) -> None:
    file = font(folder / "blocks.ttf", "猫狗")
    (folder / "broken.ttf").write_bytes(b"no font")
    (folder / "LastResort.ttf").write_bytes(file.read_bytes())
    assert [fonts.drawable(name) for name in NAMES] == NAMES
    assert fonts.runs("un 猫 été") == [("un ", fonts.own()), ("猫 ", str(file)), ("été", fonts.own())]
    assert (header("猫") != header("狗")).any()
    assert (header("猫") != header("")).any()
    assert (plotted(tmp_path / "plot.png", NAMES) != plotted(tmp_path / "plot.png", [*NAMES[1::-1], *NAMES[2:]])).any()


def test_without_a_font_there_are_escapes_and_a_word(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "condgan"):
        for _ in range(2):
            assert [fonts.drawable(name) for name in NAMES] == ["\\u732b", "\\u72d7", *NAMES[2:]]
    assert [record.getMessage() for record in caplog.records if "猫" in record.getMessage()] == [
        "no font here has 猫: pictures show escapes instead; fonts such as Noto have them"
    ]
    np.testing.assert_array_equal(header("猫"), header("\\u732b"))
    plain = plotted(tmp_path / "plot.png", ["\\u732b", "\\u72d7"])
    np.testing.assert_array_equal(plotted(tmp_path / "plot.png", ["猫", "狗"]), plain)


def test_compositions_and_invisible_characters_need_no_font(folder: Path) -> None:
    assert fonts.drawable("Ａ１\u2066x") == "A1x"
    assert fonts.drawable("a\x07\\") == "a\\x07\\"


def test_names_that_our_font_has_are_drawn_with_it_alone(folder: Path) -> None:
    font(folder / "blocks.ttf", "猫éΕКאab")
    for name in ("cat", "été", "Ελλάδα", "Кот", "שלום"):
        assert fonts.drawable(name) == name
        assert fonts.runs(name) == [(name, fonts.own())]


def test_a_whole_title_is_one_text_in_one_font() -> None:
    """As it was before there were others: the same pixels as Pillow's."""
    from PIL import ImageDraw

    titles = header("Ελλάδα")
    strip = Image.new("L", (200, len(titles) - 2), GREY)  # below and beside it lie gaps
    face = ImageFont.truetype(fonts.own(), 32)
    ImageDraw.Draw(strip).text((100, 50 - 16), "Ελλάδα", fill=232, font=face, anchor="ms")
    np.testing.assert_array_equal(titles[:48, 2:202], np.asarray(strip)[:48])


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(codec="utf-8"), max_size=20))
def test_whatever_is_drawn_has_a_glyph(text: str) -> None:
    """With the fonts of this machine: no character is drawn as the box for missing ones."""
    drawn = fonts.drawable(text)
    assert "".join(piece for piece, _ in fonts.runs(drawn)) == drawn
    for piece, file in fonts.runs(drawn):
        face, missing = FT2Font(file), ImageFont.truetype(file, 20)
        assert all(face.get_char_index(ord(c)) for c in piece)
        box = bytes(missing.getmask("\U0010ffff"))
        assert all(bytes(missing.getmask(c)) != box for c in piece if c.isalpha())


def test_plots_of_any_text(tmp_path: Path) -> None:
    """Matplotlib warns of a glyph that is missing, and a warning is an error."""
    plotted(tmp_path / "plot.png", [*NAMES, "हिन्दी", "🐱", "a\u200db", "\x01", "\udcff", "𒀀"])
