"""The book of one instrument: on each side the market orders of a call and a queue of orders at each price.

Owns who stands where. Rules 4 and 6 of docs/rules.md: better prices first, at one price the oldest first. It trades
nothing and reports nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sortedcontainers import SortedDict

if TYPE_CHECKING:
    from pricetime.matching.reference.state import Order


class BookSide:
    """One side. `levels` is ordered from the best price on: keys are prices, negated on the buy side."""

    def __init__(self, is_buy: bool) -> None:
        self.sign = -1 if is_buy else 1
        self.market: dict[int, Order] = {}                      # by OrderID, in queue order
        self.levels: SortedDict[int, dict[int, Order]] = SortedDict()

    def key(self, price: int) -> int:
        """Lower is better, on either side."""
        return price * self.sign

    def price(self, key: int) -> int:
        return key * self.sign

    def add(self, order: Order) -> None:
        """Join the back of the order's queue."""
        if order.is_market:
            self.market[order.order_id] = order
        else:
            self.levels.setdefault(self.key(order.limit), {})[order.order_id] = order

    def remove(self, order: Order) -> None:
        """Leave the queue, from wherever in it; an empty level goes away."""
        if order.is_market:
            del self.market[order.order_id]
            return
        level = self.levels[self.key(order.limit)]
        del level[order.order_id]
        if not level:
            del self.levels[self.key(order.limit)]

    def best(self) -> Order | None:
        """The first limit order: the oldest at the best price."""
        return next(iter(self.levels.peekitem(0)[1].values())) if self.levels else None

    def within(self, price: int, limit: int | None) -> bool:
        """Would an incoming order of the other side with this limit (None: market) trade at `price` here?"""
        return limit is None or self.key(price) <= self.key(limit)

    def available(self, limit: int | None, wanted: int) -> int:
        """How much of `wanted` an incoming order of the other side could trade with the limit orders here."""
        available = 0
        for key, level in self.levels.items():
            if available >= wanted or not self.within(self.price(key), limit):
                break
            available += sum(order.leaves for order in level.values())
        return min(available, wanted)

    def orders(self) -> Iterator[Order]:
        """Every order in queue order: market orders first, then the better price, then the older."""
        yield from self.market.values()
        for level in self.levels.values():
            yield from level.values()


class Book:
    """Both sides of one instrument."""

    def __init__(self) -> None:
        self.buy = BookSide(is_buy=True)
        self.sell = BookSide(is_buy=False)

    def side(self, order: Order) -> BookSide:
        return self.buy if order.is_buy else self.sell

    def other_side(self, order: Order) -> BookSide:
        return self.sell if order.is_buy else self.buy

    def add(self, order: Order) -> None:
        self.side(order).add(order)

    def remove(self, order: Order) -> None:
        self.side(order).remove(order)

    def orders(self) -> Iterator[Order]:
        """Every order: the buy side, then the sell side, each in queue order."""
        yield from self.buy.orders()
        yield from self.sell.orders()
