"""order-book: a sorted book of price levels in C, for market data. It does not match."""

from order_book import OrderBook

from pricetime.bench.peers.adapter import BOOK, Levels
from pricetime.bench.peers.deltas import Delta
from pricetime.bench.peers.steps import Trade


class Adapter:
    """Told each level's new quantity, or that it is empty."""

    tells = BOOK
    in_place = True
    matches = False
    mapping = ("does not match: it is told what each command changed, quantity by price",)

    def __init__(self) -> None:
        self.book = OrderBook()
        self.level: dict[tuple[bool, int], int] = {}
        self.quantity: dict[int, int] = {}

    def prepare(self, deltas: list[Delta]) -> list[tuple[bool, int, int]]:
        prepared = []
        for buy, number, price, quantity, _ in deltas:
            at = buy, price
            total = self.level.get(at, 0) + quantity - self.quantity.get(number, 0)
            self.level[at], self.quantity[number] = total, quantity
            prepared.append((buy, price, total))
        return prepared

    def run(self, prepared: list[tuple[bool, int, int]]) -> None:
        bids, asks = self.book.bids, self.book.asks
        for buy, price, quantity in prepared:
            side = bids if buy else asks
            if quantity:
                side[price] = quantity
            else:
                del side[price]

    def trades(self) -> list[Trade]:
        raise NotImplementedError

    def levels(self) -> Levels:
        return {(buy, price): quantity for buy, side in ((True, self.book.bids), (False, self.book.asks))
                for price, quantity in side.to_dict().items()}
