"""Parquet files that anyone may have written, read within bounds."""

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from condgan.provenance import archives
from condgan.provenance.files import DamagedError, UnreadableError

PARQUET = b"PAR1"  # how such a file begins, and ends
AT_ONCE, MOST_AT_ONCE = 256, 1 << 27
"""Rows of a parquet file that are in memory, and bytes, if each were as large as the file."""
MOST_GROUP = 1 << 30  # bytes of a group of its rows


def opened(file: BinaryIO) -> tuple[Any, list[int]]:
    """A parquet file, and the bytes of each of its row groups.

    Raises:
        UnreadableError: pyarrow is missing.
        DamagedError: damaged, or too large.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise UnreadableError("parquet is read with pyarrow: pip install condgan[parquet]") from None
    if file.read(len(PARQUET)) != PARQUET:  # which pyarrow looks for at the end alone
        raise DamagedError("damaged: it does not begin as a parquet file")
    file.seek(0)
    try:
        table = pq.ParquetFile(file)
        groups = table.metadata.num_row_groups
        sizes = [table.metadata.row_group(group).total_byte_size for group in range(min(groups, 1 << 20))]
    except (pa.ArrowException, *archives.ZIP_ERRORS) as error:
        raise DamagedError(f"damaged: {type(error).__name__}") from None
    if any(not 0 <= size <= MOST_GROUP for size in sizes) or table.metadata.num_rows > archives.MOST_ROWS:
        raise DamagedError("it is too large")
    return table, sizes


def cells(file: BinaryIO) -> Iterator[bytes]:
    """The encoded images of any parquet file that has a column of them, `image`, as bytes or with `bytes` in it.

    Raises:
        UnreadableError: as ``opened``, or there is no such column.
    """
    table, sizes = opened(file)
    import pyarrow as pa

    try:
        if "image" not in table.schema_arrow.names:
            raise DamagedError("it has no column `image`")
        for batch in table.iter_batches(at_once(sizes), columns=["image"]):
            for cell in batch.column(0).to_pylist():
                data = cell.get("bytes") if isinstance(cell, dict) else cell
                if isinstance(data, bytes):
                    yield data
    except (pa.ArrowException, *archives.ZIP_ERRORS) as error:
        raise DamagedError(f"damaged: {type(error).__name__}") from None


def at_once(sizes: Sequence[int]) -> int:
    """How many rows are read at a time."""
    return min(AT_ONCE, max(1, MOST_AT_ONCE // max([1, *sizes])))  # no image is larger than its row group
