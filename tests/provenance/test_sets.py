"""Sets by condgan are verified in every format; whatever is changed in one, the set never is."""

import csv
import io
import json
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from condgan.provenance.verify import verify
from condgan.storage import pictures
from condgan.storage.manifest import Manifest, pixels_sha256

Copy = Callable[[str], Path]
FORMATS = ("folder", "imagefolder", "idx", "npz", "parquet", "webdataset")
FILES = ("set.npz", "set.parquet", "set.tar")


def verdict(path: Path) -> str:
    """Of the set as a whole, which decides about the exit code."""
    report = verify(path)
    found = report.set or report.files[0]
    assert report.verified == (found.verdict == "verified")
    return found.verdict


@pytest.mark.parametrize("name", [*(f"{name}-set" for name in FORMATS), *FILES])
def test_what_condgan_writes_is_verified(originals: Path, name: str) -> None:
    report = verify(originals / name)
    assert report.verified
    assert report.set is not None
    assert (report.set.verdict, report.set.remade) == ("verified", True)
    count = 20 if "-" in name or name == "set.npz" else 6
    assert report.set.why == f"{count} images made again: the same pixels"
    assert {file.verdict for file in report.files} == {"verified"}
    assert len(report.files) == {"folder-set": 20, "imagefolder-set": 20, "idx-set": 3}.get(name, 1)


@pytest.mark.parametrize("chosen", [{"conditions": True}, {"sharded": True}])
def test_other_plans_of_sets_are_verified(chosen: dict[str, bool], tmp_path: Path) -> None:
    from condgan.export import export

    path = tmp_path / "a.npz"
    if "conditions" in chosen:
        export.to_file("mnist", "20262026", format="npz", seed=4, output=path)
    else:
        path = tmp_path / "a"
        export.to_file("mnist", counts="3=4,5=2", shard_size=2, format="parquet", seed=4, output=path)
        assert len(list(path.rglob("*.parquet"))) > 1
    assert verdict(path) == "verified"


@pytest.mark.parametrize(("tried", "expected"), [(5, "verified"), (2, "verified"), (1, "contradictory")])
def test_images_of_a_filtered_set_are_among_the_candidates(copy: Copy, resaid: Any, tried: int, expected: str) -> None:
    """It has images 0 and 1 of each class."""
    folder = copy("folder-set")
    candidates = dict.fromkeys(map(str, range(10)), tried)
    resaid(folder, sample__keep={"confidence": 0.9, "network_sha256": "0" * 64, "candidates": candidates})
    assert verdict(folder) == expected


def test_the_order_of_rows_does_not_matter(copy: Copy) -> None:
    path = copy("set.npz")
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    order = np.random.default_rng(0).permutation(20)
    for name in ("images", "labels", "numbers"):
        members[f"{name}.npy"] = npy(np.load(io.BytesIO(members[f"{name}.npy"]))[order])
    zipped(path, members)
    assert verdict(path) == "verified"


