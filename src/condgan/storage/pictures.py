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

    told = manifest.model_copy(update={"pixels_sha256": pixels_sha256(picture)})
    chunks = PngInfo()
    chunks.add_text("Software", told.software)
    chunks.add_text("Creation Time", told.time)
    if told.synthetic:
        chunks.add_text("Source", "synthetic: made by a trained generator")
    chunks.add_text(KEY, told.to_json())
    chunks.add_itxt(XMP, xmp(told))
    encoded = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(encoded, format="PNG", pnginfo=chunks)
    return encoded.getvalue()


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
