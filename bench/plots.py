"""Plots as SVG text: percentile curves, cost by size, latency by rate, the strip of a figure's repeats.

Owns scales, ticks and colours; knows nothing of suites. What is drawn carries its numbers as titles, so that a reader
who points at it sees them; nothing is fetched and nothing moves.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from pricetime.bench.curves import Curve

WIDTH, HEIGHT = 760, 380
LEFT, RIGHT, TOP, BOTTOM = 66, 150, 14, 46
COLOURS = ("#2f6fde", "#d9480f", "#2b8a3e", "#9c36b5", "#c2255c", "#0b7285", "#e67700", "#5f3dc4", "#5c940d", "#868e96")
PERCENTILE_TICKS = (0, 50, 90, 99, 99.9, 99.99, 99.999, 99.9999)


@dataclass(frozen=True)
class Line:
    """Points to be joined, in values of the axes; dashed: a yardstick."""

    label: str
    points: Sequence[tuple[float, float]]
    colour: str
    dashed: bool = False
    titles: Sequence[str] = ()      # of the points, which are then drawn


@dataclass(frozen=True)
class Axis:
    """A logarithmic axis from `least` to `most`; `ticks` with their labels."""

    label: str
    least: float
    most: float
    ticks: Sequence[tuple[float, str]]

    def at(self, value: float, start: float, end: float) -> float:
        """Where a value lies between two places on the paper."""
        span = math.log(self.most / self.least) or 1.0
        return start + (end - start) * math.log(min(max(value, self.least), self.most) / self.least) / span


def time_label(nanoseconds: float) -> str:
    """`250 ns`, `1.5 us`, `20 ms`, `3 s`."""
    for unit, size in (("ns", 1), ("us", 1e3), ("ms", 1e6)):
        if nanoseconds < size * 1000:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds / 1e9:.3g} s"


def exponent_label(exponent: float) -> str:
    """Two places, and no minus before a zero."""
    return f"{round(exponent, 2) + 0.0:.2f}"


def count_label(value: float) -> str:
    """`800`, `25k`, `3M`."""
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def power_ticks(least: float, most: float, label: str) -> Axis:
    """A time axis in nanoseconds with ticks at 1, 2 and 5 of each decade, fewer where there are many."""
    low, high = 10 ** math.floor(math.log10(least)), 10 ** math.ceil(math.log10(most * 1.0001))
    decades = round(math.log10(high / low))
    steps = (1, 2, 5) if decades <= 2 else (1,)
    values = [low * 10 ** decade * step for decade in range(decades + 1) for step in steps]
    kept = [value for value in values if low <= value <= high]
    inside = [value for value in kept if least / 2.2 <= value <= most * 2.2] if decades <= 2 else kept
    return Axis(label, min(inside[0], least), max(inside[-1], most), [(value, time_label(value)) for value in inside])


def chart(lines: Sequence[Line], x: Axis, y: Axis, name: str) -> str:
    """Lines over two axes, a legend at the right."""
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(name)}">']
    for value, text in y.ticks:
        at = y.at(value, bottom, TOP)
        parts.append(f'<line class="grid" x1="{LEFT}" y1="{at:.1f}" x2="{right}" y2="{at:.1f}"/>'
                     f'<text class="tick" x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{escape(text)}</text>')
    for value, text in x.ticks:
        at = x.at(value, LEFT, right)
        parts.append(f'<line class="grid" x1="{at:.1f}" y1="{TOP}" x2="{at:.1f}" y2="{bottom}"/>'
                     f'<text class="tick" x="{at:.1f}" y="{bottom + 17}" text-anchor="middle">{escape(text)}</text>')
    parts.append(f'<text class="axis" x="{(LEFT + right) / 2:.0f}" y="{HEIGHT - 8}" text-anchor="middle">'
                 f'{escape(x.label)}</text>')
    parts.append(f'<text class="axis" x="14" y="{(TOP + bottom) / 2:.0f}" text-anchor="middle" '
                 f'transform="rotate(-90 14 {(TOP + bottom) / 2:.0f})">{escape(y.label)}</text>')
    parts += [drawn(line, x, y, right, bottom) for line in lines]
    for place, line in enumerate(line for line in lines if line.label):
        at = TOP + 12 + place * 19
        dash = ' stroke-dasharray="4 3"' if line.dashed else ""
        parts.append(f'<line x1="{right + 12}" y1="{at - 4}" x2="{right + 34}" y2="{at - 4}" stroke="{line.colour}" '
                     f'stroke-width="2.2"{dash}/>'
                     f'<text class="legend" x="{right + 40}" y="{at}">{escape(line.label)}</text>')
    return "".join([*parts, "</svg>"])


def drawn(line: Line, x: Axis, y: Axis, right: int, bottom: int) -> str:
    """A line on the paper, and its points where they have titles."""
    places = [(x.at(a, LEFT, right), y.at(b, bottom, TOP)) for a, b in line.points]
    dash = ' stroke-dasharray="5 4" opacity="0.75"' if line.dashed else ""
    text = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
    parts = [f'<polyline fill="none" stroke="{line.colour}" stroke-width="2" stroke-linejoin="round"{dash} '
             f'points="{text}">'
             f'<title>{escape(line.label)}</title></polyline>']
    parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3.6" fill="{line.colour}"><title>{escape(title)}</title></circle>'
              for (a, b), title in zip(places, line.titles, strict=False)]
    return "".join(parts)


def colours(keys: Iterable[str]) -> dict[str, str]:
    """One for each, in their order."""
    return {key: COLOURS[place % len(COLOURS)] for place, key in enumerate(dict.fromkeys(keys))}


# --------------------------------------------------------------------------------------------- what is plotted

def percentile_chart(curves: Sequence[Curve]) -> str:
    """Latency by percentile, the x axis by how rare: 90%, 99%, 99.9% lie equally far apart."""
    most = max(curve.total for curve in curves)
    rarest = max(float(most), 1000.0)
    ticks = [(100 / (100 - p), f"{p:g}%") for p in PERCENTILE_TICKS if 100 / (100 - p) <= rarest * 1.05]
    x = Axis("percentile of the samples", 1.0, rarest, ticks)
    y = power_ticks(min(curve.at(1) for curve in curves), max(int(curve.values[-1]) for curve in curves), "latency")
    colour = colours(curve.label for curve in curves)
    lines = [Line(curve.label, percentile_points(curve), colour[curve.label])
             for curve in curves if not curve.yardstick]
    beside = [curve for curve in curves if curve.yardstick]
    lines += [Line(legend_of(curve) if not place else "", percentile_points(curve), colour[curve.label], True)
              for place, curve in enumerate(beside)]
    return chart(lines, x, y, "latency by percentile")


def legend_of(curve: Curve) -> str:
    """One entry for all yardsticks: whose they are; the colours are those of what they stand beside."""
    return f"{curve.name.partition('/')[0]} (dashed)"


def percentile_points(curve: Curve) -> list[tuple[float, float]]:
    """So dense that the line is smooth, up to the worst of all."""
    total, points = curve.total, []
    for step in range(int(12 * math.log2(max(total, 2))) + 1):
        rare = min(2 ** (step / 12), total)
        points.append((rare, float(curve.at(100 - 100 / rare) if rare > 1 else curve.values[0])))
    return [*points, (float(total), float(curve.values[-1]))]


def rate_chart(curves: Sequence[Curve], percentiles: Sequence[float] = (50, 99)) -> str:
    """Latency by rate, one line for each percentile of each side; the rate is the last part of a curve's name."""
    rates = sorted({rate_of(curve) for curve in curves})
    x = Axis("orders a second", rates[0], rates[-1], [(rate, count_label(rate)) for rate in rates])
    lines = []
    for place, percentile in enumerate(percentiles):
        for yardstick in (False, True):
            side = sorted((curve for curve in curves if curve.yardstick == yardstick), key=rate_of)
            if side:
                who = side[0].name.partition("/")[0]
                titles = [f"{who} {rate_of(c):,.0f}/s p{percentile:g}: {time_label(c.at(percentile))}" for c in side]
                lines.append(Line(f"{who} p{percentile:g}", [(rate_of(c), float(c.at(percentile))) for c in side],
                                  COLOURS[place], yardstick, titles))
    values = [b for line in lines for _, b in line.points]
    return chart(lines, x, power_ticks(min(values), max(values), "latency"), "latency by rate")


