"""Pictures by condgan are verified; those that anyone changed never are."""

import io
import json
import os
import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import condgan as package
from condgan.cli.verify import text
from condgan.errors import CondganError
from condgan.generation.generator import load
from condgan.pictures import images
from condgan.provenance.reading import MOST_PIXELS
from condgan.provenance.verdicts import WORDS, Report, finding
from condgan.provenance.verify import verify
from condgan.storage import pictures
from condgan.storage.manifest import KEY, begin, xmp

Copy = Callable[[str], Path]


def pixels(path: Path) -> Any:
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.mark.parametrize("name", ["row.png", "one.png", "label.png", "grid.png", "walk.gif", "walk.png"])
def test_what_condgan_writes_is_verified(originals: Path, forge: Any, name: str) -> None:
    found = forge.found(originals / name)
    assert (found.verdict, found.remade, found.why) == ("verified", True, "made again: the same pixels")
    assert found.manifest["generator_sha256"] == load("mnist").sha256


def test_a_folder_is_verified_whatever_the_order_and_names_of_its_files(copy: Copy, forge: Any) -> None:
    folder = copy("walk")
    for number, path in enumerate(sorted(folder.iterdir(), reverse=True)):
        path.rename(folder / f"x{number}.png")
    report = forge.report(folder)
    assert report.verified
    assert [file.path for file in report.files] == ["x0.png", "x1.png", "x2.png"]


@pytest.mark.parametrize(
    ("folder", "row", "one"),
    [("7", "claimed", "verified"), ("3", "claimed", "contradictory"), ("pictures", "verified", "verified")],
)
def test_pictures_in_the_folder_of_another_class(
    copy: Copy, forge: Any, folder: str, row: str, one: str, tmp_path: Path
) -> None:
    """A row has several images, and is no image of a class; but a reader of class folders would take it for one."""
    place = tmp_path / "all" / folder
    place.mkdir(parents=True)
    copy("row.png").rename(place / "row.png")
    copy("one.png").rename(place / "one.png")
    for path in (tmp_path / "all", place):
        assert {Path(file.path).name: file.verdict for file in forge.report(path).files} == {
            "row.png": row, "one.png": one
        }  # fmt: skip
    assert forge.found(place / "row.png").verdict == row
    assert forge.found(place / "one.png").verdict == one


def test_a_table_labels_pictures_of_any_kind(copy: Copy, forge: Any, tmp_path: Path) -> None:
    copy("one.png")
    for label, verdict in (("7", "verified"), ("3", "contradictory")):
        (tmp_path / "metadata.csv").write_text(f"file_name,label\none.png,{label}\n")
        assert forge.report(tmp_path).files[0].verdict == verdict
    (tmp_path / "metadata.csv").write_text("file_name,label\none.png,7\nother.png,3\n")
    report = forge.report(tmp_path)
    assert [(file.path, file.verdict) for file in report.files] == [
        ("metadata.csv", "contradictory"), ("one.png", "verified")
    ]  # fmt: skip
    assert not report.verified


def test_one_grey_level_is_forgiven_and_said_and_two_are_not(copy: Copy, forge: Any) -> None:
    """The forger states the hash of the pixels that he has drawn."""
    path = copy("row.png")
    manifest, picture = forge.manifest(path), pixels(path).astype(int)
    for change, verdict in ((1, "verified"), (2, "altered")):
        drawn = picture.copy()
        drawn[3, 5] += change if drawn[3, 5] < 128 else -change
        path.write_bytes(pictures.png(drawn.astype(np.uint8), manifest))
        found = forge.found(path)
        assert (found.verdict, found.remade) == (verdict, verdict == "verified")
        assert ("within one grey level" if change == 1 else "up to 2 grey levels") in found.why


def test_one_changed_pixel_is_altered(copy: Copy, forge: Any) -> None:
    path = copy("row.png")
    chunks = forge.chunks(path.read_bytes())
    picture = pixels(path).copy()
    picture[0, 0] ^= 128
    (data,) = (body for kind, body in forge.chunks(pictures.png(picture, forge.manifest(path))) if kind == b"IDAT")
    path.write_bytes(forge.joined([(kind, data if kind == b"IDAT" else body) for kind, body in chunks]))
    found = forge.found(path)
    assert (found.verdict, found.remade) == ("altered", None)
    assert "hash" in found.why


