"""The report as text for a terminal: a line a figure, then growth, tables, what is to be doubted, what is missed.

Owns the wording of the last lines, which page.py shows, too. Measures nothing.
"""

from collections.abc import Sequence

from pricetime.bench import rulers
from pricetime.bench.harness import NOISY_SPREAD, Grown, Ratio, Report, Result
from pricetime.bench.machine import warning

COLUMNS = ("name", "value", "unit", "min", "max", "repeats", "yardstick", "ratio", "limit", "verdict")
RIGHT = {1, 3, 4, 5, 7, 8}


def figure(value: float) -> str:
    """Three significant figures at least, thousands in groups."""
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 0.1 or not size else f"{value:.3g}"


def table(report: Report) -> str:
    """Every figure in a line of its own, the ratio beside the one that the yardstick is for; below, growth, notes, then
    what is to be doubted, then the limits that are missed."""
    rows: list[tuple[str, ...]] = [COLUMNS]
    for result in report.results:
        own: list[Ratio | None] = [ratio for ratio in report.ratios if ratio.subject is result]
        rows += [line_of(result, ratio) for ratio in own or [None]]
    lines = columns(rows, RIGHT)
    lines += [growth_line(grown) for grown in report.grown]
    for composed in report.tables:
        lines += ["", composed.title, *columns(composed.rows, set(range(1, len(composed.rows[0])))), composed.note, ""]
    lines += report.notes
    return "\n".join([*lines, *doubts(report), *summary(report)])


def line_of(result: Result, ratio: Ratio | None) -> tuple[str, ...]:
    """A row of the table."""
    row = (result.name, figure(result.value), result.unit, figure(min(result.values)), figure(max(result.values)),
           str(len(result.values)))
    if ratio is None:
        return (*row, "", "", "", "")
    beside = ("", "") if ratio.yardstick is None else (ratio.yardstick.name, f"{ratio.value:.2f}")
    return (*row, *beside, "" if ratio.limit is None else str(ratio.limit), ratio.verdict)


def columns(rows: Sequence[Sequence[str]], right: set[int]) -> list[str]:
    """Rows as lines whose columns stand below each other."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.rjust(width) if column in right else cell.ljust(width)
                      for column, (cell, width) in enumerate(zip(row, widths, strict=True))).rstrip() for row in rows]


def growth_line(grown: Grown) -> str:
    """What the exponent says, in words."""
    return (f"{grown.name}: {grown.results[0].unit} as {grown.axis} to the power of {grown.exponent:.2f}, "
            f"{grown.sizes[0]:,g} to {grown.sizes[-1]:,g}" + (f"; {grown.stopped}" if grown.stopped else ""))


def doubts(report: Report) -> list[str]:
    """What makes figures doubtful: noise, a busy machine, slow yardsticks."""
    noisy = list(dict.fromkeys(result.name for result in report.results if result.noisy))
    care = f"noisy, read with care (spread above {NOISY_SPREAD:.0%} of the median): {', '.join(noisy)}"
    return [*([care] if noisy else []), *warning(report.machine), *rulers.summary(report.rulers)]


def summary(report: Report) -> list[str]:
    """One line that says which limits are missed, or that all hold; none where nothing has a limit."""
    limits = [ratio for ratio in report.ratios if ratio.limit is not None]
    missed = [f"{ratio.subject.name} {figure(ratio.value)} ({ratio.limit})" for ratio in report.missed]
    if missed:
        return [f"MISSED {len(missed)} of {len(limits)} limits: {', '.join(missed)}"]
    return [f"every limit holds ({len(limits)})"] if limits else []
