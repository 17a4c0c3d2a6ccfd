"""PNG and GIF files with their manifest: the one place where pictures are encoded."""

import io
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from condgan.storage.manifest import KEY, Manifest, pixels_sha256, xmp
from condgan.streams import encodable

XMP = "XML:com.adobe.xmp"
"""The keyword of XMP in a PNG."""

Pixels = npt.NDArray[np.uint8]


def png(picture: Pixels, manifest: Manifest) -> bytes:
    """A picture (h, w) or (h, w, 3) as a PNG, with the manifest and the hash of its pixels in text chunks, and XMP."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    chunks = PngInfo()
    for keyword, text in texts(manifest.model_copy(update={"pixels_sha256": pixels_sha256(picture)})).items():
        add = chunks.add_itxt if keyword == XMP else chunks.add_text
        add(keyword, text)
    encoded = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(encoded, format="PNG", pnginfo=chunks)
    return encoded.getvalue()


def texts(manifest: Manifest) -> dict[str, str]:
    """The texts of a PNG by keyword: all that it says of itself, the manifest among them."""
    told = {"Software": manifest.software, "Creation Time": manifest.time}
    if manifest.synthetic:
        told["Source"] = "synthetic: made by a trained generator"
    return {**told, KEY: manifest.to_json(), XMP: xmp(manifest)}


def gif(frames: Sequence[Pixels], milliseconds: int | Sequence[int], manifest: Manifest) -> bytes:
    """Pictures of one size, (h, w) or (h, w, 3), as an endless animation, with the manifest as its comment.

    Equal ones that follow each other are written as one that is shown longer.
    """
    from PIL import Image

    first, *rest = (Image.fromarray(np.ascontiguousarray(frame)) for frame in frames)
    encoded = io.BytesIO()
    comment = encodable(manifest.to_json()).encode()
    first.save(encoded, format="GIF", save_all=True, append_images=rest, duration=milliseconds, loop=0, comment=comment)
    return encoded.getvalue()