def test_an_enlarged_picture_is_brought_back_to_its_size(copy: Copy, forge: Any) -> None:
    path = copy("row.png")
    chunks = forge.chunks(path.read_bytes())
    large = pixels(path).repeat(3, axis=0).repeat(3, axis=1)
    new = dict(forge.chunks(pictures.png(large, forge.manifest(path))))
    path.write_bytes(forge.joined([(k, new[k] if k in (b"IDAT", b"IHDR") else body) for k, body in chunks]))
    assert forge.found(path).verdict == "verified"
    large = large.copy()
    large[0, 0] ^= 64  # within a block
    new = dict(forge.chunks(pictures.png(large, forge.manifest(path))))
    path.write_bytes(forge.joined([(k, new[k] if k in (b"IDAT", b"IHDR") else body) for k, body in chunks]))
    assert forge.found(path).verdict == "altered"


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"sample": {"seed": 8, "labels": ["2", "0", "2", "6"], "scale": 3}}, "altered"),
        ({"sample": {"seed": 7, "labels": ["2", "0", "2", "5"], "scale": 3}}, "altered"),
        ({"sample": {"seed": 7, "index": 1, "labels": ["2", "0", "2", "6"], "scale": 3}}, "altered"),
        ({"sample": {"seed": 7, "labels": ["2", "0", "2", "6", "1"], "scale": 3}}, "altered"),
        ({"sample": {"seed": 7, "labels": ["2", "0", "2", "cat"], "scale": 3}}, "contradictory"),
        ({"sample": {"seed": 7, "count": 4, "scale": 3}}, "contradictory"),
        ({"sample": {"seed": 7, "conditions": [[1.0]] * 4, "scale": 3}}, "contradictory"),
        ({"sample": {"seed": 7, "index": (1 << 63) - 2, "labels": ["2", "0", "2", "6"], "scale": 3}}, "contradictory"),
        ({"sample": {"seed": 7, "labels": ["2"], "scale": 99}}, "unknown"),
        ({"sample": {"seed": 7, "count": 100_000, "scale": 64}}, "altered"),  # gigabytes: nothing is generated
        ({"kind": "image"}, "contradictory"),
        ({"kind": "walk"}, "unknown"),
        ({"kind": "plot", "sample": None}, "claimed"),
        ({"synthetic": False}, "contradictory"),
        ({"recipe": "other"}, "contradictory"),
        ({"recipe_sha256": "0" * 64}, "contradictory"),
        ({"data": "cifar10"}, "contradictory"),
        ({"images_seen": 1}, "contradictory"),
        ({"images_seen": 0}, "claimed"),
        ({"generator_sha256": "0" * 64}, "claimed"),
        ({"generator_sha256": None}, "claimed"),
    ],
)
def test_a_manifest_that_says_something_else_is_never_verified(
    copy: Copy, forge: Any, changes: dict[str, Any], verdict: str
) -> None:
    """All texts are those of the changed manifest, and the hash is that of the pixels."""
    path = copy("row.png")
    path.write_bytes(pictures.png(pixels(path), forge.manifest(path).model_copy(update=changes)))
    found = forge.found(path)
    assert found.verdict == verdict, found.why
    assert found.remade is not True


def test_the_manifest_of_another_picture_is_altered(copy: Copy, forge: Any) -> None:
    path, other = copy("row.png"), copy("walk.png")
    path.write_bytes(pictures.png(pixels(path), forge.manifest(other)))
    assert forge.found(path).verdict == "altered"