def npy(array: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


def zipped(path: Path, members: dict[str, bytes], extra: tuple[str, bytes] | None = None) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in [*members.items(), *([extra] if extra else [])]:
            archive.writestr(name, data)


# Folders of files


def test_an_image_in_the_folder_of_another_class(copy: Copy) -> None:
    folder = copy("folder-set")
    (folder / "3" / "000000.png").rename(folder / "3" / "x.png")
    (folder / "5" / "000000.png").rename(folder / "3" / "000000.png")
    (folder / "3" / "x.png").rename(folder / "5" / "000000.png")
    report = verify(folder)
    assert report.set is not None
    assert report.set.verdict == "contradictory"
    verdicts = {file.path: file.verdict for file in report.files}
    assert {path for path, found in verdicts.items() if found == "contradictory"} == {"3/000000.png", "5/000000.png"}
    (folder / "manifest.json").unlink()
    assert {file.path: file.verdict for file in verify(folder).files} == verdicts
    assert verify(folder / "3" / "000000.png").files[0].verdict == "contradictory"
    assert {file.verdict for file in verify(folder / "3").files} == {"contradictory", "verified"}


@pytest.mark.parametrize("change", ["renamed", "swapped", "table", "nested", "flat"])
def test_folders_that_have_other_names_than_their_classes(copy: Copy, resaid: Any, change: str) -> None:
    folder = copy("folder-set")
    if change == "renamed":
        (folder / "3").rename(folder / "cat")
    elif change == "swapped":
        (folder / "3").rename(folder / "x")
        (folder / "5").rename(folder / "3")
        (folder / "x").rename(folder / "5")
    elif change == "table":  # readers of class folders that know no tables take the names of folders
        (folder / "3").rename(folder / "cat")
        table = folder / "classes.json"
        table.write_text(json.dumps({"format": 1, "classes": {"cat": "3"}}))
        import hashlib

        resaid(folder, content__files={"classes.json": hashlib.sha256(table.read_bytes()).hexdigest()})
    elif change == "nested":
        (folder / "train").mkdir()
        (folder / "3").rename(folder / "train" / "3")
    else:
        for path in (folder / "3").iterdir():
            path.rename(folder / path.name)
    assert verdict(folder) == "contradictory"


@pytest.mark.parametrize("change", ["label", "missing row", "two labels", "extra row", "no table", "unreadable"])
def test_a_table_of_other_labels(copy: Copy, resaid: Any, change: str) -> None:
    """Its hash in the manifest is made to fit."""
    import hashlib

    folder = copy("imagefolder-set")
    table = folder / "metadata.csv"
    rows = list(csv.reader(table.read_text().splitlines()))
    if change == "label":
        rows[4][1] = "9"
    elif change == "missing row":
        del rows[4]
    elif change == "two labels":
        rows.append([rows[4][0], "9"])
    elif change == "extra row":
        rows.append(["images/999999.png", "9"])
    elif change == "unreadable":
        rows[0][1] = "class"
    if change == "no table":
        table.unlink()
        resaid(folder, content__files={})
    else:
        with table.open("w", newline="") as file:
            csv.writer(file).writerows(rows)
        resaid(folder, content__files={"metadata.csv": hashlib.sha256(table.read_bytes()).hexdigest()})
    assert verdict(folder) == "contradictory"
    if change in ("label", "two labels"):
        (folder / "manifest.json").unlink()
        wrong = [file.path for file in verify(folder).files if file.verdict == "contradictory"]
        assert wrong == [rows[4][0]]


def test_a_table_whose_hash_does_not_fit_is_altered(copy: Copy) -> None:
    folder = copy("imagefolder-set")
    with (folder / "metadata.csv").open("a") as table:
        table.write("\n")
    assert verdict(folder) == "altered"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"content__images": 21}, "altered"),
        ({"content__images": 19}, "contradictory"),
        ({"sample__counts": {str(digit): 2 + (digit == 3) - (digit == 5) for digit in range(10)}}, "contradictory"),
        ({"sample__seed": 6}, "contradictory"),
        ({"self__producer": "someone else"}, "contradictory"),
        ({"self__time": "2020-01-01T00:00:00Z"}, "contradictory"),
        ({"self__synthetic": False}, "contradictory"),
        ({"self__recipe": "other"}, "contradictory"),
        ({"content__images_sha256": "0" * 64}, "altered"),
        ({"content__files": {"../x": "0" * 64}}, "contradictory"),
        ({"content__files": {"/etc/passwd": "0" * 64}}, "contradictory"),
        ({"content__format": "npy"}, "unknown"),
        ({"content__format": "npz"}, "contradictory"),
        ({"content__images": "20"}, "unknown"),
        ({"content__images": float("nan")}, "unknown"),
        ({"sample__other": 1}, "unknown"),
        ({"self__kind": "row"}, "unknown"),
        ({"self__content": None}, "unknown"),
        ({"self__other": 1}, "unknown"),
    ],
)
def test_a_manifest_of_a_set_that_says_something_else(
    copy: Copy, resaid: Any, changes: dict[str, Any], expected: str
) -> None:
    folder = copy("folder-set")
    resaid(folder, **changes)
    report = verify(folder)
    assert report.set is not None
    assert report.set.verdict == expected, report.set.why
    assert not report.verified


