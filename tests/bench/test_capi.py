"""The second thread reads every event, whole and once; the bare book reports what the engine does."""

import os

import numpy as np
import pytest

from pricetime.bench import bench_capi, drive_capi
from pricetime.bench.bare_book import bare_trades
from pricetime.bench.bench_scale import orders
from pricetime.bench.flows import definitions, generated_flow
from pricetime.matching.engine import Engine
from pricetime.matching.records import EventType, Side, TimeInForce

COUNT = 30_000


def found_by_numpy(events: np.ndarray) -> tuple[int, int, dict[int, int]]:
    kinds, counts = np.unique(events["type"], return_counts=True)
    return len(events), int(events.view("<u8").sum()), dict(zip(kinds.tolist(), counts.tolist(), strict=True))


@pytest.mark.parametrize("name", bench_capi.FLOWS)
def test_second_thread_reads_what_the_engine_says(name: str) -> None:
    flow, engine = generated_flow(name, COUNT), Engine()
    engine.apply(np.concatenate([flow.definitions, flow.fill]))
    assert bench_capi.run_engine(flow)[1] == found_by_numpy(engine.apply(flow.lines))


@pytest.mark.parametrize("name", bench_capi.FLOWS)
def test_bare_book_reports_what_the_engine_does(name: str) -> None:
    flow = generated_flow(name, COUNT)
    kinds = bench_capi.run_bare(flow)[1][2]
    assert kinds == bench_capi.reported(bench_capi.run_engine(flow)[1][2])
    traded = bare_trades(flow.bare_fill, flow.bare)[0] - bare_trades(flow.bare_fill, flow.bare[:0])[0]
    assert kinds[1] == traded > 500


def test_one_command_of_more_events_than_the_ring_holds() -> None:
    resting = orders(1, Side.SELL, 100 + np.arange(20_000) // 50, 1, 20_000)
    sweep = orders(20_001, Side.BUY, 10_000, 20_000, 1, TimeInForce.IOC)
    engine, other = Engine(), Engine()
    for each in (engine, other):
        each.apply(np.concatenate([definitions(1), resting]))
    found = drive_capi.time_engine(engine, sweep)[1]
    assert found == found_by_numpy(other.apply(sweep))
    assert found[2][EventType.TRADE] == 40_000


def test_a_refused_command_is_an_error_and_the_thread_ends() -> None:
    line = orders(1, Side.SELL, 100, 1, 1)
    with pytest.raises(ValueError, match="not applied"):
        drive_capi.time_engine(Engine(), line)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system does not pin threads")
def test_the_processors_are_given_back() -> None:
    before = os.sched_getaffinity(0)
    bench_capi.run_engine(generated_flow("crash", 1_000))
    assert os.sched_getaffinity(0) == before


def test_a_line_takes_its_time_between_two_threads_and_the_processors_are_given_back() -> None:
    before = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    assert 0 < drive_capi.time_line() < 1_000_000
    assert before is None or os.sched_getaffinity(0) == before


def test_clocks_run() -> None:
    wall, writer, reader = bench_capi.run_engine(generated_flow("crash", COUNT))[0]
    assert wall > 0 and writer > 0 and reader > 0
    assert bench_capi.work((9, 2, 3)) == 3
