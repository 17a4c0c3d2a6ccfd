"""What a forger would try: each of these was, or could be, taken for verified."""

import csv
import hashlib
import io
import json
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from condgan.errors import CondganError
from condgan.export import export
from condgan.generation import jobs
from condgan.generation.generator import load
from condgan.provenance.verify import verify
from condgan.storage import pictures

Copy = Callable[[str], Path]


@pytest.fixture(scope="session")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One image of a 3."""
    path = tmp_path_factory.mktemp("three") / "three.png"
    export.to_file("mnist", "3", exact=True, seed=3, output=path)
    return path


def verdict(path: Path) -> str:
    """Of the whole, which decides about the exit code."""
    report = verify(path)
    verdicts = {file.verdict for file in report.files}
    found = report.set.verdict if report.set else verdicts.pop() if len(verdicts) == 1 else "several"
    assert report.verified == (found == "verified")
    return found


# Wrong labels


@pytest.mark.parametrize("kind", ["walk", "grid", "row"])
def test_pictures_of_one_image_in_the_folder_of_another_class(
    forge: Any, three: Path, tmp_path: Path, kind: str
) -> None:
    """A 3 is genuine whatever it is said to be a part of, and is no 7."""
    told, generator = forge.manifest(three), load("mnist")
    one: dict[str, jobs.Job] = {
        "walk": jobs.Walk(seed=1, stops="seed:1,seed:2", frames=2, labels=("3",), form="frame", frame=1),
        "grid": jobs.Grid(seed=3, labels=("3",), columns=1),
        "row": jobs.Row(seed=3, labels=("3",)),
    }
    job = one[kind]
    for folder, expected in (("7", "contradictory"), ("3", "verified"), ("others", "verified")):
        place = tmp_path / kind / folder / "a.png"
        place.parent.mkdir(parents=True)
        place.write_bytes(pictures.png(job.draw(generator), told.of(kind, jobs.recorded(job))))
        assert verdict(place) == verdict(place.parent) == expected
        assert {file.path: file.verdict for file in verify(tmp_path / kind).files}[f"{folder}/a.png"] == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("metadata.csv", "file_name,label\na.png,7\n"),
        ("labels.csv", "image;class\na.png;7\n"),
        ("labels.tsv", "file\tsomething\na.png\t7\n"),
        ("all.csv", "id,width,label\na,28,7\n"),
        ("metadata.jsonl", '{"file_name": "a.png", "label": "7"}\n'),
        ("labels.json", '{"a.png": "7"}'),
        ("dataset.json", '{"labels": [["a.png", 7]]}'),
        ("a.json", '{"label": "7"}'),
        ("a.cls", "7"),
    ],
)
def test_a_table_of_any_name_gives_labels(three: Path, tmp_path: Path, name: str, text: str) -> None:
    shutil.copy(three, tmp_path / "a.png")
    (tmp_path / name).write_text(text)
    assert verdict(tmp_path) == "contradictory"
    (tmp_path / name).write_text(text.replace("7", "3"))
    assert verdict(tmp_path) == "verified"


def test_folders_and_tables_that_differ(three: Path, tmp_path: Path) -> None:
    """Readers take the one or the other."""
    (tmp_path / "7").mkdir()
    shutil.copy(three, tmp_path / "7" / "a.png")
    (tmp_path / "classes.json").write_text('{"format": 1, "classes": {"7": "3"}}')
    assert verdict(tmp_path) == "contradictory"
    (tmp_path / "classes.json").unlink()
    (tmp_path / "metadata.csv").write_text("file_name,label\n7/a.png,3\n")
    assert verdict(tmp_path) == "contradictory"
    (tmp_path / "metadata.csv").write_text("file_name,label\n7/a.png,3\n7/a.png,7\n")
    assert verdict(tmp_path) == "contradictory"


# Pictures that carry more than condgan writes


@pytest.mark.parametrize(
    ("change", "expected"),
    [("compression", "unknown"), ("filter", "unknown"), ("long header", "unknown"), ("behind the pixels", "claimed"),
     ("more pixels", "claimed"), ("fewer pixels", "unknown"), ("last chunk", "claimed"), ("language", "unknown"),
     ("other chunk of pixels", "claimed"), ("software", "contradictory")],
)  # fmt: skip
def test_a_png_that_carries_something_else(three: Path, forge: Any, tmp_path: Path, change: str, expected: str) -> None:
    chunks = dict(forge.chunks(three.read_bytes()))
    raw, order = zlib.decompress(chunks[b"IDAT"]), forge.chunks(three.read_bytes())

    def replaced(kind: bytes, body: bytes) -> bytes:
        joined: bytes = forge.joined([(k, body if k == kind else b) for k, b in order])
        return joined

    head, data = chunks[b"IHDR"], chunks[b"IDAT"]
    text = next(body for _, body in order if body.startswith(b"condgan\0"))
    told = forge.manifest(three).model_copy(update={"software": "Photoshop 25"})
    forged = {
        "compression": replaced(b"IHDR", head[:10] + b"\5" + head[11:]),
        "filter": replaced(b"IHDR", head[:11] + b"\5" + head[12:]),
        "long header": replaced(b"IHDR", head + b"more"),
        "behind the pixels": replaced(b"IDAT", data + b"hidden"),
        "more pixels": replaced(b"IDAT", zlib.compress(raw + bytes(1000))),
        "fewer pixels": replaced(b"IDAT", zlib.compress(raw[:-1])),
        "last chunk": replaced(b"IEND", b"hidden"),
        "language": forge.joined(
            [(b"iTXt", b"condgan\0\0\0zh\0x\0" + body[8:]) if body == text else (kind, body) for kind, body in order]
        ),
        "other chunk of pixels": forge.joined([*order[:-1], (b"IDAT", b"hidden"), (b"IEND", b"")]),
        "software": pictures.png(load("mnist").sample("3", seed=3)[0, 0], told),
    }
    path = tmp_path / "a.png"
    path.write_bytes(forged[change])
    found = verify(path).files[0]
    assert found.verdict == expected, found.why


# Sets


def test_a_set_without_images_is_not_verified(copy: Copy, resaid: Any) -> None:
    """Nothing was made again."""
    for form in ("folder", "parquet"):
        folder = copy(f"{form}-set")
        for path in folder.rglob("*.p*"):
            path.unlink()
        empty = hashlib.sha256(b"").hexdigest()
        resaid(folder, sample__counts={}, content__images=0, content__images_sha256=empty, content__files={})
        (folder / "README.md").unlink()
        assert verdict(folder) == "claimed"


@pytest.mark.parametrize("change", ["enlarged", "scale", "visible label"])
def test_images_of_a_set_have_one_size(copy: Copy, forge: Any, change: str) -> None:
    """Alone, each of these is verified."""
    folder = copy("folder-set")
    path = folder / "3" / "000000.png"
    told = forge.manifest(path)
    job = jobs.Row.model_validate_json(json.dumps(told.sample))
    if change == "enlarged":
        large = load("mnist").sample("3", seed=5, first=3)[0, 0].repeat(2, axis=0).repeat(2, axis=1)
        new = dict(forge.chunks(pictures.png(large, told)))
        old = forge.chunks(path.read_bytes())
        path.write_bytes(forge.joined([(k, new[k] if k in (b"IDAT", b"IHDR") else body) for k, body in old]))
        assert verify(path).files[0].why == "made again: the same pixels, enlarged 2 times"
    else:
        others: dict[str, dict[str, Any]] = {
            "scale": {"scale": 4},
            "visible label": {"scale": 4, "visible_label": "en"},
        }
        larger = job.model_copy(update=others[change])
        path.write_bytes(pictures.png(larger.draw(load("mnist")), told.of("image", jobs.recorded(larger))))
    assert verdict(path) == "verified"
    assert verdict(folder) == "contradictory"


def test_a_set_within_a_set_hides_nothing(copy: Copy, three: Path) -> None:
    """A manifest in a folder of the set does not take that folder out of it."""
    folder = copy("folder-set")
    inner = folder / "7" / "more"
    inner.mkdir()
    shutil.copy(folder / "manifest.json", inner)
    shutil.copy(three, inner / "a.png")
    assert verdict(folder) == "contradictory"


@pytest.mark.parametrize("form", ["parquet", "imagefolder"])
def test_the_front_matter_of_a_card_is_that_of_its_set(copy: Copy, form: str) -> None:
    """Hugging Face's datasets read files and names of classes as it says."""
    folder = copy(f"{form}-set")
    card = folder / "README.md"
    text = card.read_text()
    card.write_text(text.replace("data/train-*.parquet", "https://example.com/x").replace("images/*", "other/*"))
    assert verdict(folder) == "contradictory"
    names = "dataset_info:\n  features:\n  - name: label\n    dtype:\n      class_label:\n        names: {'0': '7'}\n"
    card.write_text(text.replace("tags:", names + "tags:"))
    assert verdict(folder) == "contradictory"
    card.write_text(text.replace("# ", "---\n" + names + "---\n# ", 1))
    assert verdict(folder) == "contradictory"
    card.write_text(text + "\nWords of a user's own.\n")
    assert verdict(folder) == "verified"
    card.unlink()
    assert verdict(folder) == "verified"
    (folder / ".huggingface.yaml").write_text(names)
    assert verdict(folder) == "contradictory"


