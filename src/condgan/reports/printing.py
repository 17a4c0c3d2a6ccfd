"""A page on paper: a browser on this machine prints it, without a network."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from condgan.errors import CondganError

BROWSERS = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge", "microsoft-edge",
)  # fmt: skip
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
SECONDS = 120
HOW = "write .html, open it in a browser, and print it there (to PDF, A4)"


def browser() -> str:
    """The program that prints.

    Raises:
        CondganError: there is none, with what to do.
    """
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    found = found or next((path for path in PLACES if os.access(path, os.X_OK)), None)
    if found is None:
        raise CondganError(f"no browser that prints to PDF was found (Chromium, Chrome or Edge): {HOW}")
    return found


def pdf(page: bytes) -> bytes:
    """A page as PDF, A4.

    Raises:
        CondganError: no browser, or it fails.
    """
    program = browser()
    with tempfile.TemporaryDirectory() as folder:
        source, result = Path(folder) / "report.html", Path(folder) / "report.pdf"
        source.write_bytes(page)
        command = [
            program, "--headless", "--disable-gpu", f"--user-data-dir={folder}/profile", "--no-pdf-header-footer",
            "--disable-background-networking", f"--print-to-pdf={result}", source.as_uri(),
        ]  # fmt: skip
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.insert(1, "--no-sandbox")  # without which Chromium does not start as root
        try:
            ended = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CondganError(f"{program} did not print ({type(error).__name__}): {HOW}") from None
        if not result.is_file() or not result.stat().st_size:
            said = " ".join(ended.stderr.decode("utf-8", "replace").split())[-200:]
            raise CondganError(f"{program} did not print ({said}): {HOW}")
        return result.read_bytes()
