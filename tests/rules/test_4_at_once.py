"""Rule 4, at once: FOK, MinQty and post-only say before the first trade what an IOC of the same terms then does.

Nothing here counts: the IOC is tried on a copy of the market, and what it did is what the others must have foretold.
"""

import random

import commands as c
import pytest
from commands import BUY, FOK, IOC, SELL
from market import ALICE, ANN, BOB, POWER, limit, opening, trade

from pricetime.matching.records import EventType, Reason, SelfMatchInstruction

MIDDLE = 100
CL_ORD_ID = 1000
TRIES = 6


def some(dice: random.Random, *values: object) -> object:
    return dice.choice(values)


def a_market(engine_class: type, dice: random.Random) -> object:
    """Up to nine sells of two participants: plain, iceberg, hidden, some with a SelfMatchPreventionID."""
    market = engine_class()
    c.apply(market, *opening())
    limit(market, reference_price=MIDDLE)
    if some(dice, True, False):
        trade(market, MIDDLE)
    if some(dice, True, False):
        limit(market, dynamic_band=dice.randint(1, 4), static_band=dice.randint(2, 5), call_duration=1000)
    if some(dice, True, False):
        limit(market, collar=dice.randint(1, 6))
    for cl_ord_id in range(1, dice.randint(2, 10)):
        session = some(dice, ALICE, ANN, BOB, BOB)
        terms = {"display": some(dice, None, None, 0, 1, 2), "self_match": some(dice, None, (1, 1), (2, 1))}
        quantity, price = dice.randint(1, 6), MIDDLE + dice.randint(-4, 5)
        c.apply(market, c.new(session, cl_ord_id, POWER, SELL, quantity, price, **terms))
    return market


def outcome(market: object, engine_class: type, **terms: object) -> list[c.Event]:
    """What an order of ALICE's would lead to; the market stays as it is."""
    return c.apply(engine_class.load(market.dump()), c.new(ALICE, CL_ORD_ID, POWER, BUY, **terms))


def traded_at_once(events: list[c.Event], passes_over_own: bool) -> int:
    """How much the incoming order traded before it met one of its own; under cancel resting it goes on."""
    quantity = 0
    for event in events:
        if event.reason == Reason.SELF_MATCH and not passes_over_own:
            break
        if event.type == EventType.TRADE and event.order_id == events[0].order_id:
            quantity += event.last_qty
    return quantity


@pytest.mark.parametrize("seed", range(120))
def test_what_fok_min_quantity_and_post_only_foretell_is_what_an_ioc_does(engine_class, seed):
    dice = random.Random(seed)
    market = a_market(engine_class, dice)
    for _ in range(TRIES):
        instruction = some(dice, *SelfMatchInstruction)
        terms = {
            "quantity": dice.randint(1, 14),
            "price": some(dice, None, *range(MIDDLE - 5, MIDDLE + 7)),
            "self_match": some(dice, None, (1, int(instruction)), (1, int(instruction))),
        }
        done = outcome(market, engine_class, tif=IOC, **terms)
        if done[0].type == EventType.REJECTED:      # beyond the collar
            continue
        passes_over_own = terms["self_match"] is not None and instruction == SelfMatchInstruction.CANCEL_RESTING
        quantity = traded_at_once(done, passes_over_own)

        fok = outcome(market, engine_class, tif=FOK, **terms)
        assert (fok[0].reason == Reason.NONE) == (quantity == terms["quantity"])
        assert fok[0].reason in (Reason.NONE, Reason.FILL_OR_KILL_UNFILLABLE)

        minimum = dice.randint(1, terms["quantity"])
        at_least = outcome(market, engine_class, tif=IOC, minimum=minimum, **terms)
        assert (at_least[0].reason == Reason.NONE) == (quantity >= minimum)
        if quantity >= minimum:
            assert [c.brief(event) for event in at_least] == [c.brief(event) for event in done]

        if terms["price"] is not None:
            meets_nobody = [event.reason for event in done[1:]] == [Reason.IMMEDIATE_REST]
            post_only = outcome(market, engine_class, post_only=True, **terms)
            assert (post_only[0].reason == Reason.NONE) == meets_nobody
