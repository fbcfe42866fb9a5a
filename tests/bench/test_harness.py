"""How figures are taken and shown: alternated pairs, medians, the JSON of INTERFACES, the verdict."""

import json

import numpy as np
import pytest

from pricetime.bench import harness, table
from pricetime.bench.harness import Comparison, Limit, Measure, Options, Ratio, Result


def counting(name: str, log: list[str], values: list[float]) -> Measure:
    left = iter(values)

    def run() -> float:
        log.append(name)
        return next(left)

    return Measure(name, "ns/command", run)


def report_of(limit: Limit | None = None) -> harness.Report:
    subject = counting("book/move", [], [99.0, 40.0, 60.0, 50.0])
    yardstick = counting("bare/move", [], [99.0, 10.0, 10.0, 25.0])
    return harness.run([Comparison(subject, yardstick, limit)], 3, lambda text: None)


def test_pairs_are_alternated_and_the_first_is_warm_up() -> None:
    log: list[str] = []
    comparison = Comparison(counting("a", log, [9, 1, 2]), counting("b", log, [9, 3, 4]))
    subject, yardstick = harness.measure(comparison, 2)
    assert log == ["a", "b"] * 3
    assert subject.values == (1, 2)
    assert yardstick.values == (3, 4)


def test_value_is_the_median_and_ratio_the_median_of_the_pairs() -> None:
    report = report_of()
    assert report.results[0].value == 50
    assert report.ratios[0].value == 4          # of 4, 6 and 2


def test_json_has_the_shape_of_interfaces() -> None:
    found = json.loads(json.dumps(report_of(Limit(at_most=5)).as_json()))
    assert set(found["machine"]) >= {"processor", "cores", "kernel", "python"}
    assert found["results"][0] == {
        "name": "book/move", "value": 50.0, "unit": "ns/command", "min": 40.0, "max": 60.0, "repeats": 3,
        "count": 1}
    assert found["ratios"] == [
        {"name": "book/move", "yardstick": "bare/move", "ratio": 4.0, "at_most": 5, "at_least": None, "holds": True}]


@pytest.mark.parametrize(("limit", "verdict"), [
    (Limit(at_most=4), "holds"), (Limit(at_most=3.9), "MISSED"),
    (Limit(at_least=4), "holds"), (Limit(at_least=4.1), "MISSED"),
    (None, "")])
def test_verdict(limit: Limit | None, verdict: str) -> None:
    ratio = Ratio(Result("a", "x", (8.0,)), Result("b", "x", (2.0,)), limit)
    assert ratio.verdict == verdict
    assert ratio.missed == (verdict == "MISSED")


@pytest.mark.parametrize(("limit", "verdict"), [
    (Limit(at_most=4), "holds (noisy)"), (Limit(at_most=3), "MISSED (noisy)")])
@pytest.mark.parametrize(("subject", "yardstick"), [
    ((7.0, 8.0, 10.0), (2.0, 2.0, 2.0)), ((8.0, 8.0, 8.0), (1.0, 2.0, 2.0))])
def test_a_verdict_on_noisy_figures_says_so(limit, verdict, subject, yardstick) -> None:
    ratio = Ratio(Result("a", "x", subject), Result("b", "x", yardstick), limit)
    assert (ratio.value, ratio.verdict, ratio.missed) == (4, verdict, "MISSED" in verdict)


def test_a_noisy_figure_without_a_yardstick_says_so_too() -> None:
    assert Ratio(Result("a", "x", (100.0, 200.0, 210.0)), None, Limit(at_most=200)).verdict == "holds (noisy)"


def test_table_names_figure_unit_extremes_yardstick_and_verdict() -> None:
    lines = table.table(report_of(Limit(at_most=3))).splitlines()
    assert lines[0].split() == list(table.COLUMNS)
    assert " ".join(lines[1].split()) == "book/move 50.0 ns/command 40.0 60.0 3 bare/move 4.00 <= 3 MISSED (noisy)"
    assert " ".join(lines[2].split()) == "bare/move 10.0 ns/command 10.0 25.0 3"


def test_noise_is_said() -> None:
    line = table.table(report_of()).splitlines()[3]
    assert line.startswith("noisy, read with care")
    assert "bare/move" in line


def quiet(report: harness.Report, load: float = 0.5, cores: int = 2) -> harness.Report:
    report.machine |= {"load": [load, load, load], "cores": cores}
    return report


