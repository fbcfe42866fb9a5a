"""The report as one HTML file: the machine, each figure with its spread, curves, growth, what is measured from where to
where. Needs nothing from anywhere: style and plots are in it.

Owns what is on the page and its order; plots.py draws, table.py words the doubts. Measures nothing.
"""

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from pricetime.bench import plots, table
from pricetime.bench.curves import Curve, percentile_name
from pricetime.bench.harness import Grown, Ratio, Report, Table
from pricetime.bench.page_figures import code, figures, verdict
from pricetime.bench.page_style import STYLE
from pricetime.bench.rulers import LEAST

TITLES = {
    "book": "The book", "capi": "Through the C interface, events to a second thread", "scale": "Large books",
    "pipeline": "Layers, and log and engine at given rates", "journal": "The log", "start": "Starts and snapshots",
    "codec": "Messages in Python", "gateway": "The gateway, over ZeroMQ",
    "power": "On the disk before it is acknowledged",
    "growth": "How cost grows",
}
MACHINE = (("processor", "processor"), ("cores", "cores"), ("memory_gib", "memory, GiB"),
           ("virtual", "virtual machine"),
           ("governor", "governor"), ("clock", "clock source"), ("huge_pages", "huge pages"), ("kernel", "kernel"),
           ("disk", "disk of the logs"), ("python", "Python"), ("numpy", "NumPy"), ("libzmq", "libzmq"),
           ("pyzmq", "pyzmq"), ("msgspec", "msgspec"), ("hdrhistogram", "hdrhistogram"), ("pricetime", "pricetime"),
           ("load", "load before"))
CURVE_PERCENTILES = (50, 90, 99, 99.9, 99.99, 100)
RATE_PLOTS = {"open loop over tcp": "Latency by rate, up to saturation"}
METHOD = f""" <p>Work is made ready beforehand. A figure and its yardstick are taken in turn, A B A B, after a first
          pair that warms up and does not count; shown is the median of the repeats, with the least and the most.
          <b>The ratio decides</b>: the median of the pairs' ratios. Where values spread by more than a quarter of
          their median, figure and verdict are called noisy.</p> <p>Latencies are taken in an open loop: every message
          has a time at which it is to be sent, whatever became of those before it, and its latency is counted from
          that time. What waits behind a slow one has waited; nothing is left out (coordinated omission, as Gil Tene
          named it). Only round trips are one at a time, and say so. Percentiles have HdrHistogram's meaning: the
          least latency that so many percent of the samples do not exceed; three significant figures are kept.</p>
          <p>A yardstick that does less than {LEAST:g} of what it should do, scaled by how fast the bare book is on
          this machine, fails the run. Sources of the method: Gil Tene, <i>How NOT to Measure Latency</i>, and wrk2;
          the latency tests of exchange-core and of Aeron. More, and why each figure may mislead, is in
          docs/benchmarks.md.</p>
          """


def page(report: Report, began: float, ended: float, suites: dict[str, str]) -> str:
    """The whole file. `suites`: name and docstring of each suite that ran."""
    body = [*header(report, began, ended), *glance(report)]
    body += ["<h2 id='machine'>The machine</h2>", machine(report)]
    for name, says in suites.items():
        body += section(report, name, says)
    body += yardsticks(report)
    body += ["<h2 id='method'>How it was measured</h2>", METHOD]
    links = "".join(f"<a href='#{name}'>{escape(name)}</a>" for name in ("machine", *suites, "method"))
    return (f"<!doctype html>\n<html lang='en'><head><meta charset='utf-8'><title>pricetime bench</title>"
            f"<meta name='viewport' content='width=device-width, initial-scale=1'><style>{STYLE}</style></head>"
            f"<body><nav><b>pricetime bench</b>{links}</nav><main>{''.join(body)}</main></body></html>\n")


# ---------------------------------------------------------------------------------------------- top of the page

