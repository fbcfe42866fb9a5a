"""Rule 6, the uncross, once more: price and pairing worked out from the rules' sentences alone, over random calls.

The plain engine keeps two running sums and a row of turns; here each candidate price is asked anew for its buyers and
sellers.
"""

import random
from dataclasses import dataclass

import commands as c
import pytest
from commands import AT_THE_CLOSE, BUY, CLOSED, CLOSING_CALL, CONTINUOUS, DAY, GTC, SELL, SELL_SHORT
from market import ALICE, BOB, POWER, limit, opening, trade

from pricetime.matching.records import EventType

CALLS = (c.PRE_OPEN, c.OPENING_CALL, CLOSING_CALL, c.VOLATILITY_CALL)


@dataclass
class Waits:
    """An order of the call, in the order in which they came."""

    order_id: int
    buys: bool
    quantity: int
    price: int | None
    display: int | None

    @property
    def shown(self) -> int:
        return self.quantity if self.display is None else min(self.display, self.quantity)

    def takes(self, price: int) -> bool:
        """Would it trade at this price?"""
        return self.price is None or (self.price >= price if self.buys else self.price <= price)


def a_call(engine_class: type, dice: random.Random) -> tuple[object, int, int | None, list[Waits]]:
    """The market, its phase, the reference, and who takes part."""
    reference, phase = dice.choice((None, 97, 99, 100, 101, 103)), dice.choice(CALLS)
    market = engine_class()
    c.apply(market, *opening())
    if reference is not None:
        limit(market, reference_price=reference)
    if dice.random() < 0.3:
        reference = dice.choice((99, 102))
        trade(market, reference)
    c.apply(market, c.status(phase, POWER))
    orders = []
    for cl_ord_id in range(1, dice.randint(2, 10)):
        priced, at_the_close = dice.random() < 0.8, dice.random() < 0.2
        display = dice.choice((None, None, 0, 1, 2, 3)) if priced and not at_the_close else None
        price = dice.randint(97, 103) if priced else None
        order = Waits(0, dice.choice((True, False)), dice.randint(1, 6), price, display)
        tif = AT_THE_CLOSE if at_the_close else GTC if priced else DAY
        side = BUY if order.buys else dice.choice((SELL, SELL_SHORT))
        new, = c.apply(market, c.new(dice.choice((ALICE, BOB)), cl_ord_id, POWER, side, order.quantity, order.price,
                                     display=display, tif=tif))
        order.order_id = new.order_id
        if phase == CLOSING_CALL or not at_the_close:
            orders.append(order)
    return market, phase, reference, orders


def at(orders: list[Waits], price: int) -> tuple[int, int]:
    """How much would be bought and sold at a price."""
    bought, sold = (sum(order.quantity for order in orders if order.buys == buys and order.takes(price))
                    for buys in (True, False))
    return bought, sold


def price_and_quantity(orders: list[Waits], reference: int | None) -> tuple[int, int] | None:
    candidates = {order.price for order in orders if order.price is not None}
    if not candidates and reference is not None:
        candidates = {reference}
    quantity = max((min(at(orders, price)) for price in candidates), default=0)
    if quantity == 0:
        return None
    left = {price: at(orders, price) for price in candidates if min(at(orders, price)) == quantity}
    least = min(max(pair) for pair in left.values())        # the smaller side is the same at all of them
    left = {price: pair for price, pair in left.items() if max(pair) == least}
    if all(bought < sold for bought, sold in left.values()):
        return min(left), quantity
    if reference is None or all(bought > sold for bought, sold in left.values()):
        return max(left), quantity
    return max(left, key=lambda price: (-abs(price - reference), price)), quantity


def one_by_one(orders: list[Waits], buys: bool, price: int) -> list[int]:
    """OrderIDs in the order in which a side is taken, each as often as it has quantity in that turn."""
    row: list[int] = []
    side = [order for order in orders if order.buys == buys and order.takes(price)]
    for level in [None, *sorted({order.price for order in side if order.price is not None}, reverse=buys)]:
        here = [order for order in side if order.price == level]
        for order in here:
            row += [order.order_id] * order.shown
        for order in here:
            row += [order.order_id] * (order.quantity - order.shown)
    return row


@pytest.mark.parametrize("seed", range(250))
def test_price_and_pairing_are_what_the_rules_say(engine_class, seed):
    dice = random.Random(seed)
    market, phase, reference, orders = a_call(engine_class, dice)
    expected = price_and_quantity(orders, reference)
    assert market.indicative(POWER) == expected

    into = CLOSED if phase == CLOSING_CALL and dice.random() < 0.5 else CONTINUOUS
    trades = [event for event in c.apply(market, c.status(into, POWER)) if event.type == EventType.TRADE]
    if expected is None:
        assert trades == []
        return
    price, quantity = expected
    assert {event.last_px for event in trades} == {price}
    for buys, reports in ((True, trades[0::2]), (False, trades[1::2])):
        traded = [event.order_id for event in reports for _ in range(event.last_qty)]
        assert traded == one_by_one(orders, buys, price)[:quantity]
