"""Oxygen's icons as class folders, each once, at one of four sizes: `apt-get install oxygen-icon-theme`, then

python docs/examples/icons.py icons
"""

import hashlib
import shutil
import sys
from pathlib import Path

BASE = Path("/usr/share/icons/oxygen/base")
SIZES = (32, 48, 64, 128)


def main(target: Path) -> None:
    """Copy them: of icons that look alike the first, at a size that its name decides."""
    seen = set()
    for group in ("actions", "apps", "devices", "mimetypes", "places", "status"):
        (target / group).mkdir(parents=True)
        for icon in sorted((BASE / "64x64" / group).glob("*.png")):
            content = icon.read_bytes()
            if content in seen:
                continue
            seen.add(content)
            there = [path for size in SIZES if (path := BASE / f"{size}x{size}" / group / icon.name).is_file()]
            number = hashlib.sha256(icon.name.encode()).digest()[0]
            shutil.copyfile(there[number % len(there)], target / group / icon.name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
