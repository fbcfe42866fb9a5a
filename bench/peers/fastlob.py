"""fastlob: a book in plain Python, sorted Decimal prices, a lock a side and a thread of its own for deadlines."""

import logging

from fastlob import Orderbook, OrderParams, OrderSide
from fastlob.enums import ResultType
from fastlob.result import ExecutionResult

from pricetime.bench.peers.adapter import NO_IOC, PRICES, Matching
from pricetime.bench.peers.steps import CANCEL, IOC, MOVE, REDUCE, Step, Trade

TRADED = ResultType.MARKET, ResultType.PARTIAL_MARKET


class Adapter(Matching):
    """process of parameters made before the clock, update in place, cancel; what was traded as its results have it."""

    tells = PRICES
    in_place = True
    mapping = NO_IOC, "no replace of price: cancel and a new order", "does not say with whom an order traded"

    def __init__(self) -> None:
        logging.disable(logging.CRITICAL)       # nothing is to be written; its calls of the logger remain
        self.book = Orderbook("BENCH", start=True)
        self.newest: dict[int, str] = {}
        self.results: list[ExecutionResult] = []

    def prepare(self, steps: list[Step]) -> list[tuple[int, int, OrderParams | None, int]]:
        return [(kind, number, None if kind in (CANCEL, REDUCE) else
                 OrderParams(OrderSide.BID if buy else OrderSide.ASK, price, quantity), quantity)
                for kind, buy, number, price, quantity, _ in steps]

    def run(self, prepared: list[tuple[int, int, OrderParams | None, int]]) -> None:
        process, cancel, update = self.book.process, self.book.cancel, self.book.update
        newest, results = self.newest, self.results
        for kind, number, parameters, quantity in prepared:
            if kind == REDUCE:
                update(newest[number], quantity)
                continue
            if kind in (CANCEL, MOVE):
                cancel(newest[number])
            if parameters is not None:
                result = process(parameters)
                newest[number] = result.orderid()
                results.append(result)
                if kind == IOC:
                    cancel(result.orderid())    # an error where nothing rests, which is said and no exception

    def trades(self) -> list[Trade]:
        self.book.stop()
        return [(int(price), int(quantity), 0) for result in self.results
                if result.kind() in TRADED for price, quantity in result.execprices().items()]
