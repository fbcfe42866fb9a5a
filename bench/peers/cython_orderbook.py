"""cython-orderbook: a book in Cython."""

from cython_orderbook.orderbook import Order, OrderBook, OrderSide

from pricetime.bench.peers.adapter import NO_IOC, NO_REPLACE, Matching
from pricetime.bench.peers.steps import CANCEL, IOC, MOVE, Step, Trade


class Adapter(Matching):
    """add_limit_order of orders made before the clock; trades from its log. Prices are whole numbers, not Decimal: it
    takes both, and these are faster."""

    mapping = NO_IOC, NO_REPLACE

    def __init__(self) -> None:
        self.book = OrderBook()
        self.newest: dict[int, str] = {}
        self.ours: dict[str, int] = {}

    def prepare(self, steps: list[Step]) -> list[tuple[int, int, Order | None]]:
        prepared = []
        for kind, buy, number, price, quantity, _ in steps:
            order = None
            if kind != CANCEL:
                order = Order(side=OrderSide.BID if buy else OrderSide.ASK, price=price, original_quantity=quantity)
                self.ours[order.order_id] = number
            prepared.append((kind, number, order))
        return prepared

    def run(self, prepared: list[tuple[int, int, Order | None]]) -> None:
        add, cancel, newest = self.book.add_limit_order, self.book.cancel_order, self.newest
        for kind, number, order in prepared:
            if kind in (CANCEL, MOVE):
                cancel(newest[number])
            if order is not None:
                newest[number] = order.order_id
                add(order)
                if kind == IOC and order.remaining_quantity:
                    cancel(order.order_id)

    def trades(self) -> list[Trade]:
        return [(trade.price, trade.quantity_filled, self.ours[trade.filler_id]) for trade in self.book.trade_log]
