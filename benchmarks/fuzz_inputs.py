"""Small valid files, folders and archives of every format that is read: what ``fuzz_readers`` mutates."""

import csv
import gzip
import io
import json
import os
import random
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

PICTURES = np.random.default_rng(0).integers(0, 256, (6, 8, 8), dtype=np.uint8)
LABELS = np.arange(6) % 3


def npz(folder: Path, *, packed: bool = False) -> list[Path]:
    save: Any = np.savez_compressed if packed else np.savez
    save(folder / "a.npz", x_train=PICTURES, y_train=LABELS, x_test=PICTURES / 255, y_test=np.eye(3)[LABELS])
    return [folder / "a.npz"]


def text_npz(folder: Path) -> list[Path]:
    names = np.array(["cat", "ant", "bee"])
    np.savez(folder / "a.npz", images=PICTURES > 99, labels=names[LABELS], class_names=names)
    return [folder / "a.npz"]


def npy(folder: Path) -> list[Path]:
    np.save(folder / "X.npy", PICTURES.astype(np.float32))
    np.save(folder / "y.npy", LABELS)
    return [folder / "X.npy", folder / "y.npy"]


def table(folder: Path, *, zipped: bool = False) -> list[Path]:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["label", *(f"pixel{number}" for number in range(64))])
    rows.writerows([label, *image.ravel()] for label, image in zip(LABELS, PICTURES, strict=True))
    content = text.getvalue().encode()
    path = folder / ("a.csv.gz" if zipped else "a.csv")
    path.write_bytes(gzip.compress(content) if zipped else content)
    return [path]


def idx(folder: Path, *, zipped: bool = False) -> list[Path]:
    end = ".gz" if zipped else ""
    pictures = bytes([0, 0, 8, 3, 0, 0, 0, 6, 0, 0, 0, 8, 0, 0, 0, 8]) + PICTURES.tobytes()
    labels = bytes([0, 0, 8, 1, 0, 0, 0, 6]) + LABELS.astype(np.uint8).tobytes()
    files = {"images-idx3": pictures, "labels-idx1": labels}
    paths = []
    for name, content in files.items():
        paths.append(folder / f"emnist-letters-train-{name}-ubyte{end}")
        paths[-1].write_bytes(gzip.compress(content) if zipped else content)
    paths.append(folder / "emnist-letters-mapping.txt")
    paths[-1].write_text("0 65 97\n1 66 98\n2 67 99\n")
    return paths


def cifar(folder: Path) -> list[Path]:
    pixels = np.random.default_rng(1).integers(0, 256, (3, 3072), dtype=np.uint8)
    records = np.column_stack([np.zeros(3, np.uint8), np.arange(3, dtype=np.uint8), pixels])
    for name in ("train.bin", "test.bin"):
        (folder / name).write_bytes(records.tobytes())
    (folder / "fine_label_names.txt").write_text("a\nb\nc\n")
    return [folder / "train.bin", folder / "test.bin", folder / "fine_label_names.txt"]


def parquet(folder: Path) -> list[Path]:
    import pyarrow
    import pyarrow.parquet
    from PIL import Image

    contents = []
    for image in PICTURES:
        stream = io.BytesIO()
        Image.fromarray(image).save(stream, "PNG")
        contents.append({"bytes": stream.getvalue(), "path": None})
    features = {"label": {"names": ["a", "b", "c"]}}
    content = pyarrow.table({"image": contents, "label": LABELS})
    content = content.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pyarrow.parquet.write_table(content, folder / "train.parquet")
    return [folder / "train.parquet"]


def picture(number: int, ending: str = "png") -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(PICTURES[number]).save(stream, "JPEG" if ending == "jpg" else ending)
    return stream.getvalue()


def put(folder: Path, files: dict[str, bytes]) -> list[Path]:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return [folder / name for name in files]


def classes(split: str = "") -> dict[str, bytes]:
    return {f"{split}{'abc'[label]}/{number}.png": picture(number) for number, label in enumerate(LABELS.tolist())}


