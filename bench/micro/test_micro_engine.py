"""Each kind of command alone, through the engine from C, a block of 10,000 a round; and what is asked of its state.

pytest-benchmark's figures are of whole blocks: `per` in the extra information says of how many. What a flow costs is
`pricetime bench book`; these say which part of it changed.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pricetime.bench.drive_book import time_engine
from pricetime.bench.flows import definitions, risk_limits
from pricetime.matching import records
from pricetime.matching.engine import Engine, touch
from pricetime.matching.records import COMMAND, CommandType, EventType, OrdType, Side, TimeInForce

COUNT = 10_000
ROUNDS = 15
ROOM = 1 << 15          # orders: a small engine is made quickly, anew for each round
MID = 1_000_000_000
PLAIN = OrdType.LIMIT << records.ORD_TYPE_SHIFT | records.HAS_PRICE | records.HAS_QUANTITY


def orders(first: int, side: Side, prices: Any, *, quantity: int = 10, force: int = TimeInForce.GTC) -> np.ndarray:
    """COUNT new orders of session 1, ClOrdIDs from `first` on."""
    lines = np.zeros(COUNT, COMMAND)
    lines["type"], lines["shape"] = CommandType.NEW_ORDER_SINGLE, records.RECORD_VERSION << 4 | 1
    lines["attributes"] = PLAIN | side | force << records.TIME_IN_FORCE_SHIFT
    lines["session"] = lines["instrument"] = 1
    lines["cl_ord_id"] = np.arange(first, first + COUNT)
    lines["price"], lines["quantity"] = prices, quantity
    return lines


def changes(kind: int, resting: np.ndarray, **fields: Any) -> np.ndarray:
    """A cancel or a replace of each of these orders."""
    lines = resting.copy()
    lines["type"], lines["target"] = kind, resting["cl_ord_id"]
    lines["cl_ord_id"] += COUNT
    lines["attributes"] &= ~np.uint16(records.TIME_IN_FORCE_MASK << records.TIME_IN_FORCE_SHIFT)
    if kind == CommandType.ORDER_CANCEL_REQUEST:
        lines["attributes"] &= ~np.uint16(PLAIN)
        fields = {"price": 0, "quantity": 0}
    for name, value in fields.items():
        lines[name] = value
    return lines


SPREAD = MID - 1 - np.arange(COUNT) % 500           # buys on 500 levels below the mid
RESTING = orders(1, Side.BUY, SPREAD)
ACROSS = orders(COUNT + 1, Side.SELL, MID - 600, force=TimeInForce.IOC)     # each trades with one that rests
FAR_ORDERS = orders(COUNT + 1, Side.BUY, MID - (1 << 20) - (np.arange(COUNT) << 10))
Case = tuple[np.ndarray | None, np.ndarray, set[EventType]]     # what rests, what is timed, the events of that
CASES: dict[str, Case] = {
    "new": (None, RESTING, {EventType.NEW}),
    "new_far": (RESTING, FAR_ORDERS, {EventType.NEW}),
    "cancel": (RESTING, changes(CommandType.ORDER_CANCEL_REQUEST, RESTING), {EventType.CANCELED}),
    "cancel_far": (np.concatenate([RESTING, FAR_ORDERS]), changes(CommandType.ORDER_CANCEL_REQUEST, FAR_ORDERS),
                   {EventType.CANCELED}),
    "replace_price": (RESTING, changes(CommandType.ORDER_CANCEL_REPLACE_REQUEST, RESTING, price=SPREAD - 7),
                      {EventType.REPLACED}),
    "replace_in_place": (RESTING, changes(CommandType.ORDER_CANCEL_REPLACE_REQUEST, RESTING, quantity=9),
                         {EventType.REPLACED}),
    "ioc_trades": (RESTING, ACROSS, {EventType.NEW, EventType.TRADE}),
    "ioc_misses": (RESTING, orders(COUNT + 1, Side.SELL, MID, force=TimeInForce.IOC),
                   {EventType.NEW, EventType.CANCELED}),
    "new_trades": (RESTING, orders(COUNT + 1, Side.SELL, MID - 600), {EventType.NEW, EventType.TRADE}),
    "refused": (None, changes(CommandType.ORDER_CANCEL_REQUEST, RESTING), {EventType.ORDER_CANCEL_REJECT}),
}


def engine_with(*parts: np.ndarray | None, limits: bool) -> Engine:
    engine = Engine(order_capacity=ROOM)
    touch(engine)
    for part in (definitions(1), risk_limits(1) if limits else None, *parts):
        if part is not None:
            engine.apply(part)
    return engine


def rounds(benchmark: Any, setup: Callable[[], Any], work: Callable[[Any], object], per: int) -> None:
    """Time `work` on what `setup` makes anew for each round."""
    benchmark.extra_info["per"] = per
    benchmark.pedantic(work, setup=lambda: ((setup(),), {}), rounds=ROUNDS, warmup_rounds=1)


@pytest.mark.parametrize("limits", [False, True], ids=["", "risk"])
@pytest.mark.parametrize("case", CASES)
def test_apply(benchmark: Any, case: str, limits: bool) -> None:
    before, timed, yields = CASES[case]
    assert set(engine_with(before, limits=limits).apply(timed)["type"].tolist()) == yields
    rounds(benchmark, lambda: engine_with(before, limits=limits), lambda engine: time_engine(engine, timed), COUNT)


def test_apply_to_arrays(benchmark: Any) -> None:
    rounds(benchmark, lambda: engine_with(limits=True), lambda engine: engine.apply(RESTING), COUNT)


@pytest.mark.parametrize("name", ["digest", "dump", "check"])
def test_state(benchmark: Any, name: str) -> None:
    engine = engine_with(RESTING, limits=True)
    rounds(benchmark, lambda: engine, lambda engine: getattr(engine, name)(), 1)


def test_load(benchmark: Any) -> None:
    data = engine_with(RESTING, limits=True).dump()
    rounds(benchmark, lambda: data, Engine.load, 1)


@pytest.mark.parametrize("levels", [10, 1_000])
def test_depth(benchmark: Any, levels: int) -> None:
    engine = engine_with(RESTING, limits=True)
    rounds(benchmark, lambda: engine, lambda engine: engine.depth(1, levels), 1)


def test_orders(benchmark: Any) -> None:
    engine = engine_with(RESTING, limits=True)
    rounds(benchmark, lambda: engine, lambda engine: engine.orders(1), COUNT)
