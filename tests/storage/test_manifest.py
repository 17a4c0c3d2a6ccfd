"""What files say of themselves: other programs read it, and what anyone may have written is checked."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from condgan.errors import CondganError
from condgan.storage import pictures
from condgan.storage.manifest import KEY, Manifest, begin, label, now, pixels_sha256, xmp

SPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "xmp": "http://ns.adobe.com/xap/1.0/",
    "iptc": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/", "tc": "http://www.tc260.org.cn/ns/AIGC/1.0/",
}  # fmt: skip
NAMES = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=40)


def properties(packet: str) -> dict[str, str]:
    """Name -> text of each property of a packet, by a parser of XML."""
    description = ElementTree.fromstring(packet).find(".//rdf:Description", SPACES)
    assert description is not None
    return {element.tag: element.text or "" for element in description}


@given(producer=NAMES, data=st.text(st.characters(codec="utf-8"), max_size=40), synthetic=st.booleans())
def test_xmp_says_to_other_programs_what_the_manifest_says(producer: str, data: str, synthetic: bool) -> None:
    manifest = begin(producer, synthetic=synthetic).of("row", {"seed": 1, "labels": ["<&>"]}, data=data)
    assert Manifest.from_json(manifest.to_json()) == manifest
    found = properties(xmp(manifest))
    assert found[f"{{{SPACES['xmp']}}}CreateDate"] == manifest.time
    assert found["{http://ns.adobe.com/photoshop/1.0/}Credit"] == producer
    kind = found.get(f"{{{SPACES['iptc']}}}DigitalSourceType")
    aigc = found.get(f"{{{SPACES['tc']}}}AIGC")
    if synthetic:
        assert kind == "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
        assert json.loads(aigc or "") == label(manifest)
        assert [*label(manifest)] == [
            "Label", "ContentProducer", "ProduceID", "ReservedCode1", "ContentPropagator", "PropagateID",
            "ReservedCode2",
        ]  # fmt: skip
        assert (label(manifest)["Label"], label(manifest)["ContentProducer"]) == ("1", producer)
    else:
        assert (kind, aigc) == (None, None)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)])
def test_pillow_reads_manifest_and_xmp_of_a_png(tmp_path: Path, shape: tuple[int, ...]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    manifest = begin("é 公司").of("row", {"seed": 3, "labels": ["猫", "\udc80"]})
    path = tmp_path / "a.png"
    path.write_bytes(pictures.png(picture, manifest))
    with Image.open(path) as image:
        image.load()
        text = getattr(image, "text")  # noqa: B009 (of PNG files alone)
        told = Manifest.from_json(text[KEY])
        assert np.array_equal(np.asarray(image), picture)
        assert text[pictures.XMP] == xmp(told)
    assert told.pixels_sha256 == pixels_sha256(picture)
    assert told.sample == {"seed": 3, "labels": ["猫", "\udc80"]}


def test_an_animation_has_the_manifest_as_its_comment(tmp_path: Path) -> None:
    frames = [np.full((6, 4), tone, np.uint8) for tone in (0, 90, 255)]
    manifest = begin("x" * 200).of("walk", {"stops": "," * 5000})  # longer than a block of a comment
    (tmp_path / "a.gif").write_bytes(pictures.gif(frames, 50, manifest))
    with Image.open(tmp_path / "a.gif") as image:
        assert Manifest.from_json(image.info["comment"]) == manifest
        assert getattr(image, "n_frames") == 3  # noqa: B009


def test_the_hash_of_pixels_knows_their_shape() -> None:
    same = [np.zeros(shape, np.uint8) for shape in ((4, 9), (9, 4), (6, 6), (4, 3, 3))]
    assert len({pixels_sha256(picture) for picture in same}) == 4
    rows = np.arange(24, dtype=np.uint8).reshape(4, 6)
    assert pixels_sha256(rows[::-1][::-1]) == pixels_sha256(rows)


def test_time_and_producer_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    monkeypatch.delenv("CONDGAN_PRODUCER", raising=False)
    manifest = begin()
    assert manifest.producer == manifest.software
    assert abs((datetime.fromisoformat(manifest.time) - datetime.now(UTC)).total_seconds()) < 60
    assert now(datetime.fromisoformat("2026-01-02T03:04:05+02:00")) == "2026-01-02T01:04:05Z"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    monkeypatch.setenv("CONDGAN_PRODUCER", "Institute")
    assert (begin().time, begin().producer, begin("Me").producer) == ("1970-01-02T00:00:00Z", "Institute", "Me")
    assert begin(started=datetime.now(UTC)).time == "1970-01-02T00:00:00Z"
    monkeypatch.setenv("CONDGAN_PRODUCER", " ")
    with pytest.raises(CondganError, match="CONDGAN_PRODUCER=' ': expected 1 to 200"):
        begin()


@pytest.mark.parametrize("time", ["yesterday", "1e9", "9" * 30, "-" + "9" * 30])
def test_a_time_that_is_none_is_refused(time: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", time)
    with pytest.raises(CondganError, match="SOURCE_DATE_EPOCH="):
        begin()


@pytest.mark.parametrize("producer", ["", " ", "a\nb", "x" * 201, "\0"])
def test_a_producer_that_no_label_can_show_is_refused(producer: str) -> None:
    with pytest.raises(CondganError, match="1 to 200 printable"):
        begin(producer)


def broken(**changes: Any) -> str:
    return json.dumps(json.loads(begin().to_json()) | changes)


@pytest.mark.parametrize(
    "text",
    ["", "{", "null", "[]", "[" * 100_000, '"text"', "{}", broken(format=2), broken(kind="secret"), broken(extra=1),
     broken(time="now"), broken(synthetic="yes"), broken(sample=[1]), broken(pixels_sha256="00"),
     broken(software="x" * 2000), broken(images_seen=1.5), " " * (5 << 20)],
)  # fmt: skip
def test_a_manifest_that_anyone_wrote_is_checked(text: str) -> None:
    with pytest.raises(CondganError, match="manifest") as raised:
        Manifest.from_json(text)
    assert "\n" not in str(raised.value)
