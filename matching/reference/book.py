"""The book of one instrument: on each side the market orders of a call, and two queues at each price.

Owns who stands where. Rules 4 and 6 of docs/rules.md: better prices first, at one price the oldest displayed order
first, then the oldest hidden one. It trades nothing and reports nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sortedcontainers import SortedDict

if TYPE_CHECKING:
    from pricetime.matching.reference.state import Order


class Level:
    """The orders at one price: displayed ones (icebergs with what they show), then hidden ones."""

    __slots__ = ("displayed", "hidden")

    def __init__(self) -> None:
        self.displayed: dict[int, Order] = {}       # by OrderID, in queue order
        self.hidden: dict[int, Order] = {}

    def queue(self, order: Order) -> dict[int, Order]:
        return self.hidden if order.is_hidden else self.displayed

    def first(self) -> Order:
        """The oldest displayed order, else the oldest hidden one; a level is never empty."""
        return next(iter((self.displayed or self.hidden).values()))

    def orders(self) -> Iterator[Order]:
        yield from self.displayed.values()
        yield from self.hidden.values()


class BookSide:
    """One side. `levels` is ordered from the best price on: keys are prices, negated on the buy side."""

    def __init__(self, is_buy: bool) -> None:
        self.sign = -1 if is_buy else 1
        self.market: dict[int, Order] = {}                      # by OrderID, in queue order
        self.levels: SortedDict[int, Level] = SortedDict()

    def key(self, price: int) -> int:
        """Lower is better, on either side."""
        return price * self.sign

    def price(self, key: int) -> int:
        return key * self.sign

    def add(self, order: Order) -> None:
        """Join the back of the order's queue."""
        if order.is_market:
            self.market[order.order_id] = order
            return
        key = self.key(order.limit)
        if key not in self.levels:
            self.levels[key] = Level()
        self.levels[key].queue(order)[order.order_id] = order

    def remove(self, order: Order) -> None:
        """Leave the queue, from wherever in it; an empty level goes away."""
        if order.is_market:
            del self.market[order.order_id]
            return
        key = self.key(order.limit)
        level = self.levels[key]
        del level.queue(order)[order.order_id]
        if not level.displayed and not level.hidden:
            del self.levels[key]

    def to_the_back(self, order: Order) -> None:
        """Join the back of the queue in which it stands."""
        queue = self.levels[self.key(order.limit)].queue(order)
        queue[order.order_id] = queue.pop(order.order_id)

    def best(self) -> Order | None:
        """The first order that has a price."""
        return self.levels.peekitem(0)[1].first() if self.levels else None

    def within(self, price: int, limit: int | None) -> bool:
        """Would an incoming order of the other side with this limit (None: none) trade at `price` here?"""
        return limit is None or self.key(price) <= self.key(limit)

    def orders(self) -> Iterator[Order]:
        """Every order in queue order: market orders first, then the better price, displayed ones, hidden ones."""
        yield from self.market.values()
        for level in self.levels.values():
            yield from level.orders()


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
