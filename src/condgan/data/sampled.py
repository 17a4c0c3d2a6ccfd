"""A dataset from some of its images: what can be said of it before all are read."""

import numpy as np

from condgan.data.dataset import SPLITS, Dataset, Split
from condgan.data.readers.reader import Sample
from condgan.data.splits import check_train, share, without_empty


def outlined(sample: Sample) -> tuple[Dataset, dict[str, int], dict[str, int]]:
    """A dataset of the images of a sample -> it, and how many images the whole has of each class and in each split.

    Missing splits of the dataset are empty, and counted as they are drawn where all images differ. A class may have no
    images in it.

    Raises:
        CondganError: as ``splits.complete``.
    """
    totals = np.sum([*sample.counts.values()], axis=0)
    contents = without_empty(sample.contents, totals)
    counts = {split: numbers[totals > 0] for split, numbers in sample.counts.items()}
    check_train(contents, counts)
    missing = [split for split in SPLITS if split not in counts]
    drawn = sum(share(number) for number in counts["train"].tolist())
    sizes = {split: drawn if split in missing else int(counts[split].sum()) for split in SPLITS}
    sizes["train"] -= drawn * len(missing)
    train = contents.splits["train"]
    none = Split(train.images[:0], train.labels[:0])
    dataset = Dataset(
        name=contents.name,
        class_names=contents.class_names,
        train=train,
        validation=contents.splits.get("validation", none),
        test=contents.splits.get("test", none),
        split_rule=contents.split_rule or "",
        notices=contents.notices,
        **contents.reading | {"drawn": (*contents.drawn, *missing)},
    )
    return dataset, dict(zip(contents.class_names, totals[totals > 0].tolist(), strict=True)), sizes
