"""The built-in recipes: one aligned table, each with its source. What differs between them is visible by eye."""

import shlex
from collections.abc import Iterable
from os import PathLike, fspath, sep
from pathlib import Path

from condgan import arguments
from condgan.errors import CondganError, nearest
from condgan.recipe import Augment, Data, Discriminator, Evaluation, Generator, Latent, Loss, Optim, Optimiser, Output, Penalty, Recipe, Train
from condgan.recipe.text import differences, override, read

ALL = Data(train_on="auto")
ALL_AT_32 = Data(train_on="auto", size=32)
ADAM = Optimiser(name="adam", lr=2e-4, betas=(0.5, 0.999))
PLAIN_ADAM = Optimiser(name="adam", lr=1e-4, betas=(0.9, 0.999))
ADAMW = Optimiser(name="adamw", lr=1e-4, betas=(0.9, 0.999), weight_decay=0.01)
PAPER_SGD = Optimiser(name="sgd", lr=0.1, schedule="exponential", decay=1.00004, lr_floor=1e-6, momentum=0.5, momentum_end=0.7, momentum_epochs=250)

FAMILY_G = Generator(hidden=(128, 256, 512, 1024), norm="batch", norm_eps=0.8, plain_first=True)
FAMILY_D = Discriminator(hidden=(512, 512, 512), dropout=0.4, plain_first=True)
FAMILY_NOTES = (
    "BatchNorm eps is 0.8, as in the public code, which took it for a momentum; generator.norm_eps=1e-5 is the repaired variant",
    "pictures are made in eval mode (running statistics), so that each depends on its own latent alone; the public code samples in train mode",
)
EVERY_1000_BATCHES = Output(grid_every=63_968)  # 938 batches of an epoch and 62 of the next

# Found here, by figures on validation images
OWN_G = Generator(network="dcgan", width=16, depth=2, full_resolution=False, activation="gelu", norm="batch")
OWN_D = Discriminator(network="dcgan", width=16, depth=2, full_resolution=False, activation="gelu", norm="group", features=128, minibatch="stddev", condition="projection")
OWN_ADAM = Optimiser(name="adam", lr=1e-3, betas=(0.0, 0.99), schedule="linear", schedule_from=0.5)
OWN_TRAIN = Train(batch=64, epochs=60, order="g-first", fakes="shared", fake_labels="real", ema=0.999, ema_warmup=True, precision="bf16")

