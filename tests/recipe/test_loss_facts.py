"""The row of each loss: complete, the same names everywhere, and true of the terms that engines minimise."""

from typing import get_args

import numpy as np
import pytest

from condgan.engines import losses as terms
from condgan.recipe import Loss, losses

NAMES = get_args(Loss.model_fields["name"].annotation)


def test_a_loss_has_facts_terms_and_a_name_in_recipes() -> None:
    assert set(losses.LOSSES) == set(terms.LOSSES) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_relativistic_loss_has_no_boundary(name: str) -> None:
    row = losses.LOSSES[name]
    assert not (row.relativistic and row.boundary)
    assert not (row.targets and row.boundary is None)


@pytest.mark.parametrize("name", [name for name in NAMES if losses.LOSSES[name].boundary])
@pytest.mark.parametrize("targets", [(1.0, 0.0), (0.9, 0.0), (0.8, 0.4)])
def test_at_the_boundary_an_image_is_as_likely_real_as_generated(name: str, targets: tuple[float, float]) -> None:
    """There, and only there, the loss of calling a score real equals that of calling it generated."""
    loss = Loss(name=name)
    if losses.LOSSES[name].targets:
        loss = Loss(name=name, real_target=targets[0], fake_target=targets[1])
    boundary = losses.boundary(loss)
    assert boundary is not None

    def part(score: float, real: bool) -> float:
        """The discriminator's loss of one image of a kind, by the published formulas."""
        target = loss.real_target if real else loss.fake_target
        signed = score if real else -score
        match name:
            case "least-squares":
                return (target - score) ** 2
            case "hinge":
                return max(0.0, 1 - signed)
            case "logistic":
                return float(np.log1p(np.exp(-signed)))
            case _:
                return float(np.log1p(np.exp(-score)) + (1 - target) * score)

    def preference(score: float) -> float:
        return part(score, real=False) - part(score, real=True)

    if losses.LOSSES[name].targets and name != "least-squares" and sum(targets) != 1:
        assert boundary == 0  # of the posterior that the logits stand for, whatever the smoothing
    else:
        assert preference(boundary) == pytest.approx(0, abs=1e-12)
    assert preference(boundary + 0.3) > 0
    assert preference(boundary - 0.3) < 0


def test_names_are_listed_for_messages() -> None:
    assert losses.names(lambda row: row.targets) == "bce, minimax or least-squares"
    assert losses.names(lambda row: row.relativistic) == "relativistic or relativistic-average"
