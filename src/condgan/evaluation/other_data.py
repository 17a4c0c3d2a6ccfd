"""Whether a generator is measured with the data that it was trained on, and what differs if not."""

from collections.abc import Callable, Mapping

from condgan.data import Dataset
from condgan.errors import CondganError
from condgan.recipe import Domain
from condgan.results.protocol import OtherData

MOST_NAMED = 10  # classes


def other_data(
    trained: Domain, counts: Mapping[str, int], dataset: Dataset, as_trained: Callable[[], Dataset]
) -> OtherData | None:
    """What the data of a training and a dataset differ in; none where they are the same.

    Args:
        trained: the domain of the generator.
        counts: images of the training's splits by name, as far as they are known.
        dataset: the real images.
        as_trained: reads the real images in the size and channels of the training: called where those of ``dataset``
            are others, since hashes of two forms say nothing.
    """
    if dataset.sha256 == trained.data_sha256:
        return None
    here = dataset.domain()
    if here.shape != trained.shape:
        try:
            if as_trained().sha256 == trained.data_sha256:
                return None
        except CondganError:
            pass  # it cannot be read in that form: other data
    differences = [
        *([f'the name: "{trained.data}", here "{here.data}"'] if trained.data != here.data else []),
        *class_differences(trained.class_names, here.class_names),
    ]
    for name, split in dataset.splits.items():
        if name in counts and counts[name] != len(split):
            differences.append(f"{name} images: {counts[name]}, here {len(split)}")
    if trained.shape != here.shape:
        before, now = ("x".join(map(str, shape)) for shape in (trained.shape, here.shape))
        differences.append(f"the form: {before}, here {now}")
    return OtherData(name=trained.data, sha256=trained.data_sha256, differences=tuple(differences))


def class_differences(before: tuple[str, ...], here: tuple[str, ...]) -> list[str]:
    """What differs between the classes of a training and those of the data here, in words."""
    known, known_here = set(before), set(here)
    words = []
    for where, names in (
        ("not here", [name for name in before if name not in known_here]),
        ("new", [name for name in here if name not in known]),
    ):
        if names:
            words.append(f"classes that are {where}: {quoted(names)}")
    if not words and before != here:
        words.append("the order of the classes")
    return words


def quoted(names: list[str]) -> str:
    """The first ten names, and how many more there are."""
    shown = ", ".join(f'"{name}"' for name in names[:MOST_NAMED])
    return shown + (f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else "")


def sentence(other: OtherData) -> str:
    """The difference in words."""
    what = "; ".join(other.differences) or "the images, the labels or the splits; names and counts are the same"
    return f"the generator was trained on other data than it is measured with; what differs: {what}"
