"""What papers and libraries call the values of a recipe's fields, where that is another name: for suggestions alone."""

CALLED = {
    # losses
    "ns": "bce", "nsgan": "bce", "non-saturating": "bce", "vanilla": "bce", "gan": "bce", "cross-entropy": "bce",
    "bceloss": "bce", "bcewithlogits": "bce", "mm": "minimax", "mmgan": "minimax", "saturating": "minimax",
    "lsgan": "least-squares", "ls": "least-squares", "mse": "least-squares", "mseloss": "least-squares",
    "l2": "least-squares", "wgan": "wasserstein", "wgan-gp": "wasserstein", "wgangp": "wasserstein",
    "earth-mover": "wasserstein", "softplus": "logistic", "rgan": "relativistic", "rsgan": "relativistic",
    "rpgan": "relativistic", "r3gan": "relativistic", "ragan": "relativistic-average",
    "rasgan": "relativistic-average",
    # networks and their parts
    "dense": "mlp", "fc": "mlp", "linear-layers": "mlp", "cnn": "dcgan", "conv": "dcgan", "convolutional": "dcgan",
    "resnet": "residual", "lrelu": "leaky-relu", "leakyrelu": "leaky-relu", "swish": "silu",
    "batchnorm": "batch", "bn": "batch", "layernorm": "layer", "instancenorm": "instance", "groupnorm": "group",
    # conditions
    "onehot": "one-hot", "embed": "embedding", "acgan": "auxiliary", "ac-gan": "auxiliary", "cbn": "norm",
    "conditional-batch-norm": "norm", "unconditional": "none",
    # noise
    "gaussian": "normal", "sphere": "hypersphere",
    # optimisers and schedules
    "momentum": "sgd", "cosine-annealing": "cosine",
}  # fmt: skip
