"""What condgan needs besides Python, torch and numpy, as one archive of wheels for a machine without network."""

import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "gpu-wheels"
ARCHIVE = FOLDER / "wheels.tar.xz"
SITE = ROOT / ".venv-gpu" / str(sys.implementation.cache_tag)  # compiled files fit one Python
TARGET = ["--python-version", "3.12", "--only-binary=:all:", "--no-deps"]
PLATFORMS = [f"--platform=manylinux{tag}_x86_64" for tag in ("_2_28", "_2_27", "2014", "_2_17")]
NEEDED = [
    *("absl-py", "annotated-doc", "annotated-types", "cloudpickle", "contourpy", "cycler", "filelock", "fonttools"),
    *(
        "hypothesis",
        "iniconfig",
        "jinja2",
        "joblib",
        "kiwisolver",
        "latex2mathml",
        "lightning-utilities",
        "markdown-it-py",
        "matplotlib",
    ),
    *("mdurl", "narwhals"),
    *("packaging", "pillow", "platformdirs", "pluggy", "prdc", "protobuf", "pydantic", "pydantic-core", "pygments"),
    *("pyparsing", "pytest", "python-dateutil", "rich", "safetensors", "scikit-learn", "scipy", "setuptools"),
    *("shellingham", "six", "sortedcontainers", "tensorboard", "threadpoolctl", "torchmetrics", "typer"),
    *("typing-extensions", "typing-inspection"),
]
"""All but what tensorboard's server alone needs."""


def fetch(names: Sequence[str] = NEEDED) -> None:
    """Download the pinned wheels and pack them; uncompressed inside, so that xz sees through all of them at once."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        constraints = ["-c", str(ROOT / "constraints.txt"), "-d", folder]
        pip = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, *TARGET, *PLATFORMS, *constraints, *names], check=True)
        new = ARCHIVE.with_suffix(".new")
        with tarfile.open(new, "w:xz", preset=6) as archive:
            for path in sorted(Path(folder).glob("*.whl")):
                plain = path.with_suffix(".zip")
                with zipfile.ZipFile(path) as wheel, zipfile.ZipFile(plain, "w", zipfile.ZIP_STORED) as stored:
                    for entry in wheel.infolist():
                        stored.writestr(entry.filename, wheel.read(entry))
                archive.add(plain, path.name)
        new.replace(ARCHIVE)
    print(f"{ARCHIVE.relative_to(ROOT)}: {ARCHIVE.stat().st_size / 2**20:.1f} MiB")


def installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def pinned() -> dict[str, str]:
    """Name -> version, of constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if "==" in line and not line.startswith("#"))


def fits(tags: list[str]) -> bool:
    """Whether this Python can import a wheel with these tags, of one interpreter, or any."""
    own = f"cp{sys.version_info.major}{sys.version_info.minor}"
    return tags[0].startswith("py") or tags[0] == own or tags[1] == "abi3"


def unpack(archive: Path = ARCHIVE, site: Path = SITE) -> str:
    """Unpack what is missing here or has another version -> the folder to import from; "" if nothing is missing.

    Wheels of packages are their files in a zip archive: no installer is needed.
    """
    pins = pinned()
    missing = [name for name in NEEDED if installed(name) != pins.get(name)]
    if missing and archive.exists():
        with tempfile.TemporaryDirectory() as folder:
            with tarfile.open(archive) as packed:
                packed.extractall(folder, filter="data")
            for path in sorted(Path(folder).glob("*.whl")):
                name, _, *tags = path.stem.split("-")
                if name.lower().replace("_", "-") in missing and fits(tags):
                    with zipfile.ZipFile(path) as wheel:
                        wheel.extractall(site)
    if installed("condgan") is None:  # its version is read from what an installation leaves
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        facts = site / f"condgan-{project['version']}.dist-info" / "METADATA"
        facts.parent.mkdir(parents=True, exist_ok=True)
        facts.write_text(f"Metadata-Version: 2.1\nName: condgan\nVersion: {project['version']}\n", encoding="utf-8")
    return str(site) if site.exists() else ""


if __name__ == "__main__":
    if sys.argv[1:2] == ["fetch"]:
        fetch(sys.argv[2:] or NEEDED)
    else:
        print(unpack())
