"""The run on a GPU, rehearsed on the CPU; and that a part which fails, overruns or is killed costs itself alone."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
DRIVER = ROOT / "benchmarks" / "gpu.py"
FAKE = """
import json, pathlib, sys, time
*_, name, folder, seconds = sys.argv
folder = pathlib.Path(folder)
(folder / "part.json").write_text(json.dumps({"half": name}))
(folder / f"{name}.png").write_bytes(b"a picture")
BEHAVIOUR
"""
pytestmark = pytest.mark.skipif(not DRIVER.exists(), reason="not a checkout")


def driver(out: Path, *arguments: str, **more: str) -> "subprocess.Popen[bytes]":
    environment = os.environ | {"OUT": str(out)} | more
    return subprocess.Popen([sys.executable, str(DRIVER), "--rehearse", *arguments], env=environment)


def results(out: Path) -> dict[str, Any]:
    return dict(json.loads((out / "0-results.json").read_text(encoding="utf-8"))["parts"])


def parts(folder: Path, behaviour: str) -> str:
    path = folder / "parts.py"
    path.write_text(FAKE.replace("BEHAVIOUR", behaviour), encoding="utf-8")
    return str(path)


@pytest.mark.slow
def test_every_part_runs_on_the_cpu(tmp_path: Path) -> None:
    command = ["bash", str(ROOT / "benchmarks" / "gpu.sh")]
    environment = os.environ | {"OUT": str(tmp_path), "PYTHON": sys.executable, "CONDGAN_GPU_REHEARSAL": "1"}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=420)
    assert ended.returncode == 0, ended.stderr
    found = results(tmp_path)
    statuses = {name: part["status"] for name, part in found.items()}
    assert list(statuses) == ["machine", "tests", "steps", "sampling", "training", "flagship"]
    assert set(statuses.values()) == {"finished"}, found
    assert len(found["tests"]["tests"]) > 30
    assert all("no CUDA device" in outcome for outcome in found["tests"]["tests"].values())
    assert found["steps"]["steps"][0]["ratios"], found["steps"]
    assert found["sampling"]["images_per_s"]
    assert found["training"]["cgan-lsgan"]["ended"] == "finished", found["training"]
    assert found["flagship"]["mnist"]["ended"] == "finished", found["flagship"]
    assert 2 <= len(list(tmp_path.iterdir())) <= 8
    shown = subprocess.run(
        [sys.executable, str(DRIVER), "--table", str(tmp_path / "0-results.json")], capture_output=True
    )
    assert b"| cgan-lsgan | 16 |" in shown.stdout


def test_a_part_that_fails_or_overruns_costs_itself_alone(tmp_path: Path) -> None:
    out = tmp_path / "out"
    behaviour = "if name == 'machine': raise SystemExit('broken')\nif name == 'flagship': time.sleep(100)"
    limits = "import gpu; gpu.GRACE = 0.5; gpu.PARTS = tuple(gpu.Part(p.name, 1, 6.0) for p in gpu.PARTS); gpu.main()"
    command = [sys.executable, "-c", limits, "--rehearse", "--parts", parts(tmp_path, behaviour)]
    environment = os.environ | {"OUT": str(out), "PYTHONPATH": str(DRIVER.parent)}
    subprocess.run([*command, "--only", "machine,sampling,flagship"], env=environment, check=True, timeout=60)
    found = results(out)
    assert {name: part["status"] for name, part in found.items()} == {
        "machine": "failed",
        "sampling": "finished",
        "flagship": "overran",
    }
    assert all(part["half"] == name for name, part in found.items())  # what each had written
    assert "broken" in found["machine"]["output"]
    assert sorted(path.name for path in out.glob("*.png")) == ["1-machine.png", "2-sampling.png", "3-flagship.png"]


def test_a_run_that_is_killed_leaves_what_it_had(tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = driver(out, "--parts", parts(tmp_path, "if name == 'tests': time.sleep(5)"))
    ends = time.monotonic() + 60
    while not (out / "0-results.json").exists() or "machine" not in results(out):  # valid JSON each time
        assert time.monotonic() < ends
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert results(out)["machine"]["status"] == "finished"


def test_no_part_begins_when_the_time_is_over(tmp_path: Path) -> None:
    assert driver(tmp_path, "--parts", parts(tmp_path, ""), "--started", str(time.time() - 600)).wait(60) == 0
    assert {part["status"] for part in results(tmp_path).values()} == {"skipped: no time was left"}
