"""nanobook: a book in Rust with IOC orders."""

from nanobook import Exchange

from pricetime.bench.peers.adapter import NO_REPLACE, Matching
from pricetime.bench.peers.steps import CANCEL, IOC, MOVE, Step, Trade


class Adapter(Matching):
    """submit_limit and cancel; trades read from the exchange's own list at the end."""

    mapping = (NO_REPLACE,)     # its modify is the same

    def __init__(self) -> None:
        self.exchange = Exchange()
        self.number: dict[int, int] = {}        # ours -> theirs
        self.ours: dict[int, int] = {}

    def prepare(self, steps: list[Step]) -> list[tuple[int, str, int, int, int]]:
        return [(kind, "buy" if buy else "sell", number, price, quantity)
                for kind, buy, number, price, quantity, _ in steps]

    def run(self, prepared: list[tuple[int, str, int, int, int]]) -> None:
        submit, cancel, numbers, ours = self.exchange.submit_limit, self.exchange.cancel, self.number, self.ours
        for kind, side, number, price, quantity in prepared:
            if kind in (CANCEL, MOVE):
                cancel(numbers[number])
            if kind != CANCEL:
                theirs = submit(side, price, quantity, "ioc" if kind == IOC else "gtc").order_id
                numbers[number] = theirs
                ours[theirs] = number

    def trades(self) -> list[Trade]:
        return [(trade.price, trade.quantity, self.ours[trade.passive_order_id]) for trade in self.exchange.trades()]