def rate_of(curve: Curve) -> float:
    return float(curve.name.rpartition("/")[2])


def growth_chart(axis: str, unit: str, points: Sequence[tuple[float, float, float, float]], exponent: float) -> str:
    """Cost by size with its spread (size, median, least, most), and the fitted line."""
    sizes, middle = [p[0] for p in points], [p[1] for p in points]
    x = Axis(axis, sizes[0], max(sizes[-1], sizes[0] * 1.01), [(size, count_label(size)) for size in sizes])
    least, most = min(p[2] for p in points), max(p[3] for p in points)
    y = power_ticks(least / 1.3, most * 1.3, unit)
    centre = (sum(map(math.log, sizes)) / len(sizes), sum(map(math.log, middle)) / len(middle))
    fit = [(size, math.exp(centre[1] + exponent * (math.log(size) - centre[0]))) for size in (sizes[0], sizes[-1])]
    bars = [Line("", [(size, low), (size, high)], "#868e96") for size, _, low, high in points]
    titles = [f"{size:,.0f} {axis}: {value:,.4g} {unit} ({low:,.4g} to {high:,.4g})"
              for size, value, low, high in points]
    text = f"size ^ {exponent_label(exponent)}"
    svg = chart([Line("median", list(zip(sizes, middle, strict=True)), COLOURS[0], titles=titles),
                 Line(text, fit, COLOURS[1], dashed=True)], x, y, f"{unit} by {axis}")
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    return svg.replace("</svg>", "".join(drawn(bar, x, y, right, bottom) for bar in bars) + "</svg>")


def strip(values: Sequence[float], median: float) -> str:
    """The repeats of a figure as dots from half to one and a half times its median; further ones lie on the edge."""
    def place(value: float) -> float:
        return 6 + 108 * min(max(value / median - 0.5, 0.0), 1.0) if median else 60.0

    dots = "".join(f'<circle cx="{place(value):.1f}" cy="9" r="3"/>' for value in values)
    return (f'<svg class="strip" viewBox="0 0 120 18" width="120" height="18"><line x1="6" y1="9" x2="114" y2="9"/>'
            f'<line class="mid" x1="60" y1="2" x2="60" y2="16"/>{dots}</svg>')


def bullet(ratio: float, limit: float, more: bool, missed: bool) -> str:
    """How far a ratio is from its limit: the mark is the limit, two thirds along; the bar is the ratio."""
    full = 1.5 * limit
    width, mark = 200 * min(ratio / full, 1.0), 200 / 1.5
    side = f"{mark:.0f},0 200,0 200,14 {mark:.0f},14" if more else f"0,0 {mark:.0f},0 {mark:.0f},14 0,14"
    return (f'<svg class="bullet{" missed" if missed else ""}" viewBox="0 0 200 14" width="200" height="14">'
            f'<polygon class="good" points="{side}"/><rect class="bar" x="0" y="4" width="{width:.1f}" height="6"/>'
            f'<line class="limit" x1="{mark:.1f}" y1="0" x2="{mark:.1f}" y2="14"/></svg>')
