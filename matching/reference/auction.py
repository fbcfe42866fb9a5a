"""The uncross of a call: its price, and its trades. Rule 6 of docs/rules.md.

Written to be read, not to be fast: every candidate price is looked at, with running sums over both sides.
"""

from collections.abc import Iterator
from itertools import accumulate

from pricetime.matching.reference.book import Book, BookSide
from pricetime.matching.reference.orders import trade
from pricetime.matching.reference.reports import Reports
from pricetime.matching.reference.state import Instrument, Order, Venue


def uncross_of(instrument: Instrument) -> tuple[int, int] | None:
    """Rule 6: (price, quantity) of an uncross now, or None where nothing would trade. Changes nothing."""
    book = instrument.book
    candidates = {side.price(key) for side in (book.buy, book.sell) for key in side.levels}
    if not candidates:
        if instrument.reference is None:
            return None
        candidates = {instrument.reference}
    totals = totals_at(book, sorted(candidates))
    executable = max(min(buys, sells) for _, buys, sells in totals)
    if not executable:
        return None
    totals = [total for total in totals if min(total[1], total[2]) == executable]
    least = min(abs(buys - sells) for _, buys, sells in totals)
    totals = [total for total in totals if abs(total[1] - total[2]) == least]
    prices = [price for price, _, _ in totals]
    if all(buys > sells for _, buys, sells in totals):
        return max(prices), executable
    if all(sells > buys for _, buys, sells in totals):
        return min(prices), executable
    return nearest(prices, instrument.reference), executable


def nearest(prices: list[int], reference: int | None) -> int:
    """Rule 6: the price nearest to the reference, the higher of two equally near; the highest without a reference."""
    if reference is None:
        return max(prices)
    return min(prices, key=lambda price: (abs(price - reference), -price))


def totals_at(book: Book, prices: list[int]) -> list[tuple[int, int, int]]:
    """At each of the ascending prices: all buys at it or above, all sells at it or below, market orders in both."""
    sells = list(accumulate((quantity_at(book.sell, price) for price in prices), initial=market_quantity(book.sell)))
    buys = list(accumulate((quantity_at(book.buy, price) for price in reversed(prices)),
                           initial=market_quantity(book.buy)))
    return list(zip(prices, reversed(buys[1:]), sells[1:], strict=True))


def quantity_at(side: BookSide, price: int) -> int:
    return sum(order.leaves for order in side.levels.get(side.key(price), {}).values())


def market_quantity(side: BookSide) -> int:
    return sum(order.leaves for order in side.market.values())


def uncross(venue: Venue, reports: Reports, instrument: Instrument, price: int) -> None:
    """Rule 6: head against head, all at the one price, the buy side's report first, neither the aggressor."""
    buys = takers(instrument.book.buy, price)
    sells = takers(instrument.book.sell, price)
    buy, sell = next(buys, None), next(sells, None)
    while buy is not None and sell is not None:
        trade(venue, reports, buy, sell, price)
        buy = buy if buy.leaves else next(buys, None)
        sell = sell if sell.leaves else next(sells, None)


def takers(side: BookSide, price: int) -> Iterator[Order]:
    """Who takes part at `price`: market orders first, then the better price, then the older."""
    return iter([order for order in side.orders() if order.is_market or side.key(order.limit) <= side.key(price)])
