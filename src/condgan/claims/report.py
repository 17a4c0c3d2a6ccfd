"""The claims of the least-squares report, and choices that its public code makes."""

from condgan.claims import hundred
from condgan.claims.claim import Answer, Claim
from condgan.claims.evidence import Evidence
from condgan.claims.judges import Judge, at_least, better, not_worse

SOURCE = "least-squares"


def two_phases(evidence: Evidence) -> Answer:
    """Losses in the first 40 of 101 epochs, and at the end."""
    last = evidence.last("report")
    early = {name: evidence.logged("report", name, 1, min(40, last)) for name in ("d_loss", "g_loss")}
    late = {name: evidence.logged("report", name, 0.9 * last, last) for name in early}
    figure = (
        f"epochs 1 to {min(40, last)}: D {early['d_loss']:.3g}, G {early['g_loss']:.3g}; the last tenth of {last}: "
        f"D {late['d_loss']:.3g}, G {late['g_loss']:.3g}"
    )
    if evidence.budget == "quick":
        return Answer("cannot-tell", figure)
    first = abs(early["d_loss"] - 0.2) < 0.05 and abs(early["g_loss"] - 0.5) < 0.1
    then = late["d_loss"] < early["d_loss"] and late["g_loss"] > early["g_loss"]
    return Answer("holds" if first and then else "does-not-hold", figure)


def losses_tell_nothing(evidence: Evidence) -> Answer:
    """Whether the distance falls while the generator's loss rises."""
    if evidence.budget == "quick":
        return Answer("cannot-tell", "101 epochs take `budget=full`")
    fid = {epoch: evidence.mean("report", "fid", epoch) for epoch in (10, 50, 100)}
    loss = {epoch: evidence.logged("report", "g_loss", epoch - 1, epoch + 1) for epoch in fid}
    figure = ", ".join(f"epoch {epoch}: fid {fid[epoch]:.4g}, G loss {loss[epoch]:.3g}" for epoch in fid)
    return Answer("holds" if fid[100] < fid[10] and loss[100] > loss[10] else "does-not-hold", figure)


def accuracy_rises(evidence: Evidence) -> Answer:
    """The discriminator's accuracy early and late."""
    last = evidence.last("report")
    early, late = (
        evidence.logged("report", "d_accuracy", 0, 0.2 * last),
        evidence.logged("report", "d_accuracy", 0.8 * last, last),
    )
    figure = f"D right on {early:.1%} of images in the first fifth of {last} epochs, on {late:.1%} in the last"
    if evidence.budget == "quick":
        return Answer("cannot-tell", figure)
    return Answer("holds" if late > early + 0.01 else "does-not-hold", figure)


def balances(arms: tuple[str, ...], pictures: bool) -> Judge:
    """Whether arms have a lower loss of G than ``report``, or better pictures: all that were trained must."""

    def answer(evidence: Evidence) -> Answer:
        last = evidence.last("report")
        every = ("report", *arms)
        if pictures:
            found = {arm: evidence.mean(arm, "fid") for arm in every}
            shown = ", ".join(f"{arm} {value:.4g}" for arm, value in found.items())
            better_ones = [arm for arm in arms if found[arm] < 0.9 * found["report"]]
            figure = f"fid after {last} epochs: {shown}"
        else:
            found = {arm: evidence.logged(arm, "g_loss", 0.9 * last, last) for arm in every}
            shown = ", ".join(f"{arm} {value:.3g}" for arm, value in found.items())
            better_ones = [arm for arm in arms if found[arm] < found["report"]]
            figure = f"G loss in the last tenth of {last} epochs: {shown}"
        if evidence.budget == "quick":
            return Answer("cannot-tell", figure)
        return Answer("holds" if len(better_ones) == len(arms) else "does-not-hold", figure)

    return answer


SMALLER, SLOWER = ("report-d-256", "report-d-128"), ("report-d-1e-4", "report-d-5e-5")
FEW_SMALLER, FEW_SLOWER = SMALLER[-1:], SLOWER[-1:]

CLAIMS: tuple[Claim, ...] = (
    Claim("two-phases", SOURCE, "For 40 epochs D's loss is near 0.2 and G's near 0.5; then D's falls and G's rises.",
          "The losses of its program's setup, 32 px, 101 epochs, no dropout.", ("report",), two_phases),
    Claim("fid-100", SOURCE, "FID falls to about 100 by epoch 100, close to real.",
          "Jittor's own Inception-v3, 100 test images against 100 generated ones: it falls to 75 to 125, at most twice the "
          "distance of 100 other test images.", ("report",), hundred.answer),
    Claim("losses-and-quality", SOURCE, "Quality rises while G's loss rises: losses do not show quality.",
          "Frechet distance in the space of MNIST on test images, and G's loss, at epochs 10, 50 and 100.",
          ("report",), losses_tell_nothing),
    Claim("d-accuracy", SOURCE, "The accuracy of D rises too.", "The share of images that D judges rightly, by epoch.",
          ("report",), accuracy_rises),
    Claim("recognisable", SOURCE, "The digits are highly recognisable.", "Label accuracy of generated digits, 0.95 or more.",
          ("report",), at_least("report", "label_accuracy", 0.95, 100)),
    Claim("simpler-d-balances", SOURCE, "A simpler discriminator keeps the losses in balance.",
          "D of 256-256 and of 128 against 512-512-512: G's loss at the end.",
          ("report", *SMALLER), balances(FEW_SMALLER, False)),
    Claim("simpler-d-improves", SOURCE, "A simpler discriminator improves the pictures.",
          "The same: Frechet distance, a tenth better.", ("report", *SMALLER), balances(FEW_SMALLER, True)),
    Claim("slower-d-balances", SOURCE, "A lower rate of the discriminator keeps the losses in balance.",
          "D's rate of 1e-4 and 5e-5 against 2e-4: G's loss at the end.", ("report", *SLOWER), balances(FEW_SLOWER, False)),
    Claim("slower-d-improves", SOURCE, "A lower rate of the discriminator improves the pictures.",
          "The same: Frechet distance, a tenth better.", ("report", *SLOWER), balances(FEW_SLOWER, True)),
    Claim("mlp-suffices", SOURCE, "Fully connected layers suffice, because the images are small.",
          "cgan-lsgan against mnist-fast, whose epochs fit the same time; as good but for a tenth of the distance.",
          ("convolutions", "eps-0.8"), not_worse("convolutions", "eps-0.8", "fid", 0.1)),
    Claim("norm-eps", SOURCE, "BatchNorm(n, 0.8), where 0.8 is the eps, is as good as an eps of 1e-5.",
          "Both in cgan-lsgan, 5 epochs.", ("eps-1e-5", "eps-0.8"), not_worse("eps-1e-5", "eps-0.8", "fid", 0.1)),
    Claim("uniform-noise", SOURCE, "Uniform noise is as good as normal noise.", "Both in cgan-lsgan, 5 epochs.",
          ("eps-0.8", "uniform"), not_worse("eps-0.8", "uniform", "fid", 0.1)),
    Claim("size", SOURCE, "32 pixels are better than MNIST's own 28.", "Both in cgan-lsgan, 5 epochs, measured at 28 px.",
          ("eps-0.8", "size-32"), better("eps-0.8", "size-32", "fid")),
)  # fmt: skip
