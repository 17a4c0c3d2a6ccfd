"""Recipes as data: overrides, errors, JSON."""

import contextlib
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from condgan.errors import CondganError
from condgan.recipe import Domain, Recipe, builtin
from condgan.recipe.formats import FORMAT
from condgan.recipe.text import from_json, override, to_json

PLAIN = builtin.RECIPES["cgan-lsgan"]


def changed(*overrides: str) -> Recipe:
    return override(PLAIN, overrides)


def problems(*overrides: str) -> str:
    with pytest.raises(CondganError) as refused:
        changed(*overrides)
    return str(refused.value)


# Overrides


def test_nothing_changes_nothing() -> None:
    assert changed() == PLAIN
    assert changed() is not PLAIN or changed() == PLAIN


def test_an_override_changes_one_field_and_nothing_else() -> None:
    before, after = PLAIN.model_dump(), changed("train.batch=128").model_dump()
    assert after["train"].pop("batch") == 128
    assert before["train"].pop("batch") == 64
    assert after == before


def test_a_field_of_both_optimisers_or_of_one() -> None:
    both, one = changed("optim.lr=1e-3"), changed("optim.d.lr=1e-3")
    assert (both.optim.g.lr, both.optim.d.lr) == (1e-3, 1e-3)
    assert (one.optim.g.lr, one.optim.d.lr) == (2e-4, 1e-3)
    mixed = changed("optim.lr=1e-3", "optim.g.lr=5e-3", "optim.betas=0,0.9")
    assert (mixed.optim.g.lr, mixed.optim.d.lr) == (5e-3, 1e-3)
    assert mixed.optim.g.betas == mixed.optim.d.betas == (0, 0.9)


def test_the_last_one_wins() -> None:
    assert changed("train.batch=8", "seed=1", "train.batch=32").train.batch == 32
    assert changed("optim.g.lr=5e-3", "optim.lr=1e-3").optim.g.lr == 1e-3
    assert changed("train.batch=oops", "train.batch=32").train.batch == 32


@pytest.mark.parametrize(
    ("text", "read", "value"),
    [
        ("generator.hidden=10", lambda r: r.generator.hidden, (10,)),
        ("generator.hidden=10, 20,30", lambda r: r.generator.hidden, (10, 20, 30)),
        ("generator.hidden=none", lambda r: r.generator.hidden, ()),
        ("generator.branches=200,1000", lambda r: r.generator.branches, (200, 1000)),
        ("data.channels=3", lambda r: r.data.channels, 3),
        ("data.channels=none", lambda r: r.data.channels, None),
        ("train.ema=0.99", lambda r: r.train.ema, 0.99),
        ("train.ema=none", lambda r: r.train.ema, None),
        ("optim.momentum_end=none", lambda r: r.optim.g.momentum_end, None),
        ("output.sequence=a=b,c", lambda r: r.output.sequence, "a=b,c"),
        ("output.sequence=none", lambda r: r.output.sequence, None),
        ("machine.threads=4", lambda r: r.machine.threads, 4),
        ("machine.device=cuda:1", lambda r: r.machine.device, "cuda:1"),
        ("loss.halved=false", lambda r: r.loss.halved, False),
        ("loss.halved=True", lambda r: r.loss.halved, True),
        ("generator.plain_first=no", lambda r: r.generator.plain_first, False),
        ("data.source=/a b/c=d", lambda r: r.data.source, "/a b/c=d"),
        ("seed=9223372036854775807", lambda r: r.seed, 2**63 - 1),
    ],
)
def test_values_as_they_are_typed(text: str, read: Any, value: Any) -> None:
    found = read(changed(text))
    assert found == value
    assert type(found) is type(value)


def test_all_problems_are_said_at_once_with_the_nearest_name() -> None:
    said = problems("train.bacth=3", "optim.lrr=1", "train.batch=x", "loss.name=bec", "data.size=1", "oops")
    for part in (
        'unknown field "train.bacth" (did you mean "train.batch"?)',
        'unknown field "optim.lrr" (did you mean "optim.',
        "train.batch=x",
        "loss.name=bec: input should be 'bce', 'minimax', 'least-squares',",
        "'relativistic-average' (did you mean \"bce\"?)",
        "data.size=1",
        '"oops" is not an override',
    ):
        assert part in said


