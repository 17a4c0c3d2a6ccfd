"""The visible label of generated pictures that GB 45438-2025 asks for: words in a strip below the picture."""

from functools import cache
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from condgan.errors import ArgumentError
from condgan.pictures import fonts

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

Language = Literal["en", "zh"]

WORDS: dict[Language, str] = {"en": "AI-generated", "zh": "AI生成"}
LEAST_SHARE = 0.05  # of the shorter side, that letters are high: GB 45438-2025, 4.3
SHARE = 0.06  # that we draw
LEAST_SIZE = 12  # pixels of the font; smaller Chinese characters cannot be read
GROUND, INK = 0, 255


def labelled(picture: npt.NDArray[np.uint8], language: Language | None) -> npt.NDArray[np.uint8]:
    """A picture (h, w) or (h, w, 3) with the label in a strip below it; without a language, as it is.

    Letters are at least 5 % of the picture's shorter side high, and drawn by a font that is in the package, so that
    they look the same on every machine.

    Raises:
        ArgumentError: the picture is too narrow for letters.
    """
    if language is None:
        return picture
    from PIL import Image, ImageDraw

    height, width = picture.shape[:2]
    size = max(LEAST_SIZE, round(1.4 * SHARE * min(height, width)))  # capital letters are 0.73 of a font's size high
    left, top, right, bottom = font(language, size).getbbox(WORDS[language])
    margin = max(2, size // 4)
    if right - left + 2 * margin > width:
        raise ArgumentError(
            "visible_label", language,
            f"the picture is {height} x {width} pixels, too small for letters: enlarge it by `scale`, or leave it out",
        )  # fmt: skip
    strip = Image.new("L", (width, round(bottom - top) + 2 * margin), GROUND)
    place = (width - (right - left) - margin - left, margin - top)
    ImageDraw.Draw(strip).text(place, WORDS[language], fill=INK, font=font(language, size))
    below = np.asarray(strip)
    return np.concatenate([picture, below if picture.ndim == 2 else np.repeat(below[:, :, None], 3, axis=2)])


@cache
def font(language: Language, size: int) -> "FreeTypeFont":
    """The font of a label. ``files/label.otf`` has the characters of the Chinese one, from Noto Sans CJK (OFL 1.1)."""
    from PIL import ImageFont

    if language == "en":
        return ImageFont.truetype(fonts.own(), size)
    with as_file(files("condgan.pictures") / "files" / "label.otf") as file:
        return ImageFont.truetype(str(file), size)
