"""Does the engine stay fast as everything grows? Each figure is a ratio of two flows in the same run, processor time.

    book/deep     times that a command slows down from 1,000 live orders on 100 levels to 1,000,000 on 100,000; beside
                  bare/deep, the same of the bare book
    book/wide     100 instruments and 1,000 participants; beside book/narrow, one of each, with as many orders on as
                  many levels: what instruments and participants cost, and nothing else
    book/narrow   that flow; beside book/dense, the same orders on 1,000 levels: what it costs that a
                  level holds an order or two
    book/sweep    sweeps through 10,000 orders, ns a trade; beside book/sweep-short, ten times as many through 1,000
    book/far      new orders and cancels 2^9 to 2^50 ticks from the market; beside book/near, 2^9 to 2^15
    book/farther  the same between 2^49 and 2^50 ticks; beside book/outside, between 2^18 and 2^19, with as many levels
    book/memory   resident bytes a live order, of an engine that is full with 1,000,000

Why it may mislead: `deep` and `wide` touch more memory than caches hold, so that neighbours on the machine show;
whether the system has huge pages to give counts as much as anything here.
"""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np

from pricetime.bench.bare_book import time_bare_book
from pricetime.bench.drive_book import time_engine
from pricetime.bench.flows import Flow, definitions, generated_flow
from pricetime.bench.harness import Comparison, Limit, Measure, Options
from pricetime.matching import records
from pricetime.matching.engine import Engine, touch
from pricetime.matching.errors import CheckFailed
from pricetime.matching.records import COMMAND, CommandType, OrdType, Side, TimeInForce

COMMANDS = 500_000
COMMANDS_QUICK = 100_000
MILLION = 1_000_000
CAPACITY = MILLION + 10_000     # of an engine for a million: the flow goes a little above it
SWEPT = 100_000                 # orders that the sweeps go through
MARKET = 1 << 51                # price of the market that far prices are far from
START_TIME = 1_700_000_000_000_000_000
UNIT = "ns/command"


def comparisons(options: Options) -> Iterator[Comparison]:
    """All of them."""
    count = COMMANDS_QUICK if options.quick else COMMANDS
    yield Comparison(Measure("book/deep", "x", lambda: engine_slowdown(count), count),
                     Measure("bare/deep", "x", lambda: bare_slowdown(count), count), Limit(at_most=1.3))
    yield Comparison(Measure("book/wide", UNIT, lambda: engine_time(generated_flow("wide", count)), count),
                     Measure("book/narrow", UNIT, lambda: engine_time(generated_flow("narrow", count)), count),
                     Limit(at_most=1.5))
    yield Comparison(Measure("book/narrow", UNIT, lambda: engine_time(generated_flow("narrow", count)), count),
                     Measure("book/dense", UNIT, lambda: engine_time(generated_flow("dense", count)), count))
    yield Comparison(Measure("book/sweep", "ns/trade", lambda: sweep_time(10_000), SWEPT),
                     Measure("book/sweep-short", "ns/trade", lambda: sweep_time(1_000), SWEPT), Limit(at_most=1.2))
    yield Comparison(Measure("book/far", UNIT, lambda: distance_time(count, 9, 50), count),
                     Measure("book/near", UNIT, lambda: distance_time(count, 9, 15), count))
    yield Comparison(Measure("book/farther", UNIT, lambda: distance_time(count, 49, 50), count),
                     Measure("book/outside", UNIT, lambda: distance_time(count, 18, 19), count), Limit(at_most=1.2))
    yield Comparison(Measure("book/memory", "bytes/order", memory_an_order, MILLION), limit=Limit(at_most=200),
                     note="no yardstick: the limit is on the figure itself")


def engine_time(flow: Flow, capacity: int = 131_072) -> float:
    """Nanoseconds a command of one run in a new engine."""
    return timed(flow.definitions, flow.fill, flow.lines, capacity) / len(flow.lines)


def timed(defined: np.ndarray, fill: np.ndarray, lines: np.ndarray, capacity: int = 131_072) -> int:
    """Nanoseconds of `lines` in a new engine that `defined` and `fill` went into before. CheckFailed where one is
    refused at the door."""
    engine = Engine(capacity)
    touch(engine)
    time_engine(engine, np.concatenate([defined, fill]))
    elapsed, _, refused = time_engine(engine, lines)
    if refused:
        raise CheckFailed(f"{refused} commands were refused at the door; no figure is given")
    return elapsed


def engine_slowdown(count: int) -> float:
    """How many times a command takes longer with a million live orders."""
    return engine_time(generated_flow("deep", count), CAPACITY) / engine_time(generated_flow("shallow", count))