def ancillary(kind: bytes) -> tuple[bytes, bytes]:
    bodies = {
        b"gAMA": struct.pack(">I", 100000),
        b"tRNS": b"\0\0",
        b"acTL": struct.pack(">II", 1, 0),
        b"iCCP": b"x\0\0" + zlib.compress(b"profile"),
        b"sRGB": b"\0",
        b"pHYs": struct.pack(">IIB", 1, 1, 0),
        b"tIME": bytes(7),
        b"eXIf": b"II*\0",
        b"zTXt": b"Comment\0\0" + zlib.compress(b"x"),
    }
    return kind, bodies[kind]


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [(b"gAMA", "altered"), (b"tRNS", "altered"), (b"acTL", "altered"), (b"iCCP", "altered"), (b"sRGB", "altered"),
     (b"eXIf", "altered"), (b"pHYs", "claimed"), (b"tIME", "claimed"), (b"zTXt", "claimed")],
)  # fmt: skip
def test_other_chunks_are_never_verified(copy: Copy, forge: Any, kind: bytes, verdict: str) -> None:
    """Those that change what a viewer shows are alterations."""
    path = copy("row.png")
    first, *rest = forge.chunks(path.read_bytes())
    path.write_bytes(forge.joined([first, ancillary(kind), *rest]))
    assert forge.found(path).verdict == verdict


@pytest.mark.parametrize("form", ["palette", "alpha", "16 bit", "1 bit", "tinted", "interlaced"])
def test_other_forms_of_pixels_are_never_verified(copy: Copy, forge: Any, form: str) -> None:
    path = copy("row.png")
    chunks, grey = forge.chunks(path.read_bytes()), pixels(path)
    if form == "interlaced":
        chunks[0] = chunks[0][0], chunks[0][1][:-1] + b"\1"
        path.write_bytes(forge.joined(chunks))
        assert forge.found(path).verdict != "verified"
        return
    image = {
        "palette": lambda: Image.fromarray(grey).convert("P"),
        "alpha": lambda: Image.fromarray(grey).convert("LA"),
        "16 bit": lambda: Image.fromarray(grey.astype(np.uint16) * 257),
        "1 bit": lambda: Image.fromarray(grey).convert("1"),
        "tinted": lambda: Image.fromarray(np.stack([grey, grey, grey ^ 1], axis=2)),
    }[form]()
    encoded = io.BytesIO()
    image.save(encoded, "PNG")
    pixel = [one for one in forge.chunks(encoded.getvalue()) if one[0] != b"IEND"]
    texts = [one for one in chunks if one[0] in (b"tEXt", b"iTXt")]
    path.write_bytes(forge.joined([*pixel, *texts, (b"IEND", b"")]))
    assert forge.found(path).verdict == "altered"
    image = Image.fromarray(grey).convert("RGB")  # but grey that is stored in colour is the same picture
    encoded = io.BytesIO()
    image.save(encoded, "PNG")
    pixel = [one for one in forge.chunks(encoded.getvalue()) if one[0] != b"IEND"]
    path.write_bytes(forge.joined([*pixel, *texts, (b"IEND", b"")]))
    found = forge.found(path)
    assert (found.verdict, found.why) == ("verified", "made again: the same pixels, stored in colour")


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ("twice", "claimed"), ("two", "contradictory"), ("no xmp", "claimed"), ("other xmp", "contradictory"),
        ("software", "contradictory"), ("comment", "claimed"), ("trailing", "claimed"), ("spaces", "claimed"),
        ("entities", "contradictory"), ("late", "unknown"),
    ],
)  # fmt: skip
def test_texts_that_differ_from_what_condgan_writes(copy: Copy, forge: Any, change: str, verdict: str) -> None:
    path = copy("row.png")
    data = path.read_bytes()
    chunks, told = forge.chunks(data), forge.manifest(path)
    (own,) = (one for one in chunks if one[1].startswith(b"condgan\0"))
    (packet,) = (one for one in chunks if one[1].startswith(b"XML:com.adobe.xmp\0"))
    other = told.model_copy(update={"producer": "someone else"})
    place, start = chunks.index(own), b"XML:com.adobe.xmp\0\0\0\0\0"
    bomb = b'<!DOCTYPE x [<!ENTITY a "&b;&b;"><!ENTITY b "&a;&a;">]><x>&a;</x>'
    if change == "twice":
        chunks.insert(place, own)
    elif change == "two":
        chunks.insert(place, (b"tEXt", b"condgan\0" + other.to_json().encode()))
    elif change == "no xmp":
        chunks.remove(packet)
    elif change in ("other xmp", "entities"):
        text = xmp(other).encode() if change == "other xmp" else bomb
        chunks[chunks.index(packet)] = (b"iTXt", start + text)
    elif change == "software":
        chunks[1] = (b"tEXt", b"Software\0Photoshop")
    elif change == "comment":
        chunks.insert(1, (b"tEXt", b"Comment\0made by hand"))
    elif change == "spaces":
        chunks[place] = (b"tEXt", b"condgan\0" + json.dumps(json.loads(own[1][8:])).encode())
    elif change == "late":  # between the parts of the pixels
        at = next(number for number, one in enumerate(chunks) if one[0] == b"IDAT")
        body = chunks[at][1]
        chunks[at : at + 1] = [(b"IDAT", body[:9]), (b"tEXt", b"a\0b"), (b"IDAT", body[9:])]
    path.write_bytes(forge.joined(chunks) + (b"more" if change == "trailing" else b""))
    found = forge.found(path)
    assert found.verdict == verdict, found.why


