"""The recipe: a frozen, typed description of a whole experiment."""

from condgan.recipe.domain import Domain
from condgan.recipe.fields import Device, Precision, Section, Threads
from condgan.recipe.networks import Discriminator, Generator, Latent, Network
from condgan.recipe.recipe import Data, Evaluation, Machine, Output, Recipe
from condgan.recipe.training import Augment, Growing, Loss, Optim, Optimiser, Penalty, Train

__all__ = [
    "Augment", "Data", "Device", "Discriminator", "Domain", "Evaluation", "Generator", "Growing", "Latent", "Loss",
    "Machine", "Network", "Optim", "Optimiser", "Output", "Penalty", "Precision", "Recipe", "Section", "Threads",
    "Train", "builtin", "fingerprint", "losses", "rules", "suited", "text",
]  # fmt: skip
