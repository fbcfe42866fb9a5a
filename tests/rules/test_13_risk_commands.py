"""Rule 13: positions, and the commands RiskLimits, PositionAdjust and KillSwitch."""

import sys

import commands as c
import numpy as np
import pytest
from commands import BUY, SELL, apply, refused, told
from differential.canonical import State
from market import ACME, ALICE, ANN, BOB, DORA, FIRM_A, FIRM_B, FIRM_D, FIRM_O, OPS, POWER, UNKNOWN, trade

from pricetime.matching import records
from pricetime.matching.reference.engine import Engine as ReferenceEngine

INT64_MAX = (1 << 63) - 1
ALL_ONES = (1 << 128) - 1
NO_LIMIT = records.NO_LIMIT


def order(cl_ord_id: int, quantity: int, price: int | None = 100, side: int = BUY, **fields) -> bytes:
    """ALICE's order in POWER, whose scales are 0 and which has no currency."""
    return c.new(ALICE, cl_ord_id, POWER, side, quantity, price, **fields)


def of_account(**limits) -> bytes:
    """RiskLimits of FIRM_A in POWER: what the names say."""
    on_orders = {name: limits.pop(name) for name in ("order_quantity", "notional") if name in limits}
    line = c.order_limits_line(quantity=on_orders.get("order_quantity"), notional=on_orders.get("notional"))
    return c.risk_limits(FIRM_A, POWER, *([line] if on_orders else []), *(
        [c.open_limits_line(**limits)] if limits else []))


def of_participant(*lines: bytes, **fields: int) -> bytes:
    return c.risk_limits(FIRM_A, 0, *lines, **fields)


def position(market: object, participant: int, instrument: int = POWER) -> int:
    """As the canonical state has it."""
    held = {(int(row["participant"]), int(row["instrument"])): int(row["position"])
            for row in State(market.dump()).accounts}
    return held.get((participant, instrument), 0)


# ------------------------------------------------------------------------------------------------ positions


def test_a_trade_moves_both_positions(market):
    apply(market, order(1, 5), c.new(BOB, 1, POWER, c.SELL_SHORT, 3, 100))
    assert (position(market, FIRM_A), position(market, FIRM_B)) == (3, -3)
    apply(market, c.status(c.CLOSING_CALL, POWER), c.new(BOB, 2, POWER, SELL, 1, 100), c.status(c.CLOSED, POWER))
    assert (position(market, FIRM_A), position(market, FIRM_B)) == (4, -4)


def test_a_participant_that_trades_with_itself_stays_where_it_is(market):
    trade(market, 100, 7)
    assert position(market, FIRM_O) == 0


def test_position_adjust_sets_the_position(market):
    assert told(market, c.position_adjust(FIRM_A, POWER, -7), c.position_adjust(
        FIRM_B, POWER, 9, session=OPS, cl_ord_id=1)) == [("COMMAND_ACK", 1)]
    assert (position(market, FIRM_A), position(market, FIRM_B)) == (-7, 9)
    assert int(market.instruments["position_adjusted"][POWER - 1]) == 2
    apply(market, c.position_adjust(FIRM_A, POWER, -8))
    assert int(market.instruments["position_adjusted"][POWER - 1]) == 1
    apply(market, c.position_adjust(FIRM_B, POWER, 0))
    assert int(market.instruments["position_adjusted"][POWER - 1]) == (1 << 64) - 8


@pytest.mark.parametrize(("command", "reason"), [
    (c.position_adjust(UNKNOWN, UNKNOWN, 1), "UNKNOWN_INSTRUMENT"),
    (c.position_adjust(FIRM_A, 0, 1), "UNKNOWN_INSTRUMENT"),
    (c.position_adjust(UNKNOWN, POWER, 1), "UNKNOWN_PARTICIPANT"),
    (c.position_adjust(0, POWER, 1), "UNKNOWN_PARTICIPANT"),
    (c.position_adjust((1 << 32) + FIRM_A, POWER, 1), "UNKNOWN_PARTICIPANT"),
    (c.position_adjust(FIRM_A, POWER, -INT64_MAX - 1), "OVERFLOW"),
], ids=str)
def test_a_position_adjust_is_refused(market, command, reason):
    assert refused(market, command) == reason


