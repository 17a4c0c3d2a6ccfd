"""A short run of benchmarks/fuzz_manifests.py: no crash, no hang, and nothing verified that is not so."""

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "fuzz_manifests.py"


def test_forged_files_are_never_verified(tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), "--count", "200", "--seed", "7"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "200 inputs" in done.stdout
    assert "0 crashes, hangs or wrong verdicts" in done.stdout
