"""The doctor reports the problems of a machine with their cure, and never fails itself."""

import importlib.util
import os
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from condgan import data, doctor
from condgan.doctor import Check, checks
from condgan.errors import CondganError


@pytest.fixture
def examine(monkeypatch: pytest.MonkeyPatch) -> Callable[[], dict[str, Check]]:
    """The checks by name, without reading the data, which takes seconds."""
    monkeypatch.setattr(data, "load", lambda recipe, seed: None)
    return lambda: {check.name: check for check in checks()}


def test_a_machine_that_runs_the_tests_has_no_problem() -> None:
    results = checks()
    assert [check for check in results if check.ok is False] == []
    assert {"Python", "condgan", "numpy", "torch", "data"} <= {check.name for check in results if check.ok}
    assert len({check.name for check in results}) == len(results)
    for check in results:
        assert check.result
        assert "\n" not in check.result + check.cure
        assert not (check.ok and check.cure)


def test_versions_are_those_that_are_installed(examine: Callable[[], dict[str, Check]]) -> None:
    results = examine()
    import torch

    assert results["torch"].result == torch.__version__
    for name in ("condgan", "numpy"):
        assert results[name].result == metadata.version(name)


def test_an_unexpected_error_is_one_bad_line_among_the_other_checks(
    examine: Callable[[], dict[str, Check]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> float:
        raise RuntimeError("no\nsuch\nthing")

    monkeypatch.setattr(os, "getloadavg", broken)
    results = examine()
    assert results["cores"] == Check("cores", False, "RuntimeError: no such thing", "")
    assert results["disk"].ok is not False


def test_an_old_python_is_bad(monkeypatch: pytest.MonkeyPatch, examine: Callable[[], dict[str, Check]]) -> None:
    monkeypatch.setattr(doctor, "PYTHON", (99, 0))
    check = examine()["Python"]
    assert check.ok is False
    assert "99.0" in check.cure


def test_a_torch_that_does_not_import_is_bad(
    monkeypatch: pytest.MonkeyPatch, examine: Callable[[], dict[str, Check]]
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # import torch raises ImportError
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object() if name == "torch" else None)
    check = examine()["torch"]
    assert check.ok is False
    assert "does not import" in check.result
    assert "pip install" in check.cure


def test_without_numpy_the_doctor_still_works(condgan: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "numpy.py").write_text("raise ImportError('no numpy here')", encoding="utf-8")
    done = condgan("doctor", env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])})
    assert done.returncode == 1
    assert "BAD torch: does not import: no numpy here -> pip install" in done.stdout
    assert "BAD data: ImportError: no numpy here" in done.stdout
    assert "memory" in done.stdout


def test_a_busy_machine_gives_a_warning(
    monkeypatch: pytest.MonkeyPatch, examine: Callable[[], dict[str, Check]]
) -> None:
    cores = len(os.sched_getaffinity(0))
    monkeypatch.setattr(os, "getloadavg", lambda: (cores + 0.5, 0.0, 0.0))
    check = examine()["cores"]
    assert check.ok is None
    assert "another job is running" in check.cure
    monkeypatch.setattr(os, "getloadavg", lambda: (cores - 0.5, 9.0, 9.0))
    assert examine()["cores"].cure == ""


def test_more_threads_than_cores_give_a_warning(
    monkeypatch: pytest.MonkeyPatch, examine: Callable[[], dict[str, Check]]
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "64")
    monkeypatch.setattr("torch.get_num_threads", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1})
    check = examine()["threads"]
    assert "OMP_NUM_THREADS=64" in check.result
    assert "more threads than cores" in check.cure


def test_a_folder_that_cannot_be_written_is_bad(
    monkeypatch: pytest.MonkeyPatch, examine: Callable[[], dict[str, Check]]
) -> None:
    def refuse(**_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    check = examine()["disk"]
    assert check.ok is False
    assert "not writable: Permission denied" in check.result


def test_damaged_data_is_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(recipe: Any) -> None:
        raise CondganError("train-images is not what was shipped")

    monkeypatch.setattr(data, "load", load)
    check = {each.name: each for each in checks()}["data"]
    assert (check.ok, check.result) == (False, "train-images is not what was shipped")
    assert check.cure


def test_the_extras_are_those_of_the_package(examine: Callable[[], dict[str, Check]]) -> None:
    wanted: dict[str, set[str]] = {}
    for requirement in map(Requirement, metadata.requires("condgan") or []):
        for extra in metadata.metadata("condgan").get_all("Provides-Extra") or []:
            if requirement.marker and requirement.marker.evaluate({"extra": extra}):
                wanted.setdefault(extra, set()).add(requirement.name)
    assert {name: set(packages) for name, packages in doctor._extras().items()} == wanted
    assert {name for name in examine() if name.startswith("extra ")} == {f"extra {name}" for name in wanted}


def test_a_missing_extra_has_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, examine: Callable[[], dict[str, Check]]
) -> None:
    lines = ["numpy>=1", 'no-such-package[a,b]>=2; extra == "some"', "numpy; python_version > '3' and extra == 'some'"]
    monkeypatch.setattr(metadata, "requires", lambda name: lines)
    check = examine()["extra some"]
    assert check == Check("extra some", None, "missing no-such-package", 'pip install "condgan[some]"')


def test_without_metadata_there_are_no_extras(
    monkeypatch: pytest.MonkeyPatch, examine: Callable[[], dict[str, Check]]
) -> None:
    def missing(name: str) -> Any:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", missing)
    monkeypatch.setattr(metadata, "version", missing)
    results = examine()
    assert results["condgan"].ok is False
    assert not any(name.startswith("extra") for name in results)


@pytest.mark.parametrize(("platform", "ok"), [("linux", True), ("darwin", True), ("win32", False), ("aix", None)])
def test_the_supported_systems(
    platform: str, ok: bool | None, examine: Callable[[], dict[str, Check]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    check = examine()["system"]
    assert check.ok is ok
    assert ("WSL" in check.cure) == ("not supported" in check.result) == (platform == "win32")
