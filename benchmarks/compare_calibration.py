"""How often `condgan compare` calls trainings different that differ in their seed alone, and what it can see.

    condgan train mnist-fast machine.threads=1 --seeds 32 --run runs/calibration     # about an hour and a half
    python benchmarks/compare_calibration.py runs/calibration [--write]

The trainings are halved. Pairs of 3 against 3 are drawn within a half, and the spread that is known of the recipe is
that of the other half. A pair is an alarm if any of its figures is called different. For the power, the second group
is shifted, in every figure, by one, two and three spreads of its half. --write keeps the spreads of all trainings in
the package, where `condgan compare` finds them.
"""

import argparse
import json
from dataclasses import asdict
from itertools import combinations
from pathlib import Path

import numpy as np
from scipy.stats import beta

from condgan.evaluation.comparison import METRICS
from condgan.experiments import comparison, known, table, trainings
from condgan.experiments.differences import Difference, Known, Sample, judge
from condgan.results.figure import split

PAIRS = 2000
GROUP = 3
PLACE = Path(known.__file__).parent / "files" / known.FILE


def pairs(half: int, count: int, rng: np.random.Generator) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Pairs of disjoint groups of three of a half, drawn among all."""
    found = [
        (one, other)
        for six in combinations(range(half), 2 * GROUP)
        for one in combinations(six, GROUP)
        if six[0] in one and (other := tuple(sorted({*six} - {*one})))
    ]
    return [found[number] for number in rng.permutation(len(found))[:count]]


def verdicts(
    values: dict[str, np.ndarray],
    pair: tuple[tuple[int, ...], tuple[int, ...]],
    spreads: dict[str, Known],
    shift: dict[str, float],
) -> dict[str, Difference]:
    """What is said of a pair whose second group is shifted."""
    sides = {
        name: tuple(
            Sample(
                tuple(of[list(group)] + (shift.get(name, 0.0) if side else 0.0)),
                spreads.get(name),
                split(name)[0] in comparison.RATIOS,
            )
            for side, group in enumerate(pair)
        )
        for name, of in values.items()
    }
    return judge({name: (a, b) for name, (a, b) in sides.items()}, dict.fromkeys(sides, "higher"))


def bound(alarms: int, count: int) -> float:
    """The upper end of the exact 95 % interval of a rate (Clopper and Pearson), as if pairs were independent."""
    return float(beta.ppf(0.975, alarms + 1, count - alarms)) if alarms < count else 1.0


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("study", type=Path)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    found = trainings.find(options.study)
    _, kept, _ = trainings.measured([found])
    figures = table.spreads([one.figures for one in kept[0]])
    values = {name: np.array(one.values) for name, one in figures.items() if one.n == len(kept[0])}
    rng = np.random.default_rng(0)
    order = rng.permutation(len(kept[0]))
    halves = order[: len(order) // 2], order[len(order) // 2 :]
    print(f"{len(order)} trainings of {found.recipe.name}, {PAIRS} pairs of {GROUP} against {GROUP} in each half\n")
    print("| half | spread known | pairs with any figure called different | bound |")
    print("|---|---|---|---|")
    of_half = []
    for number, half in enumerate(halves):
        other = halves[1 - number]
        mine = {name: of[half] for name, of in values.items()}
        spreads = {
            name: Known(float(of[other].std(ddof=1)), len(other) - 1, float(of[other].mean()))
            for name, of in values.items()
        }
        drawn = pairs(len(half), PAIRS, rng)
        of_half.append((mine, spreads, drawn))
        for what, given in (("no", {}), ("of the other half", spreads)):
            alarms = sum(
                any(one.verdict != "not-distinguishable" for one in verdicts(mine, pair, given, {}).values())
                for pair in drawn
            )
            print(f"| {number + 1} | {what} | {alarms / len(drawn):.2%} | {bound(alarms, len(drawn)):.2%} |")
    print("\n| shift, in spreads | spread known | a figure is called different | any figure is |")
    print("|---|---|---|---|")
    for size in (1, 2, 3):
        for what in ("no", "of the other half"):
            single, whole, count = 0.0, 0, 0
            for mine, spreads, drawn in of_half:
                shift = {name: size * float(of.std(ddof=1)) for name, of in mine.items()}
                few = drawn[:500]
                for pair in few:
                    said = verdicts(mine, pair, spreads if what != "no" else {}, shift)
                    hits = [one.verdict != "not-distinguishable" for name, one in said.items() if shift[name] > 0]
                    single += float(np.mean(hits))
                    whole += any(hits)
                count += len(few)
            print(f"| {size} | {what} | {single / count:.1%} | {whole / count:.1%} |")
    print("\n| figure | mean | spread | ± se of one |")
    print("|---|---|---|---|")
    for name, one in figures.items():
        print(f"| {name} | {one.mean:.4g} | {one.spread or 0:.2g} | {one.se or 0:.2g} |")
    if options.write:
        told = {name: one for name, one in figures.items() if one.spread and name in values}
        spread = {name: round(one.spread or 0.0, 7) for name, one in told.items()}
        mean = {name: round(one.mean, 7) for name, one in told.items()}
        row = known.Spreads(found.recipe.name, len(order), found.recipe.evaluation.images, spread, mean)
        kept_rows = json.loads(PLACE.read_text()) | {known.identity(found.recipe): asdict(row)}
        PLACE.write_text(json.dumps(kept_rows, indent=2) + "\n")
        print(f"\n{PLACE}: {len(METRICS)} metrics are known, {len(spread)} of them here")


if __name__ == "__main__":
    main()
