"""Measure things beside their yardsticks: repeats in alternated pairs, medians and extremes, a table, JSON.

Owns how a figure is taken and shown; what is measured is the suites' (bench_*.py). A figure and its yardstick are
measured in turn, A B A B, so that what the machine does meanwhile falls on both; the ratio is the median of the
pairs' ratios.
"""

import os
import platform
import statistics
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

REPEATS = 9
REPEATS_QUICK = 5
NOISY_SPREAD = 0.25         # (max - min) / median above which a figure is called noisy
TRUSTED_LOAD = 0.75         # load a core before the run above which figures are not to be trusted


@dataclass(frozen=True)
class Options:
    """What the user asked for. `flow` is a JSON Lines file for the book instead of the generated flows."""

    quick: bool = False
    flow: Path | None = None

    @property
    def repeats(self) -> int:
        return REPEATS_QUICK if self.quick else REPEATS


@dataclass(frozen=True)
class Measure:
    """One figure: `run` does the whole work once and returns the value in `unit`."""

    name: str
    unit: str
    run: Callable[[], float]


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
class Comparison:
    """A figure with the yardstick that it stands beside; `note` says what cannot be seen from the names. Without a
    yardstick the limit is on the figure itself."""

    subject: Measure
    yardstick: Measure | None = None
    limit: Limit | None = None
    note: str = ""


@dataclass(frozen=True)
class Result:
    """Values of one figure, one a repeat."""

    name: str
    unit: str
    values: tuple[float, ...]

    @property
    def value(self) -> float:
        return statistics.median(self.values)

    @property
    def noisy(self) -> bool:
        return max(self.values) - min(self.values) > NOISY_SPREAD * abs(self.value)

    def as_json(self) -> dict[str, object]:
        return {"name": self.name, "value": _rounded(self.value), "unit": self.unit, "min": _rounded(min(self.values)),
                "max": _rounded(max(self.values)), "repeats": len(self.values)}


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


@dataclass
class Report:
    """All that was measured, in order."""

    machine: dict[str, Any]
    results: list[Result] = field(default_factory=list)
    ratios: list[Ratio] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def missed(self) -> list[Ratio]:
        return [ratio for ratio in self.ratios if ratio.missed]

    def as_json(self) -> dict[str, object]:
        """`machine` and `results` as INTERFACES has them; `ratios` beside them."""
        return {"machine": self.machine, "results": [result.as_json() for result in self.results],
                "ratios": [ratio.as_json() for ratio in self.ratios]}


def _rounded(value: float) -> float:
    """Four significant figures: more would be noise."""
    return float(f"{value:.4g}")


def measure(comparison: Comparison, repeats: int) -> list[Result]:
    """The subject's result, then the yardstick's where there is one. A first pair warms up and does not count."""
    measures = [measured for measured in (comparison.subject, comparison.yardstick) if measured is not None]
    values: list[list[float]] = [[] for _ in measures]
    for repeat in range(repeats + 1):
        for measured, taken in zip(measures, values, strict=True):
            value = measured.run()
            if repeat:
                taken.append(value)
    return [Result(m.name, m.unit, tuple(taken)) for m, taken in zip(measures, values, strict=True)]


def run(comparisons: Iterable[Comparison], repeats: int, say: Callable[[str], None]) -> Report:
    """Measure all, one after the other, and say which before each."""
    report = Report(machine())
    for comparison in comparisons:
        beside = f" beside {comparison.yardstick.name}" if comparison.yardstick else ""
        say(f"{comparison.subject.name}{beside} …")
        subject, *yardstick = measure(comparison, repeats)
        report.results += [subject, *yardstick]
        if yardstick or comparison.limit:
            report.ratios.append(Ratio(subject, yardstick[0] if yardstick else None, comparison.limit))
        if comparison.note:
            report.notes.append(f"{comparison.subject.name}: {comparison.note}")
    return report


# ----------------------------------------------------------------------------------------------- how it is shown

COLUMNS = ("name", "value", "unit", "min", "max", "repeats", "yardstick", "ratio", "limit", "verdict")


def figure(value: float) -> str:
    """Three significant figures at least, thousands in groups."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def table(report: Report) -> str:
    """Every figure in a line of its own, the ratio beside the one that the yardstick is for; below, notes, then what
    is to be doubted, then the limits that are missed."""
    ratios = {ratio.subject.name: ratio for ratio in report.ratios}
    rows = [COLUMNS]
    for result in report.results:
        row = (result.name, figure(result.value), result.unit, figure(min(result.values)), figure(max(result.values)),
               str(len(result.values)))
        ratio = ratios.get(result.name)
        if ratio is None:
            rows.append((*row, "", "", "", ""))
        else:
            limit = "" if ratio.limit is None else str(ratio.limit)
            beside = ("", "") if ratio.yardstick is None else (ratio.yardstick.name, f"{ratio.value:.2f}")
            rows.append((*row, *beside, limit, ratio.verdict))
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    right = {1, 3, 4, 5, 7, 8}
    lines = ["  ".join(cell.rjust(width) if column in right else cell.ljust(width)
                       for column, (cell, width) in enumerate(zip(row, widths, strict=True))).rstrip() for row in rows]
    lines += report.notes
    noisy = [result.name for result in report.results if result.noisy]
    if noisy:
        lines.append(f"noisy, read with care (spread above {NOISY_SPREAD:.0%} of the median): {', '.join(noisy)}")
    return "\n".join([*lines, *warning(report.machine), *summary(report)])


def warning(described: dict[str, Any]) -> list[str]:
    """One line where the machine had too much else to do before the run."""
    load, cores = described["load"][0], described["cores"] or 1
    trusted = TRUSTED_LOAD * cores
    if load <= trusted:
        return []
    return [f"WARNING: the load was {load:g} before the run, above {trusted:g} on {cores} cores: do not trust these "
            "figures, run again on a quiet machine"]


def summary(report: Report) -> list[str]:
    """One line that says which limits are missed, or that all hold; none where nothing has a limit."""
    limits = [ratio for ratio in report.ratios if ratio.limit is not None]
    missed = [f"{ratio.subject.name} {figure(ratio.value)} ({ratio.limit})" for ratio in report.missed]
    if missed:
        return [f"MISSED {len(missed)} of {len(limits)} limits: {', '.join(missed)}"]
    return [f"every limit holds ({len(limits)})"] if limits else []


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return "unknown"


def _processor() -> str:
    for line in _read("/proc/cpuinfo").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def machine() -> dict[str, Any]:
    """What a reader must know to believe a figure: processor, cores, governor, kernel, versions, load before the
    run."""
    import zmq

    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "governor": _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "clock": _read("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "numpy": _version("numpy"),
        "pyzmq": _version("pyzmq"),
        "libzmq": zmq.zmq_version(),
        "pricetime": _version("pricetime"),
        "load": [round(value, 2) for value in os.getloadavg()],
    }


def say_to_standard_error(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
