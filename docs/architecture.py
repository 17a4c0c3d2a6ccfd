"""Draw docs/images/architecture.svg from the code: each folder of the package on its floor, and what it imports.

The floors are those of the table in ARCHITECTURE.md, which the tests hold the code to.
"""

import ast
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "condgan"
PICTURE = ROOT / "docs" / "images" / "architecture.svg"

WIDTH, MARGIN, GAP = 1180, 150, 26
LINE, HEAD, SPACE = 16, 26, 46  # heights: of a file's line, of a box's title, between two floors
CHARACTER = 6.6  # width of one, in a list of files


def floors() -> list[tuple[str, tuple[str, ...]]]:
    """The table of ARCHITECTURE.md, from the bottom up: what a floor is called, and its folders and files."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d) (\w+) \| ([^|]+) \|", text, re.MULTILINE)
    return [(name, tuple(re.findall(r"`(\w+)/?`", parts))) for _, name, parts in sorted(rows)]


def imported(tree: ast.AST, package: list[str]) -> Iterator[list[str]]:
    """The path below condgan of each import anywhere in a file that lies in a package: ``["engines", "torch"]``."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            names = [f"{module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in (
            "import_module",
            "__import__",
        ):
            constants = [first.value for first in node.args[:1] if isinstance(first, ast.Constant)]
            names = [value for value in constants if isinstance(value, str)]
        yield from (name.split(".")[1:] for name in names if name.split(".")[0] == "condgan")


def files(part: str) -> list[Path]:
    """The modules of a folder of the package, or the one file of that name."""
    file = PACKAGE / f"{part}.py"
    return [file] if file.exists() else sorted((PACKAGE / part).rglob("*.py"))


def imports(parts: list[str]) -> dict[str, set[str]]:
    """Which of the parts each part imports."""
    graph: dict[str, set[str]] = {}
    for part in parts:
        targets = set()
        for path in files(part):
            package = ["condgan", *path.relative_to(PACKAGE).parts[:-1]]
            tree = ast.parse(path.read_text(encoding="utf-8"))
            targets |= {target[0] for target in imported(tree, package) if target}
        graph[part] = (targets & set(parts)) - {part}
    return graph


def reachable(graph: dict[str, set[str]], part: str) -> set[str]:
    """Every part that a part imports, directly or through others."""
    result: set[str] = set()
    pending = list(graph[part])
    while pending:
        target = pending.pop()
        if target not in result:
            result.add(target)
            pending.extend(graph[target])
    return result


def essential(graph: dict[str, set[str]]) -> list[tuple[str, str]]:
    """The imports that do not follow from others: the transitive reduction of the graph, which has no cycles."""
    return [
        (part, target)
        for part, targets in graph.items()
        for target in sorted(targets)
        if not any(target in reachable(graph, other) for other in targets - {target})
    ]


def contents(part: str) -> list[str]:
    """What a box lists: files by name, folders with what they hold."""
    folder = PACKAGE / part
    if not folder.is_dir():
        return []
    lines = []
    for path in sorted(folder.iterdir(), key=lambda path: (path.is_dir(), path.name)):
        if path.is_dir() and any(path.glob("*.py")):
            lines.append(f"{path.name}/")
        elif path.suffix == ".py" and path.stem != "__init__":
            lines.append(path.stem)
    return lines


def wrapped(words: list[str], width: float) -> list[str]:
    """Words in lines of at most this width in pixels."""
    lines: list[str] = []
    for word in words:
        if lines and (len(lines[-1]) + len(word) + 1) * CHARACTER < width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def drawing() -> str:
    """The picture, as SVG."""
    levels = floors()
    boxes: dict[str, tuple[float, float, float, float]] = {}
    texts: dict[str, list[str]] = {}
    bands, top = [], 16.0
    for name, parts in reversed(levels):
        width = (WIDTH - MARGIN - GAP * len(parts)) / len(parts)
        for part in parts:
            texts[part] = wrapped(contents(part), width - 20)
        height = float(HEAD) + 12 + LINE * max(len(texts[part]) for part in parts)
        for number, part in enumerate(parts):
            boxes[part] = (MARGIN + number * (width + GAP), top, width, height)
        bands.append((name, top, height))
        top += height + SPACE
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top - SPACE + 16:.0f}" '
        'font-family="Helvetica, Arial, sans-serif">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#8a94a6"/></marker></defs>',
    ]
    for number, (name, y, height) in enumerate(bands):
        shade = "#f4f6fa" if number % 2 else "#eaeef5"
        lines.append(
            f'<rect x="8" y="{y - 8:.0f}" width="{WIDTH - 16}" height="{height + 16:.0f}" rx="8" fill="{shade}"/>'
        )
        label = f"{len(bands) - 1 - number} {name}"
        lines.append(f'<text x="22" y="{y + height / 2 + 5:.0f}" font-size="15" fill="#4a5568">{escape(label)}</text>')
    graph = imports([part for _, parts in levels for part in parts])
    for part, target in essential(graph):
        lines.append(arrow(boxes[part], boxes[target]))
    for part, (x, y, width, height) in boxes.items():
        lines.append(
            f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{height:.0f}" rx="6" fill="#ffffff" '
            'stroke="#5b6b8c"/>'
        )
        title = f"{part}/" if (PACKAGE / part).is_dir() else part
        lines.append(
            f'<text x="{x + 10:.0f}" y="{y + 20:.0f}" font-size="14" font-weight="bold" fill="#1a2233">{title}</text>'
        )
        for row, line in enumerate(texts[part]):
            place = y + HEAD + 12 + LINE * row
            lines.append(f'<text x="{x + 10:.0f}" y="{place:.0f}" font-size="12" fill="#4a5568">{escape(line)}</text>')
    return "\n".join([*lines, "</svg>", ""])


def arrow(start: tuple[float, float, float, float], end: tuple[float, float, float, float]) -> str:
    """From a box to one that it imports: down to a lower floor, or sideways on its own."""
    x, y, width, height = start
    to_x, to_y, to_width, _ = end
    if to_y > y:
        path = f"M{x + width / 2:.0f} {y + height:.0f}L{to_x + to_width / 2:.0f} {to_y:.0f}"
    else:
        right = to_x > x
        start_x, end_x = (x + width, to_x) if right else (x, to_x + to_width)
        middle = y + height / 2
        if abs(end_x - start_x) <= GAP + 1:
            path = f"M{start_x:.0f} {middle:.0f}L{end_x:.0f} {middle:.0f}"
        else:  # over the boxes between
            path = (
                f"M{x + width / 2:.0f} {y:.0f}C{x + width / 2:.0f} {y - 34:.0f} "
                f"{to_x + to_width / 2:.0f} {y - 34:.0f} {to_x + to_width / 2:.0f} {to_y:.0f}"
            )
    return f'<path d="{path}" fill="none" stroke="#8a94a6" stroke-width="1.3" marker-end="url(#tip)"/>'


if __name__ == "__main__":
    PICTURE.write_text(drawing(), encoding="utf-8")
    print(PICTURE)
