"""Folders that look like classes and probably are none: what they suggest, and the option that decides."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from condgan.data.readers.names import CLASS, evident, natural, split_of
from condgan.data.tree import File
from condgan.errors import CondganError

EXPECTED = "expected a folder for each class, as cats/1.png, or train/cats/1.png and test/cats/1.png"
STORAGE_DIGITS = 5

Tops = Mapping[str, list[tuple[File, tuple[str, ...]]]]
"""First folder -> its image files, and the parts of their paths from that folder on."""


def refuse_doubtful(
    where: object,
    tops: Tops,
    splits: Mapping[str, str | None],
    depths: Mapping[str, set[int]],
) -> None:
    """Refuse folders that look like classes, and probably are none.

    Raises:
        CondganError: with the reading that they suggest, and the option that decides.
    """
    shown = ", ".join(sorted(tops, key=natural)[:4]) + (", ..." if len(tops) > 4 else "")
    fused = {top: next((start for start in ("train", "test", "val") if top.casefold().startswith(start)), None)
             for top in tops}  # fmt: skip
    if all(fused.values()) and len(set(fused.values())) > 1:
        raise CondganError(
            f"{where} has the folders {shown}, which look like splits joined with classes: move the images to "
            f"train/CLASS and test/CLASS, or give data.label_from='{CLASS}/*' if these are the classes"
        )
    deep = {top for top, depth in depths.items() if min(depth) > 2}
    if deep and any(splits[top] for top in deep):
        named = sorted(top for top in tops if splits[top])
        others = sorted(set(tops) - set(named))
        raise CondganError(
            f"{where} has {', '.join(named)} with class folders, and {', '.join(others[:4])}, which names no split: "
            "move it elsewhere, or give the path of one"
        )
    if deep == set(tops) and not inner(tops):
        second = {parts[1] for top in tops for _, parts in tops[top]}
        if all(map(split_of, second)):
            raise CondganError(
                f"{where} has several datasets: {shown}: give the path of one, as {where}/{min(tops, key=natural)}"
            )
        file, parts = next(iter(tops.values()))[0]
        above = "".join(f"{part}/" for part in file.path.parts[: -len(parts)])
        raise CondganError(
            f"{where} has folders in folders ({next(iter(tops.values()))[0][0].path}): "
            f"data.label_from='{above}{CLASS}/*/*' takes the upper ones for classes, "
            f"data.label_from='{above}*/{CLASS}/*' the lower"
        )
    if is_storage(tops):
        raise CondganError(
            f"{where} has the folders {shown}, whose file numbers run on from folder to folder: storage, not classes. "
            f"Put a table of labels beside them (dataset.json), or give data.label_from='{CLASS}/*' if they are classes"
        )


def inner(tops: Tops) -> bool:
    """Whether each class folder has split folders with images, as in cat/train/1.png."""
    return all(len(parts) == 3 and split_of(parts[1]) for top in tops for _, parts in tops[top])


def is_storage(tops: Tops) -> bool:
    """Whether folders are numbered, and the numbers of their files run on from one to the next."""
    if len(tops) < 2 or not all(top.isdecimal() and len(top) >= STORAGE_DIGITS for top in tops):
        return False
    last = -1
    for top in sorted(tops, key=natural):
        numbers = [int(digits) for file, _ in tops[top] if (digits := "".join(filter(str.isdecimal, file.path.stem)))]
        if len(numbers) < len(tops[top]) or min(numbers) <= last:
            return False
        last = max(numbers)
    return True


def unlabelled(where: object, paths: Sequence[PurePosixPath], what: str) -> str:
    """The message for images without labels, with the pattern of their names if one is evident."""
    pattern = evident(paths)
    if pattern is not None:
        options = shlex.quote(f"data.label_from={pattern}")
        return f"{where} has {what}; their names contain the classes: give {options}"
    return (
        f"{where} has {what}: put a table of file and label beside them (labels.csv), move them into class folders, or "
        f"give data.label_from='{CLASS}_*' where names contain the class"
    )
