"""Clients on bad lines, at a venue that is killed and started again at random: afterwards each one's view of every
order is the log's, each report came once and in order, and each command is in the log exactly once.

A seed says what is done, not in which nanosecond: threads and processes take turns as they like.
"""

import contextlib
import random
import signal
from collections import Counter
from pathlib import Path

import numpy as np
from faults.proxies import PROXIES
from faults.venues import Venues

from pricetime.gateway.client import Client
from pricetime.journal import Reader
from pricetime.journal.replay import replay
from pricetime.matching.engine import Engine
from pricetime.matching.records import EventType, Reason

ROUNDS = 120
FAULTS = 0.06
KILL_EVERY = 45         # rounds, about
PATIENCE_MS = 60_000
SESSIONS = ("alice", "bob")
TOML = """
[venue]
endpoints = ["tcp://127.0.0.1:0"]
order_capacity = 65536
[log]
segment_mib = 1
durability = "{durability}"
[[session]]
name = "alice"
rights = ["Trade", "Operate"]
[[session]]
name = "bob"
[[instrument]]
symbol = "ACME"
tick_size = "0.01"
lot_size = 1
"""
OVER = (EventType.CANCELED, EventType.EXPIRED)
ORDERS = (EventType.NEW, EventType.TRADE, EventType.REPLACED, EventType.RESTATED, EventType.TRIGGERED, *OVER)


class Trader:
    """A client, and what it believes. live: OrderID -> LeavesQty; told: every numbered report as it came."""

    def __init__(self, endpoint: str, session: str, dice: random.Random) -> None:
        self.dice = dice
        self.told: list[bytes] = []
        self.live: dict[int, int] = {}
        self.sent = self.refused = 0
        self.client = Client(endpoint, session, full_reports=True, timeout_ms=3_000, heartbeat_ms=300,
                             reconnect_ms=PATIENCE_MS)  # fmt: skip

    def act(self) -> None:
        """Some orders, replaces and cancels, as many in a message as it likes."""
        client, dice = self.client, self.dice
        for _ in range(dice.choice([0, 1, 1, 4])):
            what, newest = dice.random(), client.mark
            price = f"{dice.randrange(9_990, 10_010) / 100:.2f}"
            if what < 0.6 or newest < 2:
                (client.buy if what < 0.3 else client.sell)("ACME", dice.randrange(1, 9), price)
            elif what < 0.8:
                client.replace("ACME", dice.randint(max(1, newest - 20), newest), 5, price)
            else:
                client.cancel("ACME", dice.randint(max(1, newest - 20), newest))
            self.sent += 1

    def take(self, timeout_ms: int) -> None:
        """What has come."""
        while (block := self.client.receive(timeout_ms)) is not None:
            for report in block:
                self.book(report)
            timeout_ms = 0

    def book(self, report: np.void) -> None:
        if report["report_number"] == 0:
            assert report["reason"] == Reason.THROTTLED, f"{report}"
            self.refused += 1
            return
        self.told.append(report.tobytes())
        if report["type"] in ORDERS:
            self.live[int(report["order_id"])] = int(report["leaves_qty"])
            if report["type"] in OVER or report["leaves_qty"] == 0:
                del self.live[int(report["order_id"])]


def chaos(seed: int, folder: Path, durability: str) -> str:
    """One run, on one kind of line or the other; what happened, in a line. AssertionError says what does not hold."""
    line = list(PROXIES)[seed % len(PROXIES)]
    dice = random.Random(seed)
    venue, kills = folder / "venue", 0
    venue.mkdir()
    (venue / "venue.toml").write_text(TOML.format(durability=durability))
    with Venues(venue) as venues, PROXIES[line](dice, 0.0) as proxy, contextlib.ExitStack() as stack:
        venues.start()
        proxy.target = venues.endpoint()
        traders = [Trader(proxy.endpoint, session, dice) for session in SESSIONS]
        for trader in traders:
            stack.callback(trader.client.close)
        traders[0].client.set_phase("ACME", "Continuous")
        traders[0].sent += 1
        proxy.faults = FAULTS
        for _ in range(ROUNDS):
            trader = dice.choice(traders)
            trader.act()
            trader.take(dice.choice([0, 1, 1, 5]))
            if dice.random() < 1 / KILL_EVERY:
                kills += 1
                venues.signal(signal.SIGKILL)
                assert venues.wait() == -signal.SIGKILL, venues.errors.read_text()
                if dice.random() < 0.5:
                    trader.act()    # while nobody is there
                venues.start()
                proxy.target = venues.endpoint()
        proxy.faults = 0.0
        leave(traders)
        venues.signal(signal.SIGTERM)
        assert venues.wait() == 0, venues.errors.read_text()
    for trader in traders:
        hold(trader, venue)
    reports, sent = sum(len(trader.told) for trader in traders), sum(trader.sent for trader in traders)
    logons, faults = sum(trader.client._line.opened for trader in traders), proxy.done
    return (f"{line}, level {durability}, seed {seed}: {sent} commands, {reports} reports, "
            f"{faults} faults, {kills} kills, {logons} logons")


def leave(traders: list[Trader]) -> None:
    """Everything is answered, and everybody logs out. The very last report may have been lost with nothing behind it,
    so each logs on once more when the others are done."""
    for trader in traders:
        trader.client.settle(PATIENCE_MS)
    for trader in traders:
        trader.client.logon()
        trader.client.settle(PATIENCE_MS)
        trader.take(0)
        trader.client.logout()
        trader.take(0)


def hold(trader: Trader, directory: Path) -> None:
    """The log against what the client believes."""
    engine, session = Engine(), SESSIONS.index(trader.client.session) + 1   # in the order of venue.toml
    journaled: Counter[int] = Counter()
    given: list[bytes] = []

    def look(lines: np.ndarray, events: np.ndarray) -> None:
        mine = lines[(lines["session"] == session) & (lines["cl_ord_id"] != 0)]
        journaled.update(mine["cl_ord_id"].tolist())
        mine = events[(events["session"] == session) & (events["report_number"] != 0)]
        given.extend(event.tobytes() for event in mine)

    replay(Reader(directory), engine, on_block=look)
    twice = [number for number, count in journaled.items() if count > 1]
    assert not twice, f"journaled twice: {twice[:5]}"
    missing = sorted(set(range(1, trader.sent + 1)) - journaled.keys())
    assert len(missing) == trader.refused and len(journaled) + len(missing) == trader.sent, (
        f"sent {trader.sent}, journaled {len(journaled)}, refused {trader.refused}, not journaled: {missing[:5]}")
    for number, (mine, logs) in enumerate(zip(trader.told, given, strict=False), 1):
        assert mine == logs, f"report {number} is not the log's"
    assert len(trader.told) == len(given), f"{len(trader.told)} reports came, the log gives {len(given)}"
    orders = engine.orders("ACME")
    mine = orders[orders["session"] == session]
    live = dict(zip(mine["order_id"].tolist(), mine["leaves_qty"].tolist(), strict=True))
    assert trader.live == live, f"live orders: {trader.live}, in the log: {live}"