TABLE = (
    Recipe(
        name="cgan-lsgan", source="JGAN and PyTorch-GAN cgan (label embedding, least squares)",
        data=ALL, generator=FAMILY_G,
        discriminator=FAMILY_D,
        loss=Loss(name="least-squares", halved=True), optim=Optim(g=ADAM, d=ADAM),
        train=Train(batch=64, epochs=100, order="g-first", fakes="shared"), output=EVERY_1000_BATCHES,
        notes=("28 px as in the reports' text; data.size=32 is the public code's default", "PyTorch-GAN trains 200 epochs", *FAMILY_NOTES),
    ),
    Recipe(
        name="cgan-lsgan-jgan", source="JGAN cgan as it really ran in Jittor, where Dropout is inactive until .train() is called",
        data=ALL_AT_32, generator=FAMILY_G,
        discriminator=FAMILY_D.model_copy(update={"dropout": 0.0}),
        loss=Loss(name="least-squares", halved=True), optim=Optim(g=ADAM, d=ADAM),
        train=Train(batch=64, epochs=100, order="g-first", fakes="shared"), output=EVERY_1000_BATCHES,
        notes=("as cgan-lsgan, with discriminator dropout 0, at the public code's 32 px", *FAMILY_NOTES),
    ),
    Recipe(
        name="cgan-bce", source="CGAN_jittor (gitlink.org.cn/Men1scus/CGAN_jittor), a Jittor report: cross-entropy, discriminator first",
        data=ALL, generator=FAMILY_G,
        discriminator=FAMILY_D,
        loss=Loss(name="bce", halved=True), optim=Optim(g=ADAM, d=ADAM),
        train=Train(batch=64, epochs=100, order="d-first", fakes="shared"), output=EVERY_1000_BATCHES,
        notes=("layers, optimiser and the halved discriminator loss are not given: those of cgan-lsgan", "chosen here: both networks step on the same fakes", "if it is the public code, it ran at 32 px (data.size=32) and without active dropout (discriminator.dropout=0)", *FAMILY_NOTES),
    ),
    Recipe(
        name="cgan-paper", source="Mirza & Osindero 2014, arXiv:1411.1784 (first experiment)",
        data=ALL, generator=Generator(hidden=(1200,), branches=(200, 1000), condition="one-hot", activation="relu", dropout=0.5, output="sigmoid"),
        discriminator=Discriminator(hidden=(240,), branches=(240, 50), condition="one-hot", activation="maxout", pieces=(5, 5, 4), dropout=0.5),
        loss=Loss(name="bce"), optim=Optim(g=PAPER_SGD, d=PAPER_SGD), latent=Latent(distribution="uniform"),
        train=Train(batch=100, epochs=100, order="d-first", fakes="fresh"),
        notes=(
            "chosen here: momentum rises linearly over 250 epochs, 100 epochs, dropout after every hidden layer of both networks, torch's default initial weights, non-saturating generator loss",
            "the paper stops at the best Parzen log-likelihood on validation; this recipe runs its epochs",
        ),
    ),
    Recipe(
        name="cgan-paper-adam", source="a PyTorch re-implementation of Mirza & Osindero 2014",
        data=ALL, generator=Generator(hidden=(256, 512, 1024), condition="one-hot", output="sigmoid"),
        discriminator=Discriminator(hidden=(1024, 512, 256), condition="one-hot", dropout=0.3),
        loss=Loss(name="bce"), optim=Optim(g=PLAIN_ADAM, d=PLAIN_ADAM),
        train=Train(batch=32, epochs=50, order="d-first", fakes="fresh", generator_batch="full"), output=Output(log_every=1),
        notes=(
            "its text says uniform noise and its code draws normal: latent.distribution=uniform is the other",
            "hidden layers, batch, epochs and dropout are not given: those of a public notebook of 2018 with the same loop, which embeds labels and ends in tanh (generator.condition=embedding discriminator.condition=embedding generator.output=tanh)",
            "chosen here: critic_steps 1 (its n_critic)",
            "the logged discriminator loss is the mean over the critic's steps; its own log divides the last one by n_critic",
        ),
    ),
    Recipe(
        name="cgan-bn-prelu-adamw", source="the combination that the re-implementation tests last: BatchNorm + PReLU + AdamW",
        data=ALL, generator=Generator(hidden=(256, 512, 1024), condition="one-hot", activation="prelu", norm="batch", output="sigmoid"),
        discriminator=Discriminator(hidden=(1024, 512, 256), condition="one-hot", activation="prelu", dropout=0.3),
        loss=Loss(name="bce"), optim=Optim(g=ADAMW, d=ADAMW),
        train=Train(batch=32, epochs=50, order="d-first", fakes="fresh", generator_batch="full"), output=Output(log_every=1),
        notes=("as cgan-paper-adam with these three changes; chosen here: BatchNorm in the generator alone, weight decay 0.01 (the library's default)",),
    ),
    Recipe(
        name="gan-mlp", source="PyTorch GAN tutorial (unconditional MLP)",
        data=ALL, generator=Generator(hidden=(256, 512, 1024), condition="none", activation="relu"),
        discriminator=Discriminator(hidden=(1024, 512, 256), condition="none", dropout=0.3),
        loss=Loss(name="bce", halved=True), optim=Optim(g=ADAM, d=ADAM),
        train=Train(batch=64, epochs=100, order="g-first", fakes="shared"),
        notes=("chosen here: batch 64, 100 epochs",),
    ),
)

