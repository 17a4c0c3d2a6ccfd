"""What can be trained on: built-in data, the folders that were named, and uploads."""

import re
import secrets
import shutil
import time
import zipfile
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from starlette.requests import ClientDisconnect

from condgan.data.readers import BUILT_IN, of
from condgan.errors import ArgumentError, CondganError
from condgan.inspection.inspection import inspect
from condgan.studio import places
from condgan.studio.parts import With
from condgan.studio.security import MOST_UPLOAD

router = APIRouter(tags=["datasets"])
ENDINGS = (".zip", ".npz", ".csv")
QUOTA = 4 << 30  # bytes of all uploads
MOST_FILES = 200_000  # in an archive
MOST_SHOWN = 500
MOST_READ = 2000  # images, for a description
PART, ABANDONED = ".part", 3600.0  # the ending of an upload under way, and seconds after which it is none any more
PLAIN = re.compile(r"[\w. -]{1,100}")


@router.get("/datasets")
def listed(parts: With) -> dict[str, Any]:
    """Those that can be trained on, by what names them."""
    found: list[dict[str, Any]] = [{"name": name, "title": name, "kind": "built-in"} for name in BUILT_IN]
    for folder in parts.settings.data:
        if of(folder) is not None:
            found.append({"name": str(folder), "title": folder.name, "kind": "folder"})
        elif folder.is_dir():
            inside = [
                one for one in sorted(folder.iterdir()) if not one.name.startswith(".") and one.name.isprintable()
            ]
            found += [{"name": str(one), "title": one.name, "kind": "folder"} for one in inside[:MOST_SHOWN]]
    for path in uploads(parts):
        found.append({"name": str(path), "title": path.name, "kind": "upload", "bytes": path.stat().st_size})
    return {"datasets": found}


@router.get("/datasets/describe")
async def described(name: str, parts: With) -> dict[str, Any]:
    """What a dataset is, before anyone trains on it; of a large one by some of its images, as ``looked_at`` says.

    Raises:
        CondganError: it cannot be read as labelled images.
    """
    source = places.data(parts.settings, name)
    found = await parts.pool.run(lambda: inspect(source, timed=False, most=MOST_READ))
    return found.model_dump(mode="json")


@router.put("/uploads/{name}", status_code=201)
async def upload(name: str, request: Request, parts: With) -> dict[str, Any]:
    """Keep a file: a zip of class folders, an .npz or a .csv, its bytes as the body.

    Raises:
        CondganError: another name or ending, too large, or the quota is used up.
    """
    if Path(name).suffix.lower() not in ENDINGS:
        raise ArgumentError("name", name[:60], f"expected a file that ends in {', '.join(ENDINGS)}")
    if not PLAIN.fullmatch(name) or name.startswith("."):
        raise ArgumentError("name", name[:60], "rename it: letters, digits, spaces, dots, dashes, 100 at most")
    folder = parts.settings.uploads
    folder.mkdir(parents=True, exist_ok=True)
    path, beside = folder / name, folder / f".{secrets.token_hex(8)}{PART}"
    for left in folder.glob(f".*{PART}"):
        if time.time() - left.stat().st_mtime > ABANDONED:  # by a server that was killed
            left.unlink(missing_ok=True)
    if path.exists():
        raise ArgumentError("name", name, "was uploaded already: delete that one, or rename yours")
    used = sum(one.stat().st_size for one in uploads(parts))
    try:
        written = 0
        with open(beside, "xb") as file:
            async for part in request.stream():
                written += len(part)
                if written > MOST_UPLOAD or used + written > QUOTA:
                    raise ArgumentError("name", name, f"too large: {QUOTA >> 30} GiB of uploads are kept, delete some")
                file.write(part)
        check(beside, name)
        if path.exists():
            raise ArgumentError("name", name, "was uploaded at the same time: rename yours")
        beside.rename(path)
    except ClientDisconnect:
        raise ArgumentError("name", name, "was cut off: send it again") from None
    finally:
        beside.unlink(missing_ok=True)
    return {"name": str(path), "bytes": written}


@router.delete("/uploads/{name}")
def remove(name: str, parts: With) -> dict[str, str]:
    """Delete an upload.

    Raises:
        MissingError: there is none of this name.
    """
    path = places.below(parts.settings.uploads, name, "upload")
    if path.is_dir():
        shutil.rmtree(path)
    elif path.is_file():
        path.unlink()
    else:
        raise places.MissingError(f"no upload is named {name[:60]!r}")
    return {"name": name}


def uploads(parts: With) -> list[Path]:
    """The files that were uploaded, in order."""
    folder = parts.settings.uploads
    return [one for one in sorted(folder.glob("*")) if not one.name.startswith(".")] if folder.is_dir() else []


def check(path: Path, name: str) -> None:
    """Look into an archive before it is kept. Readers never unpack it, and bound what they decode.

    Raises:
        CondganError: it is damaged, or too large when it is unpacked.
    """
    if Path(name).suffix.lower() == ".csv":
        return
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError):
        raise CondganError(f"{name} is no whole {Path(name).suffix} file: upload it again") from None
    if len(entries) > MOST_FILES or sum(one.file_size for one in entries) > QUOTA:
        raise CondganError(f"{name} is too large: {MOST_FILES} files and {QUOTA >> 30} GiB unpacked at most")
