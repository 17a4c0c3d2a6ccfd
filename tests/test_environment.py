"""What must not come in: packages that break torch's neighbours, and pickle in any form."""

import ast
import importlib.util
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import condgan

ROOT = Path(condgan.__file__).parent
UNWANTED = [
    "torchvision",
    "torch-fidelity",
]  # either can break torchmetrics, an oracle of the tests
PICKLES = {"pickle", "_pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
TORCH_PICKLES = {"torch.load", "torch.save", "torch.jit.load", "torch.jit.save"}


@pytest.mark.parametrize("package", UNWANTED)
def test_is_not_installed(package: str) -> None:
    assert importlib.util.find_spec(package.replace("-", "_")) is None


@pytest.mark.parametrize("package", UNWANTED)
@pytest.mark.parametrize("file", ["pyproject.toml", "constraints.txt"])
def test_is_not_asked_for(package: str, file: str) -> None:
    path = ROOT.parents[1] / file
    if not path.exists():
        pytest.skip("not a checkout")
    assert re.sub(r"[-_.]+", "-", package) not in re.sub(r"[-_.]+", "-", path.read_text(encoding="utf-8").lower())


def pickling(source: str) -> list[str]:
    """Every import and call in a source that can read or write pickled objects."""
    tree = ast.parse(source)
    stands_for: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            stands_for |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            stands_for |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    found = [name for name in stands_for.values() if PICKLES & set(name.split("."))]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            head, dot, rest = ast.unparse(node.func).partition(".")
            name = stands_for.get(head, head) + dot + rest
            options = {word.arg: ast.unparse(word.value) for word in node.keywords}
            refused = options.get("allow_pickle", "False") == "False"
            if name == "numpy.load":  # its third argument is allow_pickle, its default is to refuse
                refused = refused and len(node.args) < 3 and None not in options
            if name in TORCH_PICKLES or not refused:
                found.append(name)
    return found


# Published Inception weights exist in this form; those of 2015, and any under an old torch, are known by their hash.
ALLOWED = {"metrics/inception_weights.py": ["torch.load"]}
FILES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py"))


@pytest.mark.parametrize("path", FILES)
def test_nothing_is_pickled(path: str) -> None:
    assert pickling((ROOT / path).read_text(encoding="utf-8")) == ALLOWED.get(path, [])


def test_the_one_allowed_pickle_is_read_from_known_bytes_and_holds_weights_only() -> None:
    (call,) = (
        node
        for node in ast.walk(ast.parse((ROOT / "metrics/inception_weights.py").read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load"
    )
    assert ast.unparse(call.args[0]).startswith("io.BytesIO(")
    assert {word.arg: ast.unparse(word.value) for word in call.keywords}["weights_only"] == "True"


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "import os, cPickle as p",
        "from pickle import loads",
        "from six.moves import cPickle",
        "def f():\n    import joblib",
        "import torch\ntorch.load('x')",
        "import torch as t\nt.save({}, 'x')",
        "from torch import load as read\nread('x', weights_only=True)",
        "import numpy as np\nnp.load('x', allow_pickle=True)",
        "import numpy as np\nnp.load('x', None, True)",
        "from numpy import load\nload('x', allow_pickle=flag)",
        "import numpy as np\nnp.load('x', **options)",
        "from numpy.lib.format import read_array\nread_array(f, allow_pickle=True)",
    ],
)
def test_pickling_is_seen(source: str) -> None:
    assert pickling(source)


@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np\nnp.load('x')\nnp.load('x', allow_pickle=False)",
        "import json\njson.load(f)",
        "from condgan.generation import generator\ngenerator.load('x')",
        "from numpy.lib.format import read_array\nread_array(f, allow_pickle=False)",
    ],
)
def test_what_is_no_pickling_passes(source: str) -> None:
    assert pickling(source) == []


WITHOUT_TORCH = """
    import importlib, pkgutil, sys
    from importlib.abc import MetaPathFinder

    class NoTorch(MetaPathFinder):
        def find_spec(self, name, path, target=None):
            if name.split(".")[0] == "torch":
                raise ImportError(name)

    sys.meta_path.insert(0, NoTorch())
    for folder in ("data", "results", "runs", "pictures", "generation", "evaluation", "diagnosis", "training", "cli"):
        package = importlib.import_module(f"condgan.{folder}")
        for module in pkgutil.walk_packages(package.__path__, f"condgan.{folder}."):
            importlib.import_module(module.name)
"""


def test_only_engines_and_metrics_import_torch() -> None:
    """So that another engine trains where torch is not installed."""
    subprocess.run([sys.executable, "-c", textwrap.dedent(WITHOUT_TORCH)], check=True)