@pytest.mark.parametrize("path", ["", "train", "train.", ".train", "optim", "optim.g", "optim.x.lr", "train.batch.x"])
def test_what_is_no_field(path: str) -> None:
    assert f'"{path}' in problems(f"{path}=1")


@pytest.mark.parametrize(
    "texts",
    [
        ("optim.lr=inf",),
        ("optim.lr=1e999",),
        ("train.ema=1",),
        ("generator.hidden=1,,2",),
        ("generator.hidden=99999999",),
        ("optim.betas=0.5,0.6,0.7",),
        ("generator.branches=1",),
        ("generator.norm_eps=0",),
        ("discriminator.dropout=1",),
        ("seed=9223372036854775808",),
        ("train.epochs=1.0e1",),
        ("machine.device=cuda:x",),
        ("data.source=",),
        ("generator.condition=none",),
        ("generator.condition=none", "discriminator.condition=none", "generator.branches=3,4"),
        ("train.fake_labels=real", "train.generator_batch=full", "train.fakes=fresh"),
    ],
)
def test_values_out_of_range(texts: tuple[str, ...]) -> None:
    assert problems(*texts)


def test_combinations_that_go_together() -> None:
    assert not changed("generator.condition=none", "discriminator.condition=none").conditional
    assert changed().conditional
    changed("train.critic_steps=3", "train.order=d-first")
    changed("train.critic_steps=3", "train.fakes=fresh")


def test_a_recipe_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        PLAIN.seed = 3  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        PLAIN.train.batch = 3  # type: ignore[misc]
    assert hash(PLAIN) == hash(changed())


# JSON


def test_format_1_is_read() -> None:
    """There the engine stood beside the sections."""
    values = json.loads(to_json(changed("machine.threads=2")))
    del values["machine"]["engine"]
    for engine in ("torch", "jittor"):
        read = from_json(json.dumps(values | {"format": 1, "engine": engine}), "x")
        assert read == changed("machine.threads=2", f"engine={engine}")
        assert (read.format, read.machine.engine, read.machine.threads) == (3, engine, 2)
    assert from_json(json.dumps(values | {"format": 1}), "x").machine.engine == "torch"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 4}, "x has recipe format 4, this condgan reads up to 3"),
        ({"format": "1"}, "format="),
        ({"format": 0}, "format="),
        ({"format": 1, "engine": "caffe"}, "machine.engine=caffe"),
        ({"format": 1, "engine": "torch", "machine": 3}, "machine"),
        ({"format": 2, "engine": "torch"}, 'unknown field "engine"'),
    ],
)
def test_other_formats_are_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(CondganError, match=re.escape(said)):
        from_json(json.dumps(json.loads(to_json(PLAIN)) | change), "x")


def test_json_shows_every_field() -> None:
    text = to_json(PLAIN)
    values = json.loads(text)
    assert values["format"] == FORMAT == 3
    assert values["generator"]["hidden"] == [128, 256, 512, 1024]
    assert values["train"]["ema"] is None

    def keys(model: Any) -> set[str]:
        return set(type(model).model_fields)

    assert set(values) == keys(PLAIN)
    for section in ("data", "latent", "generator", "discriminator", "loss", "optim", "train", "output", "machine"):
        assert set(values[section]) == keys(getattr(PLAIN, section))


