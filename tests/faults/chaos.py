"""Clients on bad lines, at a venue that is killed and started again at random: afterwards each one's view of every order
is the log's, each report came once and in order, and each command is in the log exactly once.

`python -m faults.chaos --first SEED --count 1` repeats a seed (threads and processes take turns as they like, so that a
seed says what is done, not in which nanosecond).
"""

import argparse
import contextlib
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from faults.kills import write_toml
from faults.levels import DURABILITIES
from faults.proxies import PROXIES
from faults.venues import Venues

from pricetime.gateway.client import Client
from pricetime.journal import Reader
from pricetime.journal.replay import replay
from pricetime.matching.engine import Engine
from pricetime.matching.records import EventType, Reason

ROUNDS = 120
FAULTS = 0.02
KILL_EVERY = 45         # rounds, about
PATIENCE_MS = 60_000
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


def chaos(seed: int, folder: Path, line: str, durability: str) -> str:
    """One run; what happened, in a line. AssertionError says what does not hold."""
    dice = random.Random(seed)
    write_toml(folder / "venue", durability)
    kills = 0
    with Venues(folder / "venue") as venues, PROXIES[line](dice, 0.0) as proxy:
        venues.start()
        proxy.target = venues.endpoint()
        trader = Trader(proxy.endpoint, "alice", dice)
        with contextlib.closing(trader.client):
            trader.client.set_phase("ACME", "Continuous")
            trader.sent += 1
            proxy.faults = FAULTS
            for _ in range(ROUNDS):
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
            trader.client.settle(PATIENCE_MS)
            trader.client.logon()       # the very last report may have been lost, and nothing came behind it
            trader.client.settle(PATIENCE_MS)
            trader.take(0)
            trader.client.logout()
            trader.take(0)
        logons, faults = trader.client._line.opened, proxy.done
        venues.signal(signal.SIGTERM)
        assert venues.wait() == 0, venues.errors.read_text()
    hold(trader, folder / "venue")
    return (f"{line}, level {durability}, seed {seed}: {trader.sent} commands, {len(trader.told)} reports, "
            f"{faults} faults, {kills} kills, {logons} logons")


def hold(trader: Trader, directory: Path) -> None:
    """The log against what the client believes."""
    engine, session = Engine(), 1       # the first session of venue.toml
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


def runs(first: int, count: int) -> None:
    """Seed after seed, each kind of line and level in turn."""
    for seed in range(first, first + count):
        line, durability = list(PROXIES)[seed % 2], DURABILITIES[seed // 2 % 2]
        with tempfile.TemporaryDirectory(prefix=f"chaos-{seed}-") as folder:
            begun = time.monotonic()
            try:
                told = chaos(seed, Path(folder), line, durability)
            except Exception as error:
                raise AssertionError(
                    f"{line}, level {durability}, seed {seed}: {error!r}\n"
                    f'again: make soak SOAK="chaos --first {seed} --count 1"') from error
            print(f"{told}, {time.monotonic() - begun:.1f} s", flush=True)


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog='make soak SOAK="chaos', description=__doc__)
    parser.add_argument("--first", type=int, default=int(time.time()), help="first seed (default: the time)")
    parser.add_argument("--count", type=int, default=1_000, help="how many")
    given = parser.parse_args(words)
    try:
        runs(given.first, given.count)
    except AssertionError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
