"""Fetch the JavaScript packages that the studio's page is made with: ``python tools/vendor.py``.

Only whoever changes a version runs this, and needs npm for it: what it writes is committed. Each tarball must have
the hash that stands here. The page is served without a build step, so bare imports become relative ones; an import map
would have to stand in the page, which its Content-Security-Policy forbids.
"""

import argparse
import base64
import hashlib
import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple

VENDOR = Path(__file__).parents[1] / "src" / "condgan" / "studio" / "static" / "vendor"
LIST = "versions.json"


class Package(NamedTuple):
    """One of npm's, and what is taken from it: its path in the tarball, and its name here."""

    name: str
    version: str
    sha512: str
    files: dict[str, str]


PACKAGES = (
    Package(
        "preact", "11.2.0",
        "/HfHI/7N84e6GrWBJ3J280z3mLaRJiDcSvj/A+y/4AbLnND/1UlGHe1sR6oYuTGwId0nP7dqDU9OnLxMPZ7xBg==",
        {
            "dist/preact.mjs": "preact.js", "hooks/dist/hooks.mjs": "hooks.js", "LICENSE": "LICENSE-preact",
            "src/index.d.ts": "preact.d.ts", "src/jsx.d.ts": "jsx.d.ts", "src/dom.d.ts": "dom.d.ts",
            "hooks/src/index.d.ts": "hooks.d.ts",
        },
    ),
    Package(
        "htm", "3.1.1",
        "983Vyg8NwUE7JkZ6NmOqpCZ+sh1bKv2iYTlUkzlWmA5JD2acKoxd4KVxbMmxX/85mtfdnDmTFoNKcg5DGAvxNQ==",
        {"dist/htm.mjs": "htm.js", "dist/htm.d.ts": "htm.d.ts", "LICENSE": "LICENSE-htm"},
    ),
    Package(
        "@preact/signals-core", "1.14.5",
        "vcRv7Ityz5JVmeiVqIluLFzT/PDS/AlhHUpw3/aUWqcVUs6bDGIPXE/6RSC4evBNWYvnniozg5Syfj33al3gkg==",
        {
            "dist/signals-core.mjs": "signals-core.js", "dist/signals-core.d.ts": "signals-core.d.ts",
            "LICENSE": "LICENSE-signals-core",
        },
    ),
    Package(
        "@preact/signals", "2.11.4",
        "Rb+5RPo9gWSaHtzJeauhHxiC8KP/IF2DEPkHPEOGOnuy2wnJzRqyeLRankUCYd6ADqtxS6GnWGv6Ie343d8aYw==",
        {"dist/signals.mjs": "signals.js", "dist/signals.d.ts": "signals.d.ts", "LICENSE": "LICENSE-signals"},
    ),
    Package(
        "uplot", "1.6.32",
        "KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw==",
        {
            "dist/uPlot.iife.min.js": "uplot.js", "dist/uPlot.d.ts": "uplot.d.ts", "dist/uPlot.min.css": "uplot.css",
            "LICENSE": "LICENSE-uplot",
        },
    ),
)  # fmt: skip
MODULES = {
    "preact": "./preact.js",
    "preact/hooks": "./hooks.js",
    "@preact/signals-core": "./signals-core.js",
    "../../src/index": "./preact.js",
    "./index": "./preact.js",
}
IMPORT = re.compile(r"""(\bfrom\s*)(["'])([^"']+)\2""")


def main() -> int:
    """Fetch all packages, or check that the files here are those that were fetched."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="fetch nothing: do the files have their hashes?")
    if parser.parse_args().check:
        wrong = altered()
        print("\n".join(wrong) or "all as fetched")
        return bool(wrong)
    VENDOR.mkdir(parents=True, exist_ok=True)
    for old in VENDOR.iterdir():
        old.unlink()
    for package in PACKAGES:
        take(package)
    listed = [
        {"name": one.name, "version": one.version, "files": {name: hashed(name) for name in sorted(one.files.values())}}
        for one in PACKAGES
    ]
    (VENDOR / LIST).write_text(json.dumps(listed, indent=1) + "\n", encoding="utf-8")
    return 0


def take(package: Package) -> None:
    """Write the files of a package.

    Raises:
        SystemExit: the tarball is another one.
    """
    with tempfile.TemporaryDirectory() as folder:
        word = f"{package.name}@{package.version}"
        subprocess.run(["npm", "pack", word, "--pack-destination", folder, "--silent"], check=True, stdout=sys.stderr)
        (tarball,) = Path(folder).iterdir()
        whole = tarball.read_bytes()
    if base64.b64encode(hashlib.sha512(whole).digest()).decode() != package.sha512:
        raise SystemExit(f"{word} is not the package that this script knows: its sha512 differs")
    with tarfile.open(fileobj=io.BytesIO(whole)) as archive:
        for inner, name in package.files.items():
            file = archive.extractfile(f"package/{inner}")
            assert file is not None
            (VENDOR / name).write_text(changed(name, file.read().decode("utf-8")), encoding="utf-8")


def changed(name: str, text: str) -> str:
    """A file as a browser takes it: relative imports, no source map; uPlot's small script as a module."""
    if not name.endswith((".js", ".ts")):
        return text
    text = re.sub(r"//# sourceMappingURL=.*\n?", "", text)
    text = IMPORT.sub(lambda found: f"{found[1]}{found[2]}{MODULES.get(found[3], found[3])}{found[2]}", text)
    return text.rstrip() + ("\nexport default uPlot;\n" if name == "uplot.js" else "\n")


def hashed(name: str) -> str:
    """The SHA-256 of a file here."""
    return hashlib.sha256((VENDOR / name).read_bytes()).hexdigest()


def altered() -> list[str]:
    """The files that are missing, or not as they were fetched."""
    known = json.loads((VENDOR / LIST).read_text(encoding="utf-8"))
    return [
        f"{name} differs from {one['name']} {one['version']}: fetch it anew with `python tools/vendor.py`"
        for one in known
        for name, sha256 in one["files"].items()
        if not (VENDOR / name).is_file() or hashed(name) != sha256
    ]


if __name__ == "__main__":
    sys.exit(main())
