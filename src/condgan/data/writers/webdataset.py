"""Tar files as the webdataset library reads them: for each image a .png, a .cls (index of its class) and a .json."""

import io
import json
import tarfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from condgan.data.writers.writer import OUT, Content, Part, Whole, Writer, holds_all, pngs, staged
from condgan.storage.files import atomic
from condgan.storage.manifest import KEY

CARD = "condgan.card"
SHARD = "train-{:06d}.tar"


def add(folder: Path, content: Content, part: Part) -> None:
    """A file of the part: one of the dataset's, or one for ``finish``."""
    encoded = io.BytesIO()
    time = int(datetime.fromisoformat(content.manifest.time).timestamp())
    with open_tar(encoded, {KEY: content.manifest.to_json()}) as tar:
        for number, (label, png) in enumerate(pngs(content, part), part.first):
            name = json.dumps({"label": content.class_names[label]}, ensure_ascii=False).encode()
            for ending, data in (("png", png), ("cls", str(label).encode()), ("json", name)):
                member = tarfile.TarInfo(f"{number:09d}.{ending}")
                member.size, member.mtime = len(data), time
                tar.addfile(member, io.BytesIO(data))
    atomic(place(folder, content, part.number), encoded.getvalue())


def open_tar(file: io.BytesIO | Path, told: Mapping[str, str]) -> tarfile.TarFile:
    """A tar that says what it is in its global header."""
    if isinstance(file, Path):
        return tarfile.open(file, "w", format=tarfile.PAX_FORMAT, pax_headers=told)
    return tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT, pax_headers=told)


def place(folder: Path, content: Content, part: int) -> Path:
    """The file of a part."""
    return staged(folder, part, "tar") if content.single else folder / OUT / SHARD.format(part)


def finish(folder: Path, content: Content, whole: Whole) -> None:
    """Join the parts into one file, if the dataset is one."""
    if not content.single:
        return
    with open_tar(folder / OUT, {KEY: whole.manifest.to_json(), CARD: whole.card}) as joined:
        for part in range(len(whole.parts)):
            with tarfile.open(place(folder, content, part)) as source:
                for member in source:
                    data = source.extractfile(member)
                    member.pax_headers = {}  # those of the part's global header
                    joined.addfile(member, data)


WRITER = Writer("webdataset", "a .tar for webdataset", ".tar", False, holds_all, add, finish)