def bare_slowdown(count: int) -> float:
    """The same of the bare book."""
    deep, shallow = generated_flow("deep", count), generated_flow("shallow", count)
    assert deep.bare_fill is not None and deep.bare is not None, "of one instrument"
    assert shallow.bare_fill is not None and shallow.bare is not None, "of one instrument"
    return time_bare_book(deep.bare_fill, deep.bare, CAPACITY) / time_bare_book(shallow.bare_fill, shallow.bare)


# --------------------------------------------------------------------------------------------- flows made by hand

def orders(first: int, side: np.ndarray | int, price: np.ndarray | int, quantity: np.ndarray | int, count: int,
           force: int = TimeInForce.GTC) -> np.ndarray:
    """New limit orders of session 1 in instrument 1, ClOrdIDs counting from `first`."""
    lines = np.zeros(count, COMMAND)
    lines["type"] = CommandType.NEW_ORDER_SINGLE
    lines["shape"] = records.RECORD_VERSION << 4 | 1
    lines["session"] = lines["instrument"] = 1
    lines["cl_ord_id"] = np.arange(first, first + count)
    lines["time"] = START_TIME + lines["cl_ord_id"]
    lines["price"] = price
    lines["quantity"] = quantity
    lines["attributes"] = (side | OrdType.LIMIT << records.ORD_TYPE_SHIFT | force << records.TIME_IN_FORCE_SHIFT
                           | records.HAS_PRICE | records.HAS_QUANTITY)
    return lines


def cancels(first: int, of: np.ndarray) -> np.ndarray:
    """A cancel for each order, ClOrdIDs counting from `first`."""
    lines = of.copy()
    lines["type"] = CommandType.ORDER_CANCEL_REQUEST
    lines["target"] = of["cl_ord_id"]
    lines["cl_ord_id"] = np.arange(first, first + len(of))
    lines["time"] = START_TIME + lines["cl_ord_id"]
    lines["price"] = lines["quantity"] = 0
    lines["attributes"] = of["attributes"] & records.SIDE_MASK
    return lines


def sweep_time(length: int) -> float:
    """Nanoseconds a trade: IOC buys, each through `length` of 100,000 resting orders of quantity 1, 100 a level."""
    resting = orders(1, Side.SELL, 1_000 + np.arange(SWEPT) // 100, 1, SWEPT)
    sweeps = orders(SWEPT + 1, Side.BUY, 10_000_000, length, SWEPT // length, TimeInForce.IOC)
    return timed(definitions(1), resting, sweeps) / SWEPT


@lru_cache(maxsize=2)
def distant(count: int, nearest: float, farthest: float) -> tuple[np.ndarray, np.ndarray]:
    """(fill, lines): a market of 100 orders a side; then 1,000 orders 2^nearest to 2^farthest ticks behind it (no
    order of magnitude oftener than another), then new ones, each followed by the cancel of the one 1,000 before."""
    random = np.random.Generator(np.random.PCG64(20_240_609))
    market = [orders(1 + 100 * side, Side.BUY if side == 0 else Side.SELL,
                     MARKET + (1 + np.arange(100)) * (2 * side - 1), 10, 100) for side in range(2)]
    total = 1_000 + count // 2
    distance = np.exp2(random.uniform(nearest, farthest, total)).astype(np.int64)
    buy = random.integers(0, 2, total) == 0
    new = orders(1, np.where(buy, int(Side.BUY), int(Side.SELL)).astype(np.uint16),
                 MARKET + np.where(buy, -distance, distance), 10, total)
    new["cl_ord_id"] = 201 + np.concatenate([np.arange(1_000), 1_000 + 2 * np.arange(count // 2)])
    gone = cancels(1, new[:count // 2])
    gone["cl_ord_id"] = 1_202 + 2 * np.arange(count // 2)
    lines = np.empty(2 * (count // 2), COMMAND)
    lines[0::2], lines[1::2] = new[1_000:], gone
    lines["time"] = START_TIME + lines["cl_ord_id"]
    return np.concatenate([*market, new[:1_000]]), lines


def distance_time(count: int, nearest: float, farthest: float) -> float:
    """Nanoseconds a command at such a distance from the market."""
    fill, lines = distant(count, nearest, farthest)
    return timed(definitions(1), fill, lines) / len(lines)


# -------------------------------------------------------------------------------------------------------- memory

def resident() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def memory_an_order() -> float:
    """What an engine with room for a million orders makes resident, its pages provided (touch) and a million live, a
    live order."""
    fill = generated_flow("deep", COMMANDS_QUICK).fill
    lines = np.concatenate([definitions(8), fill])
    before = resident()
    engine = Engine(MILLION)
    touch(engine)
    time_engine(engine, lines)
    grown = resident() - before
    live = len(fill)
    return grown / live
