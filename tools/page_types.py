"""Check the types of the studio's page: ``python tools/page_types.py``, a part of `make lint`.

TypeScript reads the comments of the page's files; it needs Node, and is fetched by npm once. Where one of them is not
to be had, that is said, and nothing is checked.
"""

import base64
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "src" / "condgan" / "studio" / "static" / "jsconfig.json"
PLACE = ROOT / ".venv" / "typescript"
VERSION, SHA512 = "5.9.3", "jl1vZzPDinLr9eUt3J/t7V6FgNEw9QjvBPdysz9KfQDD41fQrC2Y4vKQdiaUpFT4bXlb1RHhLpp8wtm6M5TgSw=="
PATIENCE = 60  # seconds


def main() -> int:
    """Check -> the exit code of TypeScript; 0 where it is not there."""
    node, npm = shutil.which("node"), shutil.which("npm")
    compiler = PLACE / VERSION / "package" / "lib" / "tsc.js"
    if node is None or not (compiler.is_file() or (npm is not None and fetched(npm))):
        missing = "there is no Node" if node is None else "TypeScript could not be fetched by npm"
        print(f"types of the studio's page: left out, {missing}")
        return 0
    return subprocess.run([node, str(compiler), "-p", str(PAGE)], check=False).returncode


def fetched(npm: str) -> bool:
    """Put TypeScript beside the environment's packages -> whether that was possible.

    Raises:
        SystemExit: what came is not what was expected.
    """
    with tempfile.TemporaryDirectory() as folder:
        words = [npm, "pack", f"typescript@{VERSION}", "--pack-destination", folder, "--silent", "--fetch-retries=0"]
        try:
            subprocess.run(words, check=True, capture_output=True, timeout=PATIENCE)
        except (subprocess.SubprocessError, OSError):
            return False
        (tarball,) = Path(folder).glob("*.tgz")
        if base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode() != SHA512:
            raise SystemExit(f"typescript {VERSION} has another hash than it had: it is not used")
        whole = Path(folder) / "whole"
        with tarfile.open(tarball) as archive:
            archive.extractall(whole, filter="data")
        shutil.rmtree(PLACE, ignore_errors=True)
        PLACE.mkdir(parents=True)
        shutil.move(whole, PLACE / VERSION)
    return True


if __name__ == "__main__":
    sys.exit(main())
