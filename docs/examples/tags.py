"""Tags for images, as in the second experiment of the CGAN paper: ``python docs/examples/tags.py [FOLDER [SEED]]``.

A generator learns word vectors for the features of an image (Mirza & Osindero 2014, section 4.2). To tag an image, a
hundred vectors are sampled for its features; the words nearest to them are counted, and the ten most frequent ones are
its tags. The set is made up, so that what a tagger can reach is known: coloured shapes, and users who tag them.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import condgan

Floats = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]
Random = np.random.Generator

KINDS: dict[str, dict[str, tuple[str, ...]]] = {
    "colour": {"red": ("red", "crimson", "scarlet"), "green": ("green", "emerald", "leafy"),
               "blue": ("blue", "azure", "navy"), "yellow": ("yellow", "golden", "lemon"),
               "purple": ("purple", "violet", "mauve")},
    "shape": {"disc": ("disc", "round", "ball"), "square": ("square", "box", "block"),
              "triangle": ("triangle", "pyramid", "wedge"), "cross": ("cross", "plus", "star"),
              "ring": ("ring", "hoop", "loop"), "bar": ("bar", "line", "stripe")},
    "size": {"small": ("small", "little", "tiny"), "large": ("large", "big", "huge")},
    "place": {"left": ("left", "west"), "right": ("right", "east"),
              "top": ("top", "high"), "bottom": ("bottom", "low")},
    "ground": {"dark": ("dark", "night"), "light": ("light", "day")},
}  # fmt: skip
"""What is seen on an image -> its values -> the words for each, the usual one first."""
LOOSE = ("photo", "new", "nice", "mine")
"""Words that users add whatever an image shows."""
WORDS = tuple(word for values in KINDS.values() for words in values.values() for word in words) + LOOSE
USED, ADDED = (0.7, 0.4, 0.2), 0.15  # how often users choose the first, second and third word, and a loose one

SIDE = 24
COLOURS = np.array([[220, 50, 50], [60, 180, 60], [50, 80, 220], [230, 210, 40], [150, 60, 180]])
GROUNDS = np.array([40, 210])
CENTRES = np.array([[-0.4, 0], [0.4, 0], [0, -0.4], [0, 0.4]])  # x and y, in halves of a side
RADII = np.array([0.28, 0.48])
NOISE = 12.0  # grey levels

LENGTH, FEATURES = 32, 64  # of a word vector, of the features of an image
SAMPLES, NEAREST, TAGS = 100, 3, 10  # vectors for an image, words that each counts for, tags
NEIGHBOURS = (5, 10, 20, 50)  # of which the best is chosen on other images
OVERRIDES = (
    "generator.output=linear", "generator.condition=vector", "discriminator.condition=vector",
    "generator.hidden=256,256,256", "discriminator.hidden=256,256,256", "discriminator.dropout=0", "latent.dim=16",
    "optim.g.lr=4e-4", "optim.d.lr=3e-3", "optim.betas=0.5,0.9", "optim.schedule=cosine", "train.ema=0.999",
    "train.batch=256", "evaluation.every=none",
)  # fmt: skip


@dataclass(frozen=True)
class Tagged:
    """Images uint8 (N, 24, 24, 3), the chance of each word to be a tag of each, (N, W), and its tags, (N, W)."""

    images: npt.NDArray[np.uint8]
    chances: Floats
    tags: Truth


def embeddings(random: Random) -> Floats:
    """A vector for each word, (W, 32), of length 1: words for the same are near each other, those of a kind less so."""

    def direction() -> Floats:
        drawn: Floats = random.normal(size=LENGTH)
        unit: Floats = drawn / np.linalg.norm(drawn)
        return unit

    rows = []
    for values in KINDS.values():
        kind = direction()
        for words in values.values():
            value = direction()
            rows += [0.6 * kind + value + 0.5 * direction() for _ in words]
    rows += [direction() for _ in LOOSE]
    return np.stack([row / np.linalg.norm(row) for row in rows])


def draw(count: int, random: Random) -> Tagged:
    """Images of one shape each, all values equally often, and the tags that a user gives them: at least one."""
    seen = {kind: random.integers(len(values), size=count) for kind, values in KINDS.items()}
    centre = CENTRES[seen["place"]] + random.uniform(-0.1, 0.1, (count, 2))
    radius = RADII[seen["size"]] * random.uniform(0.9, 1.1, count)
    line = (np.arange(SIDE) + 0.5) * 2 / SIDE - 1
    x = (line[None, None, :] - centre[:, 0, None, None]) / radius[:, None, None]  # (N, 1, 24), in radii
    y = (line[None, :, None] - centre[:, 1, None, None]) / radius[:, None, None]
    from_centre, longer, shorter = np.hypot(x, y), np.maximum(abs(x), abs(y)), np.minimum(abs(x), abs(y))
    masks = np.stack([
        from_centre < 1, longer < 0.85, (abs(y) < 0.9) & (abs(x) < (y + 0.9) / 1.8), (shorter < 0.3) & (longer < 1),
        (from_centre < 1) & (from_centre > 0.6), (abs(x) < 1.1) & (abs(y) < 0.3),
    ])  # fmt: skip
    inside = masks[seen["shape"], np.arange(count)][..., None]
    flat = np.where(inside, COLOURS[seen["colour"]][:, None, None], GROUNDS[seen["ground"]][:, None, None, None])
    images = (flat + NOISE * random.normal(size=flat.shape)).round().clip(0, 255).astype(np.uint8)

    chances = np.zeros((count, len(WORDS)))
    chances[:, -len(LOOSE) :] = ADDED
    for kind, values in KINDS.items():
        for number, words in enumerate(values.values()):
            for word, used in zip(words, USED[: len(words)], strict=True):
                chances[seen[kind] == number, WORDS.index(word)] = used
    tags = random.random(chances.shape) < chances
    tags[np.arange(count), chances.argmax(1)] |= ~tags.any(1)
    return Tagged(images, chances, tags)


class Eye:
    """The features of images: the first 64 principal components of their pixels, each of standard deviation 1."""

    def __init__(self, images: npt.NDArray[np.uint8]) -> None:
        flat = images.reshape(len(images), -1) / 255
        self.mean = flat.mean(0)
        _, scales, axes = np.linalg.svd(flat - self.mean, full_matrices=False)
        self.axes = axes[:FEATURES].T / scales[:FEATURES] * np.sqrt(len(images))

    def __call__(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """(N, 24, 24, 3) -> (N, 64)."""
        found: Floats = (images.reshape(len(images), -1) / 255 - self.mean) @ self.axes
        return found.astype(np.float32)


def save(path: Path, features: npt.NDArray[np.float32], tags: Truth, words: Floats) -> None:
    """Write a row for each tag of each image: the word's vector, of numbers of deviation 1, and the features."""
    image, word = np.nonzero(tags)
    np.savez(path, vectors=(words[word] * np.sqrt(LENGTH)).astype(np.float32), conditions=features[image])


