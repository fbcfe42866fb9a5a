"""litebook: a book in Rust with prices and quantities in floating point and ids that it draws at random."""

import litebook

from pricetime.bench.peers.adapter import NO_IOC, NO_REPLACE, Matching
from pricetime.bench.peers.steps import CANCEL, IOC, MOVE, Step, Trade


class Adapter(Matching):
    """add of orders made before the clock, cancel by their ids; fills as it returns them."""

    # Its fills have the resting order as buy_id, whichever side that is on.
    mapping = NO_IOC, NO_REPLACE, "trades at the seller's price, also where the buy rested"

    def __init__(self) -> None:
        self.book = litebook.OrderBook(tick_size=1.0)
        self.newest: dict[int, str] = {}
        self.ours: dict[str, int] = {}
        self.fills: list[list[litebook.Fill]] = []

    def prepare(self, steps: list[Step]) -> list[tuple[int, int, litebook.Order | None, str]]:
        prepared = []
        for kind, buy, number, price, quantity, _ in steps:
            order, theirs = None, ""
            if kind != CANCEL:
                side = litebook.OrderType.Buy if buy else litebook.OrderType.Sell
                order = self.book.create_order(side, float(price), float(quantity))
                theirs = order.id
                self.ours[theirs] = number
            prepared.append((kind, number, order, theirs))
        return prepared

    def run(self, prepared: list[tuple[int, int, litebook.Order | None, str]]) -> None:
        add, cancel, newest, fills = self.book.add, self.book.cancel, self.newest, self.fills
        for kind, number, order, theirs in prepared:
            if kind in (CANCEL, MOVE):
                cancel(newest[number])
            if order is not None:
                newest[number] = theirs
                made = add(order)
                if made:
                    fills.append(made)
                if kind == IOC:
                    cancel(theirs)          # says False where nothing rests

    def trades(self) -> list[Trade]:
        return [(round(fill.price), round(fill.quantity), self.ours[fill.buy_id])
                for fills in self.fills for fill in fills]