def test_a_manifest_with_a_field_twice_is_not_verified(copy: Copy, forge: Any) -> None:
    """Readers of JSON differ in which of the two they take."""
    path = copy("row.png")
    own = forge.manifest(path).to_json()
    chunks = [
        (
            kind,
            b"condgan\0" + own.replace('"seed":7', '"seed":9,"seed":7').encode() if body[:8] == b"condgan\0" else body,
        )
        for kind, body in forge.chunks(path.read_bytes())
    ]
    path.write_bytes(forge.joined(chunks))
    assert forge.found(path).verdict == "unknown"


def test_titles_of_a_grid_are_drawn_by_fonts_of_the_machine(copy: Copy, forge: Any) -> None:
    """Other letters are a claim; other tiles, or a hash that does not fit, an alteration."""
    path = copy("grid.png")
    told, picture = forge.manifest(path), pixels(path).copy()
    title = picture[:20].copy()
    picture[:12] = 255 - picture[:12]
    path.write_bytes(pictures.png(picture, told))
    found = forge.found(path)
    assert (found.verdict, found.remade) == ("claimed", None)
    assert "letters" in found.why
    taller = np.concatenate([title, pixels(copy("grid.png"))])
    path.write_bytes(pictures.png(taller, told))
    assert forge.found(path).verdict == "claimed"
    picture[100, 100] ^= 128
    path.write_bytes(pictures.png(picture, told))
    assert forge.found(path).verdict == "altered"


def test_a_visible_label_is_made_again_too(copy: Copy, forge: Any) -> None:
    path = copy("label.png")
    told, picture = forge.manifest(path), pixels(path).copy()
    picture[-8:] = 0
    path.write_bytes(pictures.png(picture, told))
    assert forge.found(path).verdict == "altered"
    path.write_bytes(pictures.png(pixels(copy("label.png"))[:140], told))
    assert forge.found(path).verdict == "altered"


@pytest.mark.parametrize("change", ["duration", "disposal", "loop", "frame", "comment", "pixels", "trailing", "two"])
def test_an_animation_that_was_changed_is_never_verified(copy: Copy, forge: Any, change: str) -> None:
    path = copy("walk.gif")
    data = path.read_bytes()
    place = data.index(b"\x21\xf9\x04")
    if change == "duration":
        data = data[: place + 4] + b"\x50\0" + data[place + 6 :]
    elif change == "disposal":
        data = data[: place + 3] + bytes([data[place + 3] ^ 0x08]) + data[place + 4 :]
    elif change == "loop":
        at = data.index(b"NETSCAPE2.0") + 13
        data = data[:at] + b"\x01\0" + data[at + 2 :]
    elif change == "comment":
        data = data[:place] + b"\x21\xfe\x02hi\0" + data[place:]
    elif change == "two":
        data = data[:place] + b"\x21\xfe\x02{}\0" + data[place:]
    elif change == "trailing":
        data += b"more"
    else:
        with Image.open(path) as image:
            told, frames = image.info["comment"].decode(), []
            for number in range(image.n_frames):  # type: ignore[attr-defined]
                image.seek(number)
                frames.append(np.asarray(image.convert("L")))
        from condgan.storage.manifest import Manifest

        frames = frames[::-1] if change == "frame" else [255 - frames[0], *frames[1:]]
        data = pictures.gif(frames, 50, Manifest.from_json(told))
    path.write_bytes(data)
    found = forge.found(path)
    assert found.verdict in ("altered", "claimed", "unknown", "contradictory")
    assert (found.verdict == "altered") >= (change in ("duration", "frame", "pixels"))


