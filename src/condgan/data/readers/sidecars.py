"""Labels in a small file beside each image, as webdatasets have them: ``0001.png``, ``0001.cls``, ``0001.json``."""

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from condgan.data.readers.names import tidy
from condgan.data.tree import File, Tree
from condgan.errors import CondganError

ENDINGS = (".json", ".cls")
"""Of the files beside images; the first that says a label wins."""
KEYS = ("label", "class", "class_name", "category", "target")
LARGEST = 1 << 16  # bytes of such a file


def labels(tree: Tree, images: Sequence[File]) -> Mapping[PurePosixPath, str] | None:
    """The label of each image; none unless each has a file beside it, of one ending, that says it.

    Raises:
        CondganError: some images have such a file, and others have not.
    """
    for ending in ENDINGS:
        beside = [tree.files.get(file.path.with_suffix(ending)) for file in images]
        having = sum(file is not None for file in beside)
        if having < len(images) or len({file.path.with_suffix("") for file in images}) < len(images):
            if ending == ".cls" and having:
                missing = next(image for image, file in zip(images, beside, strict=True) if file is None)
                raise CondganError(
                    f"{tree.root}: {having} of {len(images)} images have a .cls file beside them, as "
                    f"{missing.path} has not: add the others"
                )
            continue
        found = {image.path: said(tree, file) for image, file in zip(images, beside, strict=True) if file is not None}
        if all(label is not None for label in found.values()):
            return {path: label for path, label in found.items() if label is not None}
    return None


def said(tree: Tree, file: File) -> str | None:
    """The label in a file beside an image; none if it says none."""
    content = tree.read(file, LARGEST)
    if len(content) > LARGEST:
        return None
    text = content.decode("utf-8", "replace").strip()
    if file.path.suffix == ".cls":
        return tidy(text) or None
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    value = next((fields[key] for key in KEYS if isinstance(fields.get(key), str | int)), None)
    return None if value is None or isinstance(value, bool) else tidy(str(value)) or None