def labelled(ending: str) -> dict[str, bytes]:
    """Images beside a table of labels."""
    names = [f"img/{number}.{'jpg' if number % 2 else 'png'}" for number in range(6)]
    rows = [
        {"file_name": name, "label": f"{label}.0", "split": "test" if number > 3 else "train"}
        for number, (name, label) in enumerate(zip(names, LABELS.tolist(), strict=True))
    ]
    joint = "\t" if ending == "tsv" else ","
    text = {
        "csv": "\n".join(joint.join(row) for row in [list(rows[0]), *(list(row.values()) for row in rows)]),
        "json": json.dumps({"labels": [[row["file_name"], int(row["label"][0])] for row in rows]}),
        "jsonl": "\n".join(map(json.dumps, rows)),
    }["csv" if ending == "tsv" else ending]
    name = "dataset.json" if ending == "json" else f"labels.{ending}"
    pictures = {name: picture(number, name[-3:]) for number, name in enumerate(names)}
    return {**pictures, name: text.encode()}


def linked(folder: Path) -> list[Path]:
    """Class folders with links: to an image, in a circle, out of the folder and to nothing, and a pipe."""
    paths = put(folder, {**classes("train/"), **classes("test/"), "train/note.txt": b"text"})
    for name, target in {"x.png": "0.png", "loop": "..", "out": "/etc", "none.png": "nothing"}.items():
        (folder / "train/a" / name).symlink_to(target)
    os.mkfifo(folder / "train/b/pipe.png")
    return paths


def zipped(folder: Path, files: dict[str, bytes]) -> list[Path]:
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return [folder / "a.zip"]


def tarred(folder: Path, files: dict[str, bytes], ending: str) -> list[Path]:
    (folder / f"a.{ending}").write_bytes(tar(files, ending, None))
    return [folder / f"a.{ending}"]


def tar(files: dict[str, bytes], ending: str, draw: random.Random | None) -> bytes:
    """A tar archive; by ``draw`` some members are links, devices, or renamed."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            if draw and draw.random() < 0.3:
                member.type = draw.choice([tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE])
                member.linkname, member.size = draw.choice(["..", "/etc/passwd", name]), 0
            archive.addfile(member, io.BytesIO(content) if member.size else None)
    return gzip.compress(stream.getvalue(), 1) if ending.endswith("gz") else stream.getvalue()


FORMS: dict[str, Callable[[Path], list[Path]]] = {
    "npz": npz,
    "npz packed": lambda folder: npz(folder, packed=True),
    "npz text": text_npz,
    "npy": npy,
    "csv": table,
    "csv.gz": lambda folder: table(folder, zipped=True),
    "idx": idx,
    "idx.gz": lambda folder: idx(folder, zipped=True),
    "cifar": cifar,
    "parquet": parquet,
    "images folder": lambda folder: put(folder, classes()),
    "images links": linked,
    **{f"images {ending}": lambda folder, ending=ending: put(folder, labelled(ending))  # type: ignore[misc]
       for ending in ("csv", "tsv", "json", "jsonl")},
    "images zip": lambda folder: zipped(folder, {**classes("pets/train/"), **classes("pets/val/")}),
    "images zip table": lambda folder: zipped(folder, labelled("csv")),
    "images tar": lambda folder: tarred(folder, classes(), "tar"),
    "images tar.gz": lambda folder: tarred(folder, labelled("jsonl"), "tar.gz"),
}  # fmt: skip
NAMES = (
    *("../../a.png", "/etc/a.png", "a\\b.png", "train/1.png", "a/b/c/d/e/f/g.png", "__MACOSX/._1.png", "a", "é.png"),
    *("\t.png", "labels.csv", "a/0.PNG", "classes.json", "x.npy", "train.csv", "n" * 300 + ".png"),
)
"""That members of archives are given."""
BOMB = bytes(1 << 20)
TABLES = frozenset({"images csv", "images tsv", "images json", "images jsonl"})
"""Forms whose last file is a table, which is mutated more often than the images."""
