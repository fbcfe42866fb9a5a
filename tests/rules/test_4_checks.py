"""Rule 4: what a new order must be. Each reason by itself, and of each pair of faults the one that is checked first."""

import combinations_page as page
import commands as c
import pytest
from commands import AT_THE_CLOSE, AT_THE_OPENING, BUY, DAY, FOK, GTC, GTD, IOC, LEFT_OVER, LIMIT, MARKET, SELL, STOP
from market import ACME, ALICE, ANN, BOB, FIRM_A, POWER, UNKNOWN

from pricetime.matching import records

STOP_LIMIT = c.STOP_LIMIT
MANY = 1010         # more than 100 parts of 10


def order(**changes):
    """A good order of ALICE, or what becomes of it."""
    fields = {"session": ALICE, "cl_ord_id": 1, "instrument": ACME, "side": BUY, "quantity": 10, "price": 100,
              "ord_type": LIMIT}
    return c.new(**{**fields, **changes})


# Each entry: the state that it needs, the order, the reason. They stand in the order in which they are checked.
FAULTS = [
    ("UNKNOWN_INSTRUMENT", {}, {"instrument": UNKNOWN}),
    ("UNKNOWN_INSTRUMENT", {}, {"instrument": 0}),
    ("INSTRUMENT_DISABLED", {"disabled": "instrument"}, {}),
    ("PHASE_CLOSED", {"phase": c.CLOSED}, {}),
    ("PHASE_HALTED", {"phase": c.HALTED}, {}),
    ("IMMEDIATE_IN_CALL", {"phase": c.PRE_OPEN}, {"tif": IOC}),
    ("IMMEDIATE_IN_CALL", {"phase": c.VOLATILITY_CALL}, {"tif": FOK}),
    ("MIN_QUANTITY_IN_CALL", {"phase": c.OPENING_CALL}, {"minimum": 10}),
    ("POST_ONLY_IN_CALL", {"phase": c.CLOSING_CALL}, {"post_only": True}),
    ("OPENING_OVER", {}, {"tif": AT_THE_OPENING}),
    ("OPENING_OVER", {"phase": c.CLOSING_CALL}, {"tif": AT_THE_OPENING}),
    ("OPENING_OVER", {"phase": c.VOLATILITY_CALL}, {"tif": AT_THE_OPENING}),
    ("UNKNOWN_SIDE", {}, {"side": 0}),
    ("UNKNOWN_ORD_TYPE", {}, {"ord_type": 0}),
    ("UNKNOWN_ORD_TYPE", {}, {"ord_type": 6}),
    ("UNKNOWN_ORD_TYPE", {}, {"ord_type": 15}),
    ("UNKNOWN_TIME_IN_FORCE", {}, {"tif": 8}),
    ("UNKNOWN_TIME_IN_FORCE", {}, {"tif": 15}),
    ("PRICE_MISSING", {}, {"price": None}),
    ("PRICE_MISSING", {}, {"price": None, "ord_type": STOP_LIMIT, "stop": 105}),
    ("PRICE_NOT_ALLOWED", {}, {"ord_type": MARKET}),
    ("PRICE_NOT_ALLOWED", {}, {"ord_type": STOP, "stop": 105}),
    ("PRICE_NOT_ALLOWED", {}, {"ord_type": LEFT_OVER}),
    ("PRICE_NOT_POSITIVE", {}, {"price": 0}),
    ("PRICE_NOT_POSITIVE", {}, {"price": -5}),
    ("PRICE_OFF_TICK", {}, {"price": 101}),
    ("QUANTITY_MISSING", {}, {"quantity": None}),
    ("QUANTITY_NOT_POSITIVE", {}, {"quantity": 0}),
    ("QUANTITY_NOT_POSITIVE", {}, {"quantity": -10}),
    ("QUANTITY_OFF_LOT", {}, {"quantity": 5}),
    ("QUANTITY_TOO_LARGE", {}, {"quantity": (1 << 63) - 8}),
    ("MARKET_TIME_IN_FORCE", {}, {"ord_type": MARKET, "price": None, "tif": GTC}),
    ("MARKET_TIME_IN_FORCE", {}, {"ord_type": MARKET, "price": None, "tif": GTD, "expires": 9}),
    ("POST_ONLY_MARKET", {}, {"ord_type": MARKET, "price": None, "post_only": True}),
    ("POST_ONLY_MARKET", {}, {"ord_type": LEFT_OVER, "price": None, "post_only": True}),
    ("POST_ONLY_IMMEDIATE", {}, {"tif": IOC, "post_only": True}),
    ("POST_ONLY_IMMEDIATE", {}, {"tif": FOK, "post_only": True}),
    ("POST_ONLY_STOP", {}, {"ord_type": STOP, "price": None, "stop": 105, "post_only": True}),
    ("POST_ONLY_STOP", {}, {"ord_type": STOP_LIMIT, "stop": 105, "post_only": True}),
    ("POST_ONLY_AUCTION", {}, {"tif": AT_THE_CLOSE, "post_only": True}),
    ("STOP_TIME_IN_FORCE", {}, {"ord_type": STOP, "price": None, "stop": 105, "tif": IOC}),
    ("STOP_TIME_IN_FORCE", {}, {"ord_type": STOP, "price": None, "stop": 105, "tif": FOK}),
    ("STOP_TIME_IN_FORCE", {}, {"ord_type": STOP_LIMIT, "stop": 105, "tif": AT_THE_CLOSE}),
    ("STOP_TIME_IN_FORCE", {"phase": c.PRE_OPEN}, {"ord_type": STOP_LIMIT, "stop": 105, "tif": AT_THE_OPENING}),
    ("STOP_PRICE_MISSING", {}, {"ord_type": STOP, "price": None}),
    ("STOP_PRICE_MISSING", {}, {"ord_type": STOP_LIMIT}),
    ("STOP_PRICE_NOT_ALLOWED", {}, {"stop": 105}),
    ("STOP_PRICE_NOT_ALLOWED", {}, {"ord_type": LEFT_OVER, "price": None, "stop": 105}),
    ("STOP_PRICE_NOT_POSITIVE", {}, {"ord_type": STOP_LIMIT, "stop": 0}),
    ("STOP_PRICE_NOT_POSITIVE", {}, {"ord_type": STOP, "price": None, "stop": -5}),
    ("STOP_PRICE_OFF_TICK", {}, {"ord_type": STOP_LIMIT, "stop": 104}),
    ("DISPLAY_QUANTITY_MARKET", {}, {"ord_type": MARKET, "price": None, "display": 10}),
    ("DISPLAY_QUANTITY_MARKET", {}, {"ord_type": STOP, "price": None, "stop": 105, "display": 10}),
    ("DISPLAY_QUANTITY_MARKET", {}, {"ord_type": LEFT_OVER, "price": None, "display": 0}),
    ("DISPLAY_QUANTITY_IMMEDIATE", {}, {"tif": IOC, "display": 10}),
    ("DISPLAY_QUANTITY_IMMEDIATE", {}, {"tif": FOK, "display": 0}),
    ("DISPLAY_QUANTITY_AUCTION", {}, {"tif": AT_THE_CLOSE, "display": 10}),
    ("DISPLAY_QUANTITY_AUCTION", {"phase": c.OPENING_CALL}, {"tif": AT_THE_OPENING, "display": 0}),
    ("HIDDEN_NOT_ALLOWED", {}, {"display": 0}),
    ("DISPLAY_QUANTITY_INVALID", {}, {"display": -10}),
    ("DISPLAY_QUANTITY_INVALID", {}, {"display": 15}),
    ("DISPLAY_QUANTITY_TOO_SMALL", {}, {"display": 10, "quantity": MANY}),
    ("MIN_QUANTITY_NOT_IOC", {}, {"minimum": 10}),
    ("MIN_QUANTITY_NOT_IOC", {}, {"minimum": 10, "tif": FOK}),
    ("MIN_QUANTITY_INVALID", {}, {"minimum": 0, "tif": IOC}),
    ("MIN_QUANTITY_INVALID", {}, {"minimum": -10, "tif": IOC}),
    ("MIN_QUANTITY_INVALID", {}, {"minimum": 5, "tif": IOC}),
    ("MIN_QUANTITY_INVALID", {}, {"minimum": 20, "tif": IOC}),
    ("EXPIRE_TIME_MISSING", {}, {"tif": GTD}),
    ("EXPIRE_TIME_NOT_ALLOWED", {}, {"expires": 9}),
    ("EXPIRE_TIME_NOT_ALLOWED", {}, {"expires": 9, "tif": GTC}),
    ("EXPIRE_TIME_PASSED", {}, {"expires": 0, "tif": GTD}),
    ("EXPIRE_TIME_PASSED", {}, {"expires": -(1 << 63), "tif": GTD}),
    ("UNKNOWN_SELF_MATCH_INSTRUCTION", {}, {"self_match": (1, 0)}),
    ("UNKNOWN_SELF_MATCH_INSTRUCTION", {}, {"self_match": (1, 5)}),
    ("UNKNOWN_SELF_MATCH_INSTRUCTION", {}, {"self_match": (0, 255)}),
    ("LEFT_OVER_TIME_IN_FORCE", {}, {"ord_type": LEFT_OVER, "price": None, "tif": IOC}),
    ("LEFT_OVER_TIME_IN_FORCE", {}, {"ord_type": LEFT_OVER, "price": None, "tif": AT_THE_CLOSE}),
    ("SESSION_DISABLED", {"disabled": "session"}, {}),
    ("PARTICIPANT_DISABLED", {"disabled": "participant"}, {}),
    ("POST_ONLY_WOULD_TRADE", {"ask": 100}, {"post_only": True}),
    ("FILL_OR_KILL_UNFILLABLE", {"ask": 100}, {"tif": FOK, "quantity": 20}),
    ("MIN_QUANTITY_UNFILLABLE", {"ask": 100}, {"tif": IOC, "quantity": 40, "minimum": 20}),
]
DISABLING = {
    "instrument": c.define_instrument(ACME, None, None, attributes=records.DISABLED),
    "session": c.define_session(ALICE, None, FIRM_A, c.TRADER | records.DISABLED),
    "participant": c.define_participant(FIRM_A, None, attributes=records.DISABLED),
}