def test_a_set_with_more_or_fewer_or_other_images(copy: Copy, originals: Path) -> None:
    folder = copy("folder-set")
    kept = folder / "3" / "000001.png"
    moved = kept.rename(folder.parent / "away.png")
    report = verify(folder)
    assert report.set is not None
    assert (report.set.verdict, report.set.why) == ("altered", "1 of its 20 images is missing")
    shutil.copy(folder / "3" / "000000.png", kept)  # the same image twice
    assert verdict(folder) == "contradictory"
    shutil.copy(moved, kept)
    assert verdict(folder) == "verified"
    (folder / ".DS_Store").touch()
    assert verdict(folder) == "verified"
    for name in ("notes.txt", "3/000002.jpg", "3/.hidden.jpg", "train-images-idx3-ubyte", "data.npz"):
        (folder / name).touch()
        assert verdict(folder) == "contradictory"
        (folder / name).unlink()
    with Image.open(kept) as image:
        image.load()
        image.save(kept)  # without its texts
    assert verdict(folder) == "unknown"


def test_chosen_images_of_a_seed_are_not_those_of_the_plan(copy: Copy, resaid: Any, originals: Path) -> None:
    """Each image is genuine, but the set says that it has the first of each class."""
    import condgan

    folder = copy("folder-set")
    path = folder / "3" / "000001.png"
    with Image.open(path) as image:
        told = Manifest.from_json(image.text["condgan"])  # type: ignore[attr-defined]
    drawn = condgan.load("mnist").sample("3", seed=5, first=53)[0, 0]
    path.write_bytes(pictures.png(drawn, told.of("image", {"seed": 5, "labels": ["3"], "index": 53})))
    resaid(folder, content__images_sha256=digest(folder))
    assert verify(path).files[0].verdict == "verified"
    assert verdict(folder) == "contradictory"


def digest(folder: Path) -> str:
    import hashlib

    digests = []
    for path in folder.rglob("*.png"):
        with Image.open(path) as image:
            digests.append(bytes.fromhex(pixels_sha256(np.asarray(image))))
    return hashlib.sha256(b"".join(sorted(digests))).hexdigest()


def test_a_link_in_a_set_is_not_followed(copy: Copy) -> None:
    folder = copy("folder-set")
    path = folder / "3" / "000001.png"
    path.rename(folder.parent / "away.png")
    path.symlink_to(folder.parent / "away.png")
    assert verdict(folder) == "unknown"


def test_a_set_within_a_folder_is_judged_as_one(copy: Copy, tmp_path: Path) -> None:
    copy("idx-set")
    copy("row.png")
    copy("set.tar")
    report = verify(tmp_path)
    assert report.verified
    assert report.set is None
    assert {"idx-set", "idx-set/numbers.npy", "row.png", "set.tar"} < {file.path for file in report.files}
    data = bytearray((tmp_path / "idx-set" / "train-images-idx3-ubyte").read_bytes())
    data[-400] ^= 128
    (tmp_path / "idx-set" / "train-images-idx3-ubyte").write_bytes(data)
    report = verify(tmp_path)
    wrong = {file.path for file in report.files if file.verdict == "altered"}
    assert "idx-set" in wrong
    assert not report.verified


# Arrays


