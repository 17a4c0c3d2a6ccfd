"""The first lines about a dataset that every door shows: classes with counts and splits, and what was not read."""

from collections.abc import Mapping

import numpy as np

from condgan.data import Dataset
from condgan.data.dataset import SPLITS

MOST_NAMED = 12  # classes


def class_counts(dataset: Dataset) -> dict[str, dict[str, int]]:
    """Class -> split -> images; empty where conditions are vectors."""
    if not dataset.class_names:
        return {}
    counts = {name: split.class_counts(len(dataset.class_names)) for name, split in dataset.splits.items()}
    return {
        label: {name: int(counts[name][number]) for name in SPLITS} for number, label in enumerate(dataset.class_names)
    }


def lines(dataset: Dataset) -> tuple[str, ...]:
    """What was read: classes, splits, where the labels are, and what was skipped."""
    totals = {label: sum(counts.values()) for label, counts in class_counts(dataset).items()}
    result = [of_classes(totals)] if totals else []
    splits = ", ".join(f"{len(split)} {name}" for name, split in dataset.splits.items())
    drawn = f" ({' and '.join(dataset.drawn)} drawn here)" if dataset.drawn else ""
    result.append(f"splits: {splits}{drawn}" + (f"; {dataset.how}" if dataset.how else ""))
    if dataset.skipped:
        result.append("skipped: " + ", ".join(f"{count} {reason}" for reason, count in dataset.skipped.items()))
    return tuple(result)


def of_classes(totals: Mapping[str, int]) -> str:
    """``3 classes: bee 20, cat 20, dog 20``; of many, the first and the smallest."""
    shown = [f"{label} {count}" for label, count in list(totals.items())[:MOST_NAMED]]
    if len(totals) > MOST_NAMED:
        smallest = min(totals, key=lambda label: totals[label])
        counts = np.array(list(totals.values()))
        shown.append(f"... ({counts.min()} to {counts.max()} images; the smallest is {smallest})")
    return f"{len(totals)} class{'es' * (len(totals) > 1)}: {', '.join(shown)}"