def test_colours_of_an_animation_are_compared_as_the_file_has_them(forge: Any, tmp_path: Path) -> None:
    """A GIF has at most 256 colours in a frame."""
    frames = [np.random.default_rng(seed).integers(0, 256, (40, 40, 3), np.uint8) for seed in range(3)]
    path = tmp_path / "a.gif"
    path.write_bytes(pictures.gif(frames, 50, begin().of("picture", shows="noise")))
    assert forge.found(path).verdict == "claimed"


@pytest.mark.parametrize("name", ["loss.png", "report.html"])
def test_what_cannot_be_made_again_is_claimed(forge: Any, tmp_path: Path, name: str) -> None:
    path, told = tmp_path / name, begin(synthetic=False).of("plot", shows="loss curves")
    if name.endswith(".html"):
        from html import escape

        path.write_text(f'<html><meta name="{KEY}" content="{escape(told.to_json())}"></html>')
    else:
        images.save_png(path, np.zeros((9, 9, 3), np.uint8), told)
    found = forge.found(path)
    assert (found.verdict, found.remade) == ("claimed", None)
    assert "loss curves" in found.why


def test_a_given_generator_makes_again_what_it_made(
    originals: Path, digits: Path, tiny: Any, forge: Any, tmp_path: Path
) -> None:
    import condgan
    from condgan.export import export

    options = (*tiny["cgan-lsgan"], "machine.threads=1", "output.keep_every=1")
    run = condgan.train("cgan-lsgan", *options, data=digits, epochs=2, run=tmp_path / "run")
    path = tmp_path / "a.png"
    export.to_file(run.folder, "2026", output=path, seed=7)
    assert forge.found(path).verdict == "claimed"
    assert forge.found(path, generator=run.folder).verdict == "verified"
    assert forge.found(path, generator=run.folder / "generator.safetensors").verdict == "verified"
    assert forge.found(path, generator=f"{run.folder}@1").verdict == "claimed"
    assert forge.found(originals / "row.png", generator=run.folder).verdict == "verified"
    report = forge.report(run.folder, generator=run.folder)
    verdicts = {file.path: file.verdict for file in report.files}
    assert verdicts["result.png"] == "verified"
    assert verdicts["loss.png"] == verdicts["progress.gif"] == "claimed"
    last = max(name for name in verdicts if name.startswith("samples/"))
    assert verdicts[last] == "verified"
    assert set(verdicts.values()) == {"verified", "claimed"}
    assert not report.verified


def test_pictures_and_sets_of_colours_are_verified(animals: Path, tiny: Any, forge: Any, tmp_path: Path) -> None:
    """An animation has at most 256 colours a frame: what is made again is encoded too."""
    import condgan
    from condgan.export import export

    options = (*tiny["images-small"], "machine.threads=1")
    run = condgan.train("images-small", *options, data=animals, epochs=1, run=tmp_path / "run")
    made: list[dict[str, Any]] = [
        {"sequence": "cat,polar bear", "output": "row.png", "visible_label": "en", "scale": 20},
        {"grid": True, "output": "grid.png"},
        {"walk": "cat,dog", "output": "walk.gif", "frames": 6},
        {"walk": "seed:1,seed:2", "output": "walk", "frames": 80},
        {"per_class": 2, "output": "folder"},
        {"per_class": 2, "output": "set.npz"},
    ]
    for options_of in made:
        path = tmp_path / options_of["output"]
        export.to_file(run.folder, **{**options_of, "output": path}, seed=7)
        report = forge.report(path, generator=run.folder)
        assert report.verified, report
    (tmp_path / "folder" / "polar bear").rename(tmp_path / "folder" / "bear")
    assert forge.report(tmp_path / "folder", generator=run.folder).set.verdict == "contradictory"
    assert forge.report(tmp_path / "folder").set.verdict == "contradictory"