def test_a_position_and_what_is_open_stay_below_2_to_the_63(market):
    apply(market, order(1, 10, 50), order(2, 20, 150, SELL))
    assert refused(market, c.position_adjust(FIRM_A, POWER, INT64_MAX - 9)) == "OVERFLOW"
    assert refused(market, c.position_adjust(FIRM_A, POWER, 20 - INT64_MAX - 1)) == "OVERFLOW"
    assert told(market, c.position_adjust(FIRM_A, POWER, 20 - INT64_MAX)) == []
    assert refused(market, order(3, 1, 150, SELL)) == "OVERFLOW"
    assert told(market, c.position_adjust(FIRM_A, POWER, INT64_MAX - 10)) == []
    assert refused(market, order(4, 1, 50)) == "OVERFLOW"
    assert told(market, c.cancel(ALICE, 5, POWER, 1), order(6, 10, 50)) == [("CANCELED", 5), ("NEW", 6, 10)]


# ------------------------------------------------------------------------------------------------ RiskLimits

GOOD_ORDER, GOOD_OPEN = c.order_limits_line(quantity=1), c.open_limits_line(orders=1)


@pytest.mark.parametrize(("command", "reason"), [
    (c.risk_limits(UNKNOWN, UNKNOWN), "UNKNOWN_INSTRUMENT"),
    (c.risk_limits(UNKNOWN, POWER), "UNKNOWN_PARTICIPANT"),
    (c.risk_limits(0, 0), "UNKNOWN_PARTICIPANT"),
    (c.risk_limits((1 << 32) + 1, 0), "UNKNOWN_PARTICIPANT"),
    (c.risk_limits(UNKNOWN, 0, c.order_limits_line(quantity=1)), "UNKNOWN_PARTICIPANT"),
    (of_participant(c.order_limits_line(quantity=1)), "LIMIT_INVALID"),
    (of_participant(c.open_limits_line(quantity=1)), "LIMIT_INVALID"),
    (of_participant(c.open_limits_line(position=1)), "LIMIT_INVALID"),
    (c.risk_limits(FIRM_A, POWER, c.order_limits_line(rate=(1, 1))), "LIMIT_INVALID"),
    (of_account(order_quantity=-2), "LIMIT_INVALID"),
    (of_account(orders=-2), "LIMIT_INVALID"),
    (of_account(quantity=-2), "LIMIT_INVALID"),
    (of_account(position=-2), "LIMIT_INVALID"),
    (of_account(notional=1 << 127), "LIMIT_INVALID"),
    (of_account(notional=ALL_ONES - 1), "LIMIT_INVALID"),
    (of_account(gross=1 << 127), "LIMIT_INVALID"),
    (of_participant(c.order_limits_line(notional=1, scale=37)), "LIMIT_INVALID"),
    (of_participant(c.open_limits_line(gross=1, scale=37)), "LIMIT_INVALID"),
    (of_participant(c.order_limits_line(rate=(0, 1))), "LIMIT_INVALID"),
    (of_participant(c.order_limits_line(rate=(-2, 1))), "LIMIT_INVALID"),
    (of_participant(c.order_limits_line(rate=(1, 0))), "LIMIT_INVALID"),
    (of_participant(c.order_limits_line(rate=(1, -1))), "LIMIT_INVALID"),
    (of_participant(c.order_limits_line(rate=(1 << 32, 1 << 31))), "LIMIT_INVALID"),
    (c.risk_limits(FIRM_A, POWER, c.order_limits_line(notional=1, currency=b"EUR")), "LIMIT_INVALID"),
    (c.risk_limits(FIRM_A, POWER, c.open_limits_line(gross=1, currency=b"EUR")), "LIMIT_INVALID"),
    (c.risk_limits(FIRM_A, POWER, GOOD_ORDER, c.open_limits_line(orders=-2)), "LIMIT_INVALID"),
], ids=str)
def test_risk_limits_are_refused_and_nothing_of_them_holds(market, command, reason):
    assert refused(market, command) == reason


