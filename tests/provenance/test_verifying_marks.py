"""The mark through the doors: sampled, made again with its key alone, found without any metadata, and never more."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import condgan
from condgan.errors import CondganError
from condgan.export import export
from condgan.marks import keys
from condgan.provenance.verify import verify
from condgan.storage import pictures

FORMATS = ("folder", "imagefolder", "idx", "npz", "parquet", "webdataset")
GENERATOR = condgan.load("mnist").sha256


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "a.key"
    keys.new_key(path)
    return path


@pytest.fixture(scope="module")
def other(key: Path) -> Path:
    keys.new_key(key.with_name("b.key"))
    return key.with_name("b.key")


@pytest.fixture(scope="module")
def marked(key: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Marked pictures and sets."""
    root = tmp_path_factory.mktemp("marked")
    made: dict[str, dict[str, Any]] = {
        "row.png": {"sequence": "2026", "seed": 7}, "label.png": {"sequence": "20261121", "visible_label": "en"},
        "exact.png": {"sequence": "3", "exact": True}, "grid.png": {"grid": True},
        "walk.gif": {"walk": "1,2", "frames": 6}, "strip.png": {"walk": "1,2", "frames": 6},
        "frames": {"walk": "1,2", "frames": 6},
        "set.npz": {"per_class": 3}, "set.parquet": {"per_class": 3}, "set.tar": {"per_class": 3},
        **{f"{name}-set": {"per_class": 3, "format": name} for name in FORMATS},
    }  # fmt: skip
    for name, options in made.items():
        export.to_file("mnist", output=root / name, watermark=key, **options)
    return root


EVERY = ["row.png", "label.png", "exact.png", "grid.png", "walk.gif", "strip.png", "frames", "set.npz", "set.parquet",
         "set.tar", *(f"{name}-set" for name in FORMATS)]  # fmt: skip


@pytest.mark.parametrize("name", EVERY)
def test_with_the_key_it_is_made_again_and_the_mark_is_found(marked: Path, key: Path, name: str) -> None:
    report = verify(marked / name, key=key)
    assert report.verified
    assert report.mark is not None
    assert report.mark.found
    assert report.mark.false_alarm is not None
    assert report.mark.false_alarm <= 1e-6
    assert report.mark.key == keys.load(key).fingerprint
    assert report.mark.payload in (None, GENERATOR[:4])
    assert report.mark.looked == report.mark.images
    assert report.set is None or report.set.mark == report.mark
    if name.endswith((".png", ".gif")):
        assert [file.mark.found for file in report.files] == [True]


@pytest.mark.parametrize("name", EVERY)
def test_without_the_key_or_with_another_it_is_a_claim(marked: Path, other: Path, name: str) -> None:
    for given_key, found in ((None, None), (other, False)):
        report = verify(marked / name, key=given_key)
        assert not report.verified
        whole = report.set or report.files[0]
        assert (whole.verdict, whole.remade) == ("claimed", None)
        assert {file.verdict for file in report.files} == {"claimed"}
        assert "mark of key" in whole.why
        assert whole.mark.found is found


def test_the_manifest_names_the_key_and_hashes_the_marked_pixels(marked: Path, key: Path, forge: Any) -> None:
    path = marked / "exact.png"
    told = forge.manifest(path)
    assert told.watermark == keys.load(key).fingerprint
    pixels = np.asarray(Image.open(path))
    assert told.pixels_sha256 == hashlib.sha256(b"28x28\0" + pixels.tobytes()).hexdigest()
    plain = condgan.load("mnist").sample("3")[0, 0]
    assert not np.array_equal(pixels, plain)
    assert 10 * np.log10(255**2 / ((pixels.astype(float) - plain) ** 2).mean()) >= 40
    made = condgan.marked(condgan.load("mnist"), key).sample("3")[0, 0]
    np.testing.assert_array_equal(pixels, made)
    secret = keys.load(key).secret
    for file in marked.rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            assert secret not in data
            assert secret.hex().encode() not in data