@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "numbers.npy"])
@pytest.mark.parametrize("kind", ["hash kept", "hash made to fit"])
def test_changed_arrays_of_idx(copy: Copy, resaid: Any, name: str, kind: str) -> None:
    import hashlib

    folder = copy("idx-set")
    path = folder / name
    data = bytearray(path.read_bytes())
    data[-8 if name == "numbers.npy" else -1 if "labels" in name else -400] ^= 4 if "images" not in name else 128
    path.write_bytes(data)
    if kind == "hash made to fit":
        said = json.loads((folder / "manifest.json").read_text())["content"]["files"]
        resaid(folder, content__files={**said, name: hashlib.sha256(data).hexdigest()})
        raw = (folder / "train-images-idx3-ubyte").read_bytes()[16:]
        images = np.frombuffer(raw, np.uint8).reshape(20, 28, 28)
        digests = sorted(bytes.fromhex(pixels_sha256(image)) for image in images)
        resaid(folder, content__images_sha256=hashlib.sha256(b"".join(digests)).hexdigest())
    assert verdict(folder) in ("altered", "contradictory")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("pixel", "altered"), ("label", "altered"), ("number", "altered"), ("names", "contradictory"),
        ("same names", "unknown"), ("extra member", "unknown"), ("member twice", "unknown"), ("no numbers", "unknown"),
        ("pickle", "unknown"), ("short", "unknown"), ("float", "unknown"), ("comment", "unknown"),
        ("prefix", "unknown"), ("trailing array", "unknown"), ("fewer", "altered"), ("bomb", "unknown"),
        ("negative number", "unknown"), ("no text", "unknown"), ("big label", "unknown"), ("manifest twice", "claimed"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_changed_archive_of_arrays(copy: Copy, change: str, expected: str) -> None:
    path = copy("set.npz")
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    arrays = {name[:-4]: np.load(io.BytesIO(data)) for name, data in members.items() if name.endswith(".npy")}
    extra = None
    if change == "pixel":
        arrays["images"][3, 0, 0] ^= 128
    elif change == "label":
        arrays["labels"][3] = 9
    elif change == "number":
        arrays["numbers"][3] += 1000
    elif change == "names":
        arrays["class_names"] = arrays["class_names"][::-1]
    elif change == "same names":
        arrays["class_names"][:2] = "0"
    elif change == "pickle":
        arrays["labels"] = arrays["labels"].astype(object)
    elif change == "short":
        arrays["numbers"] = arrays["numbers"][:-1]
    elif change == "float":
        arrays["images"] = arrays["images"].astype(np.float64)
    elif change == "fewer":
        arrays |= {name: arrays[name][:-1] for name in ("images", "labels", "numbers")}
    elif change == "negative number":
        arrays["numbers"][3] = -1
    elif change == "big label":
        arrays["labels"][3] = 1 << 40
    elif change == "no text":
        arrays["class_names"].view(np.uint32)[0] = 0x7FFFFFFF
    members |= {f"{name}.npy": npy(array) for name, array in arrays.items()}
    if change == "extra member":
        extra = "x_train.npy", members["images.npy"]
    elif change == "member twice":
        extra = "labels.npy", members["labels.npy"]
    elif change == "no numbers":
        del members["numbers.npy"]
    elif change == "trailing array":
        members["images.npy"] += b"\0"
    elif change == "bomb":
        header = io.BytesIO()
        shape = {"descr": "|u1", "fortran_order": False, "shape": (1 << 27, 28, 28)}
        np.lib.format.write_array_header_1_0(header, shape)
        members["images.npy"] = header.getvalue() + bytes(1 << 20)
    elif change == "manifest twice":  # a claim is not made again, whatever the rest says
        said = json.loads(members["manifest.json"])
        members["manifest.json"] = json.dumps({**said, "generator_sha256": "0" * 64}).encode()
    zipped(path, members, extra)
    if change == "comment":
        with zipfile.ZipFile(path, "a") as archive:
            archive.comment = b"hello"
    elif change == "prefix":
        path.write_bytes(b"PK\x03\x04" + path.read_bytes())
    assert verdict(path) == expected


def test_vectors_are_made_again_too(tmp_path: Path) -> None:
    import condgan
    from condgan.data import Dataset, Split
    from condgan.export import export

    draw = np.random.default_rng(0)
    rows = draw.normal(size=(64, 2)).astype(np.float32)
    whole = Split(rows, rows[:, :1].copy())
    data = Dataset("curve", (), whole, whole, whole, "a test")
    sizes = ("latent.dim=4", "generator.hidden=8", "generator.output=linear", "discriminator.hidden=8")
    options = ("evaluation.every=none", "machine.threads=1", *sizes)
    run = condgan.train("cgan-bce", *options, data=data, epochs=1, run=tmp_path / "run")
    np.save(tmp_path / "c.npy", rows[:5, :1])
    path = tmp_path / "v.npz"
    export.to_file(run.folder, conditions=tmp_path / "c.npy", output=path, seed=3)
    assert verdict(path) == "claimed"
    report = verify(path, generator=run.folder)
    assert report.set is not None
    assert (report.set.verdict, report.set.why) == ("verified", "5 vectors made again: the same numbers")
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for name in ("vectors", "conditions"):
        changed = np.load(io.BytesIO(members[f"{name}.npy"])).copy()
        changed[2, 0] += 0.01
        zipped(path, {**members, f"{name}.npy": npy(changed)})
        found = verify(path, generator=run.folder).set
        assert found is not None
        assert found.verdict in {"vectors": ("altered",), "conditions": ("altered", "contradictory")}[name]


# Parquet and tar


def test_changed_rows_of_parquet(copy: Copy) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = copy("set.parquet")
    table = pq.read_table(path)
    meta = table.schema.metadata

    def rewritten(changed: Any, metadata: Any = meta) -> str:
        pq.write_table(changed.replace_schema_metadata(metadata), path)
        return verdict(path)

    labels = table.column("label").to_pylist()
    assert rewritten(table) == "verified"
    assert rewritten(table.take(list(range(len(labels)))[::-1])) == "verified"
    other = [*labels[1:], labels[0]]
    assert rewritten(table.set_column(1, "label", pa.array(other))) == "contradictory"
    assert rewritten(table.append_column("label2", pa.array(labels))) == "unknown"
    assert rewritten(table.rename_columns(["image", "labels"])) == "unknown"
    assert rewritten(table.slice(1)) == "altered"
    assert rewritten(table.set_column(1, "label", pa.array([None] * len(labels), pa.int64()))) == "unknown"
    assert rewritten(table.set_column(1, "label", pa.array([77] * len(labels)))) == "unknown"
    names = meta[b"huggingface"].replace(b'"3", "4", "5"', b'"5", "4", "3"')
    assert names != meta[b"huggingface"]
    assert rewritten(table, {**meta, b"huggingface": names}) == "contradictory"
    assert rewritten(table, {**meta, b"huggingface": b"{}"}) == "unknown"
    assert rewritten(table, {**meta, b"condgan": b"{}"}) == "unknown"
    assert rewritten(table, {}) == "unknown"
    rows = table.column("image").to_pylist()
    rows[2] = rows[3]
    image = pa.array(rows, table.schema.field("image").type)
    assert rewritten(table.set_column(0, "image", image)) == "contradictory"
    rows[2] = {"bytes": b"", "path": "x"}
    image = pa.array(rows, table.schema.field("image").type)
    assert rewritten(table.set_column(0, "image", image)) == "unknown"


def test_one_image_very_often_is_not_looked_at_each_time(copy: Copy) -> None:
    """A parquet file of some kilobytes can hold it, since it stores equal values once."""
    import pyarrow.parquet as pq

    path = copy("set.parquet")
    table = pq.read_table(path)
    pq.write_table(table.take([0] * 20_000), path)
    assert path.stat().st_size < 1 << 20
    looked_at: list[int] = []
    found = verify(path, progress=lambda done, count: looked_at.append(done)).set
    assert found is not None
    assert found.verdict == "contradictory"
    assert "twice" in found.why
    assert len(looked_at) < 2000


def test_a_part_of_a_set_alone_is_one_file(originals: Path, tmp_path: Path) -> None:
    for path in (*originals.glob("*/data/*.parquet"), *originals.glob("*/*.tar")):
        report = verify(path)
        assert report.verified
        assert report.set is None
        assert "a part of a set" in report.files[0].why


@pytest.mark.parametrize(
    ("change", "expected"),
    [("cls", "contradictory"), ("json", "contradictory"), ("one class", "contradictory"),
     ("both", "contradictory"), ("twice", "unknown"),
     ("link", "unknown"), ("extra", "unknown"), ("order", "unknown"), ("fewer", "altered"),
     ("header", "verified"), ("pax", "unknown"), ("pixels", "altered"), ("nothing", "verified")],
)  # fmt: skip
def test_changed_members_of_a_tar(copy: Copy, change: str, expected: str) -> None:
    path = copy("set.tar")
    with tarfile.open(path) as archive:
        headers = dict(archive.pax_headers)
        members = [(one.name, archive.extractfile(one).read()) for one in archive]  # type: ignore[union-attr]
    assert members[0][0] == "000000000.png"
    if change in ("cls", "both"):
        members = [(name, b"9" if name.endswith("cls") else data) for name, data in members]
    if change == "both":
        members = [(name, b'{"label": "9"}' if name.endswith("json") else data) for name, data in members]
    elif change == "one class":  # said of each of its images alike
        members = [(name, b"7" if name.endswith("cls") and data == b"3" else data) for name, data in members]
    elif change == "json":
        members[2] = members[2][0], b'{"label": "9"}'
        members[5] = members[5][0], b'{"label": "9"}'
        members[1] = members[1][0], b"9"
    elif change == "twice":
        members += members[:3]
    elif change == "extra":
        members.append(("notes.txt", b"x"))
    elif change == "order":
        members[:3] = members[2::-1]
    elif change == "fewer":
        members = members[3:]
    elif change == "header":
        headers = {}
    elif change == "pixels":
        members[0] = members[0][0], changed(members[0][1])
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT, pax_headers=headers) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            if change == "pax":
                info.pax_headers = {"path": f"x{name}"}
            archive.addfile(info, io.BytesIO(data))
        if change == "link":
            info = tarfile.TarInfo("000000099.png")
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(info)
    assert verdict(path) == expected


