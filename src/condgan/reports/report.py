"""The job of ``condgan report``: a run, a study or a comparison as a document."""

import re
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Literal

from condgan import arguments
from condgan.errors import ArgumentError, CondganError
from condgan.experiments import comparison
from condgan.experiments.study import PLAN
from condgan.reports import coursework, of_comparison, of_run, of_study, printing, rendering
from condgan.reports.document import Document
from condgan.reports.language import Words
from condgan.reports.subject import Subject
from condgan.runs import moment
from condgan.storage.files import atomic, check_writable
from condgan.storage.manifest import Manifest, begin

Purpose = Literal["coursework"]
FORMS = (".html", ".md", ".pdf")
MOST_FIELDS, MOST_FIELD = 20, 200
OURS = re.compile(rb"kind(?:&#34;|\"):(?:&#34;|\")report")  # of the manifest
MARK = b'%{"kind":"report"}\n'  # the last line of a PDF, a comment there, tells that it is one of ours


def report(
    path: str | PathLike[str],
    output: str | PathLike[str],
    *,
    lang: str = "en",
    purpose: Purpose | None = None,
    author: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    moments: Sequence[int] = (),
) -> list[Path]:
    """Write a report -> the files that were written.

    Args:
        path: a run, ``RUN@100``, a study, or a folder of a comparison (``condgan compare ... -o``).
        output: its file: .html, one that opens by itself; .md, with its pictures in a folder beside it; .pdf, which a
            browser on this machine prints.
        lang: ``en`` or ``zh``.
        purpose: ``coursework``: with a title page, and all that such reports have.
        author: fields of the title page, as ``name`` and ``course``, in their order.
        moments: epochs of a run whose images are shown beside each other; their generators must have been kept
            (``output.keep_every``).

    Raises:
        CondganError: nothing there to report on, a damaged file, an unknown language or form, no browser that prints,
            or the file cannot be written.
    """
    words = Words(lang)
    fields, place = authors(author, words), check_place(output)
    try:
        document, manifest = made(path, words, purpose, fields, tuple(moments))
    except ArithmeticError as error:  # such as an epoch of 1e308
        raise CondganError(f"{path}: a number in its files is out of range ({error}): restore them") from None
    return written(document, words, manifest, place)


def check_place(output: str | PathLike[str]) -> Path:
    """The file of a report, which can be written: to know before a long job.

    Raises:
        CondganError: an unknown form, no browser that prints, there is another file, or it cannot be written.
    """
    place = arguments.path("output", output)
    if place.suffix.lower() not in FORMS:
        raise ArgumentError("output", place, f"expected a file that ends in {', '.join(FORMS)}")
    if place.suffix.lower() == ".pdf":
        printing.browser()
    check_free(place)
    check_writable(place)
    return place


def check_free(place: Path) -> None:
    """A report replaces an earlier one, and nothing else.

    Raises:
        CondganError: there is another file, or a folder of pictures of something else.
    """
    if place.is_file() and not OURS.search(place.read_bytes()):
        raise CondganError(f"{place} exists and is kept: choose another name, or remove it")
    folder = pictures_of(place)
    if place.suffix.lower() == ".md" and folder.is_dir() and any(folder.iterdir()) and not place.is_file():
        raise CondganError(f"{folder} exists and is kept: choose another name, or remove it")


def pictures_of(place: Path) -> Path:
    """The folder of the pictures of a text."""
    return place.parent / f"{place.stem}-pictures"


def made(
    path: str | PathLike[str],
    words: Words,
    purpose: Purpose | None,
    author: Sequence[tuple[str, str]],
    moments: tuple[int, ...] = (),
) -> tuple[Document, Manifest]:
    """The document of a path, and its manifest.

    Raises:
        CondganError: as for ``report``.
    """
    folder, _ = moment.parse(path)
    manifest = begin().of("report", shows=f"a report on {folder.name}")
    if (folder / comparison.FILE).is_file() and not (folder / "recipe.json").is_file():
        refuse(purpose, "a comparison")
        return of_comparison.document(folder, words, author), manifest
    if (folder / PLAN).is_file():
        refuse(purpose, "a study")
        if moments:
            raise ArgumentError(
                "moments", ",".join(map(str, moments)), "expected a run, not a study; name one of its runs"
            )
        return of_study.document(folder, words, author), manifest
    if folder.is_dir() and not (folder / "recipe.json").is_file():
        raise CondganError(
            f"{folder} has no {comparison.FILE}, {PLAN} or recipe.json: it is no comparison, study or run, or a "
            "comparison that was not finished: `condgan compare` with the same folder finishes it"
        )
    subject = Subject.open(path, moments)
    manifest = manifest.model_copy(update={"recipe": subject.recipe.name})
    if purpose is not None:
        return coursework.document(subject, words, author), manifest
    return of_run.document(subject, words, author), manifest


def refuse(purpose: Purpose | None, what: str) -> None:
    """Coursework is on a run.

    Raises:
        ArgumentError: it was asked for.
    """
    if purpose is not None:
        raise ArgumentError("purpose", purpose, f"expected a run, not {what}; name one of its runs")


def authors(given: Mapping[str, str] | Sequence[tuple[str, str]], words: Words) -> list[tuple[str, str]]:
    """The fields of the title page; those that have a name in the language get it.

    Raises:
        ArgumentError: too many, or too long.
    """
    pairs = list(given.items()) if isinstance(given, Mapping) else list(given)
    for name, value in pairs:
        if not name.strip():
            raise ArgumentError("author", f"{name}={value}"[:40], "the field has no name: expected FIELD=VALUE")
        if max(len(name), len(value)) > MOST_FIELD or len(pairs) > MOST_FIELDS:
            raise ArgumentError(
                "author", f"{name}={value}"[:40],
                f"expected at most {MOST_FIELDS} fields, FIELD=VALUE of up to {MOST_FIELD} characters",
            )  # fmt: skip
    return [(words.get(f"author.{name}", name), value) for name, value in pairs]


def written(document: Document, words: Words, manifest: Manifest, place: Path) -> list[Path]:
    """Write it in the form that the file's ending says -> the files.

    Raises:
        CondganError: it cannot be written, or printed.
    """
    form = place.suffix.lower()
    if form == ".md":
        folder = pictures_of(place)
        text, pictures = rendering.markdown(document, words, manifest, folder.name)
        for name, data in pictures.items():
            atomic(folder / name, data)
        atomic(place, text)
        for left in folder.glob("[0-9][0-9]-*.*") if folder.is_dir() else ():
            if left.name not in pictures:
                left.unlink()  # of the report that this one replaces
        return [place, *([folder] if pictures else [])]
    page = rendering.html(document, words, manifest)
    atomic(place, printing.pdf(page) + MARK if form == ".pdf" else page)
    return [place]