@pytest.mark.parametrize("command", [
    of_account(order_quantity=0, notional=0, orders=0, quantity=0, position=0, gross=0),
    of_account(order_quantity=INT64_MAX, notional=(1 << 127) - 1, gross=(1 << 127) - 1, position=INT64_MAX),
    of_account(notional=ALL_ONES, gross=NO_LIMIT),
    of_participant(c.order_limits_line(rate=(INT64_MAX, 1), notional=0, scale=36, currency=b"EUR")),
    of_participant(c.order_limits_line(rate=(1, INT64_MAX)), c.open_limits_line(orders=0, gross=5)),
    of_participant(), c.risk_limits(FIRM_A, POWER), of_participant(GOOD_OPEN),
], ids=str)
def test_risk_limits_that_can_be_are_taken(market, command):
    assert told(market, command) == []


def test_a_participant_has_limits_in_eight_currencies(market):
    for number in range(8):
        name = b"CU%d" % number
        assert told(market, of_participant(c.open_limits_line(gross=1, currency=name))) == []
    assert refused(market, of_participant(c.order_limits_line(notional=1, currency=b"CU9"))) == "TABLE_FULL"
    assert told(market, of_participant(c.order_limits_line(notional=1, currency=b"CU7"))) == []
    assert told(market, c.risk_limits(FIRM_B, 0, c.order_limits_line(notional=1, currency=b"CU9"))) == []


def test_a_sum_that_overflows_is_beyond_a_position_limit_where_there_is_one(market):
    apply(market, c.position_adjust(FIRM_A, POWER, INT64_MAX - 10))
    assert refused(market, order(1, 11)) == "OVERFLOW"
    apply(market, c.risk_limits(FIRM_A, POWER, c.open_limits_line(position=INT64_MAX)))
    assert refused(market, order(2, 11)) == "POSITION_LIMIT"


def test_two_limits_in_one_new_currency_take_one_place(market):
    for number in range(7):
        assert told(market, of_participant(c.order_limits_line(notional=1, currency=b"CU%d" % number))) == []
    two = [of_participant(c.order_limits_line(notional=1, currency=order), c.open_limits_line(gross=1, currency=gross))
           for order, gross in ((b"CU7", b"CU8"), (b"CU7", b"CU7"))]
    assert refused(market, two[0]) == "TABLE_FULL"
    assert told(market, two[1]) == []


def test_gross_notional_at_a_new_scale_must_fit(market):
    bound = INT64_MAX // 131072
    apply(market, *(order(n, bound, INT64_MAX) for n in range(1, 4)))
    assert refused(market, c.risk_limits(FIRM_A, POWER, c.open_limits_line(gross=5, scale=36))) == "OVERFLOW"
    assert refused(market, of_participant(c.open_limits_line(gross=5, scale=36))) == "OVERFLOW"
    assert told(market, of_participant(c.open_limits_line(gross=5, scale=0))) == []


def test_a_limit_that_is_set_counts_what_is_open_already(market):
    apply(market, order(1, 5), of_participant(c.open_limits_line(gross=600)))
    assert refused(market, order(2, 2)) == "GROSS_NOTIONAL_LIMIT"
    assert told(market, order(3, 1)) == [("NEW", 3, 1)]


def test_a_session_that_sets_limits_is_answered(market):
    assert told(market, of_participant(GOOD_OPEN, session=OPS, cl_ord_id=1)) == [("COMMAND_ACK", 1)]
    refusal, = apply(market, c.risk_limits(FIRM_A, POWER, c.open_limits_line(orders=-2), session=OPS, cl_ord_id=2))
    assert c.brief(refusal) == ("BUSINESS_MESSAGE_REJECT", 2, "LIMIT_INVALID")
    assert refusal.report_number == 2


