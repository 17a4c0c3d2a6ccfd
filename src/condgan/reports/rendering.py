"""A document as one HTML file that opens without a network, or as Markdown with its pictures beside it."""

import base64
import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from condgan.reports.document import Document, Table
from condgan.reports.language import Words
from condgan.storage.manifest import KEY, Manifest

if TYPE_CHECKING:
    from jinja2 import Environment

CODE = re.compile(r"`([^`]+)`")
SPAN = re.compile(r"((?<![`\\])`[^`]+`(?!`))")  # a run of one backquote, which another one ends
SHORT, LONG = 20, 32  # letters of the widest cell of a column
SPECIAL = re.compile(r"([\\`*_\[\]<>|#~$])")


def html(document: Document, words: Words, manifest: Manifest) -> bytes:
    """One self-contained file: styles, pictures and equations are in it, and nothing is loaded from elsewhere."""
    text = environment(autoescape=True).get_template("report.html").render(
        document=document, words=words, style=_file("style.css"), script=_file("slider.js"),
        manifest=manifest.to_json(), key=KEY, mathml=mathml, made=made(words, manifest),
    )  # fmt: skip
    return text.encode("utf-8", "xmlcharrefreplace")


def markdown(document: Document, words: Words, manifest: Manifest, pictures: str) -> tuple[bytes, Mapping[str, bytes]]:
    """The text, and its pictures by the name of their file; ``pictures`` is the folder that the text names."""
    files: dict[str, bytes] = {}

    def keep(data: bytes | str, name: str) -> str:
        ending = "svg" if isinstance(data, str) else "png"
        file = f"{len(files) + 1:02d}-{name}.{ending}"
        files[file] = data.encode() if isinstance(data, str) else data
        return f"{quote(pictures)}/{file}"

    text = environment(autoescape=False).get_template("report.md").render(
        document=document, words=words, keep=keep, manifest=manifest.to_json(), key=KEY,
        made=made(words, manifest),
    )  # fmt: skip
    return re.sub(r"\n{3,}", "\n\n", text).strip().encode("utf-8", "replace") + b"\n", files


def made(words: Words, manifest: Manifest) -> str:
    """By what, and when."""
    return words("report.made", software=manifest.software, time=manifest.time)


@cache
def environment(autoescape: bool) -> "Environment":
    """Jinja's templates of this package."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("condgan.reports", "templates"), autoescape=autoescape, trim_blocks=True,
        lstrip_blocks=True, undefined=StrictUndefined,
    )  # fmt: skip
    made.filters |= {
        "inline": _inline,
        "md": _escaped,
        "cell": _cell,
        "data_uri": _data_uri,
        "kind": _kind,
        "columns": _columns,
        "comment": _comment,
        "fence": _fence,
    }
    return made


def _kind(block: Any) -> str:
    """The name of a block's template."""
    return type(block).__name__.lower()


def _width(text: str) -> int:
    """Of a text, in letters: a Chinese one counts twice."""
    return sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text.replace("`", ""))


def _columns(block: Table) -> list[str]:
    """The class of each column: short ones are never broken, long ones keep room for some words in a line.

    A title without a place to break, as a path, is broken anywhere.
    """
    classes = []
    for place, title in enumerate(block.header):
        widest = max((_width(row[place]) for row in block.rows), default=0)
        kinds = ["number"] if place in block.numbers else []
        kinds += ["short"] if widest <= SHORT else ["long"] if widest >= LONG else []
        kinds += ["path"] if max(map(len, title.split()), default=0) > SHORT else []
        classes.append(" ".join(kinds))
    return classes


def _inline(text: str) -> Any:
    """Text with code in backquotes, as HTML."""
    from markupsafe import Markup, escape

    return Markup(CODE.sub(r"<code>\1</code>", str(escape(text))))


def _escaped(text: str) -> str:
    """Text with code in backquotes, as Markdown: nothing else in it is markup."""
    parts = SPAN.split(" ".join(text.split()))
    return "".join(
        part if place % 2 else SPECIAL.sub(r"\\\1", part.replace("&", "&amp;")) for place, part in enumerate(parts)
    )


def _cell(text: str) -> str:
    """The same, in a table."""
    return SPAN.sub(lambda code: code[0].replace("|", "\\|"), _escaped(text))


def _comment(text: str) -> str:
    """Text that cannot end a comment."""
    return text.replace("--", "-\\u002d")


def _fence(text: str) -> str:
    """Backquotes around code: more of them than it has in a row."""
    return "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))


def _data_uri(data: bytes) -> str:
    """A PNG file as an address that contains it."""
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


@cache
def mathml(latex: str) -> Any:
    """An equation as MathML, which browsers show by themselves."""
    from latex2mathml.converter import convert
    from markupsafe import Markup

    return Markup(convert(latex, display="block"))


@cache
def _file(name: str) -> Any:
    """A file of the templates, as it is."""
    from markupsafe import Markup

    text = resources.files("condgan.reports").joinpath("templates", name).read_text("utf-8")
    return Markup(text)