def counted(vectors: Floats, words: Floats) -> Floats:
    """S vectors for each of N images, (N, S, 32) -> how many have each word among their nearest, (N, W).

    Nearness is the cosine. Words that are counted alike often are told apart by the sum of their cosines.
    """
    cosines = vectors @ words.T / np.linalg.norm(vectors, axis=2, keepdims=True)
    nearest = np.argsort(-cosines, axis=2)[:, :, :NEAREST]
    counts = np.stack([(nearest == word).sum((1, 2)) for word in range(len(words))], axis=1)
    scores: Floats = counts + cosines.mean(1) / 4  # which differ by less than 1
    return scores


def by_neighbours(train: npt.NDArray[np.float32], tags: Truth, asked: npt.NDArray[np.float32], k: int) -> Floats:
    """How many of the k nearest training images, (M, 64) with tags (M, W), have each word: (N, W) for (N, 64)."""
    squares = (train.astype(float) ** 2).sum(1) - 2 * asked.astype(float) @ train.T.astype(float)
    nearest = np.argpartition(squares, k - 1, axis=1)[:, :k]
    scores: Floats = tags[nearest].sum(1) + tags.mean(0)  # of words alike often, the more usual one
    return scores


def figures(scores: Floats, tags: Truth) -> dict[str, float]:
    """How well the words with the highest scores, (N, W), are an image's tags, (N, W): means over images."""
    order = np.argsort(-scores, axis=1, kind="stable")
    right = np.take_along_axis(tags, order, axis=1)
    return {
        "precision at 1": float(right[:, 0].mean()),
        "precision at 3": float(right[:, :3].mean()),
        "recall at 10": float((right[:, :TAGS].sum(1) / tags.sum(1)).mean()),
    }


