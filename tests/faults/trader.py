"""A trader who keeps books: what it sent, what was acknowledged, every report; and the log held against them.

It sends plain orders, replaces and cancels through the real Client, and what a dead venue did not journal once more.
"""

import random
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import numpy as np

from pricetime.gateway import messages as m
from pricetime.gateway.client import Client, NoAnswer, SessionEnded
from pricetime.journal import Reader
from pricetime.journal.replay import replay
from pricetime.matching.engine import Engine
from pricetime.matching.records import CommandType, EventType, Reason

SESSION = "alice"
MESSAGE_ORDERS = 250
CLIENTS_COMMANDS = (
    CommandType.NEW_ORDER_SINGLE, CommandType.ORDER_CANCEL_REQUEST, CommandType.ORDER_CANCEL_REPLACE_REQUEST,
    CommandType.TRADING_SESSION_STATUS)


@dataclass
class Trader:
    """acknowledged: ClOrdIDs of which a numbered report came. mark: the highest one known to be journaled.
    reports: every numbered report by its number. refused: ClOrdIDs that were answered LOG_FULL."""

    dice: random.Random
    acknowledged: set[int] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)
    reports: dict[int, np.void] = field(default_factory=dict)
    mark: int = 0
    next_report_number: int = 0

    def connect(self, endpoint: str, timeout_ms: int = 5_000) -> Client:
        """Log on; the mark may not be below what was acknowledged."""
        client = Client(endpoint, SESSION, full_reports=True, timeout_ms=timeout_ms,
                        next_report_number=self.next_report_number, reconnect=False)
        highest = max(self.acknowledged, default=0)
        assert client.mark >= highest, f"acknowledged up to {highest}, the venue's mark is {client.mark}"
        self.mark = client.mark
        if client.mark == 0:
            client.set_phase("ACME", "Continuous")
        return client

    def send(self, client: Client, count: int) -> None:
        """Some orders, replaces and cancels."""
        for _ in range(count):
            what, newest = self.dice.random(), client.mark
            price = f"{self.dice.randrange(9_900, 10_100) / 100:.2f}"
            if what < 0.6 or newest == 0:
                (client.buy if what < 0.3 else client.sell)("ACME", self.dice.randrange(1, 9), price)
            elif what < 0.8:
                client.replace("ACME", self.dice.randint(max(1, newest - 20), newest), 5, price)
            else:
                client.cancel("ACME", self.dice.randint(max(1, newest - 20), newest))

    def flood(self, client: Client, count: int) -> None:
        """So many orders as fast as they go out, in whole messages: of four lines each, and they do not trade."""
        order = m.NewOrderSingle(session=SESSION, cl_ord_id=1, symbol="ACME", side="Buy", ord_type="Limit",
                                 price=Decimal("50.00"), order_qty=Decimal(1), min_qty=Decimal(1), time_in_force="IOC",
                                 account="account", text="text")
        one = client.codec.encode(order)
        lines = np.tile(one, MESSAGE_ORDERS)
        for _ in range(0, count, MESSAGE_ORDERS):
            lines["cl_ord_id"][::len(one)] = np.arange(client.mark + 1, client.mark + 1 + MESSAGE_ORDERS)
            client.send(lines)

    def take(self, client: Client, timeout_ms: int) -> int:
        """What has come, until nothing has for so long; how many reports. The end of a session ends it."""
        taken = 0
        try:
            while (block := client.receive(timeout_ms)) is not None:
                for report in block:
                    self.book(report)
                taken += len(block)
        except (SessionEnded, NoAnswer):
            pass
        self.next_report_number = client.next_report_number
        return taken

    def book(self, report: np.void) -> None:
        number, cl_ord_id = int(report["report_number"]), int(report["cl_ord_id"])
        if number == 0:
            assert (report["type"], report["reason"]) == (EventType.BUSINESS_MESSAGE_REJECT, Reason.LOG_FULL), (
                f"{EventType(int(report['type'])).name}: {Reason(int(report['reason'])).name}")
            self.refused.add(cl_ord_id)
            return
        assert number not in self.reports, f"report {number} came twice"
        self.reports[number] = report.copy()
        if report["type"] != EventType.TRADE:
            self.acknowledged.add(cl_ord_id)

    def hold_against(self, directory: Path) -> tuple[Engine, int]:
        """The log has every acknowledged command exactly once and none that was refused only, and its replay every
        report as it came. The engine, and the last ClOrdID that is journaled."""
        engine, session = Engine(), 1       # alice is the first session of venue.toml
        journaled: Counter[int] = Counter()
        told: dict[int, np.void] = {}

        def look(lines: np.ndarray, events: np.ndarray) -> None:
            mine = lines[(lines["session"] == session) & np.isin(lines["type"], CLIENTS_COMMANDS)]
            journaled.update(mine["cl_ord_id"].tolist())
            mine = events[(events["session"] == session) & (events["report_number"] != 0)]
            told.update(zip(mine["report_number"].tolist(), mine, strict=True))

        replay(Reader(directory), engine, on_block=look)
        twice = [number for number, count in journaled.items() if count > 1]
        assert not twice, f"journaled twice: {twice[:5]}"
        lost = self.acknowledged - journaled.keys()
        assert not lost, f"acknowledged, not in the log: {sorted(lost)[:5]}"
        invented = (self.refused & journaled.keys()) - self.acknowledged
        assert not invented, f"refused, but in the log: {sorted(invented)[:5]}"
        for number, report in self.reports.items():
            assert number in told, f"report {number} is not among those of the log"
            assert report.tobytes() == told[number].tobytes(), (
                f"report {number}: {report}, the log gives {told[number]}")
        return engine, max(journaled, default=0)
