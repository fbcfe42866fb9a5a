"""nautilus_trader: its order book, order by order, in Rust. It does not match orders with each other: its matching
engine fills those of a strategy against market data."""

from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.data import BookOrder
from nautilus_trader.model.enums import BookType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Price, Quantity

from pricetime.bench.peers.adapter import BOOK, Levels
from pricetime.bench.peers.deltas import ADD, DELETE, Delta
from pricetime.bench.peers.steps import Trade


class Adapter:
    """add, update, delete of orders made before the clock."""

    tells = BOOK
    in_place = True
    matches = False
    mapping = ("does not match orders with each other: it is told what each command changed, order by order",)

    def __init__(self) -> None:
        self.book = OrderBook(InstrumentId.from_str("BENCH.VENUE"), BookType.L3_MBO)
        self.sequence = 0

    def prepare(self, deltas: list[Delta]) -> list[tuple[int, BookOrder]]:
        return [(what, BookOrder(OrderSide.BUY if buy else OrderSide.SELL, Price.from_int(price),
                                 Quantity.from_int(quantity), number))
                for buy, number, price, quantity, what in deltas]

    def run(self, prepared: list[tuple[int, BookOrder]]) -> None:
        add, update, delete, sequence = self.book.add, self.book.update, self.book.delete, self.sequence
        for what, order in prepared:
            sequence += 1
            if what == ADD:
                add(order, sequence)
            elif what == DELETE:
                delete(order, sequence)
            else:
                update(order, sequence)
        self.sequence = sequence

    def trades(self) -> list[Trade]:
        raise NotImplementedError

    def levels(self) -> Levels:
        return {(buy, int(level.price)): int(level.size())
                for buy, side in ((True, self.book.bids()), (False, self.book.asks())) for level in side}
