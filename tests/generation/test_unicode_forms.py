"""A class is the same class in any Unicode form: `été` as a Mac's file system writes it, and as it is typed."""

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from condgan.arrays import MAX_NAME
from condgan.errors import CondganError
from condgan.generation.classes import parse
from condgan.recipe import Domain


def domain(*names: str) -> Domain:
    return Domain(class_names=names, data="names", data_sha256="0" * 64)


NAMES = ("été", "hiver", "café au lait", "Ελλάδα", "서울")


@pytest.mark.parametrize("stored", ["NFC", "NFD"])
@pytest.mark.parametrize("typed", ["NFC", "NFD"])
def test_both_forms_name_a_class(stored: str, typed: str) -> None:
    known = domain(*(normalize(stored, name) for name in NAMES))
    for number, name in enumerate(NAMES):
        assert parse(normalize(typed, name), known).tolist() == [number]
    everything = [normalize(typed, name) for name in NAMES]
    assert parse(everything, known).tolist() == list(range(5))
    assert parse(",".join(everything), known).tolist() == list(range(5))


def test_single_letters_need_no_commas() -> None:
    known = domain(*(normalize("NFD", letter) for letter in "éàü"))
    assert parse(normalize("NFD", "üé"), known).tolist() == parse("üé", known).tolist() == [2, 0]


def test_two_classes_that_differ_by_their_form_only_stay_two() -> None:
    known = domain("é", "e\u0301")
    assert parse(["é"], known).tolist() == [0]
    assert parse(["e\u0301"], known).tolist() == [1]


def test_a_name_that_python_read_as_bytes() -> None:
    assert parse("猫".encode().decode("ascii", "surrogateescape"), domain("狗", "猫")).tolist() == [1]
    with pytest.raises(CondganError, match="no class"):
        parse("\ud800", domain("狗", "猫"))


PLAIN = st.text(st.characters(codec="utf-8"), min_size=1, max_size=MAX_NAME)


@given(st.lists(PLAIN, min_size=1, max_size=5, unique=True))
def test_every_name_names_its_class_in_a_list(names: list[str]) -> None:
    known = domain(*names)
    assert parse(names, known).tolist() == list(range(len(names)))
