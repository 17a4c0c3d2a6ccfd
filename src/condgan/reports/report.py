"""The job of ``condgan report``: a run, a study or a comparison as a document."""

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Literal

from condgan import arguments
from condgan.errors import ArgumentError
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
    words, place = Words(lang), arguments.path("output", output)
    if place.suffix.lower() not in FORMS:
        raise ArgumentError("output", place, f"expected a file that ends in {', '.join(FORMS)}")
    fields = authors(author, words)
    if place.suffix.lower() == ".pdf":
        printing.browser()
    check_writable(place)
    document, manifest = made(path, words, purpose, fields, tuple(moments))
    return written(document, words, manifest, place)


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
        return of_study.document(folder, words, author), manifest
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
        raise ArgumentError("purpose", purpose, f"is for a run, this is {what}: name one of its runs")


def authors(given: Mapping[str, str] | Sequence[tuple[str, str]], words: Words) -> list[tuple[str, str]]:
    """The fields of the title page; those that have a name in the language get it.

    Raises:
        ArgumentError: too many, or too long.
    """
    pairs = list(given.items()) if isinstance(given, Mapping) else list(given)
    for name, value in pairs:
        if not name.strip() or max(len(name), len(value)) > MOST_FIELD or len(pairs) > MOST_FIELDS:
            raise ArgumentError(
                "author", f"{name}={value}",
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
        folder = place.with_suffix("").name + "-pictures"
        text, pictures = rendering.markdown(document, words, manifest, folder)
        for name, data in pictures.items():
            atomic(place.parent / folder / name, data)
        atomic(place, text)
        return [place, *([place.parent / folder] if pictures else [])]
    page = rendering.html(document, words, manifest)
    atomic(place, printing.pdf(page) if form == ".pdf" else page)
    return [place]
