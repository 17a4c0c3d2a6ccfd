"""Forged signatures, keys, certificates and marks: `python benchmarks/fuzz_signatures.py --count 20000 --seed 0`.

Each input is a picture or a set of the packaged generator with its signature, its content credentials or its mark, and
the keys and certificates that are trusted; one of these files is changed: bytes flipped, cut or repeated, fields of
JSON, chunks of PNG with right checksums, bytes of certificates within PEM, pixels. A failure is

- a crash, a hang, or a message of several lines;
- a picture that is called verified although its pixels are not those of its seed;
- a signature that holds although what it signs, or what it says, is not what was signed;
- one that is trusted although neither its key nor its root was given;
- a key file that is read as another key than the one that was written.

Exit code 1 if there was any; inputs are kept.
"""

import base64
import io
import json
import random
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from condgan.errors import CondganError
from condgan.export import export
from condgan.marks import keys
from condgan.provenance.verdicts import Finding
from condgan.provenance.verify import verify
from condgan.signatures import certificates, credentials, detached
from fuzz_manifests import chunks, differs, forged, joined
from fuzz_readers import mutated
from fuzzing import fuzz

PEM = re.compile(rb"(-----BEGIN [A-Z ]+-----\n)(.*?)(-----END)", re.DOTALL)


def any_bytes(data: bytes, draw: random.Random) -> bytes:
    """Bytes flipped, cut, repeated; or cut at the end alone."""
    return data[: draw.randrange(len(data))] if draw.random() < 0.2 else mutated(data, draw)


def any_json(data: bytes, draw: random.Random) -> bytes:
    """A field changed, or another version."""
    if draw.random() < 0.4:
        return any_bytes(data, draw)
    told = json.loads(data)
    if draw.random() < 0.2:
        told["version"] = draw.choice([0, 2, "1", 1.0, True, None, 1 << 70])
    elif draw.random() < 0.3:
        name = draw.choice([name for name, value in told.items() if isinstance(value, str)])
        text = bytearray(told[name].encode())
        text[draw.randrange(len(text))] = draw.choice(b"0123456789abcdefABCF :Z")
        told[name] = text.decode()
    else:
        told = forged(told, draw)
    return json.dumps(told, indent=draw.choice([None, 2])).encode()


def any_chunk(data: bytes, draw: random.Random) -> bytes:
    """A PNG whose credentials, pixels or texts are changed, with right checksums."""
    if draw.random() < 0.2:
        return any_bytes(data, draw)
    parts = chunks(data)
    at = next(n for n, (kind, _) in enumerate(parts) if kind == credentials.CHUNK)
    kind = draw.randrange(6)
    if kind < 3:
        body = bytearray(parts[at][1])
        for _ in range(draw.choice([1, 1, 1, 2, 8])):
            body[draw.randrange(len(body))] ^= 1 << draw.randrange(8)
        parts[at] = parts[at][0], bytes(body)
    elif kind == 3:
        parts[at] = parts[at][0], mutated(parts[at][1], draw)
    elif kind == 4:
        other = draw.randrange(len(parts))
        parts[other] = parts[other][0], mutated(parts[other][1], draw)
    else:
        moved = parts.pop(at) if draw.random() < 0.5 else parts[at]
        parts.insert(draw.randrange(len(parts)), moved)
    return joined(parts)


def any_certificate(data: bytes, draw: random.Random) -> bytes:
    """PEM with bytes changed within a certificate or a key, one left out, or their order changed."""
    if draw.random() < 0.3:
        return any_bytes(data, draw)
    parts = list(PEM.finditer(data))
    if draw.random() < 0.3:
        whole = [part.group(0) + b" X-----\n" for part in parts]
        draw.shuffle(whole)
        return b"".join(whole[: draw.randrange(1, len(whole) + 1)])
    part = draw.choice(parts)
    body = bytearray(base64.b64decode(part.group(2)))
    body[draw.randrange(len(body))] ^= 1 << draw.randrange(8)
    if draw.random() < 0.2:
        body = body[: draw.randrange(len(body))]
    return data[: part.start(2)] + base64.encodebytes(bytes(body)) + data[part.end(2) :]


