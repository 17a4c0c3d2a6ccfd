"""The documents in Chinese have the commands, figures and links of those in English, section by section."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).parent.parent
CHINESE = sorted([*ROOT.glob("*.zh-CN.md"), *(ROOT / "docs").glob("*.zh-CN.md")])
HEADING = re.compile(r"(#+) (.*)")
COMMENT = re.compile(r"(?:^|\s+)# (.*)")
SPAN = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?", re.ASCII)
TECHNICAL = re.compile(r"[\w./*=-]*[\w*]", re.ASCII)  # in a comment: names of files and fields, and numbers
IDEOGRAPH = re.compile(r"[\u3400-\u9fff]")


@dataclass
class Block:
    """Lines of one kind: code, table, list or paragraph; the number of the first one, from 1 on."""

    kind: str
    line: int
    lines: list[str]


@dataclass
class Section:
    """A heading, its level (0: what comes before the first), its line, and what follows it."""

    title: str
    level: int
    line: int
    blocks: list[Block] = field(default_factory=list)


def english(path: Path) -> Path:
    """The document of which this one is the Chinese version."""
    return path.with_name(path.name.replace(".zh-CN", ""))


def sections(text: str) -> list[Section]:
    """A Markdown document as sections; code is fenced, or indented by four spaces."""
    found, fenced, blank = [Section("", 0, 1)], False, True
    for number, line in enumerate(text.splitlines(), 1):
        blocks = found[-1].blocks
        fence = line.startswith("```")
        heading = None if fenced or fence else HEADING.fullmatch(line)
        if heading:
            found.append(Section(heading[2], len(heading[1]), number))
        elif line.strip() or fenced:
            kind = "code" if fenced or fence else kind_of(line, blank, blocks)
            if blank or not blocks or kind != blocks[-1].kind:
                blocks.append(Block(kind, number, []))
            blocks[-1].lines.append(line)
        fenced = fenced != fence
        blank = not (line.strip() or fenced) or heading is not None
    return found


def kind_of(line: str, blank: bool, blocks: list[Block]) -> str:
    """What a line outside of fences is, after a blank line or after others."""
    begun = None if blank or not blocks else blocks[-1].kind
    if line.startswith("|"):
        return "table"
    if line.startswith("    ") and begun in (None, "code"):
        return "code"
    if line.startswith("- ") or begun == "list":
        return "list"
    return "paragraph"


def technical(text: str) -> Counter[str]:
    """What is the same in every language: numbers, and names with a dot, a slash, a star, an underscore or an =."""
    return Counter(word for word in TECHNICAL.findall(text) if re.search(r"[\d./*=_]", word))


def targets(text: str) -> Counter[str]:
    """Where links lead, as in the English document."""
    return Counter(target.replace(".zh-CN.md", ".md") for target in LINK.findall(text))


def facts(text: str) -> dict[str, Counter[str]]:
    """Inline code, links and numbers of prose; a number in code or in a link belongs to that."""
    words = LINK.sub("]", SPAN.sub(" ", text))
    return {
        "code": Counter(SPAN.findall(text)),
        "links": targets(SPAN.sub(" ", text)),
        "numbers": Counter(NUMBER.findall(words)),
    }


def differing(ours: Counter[str], theirs: Counter[str]) -> str:
    """What only one side has."""
    sides = (("English", ours - theirs), ("Chinese", theirs - ours))
    return "; ".join(f"only in {name}: {', '.join(sorted(side.elements()))}" for name, side in sides if side)


def in_prose(ours: str, theirs: str) -> Iterator[str]:
    """How inline code, links and numbers differ."""
    other = facts(theirs)
    for name, counts in facts(ours).items():
        if counts != other[name]:
            yield f"{name} {differing(counts, other[name])}"


def in_code(ours: str, theirs: str) -> Iterator[str]:
    """How a line of code differs; comments, and descriptions of files, may be in another language."""
    parts = []
    for line in (ours, theirs):
        comment = COMMENT.search(line)
        parts.append((line[: comment.start()] if comment else line, comment[1] if comment else ""))
    (code, comment), (other, remark) = parts
    if IDEOGRAPH.search(other):
        code, comment, other, remark = "", code + " " + comment, "", other + " " + remark
    if code.split() != other.split():
        yield f"`{code.strip()}` is `{other.strip()}`"
    if technical(comment) != technical(remark):
        yield f"beside `{ours.strip()}`: {differing(technical(comment), technical(remark))}"


def in_row(ours: str, theirs: str) -> Iterator[str]:
    """How a row of a table differs, cell by cell; cells without words are equal."""
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]] for line in (ours, theirs)]
    if len(cells[0]) != len(cells[1]):
        yield f"a row of {len(cells[0])} cells has {len(cells[1])}"
        return
    for cell, other in zip(*cells, strict=True):
        yield from in_prose(cell, other)
        if not re.search(r"[^\W\d]", cell) and cell != other:
            yield f"the cell {cell} is {other}"


def differences(ours: str, theirs: str) -> list[str]:
    """Where and how a document (its text) differs from its Chinese version: a sentence for each."""
    found, pairs = [], (sections(ours), sections(theirs))
    for one, other in zip_longest(*pairs):
        if one is None or other is None or one.level != other.level:
            named = [f'"{side.title}" (line {side.line})' if side else "nothing" for side in (one, other)]
            return [*found, f"sections: {named[0]} in English is {named[1]} in Chinese"]
        place = f'section "{one.title}", "{other.title}"'
        found += [f"{place}: {text}" for text in in_prose(one.title, other.title)]
        kinds = [[block.kind for block in side.blocks] for side in (one, other)]
        if kinds[0] != kinds[1]:
            found.append(f"{place}: the blocks {', '.join(kinds[0])} are {', '.join(kinds[1])}")
            continue
        for block, same in zip(one.blocks, other.blocks, strict=True):
            found += [
                f"{place}, lines {block.line + i} and {same.line + i}: {text}" for i, text in in_block(block, same)
            ]
    return found


def in_block(ours: Block, theirs: Block) -> Iterator[tuple[int, str]]:
    """How two blocks of one kind differ, and in which line, from 0 on."""
    compare = {"code": in_code, "table": in_row}.get(ours.kind)
    if compare is None:
        counts = [sum(line.startswith("- ") for line in block.lines) for block in (ours, theirs)]
        if counts[0] != counts[1]:
            yield 0, f"a list of {counts[0]} has {counts[1]}"
        yield from ((0, text) for text in in_prose("\n".join(ours.lines), "\n".join(theirs.lines)))
    elif len(ours.lines) != len(theirs.lines):
        worded = ours.kind == "table" or any(IDEOGRAPH.search(COMMENT.split(line)[0]) for line in theirs.lines)
        keys = [Counter(bare(line, worded) for line in block.lines) for block in (ours, theirs)]
        yield 0, f"{ours.kind} of {len(ours.lines)} lines has {len(theirs.lines)}: {differing(*keys)}"
    else:
        for i, (line, other) in enumerate(zip(ours.lines, theirs.lines, strict=True)):
            yield from ((i, text) for text in compare(line, other))


def bare(line: str, worded: bool) -> str:
    """What a line of code or of a table has in every language, to find it in the other document."""
    return " ".join(technical(line).elements() if worded else COMMENT.split(line)[0].split())


@pytest.mark.parametrize("path", CHINESE, ids=lambda path: path.name)
def test_commands_figures_and_links_are_those_of_the_english_document(path: Path) -> None:
    found = differences(english(path).read_text(encoding="utf-8"), path.read_text(encoding="utf-8"))
    assert not found, f"{english(path).name} and {path.name} differ:\n" + "\n".join(found)


def test_there_are_chinese_documents() -> None:
    assert {path.name for path in CHINESE} >= {"README.zh-CN.md", "faq.zh-CN.md"}


@pytest.mark.parametrize("path", [*CHINESE, *map(english, CHINESE)], ids=lambda path: path.name)
def test_links_lead_somewhere_and_to_the_readers_language(path: Path) -> None:
    chinese, others = path in CHINESE, 0
    for target in LINK.findall(path.read_text(encoding="utf-8")):
        name, _, anchor = target.partition("#")
        place = (path.parent / name).resolve()
        assert place.is_file(), f"{path.name}: {target}"
        titles = [section.title for section in sections(place.read_text(encoding="utf-8"))] if anchor else []
        assert not anchor or anchor in map(slug, titles), f"{path.name}: {target}"
        translated = place if place in CHINESE else place.with_name(f"{place.stem}.zh-CN.md")
        others += translated in CHINESE and (place in CHINESE) != chinese
    assert others == 1, f"{path.name} has {others} links to documents in the other language: expected that to itself"


def slug(title: str) -> str:
    """The anchor of a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


