"""Classes as text, as lists and as numbers."""

from collections.abc import Iterable
from typing import Any

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from condgan.errors import CondganError
from condgan.generation.classes import counted, parse, positions
from condgan.generation.sampling import in_turn, result_labels
from condgan.recipe import Domain, builtin


def domain(*names: str) -> Domain:
    return Domain(channels=1, size=8, class_names=names, data="x", data_sha256="0" * 64)


DIGITS = domain(*"0123456789")
ANIMALS = domain("cat", "dog", "polar bear")
MANY = domain(*(f"class {number}" for number in range(25)))
NUMBERED = domain(*map(str, range(12)))
FEW = domain("3", "7")
LETTERS = domain(*"abc")
SAMPLES = domain(*(f"Sample{number:03}" for number in range(1, 11)))
FRENCH = domain("\u00e9t\u00e9", "cafe\u0301")  # one name composed, the other decomposed
SPACED = domain("dog", " dog", "a,b")


@pytest.mark.parametrize(
    ("given", "of", "expected"),
    [
        ("2026", DIGITS, [2, 0, 2, 6]),
        (" 20 26 ", DIGITS, [2, 0, 2, 6]),
        ("2,0,26"[:3], DIGITS, [2, 0]),
        ([2, 0, 2, 6], DIGITS, [2, 0, 2, 6]),
        (["2", 0], DIGITS, [2, 0]),
        (np.array([2, 0]), DIGITS, [2, 0]),
        (iter("20"), DIGITS, [2, 0]),
        ("cat,dog,cat", ANIMALS, [0, 1, 0]),
        ("cat dog", ANIMALS, [0, 1]),
        ("polar bear", ANIMALS, [2]),
        ("cat, polar bear", ANIMALS, [0, 2]),
        (2026, DIGITS, [2, 0, 2, 6]),
        (np.int64(3), DIGITS, [3]),
        (11, NUMBERED, [11]),
        ("class 24,class 3", MANY, [24, 3]),
        (["Sample003", "Sample001"], SAMPLES, [2, 0]),
        ("e\u0301te\u0301, cafe\u0301", FRENCH, [0, 1]),
        ("caf\u00e9", FRENCH, [1]),
        (" dog", SPACED, [1]),
        ("dog", SPACED, [0]),
        ("a,b", SPACED, [2]),
        ("11", NUMBERED, [11]),
        ("1,11,0", NUMBERED, [1, 11, 0]),
        ("37", FEW, [0, 1]),  # names, not indexes
        ("7,3", FEW, [1, 0]),
        ("cab", LETTERS, [2, 0, 1]),
        ("c,a", LETTERS, [2, 0]),
    ],
)
def test_classes_are_parsed(given: str | Iterable[str | int], of: Domain, expected: list[int]) -> None:
    indexes = parse(given, of)
    assert indexes.dtype == np.int64
    assert indexes.tolist() == expected


@pytest.mark.parametrize(
    ("given", "of", "message"),
    [
        ("", DIGITS, "empty sequence"),
        ("   ", DIGITS, "empty sequence"),
        (",,", DIGITS, "empty sequence"),
        ([], ANIMALS, "empty sequence.*cat,dog,polar bear"),
        ("2a", DIGITS, 'no class "a": this generator has 10'),
        ("10,2", DIGITS, 'no class "10"'),
        ([10], DIGITS, 'no class "10"'),
        ([-1], DIGITS, 'no class "-1"'),
        ([2.0], DIGITS, 'no class "2.0"'),
        ("0", FEW, 'no class "0".*3, 7'),
        ("dgo", ANIMALS, r'no class "dgo" \(did you mean "dog"\?\).*has 3 \(cat, dog, polar bear\)'),
        ("Cat", ANIMALS, r'no class "Cat" \(did you mean "cat"\?\)'),
        ("3", ANIMALS, 'no class "3"'),
        ("0", ANIMALS, 'no class "0".*; `index` takes positions, 0 to 2$'),
        ([1], ANIMALS, 'no class "1"'),
        ("2010", ANIMALS, 'no class "2010"'),
        ("12", MANY, r'no class "12" \(did you mean "class 12"\?\).*`index` takes positions, 0 to 24$'),
        ("3", SAMPLES, r'no class "3" \(did you mean "Sample003"\?\).*`index` takes positions, 0 to 9$'),
        (3, SAMPLES, "Sample003.*`index`"),
        ("03", SAMPLES, "Sample003.*`index`"),
        ("\u0663", SAMPLES, 'no class "\u0663".*`index`'),
        ("9" * 5000, SAMPLES, f'no class "{"9" * 80}".*`index`'),
        (2.5, DIGITS, "conditions=2.5: expected classes, as 0,1,2"),
        ("25", MANY, r"class 11, \.\.\.\)"),
        ("12", NUMBERED, 'no class "12"'),
        ("x" * 5000, ANIMALS, f'no class "{"x" * 80}"'),
    ],
)
def test_unknown_classes_are_refused(given: str | Iterable[str | int], of: Domain, message: str) -> None:
    with pytest.raises(CondganError, match=message):
        parse(given, of)


