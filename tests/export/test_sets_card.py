"""The data card: licence, figures and command are those of this generator, or are not claimed."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import condgan as package
from condgan.export import export


def card(source: str | Path, path: Path, **options: Any) -> str:
    export.to_file(source, per_class=2, output=path, **options)
    return (path / "README.md").read_text(encoding="utf-8")


def test_what_is_known_of_the_generator_in_the_package(tmp_path: Path) -> None:
    text = card("mnist", tmp_path / "set")
    generator = package.load("mnist")
    assert "license: cc-by-sa-3.0" in text
    assert "CC BY-SA 3.0" in text
    assert generator.sha256 in text
    assert "| 7 | 2 |" in text
    fid = generator.facts["figures"]["fid_mnist"]
    assert f"| fid_mnist | {fid['value']:.4g} | {fid['se']:.4g} | {fid['floor']:.4g} |" in text
    assert "command" not in text, "there was none: Python called"


def test_a_licence_is_not_claimed_for_data_that_has_the_name_of_another(
    tiny: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "mnist.npz", images=images, labels=np.arange(40) % 4)
    run = package.train("cgan-lsgan", *tiny["cgan-lsgan"], data=tmp_path / "mnist.npz", epochs=1, run=tmp_path / "run")
    assert package.load(run).domain.data == "mnist"
    text = card(run.folder, tmp_path / "set")
    assert "license:" not in text
    assert "not known to condgan" in text
    assert "not evaluated" in text


def test_the_command_names_no_place_outside_the_working_folder(condgan: Any, tmp_path: Path) -> None:
    far = tmp_path / "far away" / "private"
    far.mkdir(parents=True)
    shutil.copytree(Path(package.__file__).parent / "generation" / "files", far / "files")
    (tmp_path / "here").mkdir()
    done = condgan("sample", far / "files" / "mnist.safetensors", "--per-class", 1, "-o", "set", cwd=tmp_path / "here")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "here" / "set" / "README.md").read_text(encoding="utf-8")
    assert "private" not in text
    assert "- command: `condgan sample .../mnist.safetensors --per-class 1 -o set`" in text
