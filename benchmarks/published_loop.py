"""What condgan is compared with: a conditional GAN on MNIST, trained in the manner of the published scripts.

The setup is that of the recipe cgan-lsgan (the label-embedding CGAN of JGAN and PyTorch-GAN), or any other networks and
losses; the lines are condgan's own. Kept as those scripts have it: each image is a PIL image that is resized and
converted whenever it is asked for, a DataLoader in the training process, noise and labels from numpy, Adam as torch
makes it by default, a backward pass of the generator's loss through all weights of the discriminator, and both losses
printed for every batch. The conversion of an image is written with fewer calls than torchvision's, which favours this
loop.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TextIO

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

CLASSES = 10
LATENT = 100
GENERATOR_WIDTHS = (128, 256, 512, 1024)
DISCRIMINATOR_WIDTH = 512
SLOPE = 0.2
EPS = 0.8  # of BatchNorm, as in the public code


class Digits(Dataset[tuple[Tensor, int]]):
    """Grey images (N, H, W) uint8, each resized and scaled to [-1, 1] whenever it is asked for."""

    def __init__(self, images: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64], size: int) -> None:
        self.images, self.labels, self.size = images, labels, size

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        picture = Image.fromarray(self.images[index]).resize((self.size, self.size), Image.Resampling.BILINEAR)
        pixels = torch.from_numpy(np.array(picture)).unsqueeze(0).float().div(255)  # (1, S, S)
        return pixels.sub(0.5).div(0.5), int(self.labels[index])


class Generator(nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.shape = (1, size, size)
        self.embedding = nn.Embedding(CLASSES, CLASSES)
        first, *others = GENERATOR_WIDTHS
        layers: list[nn.Module] = [nn.Linear(LATENT + CLASSES, first), nn.LeakyReLU(SLOPE, inplace=True)]
        width = first
        for units in others:
            layers += [nn.Linear(width, units), nn.BatchNorm1d(units, EPS), nn.LeakyReLU(SLOPE, inplace=True)]
            width = units
        self.layers = nn.Sequential(*layers, nn.Linear(width, size * size), nn.Tanh())

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        pixels: Tensor = self.layers(torch.cat((self.embedding(labels), noise), -1))
        return pixels.view(len(pixels), *self.shape)


class Discriminator(nn.Module):
    def __init__(self, size: int, dropout: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(CLASSES, CLASSES)
        width = DISCRIMINATOR_WIDTH
        self.layers = nn.Sequential(
            nn.Linear(size * size + CLASSES, width),
            nn.LeakyReLU(SLOPE, inplace=True),
            nn.Linear(width, width),
            nn.Dropout(dropout),
            nn.LeakyReLU(SLOPE, inplace=True),
            nn.Linear(width, width),
            nn.Dropout(dropout),
            nn.LeakyReLU(SLOPE, inplace=True),
            nn.Linear(width, 1),
        )

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        scores: Tensor = self.layers(torch.cat((images.view(len(images), -1), self.embedding(labels)), -1))
        return scores


Given = tuple[Tensor, Tensor]  # a batch: images (N, C, S, S) and labels (N,)


@dataclass(frozen=True)
class Setup:
    """Both networks, and their losses of the real and the generated batch."""

    generator: nn.Module
    """Takes noise (N, dim) and labels."""
    discriminator: nn.Module
    g_loss: Callable[[Given, Given], Tensor]
    d_loss: Callable[[Given, Given], Tensor]
    latent: int = LATENT


def published(size: int, dropout: float) -> Setup:
    """The setup of JGAN and PyTorch-GAN: MLPs and least squares."""
    generator, discriminator, criterion = Generator(size), Discriminator(size, dropout), nn.MSELoss()

    def score(batch: Given, target: float) -> Tensor:
        loss: Tensor = criterion(
            discriminator(*batch), torch.full((len(batch[0]), 1), float(target), device=batch[0].device)
        )
        return loss

    return Setup(
        generator,
        discriminator,
        g_loss=lambda real, fake: score(fake, 1),
        d_loss=lambda real, fake: (score(real, 1) + score(fake, 0)) / 2,
    )


class PublishedLoop:
    """The loop, stopped and continued between batches, so that it can take turns with something else."""

    def __init__(
        self,
        setup: Setup,
        images: npt.NDArray[np.uint8],
        labels: npt.NDArray[np.int64],
        *,
        size: int,
        batch: int,
        sink: TextIO,
        device: str = "cpu",
    ) -> None:
        self.device = device
        setup.generator.to(device)
        setup.discriminator.to(device)
        self.setup, self.sink, self.classes = setup, sink, int(labels.max()) + 1
        self.optimiser_g = torch.optim.Adam(setup.generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
        self.optimiser_d = torch.optim.Adam(setup.discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
        self.loader = DataLoader(Digits(images, labels, size), batch_size=batch, shuffle=True, num_workers=0)
        self.batches = self._forever()

    def run(self, steps: int) -> None:
        """Train for so many batches, by torch's default algorithms, whatever else this process asks of it."""
        deterministic = torch.are_deterministic_algorithms_enabled()
        torch.use_deterministic_algorithms(False)
        for _ in range(steps):
            next(self.batches)
        torch.use_deterministic_algorithms(deterministic)

    def parameters(self) -> int:
        """Trained numbers in both networks."""
        networks = self.setup.generator, self.setup.discriminator
        return sum(p.numel() for network in networks for p in network.parameters())

    def _forever(self) -> Iterator[None]:
        epoch = 0
        while True:
            for number, (real, labels) in enumerate(self.loader):
                d_loss, g_loss = self._batch(real, labels)
                progress = f"[Epoch {epoch}] [Batch {number}/{len(self.loader)}]"
                print(f"{progress} [D loss: {d_loss.item():f}] [G loss: {g_loss.item():f}]", file=self.sink)
                yield
            epoch += 1

    def _batch(self, real: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        noise = torch.tensor(np.random.normal(0, 1, (len(real), self.setup.latent)), dtype=torch.float32)
        asked = torch.tensor(np.random.randint(0, self.classes, len(real)))
        real, labels, noise, asked = (tensor.to(self.device) for tensor in (real, labels, noise, asked))

        self.optimiser_g.zero_grad()
        generated = self.setup.generator(noise, asked)
        g_loss = self.setup.g_loss((real, labels), (generated, asked))
        g_loss.backward()
        self.optimiser_g.step()

        self.optimiser_d.zero_grad()
        d_loss = self.setup.d_loss((real, labels), (generated.detach(), asked))
        d_loss.backward()
        self.optimiser_d.step()
        return d_loss, g_loss