@pytest.mark.parametrize(
    ("given", "of", "expected"),
    [
        (["polar bear", 1], ANIMALS, [2, 1]),
        ("2010", ANIMALS, [2, 0, 1, 0]),
        ("2,0", ANIMALS, [2, 0]),
        ("class 24,3", MANY, [24, 3]),
        ("12", MANY, [12]),
        ("1 2", MANY, [1, 2]),
        ("3", SAMPLES, [3]),
        ("37", FEW, [0, 1]),  # names, not positions
        ("2026", DIGITS, [2, 0, 2, 6]),
    ],
)
def test_the_sequence_of_an_old_recipe_has_positions_too(given: Any, of: Domain, expected: list[int]) -> None:
    assert parse(given, of, positions=True).tolist() == expected
    sequence = {"output.sequence": given} if isinstance(given, str) else {}
    for name, text in sequence.items():
        recipe = builtin.get("cgan-lsgan", [f"{name}={text}"])
        old = recipe.model_copy(update={"data": recipe.data.model_copy(update={"reading": 1})})
        assert result_labels(old, of).tolist() == expected
        if of in (ANIMALS, MANY, SAMPLES):
            with pytest.raises(CondganError, match="`index` takes positions"):
                result_labels(recipe, of)


@pytest.mark.parametrize("given", ["3,0", "3 0", [3, 0], (3, 0), np.array([3, 0]), iter([3, 0]), " 3, 0 "])
def test_positions(given: Any) -> None:
    assert positions(given, SAMPLES).tolist() == [3, 0]


@pytest.mark.parametrize("given", ["", ",", "x", "10", "-1", [10], [-1], ["3"], [2.0], [True], 2.5, "9" * 5000, []])
def test_what_is_no_position_is_refused(given: Any) -> None:
    with pytest.raises(CondganError, match=r"^index=.{0,100}: expected .*0 to 9|expected positions of classes, as 3,0"):
        positions(given, SAMPLES)


def test_counts_in_words() -> None:
    assert counted(np.array([2, 0, 2]), ANIMALS) == "polar bear=2, cat=1"
    words = counted(np.arange(25), MANY)
    assert words.startswith("class 0=1, class 1=1")
    assert words.endswith("class 11=1, ... (25 classes)")


names = st.lists(
    st.text(
        st.characters(codec="utf-8", exclude_characters=",", exclude_categories=("Z", "C")), min_size=1, max_size=8
    ),
    min_size=2,
    max_size=12,
    unique=True,
)


@hypothesis.given(names, st.data())
def test_class_names_take_precedence_over_numbers(given_names: list[str], data: st.DataObject) -> None:
    of = domain(*given_names)
    chosen = data.draw(st.lists(st.integers(0, len(given_names) - 1), min_size=2, max_size=6))
    assert parse([given_names[i] for i in chosen], of).tolist() == chosen
    assert parse(",".join(given_names[i] for i in chosen), of).tolist() == chosen
    assert parse(given_names[chosen[0]], of).tolist() == chosen[:1]


@hypothesis.given(st.text(max_size=20), st.sampled_from([DIGITS, ANIMALS, MANY, NUMBERED, FEW, LETTERS]))
def test_any_text_is_parsed_or_refused(text: str, of: Domain) -> None:
    try:
        indexes = parse(text, of)
    except CondganError:
        return
    assert len(indexes) > 0
    assert 0 <= indexes.min() <= indexes.max() < of.classes


def test_classes_follow_each_other_in_turn() -> None:
    assert in_turn(ANIMALS, 6).tolist() == [0, 1, 2, 0, 1, 2]
    assert in_turn(ANIMALS, 9)[:6].tolist() == in_turn(ANIMALS, 6).tolist()
    assert in_turn(ANIMALS, 5, first=4).tolist() == in_turn(ANIMALS, 9)[4:].tolist()
    assert in_turn(DIGITS, 10).dtype == np.int64