def picture(path: Path, tagged: Tagged, scores: Floats) -> None:
    """The first six images with the user's tags and with the ten generated ones, those of the user in bold."""
    from matplotlib.figure import Figure

    figure = Figure((12, 3.4), layout="constrained")
    for number, axes in enumerate(figure.subplots(1, 6)):
        axes.imshow(tagged.images[number])
        axes.axis("off")
        best = np.argsort(-scores[number])[:TAGS]
        own = [WORDS[word] for word in np.flatnonzero(tagged.tags[number])]
        found = [rf"$\bf{{{WORDS[word]}}}$" if tagged.tags[number, word] else WORDS[word] for word in best]
        lines = [", ".join(found[first : first + 3]) for first in range(0, TAGS, 3)]
        axes.text(0.5, -0.05, "\n".join(lines), transform=axes.transAxes, ha="center", va="top", fontsize=9)
        axes.set_title("\n".join(", ".join(own[first : first + 3]) for first in range(0, len(own), 3)), fontsize=9)
    figure.savefig(path)


def main(folder: Path, images: int = 20_000, epochs: int = 20, asked: int = 1000, seed: int = 0) -> dict[str, Any]:
    """Make the set, train, tag images that were not trained on, and compare with other taggers."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    words = embeddings(random)
    train, chosen, test = draw(images, random), draw(asked, random), draw(asked, random)
    eye = Eye(train.images[:2000])
    features, others, unseen = eye(train.images), eye(chosen.images), eye(test.images)
    save(folder / "data.npz", features, train.tags, words)

    options = [*OVERRIDES, f"seed={seed}"]
    run = condgan.train("cgan-paper-adam", *options, data=folder / "data.npz", epochs=epochs, run=folder / "run")
    made = condgan.load(run.folder).sample(np.repeat(unseen, SAMPLES, axis=0), seed=1)
    generated = counted(made.reshape(asked, SAMPLES, LENGTH).astype(float), words)
    picture(folder / "tags.png", test, generated)

    def recall(k: int) -> float:
        return figures(by_neighbours(features, train.tags, others, k), chosen.tags)["recall at 10"]

    usual = np.broadcast_to(train.tags.mean(0), test.tags.shape)
    k = max(NEIGHBOURS, key=recall)
    scores = {
        "generated": generated,
        f"{k} nearest images": by_neighbours(features, train.tags, unseen, k),
        "most usual words": usual,
        "drawn by frequency": np.log(usual) + random.gumbel(size=usual.shape),  # without replacement
        "who knows what is seen": test.chances,
    }
    return {name: figures(tagger, test.tags) for name, tagger in scores.items()}


def table(found: dict[str, dict[str, float]]) -> str:
    """The figures, a tagger a row, as Markdown."""
    names = list(next(iter(found.values())))
    rows = [["", *names], ["---"] * (len(names) + 1)]
    rows += [[tagger, *(f"{value:.3f}" for value in side.values())] for tagger, side in found.items()]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


if __name__ == "__main__":
    place = Path(sys.argv[1] if len(sys.argv) > 1 else "tags")
    print(table(main(place, seed=int(sys.argv[2]) if len(sys.argv) > 2 else 0)))
    print(place / "tags.png")
