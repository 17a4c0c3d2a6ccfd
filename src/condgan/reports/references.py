"""The papers that a report names: those of the recipe's loss and parts, and of its figures."""

from collections.abc import Collection

from condgan.recipe import Recipe

GAN = "Goodfellow et al. 2014. Generative Adversarial Nets. arXiv:1406.2661."
CGAN = "Mirza & Osindero 2014. Conditional Generative Adversarial Nets. arXiv:1411.1784."
LOSSES = {
    "least-squares": "Mao et al. 2017. Least Squares Generative Adversarial Networks. arXiv:1611.04076.",
    "hinge": "Lim & Ye 2017. Geometric GAN. arXiv:1705.02894.",
    "wasserstein": "Arjovsky et al. 2017. Wasserstein GAN. arXiv:1701.07875.",
    "logistic": "Mescheder et al. 2018. Which Training Methods for GANs do actually Converge? arXiv:1801.04406.",
    "relativistic": "Jolicoeur-Martineau 2018. The relativistic discriminator. arXiv:1807.00734.",
    "relativistic-average": "Jolicoeur-Martineau 2018. The relativistic discriminator. arXiv:1807.00734.",
}
PENALTIES = {
    "wgan_gp": "Gulrajani et al. 2017. Improved Training of Wasserstein GANs. arXiv:1704.00028.",
    "dragan": "Kodali et al. 2017. On Convergence and Stability of GANs. arXiv:1705.07215.",
    "zero_centred": "Thanh-Tung et al. 2019. Improving Generalization and Stability of GANs. arXiv:1902.03984.",
    "r1": "Mescheder et al. 2018. Which Training Methods for GANs do actually Converge? arXiv:1801.04406.",
    "r2": "Mescheder et al. 2018. Which Training Methods for GANs do actually Converge? arXiv:1801.04406.",
}
OPTIMISERS = {
    "adam": "Kingma & Ba 2014. Adam: A Method for Stochastic Optimization. arXiv:1412.6980.",
    "adamax": "Kingma & Ba 2014. Adam: A Method for Stochastic Optimization. arXiv:1412.6980.",
    "adamw": "Loshchilov & Hutter 2019. Decoupled Weight Decay Regularization. arXiv:1711.05101.",
    "radam": "Liu et al. 2019. On the Variance of the Adaptive Learning Rate and Beyond. arXiv:1908.03265.",
}
NORMS = {
    "batch": "Ioffe & Szegedy 2015. Batch Normalization. arXiv:1502.03167.",
    "layer": "Ba et al. 2016. Layer Normalization. arXiv:1607.06450.",
    "instance": "Ulyanov et al. 2016. Instance Normalization. arXiv:1607.08022.",
    "group": "Wu & He 2018. Group Normalization. arXiv:1803.08494.",
}
FIGURES = {
    "fid": "Heusel et al. 2017. GANs Trained by a Two Time-Scale Update Rule. arXiv:1706.08500.",
    "kid": "Bińkowski et al. 2018. Demystifying MMD GANs. arXiv:1801.01401.",
    "recall": "Kynkäänniemi et al. 2019. Improved Precision and Recall Metric. arXiv:1904.06991.",
    "coverage": "Naeem et al. 2020. Reliable Fidelity and Diversity Metrics. arXiv:2002.09797.",
    "gan_train": "Shmelkov et al. 2018. How good is my GAN? arXiv:1807.09499.",
    "c2st": "Lopez-Paz & Oquab 2017. Revisiting Classifier Two-Sample Tests. arXiv:1610.06545.",
    "parzen": "Theis et al. 2016. A note on the evaluation of generative models. arXiv:1511.01844.",
    "is": "Salimans et al. 2016. Improved Techniques for Training GANs. arXiv:1606.03498.",
}
CONDITIONS = {"projection": "Miyato & Koyama 2018. cGANs with Projection Discriminator. arXiv:1802.05637.",
              "auxiliary": "Odena et al. 2017. Auxiliary Classifier GANs. arXiv:1610.09585."}  # fmt: skip
BODIES = {"dcgan": "Radford et al. 2016. Deep Convolutional GANs. arXiv:1511.06434."}


def references(recipe: Recipe, metrics: Collection[str]) -> list[str]:
    """The papers behind a recipe and the figures that were measured, each once."""
    found = [GAN, *([CGAN] if recipe.conditional else []), LOSSES.get(recipe.loss.name)]
    found += [PENALTIES[name] for name in PENALTIES if getattr(recipe.penalty, name)]
    found += [
        BODIES.get(recipe.generator.network),
        NORMS.get(recipe.generator.norm),
        NORMS.get(recipe.discriminator.norm),
    ]
    found += [CONDITIONS.get(recipe.discriminator.condition), OPTIMISERS.get(recipe.optim.g.name)]
    found += [text for name, text in FIGURES.items() if name in metrics]
    return list(dict.fromkeys(one for one in found if one))