# ------------------------------------------------------------------------------------------------ KillSwitch


def test_the_kill_switch_cancels_everything_of_the_participant_and_blocks_it(market):
    apply(market, order(1, 5), c.new(BOB, 1, POWER, BUY, 5, 90), c.new(ANN, 1, ACME, SELL, 10, 500),
          order(2, 5, None, stop=500), c.status(c.HALTED, ACME), order(3, 1, 50, tif=c.AT_THE_CLOSE))
    events = apply(market, c.kill_switch(FIRM_A, session=OPS, cl_ord_id=1))
    assert [(event.session, *c.brief(event)) for event in events] == [
        (ALICE, "CANCELED", 1, "KILLED"), (ANN, "CANCELED", 1, "KILLED"), (ALICE, "CANCELED", 2, "KILLED"),
        (ALICE, "CANCELED", 3, "KILLED"), (OPS, "COMMAND_ACK", 1)]
    assert c.queue(market, POWER) == [(1, 90, 5)]
    assert refused(market, order(4, 1)) == "KILL_SWITCH_ON"
    assert int(market.participants["flags"][FIRM_A - 1]) == records.BLOCKED
    assert told(market, c.kill_switch(FIRM_A, on=False), order(5, 1)) == [("NEW", 5, 1)]


def test_the_kill_switch_of_nobody(market):
    assert refused(market, c.kill_switch(UNKNOWN)) == "UNKNOWN_PARTICIPANT"
    assert refused(market, c.kill_switch(0)) == "UNKNOWN_PARTICIPANT"
    assert refused(market, c.kill_switch((1 << 32) + 1)) == "UNKNOWN_PARTICIPANT"
    assert told(market, c.kill_switch(FIRM_D), c.kill_switch(FIRM_D), c.kill_switch(FIRM_D, on=False)) == []


def test_a_redefinition_of_the_participant_does_not_lift_the_block(market):
    apply(market, c.kill_switch(FIRM_D), c.define_participant(FIRM_D, None))
    assert refused(market, c.new(DORA, 1, POWER, BUY, 1, 1)) == "KILL_SWITCH_ON"


@pytest.mark.parametrize("command", [
    lambda **sender: c.kill_switch(FIRM_B, **sender),
    lambda **sender: c.position_adjust(FIRM_B, POWER, 1, **sender),
    lambda **sender: c.risk_limits(FIRM_B, POWER, GOOD_OPEN, **sender),
], ids=["kill switch", "position", "limits"])
def test_a_risk_officer_may_and_a_trader_may_not(market, command):
    apply(market, c.define_session(6, "risk", FIRM_B, c.RISK_OFFICER))
    assert refused(market, command(session=ALICE, cl_ord_id=1)) == "NOT_AUTHORIZED"
    assert told(market, command(session=6, cl_ord_id=1)) == [("COMMAND_ACK", 1)]
    assert refused(market, c.new(6, 2, POWER, BUY, 1, 1)) == "NOT_AUTHORIZED"


def test_accounts_are_opened_by_orders_limits_and_positions_only(market):
    def accounts() -> list[tuple[int, int]]:
        return [(int(row["participant"]), int(row["instrument"])) for row in State(market.dump()).accounts]

    apply(market, order(1, 0), c.new(BOB, 1, ACME, BUY, 10, 100, tif=c.FOK), c.cancel(ALICE, 2, ACME, 1))
    assert accounts() == []
    apply(market, order(3, 1, tif=c.IOC), c.risk_limits(FIRM_A, ACME), c.position_adjust(FIRM_B, POWER, 0))
    assert accounts() == [(FIRM_A, ACME), (FIRM_A, POWER), (FIRM_B, POWER)]
    apply(market, c.risk_limits(FIRM_D, 0, GOOD_OPEN), c.kill_switch(FIRM_D))
    assert len(accounts()) == 3


