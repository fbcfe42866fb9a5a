"""obook: an engine in Go behind ctypes, with IOC, reduce in place and replace."""

import obook

from pricetime.bench.peers.adapter import Matching
from pricetime.bench.peers.steps import CANCEL, IOC, REDUCE, Step, Trade

ORDERS_MAX = 1 << 20


class Adapter(Matching):
    """submit, cancel, reduce, replace; its events drained after each command, as its interface means. Each order
    has a user of its own, as a user's orders do not trade with each other there."""

    in_place = True
    mapping = ("nothing is missing: a replace in place is its reduce, any other its replace",)

    def __init__(self) -> None:
        self.book = obook.Book(max_orders=ORDERS_MAX)
        self.number: dict[int, int] = {}
        self.ours: dict[int, int] = {}
        self.total: dict[int, int] = {}         # its reduce names a total, as our replace does
        self.events: list[list[obook.Event]] = []

    def run(self, prepared: list[Step]) -> None:
        book, numbers, ours, total, events = self.book, self.number, self.ours, self.total, self.events
        for kind, buy, number, price, quantity, less in prepared:
            if kind == CANCEL:
                book.cancel(numbers[number], number)
            elif kind == REDUCE:
                total[number] -= less
                book.reduce(numbers[number], total[number], number)
            else:
                side = obook.BUY if buy else obook.SELL
                if kind <= IOC:
                    theirs = book.submit(number, side, price, quantity,
                                         tif=obook.IOC if kind == IOC else obook.GTC).order_id
                else:
                    theirs = book.replace(numbers[number], number, side, price, quantity).order_id
                numbers[number], ours[theirs], total[number] = theirs, number, quantity
            events.append(book.events())

    def trades(self) -> list[Trade]:
        return [(event.price, event.qty, self.ours[event.maker_id]) for events in self.events for event in events
                if event.kind == obook.EventKind.TRADE]