def changed(png: bytes) -> bytes:
    """The image with one other pixel, and the hash of its pixels."""
    with Image.open(io.BytesIO(png)) as image:
        told, picture = image.text["condgan"], np.asarray(image).copy()  # type: ignore[attr-defined]
    picture[0, 0] ^= 128
    return pictures.png(picture, Manifest.from_json(told))


def test_parquet_without_pyarrow_says_what_to_install(
    originals: Path, refused: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert "pip install condgan[parquet]" in refused("verify", originals / "set.parquet")
    report = verify(originals / "parquet-set")
    assert report.set is not None
    assert report.set.verdict == "unknown"


def test_the_command_tells_of_a_set(originals: Path, copy: Copy, told: Any) -> None:
    code, text = told("verify", originals / "folder-set")
    assert code == 0
    first, *_, last = text.splitlines()
    assert first == f"{originals / 'folder-set'}: verified: 20 images made again: the same pixels"
    assert last == "20 files: 20 verified"
    folder = copy("folder-set")
    shutil.copy(folder / "3" / "000000.png", folder / "4" / "000000.png")
    code, text = told("verify", folder, "--json")
    assert code == 1
    said = json.loads(text)
    assert said["set"]["verdict"] == "contradictory"
    assert len(said["files"]) == 20
