"""The command: its address, its token, what it refuses; and requests that nobody foresaw."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from studios import written

from conftest import Refusal


def test_it_says_where_it_is_and_ends_quietly(tmp_path: Path) -> None:
    words = [
        sys.executable,
        "-m",
        "condgan",
        "studio",
        "--runs",
        str(tmp_path / "new/runs"),
        "--port",
        "0",
        "--no-browser",
    ]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first, second = process.stdout.readline(), process.stdout.readline()
        address, token = first.split()[-1].split("/#token=")
        assert address.startswith("http://127.0.0.1:")
        assert (tmp_path / "new/runs/.studio/token").read_text().strip() == token
        assert str(tmp_path / "new/runs/.studio/token") in second
        port = int(address.rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port), 20):
            pass
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert "Traceback" not in err


def test_an_open_page_does_not_hold_it(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "condgan", "studio", "--runs", str(tmp_path), "--port", "0", "--no-browser"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address, token = process.stdout.readline().split()[-1].split("/#token=")
        request = urllib.request.Request(f"{address}/api/v1/events", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=60) as stream:
            assert stream.readline().startswith(b"data: ")
            process.send_signal(signal.SIGINT)
            assert stream.read() is not None  # to its end
            _, err = process.communicate(timeout=20)
    assert "Traceback" not in err


def test_what_cannot_be_served_is_refused(tmp_path: Path, refused: Refusal) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert "--port" in refused("studio", "--runs", tmp_path, "--port", port, "--no-browser")
    assert "nothing is there" in refused("studio", "--runs", tmp_path, "--data", tmp_path / "none", "--no-browser")
    assert "0 to 65535" in refused("studio", "--runs", tmp_path, "--port", "99999", "--no-browser")
    assert "cannot listen" in refused("studio", "--runs", tmp_path, "--host", "no such host", "--no-browser")
    (tmp_path / "file").touch()
    assert "another folder" in refused("studio", "--runs", tmp_path / "file", "--port", "0", "--no-browser")


@pytest.mark.slow
def test_no_request_is_a_server_error(tmp_path: Path) -> None:
    """Requests that schemathesis makes of the interface's own description, against a real server."""
    program = shutil.which("schemathesis", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        pytest.skip("schemathesis is not installed")
    written(tmp_path / "runs/a")
    words = [sys.executable, "-m", "condgan", "studio", "--runs", str(tmp_path / "runs"), "--port", "0", "--no-browser"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address, token = process.stdout.readline().split()[-1].split("/#token=")
        told = subprocess.run(
            [program, "run", f"{address}/api/v1/openapi.json", "--header", f"Authorization: Bearer {token}",
             "--checks", "not_a_server_error,content_type_conformance", "--max-examples", "20",
             "--exclude-path-regex", "events|worth|cure", "--exclude-method", "DELETE"],
            capture_output=True, text=True, cwd=tmp_path, check=False,
        )  # fmt: skip
        process.kill()
        process.communicate()
    assert told.returncode == 0, told.stdout[-3000:]