@pytest.fixture(params=["the first of its account", "a later one"])
def market(market, request):
    """The engine knows the account of a later order: that is another way through it."""
    if request.param == "a later one":
        c.apply(market, c.new(ANN, 1, ACME, BUY, 10, 5), c.cancel(ANN, 2, ACME, orig=1))
    return market


def prepare(market: object, *states: dict) -> None:
    """Bring the market into all of the states."""
    for state in states:
        if "ask" in state:
            c.apply(market, c.new(BOB, 1, ACME, SELL, 10, state["ask"]))
    for state in states:
        if "disabled" in state:
            c.apply(market, DISABLING[state["disabled"]])
        if "phase" in state:
            c.apply(market, c.status(state["phase"], ACME))


def as_data(state: dict, changes: dict) -> object:
    """The same order for the checks of the page."""
    rest = {name: value for name, value in changes.items() if name != "instrument"}
    return page.order(known="instrument" not in changes, **state, **rest)


@pytest.mark.parametrize(
    ("reason", "state", "changes"), FAULTS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_reason_why_a_new_order_is_rejected(market, reason, state, changes):
    prepare(market, state)
    assert c.refused(market, order(**changes)) == reason
    assert page.reason_of(as_data(state, changes)) == reason


def test_every_check_is_tried_and_all_stand_in_their_order():
    numbers = [int(records.Reason[reason]) for reason, _, _ in FAULTS]
    assert numbers == sorted(numbers)
    assert [reason for reason, _ in page.CHECKS] == list(dict.fromkeys(reason for reason, _, _ in FAULTS))
    below_risk = [reason.name for reason in records.Reason if 32 <= reason < 80 and reason.name != "UNSUPPORTED"]
    assert [reason for reason, _ in page.CHECKS if records.Reason[reason] < 80] == below_risk


@pytest.mark.parametrize("number", range(len(FAULTS)), ids=lambda number: f"{number}-{FAULTS[number][0]}")
def test_of_two_faults_the_one_that_is_checked_first_is_the_reason(market, engine_class, number):
    """Each fault together with each later one that one order can have: all attributes of both."""
    (_, state, changes), before, tried = FAULTS[number], market.dump(), 0
    for _, other_state, other_changes in FAULTS[number + 1:]:
        if any(other_state[name] != state[name] for name in state.keys() & other_state.keys()):
            continue
        both_states, both = {**other_state, **state}, {**other_changes, **changes}
        if "ask" in both_states and "phase" in both_states and both_states["phase"] != c.CONTINUOUS:
            both_states.pop("ask")      # the book is looked at in Continuous only
        expected = page.reason_of(as_data(both_states, both))
        market = engine_class.load(before)
        prepare(market, both_states)
        event, = c.apply(market, order(**both))[:1]
        said = c.brief(event)       # two faults may make one sound order
        assert (said[-1] if expected else said[0]) == (expected or "NEW"), f"with {other_changes} in {other_state}"
        tried += 1
    assert tried or number == len(FAULTS) - 1


@pytest.mark.parametrize("row", [(ord_type, tif) for ord_type in page.ORD_TYPES for tif in page.TIMES_IN_FORCE],
                         ids=lambda row: "-".join(row))
def test_what_may_be_combined_cell_by_cell(market, engine_class, row):
    """docs/combinations.md, and Closed and Halted."""
    c.apply(market, c.new(BOB, 1, POWER, SELL, 10, 100))
    before = market.dump()
    ord_type, tif = page.ORD_TYPES[row[0]], page.TIMES_IN_FORCE[row[1]]
    for phase in c.Phase:
        for column in page.COLUMNS:
            cell = page.combined(ord_type, tif, column, phase)
            names = ("price", "quantity", "post_only", "stop", "display", "minimum", "expires")
            market = engine_class.load(before)
            if phase != c.CONTINUOUS:
                c.apply(market, c.status(phase, POWER))
            event = c.apply(market, c.new(ALICE, 1, POWER, BUY, ord_type=ord_type, tif=tif, **{
                name: getattr(cell, name) for name in names}))[0]
            expected = page.reason_of(cell)
            assert c.brief(event) == (("REJECTED", 1, expected) if expected else ("NEW", 1, 10)), f"{phase!r} {column}"


@pytest.mark.parametrize("tif", [0, DAY])
def test_an_absent_time_in_force_is_checked_as_day(market, tif):
    assert c.told(market, order(ord_type=STOP, price=None, stop=105, tif=tif)) == [("NEW", 1, 10)]


def test_display_quantity_times_the_parts_may_be_all_of_the_order(market, engine):
    assert c.told(market, order(display=10, quantity=1000)) == [("NEW", 1, 1000)]
    c.apply(engine, c.define_instrument(3, "FEW", c.terms_line(iceberg_parts_max=3)))
    few = {"instrument": 3, "quantity": 7, "display": 2}
    assert c.refused(engine, order(cl_ord_id=2, **few)) == "DISPLAY_QUANTITY_TOO_SMALL"
    assert c.told(engine, order(cl_ord_id=3, **{**few, "quantity": 6})) == [("NEW", 3, 6)]
    most = (1 << 63) - 1        # the product is far beyond 64 bits
    assert c.told(engine, order(cl_ord_id=4, **{**few, "display": most})) == [("NEW", 4, 7)]


def test_values_without_their_presence_bit_are_not_looked_at(market):
    line = c.advanced_line(display_quantity=-1, min_quantity=-1, stop_price=-1, expire_time=-1, self_match_id=1,
                           self_match_instruction=99)
    assert c.told(market, order(lines=(line,))) == [("NEW", 1, 10)]
    assert int(market.orders(ACME)["presence"][0]) == 0


def test_an_expire_time_is_after_the_commands_time(market):
    gtd = {"tif": GTD, "time": 50}
    assert c.refused(market, order(expires=50, **gtd)) == "EXPIRE_TIME_PASSED"
    assert c.told(market, order(cl_ord_id=2, expires=51, **gtd)) == [("NEW", 2, 10)]
    assert c.refused(market, order(cl_ord_id=3, expires=50, tif=GTD, time=10)) == "EXPIRE_TIME_PASSED"   # it is 50
