"""Measure things beside their yardsticks: repeats in alternated pairs, medians and extremes, latencies, growth.

Owns how a figure is taken; what is measured is the suites' (bench_*.py), how it is shown table.py's and page.py's. A
figure and its yardstick are measured in turn, A B A B, so that what the machine does meanwhile falls on both; the ratio
is the median of the pairs' ratios. A suite gives a row of items, each of which knows how it is taken: a Comparison (one
number a repeat), Latencies (many samples a repeat), a Growth (one number at each size of something).
"""

import statistics
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from pricetime.bench.curves import Curve, curve, percentile_name, percentile_of
from pricetime.bench.machine import machine
from pricetime.bench.rulers import Reading

Taken = TypeVar("Taken")

REPEATS = 9
REPEATS_LONG = 5            # of what takes long: latencies and growth
REPEATS_QUICK = 5
REPEATS_SHORT = 41          # of short ones: what a machine does for a while falls on both of a pair, or on few pairs
REPEATS_SHORT_QUICK = 15
NOISY_SPREAD = 0.25         # (max - min) / median above which a figure is called noisy


@dataclass(frozen=True)
class Options:
    """What the user asked for. `flow` is a JSON Lines file for the book instead of the generated flows."""

    quick: bool = False
    flow: Path | None = None

    @property
    def repeats(self) -> int:
        return REPEATS_QUICK if self.quick else REPEATS

    @property
    def short_repeats(self) -> int:
        return REPEATS_SHORT_QUICK if self.quick else REPEATS_SHORT

    def of(self, full: Taken, quick: Taken) -> Taken:
        """What is for a full run, or for a quick one."""
        return quick if self.quick else full


@dataclass(frozen=True)
class Measure:
    """One figure: `run` does the whole work once and returns the value in `unit`; `count` operations lie behind it."""

    name: str
    unit: str
    run: Callable[[], float]
    count: int = 1


@dataclass(frozen=True)
class Limit:
    """Where a ratio to the yardstick has to lie: `at_most` for what costs, `at_least` for what is got done."""

    at_most: float | None = None
    at_least: float | None = None

    def holds(self, ratio: float) -> bool:
        return (self.at_most is None or ratio <= self.at_most) and (self.at_least is None or ratio >= self.at_least)

    def __str__(self) -> str:
        return f"<= {self.at_most:g}" if self.at_most is not None else f">= {self.at_least:g}"


@dataclass(frozen=True)
class Result:
    """Values of one figure, one a repeat; `count` operations behind each."""

    name: str
    unit: str
    values: tuple[float, ...]
    count: int = 1
    suite: str = ""

    @property
    def value(self) -> float:
        return statistics.median(self.values)

    @property
    def noisy(self) -> bool:
        return max(self.values) - min(self.values) > NOISY_SPREAD * abs(self.value)

    def as_json(self) -> dict[str, object]:
        return {"name": self.name, "value": _rounded(self.value), "unit": self.unit, "min": _rounded(min(self.values)),
                "max": _rounded(max(self.values)), "repeats": len(self.values), "count": self.count}


@dataclass(frozen=True)
class Ratio:
    """A figure over its yardstick, pair by pair; the figure itself where it has a limit and no yardstick."""

    subject: Result
    yardstick: Result | None
    limit: Limit | None

    @property
    def value(self) -> float:
        if self.yardstick is None:
            return self.subject.value
        pairs = zip(self.subject.values, self.yardstick.values, strict=True)
        return statistics.median(subject / yardstick for subject, yardstick in pairs)

    @property
    def missed(self) -> bool:
        return self.limit is not None and not self.limit.holds(self.value)

    @property
    def verdict(self) -> str:
        """`holds` or `MISSED`; either is `(noisy)` where the figure or its yardstick is."""
        if self.limit is None:
            return ""
        noisy = self.subject.noisy or (self.yardstick is not None and self.yardstick.noisy)
        return ("MISSED" if self.missed else "holds") + (" (noisy)" if noisy else "")

    def as_json(self) -> dict[str, object]:
        limit = {} if self.limit is None else {
            "at_most": self.limit.at_most, "at_least": self.limit.at_least, "holds": self.limit.holds(self.value)}
        if self.yardstick is None:
            return {"name": self.subject.name, "value": _rounded(self.value), **limit}
        return {"name": self.subject.name, "yardstick": self.yardstick.name, "ratio": _rounded(self.value), **limit}


