"""What is said of Jittor where it is not installed, or not as it should be. Nothing here imports it."""

import importlib.metadata
import importlib.util
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from condgan import data, doctor
from condgan.doctor import Check, checks
from condgan.engines import jittor
from condgan.engines.jittor import setting_up
from condgan.errors import CondganError
from condgan.recipe import Domain, builtin
from condgan.training import training

Refusal = Callable[..., str]
Look = Callable[[], dict[str, Check]]
VERSIONS = {"jittor": "1.3.11.0", "numpy": "1.26.4", "jittor-offline": "0.0.7", "jittor_offline": "0.0.7"}


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home in which Jittor seems to be installed, and nothing is compiled."""
    package = tmp_path / "site" / "jittor"
    monkeypatch.setattr(setting_up, "package", lambda: package)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("JITTOR_HOME", raising=False)
    version = importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "version", lambda name: VERSIONS.get(name) or version(name))
    return tmp_path


@pytest.fixture
def examine(monkeypatch: pytest.MonkeyPatch) -> Look:
    monkeypatch.setattr(data, "load", lambda recipe, seed: None)

    def look() -> dict[str, Check]:
        found = {check.name: check for check in checks("jittor")}
        assert "jittor" not in sys.modules
        return found

    return look


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setting_up, "package", lambda: None)
    setting_up.ready.cache_clear()


@pytest.mark.usefixtures("missing")
def test_a_training_without_jittor_is_refused_before_anything_is_made(refused: Refusal, tmp_path: Path) -> None:
    said = refused("train", "engine=jittor", "evaluation.every=none", "--run", tmp_path / "run")
    assert "Jittor is not installed" in said
    assert "pip install condgan[jittor]" in said
    assert "engine=torch" in said
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("missing")
def test_a_refused_resume_leaves_the_run_to_the_engine_that_it_had(
    refused: Refusal, tmp_path: Path, digits: Path
) -> None:
    small = "data.size=8", "latent.dim=6", "generator.hidden=12,12", "discriminator.hidden=12,12"
    run = training.train("cgan-bce", "evaluation.every=none", *small, data=digits, epochs=1, run=tmp_path / "run")
    before = (run.folder / "recipe.json").read_bytes()
    assert "Jittor is not installed" in refused("resume", run.folder, "engine=jittor", "--epochs", 2)
    assert (run.folder / "recipe.json").read_bytes() == before
    training.resume(run.folder, epochs=2)


@pytest.mark.usefixtures("missing")
def test_pictures_without_jittor_are_refused(refused: Refusal) -> None:
    assert "Jittor is not installed" in refused("sample", "mnist", "7", "--engine", "jittor")
    assert "Jittor is not installed" in refused("evaluate", "mnist", "--engine", "jittor")


@pytest.mark.parametrize("command", [("sample", "mnist", "7"), ("evaluate", "mnist"), ("doctor",)])
def test_an_unknown_engine_is_refused(command: tuple[str, ...], refused: Refusal) -> None:
    assert 'no engine "jitor": torch or jittor' in refused(*command, "--engine", "jitor")


@pytest.mark.parametrize(
    ("field", "why"),
    [
        ("growing.images=1000", "compile each resolution"),
        ("machine.device=cuda", "engine=torch uses a GPU"),
    ],
)
def test_what_it_cannot_do_is_refused_with_the_reason(field: str, why: str, refused: Refusal, tmp_path: Path) -> None:
    said = refused("train", "mnist", "engine=jittor", "generator.full_resolution=true", "--run", tmp_path / "run",
                   "discriminator.full_resolution=true", field)  # fmt: skip
    assert f"engine=jittor has no {field}" in said or f"engine=jittor has no {field.partition('=')[0]}" in said
    assert why in said
    assert not (tmp_path / "run").exists()


def test_no_recipe_is_refused() -> None:
    assert [name for name in builtin.RECIPES if jittor.refusal(builtin.get(name, ["engine=jittor"]))] == []


def test_pictures_of_networks_that_have_grown_are_left_to_torch() -> None:
    grown = builtin.get("cgan-bce", ["growing.images=1000", "generator.network=dcgan", "discriminator.network=dcgan"])
    domain = Domain(channels=1, size=28, class_names=("a", "b"), data="noise", data_sha256="0" * 64)
    with pytest.raises(CondganError, match="`engine=torch` draws their images"):
        jittor.sampler(grown, domain, {})


def test_nothing_to_compile_is_said() -> None:
    with pytest.raises(CondganError, match="engine=torch compiles nothing"):
        doctor.warm("torch", 1, sys.stderr)


def test_warming_is_given_up_with_all_that_it_has_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in for a compiler writes its number and sleeps."""
    source = f"import subprocess, sys; p = subprocess.Popen(['sleep', '60']); open({str(tmp_path / 'pid')!r}, 'w')" + (
        ".write(str(p.pid)); p.wait()"
    )
    monkeypatch.setattr(jittor, "WARMING", ("-c", source))
    with (tmp_path / "said").open("w") as told:
        with pytest.raises(CondganError, match="limit=2: not compiled within"):
            doctor.warm("jittor", 2, told)
        monkeypatch.setattr(jittor, "WARMING", ("-c", "import sys; sys.exit(3)"))
        with pytest.raises(CondganError, match="exit code 3"):
            doctor.warm("jittor", 20, told)
        monkeypatch.setattr(jittor, "WARMING", ("-c", "print('done')"))
        doctor.warm("jittor", 20, told)
    assert (tmp_path / "said").read_text().endswith("done\n")
    status = Path("/proc", (tmp_path / "pid").read_text(), "stat")
    assert not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z"