def test_nothing_else_is_changed_by_a_mark_that_is_not_asked_for(tmp_path: Path, forge: Any) -> None:
    export.to_file("mnist", "3", exact=True, output=tmp_path / "a.png")
    assert b"watermark" not in (tmp_path / "a.png").read_bytes()
    report = verify(tmp_path / "a.png")
    assert report.verified
    assert report.mark is None
    assert report.files[0].mark.found is None


# Metadata removed


def bare(source: Path, target: Path, quality: int | None = None) -> Path:
    """The pixels alone, as a PNG or a JPEG."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(source) as image:
        image.convert(image.mode).save(target, **({} if quality is None else {"quality": quality}))
    return target


@pytest.mark.parametrize("name", ["row.png", "exact.png", "strip.png", "frames/000003.png"])
def test_a_picture_without_metadata_has_its_mark_and_no_verdict(
    marked: Path, key: Path, tmp_path: Path, name: str
) -> None:
    report = verify(bare(marked / name, tmp_path / "a.png"), key=key)
    assert report.files[0].verdict == "unknown"
    assert not report.verified
    assert report.mark is not None
    assert report.mark.found
    assert report.files[0].mark == report.mark


@pytest.mark.parametrize(("ending", "quality"), [("png", None), ("jpg", 90), ("bmp", None)])
def test_a_folder_without_metadata_has_its_mark_and_no_verdict(
    marked: Path, key: Path, other: Path, tmp_path: Path, ending: str, quality: int | None
) -> None:
    for number, file in enumerate(sorted((marked / "folder-set").rglob("*.png"))):
        bare(file, tmp_path / "all" / f"{number}.{ending}", quality)
    report = verify(tmp_path / "all", key=key)
    assert report.set is None
    assert not report.verified
    assert {file.verdict for file in report.files} == {"unknown"}
    assert report.mark is not None
    assert (report.mark.found, report.mark.images) == (True, 30)
    wrong = verify(tmp_path / "all", key=other)
    assert wrong.mark is not None
    assert wrong.mark.found is False


def test_arrays_without_a_manifest_have_their_mark(marked: Path, key: Path, tmp_path: Path) -> None:
    with np.load(marked / "set.npz", allow_pickle=False) as arrays:
        np.savez(tmp_path / "a.npz", images=arrays["images"], labels=arrays["labels"])
    report = verify(tmp_path / "a.npz", key=key)
    assert not report.verified
    assert report.mark is not None
    assert (report.mark.found, report.mark.images) == (True, 30)


# Forgeries


def test_a_mark_is_no_proof(marked: Path, key: Path, tmp_path: Path, forge: Any) -> None:
    """Real pixels with a marked manifest, and unmarked ones that claim a mark, are never verified."""
    told, generator = forge.manifest(marked / "exact.png"), condgan.load("mnist")
    plain = generator.sample("3")[0, 0]
    (tmp_path / "plain.png").write_bytes(pictures.png(plain, told))
    for given_key, verdict in ((None, "claimed"), (key, "altered")):
        assert forge.found(tmp_path / "plain.png", key=given_key).verdict == verdict
    made = condgan.marked(generator, key).sample("3")[0, 0]
    (tmp_path / "hidden.png").write_bytes(pictures.png(made, told.model_copy(update={"watermark": None})))
    assert forge.found(tmp_path / "hidden.png", key=key).verdict == "altered"


def test_sets_half_marked_and_of_two_keys_have_clear_figures(
    marked: Path, key: Path, other: Path, tmp_path: Path
) -> None:
    generator = condgan.load("mnist")
    labels, mine = np.arange(32) % 10, condgan.marked(generator, key)
    sets = {
        "half": np.concatenate([mine.sample_classes(labels, 0), generator.sample_classes(labels, 1)]),
        "two": np.concatenate([condgan.marked(generator, one).sample_classes(labels, 2) for one in (key, other)]),
    }  # fmt: skip
    for name, images in sets.items():
        np.savez(tmp_path / f"{name}.npz", images=images[:, 0], labels=np.tile(labels, 2))
        for one in (key, other) if name == "two" else (key,):
            mark = verify(tmp_path / f"{name}.npz", key=one).mark
            assert mark is not None
            assert (mark.found, mark.images, mark.looked) == (True, 64, 64)
            assert mark.alone is not None
            assert 30 <= mark.alone <= 32
        if name == "half":
            mark = verify(tmp_path / "half.npz", key=other).mark
            assert mark is not None
            assert (mark.found, mark.alone) == (False, 0)


# What cannot have a mark, and what anyone may have written


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("small.png", lambda: Image.fromarray(np.zeros((8, 8), np.uint8)), "cannot have a mark"),
        ("damaged.png", lambda: b"\x89PNG\r\n\x1a\n...", "damaged"),
        ("a.html", lambda: b"<html></html>", "no"),
    ],
)
def test_what_has_no_pixels_is_not_looked_at(
    key: Path, tmp_path: Path, name: str, data: Callable[[], Any], why: str
) -> None:
    made = data()
    if isinstance(made, bytes):
        (tmp_path / name).write_bytes(made)
    else:
        made.save(tmp_path / name)
    mark = verify(tmp_path / name, key=key).mark
    assert mark is not None
    assert mark.found is None
    assert mark.why is not None
    assert why in mark.why


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_files_never_crash_and_are_never_verified(
    marked: Path, key: Path, tmp_path: Path, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(["row.png", "walk.gif", "set.npz", "set.tar", "set.parquet"]))
    original = (marked / name).read_bytes()
    changed = bytearray(original)
    for place in data.draw(st.lists(st.integers(0, len(changed) - 1), min_size=1, max_size=4)):
        changed[place] ^= data.draw(st.integers(1, 255))
    changed = changed[: data.draw(st.integers(1, len(changed)))] if data.draw(st.booleans()) else changed
    path = tmp_path / name
    path.write_bytes(bytes(changed))
    try:
        report = verify(path, key=key)
    except CondganError:
        return
    if name.endswith((".png", ".gif")):  # the cards of sets are prose, which is not verified
        assert not report.verified or bytes(changed) == original
    json.loads(report.to_json())


def test_manifests_that_lie_about_where_images_lie_do_no_harm(
    marked: Path, key: Path, tmp_path: Path, forge: Any
) -> None:
    picture = np.asarray(Image.open(marked / "row.png"))
    told = forge.manifest(marked / "row.png")
    for sample in (
        {"seed": 7, "labels": ["2"] * 99_999, "scale": 64}, {"seed": 7, "labels": ["2"], "visible_label": "zh"},
        {"seed": 7, "count": 1}, {"seed": 7, "labels": ["2"], "scale": 5}, {},
    ):  # fmt: skip
        (tmp_path / "a.png").write_bytes(pictures.png(picture, told.model_copy(update={"sample": sample})))
        report = verify(tmp_path / "a.png", key=key)
        assert not report.verified
        assert report.mark is not None


# Exports that go on


def test_an_export_that_was_stopped_goes_on_with_its_key_alone(
    key: Path, other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")

    def stop(written: int, count: int) -> None:
        if written >= 10:
            raise KeyboardInterrupt

    def write(name: str, one: Path, progress: Any = lambda written, count: None) -> list[str]:
        said: list[str] = []
        export.to_file(
            "mnist", per_class=3, shard_size=10, format="webdataset", output=tmp_path / name / "set", watermark=one,
            progress=progress, say=said.append,
        )  # fmt: skip
        return said

    with pytest.raises(CondganError, match="goes on"):
        write("again", key, stop)
    with pytest.raises(CondganError, match="another watermark"):
        write("again", other)
    write("whole", key)
    assert any("goes on after 10" in line for line in write("again", key))
    assert contents(tmp_path / "again") == contents(tmp_path / "whole")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# The command line


def test_the_command_line(told: Callable[..., tuple[int, str]], tmp_path: Path, refused: Any) -> None:
    path, picture = tmp_path / "my.key", tmp_path / "a.png"
    status, text = told("key", "new", path)
    fingerprint = keys.load(path).fingerprint
    assert (status, text) == (0, f"{path}: key {fingerprint}\n")
    assert told("key", "show", path) == (status, text)
    status, text = told("sample", "mnist", "2026", "--watermark", path, "-o", picture)
    assert status == 0
    status, text = told("verify", picture, "--key", path)
    assert status == 0
    assert f"mark of key {fingerprint}: found in 4 images together" in text
    status, text = told("verify", picture)
    assert status == 1
    assert "give it with --key" in text
    status, text = told("verify", picture, "--key", path, "--json")
    assert json.loads(text)["mark"]["found"] is True
    path.write_text("{}")
    assert "no key file" in refused("verify", picture, "--key", path)
    assert "condgan key new" in refused(
        "sample", "mnist", "2", "--watermark", tmp_path / "none", "-o", tmp_path / "b.png"
    )
    assert not (tmp_path / "b.png").exists()
    assert "exists" in refused("key", "new", path)


# Many files


@pytest.mark.parametrize("few", [1, 256])
def test_figures_of_files_do_not_depend_on_how_many_are_looked_at_together(
    key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """Grey and coloured files of two sizes, in a folder of many files and in one of few, each against itself alone."""
    generator, secret = condgan.load("mnist"), keys.load(key)
    images = condgan.marked(generator, secret).sample_classes(np.arange(8) % 10, 3)[:, 0]
    for number, image in enumerate(images):
        picture = Image.fromarray(image if number % 3 else 255 - image)
        picture = picture.convert("RGB") if number % 2 else picture
        (picture.resize((20, 24)) if number == 5 else picture).save(tmp_path / f"{number}.png")
    (tmp_path / "8.png").write_bytes(b"\x89PNG\r\n\x1a\n...")
    monkeypatch.setattr("condgan.provenance.marks.MOST_ALONE", few)
    monkeypatch.setattr("condgan.provenance.marks.AT_ONCE", 2000)
    together = verify(tmp_path, key=key)
    assert together.mark is not None
    assert (together.mark.images, together.mark.looked) == (8, 8)
    assert together.mark.alone == sum(file.mark.found is True for file in together.files)
    for file in together.files:
        alone = verify(tmp_path / file.path, key=key).files[0].mark
        assert (file.mark.found, file.mark.images) == (alone.found, alone.images)
        if few == 256 and alone.found is not None:
            assert np.isclose(np.log(file.mark.false_alarm or 0), np.log(alone.false_alarm or 0))
    assert "damaged" in (together.files[-1].mark.why or "")


# Arrays and pictures of other programs


@pytest.mark.parametrize(("shape", "why"), [
    (lambda images: images, None), (lambda images: images[..., None], None), (lambda images: images[:, None], None),
    (lambda images: images[..., None].repeat(3, axis=3), None), (lambda images: images[:, None].repeat(3, 1), None),
    (lambda images: images / 255, "expected uint8"), (lambda images: images[:, None].repeat(2, 1), "expected uint8"),
])  # fmt: skip
def test_arrays_of_other_programs(
    marked: Path, key: Path, tmp_path: Path, shape: Callable[[Any], Any], why: str | None
) -> None:
    with np.load(marked / "set.npz", allow_pickle=False) as arrays:
        np.savez(tmp_path / "a.npz", images=shape(arrays["images"]), labels=arrays["labels"])
        np.savez(tmp_path / "b.npz", x_train=arrays["images"])
    report = verify(tmp_path / "a.npz", key=key)
    assert not report.verified
    assert report.mark is not None
    if why is None:
        assert (report.mark.found, report.mark.images) == (True, 30)
    else:
        assert report.mark.found is None
        assert why in (report.mark.why or "")
    mark = verify(tmp_path / "b.npz", key=key).mark
    assert mark is not None
    assert "no array `images`" in (mark.why or "")


def test_a_picture_of_16_bits_has_its_mark_and_is_altered(marked: Path, key: Path, tmp_path: Path) -> None:
    pixels = np.asarray(Image.open(marked / "exact.png")).astype(np.uint16)
    Image.fromarray(pixels * 257).save(tmp_path / "a.png")
    mark = verify(tmp_path / "a.png", key=key).mark
    assert mark is not None
    assert mark.found


def test_the_payload_of_a_large_picture_is_read(key: Path, tmp_path: Path) -> None:
    """Whose rate is too small for a number, wherever it is looked for."""
    from condgan.marks import marking, pattern

    rows, columns = np.mgrid[:800, :900]
    scene = (120 + 60 * np.sin(rows / 40) * np.cos(columns / 55)).round().astype(np.uint8)[None, None]
    image = marking.marked(scene, pattern.patterns(keys.load(key), (800, 900)), "3fa2")[0, 0]
    Image.fromarray(image).save(tmp_path / "a.png")
    mark = verify(tmp_path / "a.png", key=key).mark
    assert mark is not None
    assert (mark.found, mark.payload) == (True, "3fa2")


def test_keys_and_public_keys_that_are_mixed_up_are_told(
    marked: Path, key: Path, tmp_path: Path, told: Callable[..., tuple[int, str]], refused: Any
) -> None:
    pytest.importorskip("cryptography")
    public = tmp_path / "a.pub"
    assert told("key", "public", key, "-o", public)[0] == 0
    assert "is a public key" in refused("verify", marked / "row.png", "--key", public)
    assert "which is a secret: give it as --key" in refused("verify", marked / "row.png", "--trust", key)


def test_a_mark_that_is_not_found_proves_nothing(
    marked: Path, other: Path, told: Callable[..., tuple[int, str]]
) -> None:
    status, text = told("verify", marked / "row.png", "--key", other)
    assert status == 1
    assert "not found in 4 images together" in text
    assert "proves nothing" in text


def test_tables_and_archives_of_other_programs(marked: Path, key: Path, tmp_path: Path) -> None:
    """Metadata lost: a table that another library wrote again, as PNG in a structure and as JPEG in plain bytes."""
    import tarfile

    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    files = sorted((marked / "folder-set").rglob("*.png"))
    photos = [bare(file, tmp_path / "jpeg" / f"{number}.jpg", 95).read_bytes() for number, file in enumerate(files)]
    pngs = [
        {"bytes": bare(file, tmp_path / "png" / f"{n}.png").read_bytes(), "path": ""} for n, file in enumerate(files)
    ]
    for name, image in (("a", pngs), ("b", photos), ("c", [*photos[:29], b"damaged"]), ("d", list(range(30)))):
        pq.write_table(pa.table({"image": image, "label": [0] * 30}), tmp_path / f"{name}.parquet")
    pq.write_table(pa.table({"label": [0] * 30}), tmp_path / "e.parquet")
    with tarfile.open(tmp_path / "f.tar", "w") as archive:
        archive.add(tmp_path / "jpeg", "jpeg")
    for name, count in (("a.parquet", 30), ("b.parquet", 30), ("c.parquet", 29), ("f.tar", 30)):
        report = verify(tmp_path / name, key=key)
        assert not report.verified
        assert report.mark is not None
        assert (report.mark.found, report.mark.images) == (True, count)
    for name, why in (("d.parquet", "pixels"), ("e.parquet", "no column `image`")):
        mark = verify(tmp_path / name, key=key).mark
        assert mark is not None
        assert mark.found is None
        assert why in (mark.why or "")