changes = st.lists(
    st.one_of(
        st.integers(2, 4096).map("train.batch={}".format),
        st.integers(0, 2**63 - 1).map("seed={}".format),
        st.floats(1e-12, 1e3).map("optim.lr={!r}".format),
        st.floats(1e-12, 1e3).map("optim.d.lr={!r}".format),
        st.tuples(st.floats(0, 0.999), st.floats(0, 0.999)).map(lambda b: f"optim.g.betas={b[0]!r},{b[1]!r}"),
        st.lists(st.integers(1, 5000), max_size=5).map(
            lambda widths: "generator.hidden=" + (",".join(map(str, widths)) or "none")
        ),
        st.sampled_from(["data.channels=1", "data.channels=3", "data.channels=none"]),
        st.one_of(st.just("none"), st.floats(0, 0.9999).map(repr)).map("train.ema={}".format),
        st.text(st.characters(codec="utf-8"), min_size=1).map("data.source={}".format),
        st.text(st.characters(codec="utf-8")).map("output.sequence={}".format),
        st.sampled_from(["loss.name=bce", "loss.name=least-squares", "optim.name=sgd", "optim.d.schedule=linear"]),
    ),
    max_size=8,
)


@given(st.sampled_from(sorted(builtin.RECIPES)), changes)
def test_json_and_back(name: str, overrides: list[str]) -> None:
    plain = ("train.ema_warmup=false", "augment.target=none")  # which exclude some of the changes
    made = builtin.get(name, [*plain, *overrides])
    assert from_json(to_json(made), "it") == made
    assert from_json(to_json(made).encode(), "it") == made
    assert builtin.get(name, [*plain, *reversed(overrides)]).name == name


def test_a_newer_format_is_refused_with_the_cure() -> None:
    values = PLAIN.model_dump(mode="json") | {"format": 4, "unheard_of": {}}
    with pytest.raises(CondganError, match=r"runs/x has recipe format 4.*reads up to 3: upgrade condgan"):
        from_json(json.dumps(values), "runs/x")


def test_json_with_wrong_fields_names_them() -> None:
    values = PLAIN.model_dump(mode="json")
    values["train"] |= {"bacth": 3, "epochs": 0}
    with pytest.raises(CondganError) as refused:
        from_json(json.dumps(values), "mine.json")
    said = str(refused.value)
    assert said.startswith("mine.json is not a recipe: ")
    assert 'unknown field "train.bacth" (did you mean "train.batch"?)' in said
    assert "train.epochs=0" in said


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def read_or_refused(text: str | bytes) -> None:
    try:
        read = from_json(text, "it")
    except CondganError as error:
        said = str(error)
    else:
        assert isinstance(read, Recipe)
        return
    assert said.startswith("it ")


@given(st.binary(max_size=100) | st.text(max_size=100) | json_values.map(json.dumps))
@settings(max_examples=200)
def test_hostile_text_is_refused(text: str | bytes) -> None:
    read_or_refused(text)


@given(st.sampled_from(["format", "name", "seed", "notes", "data", "optim", "train", "generator"]), json_values)
@settings(max_examples=200)
def test_a_hostile_field_is_refused_or_read(field: str, value: Any) -> None:
    read_or_refused(json.dumps(PLAIN.model_dump(mode="json") | {field: value}))


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, "1" * 10_000, "NaN", '{"format": 1e999}', '"\\ud800"']
)
def test_text_made_to_break_a_parser(text: str) -> None:
    with pytest.raises(CondganError, match=r"^it "):
        from_json(text, "it")


@given(st.text(max_size=30), st.text(max_size=30))
@settings(max_examples=200)
def test_any_override_is_applied_or_refused(path: str, value: str) -> None:
    for text in (f"{path}={value}", path, f"output.sequence={value}", f"generator.hidden={value}", f"seed={value}"):
        with contextlib.suppress(CondganError):
            assert isinstance(changed(text), Recipe)


def test_a_domain_checks_itself() -> None:
    good = {"channels": 1, "size": 8, "class_names": ["a"], "data": "x", "data_sha256": "0" * 64}
    assert Domain.model_validate(good).classes == 1
    bad: list[dict[str, Any]] = [{"channels": 2}, {"size": 3}, {"class_names": []}, {"data_sha256": "zz"}, {"more": 1}]
    for change in bad:
        with pytest.raises(ValidationError, match=re.escape(next(iter(change)))):
            Domain.model_validate(good | change)
