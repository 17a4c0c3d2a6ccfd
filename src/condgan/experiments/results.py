"""What a sweep has found: its settings in order, the best with fresh seeds, and the effect of each field."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from condgan.experiments.spaces import Interval
from condgan.experiments.sweep import FRESH, Sweep
from condgan.storage.manifest import begin

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EFFECTS = "effects.png"
LONG = re.compile(r"(?<==)-?\d+\.\d{4,}(e-?\d+)?$")
AS_IT_IS = "as it is"
BINS = 5  # of a range in the plot of effects
Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Row:
    """A setting.

    Attributes:
        number: in the order of proposals.
        overrides: that make it.
        values: means over seeds of what was sought; none where a training did not finish.
        state: finished, pruned, diverged or failed.
        spreads: standard deviations of the values between seeds; none of a single seed.
    """

    number: int
    overrides: tuple[str, ...]
    values: tuple[float, ...] | None
    state: str
    spreads: tuple[float, ...] | None = None

    def words(self) -> str:
        """The overrides, numbers to four digits."""
        return " ".join(LONG.sub(lambda match: f"{float(match[0]):.4g}", text) for text in self.overrides)


@dataclass(frozen=True)
class Results:
    """What a sweep has found.

    Attributes:
        sweep: the plan.
        rows: its settings.
        best: the number of the best setting; none where none has finished.
        fresh: what was sought, by each fresh training of the best setting.
        files: pictures that were written.
    """

    sweep: Sweep
    rows: tuple[Row, ...]
    best: int | None
    fresh: tuple[tuple[float, ...], ...]
    files: tuple[Path, ...]

    def ranked(self) -> list[Row]:
        """The settings, the best first, those without figures last."""
        sign = 1 if self.sweep.better[self.sweep.metrics[0]] == "lower" else -1
        return sorted(
            self.rows, key=lambda row: (row.values is None, sign * row.values[0] if row.values else row.number)
        )

    def sentences(self) -> list[str]:
        """The best setting in words: as the sweep saw it, and with fresh seeds."""
        if self.best is None:
            metric = self.sweep.metrics[0]
            if any(row.state == "finished" for row in self.rows):
                return [f"no setting has a value of {metric}, as too few images may give: choose another `metric`"]
            return ["no setting has finished"]
        row, metric = self.rows[self.best], self.sweep.metrics[0]
        assert row.values is not None
        name = row.words() or "the recipe as it is"
        lines = [f"best: setting {row.number}, {name}: {metric} {row.values[0]:.4g} in the sweep"]
        if self.fresh:
            values = np.array(self.fresh)[:, 0]
            spread = f" ± {values.std(ddof=1):.2g} (spread)" if len(values) > 1 else ""
            lines.append(
                f"with {len(values)} fresh seeds: {metric} {values.mean():.4g}{spread}; the best of many is flattered"
            )
        shares = self.sweep.proposer.importances()
        if shares:
            told = ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
            lines.append(f"share of the variation of {metric} (PED-ANOVA): {told}")
        return [*lines, *self.cautions()]

    def cautions(self) -> list[str]:
        """Why figures say little, as of a weak feature network."""
        assert self.best is not None
        evaluations = self.sweep.study.run(self.sweep.names(self.best)[0]).evaluations()
        figures = evaluations[-1].evaluation.values() if evaluations else []
        return [f"{one.metric}: {one.note}" for one in figures if one.metric in self.sweep.metrics and one.note]

    def as_json(self) -> dict[str, Any]:
        """For machines: settings, best, fresh, importances."""
        rows = [
            {
                "number": row.number,
                "overrides": list(row.overrides),
                "values": row.values,
                "spreads": row.spreads,
                "state": row.state,
            }
            for row in self.rows
        ]
        return {
            "metrics": list(self.sweep.metrics),
            "settings": rows,
            "best": self.best,
            "fresh": [list(values) for values in self.fresh],
            "importances": self.sweep.proposer.importances(),
            "files": [str(path) for path in self.files],
        }


def of(sweep: Sweep) -> Results:
    """The results of a sweep as far as it has come, and its plot of effects."""
    _, outcomes = sweep.study.read()
    rows = []
    settings = sweep.settings
    for number in range(min(sweep.trials, len(settings))):
        ended = sweep.outcomes(number, outcomes) or []
        finished = bool(ended) and all(outcome.state == "finished" for outcome in ended)
        each = sweep.of_seeds(number) if finished else None
        values = None if each is None else np.mean(each, axis=0).tolist()
        spreads = None if each is None or len(each) < 2 else tuple(np.std(each, axis=0, ddof=1).tolist())
        state = next(
            (outcome.state for outcome in ended if outcome.state != "finished"), "finished" if ended else "open"
        )
        overrides = tuple(sweep.space.overrides(settings[number]))
        rows.append(Row(number, overrides, None if values is None else tuple(values), state, spreads))
    base = sweep.space.base.seed + FRESH
    fresh = [
        sweep.measured(f"best/seed-{base + seed}") for seed in range(100) if f"best/seed-{base + seed}" in outcomes
    ]
    again = tuple(tuple(values) for values in fresh if values)
    found = Results(sweep, tuple(rows), sweep.best(outcomes), again, ())
    return replace(found, files=(draw(found),)) if any(row.values for row in rows) else found


def draw(results: Results) -> Path:
    """Write the effect of each field on the first metric: settings, means with their standard error, the best again."""
    from matplotlib.figure import Figure

    from condgan.pictures import curves

    sweep = results.sweep
    fields, metric = list(sweep.space.fields), sweep.metrics[0]
    figure = Figure(figsize=(4 * min(3, len(fields)), 3 * -(-len(fields) // 3)), dpi=100, layout="constrained")
    axes = np.atleast_1d(figure.subplots(-(-len(fields) // 3), min(3, len(fields)), squeeze=False)).ravel()
    for axis, name in zip(axes, fields, strict=False):
        effect(axis, results, name)
        axis.set_ylabel(metric)
        curves.plain(axis)
    for axis in axes[len(fields) :]:
        axis.set_visible(False)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    path = sweep.study.folder / EFFECTS
    curves.save(path, figure, begin())
    return path


def effect(axis: "Axes", results: Results, name: str) -> None:
    """Draw what was sought against the values of a field."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    from condgan.pictures.curves import BLUE, GREEN, ORANGE

    sweep, rows = results.sweep, results.rows
    field = sweep.space.fields[name]
    known = [(sweep.settings[row.number].get(name), row.values[0]) for row in rows if row.values]
    axis.set_title(name, loc="left", parse_math=False)
    names: list[Any] = []
    if isinstance(field, Interval):
        if field.log:
            axis.set_xscale("log")
            subs = (1, 2, 5) if field.high < 30 * field.low else (1, 3) if field.high < 1e3 * field.low else (1,)
            axis.xaxis.set_major_locator(LogLocator(subs=subs))
            axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axis.xaxis.set_minor_formatter(NullFormatter())
    else:
        names = [*dict.fromkeys([*(None for value, _ in known if value is None), *field.values])]
        axis.set_xticks(range(len(names)), [AS_IT_IS if value is None else value for value in names])
        axis.set_xlim(-0.5, len(names) - 0.5)
    pairs = [(place(value, names), found) for value, found in known if names or value is not None]
    if not pairs:
        return
    x, y = np.array(pairs, np.float64).T
    edges: Values = np.arange(len(names) + 1, dtype=np.float64) - 0.5
    if isinstance(field, Interval):
        edges = (np.geomspace if field.log else np.linspace)(field.low, field.high, BINS + 1)
    groups = [(float(x[inside].mean()), y[inside]) for inside in bins(x, edges)]
    axis.plot(x, y, "o", color=BLUE, alpha=0.5, markersize=4, label="a setting")
    means = [float(values.mean()) for _, values in groups]
    errors = [float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0 for _, values in groups]
    line, places = "" if names else "-", [place for place, _ in groups]
    axis.errorbar(
        places, means, errors, color=ORANGE, fmt=f"s{line}", markersize=5, capsize=3, label="mean ± its error"
    )
    if results.best is not None and results.fresh:
        at = place(sweep.settings[results.best].get(name), names)
        again = [values[0] for values in results.fresh]
        label = "the best, with fresh seeds"
        axis.plot([at] * len(again), again, "D", color=GREEN, markersize=5, markerfacecolor="none", label=label)


def place(value: Any, names: list[Any]) -> float:
    """Where a value stands: a choice by its position."""
    return float(names.index(value) if names else value)


def bins(x: Values, edges: Values) -> list[npt.NDArray[np.bool_]]:
    """Which values lie between neighbouring edges, of those that have any."""
    places = np.clip(np.searchsorted(edges, x, "right") - 1, 0, len(edges) - 2)
    return [places == place for place in range(len(edges) - 1) if (places == place).any()]