def test_a_manifest_names_no_files_of_another_format(copy: Copy, resaid: Any, three: Path) -> None:
    folder = copy("parquet-set")
    (folder / "7").mkdir()
    shutil.copy(three, folder / "7" / "a.png")
    said = json.loads((folder / "manifest.json").read_text())["content"]["files"]
    resaid(folder, content__files={**said, "7/a.png": hashlib.sha256(three.read_bytes()).hexdigest()})
    assert verdict(folder) == "contradictory"


def test_a_damaged_manifest_of_a_set_is_no_missing_one(copy: Copy) -> None:
    path = copy("folder-set") / "manifest.json"
    path.write_text(path.read_text()[:-30])
    assert verdict(path.parent) == "unknown"
    path.write_text('{"name": "an app", "icons": []}')  # another program's
    assert {file.verdict for file in verify(path.parent).files} == {"verified"}


def test_nothing_is_said_twice_in_json(copy: Copy) -> None:
    """Readers differ in which of the two they take."""
    path = copy("folder-set") / "manifest.json"
    path.write_text(path.read_text().replace('"seed": 5', '"seed": 6, "seed": 5'))
    assert verdict(path.parent) == "unknown"
    path = copy("set.tar")
    with tarfile.open(path) as archive:
        headers = dict(archive.pax_headers)
        members = [(one.name, archive.extractfile(one).read()) for one in archive]  # type: ignore[union-attr]
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT, pax_headers=headers) as archive:
        for name, data in members:
            data = data.replace(b"{", b'{"label": "9", ') if name.endswith("json") else data
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    assert verdict(path) == "unknown"


