"""Which choices do not go together, and why: one table over whole recipes, one over a recipe and its data."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from condgan.recipe.losses import boundary, facts, names, zero

if TYPE_CHECKING:
    from condgan.recipe import Domain, Recipe

CONVOLUTIONAL = ("dcgan", "residual")
FALLING = ("linear", "cosine")


def penalised(recipe: "Recipe") -> bool:
    """Whether any gradient penalty is on."""
    penalty = recipe.penalty
    return any((penalty.wgan_gp, penalty.zero_centred, penalty.dragan, penalty.r1, penalty.r2))


def bounded(recipe: "Recipe") -> bool:
    """Whether something keeps the discriminator's slope finite."""
    return penalised(recipe) or recipe.discriminator.spectral or recipe.optim.d.clip_weights is not None


def smoothed(recipe: "Recipe") -> bool:
    """Whether the discriminator's targets are not 1 and 0."""
    return (recipe.loss.real_target, recipe.loss.fake_target, recipe.loss.flip) != (1, 0, 0)


RULES: tuple[tuple[Callable[["Recipe"], bool], str], ...] = (
    (
        lambda r: (r.generator.condition == "none") != (r.discriminator.condition == "none"),
        "generator.condition={r.generator.condition} and discriminator.condition={r.discriminator.condition}: either "
        "both networks see the condition or neither does",
    ),
    (
        lambda r: r.train.fakes == "shared" and r.train.critic_steps > 1 and r.train.order == "g-first",
        "shared fakes with g-first allow one discriminator step: train.critic_steps=1 or train.fakes=fresh",
    ),
    (
        lambda r: r.train.judge == "once" and (r.train.order, r.train.fakes) != ("g-first", "shared"),
        "train.judge=once is for generated images that both networks meet as they are before their steps: "
        "train.order=g-first and train.fakes=shared",
    ),
    (
        lambda r: r.train.fakes == "shared" and r.train.generator_batch == "full",
        "train.generator_batch=full needs train.fakes=fresh",
    ),
    (
        lambda r: r.train.fake_labels == "real" and r.train.generator_batch == "full",
        "train.fake_labels=real needs train.generator_batch=real: a ragged batch has no labels to spare",
    ),
    (
        lambda r: facts(r.loss).relativistic and r.train.generator_batch == "full",
        "a relativistic loss holds as many real images against the generated ones: train.generator_batch=real",
    ),
    (
        lambda r: not facts(r.loss).targets and smoothed(r),
        "loss.real_target, fake_target and flip need a loss with targets, and loss.name={r.loss.name} has none: "
        + names(lambda row: row.targets),
    ),
    (
        lambda r: r.loss.real_target <= r.loss.fake_target,
        "loss.real_target={r.loss.real_target:g} must be above loss.fake_target={r.loss.fake_target:g}, or the "
        "discriminator learns nothing",
    ),
    (
        lambda r: r.loss.flip >= 0.5,
        "loss.flip={r.loss.flip:g} must be below 0.5, or the discriminator learns the opposite",
    ),
    (
        lambda r: facts(r.loss).bounds is None and not bounded(r),
        "loss.name={r.loss.name} needs a critic of bounded slope: penalty.wgan_gp=10, discriminator.spectral=true or "
        "optim.d.clip_weights=0.01",
    ),
    (
        lambda r: penalised(r) and (r.discriminator.norm == "batch" or r.discriminator.minibatch == "discrimination"),
        "a gradient penalty is of one image, and batch norm and minibatch discrimination couple the images of a batch: "
        "discriminator.norm=layer, discriminator.minibatch=stddev",
    ),
    (
        lambda r: r.discriminator.spectral and r.optim.d.clip_weights is not None,
        "discriminator.spectral=true rescales the weights, so that optim.d.clip_weights does nothing: choose one",
    ),
    (
        lambda r: r.generator.spectral and r.optim.g.clip_weights is not None,
        "generator.spectral=true rescales the weights, so that optim.g.clip_weights does nothing: choose one",
    ),
    (
        lambda r: r.augment.target is not None and not r.augment.policy,
        "augment.target adapts the probability of augment.policy, which is none: name one, or augment.target=none",
    ),
    (
        lambda r: r.augment.target is not None and boundary(r.loss) != 0,
        "augment.target reads the sign of the logits of real images, which says nothing under loss.name={r.loss.name}: "
        + names(lambda row: row.boundary is zero),
    ),
    (
        lambda r: r.train.ema_warmup and r.train.ema is None,
        "train.ema_warmup needs an average: train.ema=0.999, or train.ema_warmup=false",
    ),
    (
        lambda r: any(o.schedule_from and o.schedule not in FALLING for o in (r.optim.g, r.optim.d)),
        "schedule_from is when a falling rate begins to fall: schedule=linear or cosine",
    ),
    (
        lambda r: r.growing.images is not None and not convolutional(r),
        "growing.images needs convolutional networks: generator.network and discriminator.network dcgan or residual",
    ),
    (
        lambda r: r.growing.images is not None and not all(n.full_resolution for n in (r.generator, r.discriminator)),
        "growing.images ends with layers at the image's own resolution: full_resolution=true",
    ),
    (
        lambda r: r.discriminator.features is not None and r.discriminator.network not in CONVOLUTIONAL,
        "discriminator.features is for convolutional networks: discriminator.network=dcgan or residual",
    ),
    (
        lambda r: any(n.attention and n.network not in CONVOLUTIONAL for n in (r.generator, r.discriminator)),
        "attention needs a convolutional network: network=dcgan or residual",
    ),
    (
        lambda r: r.generator.output == "linear" and (r.generator.network != "mlp" or r.discriminator.network != "mlp"),
        "generator.output=linear makes vectors, which are no images: generator.network and discriminator.network mlp",
    ),
    (
        lambda r: r.generator.output == "linear" and bool(r.augment.policy),
        "augment.policy changes images, and generator.output=linear makes vectors: augment.policy=none",
    ),
    (
        lambda r: r.watermark.key is not None and r.generator.output == "linear",
        "watermark.key marks images, and generator.output=linear makes vectors: watermark.key=none",
    ),
    (
        lambda r: r.watermark.key is None and r.watermark.fingerprint is not None,
        "watermark.fingerprint names a key, and none is given: watermark.key=FILE",
    ),
)  # fmt: skip
"""What must not be, and the reason, formatted with the recipe ``r`` (and below, the domain ``d``)."""


