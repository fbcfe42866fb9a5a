"""The load client and both servers: every record that is sent is acknowledged once, by a bare loop and by a venue
alike."""

import numpy as np
import pytest

from pricetime.bench import bench_gateway, gateway_curve, gateway_sizes, harness, servers
from pricetime.bench.flows import generated_flow
from pricetime.bench.inside import dealt, inside_venue
from pricetime.bench.load_client import LoadClient
from pricetime.bench.venue_server import logons


@pytest.mark.parametrize("copy", [True, False])
def test_bare_server_answers_every_record(copy: bool) -> None:
    lines = generated_flow("move", 2_000, 1).lines
    with servers.bare_server(copy) as client:
        for per_message in (1, 7, 100):
            assert client.throughput(lines, per_message, 500) > 0
        trips = client.round_trips(lines[:100])
    assert trips.shape == (100,)
    assert (trips > 0).all()


def test_venue_acknowledges_every_order_of_the_flow() -> None:
    flow = generated_flow("move", 3_000, 1)
    with servers.venue() as client:
        client.throughput(logons(), 1, 1)
        client.throughput(flow.fill, 100, 1_000)
        for per_message, part in zip((1, 7, 100), np.split(flow.lines, 3), strict=True):
            assert client.throughput(part, per_message, 500) > 0


def test_refused_orders_are_no_figure() -> None:
    lines = generated_flow("move", 100, 1).lines        # without the fill: replaces of orders that are not there
    with servers.venue() as client:
        client.throughput(logons(), 1, 1)
        with pytest.raises(RuntimeError, match="were refused"):
            client.throughput(lines, 10, 100)


def test_suite_measures_each_size_beside_the_bare_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_sizes, "SIZES", {7: (500, 3_500, None)})
    options = harness.Options(quick=True)
    report = harness.run(bench_gateway.throughput(7, options), 2, lambda text: None)
    assert [result.name for result in report.results] == ["gateway/tcp/7", "bare/tcp/7"]
    assert all(min(result.values) > 0 for result in report.results)
    assert all(result.count == 700 for result in report.results)


def test_curve_costs_something_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_sizes, "SIZES", {7: (500, 3_500, None)})
    report = harness.run(gateway_curve.throughput(7, harness.Options(quick=True)), 2, lambda text: None)
    assert [result.name for result in report.results] == ["gateway/curve/tcp/7", "gateway/tcp/7"]


def test_curve_costs_are_beside_many_sessions_and_a_client_that_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("BESIDE_TRIPS", 500), ("SESSION_ORDERS_QUICK", 8_000), ("SESSIONS_RATE", 50_000)):
        monkeypatch.setattr(gateway_sizes, name, value)
    monkeypatch.setattr(harness, "REPEATS_SHORT_QUICK", 2)
    options = harness.Options(quick=True)
    report = harness.run(gateway_curve.beside_deaf(options), 2, lambda text: None)
    harness.run(gateway_curve.sessions(options), 2, lambda text: None, report)
    assert [(ratio.subject.name, ratio.yardstick and ratio.yardstick.name) for ratio in report.ratios] == [
        (f"gateway/curve/{figure}", f"gateway/{figure}")
        for figure in ("beside-deaf/p50", "beside-deaf/p99", "sessions/1000", "sessions-open/1000/p50",
                       "sessions-open/1000/p99", "sessions-work/1000")]
    assert all(min(result.values) > 0 for result in report.results)


def test_a_client_beside_has_curve_where_its_venue_does(monkeypatch: pytest.MonkeyPatch) -> None:
    with servers.venue_beside(2, 1, curve=True) as venue:
        assert venue.client.server_key
        venue.client.throughput(logons(2), 1, 2)
        with venue.one_more(reads=False):       # it is logged on, or this would say that it ended
            assert len(venue.client.round_trips(dealt(2, 100))) == 100


def test_ten_clients_go_on_beside_one_more_that_reads_or_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_sizes, "BESIDE_TRIPS", 500)
    report = harness.run(bench_gateway.beside_deaf(harness.Options(quick=True)), 2, lambda text: None)
    assert [(result.name, result.count) for result in report.results] == [
        (f"gateway/beside-{side}/{percentile}", 100) for percentile in ("p50", "p99") for side in ("deaf", "reader")]


