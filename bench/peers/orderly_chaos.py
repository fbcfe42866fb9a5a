"""orderly-chaos: a book in C++ behind ctypes, with reduce in place."""

from orderly_chaos import LimitOrderBook, Side
from orderly_chaos import Trade as TheirTrade

from pricetime.bench.peers.adapter import NO_IOC, Matching
from pricetime.bench.peers.steps import CANCEL, IOC, MOVE, REDUCE, Step, Trade


class Adapter(Matching):
    """limit, cancel, reduce, with ids of ours; trades by its callback."""

    in_place = True
    mapping = NO_IOC, "no replace: cancel and a new order with the same id"

    def __init__(self) -> None:
        self.heard: list[TheirTrade] = []
        self.book = LimitOrderBook(on_trade=self.heard.append)

    def prepare(self, steps: list[Step]) -> list[tuple[int, Side, int, int, int, int]]:
        return [(kind, Side.BUY if buy else Side.SELL, number, price, quantity, less)
                for kind, buy, number, price, quantity, less in steps]

    def run(self, prepared: list[tuple[int, Side, int, int, int, int]]) -> None:
        limit, cancel, reduce = self.book.limit, self.book.cancel, self.book.reduce
        for kind, side, number, price, quantity, less in prepared:
            if kind == CANCEL:
                cancel(number)
            elif kind == REDUCE:
                reduce(number, less)
            else:
                if kind == MOVE:
                    cancel(number)
                if limit(side, number, quantity, price) < quantity and kind == IOC:
                    cancel(number)

    def trades(self) -> list[Trade]:
        return [(trade.price, trade.quantity, trade.maker_id) for trade in self.heard]
