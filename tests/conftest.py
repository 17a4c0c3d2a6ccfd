"""What tests share: one thread, tiny data, tiny networks, and the command line as a process or in this one."""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"  # before torch is imported, here and in children

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import settings

from forge import copy, forge, originals, resaid, told  # noqa: F401 (fixtures)
from sets import generators, made, offline  # noqa: F401 (fixtures)

settings.register_profile("shared machine", deadline=None)  # how long an example takes says nothing there
settings.load_profile("shared machine")

Refusal = Callable[..., str]
Process = Callable[..., "subprocess.CompletedProcess[str]"]

UNMEASURED = "evaluation.every=none"  # a feature network for other data than MNIST takes minutes to train
TINY_MLP = (UNMEASURED, "data.size=8", "latent.dim=6", "generator.hidden=12,12", "discriminator.hidden=12,12")
TINY_PAPER = ("generator.hidden=12", "generator.branches=6,8", "discriminator.hidden=7", "discriminator.branches=9,5")
TINY_CONVOLUTIONAL = (
    *(UNMEASURED, "data.size=8", "data.train_on=train+validation"),
    *("latent.dim=6", "generator.width=4", "discriminator.width=4", "optim.g.lr=0.02"),
)
TINY = {
    "gan-mlp": TINY_MLP,
    "cgan-lsgan": TINY_MLP,
    "cgan-lsgan-jgan": TINY_MLP,
    "cgan-bce": TINY_MLP,
    "cgan-paper": (UNMEASURED, "data.size=8", "latent.dim=6", *TINY_PAPER),
    "cgan-paper-adam": TINY_MLP,
    "cgan-bn-prelu-adamw": TINY_MLP,
    "mnist": TINY_CONVOLUTIONAL,
    "mnist-fast": TINY_CONVOLUTIONAL,
    "images": TINY_CONVOLUTIONAL,
    "images-small": TINY_CONVOLUTIONAL,
}
"""Overrides that make each recipe's networks and images tiny."""


def random_images(count: int, size: int, channels: int = 1, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Noise, (count, channels, size, size): enough where only numbers are compared."""
    return np.random.default_rng(seed).integers(0, 256, (count, channels, size, size), dtype=np.uint8)


def strict(text: str) -> dict[str, Any]:
    """JSON as every reader understands it: NaN and Infinity are none."""

    def no_json(constant: str) -> None:
        raise AssertionError(constant)

    parsed: dict[str, Any] = json.loads(text, parse_constant=no_json)
    return parsed


@pytest.fixture(scope="session", autouse=True)
def cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing that a user keeps is read or written, here or in children."""
    os.environ["CONDGAN_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session", autouse=True)
def one_time() -> None:
    """Two trainings that learn the same write the same pictures, here and in children."""
    os.environ["SOURCE_DATE_EPOCH"] = "1764547200"
    os.environ.pop("CONDGAN_PRODUCER", None)


@pytest.fixture(scope="session")
def tiny() -> dict[str, tuple[str, ...]]:
    return TINY


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """330 images of 8 x 8 in ten classes: 270 for training, and 300 (five batches of 64) with validation."""
    path = tmp_path_factory.mktemp("data") / "digits.npz"
    labels = np.random.default_rng(1).permutation(np.arange(330) % 10)
    np.savez(path, images=random_images(330, 8)[:, 0], labels=labels)
    return path


@pytest.fixture(scope="session")
def animals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 RGB images of 8 x 8 in three named classes."""
    path = tmp_path_factory.mktemp("data") / "animals.npz"
    images = random_images(60, 8, 3).transpose(0, 2, 3, 1)
    np.savez(path, images=images, labels=np.arange(60) % 3, class_names=np.array(["cat", "dog", "polar bear"]))
    return path


@pytest.fixture(scope="session")
def condgan() -> Process:
    """The command line as a process of its own."""

    def run(*arguments: object, **options: object) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "condgan", *map(str, arguments)]
        return subprocess.run(command, **({"capture_output": True, "text": True, "timeout": 120} | options))  # type: ignore[call-overload,no-any-return]

    return run


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Refusal:
    """Run a command that must be refused: exit code 2, nothing on stdout, and one line on stderr, which is returned."""
    from condgan.cli import main

    def run(*arguments: object) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main([str(argument) for argument in arguments])
        shown = capsys.readouterr()
        assert stopped.value.code == 2, shown
        assert shown.out == "" or arguments[0] in ("train", "resume")  # these may have begun
        assert shown.err.endswith("\n"), shown.err
        assert len(shown.err.splitlines()) == 1, shown.err
        assert shown.err.startswith("condgan: ")
        assert "Traceback" not in shown.err
        return shown.err

    return run