@pytest.mark.parametrize("field", [b"00000001_22\0", b"+0000000122\0", b" 0000000122\0", b"0x000000122\0"])
def test_a_tar_whose_numbers_only_some_readers_read(copy: Copy, field: bytes) -> None:
    path = copy("set.tar")
    data = bytearray(path.read_bytes())
    place = data.index(b"000000000.png")
    data[place + 124 : place + 136] = field
    total = sum(data[place : place + 148]) + 256 + sum(data[place + 156 : place + 512])
    data[place + 148 : place + 156] = b"%06o\0 " % total
    path.write_bytes(data)
    assert verdict(path) == "unknown"


def test_class_names_that_no_image_has(copy: Copy) -> None:
    """Of a label that a user adds later, the name would be wrong."""
    import pyarrow.parquet as pq

    path = copy("set.npz")
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    stream = io.BytesIO()
    np.save(stream, np.array([*map(str, range(10)), "cat"]))
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**members, "class_names.npy": stream.getvalue()}.items():
            archive.writestr(name, data)
    assert verdict(path) == "contradictory"
    path = copy("set.parquet")  # has 3 and 5 alone
    table = pq.read_table(path)
    told = table.schema.metadata
    names = told[b"huggingface"].replace(b'"9"', b'"cat"')
    pq.write_table(table.replace_schema_metadata({**told, b"huggingface": names}), path)
    assert verdict(path) == "contradictory"


def test_a_parquet_file_that_does_not_begin_as_one(copy: Copy) -> None:
    path = copy("set.parquet")
    assert verdict(path) == "verified"
    path.write_bytes(b"QAR1" + path.read_bytes()[4:])
    assert verdict(path) == "unknown"


