"""Is a yardstick as fast as it should be? Nobody looks fast beside a slow ruler.

FIGURES has what each yardstick did on the machine that the design was measured on (two shared cores, AMD EPYC); the
bare book, of which nothing depends on kernel, disk or network, says how much faster or slower this machine is. A
yardstick that does less than 0.85 of its figure, scaled so, fails the run,
where the machine is quiet enough to say. Owns the figures and the judgement.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from pricetime.bench.drive_capi import FAR

LEAST = 0.85
UNSURE = "cannot say: too noisy"
BASE_NS = 16.0              # of the bare book on the flow `move`: what all others are scaled by
REPEATS = 5
COMMANDS = 200_000
LEAST_COUNT = 50_000        # fewer operations behind a value say nothing


@dataclass(frozen=True)
class Figure:
    """What a yardstick did there; more is better, or less."""

    value: float
    more: bool


RATE = {"bare/tcp/1": 2.1e6, "bare/tcp/10": 5.7e6, "bare/tcp/100": 10e6, "bare/static": 25e6, "bare/normal": 25e6,
        "bare/swing": 25e6, "bare/crash": 25e6}
COST = {"bare/itch": 18.0}
HANDED = {name for name in RATE if not name.startswith("bare/tcp")}
FIGURES = {name: Figure(value, True) for name, value in RATE.items()} | {
    name: Figure(value, False) for name, value in COST.items()}


@dataclass(frozen=True)
class Reading:
    """A yardstick that was measured, beside what it should do on this machine. `values`: of each repeat."""

    name: str
    unit: str
    values: tuple[float, ...]
    expected: float
    more: bool
    busy: bool = False          # the machine had too much else to do

    def part(self, value: float) -> float:
        """How much of what it should do a value is: 1 or more is well."""
        return value / self.expected if self.more else self.expected / value

    @property
    def share(self) -> float:
        return self.part(statistics.median(self.values))

    @property
    def slow(self) -> bool:
        """Too slow at every repeat, on a machine that had nothing else to do: that is no noise."""
        return not self.busy and all(self.part(value) < LEAST for value in self.values)

    @property
    def verdict(self) -> str:
        """`well`, `TOO SLOW`, or that the machine is too noisy to say."""
        if self.slow:
            return "TOO SLOW"
        return "well" if self.share >= LEAST else UNSURE

    def as_json(self) -> dict[str, object]:
        return {"name": self.name, "unit": self.unit, "value": float(f"{statistics.median(self.values):.4g}"),
                "expected": float(f"{self.expected:.4g}"), "share": round(self.share, 3), "verdict": self.verdict}


def read(name: str, unit: str, values: Sequence[float], base: float, count: int, *,
         busy: bool = False, line: float = 0.0) -> Reading | None:
    """How a yardstick did, where it has a figure and did enough for one; `base`: nanoseconds a command of the bare book
    on this machine, `line`: of a cache line's way between its processors.

    What hands events to a second thread did 25 to 34 million a second on the design's machine, 25 where its processors
    are far apart: then that is what limits it, and faster arithmetic makes it no faster."""
    figure = FIGURES.get(name)
    if figure is None or count < LEAST_COUNT:
        return None
    faster = BASE_NS / base
    if line >= FAR and name in HANDED:
        faster = min(faster, 1.0)
    return Reading(name, unit, tuple(values), figure.value * faster if figure.more else figure.value / faster,
                   figure.more, busy)


def base() -> float:
    """Nanoseconds a command of the bare book on the flow `move`, here and now: the least of some runs, as others on the
    machine can only add to it."""
    from pricetime.bench.bare_book import time_bare_book
    from pricetime.bench.flows import generated_flow

    flow = generated_flow("move", COMMANDS)
    assert flow.bare_fill is not None and flow.bare is not None, "of one instrument"
    fill, bare = flow.bare_fill, flow.bare
    return min(time_bare_book(fill, bare) for _ in range(REPEATS)) / len(bare)


def summary(readings: Sequence[Reading]) -> list[str]:
    """A line for those that are too slow, one for those of which nothing can be said; none where all is well."""
    def listed(verdict: str) -> str:
        return ", ".join(f"{reading.name} {reading.share:.2f}" for reading in readings if reading.verdict == verdict)

    lines = []
    if slow := listed("TOO SLOW"):
        lines.append(f"YARDSTICKS TOO SLOW, the run does not count: {slow} of what they should do on this machine (at "
                     f"least {LEAST:g})")
    if unsure := listed(UNSURE):
        lines.append(f"too noisy to say whether these yardsticks are fast enough ({LEAST:g}): {unsure}")
    return lines