def header(report: Report, began: float, ended: float) -> Iterator[str]:
    """Title, the four numbers that matter, and what makes the figures doubtful."""
    limits = [ratio for ratio in report.ratios if ratio.limit is not None]
    missed = report.missed
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(began))
    yield (f"<header><h1>Figures of one run</h1><p class='sub'>{when}, {ended - began:,.0f} s on "
           f"{escape(str(report.machine['processor']))}, {report.machine['cores']} cores</p><div class='cards'>")
    yield card("good", len(limits) - len(missed), "limits hold")
    yield card("bad" if missed else "good", len(missed), "limits missed")
    yield card("", sum(result.noisy for result in report.results), f"of {len(report.results)} figures noisy")
    yield card("", sum(curve.total for curve in report.curves), "latencies sampled")
    yield "</div>"
    for line in table.doubts(report):
        if line.startswith(("WARNING", "YARDSTICKS", "too noisy")):
            yield f"<p class='warning'>{escape(line)}</p>"
    yield "</header>"


def card(kind: str, number: int, text: str) -> str:
    return f"<div class='card {kind}'><b>{number:,}</b><span>{escape(text)}</span></div>"


def glance(report: Report) -> Iterator[str]:
    """Every limit with its bar, the missed ones first."""
    limits = sorted((ratio for ratio in report.ratios if ratio.limit is not None), key=lambda ratio: not ratio.missed)
    if not limits:
        return
    yield ("<h2>Limits at a glance</h2><p>The bar is the ratio to the yardstick (or the figure itself, where it has "
           "none), the line its limit; the tinted side is where it should be.</p><div class='scroll'>"
           "<table class='glance'>"
           "<tr><th>figure</th><th>beside</th><th class='n'>ratio</th><th></th><th class='n'>limit</th><th></th></tr>")
    for ratio in limits:
        yield limit_row(ratio)
    yield "</table></div>"


def limit_row(ratio: Ratio) -> str:
    """One limit: the bar says how far from it."""
    limit = ratio.limit
    assert limit is not None, "chosen so"
    bound = limit.at_most if limit.at_most is not None else limit.at_least
    assert bound is not None, "one of the two"
    beside = code(ratio.yardstick.name) if ratio.yardstick else f"<span class='dim'>{escape(ratio.subject.unit)}</span>"
    return (f"<tr><td>{code(ratio.subject.name)}</td><td>{beside}</td><td class='n'>{table.figure(ratio.value)}</td>"
            f"<td>{plots.bullet(ratio.value, bound, limit.at_least is not None, ratio.missed)}</td>"
            f"<td class='n'>{escape(said(limit.at_most is not None, bound))}</td><td>{verdict(ratio)}</td></tr>")


def said(at_most: bool, bound: float) -> str:
    return f"at {'most' if at_most else 'least'} " + (f"{bound:,.3g}" if bound < 1000 else f"{bound:,.0f}")


def machine(report: Report) -> str:
    """What is known of the machine, in cells."""
    def shown(value: object) -> str:
        if isinstance(value, bool):
            return "yes" if value else "no"
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

    cells = "".join(f"<div><dt>{escape(label)}</dt><dd>{escape(shown(report.machine[key]))}</dd></div>"
                    for key, label in MACHINE if key in report.machine)
    return f"<dl class='machine'>{cells}</dl>"


# --------------------------------------------------------------------------------------------------- each suite

def section(report: Report, name: str, says: str) -> Iterator[str]:
    """What a suite found: words, curves, growth, tables, then every figure."""
    results = [result for result in report.results if result.suite == name]
    yield f"<h2 id='{name}'>{escape(TITLES.get(name, name))}</h2>{prose(says)}"
    names = {result.name.rpartition("/")[0] for result in results}
    curves = [curve for curve in report.curves if curve.name in names]
    for group in dict.fromkeys(curve.group for curve in curves):
        yield from curve_figure(group, [curve for curve in curves if curve.group == group])
    grown = [found for found in report.grown if found.results[0].suite == name]
    if grown:
        yield f"<div class='grid2'>{''.join(growth_figure(found) for found in grown)}</div>"
    yield from (composed(found) for found in report.tables if found.suite == name)
    yield from figures(report, results, names & {curve.name for curve in curves})
    own = {result.name for result in results} | names
    notes = [note for note in report.notes if note.partition(": ")[0] in own]
    yield "".join(f"<p class='note'>{escape(note)}</p>" for note in notes)


def prose(says: str) -> str:
    """A docstring as paragraphs; the one that says why figures may mislead stands out; `names` as code."""
    parts = []
    for paragraph in says.strip().split("\n\n"):
        if paragraph.startswith("    "):
            parts.append(f"<pre>{escape(paragraph)}</pre>")
            continue
        text = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(" ".join(paragraph.split())))
        kind = " class='mislead'" if text.startswith("Why it may mislead") else ""
        parts.append(f"<p{kind}>{text}</p>")
    first, *rest = parts
    return f"{first}<details><summary>How, and why it may mislead</summary>{''.join(rest)}</details>" if rest else first