def convolutional(recipe: "Recipe") -> bool:
    """Whether both networks are."""
    return all(network.network in CONVOLUTIONAL for network in (recipe.generator, recipe.discriminator))


def broken(recipe: "Recipe") -> str | None:
    """The reason why the choices of a recipe do not go together; none if they do."""
    return next((reason.format(r=recipe) for forbidden, reason in RULES if forbidden(recipe)), None)


DATA_RULES: tuple[tuple[Callable[["Recipe", "Domain"], bool], str], ...] = (
    (
        lambda r, d: d.condition is not None and "one-hot" in (r.generator.condition, r.discriminator.condition),
        "condition=one-hot is for classes, and this data has vector conditions: condition=vector or embedding",
    ),
    (
        lambda r, d: d.condition is None and "vector" in (r.generator.condition, r.discriminator.condition),
        "condition=vector is for vector conditions, and this data has classes: condition=one-hot or embedding",
    ),
    (
        lambda r, d: d.condition is not None and r.discriminator.condition == "auxiliary",
        "discriminator.condition=auxiliary reads classes, and this data has vector conditions: projection or vector",
    ),
    (
        lambda r, d: (d.vector is not None) != (r.generator.output == "linear"),
        "generator.output=linear makes vectors, tanh and sigmoid make images: choose what the data are",
    ),
    (
        lambda r, d: d.vector is not None and not (r.generator.network == r.discriminator.network == "mlp"),
        "this data are vectors, which are no images: generator.network and discriminator.network mlp",
    ),
)
"""The same of a recipe and what it is trained on."""


def unfit(recipe: "Recipe", domain: "Domain") -> str | None:
    """The reason why a recipe does not go with its data; none if it does."""
    return next(
        (reason.format(r=recipe, d=domain) for forbidden, reason in DATA_RULES if forbidden(recipe, domain)), None
    )