OWN = (
    Recipe(
        name="mnist", source="none: found here",
        generator=OWN_G, discriminator=OWN_D, latent=Latent(dim=64),
        loss=Loss(name="bce"), penalty=Penalty(r1=0.5, every=8), optim=Optim(g=OWN_ADAM, d=OWN_ADAM), train=OWN_TRAIN,
        notes=("trained on 50,000 images: it was chosen by the 10,000 validation images",),
    ),
    Recipe(
        name="mnist-fast", source="none: mnist, for minutes",
        generator=OWN_G.model_copy(update={"depth": 1}), discriminator=OWN_D.model_copy(update={"depth": 1}), latent=Latent(dim=64),
        loss=Loss(name="bce"), penalty=Penalty(r1=0.1, every=8), optim=Optim(g=OWN_ADAM, d=OWN_ADAM), train=OWN_TRAIN.model_copy(update={"epochs": 4}),
        notes=("as mnist, with half of the convolutions, a fifteenth of the epochs, and less R1, which costs speed",),
    ),
    Recipe(
        name="images", source="none: for labelled images of one's own",
        generator=OWN_G.model_copy(update={"depth": 1, "width": 24}), discriminator=OWN_D.model_copy(update={"depth": 1, "width": 24}), latent=Latent(dim=64),
        loss=Loss(name="bce"), penalty=Penalty(r1=0.5, every=8), optim=Optim(g=OWN_ADAM, d=OWN_ADAM), train=OWN_TRAIN.model_copy(update={"epochs": 100}),
        output=Output(grid_every=50_000), evaluation=Evaluation(every=100_000),
        notes=("mnist-fast, half as wide again; `condgan data PATH` suggests a size and a number of epochs",),
    ),
    Recipe(
        name="images-small", source="none: for fewer than 1000 labelled images of one's own",
        generator=OWN_G.model_copy(update={"depth": 1, "width": 24}), discriminator=OWN_D.model_copy(update={"depth": 1, "width": 24}), latent=Latent(dim=64),
        loss=Loss(name="bce"), penalty=Penalty(r1=0.5, every=8), augment=Augment(policy=("brightness", "translation", "cutout"), probability=0.0, target=0.6, adapt_images=100_000), optim=Optim(g=OWN_ADAM, d=OWN_ADAM),
        train=OWN_TRAIN.model_copy(update={"epochs": 500}), output=Output(grid_every=50_000), evaluation=Evaluation(every=100_000),
        notes=("images with adaptive augmentation (Karras et al. 2020), so that the discriminator does not learn the few images by heart",),
    ),
)
"""What condgan itself recommends, by its own measurements."""

RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in (*TABLE, *OWN)}
DEFAULT = "cgan-lsgan"


def names() -> tuple[str, ...]:
    """The names of the built-in recipes."""
    return tuple(RECIPES)


def get(name: str | PathLike[str], overrides: Iterable[str] = ()) -> Recipe:
    """A recipe with ``section.field=value`` overrides: a built-in one, or that of a JSON file.

    ``name`` is a path if it ends in ``.json`` or has a separator, and no recipe has this name.

    Raises:
        CondganError: unknown name, field or value; the file cannot be read or is no recipe.
    """
    name = name if isinstance(name, str) else fspath(arguments.path("recipe", name))
    if name in RECIPES:
        return override(RECIPES[name], overrides)
    if is_path(name):
        return override(read(Path(name)), overrides)
    raise CondganError(
        f'unknown recipe "{name}"{nearest(name, RECIPES)}: known are {", ".join(RECIPES)}, and any path of a .json file'
    )


def is_path(name: str) -> bool:
    """Whether a recipe is named by a path."""
    return name.endswith(".json") or sep in name


def is_name(word: str) -> bool:
    """Whether a word names a recipe, and is no override."""
    return "=" not in word or (is_path(word) and Path(word).is_file())


def command(recipe: Recipe, changes: Iterable[str] = ()) -> str:
    """The command that trains a run's recipe, on its data, with changes."""
    changes = tuple(changes)
    if recipe.name not in RECIPES:
        return f"train it with {' '.join(changes)}"
    left_out = {text.partition("=")[0] for text in changes}
    left_out |= {"machine.device", "machine.threads"}  # which describe the machine of the run
    own = [text for text in differences(recipe, RECIPES[recipe.name]) if text.partition("=")[0] not in left_out]
    return f"condgan train {shlex.join([recipe.name, *own, *changes])}"
