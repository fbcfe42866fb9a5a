"""The tables of figures on the HTML page: one row a figure; latencies with their percentiles side by side.

Every figure stands here with its unit, its spread over the repeats, how many there were and what each counts, from
where to where it was measured, and what it stands beside.
"""

import re
from collections.abc import Iterator, Sequence
from html import escape

from pricetime.bench import plots, table
from pricetime.bench.harness import Ratio, Report, Result
from pricetime.bench.spans import span_of

HEAD = (
    "<tr><th>figure</th><th class='n'>median</th><th>unit</th><th>the repeats, from half to one and a half times the "
    "median"
    "</th><th class='n'>least</th><th class='n'>most</th><th class='n'>repeats × count</th><th>beside</th>"
    "<th class='n'>ratio</th><th class='n'>limit</th><th></th></tr>"
)


def figures(report: Report, results: Sequence[Result], latencies: set[str]) -> Iterator[str]:
    """Of one suite. `latencies`: names whose results are percentiles."""
    single = [result for result in results if result.name.rpartition("/")[0] not in latencies]
    several = [result for result in results if result.name.rpartition("/")[0] in latencies]
    said: set[str] = set()
    if single:
        rows = "".join(figure_rows(report, result, said) for result in single)
        yield f"<div class='scroll'><table class='figures'>{HEAD}{rows}</table></div>"
    columns = dict.fromkeys(result.name.rpartition("/")[2] for result in several)
    if several:
        heads = "".join(f"<th class='n'>{escape(column)}</th>" for column in columns)
        rows = "".join(latency_row(report, name, own, list(columns), said) for name, own in groups(several))
        yield (
            f"<div class='scroll'><table class='figures'><tr><th>latency, microseconds: median of the repeats, "
            "least and "
            f"most</th><th class='n'>repeats × count</th>{heads}</tr>{rows}</table></div>"
        )


def groups(results: Sequence[Result]) -> Iterator[tuple[str, list[Result]]]:
    """The percentiles of one latency together, in their order; one that was taken twice stands twice."""
    taken: list[tuple[str, list[Result]]] = []
    for result in results:
        name, _, percentile = result.name.rpartition("/")
        own = next((found for stem, found in reversed(taken) if stem == name), None)
        if own is None or any(known.name.endswith("/" + percentile) for known in own):
            taken.append((name, [result]))
        else:
            own.append(result)
    yield from taken


def latency_row(report: Report, name: str, own: Sequence[Result], columns: Sequence[str], said: set[str]) -> str:
    """One latency: a cell a percentile, with what it is beside its yardstick; from where to where is said once."""
    told = once(name, said)
    found = {result.name.rpartition("/")[2]: result for result in own}
    cells = "".join(latency_cell(found.get(column), report) for column in columns)
    return (
        f"<tr{kind(name)}><td>{code(name)}{told}</td><td class='n'>{len(own[0].values)} × {own[0].count:,}</td>"
        f"{cells}</tr>"
    )


def latency_cell(result: Result | None, report: Report) -> str:
    """A percentile: the median, least and most, what it is beside its yardstick."""
    if result is None:
        return "<td></td>"
    parts = [
        f"<b>{table.figure(result.value)}</b>",
        f"<div class='span'>{table.figure(min(result.values))} to {table.figure(max(result.values))}</div>",
    ]
    for ratio in ratios_of(report, result):
        limit = "" if ratio.limit is None else f" {escape(str(ratio.limit))} {verdict(ratio)}"
        beside = (
            f"{table.figure(ratio.value)} × {code(ratio.yardstick.name.partition('/')[0])}" if ratio.yardstick else ""
        )
        if beside or limit:
            parts.append(f"<div class='ratio'>{beside}{limit}</div>")
    return f"<td class='n'>{''.join(parts)}</td>"


def figure_rows(report: Report, result: Result, said: set[str]) -> str:
    """A row for each yardstick or limit that a figure has; from where to where is said once."""
    own: list[Ratio | None] = [*ratios_of(report, result)]
    return "".join(figure_row(result, ratio, once(result.name, said)) for ratio in own or [None])


def once(name: str, said: set[str]) -> str:
    """From where to where, where no row before has said the same."""
    where = path(name)
    told = "" if where in said else where
    said.add(where)
    return told


def figure_row(result: Result, ratio: Ratio | None, told: str) -> str:
    """The median, its repeats as dots, what it stands beside, from where to where."""
    beside = code(ratio.yardstick.name) if ratio and ratio.yardstick else ""
    value = table.figure(ratio.value) if ratio and ratio.yardstick else ""
    limit = "" if ratio is None or ratio.limit is None else escape(str(ratio.limit))
    return (
        f"<tr{kind(result.name)}><td>{code(result.name)}{told}</td>"
        f"<td class='n big'>{table.figure(result.value)}</td>"
        f"<td>{escape(result.unit)}</td><td>{plots.strip(result.values, result.value)}</td>"
        f"<td class='n'>{table.figure(min(result.values))}</td><td class='n'>{table.figure(max(result.values))}</td>"
        f"<td class='n'>{len(result.values)} × {result.count:,}</td><td>{beside}</td><td class='n'>{value}</td>"
        f"<td class='n'>{limit}</td><td>{verdict(ratio) if ratio else ''}</td></tr>"
    )


def ratios_of(report: Report, result: Result) -> list[Ratio]:
    return [ratio for ratio in report.ratios if ratio.subject is result]


def verdict(ratio: Ratio) -> str:
    if ratio.limit is None:
        return ""
    noisy = " <span class='noisy'>noisy</span>" if ratio.verdict.endswith("(noisy)") else ""
    return f"<span class='{'miss' if ratio.missed else 'hold'}'>{'missed' if ratio.missed else 'holds'}</span>{noisy}"


def kind(name: str) -> str:
    return " class='yard'" if name.startswith("bare/") else ""


def path(name: str) -> str:
    """From where to where."""
    span = span_of(name)
    return "" if span is None else f"<div class='span'>{quoted(span.start)} <b>→</b> {quoted(span.end)}</div>"


def code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def quoted(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
