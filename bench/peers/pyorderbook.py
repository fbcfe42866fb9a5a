"""pyorderbook: a book in plain Python, heaps of Decimal prices."""

import logging

from pyorderbook import Book, Order, Side, TradeBlotter

from pricetime.bench.peers.adapter import NO_IOC, NO_REPLACE, Matching
from pricetime.bench.peers.steps import CANCEL, IOC, MOVE, Step, Trade


class Adapter(Matching):
    """match of orders made before the clock, cancel of the same objects; trades as it returns them."""

    mapping = NO_IOC, NO_REPLACE

    def __init__(self) -> None:
        logging.getLogger().setLevel(logging.ERROR)     # it turns logging on when it is imported
        self.book = Book()
        self.newest: dict[int, Order] = {}
        self.ours: dict[object, int] = {}
        self.blotters: list[TradeBlotter] = []

    def prepare(self, steps: list[Step]) -> list[tuple[int, int, Order | None]]:
        prepared = []
        for kind, buy, number, price, quantity, _ in steps:
            order = None
            if kind != CANCEL:
                order = Order(Side.BID if buy else Side.ASK, "BENCH", price, quantity)
                self.ours[order.id] = number
            prepared.append((kind, number, order))
        return prepared

    def run(self, prepared: list[tuple[int, int, Order | None]]) -> None:
        match, cancel, newest, blotters = self.book.match, self.book.cancel, self.newest, self.blotters
        for kind, number, order in prepared:
            if kind in (CANCEL, MOVE):
                cancel(newest[number])
            if order is not None:
                newest[number] = order
                blotters.append(match(order))
                if kind == IOC and order.quantity:
                    cancel(order)

    def trades(self) -> list[Trade]:
        return [(int(trade.fill_price), trade.fill_quantity, self.ours[trade.standing_order_id])
                for blotter in self.blotters for trade in blotter.trades]