def test_round_trips_and_open_loops_give_a_latency_for_each_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_sizes, "ROUND_TRIPS", 200)
    monkeypatch.setattr(gateway_sizes, "GAP_NS", 10_000)
    monkeypatch.setattr(gateway_sizes, "OPEN_MOST", 500)
    monkeypatch.setattr(harness, "REPEATS_SHORT_QUICK", 3)
    options = harness.Options(quick=True)
    report = harness.run(bench_gateway.round_trips(options), 2, lambda text: None)
    harness.run(bench_gateway.open_loop(50_000, options), 2, lambda text: None, report)
    assert [(result.name, result.count) for result in report.results] == [
        (f"{side}/{what}/{percentile}", count) for what, count in (("roundtrip", 40), ("open/50000", 100))
        for percentile in ("p50", "p99") for side in ("gateway", "bare")]
    assert [(curve.name, curve.total) for curve in report.curves] == [
        ("gateway/roundtrip", 120), ("bare/roundtrip", 120), ("gateway/open/50000", 300), ("bare/open/50000", 300)]
    assert all(curve.values[0] > 0 for curve in report.curves)


def test_an_order_that_waits_has_its_waiting_counted() -> None:
    """Orders to be sent all at once: each but the first waited for those before it, and its latency says so."""
    flow = generated_flow("move", 2_000, 1)
    with servers.bare_server(copy=False) as client:
        latencies = client.open_loop(flow.lines, 1)
    assert (np.diff(latencies) >= -1).all(), "answers come in order, and one nanosecond lies between two of their times"
    assert latencies[-1] > 100 * latencies[0] or latencies[-1] > latencies[0] + 100_000


def test_many_connections_are_so_many_sessions() -> None:
    lines = dealt(10, 4_000)
    with servers.venue(connections=10) as client:
        client.throughput(logons(10), 1, 10)
        assert client.throughput(lines[:3_000], 1, 500) > 0
        latencies = client.open_loop(lines[3_000:], 1_000_000_000 // 20_000)
        assert latencies.shape == (1_000,) and (latencies > 0).all(), "each order's, though answers come in any order"
        with pytest.raises(ValueError, match="2 records a message over several connections: expected one"):
            client.open_loop(lines[:2], 1, 2)
    with inside_venue(10) as venue:
        assert venue.work_off(lines[:3_000]) > 0


def test_inside_the_venue_each_order_has_a_latency_from_its_time() -> None:
    flow = generated_flow("move", 2_000, 1)
    with inside_venue() as venue:
        venue.work_off(flow.fill)
        latencies = venue.latencies(flow.lines, 1_000_000)
    assert latencies.shape == (2_000,)
    assert (latencies > 0).all()


def test_refused_orders_are_no_figure_inside_either() -> None:
    lines = generated_flow("move", 100, 1).lines
    with inside_venue() as venue, pytest.raises(RuntimeError, match="were refused"):
        venue.work_off(lines)


@pytest.mark.parametrize("sessions", [1, 10, 1_000])
def test_dealt_orders_are_the_same_for_every_number_of_sessions(sessions: int) -> None:
    one, many = dealt(1, 4_000), dealt(sessions, 4_000)
    for name in ("type", "price", "quantity", "attributes", "cl_ord_id", "target"):
        assert (one[name] == many[name]).all()
    assert (many["cl_ord_id"] == 1 + np.arange(4_000)).all()
    assert (many["session"] == np.arange(4_000) % sessions + 1).all()


def test_nothing_to_send_is_refused() -> None:
    client = LoadClient("tcp://127.0.0.1:1")
    try:
        with pytest.raises(ValueError, match="nothing to send"):
            client.throughput(np.zeros(0, generated_flow("move", 1, 1).lines.dtype), 1, 1)
    finally:
        client.close()


def test_what_the_statistics_add_to_a_command_is_a_figure_with_a_limit(monkeypatch):
    monkeypatch.setattr(gateway_sizes, "STAT_COMMANDS", 1 << 16)
    report = harness.run(bench_gateway.statistics_cost(harness.Options(quick=True)), 3, lambda text: None)
    assert [(result.name, result.unit) for result in report.results] == [
        ("gateway/stat/256", "ns/command"), ("gateway/stat/1", "ns/command")]
    assert [(ratio.subject.name, str(ratio.limit)) for ratio in report.ratios] == [("gateway/stat/256", "<= 10")]
    many, alone = (result.value for result in report.results)
    assert 0 < many < alone < 1_000         # all counters are stored once a batch