def any_pixels(data: bytes, draw: random.Random) -> bytes:
    """A picture with its pixels moved, cut, noisy or of one grey, its texts kept or not; or bytes of the file."""
    if draw.random() < 0.3:
        return any_bytes(data, draw)
    with Image.open(io.BytesIO(data)) as image:
        pixels, info = np.array(image.convert("L")), dict(image.info)
    height, width = pixels.shape
    kind = draw.randrange(5)
    if kind == 0:
        pixels = np.roll(pixels, (draw.randrange(-3, 4), draw.randrange(-3, 4)), (0, 1))
    elif kind == 1:
        pixels = pixels[draw.randrange(height // 2) :, draw.randrange(width // 2) :]
    elif kind == 2:
        noise = np.random.default_rng(draw.randrange(1 << 30)).normal(0, draw.choice([1, 8, 90]), pixels.shape)
        pixels = np.clip(pixels + noise, 0, 255).astype(np.uint8)
    elif kind == 3:
        pixels = np.full((draw.randrange(1, 90), draw.randrange(1, 90)), draw.randrange(256), np.uint8)
    else:
        pixels = pixels[:: draw.choice([-1, 1, 2]), :: draw.choice([-1, 1, 2])]
    from PIL.PngImagePlugin import PngInfo

    texts = PngInfo()
    for name, value in info.items():
        if isinstance(value, str) and draw.random() < 0.8:
            texts.add_text(str(name), value)
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(stream, "PNG", pnginfo=texts)
    return stream.getvalue()


KINDS: dict[str, tuple[str, str, Callable[[bytes, random.Random], bytes]]] = {
    "signature": ("row.png", "row.png.sig", any_json),
    "signed picture": ("row.png", "row.png", any_bytes),
    "signature of a set": ("set.npz", "set.npz.sig", any_json),
    "credentials": ("certified.png", "certified.png", any_chunk),
    "cover": ("set.npz", "set.npz.c2pa.png", any_chunk),
    "trusted key": ("row.png", "mine.key.pub", any_json),
    "trusted certificates": ("certified.png", "me.pem", any_certificate),
    "key": ("row.png", "mine.key", any_json),
    "certificate that signs": ("row.png", "me.pem", any_certificate),
    "mark": ("marked.png", "marked.png", any_pixels),
    "key of a mark": ("marked.png", "mine.key", any_json),
}
"""What is verified, which file is changed, and how."""


def made(folder: Path) -> None:
    """Write sound inputs."""
    folder.mkdir()
    key = keys.new_key(folder / "mine.key")
    detached.write_public(folder / "mine.key.pub", key)
    certificate = certificates.make(folder / "me.pem", "A. Student")
    for name in ("row.png", "certified.png"):
        export.to_file("mnist", "20", seed=7, output=folder / name)
    export.to_file("mnist", counts="3=2,5=1", seed=5, output=folder / "set.npz")
    export.to_file("mnist", "2026", seed=7, watermark=key, scale=1, output=folder / "marked.png")
    credentials.sign(folder / "certified.png", certificate)
    credentials.sign(folder / "set.npz", certificate)
    for name in ("row.png", "set.npz"):
        detached.sign(folder / name, key)


def without_credentials(data: bytes) -> bytes:
    """The rest of a PNG, which credentials are of."""
    return joined([part for part in chunks(data) if part[0] != credentials.CHUNK])


def wrong(found: Finding, path: Path, sound: Path) -> str | None:
    """What is called right that is not so."""
    data, original = path.read_bytes(), (sound / path.name).read_bytes()
    if found.verdict == "verified" and path.suffix == ".png":
        with Image.open(io.BytesIO(data)) as image, Image.open(io.BytesIO(original)) as expected:
            if differs(np.asarray(image.convert("L")), np.asarray(expected.convert("L"))):
                return "verified, and its pixels differ"
    if found.verdict == "verified" and path.suffix != ".png" and data != original:
        return "verified, and its bytes differ"
    ed25519, roots = path.with_name("mine.key.pub"), path.with_name("me.pem")
    for one in found.signatures:
        if one.trusted and not one.valid:
            return "trusted, and does not hold"
        if one.valid and one.kind == "ed25519":
            said, truth = (json.loads(detached.beside_of(place).read_bytes()) for place in (path, sound / path.name))
            if said != truth or data != original:
                return "a signature of other bytes holds"
            if one.trusted and json.loads(ed25519.read_bytes())["public_key"] != truth["public_key"]:
                return "a key is trusted that was not given"
        elif one.valid and one.kind == "c2pa":
            cover = path if path.suffix == ".png" else path.with_name(path.name + credentials.COVER)
            now, before = (without_credentials(place.read_bytes()) for place in (cover, sound / cover.name))
            if now != before or (path.suffix != ".png" and data != original):
                return "credentials of other bytes hold"
            if one.trusted and not certified(roots.read_bytes()) & certified((sound / "me.pem").read_bytes()):
                return "a root is trusted that was not given"
    return None


def certified(pem: bytes) -> set[bytes]:
    """The certificates in PEM, by their bytes."""
    return {base64.b64decode(part.group(2)) for part in PEM.finditer(pem) if b"CERTIFICATE" in part.group(1)}


def attempt(kind: str, sound: Path, folder: Path) -> str:
    """What becomes of an input; what must not be is an AssertionError."""
    target, changed, _ = KINDS[kind]
    path = folder / target
    options: dict[str, Any] = {"trust": [folder / "mine.key.pub", folder / "me.pem"]}
    try:
        if changed == "mine.key":
            key = keys.load(folder / changed)
            assert key == keys.load(sound / changed), "read as another key"
            options["key"] = key
        elif kind == "mark":
            options["key"] = folder / "mine.key"
        if kind == "certificate that signs":
            made = credentials.embedded(path.read_bytes(), certificates.load(folder / changed), "x")
            assert credentials.read(made).valid, "signed, and it does not hold"
            return "signs"
        report = verify(path, **options)
    except CondganError as error:
        if "\n" in str(error):
            raise AssertionError(f"a message of several lines: {error}") from None
        return "refusal"
    json.loads(report.to_json())
    found = report.set or report.files[0]
    reason = wrong(found, path, sound)
    assert reason is None, reason
    held = {one.valid for one in found.signatures}
    return f"{found.verdict}, {'no signature' if not held else 'signatures hold' if held == {True} else 'not all hold'}"


def prepare(kind: str, sound: Path) -> None:
    """Write sound inputs, once."""
    if not sound.exists():
        made(sound)


def forge(kind: str, sound: Path, folder: Path, draw: random.Random) -> None:
    """Copy the sound inputs, and change one of them."""
    shutil.copytree(sound, folder)
    path, change = folder / KINDS[kind][1], KINDS[kind][2]
    path.write_bytes(change(path.read_bytes(), draw))


if __name__ == "__main__":
    sys.exit(fuzz(__doc__, KINDS, prepare, forge, attempt))
