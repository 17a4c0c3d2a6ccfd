"""The house is as ARCHITECTURE.md says: its floors, its folders, its picture."""

import ast
import importlib.util
from pathlib import Path
from typing import Any

import pytest

import condgan

ROOT = Path(condgan.__file__).parent
DOCS = Path(__file__).parents[1] / "docs"


def script() -> Any:
    """docs/architecture.py, which reads the table of floors and draws the picture."""
    spec = importlib.util.spec_from_file_location("architecture", DOCS / "architecture.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


architecture = script()
FLOORS = [parts for _, parts in architecture.floors()]
PARTS = [part for parts in FLOORS for part in parts]
ENTRY = {"__main__"}  # calls the command line
APART = {"engines", "metrics"}


def floor(part: str) -> int:
    """The floor of a file or folder of the package; what else ``condgan`` offers stands beside the doors."""
    return next((number for number, parts in enumerate(FLOORS) if part in parts), len(FLOORS) - 1)


def violations(path: str, source: str) -> list[str]:
    """What a file, at a path below the package, must not import."""
    parts = path.removesuffix(".py").split("/")
    own = floor(parts[0])
    found = []
    for target in architecture.imported(ast.parse(source), ["condgan", *parts[:-1]]):
        part = target[0] if target else ""
        if floor(part) > own or (part != parts[0] and {part, parts[0]} == APART):
            found.append(f"{path} (floor {own}) imports {'.'.join(['condgan', *target])} (floor {floor(part)})")
    return found


FILES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")


@pytest.mark.parametrize("path", FILES)
def test_a_file_imports_only_from_its_floor_and_below(path: str) -> None:
    assert violations(path, (ROOT / path).read_text(encoding="utf-8")) == []


def test_every_file_and_folder_has_a_floor_and_every_floor_is_there() -> None:
    there = {path.split("/")[0].removesuffix(".py") for path in FILES} - ENTRY
    assert there == set(PARTS)
    assert len(PARTS) == len(set(PARTS))


def test_folders_do_not_import_each_other_in_a_circle() -> None:
    graph = architecture.imports(PARTS)
    assert [part for part in PARTS if part in architecture.reachable(graph, part)] == []


def test_the_picture_is_that_of_the_code() -> None:
    """If it is not: ``python docs/architecture.py``."""
    assert architecture.PICTURE.read_text(encoding="utf-8") == architecture.drawing()


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
        ("engines/torch/engine.py", "from condgan.engines import Engine\nfrom ..torch.networks import Scores"),
        ("training/loop.py", "from condgan import generation, engines, metrics"),
        ("cli.py", "import condgan.training, condgan.studio.app"),
    ],
)
def test_an_allowed_import_passes(path: str, source: str) -> None:
    assert violations(path, source) == []
