"""Each file of the package imports only from its own floor and those below."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import condgan

ROOT = Path(condgan.__file__).parent
FACTS = "errors files recipe recipe_text recipes schedule draws threads block cache labels images provenance weights"
FLOORS = {0: set(FACTS.split()), 1: {"data"}, 2: {"engines", "measure"}, 4: {"cli", "__main__", "studio"}}
JOBS = 3  # every other file, and the package's own face: ``import condgan`` offers jobs
APART = {"engines", "measure"}


def floor(part: str) -> int:
    return next((number for number, parts in FLOORS.items() if part in parts), JOBS)


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
            names = [
                first.value
                for first in node.args[:1]
                if isinstance(first, ast.Constant) and isinstance(first.value, str)
            ]
        yield from (name.split(".")[1:] for name in names if name.split(".")[0] == "condgan")


def violations(path: str, source: str) -> list[str]:
    """What a file, at a path below the package, must not import."""
    parts = path.removesuffix(".py").split("/")
    own = floor(parts[0])
    found = []
    for target in imported(ast.parse(source), ["condgan", *parts[:-1]]):
        part = target[0] if target else ""
        if floor(part) > own or (part != parts[0] and {part, parts[0]} == APART):
            found.append(f"{path} (floor {own}) imports {'.'.join(['condgan', *target])} (floor {floor(part)})")
    return found


FILES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")


@pytest.mark.parametrize("path", FILES)
def test_a_file_imports_only_from_its_floor_and_below(path: str) -> None:
    assert violations(path, (ROOT / path).read_text(encoding="utf-8")) == []


def test_the_files_are_found() -> None:
    assert {"recipe/__init__.py", "data/__init__.py", "engines/torch/engine.py", "cli.py"} <= set(FILES)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("images.py", "from condgan import data"),
        ("images.py", "import condgan"),
        ("images.py", "from condgan import train"),
        ("images.py", "from . import data"),
        ("images.py", "from .data import load"),
        ("images.py", "import numpy, condgan.data.mnist"),
        ("data/mnist.py", "def f():\n    from condgan.engines import torch"),
        ("data/mnist.py", "from ..engines import torch"),
        ("data/mnist.py", "if TYPE_CHECKING:\n    from condgan.training import train"),
        ("data/mnist.py", "importlib.import_module('condgan.engines.torch')"),
        ("engines/torch/engine.py", "from condgan.measure import fid"),
        ("measure/fid.py", "import condgan.engines.torch"),
        ("measure/fid.py", "from condgan import engines"),
        ("training.py", "from condgan.cli import main"),
        ("anything_new.py", "from condgan.studio.app import app"),
    ],
)
def test_a_forbidden_import_is_seen(path: str, source: str) -> None:
    assert len(violations(path, source)) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("images.py", "import numpy, torch, condgan_extras\nfrom condgan.errors import CondganError"),
        ("data/mnist.py", "from condgan.data.idx import read\nfrom .idx import header\nfrom .. import errors"),
        ("engines/torch/engine.py", "from condgan.engines import Engine\nfrom ..torch.scores import Scores"),
        ("training.py", "from condgan import anything_new, engines, measure"),
        ("cli.py", "import condgan.training, condgan.studio.app"),
    ],
)
def test_an_allowed_import_passes(path: str, source: str) -> None:
    assert violations(path, source) == []
