"""The uncross of a call: its price, and its trades. Rule 6 of docs/rules.md.

Written to be read, not to be fast: every candidate price is looked at, with running sums over both sides.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from pricetime.matching.reference.book import Book, BookSide
from pricetime.matching.reference.matching import show_next_part, trade
from pricetime.matching.reference.protection import note_uncross
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
    """All that is open there: hidden orders and icebergs in full."""
    level = side.levels.get(side.key(price))
    return 0 if level is None else sum(order.leaves for order in level.orders())


def market_quantity(side: BookSide) -> int:
    return sum(order.leaves for order in side.market.values())


# ------------------------------------------------------------------------------------------------ pairing


@dataclass(slots=True)
class Turn:
    """Rule 6, pairing: an order's turn in its side's row, and how much of it that is."""

    order: Order
    quantity: int


def uncross(venue: Venue, reports: Reports, instrument: Instrument, price: int) -> None:
    """Rule 6, 4: head against head, all at the one price, the buy side's report first, neither the aggressor."""
    note_uncross(venue, instrument, price)
    buys, sells = turns(instrument.book.buy, price), turns(instrument.book.sell, price)
    buy, sell = next(buys, None), next(sells, None)
    while buy is not None and sell is not None:
        quantity = min(buy.quantity, sell.quantity)
        trade(venue, reports, buy.order, sell.order, price, quantity)
        for turn in (buy, sell):
            turn.quantity -= quantity
            turn.order.shown = max(turn.order.shown - quantity, 0)      # an iceberg's first turn is what it shows
        buy = buy if buy.quantity else next(buys, None)
        sell = sell if sell.quantity else next(sells, None)
    instrument.auction_price = price
    show_next_parts(venue, instrument)


def turns(side: BookSide, price: int) -> Iterator[Turn]:
    """Who takes part at `price`: market orders, then better prices; there what is displayed, then the rest by age."""
    row = [Turn(order, order.leaves) for order in side.market.values()]
    for key, level in side.levels.items():
        if key > side.key(price):
            break
        row += [Turn(order, order.displayed) for order in level.displayed.values()]
        behind = [order for order in level.orders() if order.leaves > order.displayed]
        row += [Turn(order, order.leaves - order.displayed) for order in sorted(behind, key=lambda order: order.age)]
    return iter(row)


def show_next_parts(venue: Venue, instrument: Instrument) -> None:
    """Rule 6, 4: icebergs of which nothing is shown any more, in queue order."""
    used_up = [order for order in instrument.book.orders() if order.is_iceberg and not order.shown]
    for iceberg in used_up:
        show_next_part(venue, iceberg)
