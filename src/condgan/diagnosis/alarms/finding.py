"""What is said of a run that fails, and the overrides that may help."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from condgan.errors import CondganError
from condgan.recipe import Optimiser, Recipe
from condgan.recipe.losses import facts
from condgan.recipe.rules import penalised
from condgan.recipe.text import override

KINDS = (
    "nan",
    "discriminator-too-strong",
    "generator-too-strong",
    "losses-blown-up",
    "collapse",
    "wrong-labels",
    "memorisation",
    "oscillation",
    "over-training",
    "learning-rates-out-of-balance",
)
"""What can be found, the worst first."""
USUAL = {"adam": 2e-4, "adamw": 2e-4, "rmsprop": 5e-5, "sgd": 0.1}
"""Learning rates that the published recipes train with; rmsprop: Arjovsky et al. 2017, algorithm 1."""
CURES: tuple[tuple[Callable[[Recipe], bool], tuple[str, ...]], ...] = (
    # Mescheder et al. 2018; it cured a collapse of small networks at 0.1, 1 and 10
    (lambda r: not penalised(r), ("penalty.r1=10",)),
    # Salimans et al. 2016, which cured it too; Karras et al. 2018, which goes with a gradient penalty
    (
        lambda r: r.discriminator.minibatch == "none",
        ("discriminator.minibatch=discrimination", "discriminator.minibatch=stddev"),
    ),
    # Huang et al. 2024, together with r1
    (lambda r: not facts(r.loss).relativistic, ("loss.name=relativistic",)),
)
"""What helps a generator that repeats itself: who lacks it, and the overrides that give it, the best first."""


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a run.

    Attributes:
        kind: one of ``KINDS``.
        text: what is wrong, a sentence.
        evidence: the numbers, and where they stand.
        advice: ``section.field=value`` strings, each valid for the run's recipe.
    """

    kind: str
    text: str
    evidence: str
    advice: tuple[str, ...]


def ordered(findings: Sequence[Finding]) -> list[Finding]:
    """The first of each kind, in the order of ``KINDS``."""
    first: dict[str, Finding] = {}
    for finding in findings:
        first.setdefault(finding.kind, finding)
    return [first[kind] for kind in KINDS if kind in first]


def optimisers(recipe: Recipe) -> tuple[tuple[str, Optimiser], ...]:
    """Both, by the name of their section."""
    return ("g", recipe.optim.g), ("d", recipe.optim.d)


def rate(which: str, value: float) -> str:
    """The override that sets a learning rate."""
    return f"optim.{which}.lr={value:.2g}"


def tamed(optimiser: Optimiser) -> float:
    """A learning rate that losses stay finite under: a quarter, and no more than is usual."""
    return min(optimiser.lr / 4, USUAL[optimiser.name])


def more_dropout(recipe: Recipe) -> tuple[str, ...]:
    """The override that makes the discriminator forget more; none if it forgets much already."""
    dropout = recipe.discriminator.dropout
    return () if dropout >= 0.6 else (f"discriminator.dropout={0.4 if dropout < 0.4 else 0.6:g}",)


def allowed(recipe: Recipe, advice: Sequence[str]) -> bool:
    """Whether overrides make a valid recipe."""
    try:
        override(recipe, advice)
    except CondganError:
        return False
    return True


def more_variety(recipe: Recipe, advice: Sequence[str]) -> tuple[str, ...]:
    """The overrides against repetition that a recipe lacks, and that go with other advice."""
    kept: tuple[str, ...] = ()
    for lacking, choices in CURES:
        if lacking(recipe):
            kept += next(((choice,) for choice in choices if allowed(recipe, (*advice, *kept, choice))), ())
    return kept


def patience(recipe: Recipe) -> tuple[str, ...]:
    """The overrides that stop a training after its best evaluation."""
    every = ("evaluation.every=300000",) if recipe.evaluation.every is None else ()
    return (*every, "evaluation.patience=3")