# The doctor


@pytest.mark.usefixtures("missing")
def test_the_doctor_says_that_it_is_not_installed(examine: Look) -> None:
    found = examine()
    assert found["Jittor"] == Check("Jittor", False, "not installed", setting_up.CURE)
    assert found["cache"].ok is None
    assert "torch" not in found


def test_numpy_2_is_bad(installed: Path, examine: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    assert examine()["numpy for Jittor"].ok is True
    monkeypatch.setitem(VERSIONS, "numpy", "2.4.6")
    assert examine()["numpy for Jittor"] == Check("numpy for Jittor", False, "2.4.6", 'pip install "numpy<2"')


def test_a_machine_without_a_compiler_is_bad(
    installed: Path, examine: Look, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = examine()["compiler"]
    assert (found.ok, found.result) == (False, "no g++")
    assert "apt install g++" in found.cure
    monkeypatch.setenv("cc_path", "/nowhere/g++-99")
    assert examine()["compiler"] == Check("compiler", False, "no /nowhere/g++-99", "unset cc_path")
    broken = tmp_path / "g++"
    broken.write_text("#!/bin/sh\necho no such target >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("cc_path", str(broken))
    assert "does not run: no such target" in examine()["compiler"].result


def test_missing_headers_are_bad(installed: Path, examine: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sysconfig.get_paths", lambda: {"include": "/nowhere"})
    found = examine()["Python headers"]
    assert (found.ok, found.result) == (False, "no /nowhere/Python.h")
    assert "-dev" in found.cure


def test_an_nvcc_without_its_library_is_kept_away_unless_the_user_wants_it(
    installed: Path, examine: Look, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("nvcc_path", raising=False)
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: "/cuda/bin/nvcc" if name == "nvcc" else which(name))
    assert examine()["nvcc"] == Check("nvcc", True, "/cuda/bin/nvcc, which Jittor is kept from", "")
    monkeypatch.setenv("nvcc_path", str(tmp_path / "cuda" / "bin" / "nvcc"))
    found = examine()["nvcc"]
    assert (found.ok, found.cure) == (False, "unset nvcc_path")
    library = tmp_path / "cuda" / "lib64" / "libcudart.so.12"
    library.parent.mkdir(parents=True)
    library.touch()
    assert examine()["nvcc"].ok is None


def test_onednn_is_looked_for(installed: Path, examine: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    offline: Any = None
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: offline if name == "jittor_offline" else found(name))
    assert examine()["oneDNN"].cure == "pip install jittor-offline"
    offline = object()
    assert "jittor_offline 0.0.7, to be unpacked" in examine()["oneDNN"].result
    library = installed / ".cache" / "jittor" / "mkl" / "dnnl_lnx" / "lib" / "libdnnl.so"
    library.parent.mkdir(parents=True)
    library.touch()
    assert examine()["oneDNN"].result.endswith("mkl/dnnl_lnx")


def test_a_cold_cache_is_told_how_to_warm(installed: Path, examine: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("cache_name", raising=False)
    found = examine()["cache"]
    assert found.ok is None
    assert "cold" in found.result
    assert found.cure == "condgan doctor --engine jittor --warm"
    folder = Path(str(setting_up.home() / setting_up.cache_folder()).replace("*", "x"))
    (folder / "jit").mkdir(parents=True)
    (folder / "jit" / "add_op.so").write_bytes(b"1234")
    assert "cold" in examine()["cache"].result
    (folder / f"jittor_core{importlib.import_module('sysconfig').get_config_var('EXT_SUFFIX')}").touch()
    assert examine()["cache"].result == f"warm: {folder}, 1 operators, 0 MiB"


def test_threads_are_held_against_the_load(installed: Path, examine: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    monkeypatch.setattr(os, "getloadavg", lambda: (3.0, 0.0, 0.0))
    monkeypatch.setattr("condgan.threads.cores", lambda: 4)
    found = examine()["threads"]
    assert found.result == "Jittor computes with 4 (OMP_NUM_THREADS), load average 3.0"
    assert "machine.threads=1" in found.cure
    monkeypatch.setattr(os, "getloadavg", lambda: (0.2, 0.0, 0.0))
    assert examine()["threads"].cure == ""


def test_what_the_user_has_set_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("cache_name", "mine")
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "1.3.11.0")
    assert setting_up.cache_folder().endswith("/mine")