@dataclass(frozen=True)
class Grown:
    """What became of a figure as something grew: results at the sizes, and the exponent b of cost ~ size ** b, by least
    squares of the logarithms. `stopped`: why it does not go further."""

    name: str
    axis: str
    sizes: tuple[float, ...]
    results: tuple[Result, ...]
    stopped: str = ""

    @property
    def exponent(self) -> float:
        slope = np.polyfit(np.log(self.sizes), np.log([result.value for result in self.results]), 1)[0]
        return float(slope)

    def as_json(self) -> dict[str, object]:
        return {"name": self.name, "axis": self.axis, "sizes": list(self.sizes), "exponent": round(self.exponent, 3),
                "results": [result.name for result in self.results], "stopped": self.stopped}


@dataclass(frozen=True)
class Table:
    """Rows of text that a suite composes of its results: the first row is the heading. `published` rows are others',
    not measured here."""

    title: str
    rows: tuple[tuple[str, ...], ...]
    published: frozenset[int] = frozenset()
    note: str = ""
    suite: str = ""

    def as_json(self) -> dict[str, object]:
        return {"title": self.title, "rows": [list(row) for row in self.rows], "published": sorted(self.published),
                "note": self.note}


@dataclass
class Report:
    """All that was measured, in order."""

    machine: dict[str, Any]
    results: list[Result] = field(default_factory=list)
    ratios: list[Ratio] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    grown: list[Grown] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    rulers: list[Reading] = field(default_factory=list)
    suite: str = ""             # that is being measured

    @property
    def missed(self) -> list[Ratio]:
        return [ratio for ratio in self.ratios if ratio.missed]

    def add(self, name: str, unit: str, values: Sequence[float], count: int) -> Result:
        result = Result(name, unit, tuple(values), count, self.suite)
        self.results.append(result)
        return result

    def as_json(self) -> dict[str, object]:
        """`machine` and `results` as INTERFACES has them; beside them `ratios` and all else."""
        return {"machine": self.machine, "results": [result.as_json() for result in self.results],
                "ratios": [ratio.as_json() for ratio in self.ratios],
                "curves": [{"name": taken.name, "unit": "ns", "count": taken.total,
                            **{percentile_name(p): taken.at(p) for p in (50, 90, 99, 99.9, 99.99, 100)}}
                           for taken in self.curves],
                "growth": [grown.as_json() for grown in self.grown],
                "tables": [table.as_json() for table in self.tables],
                "yardsticks": [reading.as_json() for reading in self.rulers], "notes": self.notes}


def _rounded(value: float) -> float:
    """Four significant figures: more would be noise."""
    return float(f"{value:.4g}")


class Item(Protocol):
    """What a suite gives: something that can be taken."""

    @property
    def says(self) -> str: ...

    def take(self, report: Report, repeats: int) -> None: ...


def alternate(runs: Sequence[Callable[[], Taken]], repeats: int) -> list[list[Taken]]:
    """What each gave, repeat by repeat: A B A B. A first round warms up and does not count."""
    taken: list[list[Taken]] = [[] for _ in runs]
    for repeat in range(repeats + 1):
        for run_once, kept in zip(runs, taken, strict=True):
            value = run_once()
            if repeat:
                kept.append(value)
    return taken


@dataclass(frozen=True)
class Comparison:
    """A figure with the yardstick that it stands beside; `note` says what cannot be seen from the names. Without a
    yardstick the limit is on the figure itself."""

    subject: Measure
    yardstick: Measure | None = None
    limit: Limit | None = None
    note: str = ""

    @property
    def says(self) -> str:
        return self.subject.name + (f" beside {self.yardstick.name}" if self.yardstick else "")

    def take(self, report: Report, repeats: int) -> None:
        subject, *yardstick = measure(self, repeats, report.suite)
        report.results += [subject, *yardstick]
        if yardstick or self.limit:
            report.ratios.append(Ratio(subject, yardstick[0] if yardstick else None, self.limit))
        if self.note:
            report.notes.append(f"{self.subject.name}: {self.note}")