@pytest.mark.parametrize(("limit", "line"), [
    (Limit(at_most=3), "MISSED 1 of 1 limits: book/move 4.00 (<= 3)"),
    (Limit(at_most=4), "every limit holds (1)")])
def test_the_last_line_says_which_limits_are_missed(limit: Limit, line: str) -> None:
    assert table.table(quiet(report_of(limit))).splitlines()[-1] == line


def test_nothing_is_said_of_limits_where_there_are_none() -> None:
    assert "limits" not in table.table(quiet(report_of()))


def test_a_busy_machine_is_warned_of() -> None:
    assert "WARNING" not in table.table(quiet(report_of(), load=1.5))
    assert "WARNING: the load was 1.6 before the run, above 1.5 on 2 cores" in table.table(quiet(report_of(), 1.6))
    assert "WARNING" not in table.table(quiet(report_of(), 1.6, cores=4))


def test_latencies_become_figures_and_a_curve_of_all_repeats() -> None:
    subject, yardstick = iter(range(1, 99)), iter(range(1, 99))
    item = harness.Latencies(
        "gateway/open/10", lambda: np.full(100, 2_000 * next(subject)), "open", "10/s",
        ("bare/open/10", lambda: np.full(100, 1_000 * next(yardstick))), percentiles=(50, 99),
        limits={50: Limit(at_most=1.9)}, bounds={99: Limit(at_most=9)})
    report = harness.run([item], 3, lambda text: None)
    assert [(result.name, result.unit, result.values, result.count) for result in report.results] == [
        ("gateway/open/10/p50", "us", (4, 6, 8), 100), ("bare/open/10/p50", "us", (2, 3, 4), 100),
        ("gateway/open/10/p99", "us", (4, 6, 8), 100), ("bare/open/10/p99", "us", (2, 3, 4), 100)]
    assert [(ratio.value, ratio.missed) for ratio in report.ratios] == [(2, True), (2, False), (6, False)]
    assert [(curve.name, curve.total, curve.yardstick) for curve in report.curves] == [
        ("gateway/open/10", 300, False), ("bare/open/10", 300, True)]


@pytest.mark.parametrize(("wanted", "taken"), [(0, harness.REPEATS_LONG), (7, 7)])
def test_short_latencies_are_taken_as_often_as_they_say(wanted: int, taken: int) -> None:
    item = harness.Latencies("gateway/open/10", lambda: np.full(100, 6_000), "open", "10/s", repeats=wanted)
    report = harness.run([item], harness.REPEATS, lambda text: None)
    assert [len(result.values) for result in report.results] == [taken, taken]


@pytest.mark.parametrize(("bound", "said"), [(9, ""), (3, ""), (2.5, "bare/open/10/p99 alone took 3 us; <= 2.5 is")])
def test_a_bound_that_not_even_the_yardstick_keeps_is_said(bound: float, said: str) -> None:
    item = harness.Latencies("gateway/open/10", lambda: np.full(100, 6_000), "open", "10/s",
                             ("bare/open/10", lambda: np.full(100, 3_000)), bounds={99: Limit(at_most=bound)})
    report = harness.run([item], 3, lambda text: None)
    assert report.notes == [f"gateway/open/10/p99: on this machine, in this run, {said} the limit"][:bool(said)]
    assert [ratio.missed for ratio in report.ratios if ratio.limit] == [bound < 6]


def test_growth_takes_the_sizes_in_turn_and_fits_the_exponent() -> None:
    log: list[str] = []
    points = [(size, counting(f"growth/x/{size}", log, [size ** 0.5] * 9)) for size in (1, 100, 10_000)]
    report = harness.run([harness.Growth("growth/x", "things", points)], 9, lambda text: None)
    assert log[:4] == ["growth/x/1", "growth/x/100", "growth/x/10000", "growth/x/1"]
    assert report.grown[0].exponent == pytest.approx(0.5)
    assert len(report.results[0].values) == harness.REPEATS_LONG
    assert "growth/x: ns/command as things to the power of 0.50, 1 to 10,000" in table.table(report)


def test_every_figure_belongs_to_its_suite() -> None:
    report = harness.run([Comparison(Measure("a", "ns", lambda: 1.0))], 5, lambda text: None, suite="book")
    assert [result.suite for result in report.results] == ["book"]


def test_at_least_five_repeats() -> None:
    assert Options(quick=True).repeats >= 5
    assert harness.REPEATS_LONG >= 5
    assert Options().short_repeats >= Options(quick=True).short_repeats >= 5
    assert Options().repeats >= Options(quick=True).repeats
