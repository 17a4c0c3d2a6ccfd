"""How claims are judged: functions of the evidence that several claims share."""

from collections.abc import Callable

from condgan.claims.claim import Answer, Verdict
from condgan.claims.evidence import Evidence
from condgan.experiments.differences import Difference

Judge = Callable[[Evidence], Answer]


def told(one: Difference, metric: str, a: str, b: str) -> str:
    """Both arms' means with their spreads."""
    sides = [
        f"{name} {side.mean:.4g}" + ("" if side.spread is None else f" ± {side.spread:.2g}") + f" (n {side.n})"
        for name, side in ((a, one.a), (b, one.b))
    ]
    return f"{metric}: {', '.join(sides)}"


def after(evidence: Evidence, *arms: str) -> str:
    """How long arms were trained, as the beginning of a figure."""
    epochs = {evidence.last(arm) for arm in arms}
    few = " of 6,000 images" if evidence.budget == "quick" else ""
    return f"after {' and '.join(map(str, sorted(epochs)))} epochs{few}: "


def better(a: str, b: str, *metrics: str) -> Judge:
    """Whether arm b is better than arm a: in some of the metrics, and worse in none.

    Indistinguishable arms do not bear out the claim only where a difference of half the value of a would have shown.
    """

    def answer(evidence: Evidence) -> Answer:
        found = {metric: evidence.difference(a, b, metric) for metric in metrics}
        figure = after(evidence, a, b) + "; ".join(told(one, metric, a, b) for metric, one in found.items())
        verdicts = {one.verdict for one in found.values()}
        verdict: Verdict = "cannot-tell"
        if "better" in verdicts and "worse" not in verdicts:
            verdict = "holds"
        elif "better" not in verdicts and ("worse" in verdicts or all(map(would_show, found.values()))):
            verdict = "does-not-hold"
        return Answer(verdict, figure)

    return answer


def would_show(one: Difference) -> bool:
    """Whether a difference of half the value of a would have been seen."""
    seen = one.verdict == "not-distinguishable" and one.detectable is not None
    return seen and (one.detectable or 0.0) < abs(one.a.mean) / 2


def not_worse(a: str, b: str, metric: str, share: float) -> Judge:
    """Whether arm b does as well as arm a, but for a share of a's value: by the interval of the difference."""

    def answer(evidence: Evidence) -> Answer:
        one = evidence.difference(a, b, metric)
        figure = after(evidence, a, b) + told(one, metric, a, b)
        if one.low is None or one.high is None:
            return Answer("cannot-tell", figure)
        room = share * abs(one.a.mean)
        worst, best = (one.high, one.low) if metric in ("fid", "kid", "swd", "modes_kl") else (-one.low, -one.high)
        verdict: Verdict = "holds" if worst < room else "does-not-hold" if best > room else "cannot-tell"
        return Answer(verdict, figure)

    return answer


def at_least(arm: str, metric: str, bound: float, least_epochs: int) -> Judge:
    """Whether a figure reaches a bound after as many epochs as the claim is about."""

    def answer(evidence: Evidence) -> Answer:
        value, epochs = evidence.mean(arm, metric), evidence.last(arm)
        figure = f"{metric} of {arm} after {epochs} epochs: {value:.4g} (bound {bound:g})"
        if value >= bound:
            return Answer("holds", figure)
        enough = epochs >= least_epochs and evidence.budget == "full"
        return Answer("does-not-hold" if enough else "cannot-tell", figure)

    return answer


def best_of(candidate: str, others: tuple[str, ...], metric: str) -> Judge:
    """Whether no other arm has a better mean than the candidate."""

    def answer(evidence: Evidence) -> Answer:
        means = {arm: evidence.mean(arm, metric) for arm in (candidate, *others)}
        low = metric in ("fid", "kid", "swd", "modes_kl")
        ranked = sorted(means, key=lambda arm: means[arm] if low else -means[arm])
        place = ranked.index(candidate) + 1
        shown = ", ".join(f"{arm} {means[arm]:.4g}" for arm in ranked[:4])
        figure = f"{metric}: {candidate} is {place} of {len(ranked)} ({shown})"
        if place == 1:
            return Answer("holds", figure)
        one = evidence.difference(candidate, ranked[0], metric)
        return Answer("does-not-hold" if one.verdict == "better" else "cannot-tell", figure)

    return answer


def not_tested(reason: str) -> Judge:
    """A claim that no run here can answer."""
    return lambda _: Answer("not-tested", reason)
