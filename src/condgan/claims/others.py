"""The claims of the paper, of its re-implementation in PyTorch, and of the tutorial."""

from condgan.claims.claim import Answer, Claim
from condgan.claims.evidence import Evidence
from condgan.claims.judges import Judge, at_least, best_of, better, not_tested, not_worse
from condgan.claims.parzen import above_real, paper_level

PAPER, AGAIN, TUTORIAL = "paper", "re-implementation", "tutorial"
GROUPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "batch-size": ("the batch size", ("pa-batch-16", "pa-batch-128", "pa-batch-256")),
    "epochs": ("the number of epochs", ("pa-epochs-20",)),
    "learning-rate": ("the learning rate", ("pa-lr-1e-5", "pa-lr-3e-4", "pa-lr-1e-3")),
    "weight-decay": ("the weight decay", ("pa-decay-1e-4", "pa-decay-1e-2")),
    "n-critic": ("the steps of D for each of G", ("pa-critic-2", "pa-critic-5")),
    "norm": ("normalisation in G", ("pa-norm-batch", "pa-norm-layer", "pa-norm-instance", "pa-norm-group")),
    "loss": ("the loss", ("pa-loss-mse",)),
    "activation": ("the activation", ("pa-act-relu", "pa-act-prelu", "pa-act-elu", "pa-act-silu", "pa-act-gelu")),
    "optimiser": ("the optimiser", ("pa-opt-adamw", "pa-opt-adamax", "pa-opt-radam")),
    "noise": ("the distribution of the noise", ("pa-noise-uniform", "pa-noise-laplace", "pa-noise-correlated")),
    "other-changes": ("the size of z, the depth, or D's rate", ("pa-z-10", "pa-z-400", "pa-shallow", "pa-d-rate-half")),
}  # fmt: skip
"""The tables of the re-implementation: what is changed, and to what."""


def matters(arms: tuple[str, ...]) -> Judge:
    """Whether some change of one thing is better than ``pa``, beyond chance among all that were tried."""

    def answer(evidence: Evidence) -> Answer:
        from condgan.experiments.differences import Sample, judge

        base = Sample(evidence.values("pa", "fid"))
        pairs = {arm: (base, Sample(evidence.values(arm, "fid"))) for arm in arms}
        found = judge(pairs, dict.fromkeys(pairs, "lower"))
        shown = ", ".join(f"{arm.removeprefix('pa-')} {one.b.mean:.4g} ({one.verdict})" for arm, one in found.items())
        figure = f"fid: as it is {base.mean:.4g} (n {base.n}), {shown}"
        if any(one.verdict == "better" for one in found.values()):
            return Answer("holds", figure)
        if any(one.verdict in ("cannot-know", "not-distinguishable") for one in found.values()):
            return Answer("cannot-tell", figure)
        return Answer("does-not-hold", figure)

    return answer


EVERY = tuple(arm for _, arms in GROUPS.values() for arm in arms)
NO_DATA = (
    "its second experiment needs image features and user tags of MIR Flickr 25,000, which are not here; on a made-up set "
    "(docs/vectors.md) the first generated tag is right for 0.59 of the images (nearest images 0.68, most usual word 0.36), "
    "and ten have a recall of 0.26 (0.78, 0.39)"
)

CLAIMS: tuple[Claim, ...] = (
    Claim("parzen-132", PAPER, "Its conditional nets reach a Parzen log-likelihood of 132 +- 1.8 nats.",
          "1000 samples of each class after the recipe's epochs, the width by validation; within 20 nats.",
          ("paper",), paper_level),
    Claim("parzen-283", PAPER, "A Parzen log-likelihood of 283 (a later CGAN) is better than 225, as more is better.",
          "Real training images under the same protocol, and the centres of k-means of training images, which are no digits' model.",
          (), above_real),
    Claim("tagging", PAPER, "Conditioned on image features, its nets generate tags.", "Its own data.", (), not_tested(NO_DATA)),
    Claim("re-implementation-learns", AGAIN, "Its nets draw the digits that they are asked for.",
          "Label accuracy after 50 epochs, 0.9 or more.", ("pa-long",), at_least("pa-long", "label_accuracy", 0.9, 50)),
    Claim("one-hot", AGAIN, "One-hot labels and a sigmoid are as good as an embedding and tanh.",
          "Both in its nets, 5 epochs: as good but for a tenth of the distance.", ("pa-embedding", "pa"), not_worse("pa-embedding", "pa", "fid", 0.1)),
    *(Claim(name, AGAIN, f"To change {what} improves the pictures.", "One at a time, 5 epochs, against the recipe as it is.",
            ("pa", *arms), matters(arms)) for name, (what, arms) in GROUPS.items()),
    Claim("bn-prelu-adamw", AGAIN, "BatchNorm, PReLU and AdamW together are the best.",
          "The combination against each single change, 5 epochs: the best Frechet distance.",
          ("pa-last", "pa", *EVERY), best_of("pa-last", ("pa", *EVERY), "fid")),
    Claim("tutorial-quality", TUTORIAL, "Its unconditional net draws all digits after training.",
          "Digits that occur among the images after 100 epochs: all ten.", ("tutorial",), at_least("tutorial", "modes", 10, 100)),
    Claim("minibatch-discrimination", TUTORIAL, "Mini-batch discrimination helps against mode collapse.",
          "At equal time: recall, and how far the digits' frequencies are from real ones.",
          ("tutorial-short", "tutorial-minibatch"), better("tutorial-short", "tutorial-minibatch", "recall", "modes_kl")),
    Claim("non-saturating", TUTORIAL, "The non-saturating loss helps against mode collapse.",
          "At equal time against the saturating one: recall, and the digits' frequencies.",
          ("tutorial-saturating", "tutorial-short"), better("tutorial-saturating", "tutorial-short", "recall", "modes_kl")),
    Claim("spectral-norm", TUTORIAL, "Spectral normalisation helps against instability.", "At equal time: Frechet distance.",
          ("tutorial-short", "tutorial-spectral"), better("tutorial-short", "tutorial-spectral", "fid")),
    Claim("growing", TUTORIAL, "Progressive growing helps against instability.",
          "Its net with convolutions, at equal time: from 7 by way of 14 to 28 px against 28 px from the start; Frechet distance.",
          ("convolutions-plain", "convolutions-growing"), better("convolutions-plain", "convolutions-growing", "fid")),
    Claim("convolutions-save-time", TUTORIAL, "Convolutions help against long training.", "At equal time: Frechet distance.",
          ("tutorial-short", "convolutions"), better("tutorial-short", "convolutions", "fid")),
    Claim("labels-save-time", TUTORIAL, "Conditional GANs help against long training.",
          "cgan-lsgan against the tutorial's net, at equal time: Frechet distance.",
          ("tutorial-short", "eps-0.8"), better("tutorial-short", "eps-0.8", "fid")),
    Claim("evaluation-by-people", TUTORIAL, "Images are best judged by people as well.", "A survey.", (),
          not_tested("it takes people")),
)  # fmt: skip
