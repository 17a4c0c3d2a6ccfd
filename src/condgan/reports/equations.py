"""What the networks of a recipe minimise, as equations in LaTeX with their source."""

from collections.abc import Callable
from dataclasses import dataclass

from condgan.recipe import Recipe
from condgan.recipe.losses import LossName
from condgan.reports.document import Equation


@dataclass(frozen=True)
class Pair:
    """The losses of both networks. ``D`` is a probability, ``C`` a score that may be any number.

    Attributes:
        d: of the discriminator, without its factor.
        g: of the generator.
        source: the paper, and its equation.
    """

    d: str
    g: str
    source: str


REAL, FAKE = r"\mathbb{E}_{x,y}", r"\mathbb{E}_{z,y'}"
CROSS_ENTROPY = rf"-{REAL}\left[\log D(x,y)\right]-{FAKE}\left[\log\left(1-D(\tilde{{x}},y')\right)\right]"
PAIRS: dict[LossName, Pair] = {
    "bce": Pair(CROSS_ENTROPY, rf"-{FAKE}\left[\log D(\tilde{{x}},y')\right]", "Goodfellow et al. 2014"),
    "minimax": Pair(
        CROSS_ENTROPY, rf"{FAKE}\left[\log\left(1-D(\tilde{{x}},y')\right)\right]", "Goodfellow et al. 2014, (1)"
    ),
    "least-squares": Pair(
        rf"{REAL}\left[\left(a-C(x,y)\right)^2\right]+{FAKE}\left[\left(b-C(\tilde{{x}},y')\right)^2\right]",
        rf"{FAKE}\left[\left(1-C(\tilde{{x}},y')\right)^2\right]",
        "Mao et al. 2017, (2)",
    ),
    "hinge": Pair(
        rf"{REAL}\left[\max(0,1-C(x,y))\right]+{FAKE}\left[\max(0,1+C(\tilde{{x}},y'))\right]",
        rf"-{FAKE}\left[C(\tilde{{x}},y')\right]",
        "Lim & Ye 2017; Miyato et al. 2018, (16), (17)",
    ),
    "wasserstein": Pair(
        rf"{FAKE}\left[C(\tilde{{x}},y')\right]-{REAL}\left[C(x,y)\right]",
        rf"-{FAKE}\left[C(\tilde{{x}},y')\right]",
        "Arjovsky et al. 2017, (2), (3)",
    ),
    "logistic": Pair(
        rf"{REAL}\left[\log(1+e^{{-C(x,y)}})\right]+{FAKE}\left[\log(1+e^{{C(\tilde{{x}},y')}})\right]",
        rf"{FAKE}\left[\log(1+e^{{-C(\tilde{{x}},y')}})\right]",
        "Mescheder et al. 2018, (1)",
    ),
    "relativistic": Pair(
        r"\mathbb{E}\left[\log\left(1+e^{C(\tilde{x},y')-C(x,y)}\right)\right]",
        r"\mathbb{E}\left[\log\left(1+e^{C(x,y)-C(\tilde{x},y')}\right)\right]",
        "Jolicoeur-Martineau 2018; Huang et al. 2024",
    ),
    "relativistic-average": Pair(
        r"\mathbb{E}\left[\log(1+e^{\bar{C}_{\tilde{x}}-C(x,y)})+\log(1+e^{C(\tilde{x},y')-\bar{C}_x})\right]",
        r"\mathbb{E}\left[\log(1+e^{C(x,y)-\bar{C}_{\tilde{x}}})+\log(1+e^{\bar{C}_x-C(\tilde{x},y')})\right]",
        "Jolicoeur-Martineau 2018",
    ),
}
PENALTIES: dict[str, tuple[str, str]] = {
    "wgan_gp": (
        r"\mathbb{E}_{\hat{x}}\left[\left(\left\|\nabla C(\hat{x},y)\right\|-1\right)^2\right]",
        "Gulrajani et al. 2017, (3)",
    ),
    "zero_centred": (
        r"\mathbb{E}_{\hat{x}}\left[\left\|\nabla C(\hat{x},y)\right\|^2\right]", "Thanh-Tung et al. 2019"
    ),
    "dragan": (
        r"\mathbb{E}_{x+\delta}\left[\left(\left\|\nabla C(x+\delta,y)\right\|-1\right)^2\right]",
        "Kodali et al. 2017",
    ),
    "r1": (rf"\tfrac{{1}}{{2}}{REAL}\left[\left\|\nabla C(x,y)\right\|^2\right]", "Mescheder et al. 2018, (9)"),
    "r2": (
        rf"\tfrac{{1}}{{2}}{FAKE}\left[\left\|\nabla C(\tilde{{x}},y')\right\|^2\right]", "Mescheder et al. 2018, (10)"
    ),
}  # fmt: skip
"""The term of each penalty, without its weight."""
MARK = (
    rf"\tfrac{{1}}{{2}}{FAKE}\left[\sum_{{i=1}}^{{2}}"
    r"\max\left(0,1-\frac{\cos(m_i(\tilde{x}),p_i)}{c_i}\right)^2\right]"
)
"""The term of an invisible mark, without its weight: maps of an image, the patterns of a key, and the aims."""


def equations(recipe: Recipe) -> list[Equation]:
    """The losses of a recipe, and its penalties; without conditions where it has none."""
    pair = PAIRS[recipe.loss.name]
    numbers: Callable[[str], str] = lambda text: text.replace("a-C", f"{recipe.loss.real_target:g}-C").replace(  # noqa: E731
        "b-C", f"{recipe.loss.fake_target:g}-C" if recipe.loss.fake_target else "C"
    )
    d = numbers(pair.d)
    if recipe.loss.halved:
        d = rf"\tfrac{{1}}{{2}}\left({d}\right)"
    weights = {name: getattr(recipe.penalty, name) for name in PENALTIES}
    found = [Equation(f"L_D={d}", pair.source), Equation(f"L_G={pair.g}", pair.source)]
    for name, weight in weights.items():
        if weight:
            term, source = PENALTIES[name]
            found.append(Equation(rf"L_D\leftarrow L_D+{weight:g}\cdot {term}", source))
    if recipe.watermark.key is not None:
        found.append(Equation(rf"L_G\leftarrow L_G+{recipe.watermark.weight:g}\cdot {MARK}", "condgan, docs/mark.md"))
    return found if recipe.conditional else [Equation(_unconditional(one.latex), one.source) for one in found]


def probable(recipe: Recipe) -> bool:
    """Whether its losses are written with probabilities ``D``, and not with scores alone."""
    pair = PAIRS[recipe.loss.name]
    return "D(" in pair.d + pair.g


def _unconditional(latex: str) -> str:
    """An equation without its conditions."""
    for text in (",y')", ",y)"):
        latex = latex.replace(text, ")")
    return latex.replace("_{x,y}", "_x").replace("_{z,y'}", "_z")