def curve_figure(group: str, curves: Sequence[Curve]) -> Iterator[str]:
    """Percentile curves of one group, with the numbers below; by rate, too, where they are of several."""
    unique = {curve.name: curve for curve in curves}        # one that is beside two others is drawn once
    chosen = list(unique.values())
    if group in RATE_PLOTS and len({plots.rate_of(curve) for curve in chosen}) > 1:
        yield f"<figure><figcaption>{escape(RATE_PLOTS[group])}</figcaption>{plots.rate_chart(chosen)}</figure>"
    yield (f"<figure><figcaption>{escape(group[0].upper() + group[1:])}: latency by percentile</figcaption>"
           f"{plots.percentile_chart(chosen)}<details><summary>The numbers</summary>{curve_numbers(chosen)}</details>"
           "</figure>")


def curve_numbers(curves: Iterable[Curve]) -> str:
    """A curve a row, the percentiles side by side."""
    heads = "".join(f"<th class='n'>{percentile_name(p)}</th>" for p in CURVE_PERCENTILES)
    rows = "".join(
        f"<tr><td>{code(curve.name)}</td><td class='n'>{curve.total:,}</td>"
        + "".join(f"<td class='n'>{plots.time_label(curve.at(p))}</td>" for p in CURVE_PERCENTILES) + "</tr>"
        for curve in curves)
    return (f"<div class='scroll'><table><tr><th>curve</th><th class='n'>samples</th>{heads}</tr>{rows}</table></div>")


def growth_figure(grown: Grown) -> str:
    """One plot, with the exponent above it."""
    unit = grown.results[0].unit
    points = [(size, result.value, min(result.values), max(result.values))
              for size, result in zip(grown.sizes, grown.results, strict=True)]
    stopped = f"<p class='note'>{escape(grown.stopped)}</p>" if grown.stopped else ""
    return (f"<figure><figcaption>{code(grown.name)} {escape(unit)} by {escape(grown.axis)}: exponent "
            f"<b>{plots.exponent_label(grown.exponent)}</b></figcaption>"
            f"{plots.growth_chart(grown.axis, unit, points, grown.exponent)}{stopped}</figure>")


def composed(found: Table) -> str:
    """A suite's own table; rows of others' figures are marked."""
    head = "".join(f"<th{' class=n' if place > 1 else ''}>{escape(cell)}</th>"
                   for place, cell in enumerate(found.rows[0]))
    rows = "".join(
        f"<tr{' class=published' if place in found.published else ''}>"
        + "".join(f"<td{' class=n' if column > 1 else ''}>{escape(cell)}</td>" for column, cell in enumerate(row))
        + "</tr>"
        for place, row in enumerate(found.rows[1:], 1))
    return (f"<figure><figcaption>{escape(found.title)}</figcaption><div class='scroll'>"
            f"<table><tr>{head}</tr>{rows}</table></div>"
            f"<p class='note'>{escape(found.note)}</p></figure>")


def yardsticks(report: Report) -> Iterator[str]:
    """How each yardstick did beside what it should do."""
    if not report.rulers:
        return
    yield ("<h2>Are the yardsticks fast enough?</h2><p>What each should do is what it did on the machine of the "
           f"design, scaled by the bare book on this one; less than {LEAST:g} of it at every repeat fails the run.</p>"
           "<div class='scroll'><table><tr><th>yardstick</th><th class='n'>here</th><th class='n'>should do</th>"
           "<th>unit</th><th class='n'>share</th><th></th></tr>")
    for reading in report.rulers:
        kind = "miss" if reading.slow else "hold" if reading.verdict == "well" else "noisy"
        middle = sorted(reading.values)[len(reading.values) // 2]
        yield (f"<tr><td>{code(reading.name)}</td><td class='n'>{table.figure(middle)}</td>"
               f"<td class='n'>{table.figure(reading.expected)}</td><td>{escape(reading.unit)}</td>"
               f"<td class='n'>{reading.share:.2f}</td>"
               f"<td><span class='{kind}'>{escape(reading.verdict)}</span></td></tr>")
    yield "</table></div>"
