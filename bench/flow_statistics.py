"""What the flows are made of, counted: `pricetime bench --flows`.

Each flow that the suites use, or the one of a file: description with its seed, shares of the commands, trades, live
orders and price levels at the end, and how fast the generator makes it. Owns the counting; flows.py owns the flows.
"""

import time
from pathlib import Path
from textwrap import fill

import numpy as np

from pricetime.bench.flows import CORE, MIXES, Flow, file_flow, made_flow
from pricetime.bench.table import columns
from pricetime.matching import records
from pricetime.matching.engine import Engine
from pricetime.matching.records import CommandType, EventType, TimeInForce

FLOWS = MIXES | {"core": CORE}
COMMANDS = 500_000
COMMANDS_QUICK = 50_000
LEVELS_MAX = 1 << 20
HEADING = ("flow", "commands", "new", "IOC", "cancel", "replace", "trading", "trades", "live", "levels", "sessions",
           "made in")


def described(path: Path | None, *, quick: bool) -> str:
    """Descriptions, then a table."""
    made = [timed(name, COMMANDS_QUICK if quick else COMMANDS) for name in FLOWS] if path is None else [
        (file_flow(path), None)]
    texts = [fill(f"{flow.name}: {flow.description}", 110, subsequent_indent="    ") for flow, _ in made]
    rows = [HEADING, *(row_of(flow, nanoseconds) for flow, nanoseconds in made)]
    explained = ("trading: part of the commands that trade at once; trades: a command; live, levels: orders in the "
                 "book and prices that have some, at the end")
    return "\n".join([*texts, "", *columns(rows, set(range(1, len(HEADING)))), fill(explained, 110)])


def timed(name: str, count: int) -> tuple[Flow, float]:
    """A flow, and nanoseconds a command of making it."""
    start = time.perf_counter_ns()
    flow = made_flow(name, FLOWS[name], count)
    return flow, (time.perf_counter_ns() - start) / (count + len(flow.fill))


def row_of(flow: Flow, nanoseconds: float | None) -> tuple[str, ...]:
    """The counts of one flow."""
    engine = Engine()
    engine.apply(np.concatenate([flow.definitions, flow.fill]))
    before = engine.sequence
    events = engine.apply(flow.lines)
    kinds = flow.lines["type"]
    force = flow.lines["attributes"] >> records.TIME_IN_FORCE_SHIFT & records.TIME_IN_FORCE_MASK
    new = kinds == CommandType.NEW_ORDER_SINGLE
    count = max(int(np.isin(kinds, (CommandType.NEW_ORDER_SINGLE, CommandType.ORDER_CANCEL_REQUEST,
                                    CommandType.ORDER_CANCEL_REPLACE_REQUEST)).sum()), 1)
    traded = events[events["type"] == EventType.TRADE]
    books = [engine.depth(number, levels=LEVELS_MAX) for number in range(1, 1 + len(engine.instruments))]
    sides = [side for book in books for side in book]
    live = sum(int(side["orders"].sum()) for side in sides)

    def share(chosen: np.ndarray) -> str:
        return f"{chosen.sum() / count:.1%}"

    return (flow.name, f"{engine.sequence - before:,}", share(new & (force != TimeInForce.IOC)),
            share(new & (force == TimeInForce.IOC)), share(kinds == CommandType.ORDER_CANCEL_REQUEST),
            share(kinds == CommandType.ORDER_CANCEL_REPLACE_REQUEST),
            f"{len(np.unique(traded['sequence'])) / count:.1%}", f"{len(traded) / 2 / count:.3f}", f"{live:,}",
            f"{sum(map(len, sides)):,}", f"{len(np.unique(flow.lines['session'][new])):,}",
            "" if nanoseconds is None else f"{nanoseconds:.0f} ns")
