"""Each file of the package imports only from its own floor and those below."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import condgan

ROOT = Path(condgan.__file__).parent
FLOORS = (
    ("errors", "threads", "arrays", "recipe", "draws", "storage"),
    ("data",),
    ("engines", "metrics"),
    ("results", "runs", "generation", "pictures"),
    ("training", "evaluation", "diagnosis"),
    ("cli", "doctor", "__main__", "studio"),
)
APART = {"engines", "metrics"}


def floor(part: str) -> int:
    """The floor of a file or folder of the package; what else ``condgan`` offers stands beside the doors."""
    return next((number for number, parts in enumerate(FLOORS) if part in parts), len(FLOORS) - 1)


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


def test_every_file_and_folder_has_a_floor() -> None:
    there = {path.split("/")[0].removesuffix(".py") for path in FILES}
    assert there - {part for parts in FLOORS for part in parts} == set()
    assert {"recipe/__init__.py", "data/__init__.py", "engines/torch/engine.py"} <= set(FILES)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("draws/philox.py", "from condgan import data"),
        ("draws/philox.py", "import condgan"),
        ("draws/philox.py", "from condgan import train"),
        ("draws/philox.py", "from .. import data"),
        ("draws/philox.py", "from ..data import load"),
        ("draws/philox.py", "import numpy, condgan.data.mnist"),
        ("data/readers/mnist.py", "def f():\n    from condgan.engines import torch"),
        ("data/readers/mnist.py", "from ...engines import torch"),
        ("data/readers/mnist.py", "if TYPE_CHECKING:\n    from condgan.training import train"),
        ("data/readers/mnist.py", "importlib.import_module('condgan.engines.torch')"),
        ("engines/torch/engine.py", "from condgan.metrics import fid"),
        ("metrics/fid.py", "import condgan.engines.torch"),
        ("metrics/fid.py", "from condgan import engines"),
        ("training/training.py", "from condgan.cli import main"),
        ("runs/run.py", "from condgan.training import loop"),
    ],
)
def test_a_forbidden_import_is_seen(path: str, source: str) -> None:
    assert len(violations(path, source)) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("draws/philox.py", "import numpy, torch, condgan_extras\nfrom condgan.errors import CondganError"),
        ("data/readers/mnist.py", "from condgan.data.idx import read\nfrom .idx import header\nfrom ... import errors"),
        ("engines/torch/engine.py", "from condgan.engines import Engine\nfrom ..torch.scores import Scores"),
        ("training/loop.py", "from condgan import generation, engines, metrics"),
        ("cli.py", "import condgan.training, condgan.studio.app"),
    ],
)
def test_an_allowed_import_passes(path: str, source: str) -> None:
    assert violations(path, source) == []
