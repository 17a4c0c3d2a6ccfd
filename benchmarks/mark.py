"""How well the invisible mark is found after distortions and attacks, how often where there is none, and how fast.

    python benchmarks/mark.py survival [--sets 400]       # table of docs/mark.md
    python benchmarks/mark.py attacks                     # averaging, copying, marks of two keys, half a set
    python benchmarks/mark.py alarms [--trials 3000000]   # false alarms: sets without a mark, random keys
    python benchmarks/mark.py speed

Sets have 64 images of the generator in the package, each set with a key and a payload of its own.
"""

import argparse
import io
import secrets
import time
from collections.abc import Callable

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from condgan.data import sources
from condgan.generation.generator import load
from condgan.marks.detection import (
    ALIGNMENTS,
    FOUND,
    TRIES,
    WORDS,
    Evidence,
    aligned,
    detect,
    either,
    tail,
)  # fmt: skip
from condgan.marks.keys import Key
from condgan.marks.marking import marked
from condgan.marks.pattern import DIGITS, VALUES, Patterns, patterns
from condgan.recipe import builtin

SET, SIDE = 64, 28
SIZE = (SIDE, SIDE)
Change = Callable[[np.ndarray], np.ndarray]
RNG = np.random.default_rng(15)


def each(change: Callable[[Image.Image], Image.Image]) -> Change:
    """A change of a Pillow image, of images (N, 1, H, W)."""
    return lambda images: np.stack([np.asarray(change(Image.fromarray(image[0])))[None] for image in images])


def jpeg(quality: int) -> Change:
    def change(image: Image.Image) -> Image.Image:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=quality)
        return Image.open(file)

    return each(change)


