import contextlib
import io
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from condgan.data.readers.decode import decode
from condgan.errors import CondganError

RAMP = np.arange(0, 256, 4, dtype=np.uint8).reshape(8, 8)


def saved(image: Image.Image, path: Path, **options: object) -> Path:
    image.save(path, **options)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "image.png"


def test_grey_and_colour_come_back(path: Path) -> None:
    assert np.array_equal(decode(saved(Image.fromarray(RAMP), path)).pixels, RAMP)
    colour = np.stack([RAMP, RAMP.T, 255 - RAMP], axis=-1)
    assert np.array_equal(decode(saved(Image.fromarray(colour), path)).pixels, colour)


def test_black_and_white(path: Path) -> None:
    raw = decode(saved(Image.fromarray(RAMP).convert("1", dither=Image.Dither.NONE), path)).pixels
    assert np.array_equal(raw, np.where(RAMP >= 128, 255, 0))


@pytest.mark.parametrize("end", ["png", "tif"])
def test_deep_grey_is_scaled_and_not_clipped(tmp_path: Path, end: str) -> None:
    path = saved(Image.fromarray(RAMP.astype(np.uint16) * 257), tmp_path / f"image.{end}")
    assert np.array_equal(decode(path).pixels, RAMP)


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_pixels_without_a_natural_8_bit_form(tmp_path: Path, dtype: type) -> None:
    path = saved(Image.fromarray(RAMP.astype(dtype)), tmp_path / "image.tif")
    with pytest.raises(CondganError, match=r"image\.tif has 32-bit pixels: save it with 8 or 16 bits"):
        decode(path)


def test_palettes(path: Path) -> None:
    grey = saved(Image.fromarray(RAMP).convert("P"), path)
    with Image.open(path) as image:
        assert image.mode == "P"
    assert np.array_equal(decode(grey).pixels, RAMP)
    colour = saved(Image.new("RGB", (8, 8), (255, 0, 0)).convert("P", palette=Image.Palette.ADAPTIVE), path)
    assert decode(colour).pixels.tolist() == [[[255, 0, 0]] * 8] * 8


def test_cmyk(tmp_path: Path) -> None:
    path = saved(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), tmp_path / "image.jpg", quality=100)
    raw = decode(path).pixels
    assert np.abs(raw.astype(int) - [255, 0, 0]).max() < 12


def test_transparency(path: Path) -> None:
    """Pixels lie on black, and what they let through is kept beside them."""
    half = decode(saved(Image.new("LA", (8, 8), (200, 128)), path))
    assert half.pixels == pytest.approx(np.full((8, 8), 100), abs=1)
    assert half.clear is not None
    assert (half.clear == 127).all()
    opaque = decode(saved(Image.new("LA", (8, 8), (200, 255)), path))
    assert opaque.clear is None
    assert (opaque.pixels == 200).all()
    nothing = decode(saved(Image.new("RGBA", (8, 8), (9, 8, 7, 0)), path), by_content=False)
    assert nothing.pixels.tolist() == np.zeros((8, 8, 3)).tolist()
    palette = decode(saved(Image.fromarray(RAMP).convert("P"), path, transparency=int(RAMP[-1, -1])))
    assert palette.clear is not None
    assert palette.clear[-1, -1] == 255
    assert palette.pixels[-1, -1] == 0
    assert np.array_equal(palette.pixels[:-1], RAMP[:-1])


def test_grey_stored_in_colour_is_grey_by_content_only(path: Path) -> None:
    saved(Image.fromarray(RAMP).convert("RGB"), path)
    read = decode(path)
    assert np.array_equal(read.pixels, RAMP)
    assert read.grey_as_colour
    assert decode(path, by_content=False).pixels.shape == (8, 8, 3)


def test_a_digest_is_of_what_is_shown(tmp_path: Path) -> None:
    """Not of the format of its file; a pixel, the shape or the transparency changes it."""
    exif = Image.Exif()
    exif[0x0112] = 3
    same = [
        saved(Image.fromarray(RAMP), tmp_path / "a.png"),
        saved(Image.fromarray(RAMP), tmp_path / "a.bmp"),
        saved(Image.fromarray(RAMP).convert("RGB"), tmp_path / "b.png"),
        saved(Image.fromarray(np.ascontiguousarray(RAMP[::-1, ::-1])), tmp_path / "c.png", exif=exif),
    ]
    assert len({decode(path).digest() for path in same}) == 1
    other = RAMP.copy()
    other[3, 3] += 1
    clear = Image.fromarray(RAMP).convert("LA")
    clear.putpixel((0, 0), (0, 0))
    different = [
        saved(Image.fromarray(other), tmp_path / "d.png"),
        saved(Image.fromarray(RAMP.reshape(4, 16)), tmp_path / "e.png"),
        saved(clear, tmp_path / "f.png"),
    ]
    assert len({decode(path).digest() for path in [same[0], *different]}) == 4


@pytest.mark.parametrize(
    ("orientation", "turned"), [(1, RAMP), (3, RAMP[::-1, ::-1]), (6, np.rot90(RAMP, -1)), (8, np.rot90(RAMP))]
)
def test_orientation(path: Path, orientation: int, turned: np.ndarray) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert np.array_equal(decode(saved(Image.fromarray(RAMP), path, exif=exif)).pixels, turned)


def test_the_first_frame_of_an_animation(tmp_path: Path) -> None:
    frames = [Image.new("L", (8, 8), value) for value in (10, 200)]
    path = saved(frames[0], tmp_path / "image.gif", save_all=True, append_images=frames[1:])
    assert decode(path).pixels.tolist() == [[10] * 8] * 8


def encoded(kind: str) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.stack([RAMP, RAMP.T, RAMP[::-1]], axis=-1)).save(stream, kind)
    return stream.getvalue()


WHOLE = {kind: encoded(kind) for kind in ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")}


@given(st.sampled_from(sorted(WHOLE)), st.data())
@settings(max_examples=300)
def test_damaged_files_give_an_image_or_a_plain_error(
    tmp_path_factory: pytest.TempPathFactory, kind: str, data: st.DataObject
) -> None:
    content = bytearray(WHOLE[kind])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings(), contextlib.suppress(CondganError):
        patch.setattr(Image, "MAX_IMAGE_PIXELS", 1 << 20)  # a changed size must not make the test slow
        warnings.simplefilter("ignore")
        raw = decode(path).pixels
        assert raw.dtype == np.uint8
        assert raw.shape[2:] in ((), (3,))