# What anyone may have written


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_damaged_files_are_unknown(copy: Copy, forge: Any) -> None:
    for name in ("row.png", "walk.gif", "set.npz", "set.tar", "set.parquet"):
        path = copy(name)
        data = path.read_bytes()
        for cut in (0, 3, 9, len(data) // 2, len(data) - 1):
            assert forge.found(written(path, data[:cut])).verdict == "unknown", (name, cut)


def test_a_bomb_is_not_decoded(copy: Copy, forge: Any) -> None:
    """100,000 x 100,000 pixels, in a file of a few hundred bytes."""
    path = copy("row.png")
    chunks = forge.chunks(path.read_bytes())
    chunks[0] = b"IHDR", struct.pack(">II", 100_000, 100_000) + chunks[0][1][8:]
    found = forge.found(written(path, forge.joined(chunks)))
    assert found.verdict == "unknown"
    assert str(MOST_PIXELS) in found.why


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 5000,
        "{}",
        "null",
        "5",
        '{"format":NaN}',
        "\xff\xfe",
        "1" * 9999,
        '{"kind":"row"}',
        '{"kind":"\\ud800"}',
    ],
)
def test_no_manifest_crashes_it(copy: Copy, forge: Any, text: str) -> None:
    path = copy("row.png")
    chunks = [
        (kind, b"condgan\0" + text.encode("latin-1") if body.startswith(b"condgan\0") else body)
        for kind, body in forge.chunks(path.read_bytes())
    ]
    assert forge.found(written(path, forge.joined(chunks))).verdict == "unknown"


@pytest.mark.parametrize(
    "sample", [{"seed": float("nan")}, {"a": float("inf")}, {"a": [[[[[[[[[[1]]]]]]]]]]}, {"seed": -1}, {"seed": "7"}]
)
def test_no_sample_crashes_it(copy: Copy, forge: Any, sample: Any) -> None:
    path = copy("row.png")
    path.write_bytes(pictures.png(pixels(path), forge.manifest(path).model_copy(update={"sample": sample})))
    found = forge.found(path)
    assert found.verdict == "unknown"
    assert json.loads(Report(files=(found,)).to_json())["files"][0]["manifest"] is None or sample.get("seed") in (
        -1,
        "7",
    )


def test_a_frame_that_a_walk_lacks_is_contradictory(originals: Path, forge: Any, tmp_path: Path) -> None:
    source = originals / "walk" / "000001.png"
    told = forge.manifest(source)
    for frame, verdict in ((1, "verified"), (2, "altered"), (9999, "contradictory")):
        path = tmp_path / "a.png"
        path.write_bytes(pictures.png(pixels(source), told.of("walk", {**(told.sample or {}), "frame": frame})))
        assert forge.found(path).verdict == verdict


