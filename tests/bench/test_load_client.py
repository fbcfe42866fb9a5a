"""The load client and both servers: every record that is sent is acknowledged once, by a bare loop and by a venue
alike."""

import numpy as np
import pytest

from pricetime.bench import bench_gateway, harness, servers
from pricetime.bench.flows import generated_flow
from pricetime.bench.load_client import LoadClient
from pricetime.bench.venue_server import logon


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
        client.throughput(logon(), 1, 1)
        client.throughput(flow.fill, 100, 1_000)
        for per_message, part in zip((1, 7, 100), np.split(flow.lines, 3), strict=True):
            assert client.throughput(part, per_message, 500) > 0


def test_refused_orders_are_no_figure() -> None:
    lines = generated_flow("move", 100, 1).lines        # without the fill: replaces of orders that are not there
    with servers.venue() as client:
        client.throughput(logon(), 1, 1)
        with pytest.raises(RuntimeError, match="were refused"):
            client.throughput(lines, 10, 100)


def test_suite_measures_each_size_beside_the_bare_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_gateway, "SIZES", {7: (500, 700, None)})
    monkeypatch.setattr(bench_gateway, "ROUND_TRIPS", 60)
    report = harness.run(bench_gateway.comparisons(harness.Options(quick=True)), 2, lambda text: None)
    names = [result.name for result in report.results]
    assert names == ["gateway/tcp/7", "bare/tcp/7", "gateway/roundtrip", "bare/roundtrip"]
    assert all(min(result.values) > 0 for result in report.results)


def test_nothing_to_send_is_refused() -> None:
    client = LoadClient("tcp://127.0.0.1:1")
    try:
        with pytest.raises(ValueError, match="nothing to send"):
            client.throughput(np.zeros(0, generated_flow("move", 1, 1).lines.dtype), 1, 1)
    finally:
        client.close()