def measure(comparison: Comparison, repeats: int, suite: str = "") -> list[Result]:
    """The subject's result, then the yardstick's where there is one."""
    measures = [measured for measured in (comparison.subject, comparison.yardstick) if measured is not None]
    values = alternate([measured.run for measured in measures], repeats)
    return [Result(m.name, m.unit, tuple(taken), m.count, suite) for m, taken in zip(measures, values, strict=True)]


@dataclass(frozen=True)
class Latencies:
    """Latencies, many samples in nanoseconds a repeat, beside those of a yardstick.

    `percentiles` become figures of their own, NAME/p99 in microseconds; all repeats together one curve, in the plot of
    `group`, called `label` there. limits: of percentiles, on the ratio to the yardstick; bounds: on the figure itself.
    repeats: Options.short_repeats where each is short; 0: REPEATS_LONG at most.
    """

    name: str
    run: Callable[[], np.ndarray]
    group: str
    label: str
    yardstick: tuple[str, Callable[[], np.ndarray]] | None = None
    percentiles: tuple[float, ...] = (50, 99)
    limits: dict[float, Limit] = field(default_factory=dict)
    bounds: dict[float, Limit] = field(default_factory=dict)
    note: str = ""
    repeats: int = 0

    @property
    def says(self) -> str:
        return self.name + (f" beside {self.yardstick[0]}" if self.yardstick else "")

    def take(self, report: Report, repeats: int) -> None:
        sides = [(self.name, self.run), *([self.yardstick] if self.yardstick else [])]
        samples = alternate([run_once for _, run_once in sides], self.repeats or min(repeats, REPEATS_LONG))
        for percentile in self.percentiles:
            subject, *yardstick = [
                report.add(f"{name}/{percentile_name(percentile)}", "us",
                           [percentile_of(one, percentile) / 1000 for one in taken], len(taken[0]))
                for (name, _), taken in zip(sides, samples, strict=True)]
            if yardstick:
                report.ratios.append(Ratio(subject, yardstick[0], self.limits.get(percentile)))
            if percentile in self.bounds:
                report.ratios.append(Ratio(subject, None, self.bounds[percentile]))
                report.notes += [doubt(subject, other, self.bounds[percentile]) for other in yardstick
                                 if not self.bounds[percentile].holds(other.value)]
        report.curves += [curve(name, self.group, self.label, taken, bool(side))
                          for side, ((name, _), taken) in enumerate(zip(sides, samples, strict=True))]
        if self.note:
            report.notes.append(f"{self.name}: {self.note}")


def doubt(subject: Result, yardstick: Result, bound: Limit) -> str:
    """What is to be known of a bound on a figure itself, where not even its yardstick keeps it."""
    return (f"{subject.name}: on this machine, in this run, {yardstick.name} alone took {yardstick.value:.3g} "
            f"{yardstick.unit}; {bound} is the limit")


@dataclass(frozen=True)
class Growth:
    """A figure at each size of `axis`: NAME/SIZE. The sizes are taken in turn, so that drift falls on all."""

    name: str
    axis: str
    points: Sequence[tuple[int, Measure]]
    stopped: str = ""
    note: str = ""

    @property
    def says(self) -> str:
        return f"{self.name} at {self.points[0][0]:,} to {self.points[-1][0]:,} {self.axis}"

    def take(self, report: Report, repeats: int) -> None:
        values = alternate([measured.run for _, measured in self.points], min(repeats, REPEATS_LONG))
        results = [report.add(measured.name, measured.unit, taken, measured.count)
                   for (_, measured), taken in zip(self.points, values, strict=True)]
        report.grown.append(Grown(self.name, self.axis, tuple(size for size, _ in self.points), tuple(results),
                                  self.stopped))
        if self.note:
            report.notes.append(f"{self.name}: {self.note}")


def run(items: Iterable[Item], repeats: int, say: Callable[[str], None], report: Report | None = None,
        suite: str = "") -> Report:
    """Take all, one after the other, and say which before each; into `report` where there is one already."""
    report = report or Report(machine())
    report.suite = suite
    for item in items:
        say(f"{item.says} …")
        item.take(report, repeats)
    return report


def say_to_standard_error(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
