"""Looking ahead changes nothing: whatever the next lines name, what comes of them is what comes of each by itself."""

import commands as c
import numpy as np
import pytest

from pricetime.bench.flows import definitions, risk_limits
from pricetime.matching import records
from pricetime.matching.engine import Engine, touch
from pricetime.matching.records import COMMAND, CommandType, OrdType, TimeInForce

SESSIONS, INSTRUMENTS, COUNT = 20, 10, 4_000        # 200 accounts: many, for foresight.pxd
KINDS = (CommandType.NEW_ORDER_SINGLE, CommandType.ORDER_CANCEL_REPLACE_REQUEST, CommandType.ORDER_CANCEL_REQUEST)


def wild_lines(seed: int) -> np.ndarray:
    """Orders, replaces and cancels; of each twenty one names a session, an instrument or a price that is none."""
    random = np.random.Generator(np.random.PCG64(seed))
    wild = random.integers(0, 20, (3, COUNT)) == 0
    lines = np.zeros(COUNT, COMMAND)
    kind = random.choice(3, COUNT, p=(0.6, 0.2, 0.2))
    lines["type"] = np.array(KINDS)[kind]
    lines["shape"] = records.RECORD_VERSION << 4 | 1
    lines["cl_ord_id"] = np.arange(1, COUNT + 1)
    lines["time"] = 1_700_000_000_000_000_000 + lines["cl_ord_id"]
    lines["session"] = np.where(wild[0], random.integers(0, 1 << 32, COUNT), random.integers(1, SESSIONS + 1, COUNT))
    lines["instrument"] = np.where(
        wild[1], random.integers(0, 1 << 32, COUNT), random.integers(1, INSTRUMENTS + 1, COUNT))
    lines["price"] = np.where(
        wild[2], random.integers(-(1 << 63), (1 << 63) - 1, COUNT), random.integers(1, 3_000, COUNT))
    lines["quantity"] = random.integers(1, 100, COUNT)
    lines["attributes"] = (random.integers(1, 3, COUNT) | OrdType.LIMIT << records.ORD_TYPE_SHIFT
                           | np.where(random.integers(0, 8, COUNT), TimeInForce.GTC, TimeInForce.IOC)
                           << records.TIME_IN_FORCE_SHIFT | records.HAS_PRICE | records.HAS_QUANTITY)
    return name_targets(random, lines, kind)


def name_targets(random: np.random.Generator, lines: np.ndarray, kind: np.ndarray) -> np.ndarray:
    """Each replace and cancel names one of the last hundred lines, as its session in its instrument."""
    for at in np.flatnonzero(kind):
        named = max(int(at) - int(random.integers(1, 100)), 0)
        lines["target"][at] = lines["cl_ord_id"][named]
        for field in ("session", "instrument"):
            lines[field][at] = lines[field][named]
        side = lines["attributes"][named] & records.SIDE_MASK
        lines["attributes"][at] = lines["attributes"][at] & ~np.uint16(records.SIDE_MASK) | side
    cancels = lines["type"] == CommandType.ORDER_CANCEL_REQUEST
    lines["attributes"][cancels] &= records.SIDE_MASK
    lines["price"][cancels] = lines["quantity"][cancels] = 0
    return lines


@pytest.mark.parametrize("seed", range(3))
def test_all_at_once_is_one_by_one(seed: int) -> None:
    defined = np.concatenate([definitions(SESSIONS, INSTRUMENTS), risk_limits(SESSIONS, INSTRUMENTS)])
    lines = wild_lines(seed)
    at_once, one_by_one = Engine(2_000), Engine(2_000)
    touch(at_once)
    events = at_once.apply(np.concatenate([defined, lines]))
    apart = [one_by_one.apply(defined), *(one_by_one.apply(lines[at:at + 1]) for at in range(COUNT))]
    assert events.tobytes() == np.concatenate(apart).tobytes()
    assert at_once.dump() == one_by_one.dump() and len(events) > COUNT
    assert len(np.unique(events["type"])) >= 6
    at_once.check()


def test_lines_before_anything_is_defined() -> None:
    """The first lines are looked at when there are no tables yet, and accounts become many while later ones wait."""
    lines = wild_lines(9)
    sessions, limits = definitions(SESSIONS, INSTRUMENTS), risk_limits(SESSIONS, INSTRUMENTS)
    at_once, one_by_one = Engine(2_000), Engine(2_000)
    at_once.apply(np.concatenate([lines[:8], sessions, lines[8:16], limits, lines[16:]]))
    parts = [*np.split(lines[:8], 8), sessions, *np.split(lines[8:16], 8), limits, *np.split(lines[16:], COUNT - 16)]
    for part in parts:
        one_by_one.apply(part)
    assert at_once.dump() == one_by_one.dump()


@pytest.mark.parametrize("capacity", [2_000, 1_000_000])
def test_a_start_that_sets_the_capacity_stands_before_commands_that_are_looked_at_ahead(capacity: int) -> None:
    """The pools are made anew in the middle of the lines: what was known of the old ones is not looked at."""
    lines = [c.define_participant(1, "p"), c.define_session(1, "s", 1), c.venue_start(1, capacity=capacity),
             c.define_instrument(1, "I"), c.logon(1), *(c.new(1, id, 1, c.BUY, 1, 10 + id) for id in range(1, 21)),
             *(c.cancel(1, 20 + id, 1, id) for id in range(1, 21))]
    at_once, one_by_one = Engine(), Engine()
    c.apply(at_once, *lines)
    for line in lines:
        c.apply(one_by_one, line)
    at_once.check()
    assert at_once.dump() == one_by_one.dump()
    assert at_once.order_capacity == capacity
