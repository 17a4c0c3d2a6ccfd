"""What the documentation of the toolbox promises: its commands are recipes, its tables name every choice."""

import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from condgan.recipe import Augment, Discriminator, Generator, Latent, Loss, Optimiser, Penalty, builtin

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs/toolbox.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"condgan train ([^`|\n]+)", TEXT)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_a_recipe(command: str) -> None:
    name, *overrides = command.split()
    assert builtin.get(name, overrides).name == name


def test_there_are_commands() -> None:
    assert len(COMMANDS) >= 5


@pytest.mark.parametrize(
    ("section", "field"),
    [
        (Loss, "name"),
        (Generator, "network"),
        (Generator, "condition"),
        (Generator, "norm"),
        (Generator, "activation"),
        (Discriminator, "condition"),
        (Discriminator, "minibatch"),
        (Optimiser, "name"),
        (Optimiser, "schedule"),
        (Latent, "distribution"),
    ],
)
def test_every_choice_is_named(section: type, field: str) -> None:
    missing = [value for value in get_args(section.model_fields[field].annotation) if value not in TEXT]  # type: ignore[attr-defined]
    assert missing == []


def test_every_penalty_and_augmentation_is_named() -> None:
    assert [name for name in (*Penalty.model_fields, *Augment.model_fields) if name not in TEXT] == ["adapt_images"]


def test_the_table_shows_what_the_benchmark_trains() -> None:
    """Each part once: the overrides of a row are the end of the command that trained it, but for the epochs."""
    listed = subprocess.run(
        [sys.executable, "benchmarks/toolbox.py", "--commands"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    trained = [line.removesuffix(" train.epochs=2") for line in listed.stdout.splitlines()]
    rows = re.findall(r"^\| \w+: [^|]+\| `([^`]+)` \|", TEXT, re.MULTILINE)
    assert len(trained) == len(rows) > 60
    assert [row for command, row in zip(trained, rows, strict=True) if not command.endswith(row)] == []
