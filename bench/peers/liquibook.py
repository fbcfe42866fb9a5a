"""liquibook: OCI's book in C++ behind SWIG, its listeners Python classes."""

import liquibook

from pricetime.bench.peers.adapter import NO_REPLACE, Matching
from pricetime.bench.peers.steps import CANCEL, IOC, MOVE, Step, Trade


class _Fills(liquibook.OrderListener):      # type: ignore[misc]
    """Its listener; everything but fills costs it a call that does nothing."""

    def __init__(self, heard: list[tuple[int, int, int]]) -> None:
        liquibook.OrderListener.__init__(self)
        self.heard = heard

    def on_fill(self, incoming: liquibook.SimpleOrder, resting: liquibook.SimpleOrder, quantity: int,
                price: int) -> None:
        self.heard.append((price, quantity, resting.order_id_))
        resting.fill(quantity, price, 0)    # its orders are told by the listener, as its example does
        incoming.fill(quantity, price, 0)

    def _nothing(self, *arguments: object) -> None:
        pass

    on_accept = on_reject = on_cancel = on_cancel_reject = on_replace = on_replace_reject = _nothing


class Adapter(Matching):
    """add and cancel of order objects made before the clock; the depth book, which is the one that can be driven."""

    mapping = (NO_REPLACE, "its IOC orders are left resting: an order, cancelled if a part rests",
               "keeps five levels of depth as well")

    def __init__(self) -> None:
        self.heard: list[tuple[int, int, int]] = []
        self.book = liquibook.DepthOrderBook()
        self.book.set_symbol("BENCH")
        self.listener = _Fills(self.heard)
        self.book.set_order_listener(self.listener)
        self.order: dict[int, liquibook.SimpleOrder] = {}
        self.ours: dict[int, int] = {}

    def prepare(self, steps: list[Step]) -> list[tuple[int, int, liquibook.SimpleOrder | None]]:
        prepared = []
        for kind, buy, number, price, quantity, _ in steps:
            order = None
            if kind != CANCEL:
                order = liquibook.SimpleOrder(buy, price, quantity)
                self.ours[order.order_id_] = number
            prepared.append((kind, number, order))
        return prepared

    def run(self, prepared: list[tuple[int, int, liquibook.SimpleOrder | None]]) -> None:
        add, cancel, orders = self.book.add, self.book.cancel, self.order
        for kind, number, order in prepared:
            if kind in (CANCEL, MOVE):
                cancel(orders[number])
            if order is not None:
                orders[number] = order
                add(order)
                if kind == IOC and order.open_qty():
                    cancel(order)

    def trades(self) -> list[Trade]:
        return [(price, quantity, self.ours[number]) for price, quantity, number in self.heard]