def test_what_is_absent_in_a_command_stays(market):
    apply(market, of_account(order_quantity=5, position=9), of_account(orders=3))
    row, = State(market.dump()).accounts
    names = ("order_quantity_limit", "position_limit", "open_orders_limit", "open_quantity_limit", "presence")
    assert [int(row[name]) for name in names] == [5, 9, 3, NO_LIMIT, 0]


def test_the_state_has_each_limit_once(market):
    apply(market, of_account(notional=5, gross=(1 << 64) + 7),
          of_participant(c.order_limits_line(rate=(3, 10), notional=1 << 100, scale=4, currency=b"EUR"),
                         c.open_limits_line(orders=8, gross=9, currency=b"USD"), time=77))
    state = State(market.dump())
    row, = state.accounts
    assert [int(row[name]) for name in ("order_low", "order_high", "gross_low", "gross_high", "presence")] == [
        5, 0, 7, 1, records.HAS_ORDER_NOTIONAL_LIMIT | records.HAS_GROSS_NOTIONAL_LIMIT]
    assert [(int(limits["participant"]), limits["currency"], int(limits["presence"]), int(limits["order_scale"]),
             int(limits["order_high"]), int(limits["gross_low"])) for limits in state.notional_limits] == [
        (FIRM_A, b"EUR", records.HAS_ORDER_NOTIONAL_LIMIT, 4, 1 << 36, 0),
        (FIRM_A, b"USD", records.HAS_GROSS_NOTIONAL_LIMIT, 0, 0, 9)]
    participant = state.participants[FIRM_A - 1]
    assert [int(participant[name]) for name in ("presence", "open_orders_limit", "rate_tokens", "rate_interval",
                                                "rate_level", "rate_time")] == [
        records.HAS_MESSAGE_RATE, 8, 3, 10, 30, 77]


def test_there_are_at_most_1_048_576_accounts(engine_class, monkeypatch):
    """Loaded from a state one short of full: what needs one more is refused, orders and commands.

    A million accounts are a minute in the plain engine: there its constant is looked at, and then made 4.
    """
    wide = 1024
    if engine_class is ReferenceEngine:
        holders = [module for name, module in sys.modules.items()
                   if name.startswith("pricetime.matching.reference") and hasattr(module, "ACCOUNTS_MAX")]
        assert holders and {module.ACCOUNTS_MAX for module in holders} == {wide * wide}
        wide = 2
        for module in holders:
            monkeypatch.setattr(module, "ACCOUNTS_MAX", wide * wide)
    engine = engine_class(order_capacity=10)
    apply(engine, *(c.define_participant(id, f"p{id}") for id in range(1, wide + 2)), c.define_session(1, "s", 1),
          c.define_session(2, "t", wide + 1), *(c.define_instrument(id, f"I{id}") for id in range(1, wide + 1)),
          c.position_adjust(1, 1, 0))
    state = State(engine.dump())
    accounts = np.repeat(state.accounts, wide * wide - 1)
    accounts["participant"] = np.repeat(np.arange(1, wide + 1), wide)[:-1]
    accounts["instrument"] = np.tile(np.arange(1, wide + 1), wide)[:-1]
    header = np.array([state.header])
    header["accounts"] = len(accounts)
    parts = [header, state.participants, accounts, state.sessions, state.instruments]
    engine = engine_class.load(b"".join(part.tobytes() for part in parts))
    assert told(engine, c.new(1, 1, 1, BUY, 1, 10), c.new(2, 1, 1, BUY, 1, 9)) == [("NEW", 1, 1), ("NEW", 1, 1)]
    last = apply(engine, c.new(2, 2, 2, BUY, 1, 10), c.risk_limits(wide, wide), c.position_adjust(wide, wide, 1),
                 c.new(2, 3, 1, BUY, 1, 8))
    assert [c.brief(event)[-1] for event in last] == ["ACCOUNTS_FULL", "TABLE_FULL", "TABLE_FULL", 1]
