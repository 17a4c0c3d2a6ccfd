"""Why 1000 epochs are worse than 100: the claims of the cross-entropy report."""

import numpy as np

from condgan.claims import arms
from condgan.claims.claim import Answer, Claim, Verdict
from condgan.claims.evidence import Evidence
from condgan.claims.judges import Judge, at_least, better

SOURCE = "cross-entropy"
LOG_D, LOG_G = (0.0009, 0.016), (0.92, 0.99)
"""What the report's log shows in epoch 999, of single batches: the losses of D and of G."""
CURES = (
    "few-ls-dropout", "cure-d-rate", "cure-small-d", "cure-linear", "cure-cosine", "cure-r1", "cure-ema",
    "cure-smoothing", "cure-noise", "cure-augment",
)  # fmt: skip


def worse_later(arm: str, early: int, late: int) -> Judge:
    """Whether the Frechet distance of an arm rises between two epochs by more than a tenth."""

    def answer(evidence: Evidence) -> Answer:
        if evidence.budget == "quick":
            return Answer("cannot-tell", f"{late} epochs take `budget=full`")
        at = {epoch: evidence.mean(arm, "fid", epoch) for epoch in (early, late)}
        accuracy = {epoch: evidence.mean(arm, "label_accuracy", epoch) for epoch in at}
        figure = "; ".join(f"epoch {epoch}: fid {at[epoch]:.4g}, label accuracy {accuracy[epoch]:.2%}" for epoch in at)
        ratio = at[late] / at[early]
        verdict: Verdict = "holds" if ratio > 1.1 else "does-not-hold"
        return Answer(verdict, f"{arm}: {figure}")

    return answer


def log_fits(evidence: Evidence) -> Answer:
    """Which loss gives what the published log shows at the end: compared with the last tenth of each arm."""
    squares, cross = ("ls-plain", "ce-plain") if evidence.budget == "quick" else ("few-ls", "few-ce")  # 1000 epochs
    shares = {}
    for arm in (squares, cross):
        last = evidence.last(arm)
        steps = evidence.steps(arm, 0.9 * last, last)
        inside = [LOG_G[0] <= record.last.get("g_loss", np.nan) <= LOG_G[1] for record in steps]
        means = np.mean([[record.mean["d_loss"], record.mean["g_loss"]] for record in steps], axis=0)
        shares[arm] = float(np.mean(inside)), means
    figure = "; ".join(
        f"{arm}: D loss {means[0]:.3g}, G loss {means[1]:.3g}, {share:.0%} of batches with G in {LOG_G[0]} to {LOG_G[1]}"
        for arm, (share, means) in shares.items()
    )
    # least squares bound G's loss by about 1 when D wins; cross-entropy does not
    if evidence.budget == "quick":
        return Answer("cannot-tell", figure)
    distance = {arm: abs(means[1] - np.mean(LOG_G)) for arm, (_, means) in shares.items()}
    return Answer("does-not-hold" if distance[squares] < distance[cross] else "holds", figure)


def longer_or_again(evidence: Evidence) -> Answer:
    """Whether as many steps on fewer images are worse than on all."""
    if evidence.budget == "quick":
        return Answer("cannot-tell", "94,000 steps take `budget=full`")
    few, every = evidence.mean("few-ls", "fid"), evidence.mean("ls-plain", "fid")
    memorised = evidence.mean("few-ls", "memorised"), evidence.mean("ls-plain", "memorised")
    figure = (
        f"94,000 steps: fid {every:.4g} on 60,000 images, {few:.4g} on 6,000; memorised {memorised[1]:.2%} and "
        f"{memorised[0]:.2%}"
    )
    return Answer("holds" if few > 1.1 * every else "does-not-hold", figure)


def stopped(evidence: Evidence, arm: str) -> tuple[int, float]:
    """The epoch at which the first training of an arm is best, and the Frechet distance of the others there."""
    epochs = arms.get(arm).measured(evidence.budget)
    by_epoch = {epoch: evidence.values(arm, "fid", epoch) for epoch in epochs}
    best = min(by_epoch, key=lambda epoch: by_epoch[epoch][0])
    return best, float(np.mean(by_epoch[best][1:] or by_epoch[best]))


def cured(evidence: Evidence) -> Answer:
    """The cures in order of their Frechet distance, beside none."""
    if evidence.budget == "quick":
        return Answer("cannot-tell", "94,000 steps take `budget=full`")
    plain = evidence.mean("few-ls", "fid")
    found = {name.removeprefix("cure-").removeprefix("few-ls-"): evidence.mean(name, "fid") for name in CURES}
    epoch, value = stopped(evidence, "few-ls")
    found[f"stopping at epoch {epoch}"] = value
    order = sorted(found, key=found.__getitem__)
    shown = ", ".join(f"{name} {found[name]:.4g}" for name in order)
    return Answer("holds" if found[order[0]] < 0.9 * plain else "does-not-hold", f"fid: none {plain:.4g}; {shown}")


CLAIMS: tuple[Claim, ...] = (
    Claim("clear-at-100", SOURCE, "After 100 epochs the digits are clear.",
          "Label accuracy of 10,000 generated digits, 0.95 or more.",
          ("ce-plain",), at_least("ce-plain", "label_accuracy", 0.95, 100)),
    Claim("worse-at-1000", SOURCE, "After 1000 epochs the digits are visibly worse than after 100.",
          "Frechet distance and label accuracy of one training after 100 and after 1000 epochs of 60,000 images.",
          ("long-ls",), worse_later("long-ls", 100, 1000), "训练至第1000轮时生成质量下降"),
    Claim("worse-with-few", SOURCE, "Over-fitting makes long trainings worse.",
          "94,000 steps on 6,000 images against 94,000 steps on 60,000; test images, memorisation included.",
          ("few-ls", "ls-plain", "few-ce", "few-ce-dropout"), longer_or_again, "过度训练可能导致模型性能退化"),
    Claim("log-is-cross-entropy", SOURCE, "Its log (D 0.0009 to 0.016, G 0.92 to 0.99) comes from cross-entropy.",
          "The losses of the last tenth of a training with either loss, discriminator first, without dropout.",
          ("few-ls", "few-ce", "ls-plain", "ce-plain"), log_fits),
    Claim("order", SOURCE, "That D steps first is a cause.", "D first against G first, least squares, without dropout.",
          ("ls-plain", "ls-g-first", "ce-plain", "ce-g-first"), better("ls-plain", "ls-g-first", "fid", "label_accuracy")),
    Claim("dropout", SOURCE, "A discriminator that is too strong is a cause: dropout helps.",
          "Dropout 0.4 in D against none, 94,000 steps on 6,000 images.",
          ("few-ls", "few-ls-dropout", "ls-plain", "ls-dropout", "ce-plain", "ce-dropout"), better("few-ls", "few-ls-dropout", "fid")),
    Claim("a-cure", SOURCE, "Lower rates, a simpler D or the like cure it.",
          "94,000 steps on 6,000 images with one cure at a time; the best is better by a tenth or more.",
          ("few-ls", *CURES), cured),
)  # fmt: skip