@pytest.mark.parametrize("path", CHINESE, ids=lambda path: path.name)
@given(data=st.data())
def test_any_digit_that_is_changed_is_noticed(path: Path, data: st.DataObject) -> None:
    text = path.read_text(encoding="utf-8")
    place = data.draw(st.sampled_from([found.start() for found in re.finditer(r"[0-9]", text)]))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != text[place]]))
    assert differences(english(path).read_text(encoding="utf-8"), text[:place] + other + text[place + 1 :])


@pytest.mark.parametrize("path", CHINESE, ids=lambda path: path.name)
@given(data=st.data())
def test_any_line_of_code_or_of_a_table_that_is_missing_is_noticed(path: Path, data: st.DataObject) -> None:
    text = path.read_text(encoding="utf-8")
    blocks = [block for section in sections(text) for block in section.blocks if block.kind in ("code", "table")]
    numbers = [block.line + i for block in blocks for i, line in enumerate(block.lines) if line.strip()]
    gone = data.draw(st.sampled_from(numbers))
    left = [line for number, line in enumerate(text.splitlines(), 1) if number != gone]
    assert differences(english(path).read_text(encoding="utf-8"), "\n".join(left))


@pytest.mark.parametrize(
    ("theirs", "said"),
    [
        ("## 二\n\n    condgan train --epochs 3  # 慢\n", "`condgan train --epochs 2` is `condgan train --epochs 3`"),
        ("## 二\n\n    condgan train --epochs 2\n    make run\n", "code of 1 lines has 2"),
        ("## 二\n", "the blocks code are "),
        ("", 'sections: "B" (line 1) in English is nothing in Chinese'),
    ],
)
def test_the_message_says_what_differs_where(theirs: str, said: str) -> None:
    found = differences("## B\n\n    condgan train --epochs 2  # slow\n", theirs)
    assert said in "\n".join(found)


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        ("FID 5.2 after 20", "FID 5.3, 20", "numbers only in English: 5.2; only in Chinese: 5.3"),
        ("see [a](docs/a.md)", "见 [a](docs/b.md)", "links only in English: docs/a.md; only in Chinese: docs/b.md"),
        ("`-o F` twice `-o F`", "`-o F`", "code only in English: -o F"),
        ("- one\n- two", "- 一", "a list of 2 has 1"),
        ("| a | 0.1 ± 0.2 |", "| 甲 | 0.2 ± 0.1 |", "the cell 0.1 ± 0.2 is 0.2 ± 0.1"),
        ("| a | 1 |", "| 甲 |", "a row of 2 cells has 1"),
        ("    a.json  what 5 were", "    b.json  五个", "only in English: 5, a.json; only in Chinese: b.json"),
    ],
)
def test_the_message_names_figure_link_or_cell(ours: str, theirs: str, said: str) -> None:
    (found,) = differences(ours, theirs)
    assert said in found


def test_words_and_their_order_may_differ() -> None:
    ours = "After 5 epochs, `a` is 64 % ([x](README.zh-CN.md)).\n\n    a.json  what was trained\n    run  # 2 of x.y\n"
    assert not differences(
        ours, "`a` 为 64 %（5 轮，[y](README.md)）。\n\n    a.json 训练了什么\n    run  # x.y 中的 2 个\n"
    )
