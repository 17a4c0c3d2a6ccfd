"""What a report consists of, whatever its language and its form."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; what stands in backquotes is code.

    Attributes:
        quiet: it is a note, in smaller print.
    """

    text: str
    quiet: bool = False


@dataclass(frozen=True)
class Items:
    """A list of sentences."""

    texts: tuple[str, ...]
    numbered: bool = False


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        header: of its columns.
        rows: cells as text, as many as columns.
        numbers: the columns that are aligned to the right, by position.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    numbers: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Picture:
    """A picture.

    Attributes:
        data: a PNG file, or SVG as text, which was made here and not read.
        alt: what it shows, for those who do not see it.
        caption: below it.
        pixelated: whether its pixels are to stay visible where it is enlarged.
        width: of the text, in percent.
    """

    data: bytes | str
    alt: str
    caption: str = ""
    pixelated: bool = False
    width: int = 100


@dataclass(frozen=True)
class Slider:
    """Pictures of several moments, one visible at a time; side by side, or the first and the last, where none moves.

    Attributes:
        frames: a label and a PNG file for each moment.
        id: of the element, a word.
    """

    frames: tuple[tuple[str, bytes], ...]
    alt: str
    caption: str = ""
    id: str = "slider"


@dataclass(frozen=True)
class Beside:
    """Pictures beside each other, each with a title."""

    pictures: tuple[tuple[str, bytes], ...]
    alt: str
    caption: str = ""


@dataclass(frozen=True)
class Equation:
    """An equation on a line of its own, in LaTeX.

    Attributes:
        source: where it is from, in words.
    """

    latex: str
    source: str = ""


@dataclass(frozen=True)
class Code:
    """Code, or what a terminal shows.

    Attributes:
        language: ``python`` or ``console``; empty: neither.
    """

    text: str
    language: str = ""


Block = Paragraph | Items | Table | Picture | Slider | Beside | Equation | Code


@dataclass
class Section:
    """A section.

    Attributes:
        id: a word that links to it.
    """

    id: str
    title: str
    blocks: list[Block] = field(default_factory=list)

    def add(self, *blocks: Block | None) -> "Section":
        """Append blocks; none is left out."""
        self.blocks += [block for block in blocks if block is not None]
        return self


@dataclass(frozen=True)
class Document:
    """A report.

    Attributes:
        lang: ``en`` or ``zh``.
        subtitle: below the title.
        author: fields of the title page, by name.
        sections: in order.
        contents: whether a table of contents precedes them.
    """

    lang: str
    title: str
    subtitle: str
    sections: Sequence[Section]
    author: Sequence[tuple[str, str]] = ()
    contents: bool = False
