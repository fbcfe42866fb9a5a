"""limit-order-book: a book in C++ behind ctypes that says nothing of its trades."""

from limit_order_book import LimitOrderBook

from pricetime.bench.peers.adapter import BOOK, NO_IOC, NO_REPLACE, Levels, Matching
from pricetime.bench.peers.steps import CANCEL, IOC, MOVE, Step


class Adapter(Matching):
    """limit_buy, limit_sell, cancel, with ids of ours."""

    tells = BOOK
    mapping = NO_IOC, NO_REPLACE, "no trade reports at all: it saves that work"

    def __init__(self) -> None:
        self.book = LimitOrderBook()
        self.prices: set[int] = set()

    def prepare(self, steps: list[Step]) -> list[Step]:
        self.prices.update(price for _, _, _, price, _, _ in steps if price)
        return steps

    def run(self, prepared: list[Step]) -> None:
        buy_order, sell_order, cancel, has = (
            self.book.limit_buy, self.book.limit_sell, self.book.cancel, self.book.has)
        for kind, buy, number, price, quantity, _ in prepared:
            if kind == CANCEL:
                cancel(number)
                continue
            if kind == MOVE:
                cancel(number)
            if buy:
                buy_order(number, quantity, price)
            else:
                sell_order(number, quantity, price)
            if kind == IOC and has(number):
                cancel(number)

    def levels(self) -> Levels:
        best_buy = self.book.best_buy()         # a price is of one side at a time
        volumes = {(price <= best_buy, price): self.book.volume(price) for price in self.prices}
        return {at: volume for at, volume in volumes.items() if volume}
