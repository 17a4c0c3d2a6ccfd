"""What a discriminator says of images it learnt from, of others, and of generated ones: `python docs/by_heart.py RUN`.

The run is of MNIST, or of the 6,000 images of `condgan reproduce`. Its last checkpoint judges 10,000 images each.
"""

import sys
from pathlib import Path

import numpy as np
import torch

from condgan import data as datasets
from condgan import engines
from condgan.arrays import Images, Labels
from condgan.generation.run import Run
from condgan.recipe import Data
from condgan.runs import checkpoint

MOST = 10_000
REAL = 0.5  # a score above it is nearer to real than to generated, where losses are least squares


def main(folder: Path) -> None:
    """Print a row for each kind of images."""
    run = Run(folder)
    saved = checkpoint.load(run.checkpoint())
    trained = datasets.load(saved.recipe.data).trained_on(saved.recipe.data)
    test = datasets.load(Data(source="mnist")).test
    engine = engines.load("torch").build(saved.recipe, saved.domain, trained, None)
    engine.load(saved.state)
    discriminator = engine.game.discriminator.eval()

    def scores(images: Images, labels: Labels) -> np.ndarray:
        with torch.no_grad():
            given = engine.output.read(torch.from_numpy(np.ascontiguousarray(images)))
            return np.asarray(discriminator(given, torch.from_numpy(labels)).logits)

    labels = np.arange(10).repeat(MOST // 10)
    generated = run.generator().sample_classes(labels, 0)
    print(f"| images, after {saved.step:,} steps | mean score | nearer to real |\n|---|---|---|")
    for name, images, of in (
        ("trained on", trained.images[:MOST], trained.labels[:MOST]),
        ("test images", test.images[:MOST], test.labels[:MOST]),
        ("generated", generated, labels),
    ):
        found = scores(images, of)
        print(f"| {name} | {found.mean():.3f} | {(found > REAL).mean():.1%} |")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
