"""The HTML page: each figure, curve and exponent is on it, and it needs nothing from anywhere."""

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from pricetime.bench import harness, page, plots, rulers
from pricetime.bench.harness import Comparison, Growth, Latencies, Limit, Measure, Table
from pricetime.bench.spans import SPANS, span_of

VOID = {"meta", "line", "circle", "polyline", "polygon", "rect", "br"}


class Checked(HTMLParser):
    """Every tag that is opened is closed; what is fetched is noted."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append(tag)
        self.fetched += [
            value
            for key, value in attrs
            if key in ("src", "href", "xlink:href") and value and not value.startswith("#")
        ]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def latencies(scale: float):
    random = np.random.Generator(np.random.PCG64(3))
    return lambda: np.exp(random.normal(scale, 0.4, 5_000)).astype(np.int64)


@pytest.fixture
def report() -> harness.Report:
    found = harness.run(
        [
            Comparison(
                Measure("book/move", "ns/command", lambda: 50.0, 1_000),
                Measure("bare/move", "ns/command", lambda: 12.0, 1_000),
                Limit(at_most=3),
                "a note <of mine>",
            )
        ],
        5,
        lambda text: None,
        suite="book",
    )
    harness.run(
        [
            *(
                Latencies(
                    f"gateway/open/{rate}",
                    latencies(10.6),
                    "open loop over tcp",
                    f"{rate:,}/s",
                    (f"bare/open/{rate}", latencies(10.5)),
                    limits={99: Limit(at_most=1.25)},
                )
                for rate in (10_000, 50_000)
            )
        ],
        5,
        lambda text: None,
        found,
        "gateway",
    )
    harness.run(
        [
            Growth(
                "growth/live",
                "live orders",
                [
                    (size, Measure(f"growth/live/{size}", "ns/command", lambda size=size: size**0.5))
                    for size in (100, 10_000)
                ],
            )
        ],
        5,
        lambda text: None,
        found,
        "growth",
    )
    found.tables.append(
        Table("others' & ours", (("rate", "50%"), ("1", "2"), ("3", "4")), frozenset({2}), "a note", "book")
    )
    slow = rulers.read("bare/tcp/1", "orders/s", (1e6,) * 5, 16.0, 1_000_000)
    assert slow is not None
    found.rulers.append(slow)
    return found


@pytest.fixture
def text(report: harness.Report) -> str:
    return page.page(
        report,
        1_700_000_000,
        1_700_000_100,
        {
            "book": "What it costs.\n\nWhy it may mislead: it may.",
            "gateway": "How fast?",
            "growth": "How?\n\n    a  table",
        },
    )


def test_every_figure_is_on_the_page_with_unit_and_count(report: harness.Report, text: str) -> None:
    for result in report.results:
        stem = result.name if result.name in text else result.name.rpartition("/")[0]
        assert f"<code>{stem}</code>" in text
        assert f"{len(result.values)} × {result.count:,}" in text
    assert "ns/command" in text and "microseconds" in text


def test_it_is_one_file_that_fetches_nothing(text: str) -> None:
    checked = Checked()
    checked.feed(text)
    assert checked.open == []
    assert checked.fetched == []
    assert not re.search(r"@import|url\(|https?://", text)
    assert not {"script", "link", "iframe", "img"} & set(checked.tags)


def test_missed_limits_and_slow_yardsticks_are_seen(text: str) -> None:
    assert "<span class='miss'>missed</span>" in text
    assert "YARDSTICKS TOO SLOW" in text
    assert text.index("book/move") < text.index("gateway/open/10000"), "what is missed comes first at a glance"


def test_curves_growth_and_tables_are_drawn(text: str) -> None:
    assert text.count("<polyline") >= 8
    assert "exponent <b>0.50</b>" in text
    assert "Latency by rate" in text
    assert "<tr class=published>" in text
    assert "others&#x27; &amp; ours" in text and "a note &lt;of mine&gt;" in text


def test_the_machine_and_the_method_are_told(report: harness.Report, text: str) -> None:
    for key in ("processor", "kernel", "disk", "libzmq"):
        assert str(report.machine[key]) in text
    for word in ("open loop", "coordinated", "Gil Tene", "exchange-core", "Aeron", "warms up"):
        assert word in text


def test_each_figure_says_from_where_to_where() -> None:
    for name in (
        "book/move",
        "bare/itch",
        "layer/log",
        "pipeline/1000000/p99",
        "bare/pipeline/1000000/max",
        "journal/roll",
        "gateway/tcp/10",
        "gateway/curve/tcp/1",
        "gateway/open/10000/p99",
        "bare/open/10000/p50",
        "bare/roundtrip/p50",
        "gateway/inside/1000000/p99",
        "gateway/sessions/1000",
        "growth/sessions/10",
        "snapshot/write",
    ):
        assert span_of(name) is not None, name
    assert span_of("nothing/known") is None
    assert len({span.pattern for span in SPANS}) == len(SPANS)


def test_the_docs_say_the_same() -> None:
    text = (Path(__file__).parents[2] / "docs" / "benchmarks.md").read_text()
    for span in SPANS:
        assert f"| `{span.pattern}` | {span.start} | {span.end} |" in text


@pytest.mark.parametrize(
    ("nanoseconds", "text"), [(7, "7 ns"), (999, "999 ns"), (1_500, "1.5 us"), (20_000_000, "20 ms"), (3e9, "3 s")]
)
def test_times_are_in_the_unit_that_fits(nanoseconds: float, text: str) -> None:
    assert plots.time_label(nanoseconds) == text


def test_each_tenth_of_what_is_left_is_as_wide() -> None:
    axis = plots.Axis("", 1, 1_000, [])
    places = [axis.at(100 / (100 - p), 0, 300) for p in (0, 90, 99, 99.9)]
    assert places == pytest.approx([0, 100, 200, 300])
