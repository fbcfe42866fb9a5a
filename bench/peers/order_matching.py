"""order-matching: an engine in plain Python that matches what was placed, at a time that it is told."""

from datetime import datetime, timedelta

from loguru import logger
from order_matching.enums import Side
from order_matching.executed_trades import ExecutedTrades
from order_matching.matching_engine import MatchingEngine
from order_matching.order import LimitOrder
from order_matching.orders import Orders

from pricetime.bench.peers.adapter import NO_IOC, NO_REPLACE, Matching
from pricetime.bench.peers.steps import CANCEL, IOC, MOVE, Step, Trade

BEGIN = datetime(2024, 1, 1)
STEP_TIME = timedelta(microseconds=1)


class Adapter(Matching):
    """place and match, order by order, each a microsecond later; cancel_order by id."""

    mapping = (NO_IOC, NO_REPLACE,
               "looks for every order placed among all that rest: the flow with 50,000 is too much for it")

    def __init__(self) -> None:
        logger.remove()
        self.engine = MatchingEngine(seed=1)
        self.time = BEGIN
        self.newest: dict[int, LimitOrder] = {}
        self.executed: list[ExecutedTrades] = []

    def prepare(self, steps: list[Step]) -> list[tuple[int, int, LimitOrder | None]]:
        prepared = []
        for kind, buy, number, price, quantity, _ in steps:
            self.time += STEP_TIME
            order = None
            if kind != CANCEL:
                order = LimitOrder(side=Side.BUY if buy else Side.SELL, price=price, size=quantity, timestamp=self.time,
                                   order_id=str(number), trader_id="1")
            prepared.append((kind, number, order))
        return prepared

    def run(self, prepared: list[tuple[int, int, LimitOrder | None]]) -> None:
        place, match, cancel = self.engine.place, self.engine.match, self.engine.cancel_order
        newest, executed = self.newest, self.executed
        for kind, number, order in prepared:
            if kind in (CANCEL, MOVE):
                cancel(newest[number].order_id)
            if order is not None:
                newest[number] = order
                place(Orders([order]))
                executed.append(match(order.timestamp))
                if kind == IOC and order.size:
                    cancel(order.order_id)

    def trades(self) -> list[Trade]:
        return [(int(trade.price), int(trade.size), int(trade.book_order_id))
                for trades in self.executed for trade in trades.trades]
