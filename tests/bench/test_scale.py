"""The flows of scale are as large and as far as they say; hostile prices and ids make nothing resident."""

import ctypes

import numpy as np
import pytest

from pricetime.bench import bench_scale
from pricetime.bench.bench_scale import MARKET, distant, orders, resident
from pricetime.bench.drive_book import time_engine
from pricetime.bench.flows import definitions, generated_flow
from pricetime.matching.engine import Engine, touch
from pricetime.matching.records import CommandType, EventType, Side, TimeInForce

REFUSALS = (EventType.REJECTED, EventType.ORDER_CANCEL_REJECT, EventType.BUSINESS_MESSAGE_REJECT)
FLOOD = 100_000


def applied(engine: Engine, *parts: np.ndarray) -> np.ndarray:
    events = engine.apply(np.concatenate(parts))
    assert not np.isin(events["type"], REFUSALS).any()
    return events


def test_deep_is_a_million_orders_on_100_000_levels() -> None:
    flow, engine = generated_flow("deep", 10_000), Engine(bench_scale.CAPACITY)
    assert time_engine(engine, np.concatenate([flow.definitions, flow.fill]))[2] == 0
    bids, asks = engine.depth("BENCH", 200_000)
    assert int(bids["orders"].sum() + asks["orders"].sum()) == 1_000_000
    assert len(bids) + len(asks) == pytest.approx(100_000, rel=0.02)
    applied(engine, flow.lines)


def test_wide_is_100_instruments_and_1_000_participants() -> None:
    flow, engine = generated_flow("wide", 50_000), Engine()
    applied(engine, flow.definitions, flow.fill)
    applied(engine, flow.lines)
    assert len(engine.instruments) == 100
    assert len(np.unique(flow.lines["instrument"])) == 100
    assert len(np.unique(flow.lines["session"])) == len(engine.participants) == 1_000
    for name in ("BENCH", "BENCH50", "BENCH100"):
        assert 800 < len(engine.orders(name)) < 1_200


def levels_of(engine: Engine) -> int:
    """Of all instruments."""
    names = ["BENCH", *(f"BENCH{number}" for number in range(2, len(engine.instruments) + 1))]
    return sum(len(side) for name in names for side in engine.depth(name, 200_000))


def test_narrow_is_one_of_each_with_as_many_orders_and_levels_as_wide() -> None:
    wide, narrow, dense = (filled(name) for name in ("wide", "narrow", "dense"))
    for engine in (narrow, dense):
        assert len(engine.instruments) == len(engine.participants) == 1
        assert len(engine.orders("BENCH")) == pytest.approx(100_000, rel=0.05)
    assert levels_of(narrow) == pytest.approx(levels_of(wide), rel=0.03)
    assert levels_of(dense) == pytest.approx(1_000, rel=0.03)


def filled(name: str) -> Engine:
    flow, engine = generated_flow(name, 50_000), Engine()
    applied(engine, flow.definitions, flow.fill)
    applied(engine, flow.lines)
    return engine


def test_sweeps_go_through_all_that_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    given = []
    monkeypatch.setattr(bench_scale, "timed", lambda *parts: given.append(parts) or 1)
    bench_scale.sweep_time(1_000)
    events = applied(Engine(), *given[0])
    assert (events["type"] == EventType.TRADE).sum() == 2 * bench_scale.SWEPT


@pytest.mark.parametrize(("nearest", "farthest"), [(9, 15), (18, 19), (49, 50)])
def test_distant_orders_are_as_far_as_stated(nearest: int, farthest: int) -> None:
    fill, lines = distant(10_000, nearest, farthest)
    new = lines[lines["type"] == CommandType.NEW_ORDER_SINGLE]
    away = np.abs(new["price"] - MARKET)
    assert 1 << nearest <= away.min() + 1 and away.max() <= 1 << farthest
    engine = Engine()
    applied(engine, definitions(1), fill, lines)
    assert len(engine.orders("BENCH")) == 1_200


def hostile_lines(first: int) -> np.ndarray:
    """New orders at any price that 63 bits hold, most to rest until the engine is full; cancels and replaces of ids
    that nobody gave; ClOrdIDs that leap."""
    random = np.random.Generator(np.random.PCG64(first))
    lines = orders(first, Side.BUY, random.integers(1, 1 << 62, FLOOD), 1, FLOOD, TimeInForce.GTC)
    lines["quantity"][::7] = random.integers(-(1 << 62), 1 << 62, len(lines[::7]))
    unknown = slice(1, None, 3)
    lines["type"][unknown] = CommandType.ORDER_CANCEL_REQUEST
    lines["attributes"][unknown] = Side.BUY
    lines["price"][unknown] = lines["quantity"][unknown] = 0
    lines["target"][unknown] = random.integers(1, 1 << 62, len(lines[unknown]))
    lines["instrument"][5::31] = random.integers(2, 1 << 31, len(lines[5::31]))
    lines["cl_ord_id"] = first + np.cumsum(random.integers(1, 1 << 40, FLOOD))
    return lines


class Mallinfo(ctypes.Structure):
    """struct mallinfo2 of glibc."""

    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")]


def allocated() -> int:
    """Bytes that malloc has given out in this process: that of freed blocks used again does not hide."""
    mallinfo = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if mallinfo is None:
        pytest.skip("wants glibc 2.33 or later")
    mallinfo.restype = Mallinfo
    found = mallinfo()
    return int(found.uordblks + found.hblkhd)


def test_hostile_prices_and_ids_allocate_nothing() -> None:
    empty = allocated()
    engine = Engine(20_000)                 # fewer than would rest: the rest is refused
    assert allocated() - empty > 20_000 * 128, "the measure must see what an engine takes"
    touch(engine)
    time_engine(engine, definitions(1))
    flood, again = hostile_lines(1), hostile_lines(1 << 60)
    time_engine(engine, flood[:1_000])      # whatever a first call takes
    before = allocated(), resident()
    time_engine(engine, flood[1_000:])
    time_engine(engine, again)
    assert allocated() - before[0] <= 16 * 1024
    assert resident() - before[1] <= 64 * 1024
    assert len(engine.orders("BENCH")) == 20_000


def test_memory_is_that_of_an_engine_full_of_orders() -> None:
    assert 160 < bench_scale.memory_an_order() < 200
