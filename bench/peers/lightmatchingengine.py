"""lightmatchingengine: a book in plain Python, dictionaries of lists."""

from lightmatchingengine.lightmatchingengine import LightMatchingEngine, Order, Side
from lightmatchingengine.lightmatchingengine import Trade as TheirTrade

from pricetime.bench.peers.adapter import NO_IOC, NO_REPLACE, Matching
from pricetime.bench.peers.steps import CANCEL, IOC, MOVE, Step, Trade


class Adapter(Matching):
    """add_order and cancel_order; trades as it returns them."""

    mapping = NO_IOC, NO_REPLACE

    def __init__(self) -> None:
        self.engine = LightMatchingEngine()
        self.newest: dict[int, int] = {}
        self.ours: dict[int, int] = {}
        self.told: list[tuple[Order, list[TheirTrade]]] = []

    def run(self, prepared: list[Step]) -> None:
        add, cancel, newest, ours, told = (
            self.engine.add_order, self.engine.cancel_order, self.newest, self.ours, self.told)
        for kind, buy, number, price, quantity, _ in prepared:
            if kind in (CANCEL, MOVE):
                cancel(newest[number], "BENCH")
            if kind != CANCEL:
                order, trades = add("BENCH", price, quantity, Side.BUY if buy else Side.SELL)
                newest[number] = order.order_id
                ours[order.order_id] = number
                if trades:
                    told.append((order, trades))
                if kind == IOC and order.leaves_qty:
                    cancel(order.order_id, "BENCH")

    def trades(self) -> list[Trade]:
        return [(trade.trade_price, trade.trade_qty, self.ours[trade.order_id])
                for order, trades in self.told for trade in trades if trade.order_id != order.order_id]