@pytest.mark.parametrize("change", ["pandas", "image", "label", "twice", "paths"])
def test_a_parquet_file_that_says_more_of_itself(copy: Copy, change: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = copy("set.parquet")
    table = pq.read_table(path)
    told = dict(table.schema.metadata)
    said = json.loads(told[b"huggingface"])
    if change == "pandas":
        told[b"pandas"] = b'{"index_columns": ["label"]}'
    elif change == "paths":
        rows = [{**row, "path": "../7/a.png"} for row in table.column("image").to_pylist()]
        table = table.set_column(0, "image", pa.array(rows, table.schema.field("image").type))
    elif change == "twice":
        told[b"huggingface"] = told[b"huggingface"].replace(b'"info"', b'"info": {"features": {}}, "info"')
    else:
        said["info"]["features"][change]["_type"] = "Value"
        told[b"huggingface"] = json.dumps(said).encode()
    pq.write_table(table.replace_schema_metadata(told), path)
    assert verdict(path) == "unknown"


@pytest.mark.parametrize("header", ["text,file_name,label", "file_name,label,label", "file_name,label,split"])
def test_a_table_with_other_columns(copy: Copy, resaid: Any, header: str) -> None:
    folder = copy("imagefolder-set")
    table = folder / "metadata.csv"
    rows = list(csv.reader(table.read_text().splitlines()))[1:]
    lines = [header, *(f"9,{name},{label}" if header[0] == "t" else f"{name},{label},9" for name, label in rows)]
    table.write_text("\n".join(lines) + "\n")
    resaid(folder, content__files={"metadata.csv": hashlib.sha256(table.read_bytes()).hexdigest()})
    assert verdict(folder) == "contradictory"


# What stands beside, and around


def test_whatever_may_be_a_picture_is_listed(three: Path, tmp_path: Path) -> None:
    shutil.copy(three, tmp_path / "a.png")
    others = ["x.heic", "x.jp2", "x.tga", "x.npy", "x.zip", "x.tar.gz", "x.ppm", "x.jfif"]
    for name in others:
        (tmp_path / name).write_bytes(b"x")
    shutil.copy(three, tmp_path / "noending")
    (tmp_path / "Makefile").write_text("all:\n")
    verdicts = {file.path: file.verdict for file in verify(tmp_path).files}
    assert verdicts.pop("a.png") == "verified"
    assert set(verdicts) == {*others, "noending"}
    assert set(verdicts.values()) == {"unknown"}


@pytest.mark.parametrize("ending", [".zip", ".tar", ".tar.gz", ".tar.xz"])
@pytest.mark.parametrize("name", ["folder-set", "parquet-set"])
def test_archives_of_folders(copy: Copy, three: Path, tmp_path: Path, ending: str, name: str) -> None:
    """As people make them: with the folder, or with its files."""
    folder = copy(name)
    form = {".zip": "zip", ".tar": "tar", ".tar.gz": "gztar", ".tar.xz": "xztar"}[ending]
    for inside in (True, False):
        root = {"root_dir": tmp_path, "base_dir": name} if inside else {"root_dir": folder}
        packed = Path(shutil.make_archive(str(tmp_path / f"packed-{inside}"), form, **root))
        report = verify(packed)
        assert report.set is not None
        assert (report.set.path, report.set.verdict, report.verified) == (str(packed), "verified", True)
        assert not any("condgan-verify" in file.path for file in report.files)
    shutil.copy(three, folder / "3.png")
    packed = Path(shutil.make_archive(str(tmp_path / "packed-more"), form, tmp_path, name))
    assert verdict(packed) == "contradictory"
    data = packed.read_bytes()
    for cut in (5, len(data) // 2):
        packed.write_bytes(data[:cut])
        assert verdict(packed) == "unknown"


@pytest.mark.parametrize(
    ("kind", "ending"),
    [(kind, ending) for kind in ("outside", "absolute", "link", "twice", "backslash") for ending in (".zip", ".tar.gz")]
    + [("bomb", ".zip")],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_hostile_archives(three: Path, tmp_path: Path, kind: str, ending: str) -> None:
    path, data = tmp_path / f"a{ending}", three.read_bytes()
    name = {"outside": "../b.png", "absolute": "/tmp/b.png", "backslash": "..\\b.png"}.get(kind, "b.png")
    content = bytes(100 << 20) if kind == "bomb" else data
    if ending == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.png", data)
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            if kind == "link":
                info.external_attr = 0o120777 << 16
                content = b"/etc/passwd"
            archive.writestr(info, content)
            if kind == "twice":
                archive.writestr("a.png", data)
    else:
        with tarfile.open(path, "w:gz") as tar:
            for one in ("a.png", name, *(["a.png"] if kind == "twice" else [])):
                member = tarfile.TarInfo(one)
                if kind == "link" and one == name:
                    member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
                else:
                    member.size = len(content if one == name else data)
                tar.addfile(member, io.BytesIO(content if one == name else data))
    report = verify(path)
    assert {file.verdict for file in report.files} == {"unknown"}
    assert not (tmp_path / "b.png").exists()


def test_a_header_of_a_tar_that_is_larger_than_memory(tmp_path: Path) -> None:
    """Eight gigabytes of it, in eight megabytes."""
    import gzip

    block = bytearray(512)
    block[:1], block[100:108], block[124:136] = b"x", b"0000644\0", b"%011o\0" % (8 << 30 - 3)
    block[156:157], block[257:265] = b"x", b"ustar\x0000"
    block[148:156] = b"%06o\0 " % (sum(block[:148]) + 256 + sum(block[156:]))
    path = tmp_path / "a.tar.gz"
    with gzip.open(path, "wb", 1) as file:
        file.write(bytes(block))
        file.write(bytes(80 << 20))
    assert verdict(path) == "unknown"


def test_names_that_are_no_text_and_obey_a_terminal(three: Path, tmp_path: Path, condgan: Any) -> None:
    folder = tmp_path / "names"
    folder.mkdir()
    shutil.copy(bytes(three), bytes(folder) + b"/\xff\x1b[31m\n.png")
    shutil.copy(three, folder / "a.png")
    done = condgan("verify", folder, "--json")
    assert done.returncode == 0
    assert "\udcff\x1b[31m\n.png" in [file["path"] for file in json.loads(done.stdout)["files"]]
    (folder / "b\x1b[32m.png").write_bytes(b"")
    done = condgan("verify", folder)
    assert "\x1b" not in done.stdout
    assert len(done.stdout.splitlines()) == 2


def test_a_path_that_is_too_long(refused: Any) -> None:
    assert "cannot be read" in refused("verify", "/tmp/" + "a" * 300)
    with pytest.raises(CondganError, match="no such file"):
        verify("/dev/null/a.png")


def test_a_filter_is_said_not_to_have_run_again(tmp_path: Path) -> None:
    """Its images are genuine; whether others were left out for the reason that is stated, nobody looked."""
    path = tmp_path / "a.npz"
    export.to_file("mnist", counts="3=2", keep=0.5, seed=4, output=path)
    report = verify(path)
    assert report.verified
    assert "the filter that chose them was not run again" in report.files[0].why


def test_it_leaves_nothing_behind(copy: Copy, tmp_path: Path) -> None:
    from condgan.data import memory

    packed = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", copy("folder-set")))
    before = {path for path in memory.place().iterdir() if path.name.startswith("condgan-verify-")}
    assert verdict(packed) == "verified"
    assert {path for path in memory.place().iterdir() if path.name.startswith("condgan-verify-")} == before


@pytest.mark.parametrize("where", ["before the directory", "behind the end"])
def test_an_archive_with_hidden_bytes_is_not_verified(where: str, originals: Path, tmp_path: Path) -> None:
    data = (originals / "set.npz").read_bytes()
    path = tmp_path / "set.npz"
    path.write_bytes(data)
    assert verify(path).verified
    if where == "behind the end":
        path.write_bytes(data + b"hidden")
    else:
        end = len(data) - 22
        length, start = (int.from_bytes(data[end + place : end + place + 4], "little") for place in (12, 16))
        moved = data[: end + 16] + (start + 6).to_bytes(4, "little") + data[end + 20 :]
        path.write_bytes(moved[:start] + b"hidden" + moved[start:])
        assert zipfile.ZipFile(path).testzip() is None
        assert length
    assert not verify(path).verified