def test_links_fifos_and_foreign_files_in_a_folder(copy: Copy, originals: Path, forge: Any, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link.png").symlink_to(originals / "row.png")
    (folder / "nowhere.png").symlink_to("/nowhere")
    (folder / "away").symlink_to(originals)
    os.mkfifo(folder / "fifo.png")
    (folder / "photo.jpg").write_bytes(b"\xff\xd8")
    (folder / "notes.txt").write_text("not looked at")
    (folder / "empty.png").touch()
    copy("row.png").rename(folder / "row.png")
    report = forge.report(folder)
    verdicts = {file.path: file.verdict for file in report.files}
    assert verdicts.pop("row.png") == "verified"
    assert set(verdicts) == {"link.png", "nowhere.png", "fifo.png", "photo.jpg", "empty.png"}
    assert set(verdicts.values()) == {"unknown"}
    assert not report.verified


def test_names_that_are_no_text_are_told_on_one_line(copy: Copy, condgan: Any, tmp_path: Path) -> None:
    """Names of files that are not UTF-8, and with what a terminal obeys."""
    path = copy("row.png")
    told = forge_text(path, "someone \x1b[2J")
    os.rename(os.fsencode(path), os.fsencode(tmp_path) + b"/\xff\x1b[2J\n.png")
    done = condgan("verify", tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert "\x1b" not in done.stdout
    assert len(done.stdout.splitlines()) == 3
    (file,) = json.loads(verify(tmp_path).to_json())["files"]
    assert os.fsencode(file["path"]) == b"\xff\x1b[2J\n.png"
    assert file["manifest"]["producer"] == told


def forge_text(path: Path, producer: str) -> str:
    from condgan.storage.manifest import Manifest

    with Image.open(path) as image:
        told = Manifest.from_json(image.text["condgan"])  # type: ignore[attr-defined]
    changed = told.model_copy(update={"producer": producer, "generator_sha256": "0" * 64})
    path.write_bytes(pictures.png(pixels(path), changed))
    return producer


# The command line


def test_the_command_prints_json(originals: Path, condgan: Any) -> None:
    done = condgan("verify", originals / "row.png", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    said = json.loads(done.stdout)
    assert said["set"] is None
    (file,) = said["files"]
    assert file["path"] == str(originals / "row.png")
    assert (file["verdict"], file["remade"]) == ("verified", True)
    assert file["signature"] == {"found": False, "kind": None, "valid": None, "trusted": None, "by": None, "why": None}
    assert {"found", "score", "false_alarm"} <= set(file["mark"])
    assert set(file["mark"].values()) == {None}
    assert said["mark"] is None
    assert file["manifest"]["sample"]["labels"] == ["2", "0", "2", "6"]


def test_the_command_names_the_first_files_that_are_not_verified(copy: Copy, told: Any, tmp_path: Path) -> None:
    copy("row.png")
    for number in range(13):
        (tmp_path / f"{number:02d}.png").write_bytes(b"\x89PNG\x1b[31m")
    code, text = told("verify", tmp_path)
    lines = text.splitlines()
    assert code == 1
    assert lines[0] == "14 files: 1 verified, 13 unknown"
    assert lines[1].startswith("  00.png and 12 more: unknown: ")
    assert len(lines) == 2


def test_the_command_names_the_first_reasons() -> None:
    findings = [finding(f"{number}.png", "unknown", f"reason {number % 13}") for number in range(20)]
    lines = text(Report(files=tuple(findings))).splitlines()
    assert lines[0] == "20 files: 20 unknown"
    assert lines[1] == "  0.png and 1 more: unknown: reason 0"
    assert lines[8] == "  7.png: unknown: reason 7"
    assert lines[11:] == ["  ... and 3 more (--json lists all)"]


def test_what_cannot_be_looked_at_is_refused(refused: Any, tmp_path: Path) -> None:
    assert "no such file or folder" in refused("verify", tmp_path / "nowhere")
    assert "no files to look at" in refused("verify", tmp_path)
    assert "no regular file" in refused("verify", "/dev/zero")
    (tmp_path / "a.png").write_bytes(b"")
    assert "nowhere" in refused("verify", tmp_path / "a.png", "--generator", tmp_path / "nowhere")
    if os.geteuid():
        (tmp_path / "a.png").chmod(0)
        assert "Permission denied" in refused("verify", tmp_path / "a.png")


def test_it_needs_a_path() -> None:
    with pytest.raises(CondganError, match="expected a path"):
        verify(None)  # type: ignore[arg-type]
    assert set(WORDS) == {"verified", "claimed", "altered", "contradictory", "unknown"}


def test_a_run_is_looked_at_with_the_generators_that_it_has_kept(digits: Path, told: Any, tmp_path: Path) -> None:
    run = package.train(
        "cgan-lsgan", "generator.hidden=4", "discriminator.hidden=4", "output.keep_every=1", "output.grid_every=300",
        "evaluation.every=none", "machine.threads=1", data=digits, epochs=2, run=tmp_path / "run",
    )  # fmt: skip
    said = verify(run.folder)
    found = {file.path: file.verdict for file in said.files}
    grids = sorted(path.name for path in run.samples.glob("*.png"))
    last = f"samples/{grids[-1]}"
    assert found[last] == found["result.png"] == "verified"
    assert found[f"samples/{grids[0]}"] == "claimed"  # of the untrained generator, which is not kept
    outside = tmp_path / "elsewhere.png"
    shutil.copy(run.folder / last, outside)
    assert verify(outside).files[0].verdict == "claimed"
    assert "give it with --generator" in told("verify", outside)[1]
    code, shown = told("verify", run.folder)
    assert code == 1
    assert f"{len(said.files)} files: " in shown
    plots = sum(file.why == "there is nothing to make again: plot" for file in said.files)
    assert plots < 2 or f"and {plots - 1} more: claimed: there is nothing to make again: plot" in shown
