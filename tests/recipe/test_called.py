"""What others call the values of a recipe leads to the right ones."""

import pytest

from condgan.errors import CondganError, nearest
from condgan.recipe import Recipe, builtin
from condgan.recipe.called import CALLED
from condgan.recipe.text import _paths, override


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("loss.name=lsgan", "least-squares"), ("loss.name=LSGAN", "least-squares"), ("loss.name=mse", "least-squares"),
        ("loss.name=wgan-gp", "wasserstein"), ("loss.name=WGAN", "wasserstein"), ("loss.name=ns", "bce"),
        ("loss.name=BCE", "bce"), ("loss.name=RaGAN", "relativistic-average"), ("loss.name=hing", "hinge"),
        ("optim.name=Adam", "adam"), ("discriminator.network=cnn", "dcgan"), ("generator.network=ResNet", "residual"),
        ("generator.norm=BatchNorm", "batch"), ("latent.distribution=gaussian", "normal"),
    ],
)  # fmt: skip
def test_a_common_name_leads_to_ours(given: str, meant: str) -> None:
    with pytest.raises(CondganError, match=f'did you mean "{meant}"'):
        builtin.get("cgan-lsgan", [given])


def test_nothing_is_meant_by_a_word_of_another_field() -> None:
    with pytest.raises(CondganError) as refused:
        builtin.get("cgan-lsgan", ["optim.name=mse"])
    assert "did you mean" not in str(refused.value)


def test_every_row_names_a_value_of_some_field_and_is_none_itself() -> None:
    """A name that a field has already would send its user elsewhere."""
    expected: set[str] = set()
    for path in _paths(Recipe):
        try:
            override(builtin.get("cgan-lsgan"), [f"{path}=?"])
        except CondganError as error:
            expected |= set(str(error).split("'")[1::2])
    assert {*CALLED.values()} <= expected
    for other, name in CALLED.items():
        assert nearest(other, [name], CALLED) == f' (did you mean "{name}"?)'
    assert not {*CALLED} & expected
