"""Parquet as Hugging Face's datasets write it: ``image`` (bytes and path of a PNG) and ``label`` (with names)."""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from condgan.data.writers.writer import OUT, Content, Part, Whole, Writer, pngs, staged
from condgan.errors import CondganError
from condgan.storage.files import atomic
from condgan.storage.manifest import KEY, Manifest

ROWS = 1000  # of a row group: what a reader decodes at a time
CARD = b"condgan.card"
SHARD = "train-{:05d}.parquet"


def refusal(content: Content) -> str | None:
    """None, where pyarrow is installed.

    Raises:
        CondganError: it is not.
    """
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise CondganError("parquet is written with pyarrow: pip install condgan[parquet]") from None
    return None


def schema(content: Content, manifest: Manifest, card: str | None = None) -> Any:
    """The columns, and what the file says of itself."""
    import pyarrow as pa

    told = {
        b"huggingface": features(content.class_names),
        KEY.encode(): manifest.to_json().encode(),
    }
    if card is not None:
        told[CARD] = card.encode()
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    return pa.schema([("image", image), ("label", pa.int64())], metadata=told)


def features(class_names: Sequence[str]) -> bytes:
    """What Hugging Face's datasets read of the columns, as JSON."""
    named = {"names": list(class_names), "_type": "ClassLabel"}
    return json.dumps({"info": {"features": {"image": {"_type": "Image"}, "label": named}}}).encode()


def add(folder: Path, content: Content, part: Part) -> None:
    """A file of the part: one of the dataset's, or one for ``finish``."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    labels, images = [], []
    for number, (label, png) in enumerate(pngs(content, part), part.first):
        labels.append(label)
        images.append({"bytes": png, "path": f"{number:06d}.png"})
    columns = schema(content, content.manifest)
    encoded = io.BytesIO()
    table = pa.Table.from_pydict({"image": images, "label": labels}, schema=columns)
    pq.write_table(table, encoded, row_group_size=ROWS, compression="zstd")
    atomic(place(folder, content, part.number), encoded.getvalue())


def place(folder: Path, content: Content, part: int) -> Path:
    """The file of a part."""
    return staged(folder, part, "parquet") if content.single else folder / OUT / "data" / SHARD.format(part)


def finish(folder: Path, content: Content, whole: Whole) -> None:
    """Join the parts into one file, if the dataset is one."""
    if not content.single:
        return
    import pyarrow.parquet as pq

    columns = schema(content, whole.manifest, whole.card)
    with pq.ParquetWriter(folder / OUT, columns, compression="zstd") as file:
        for part in range(len(whole.parts)):
            with pq.ParquetFile(place(folder, content, part)) as source:
                for group in range(source.metadata.num_row_groups):
                    file.write_table(source.read_row_group(group).cast(columns), row_group_size=ROWS)


WRITER = Writer("parquet", "a .parquet", ".parquet", False, refusal, add, finish, "parquet")
