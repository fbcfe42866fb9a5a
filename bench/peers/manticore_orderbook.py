"""manticore-orderbook: a book in plain Python with strategies, events, fees and statistics."""

import logging
from typing import Any

from manticore_orderbook import EventManager, OrderBook
from manticore_orderbook.event_manager import EventType

from pricetime.bench.peers.adapter import NO_REPLACE, Matching
from pricetime.bench.peers.steps import CANCEL, IOC, MOVE, Step, Trade


class Adapter(Matching):
    """add_order and cancel_order with ids of ours, its logging off; trades by its event."""

    mapping = (NO_REPLACE,)

    def __init__(self) -> None:
        logging.disable(logging.CRITICAL)
        self.events: list[dict[str, Any]] = []
        manager = EventManager(enable_logging=False)
        manager.subscribe(EventType.TRADE_EXECUTED, self._heard)
        self.book = OrderBook("BENCH", enable_logging=False, event_manager=manager, enable_price_improvement=False)

    def _heard(self, kind: EventType, data: dict[str, Any]) -> None:
        self.events.append(data)

    def prepare(self, steps: list[Step]) -> list[tuple[int, str, str, int, int]]:
        return [(kind, "buy" if buy else "sell", str(number), price, quantity)
                for kind, buy, number, price, quantity, _ in steps]

    def run(self, prepared: list[tuple[int, str, str, int, int]]) -> None:
        add, cancel = self.book.add_order, self.book.cancel_order
        for kind, side, number, price, quantity in prepared:
            if kind in (CANCEL, MOVE):
                cancel(number)
            if kind != CANCEL:
                add(side, price, quantity, number, "IOC" if kind == IOC else "GTC")

    def trades(self) -> list[Trade]:
        return [(event["price"], event["quantity"], int(event["maker_order_id"])) for event in self.events]