def whole(values: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


def moved(images: np.ndarray) -> np.ndarray:
    return np.pad(images, ((0, 0), (0, 0), (1, 0), (1, 0)))[:, :, :-1, :-1]


def cropped(images: np.ndarray) -> np.ndarray:
    return np.pad(images[:, :, 2:-2, 2:-2], ((0, 0), (0, 0), (2, 2), (2, 2)))


def resized(image: Image.Image) -> Image.Image:
    return image.resize((32, 32), Image.Resampling.BILINEAR).resize(SIZE, Image.Resampling.BILINEAR)


GOALS: dict[str, Change] = {
    "PNG": lambda images: images,
    "JPEG 95": jpeg(95),
    "JPEG 90": jpeg(90),
    "JPEG 75": jpeg(75),
    "resized 28-32-28": each(resized),
    "moved by 1 pixel": moved,
    "noise, sigma 8": lambda images: whole(images + RNG.normal(0, 8, images.shape)),
    "8 levels": lambda images: whole(np.rint(images / 255 * 7) * 255 / 7),
    "2 pixels cropped, padded back": cropped,
}
OTHERS: dict[str, Change] = {
    "8 levels, by cutting 5 bits off": lambda images: images >> 5 << 5,
    "mirrored": lambda images: images[..., ::-1],
    "pixels below 32 set to 0": lambda images: np.where(images < 32, 0, images).astype(np.uint8),
    "blur, sigma 1": lambda images: whole(gaussian_filter(images.astype(float), (0, 0, 1, 1))),
    "blur, sigma 1.5": lambda images: whole(gaussian_filter(images.astype(float), (0, 0, 1.5, 1.5))),
    "turned by 2 degrees": each(lambda image: image.rotate(2, Image.Resampling.BILINEAR)),
    "turned by 5 degrees": each(lambda image: image.rotate(5, Image.Resampling.BILINEAR)),
    "JPEG 50": jpeg(50),
    "noise, sigma 20": lambda images: whole(images + RNG.normal(0, 20, images.shape)),
    "black and white": lambda images: np.where(images > 127, 255, 0).astype(np.uint8),
}


def drawn(sets: int, seed: int = 1) -> np.ndarray:
    """Images of the generator, (sets, SET, 1, H, W)."""
    images = load("mnist").sample_classes(np.arange(sets * SET) % 10, seed)
    return images.reshape(sets, SET, 1, *SIZE)


def real_images(count: int) -> np.ndarray:
    """Images of MNIST's test split, (count, 1, H, W)."""
    return sources.load(builtin.get("mnist").data).test.images[:count]


def key() -> Key:
    return Key(secrets.token_bytes(32))


def survival(sets: int) -> None:
    images = drawn(sets)
    changes = GOALS | OTHERS
    found = {name: np.zeros((sets, 3)) for name in changes}
    rates = {name: np.zeros(sets) for name in changes}
    distortion = []
    for number, plain in enumerate(images):
        layout, payload = patterns(key(), SIZE), secrets.token_hex(2)
        made = marked(plain, layout, payload)
        distortion.append(((made.astype(float) - plain) ** 2).mean(axis=(1, 2, 3)))
        for name, change in changes.items():
            left = change(made)
            one = detect(Evidence.of(left), layout)
            alone = detect(Evidence.of(left[:1]), layout)
            found[name][number] = one.found, one.payload == payload, alone.found
            rates[name][number] = one.false_alarm
            if one.payload not in (None, payload):
                print(f"{name}: payload read wrongly")
    psnr = 10 * np.log10(255**2 / np.concatenate(distortion))
    print(f"{sets} sets; PSNR {psnr.min():.2f} to {psnr.max():.2f} dB\n")
    print("| distortion | sets found | median false-alarm rate | payload read | single images found |")
    print("|---|---|---|---|---|")
    for name, outcomes in found.items():
        share = 100 * outcomes.mean(axis=0)
        print(f"| {name} | {share[0]:.1f} % | {np.median(rates[name]):.0e} | {share[1]:.1f} % | {share[2]:.0f} % |")


def attacks(sets: int) -> None:
    """What those can do who have many marked images, but not the key."""
    layout = patterns(key(), SIZE)
    plain = drawn(sets + 160)
    made = np.stack([marked(one, layout, "3fa2") for one in plain])
    real = real_images(sets * SET).reshape(sets, SET, 1, *SIZE)
    print("| marked images that the attacker has | removed: sets still found | copied to real images: sets found |")
    print("|---|---|---|")
    for count in (1, 4, 16, 40, 160):
        mask = made[sets : sets + count].reshape(-1, 1, *SIZE).astype(float)
        estimate = estimated(mask)
        less = [
            detect(Evidence.of(whole(one - (weight(one) * estimate).sum(axis=0))), layout).found for one in made[:sets]
        ]
        more = [detect(Evidence.of(whole(one + (weight(one) * estimate).sum(axis=0))), layout).found for one in real]
        print(f"| {count * SET} | {100 * np.mean(less):.0f} % | {100 * np.mean(more):.0f} % |")
    flat = [detect(Evidence.of(made[number].mean(axis=0, keepdims=True).round().astype(np.uint8)), layout).found
            for number in range(sets)]  # fmt: skip
    print(f"\nthe mean picture of 64 marked images, as one picture: found {100 * np.mean(flat):.0f} %")
    other = patterns(key(), SIZE)
    twice = [marked(one, other, "b0b0") for one in made[:sets]]
    print(
        "marked with a second key: the first is found in",
        f"{share(twice, layout)}, the second in {share(twice, other)}",
    )
    mixed = [np.concatenate([one[:32], marked(two[32:], other, "b0b0")])
             for one, two in zip(made[:sets], plain[:sets], strict=True)]  # fmt: skip
    print(
        f"half of one key, half of the other: the first in {share(mixed, layout)}, the second in {share(mixed, other)}"
    )
    for marks in (32, 16, 8, 4, 1):
        part = [np.concatenate([one[:marks], two[marks:]]) for one, two in zip(made[:sets], plain[:sets], strict=True)]
        print(f"{marks} of 64 images marked: found in {share(part, layout)}")


def share(images: list[np.ndarray], layout: Patterns) -> str:
    return f"{100 * np.mean([detect(Evidence.of(one), layout).found for one in images]):.0f} %"


def weight(images: np.ndarray) -> np.ndarray:
    """An attacker who reads the source knows where the mark lies: dark and middle tones apart."""
    return np.stack([images < 16, 4.0 * images * (255.0 - images) / 255**2])  # (2, N, 1, H, W)


def estimated(images: np.ndarray) -> np.ndarray:
    """The mark as the mean of what a median filter takes away, for dark and for middle tones: (2, 1, 1, H, W)."""
    from scipy.ndimage import median_filter

    rest = images - median_filter(images, (1, 1, 3, 3))  # (N, 1, H, W)
    tones = weight(images)
    total = (rest * tones).sum(axis=1, keepdims=True)
    return np.asarray(total / np.maximum((tones**2).sum(axis=1, keepdims=True), 1))


def degenerate() -> list[np.ndarray]:
    """Sets that are no sample of anything."""
    digit = drawn(1)[0, :1]
    return [
        np.zeros((SET, 1, *SIZE), np.uint8), np.full((SET, 1, *SIZE), 128, np.uint8), digit.repeat(SET, axis=0),
        RNG.integers(0, 256, (SET, 1, *SIZE), np.uint8), np.tile(np.eye(SIDE, dtype=np.uint8) * 255, (SET, 1, 1, 1)),
    ]  # fmt: skip


def alarms(trials: int) -> None:
    """Sets without a mark, each looked at with each of many keys; the number of trials at or below each rate."""
    real = real_images(22 * SET).reshape(22, SET, 1, *SIZE)
    foreign = [marked(one, patterns(key(), SIZE), "0000") for one in drawn(3, seed=8)]
    sets = [*real, *drawn(30, seed=7), *foreign, *degenerate()]
    first = patterns(key(), SIZE)
    sums = [Evidence.of(one) for one in sets]
    low, high = (
        np.stack([aligned(getattr(one, name), getattr(first, name), SIZE, ALIGNMENTS) for one in sums])
        for name in ("low", "high")
    )
    low, high = (
        (found / np.maximum(np.linalg.norm(found, axis=2, keepdims=True), 1e-300)).astype(np.float32)
        for found in (low, high)
    )
    flat_low, flat_high = (np.ascontiguousarray(found.reshape(-1, found.shape[2]).T) for found in (low, high))
    done, smallest, counts, start = 0, 1.0, np.zeros(8, np.int64), time.time()
    while done < trials:
        layout = patterns.__wrapped__(key(), SIZE)
        rates = trial(layout, flat_low, flat_high, len(sets))
        done += len(rates)
        smallest = min(smallest, float(rates.min()))
        counts += [(rates <= 10.0**-power).sum() for power in range(8)]
    print(f"{len(sets)} sets x {done // len(sets)} keys = {done} trials, {time.time() - start:.0f} s")
    print(f"smallest rate that was stated: {smallest:.1e}")
    for power, count in enumerate(counts[1:], 1):
        print(f"stated at most 1e-{power}: {count} trials, allowed {done * 10.0**-power:.1f}")
    if not (seen := counts[6]):
        print(f"none at {FOUND:g} in {done} trials: with 95 % confidence at most 3 / n = {3 / done:.1e}")
    else:
        print(f"{seen} at {FOUND:g}")


def trial(layout: Patterns, low: np.ndarray, high: np.ndarray, sets: int) -> np.ndarray:
    """The rate that ``detect`` states for each set, (sets,); where it is above 0.1, only that it is: 1.

    A statistic whose probability is above 0.01 cannot make it smaller: the smallest rate needs less than
    0.1 / TRIES in one layer, or a product that is as small.
    """
    dots = (layout.digits.reshape(DIGITS * VALUES, -1).astype(np.float32) @ low).reshape(DIGITS, VALUES, -1)
    values = dots.argmax(axis=1)  # (4, A)
    top = dots.max(axis=1).sum(axis=0)
    gram = np.einsum("avd,bwd->avbw", layout.digits, layout.digits)
    length = np.sqrt(sum(gram[a, values[a], b, values[b]] for a in range(DIGITS) for b in range(DIGITS)))
    r_low, r_high = top / length, (layout.carrier / np.linalg.norm(layout.carrier)).astype(np.float32) @ high
    p_low, p_high = np.ones(len(top)), np.ones(len(top))
    some = r_low * low.shape[0] ** 0.5 > 4.5  # the others have p > 0.1 after the payloads
    p_low[some] = np.minimum(WORDS * tail(r_low[some], low.shape[0]), 1)
    some = r_high * high.shape[0] ** 0.5 > 2.3
    p_high[some] = tail(r_high[some], high.shape[0])
    rates = np.minimum(np.minimum(p_low, p_high), either(p_low * p_high))
    return np.asarray(np.minimum(1, TRIES * rates.reshape(sets, -1).min(axis=1)))


def speed() -> None:
    generator, layout = load("mnist"), patterns(key(), SIZE)
    labels = np.arange(10_000) % 10
    generator.sample_classes(labels[:1000], 1)
    start = time.perf_counter()
    images = generator.sample_classes(labels, 1)
    sampling = time.perf_counter() - start
    start = time.perf_counter()
    made = marked(images, layout, "3fa2")
    marking = time.perf_counter() - start
    print(f"10,000 images: sampling {sampling:.2f} s, marking {marking:.2f} s ({100 * marking / sampling:.1f} %)")
    for count in (64, 10_000):
        start = time.perf_counter()
        detect(Evidence.of(made[:count]), layout)
        print(f"detection in {count} images together: {time.perf_counter() - start:.3f} s")
    start = time.perf_counter()
    for image in made[:64]:
        detect(Evidence.of(image[None]), layout)
    print(f"detection in 64 images one by one: {time.perf_counter() - start:.3f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("survival", "attacks", "alarms", "speed"))
    parser.add_argument("--sets", type=int, default=400)
    parser.add_argument("--trials", type=int, default=3_000_000)
    given = parser.parse_args()
    work: dict[str, Callable[[], None]] = {
        "survival": lambda: survival(given.sets), "attacks": lambda: attacks(min(given.sets, 40)),
        "alarms": lambda: alarms(given.trials), "speed": speed,
    }  # fmt: skip
    work[given.what]()
