"""Rule 2: sequence numbers and time."""

import commands as c
import numpy as np
import pytest
from commands import BUY, GTD, SELL, apply, told
from market import ACME, ALICE, BOB, POWER, limit

from pricetime.matching.records import COMMAND


def test_a_commands_number_is_the_last_one_plus_1(market):
    before = market.sequence
    events = apply(
        market, c.new(ALICE, 1, ACME, BUY, 10, 100), c.clock(), c.new(ALICE, 2, ACME, BUY, 10, 100, sequence=before + 3)
    )
    assert [event.sequence for event in events] == [before + 1, before + 3]
    assert market.sequence == before + 3


@pytest.mark.parametrize("ahead", [0, 2, -1])
def test_a_record_out_of_sequence_is_refused_and_nothing_from_there_on_is_applied(market, ahead):
    before = market.sequence
    records = c.clock(7) + c.record(36, sequence=before + 1 + ahead, time=9) + c.clock(8)
    with pytest.raises(ValueError):
        market.apply(np.frombuffer(records, dtype=COMMAND))
    assert (market.sequence, market.time) == (before + 1, 7)


def test_time_is_the_later_of_the_commands_and_the_last_ones(market):
    events = apply(
        market, *(c.new(ALICE, n, ACME, BUY, 10, 100, time=time) for n, time in enumerate((50, 20, -3, 60), 1))
    )
    assert [event.time for event in events] == [50, 50, 50, 60]
    assert market.time == 60


def test_places_count_from_0_within_a_command(market):
    apply(market, c.new(ALICE, 1, ACME, BUY, 10, 100))
    events = apply(market, c.new(ALICE, 2, ACME, c.SELL, 10, 100), c.new(ALICE, 3, ACME, BUY, 10, 100))
    assert [event.place for event in events] == [0, 1, 2, 0]


# ------------------------------------------------------------------------------------------- what is due


def gtd(session: int, cl_ord_id: int, expires: int, instrument: int = ACME, **fields) -> bytes:
    return c.new(session, cl_ord_id, instrument, BUY, 10, 100, tif=GTD, expires=expires, **fields)


@pytest.mark.parametrize(("time", "expired"), [(49, False), (50, True), (51, True)])
def test_a_gtd_order_expires_at_the_first_command_at_or_after_its_time(market, time, expired):
    apply(market, gtd(ALICE, 1, 50))
    assert told(market, c.clock(time)) == ([("EXPIRED", 1, "EXPIRE_TIME_REACHED")] if expired else [])


def test_what_is_due_comes_first_with_the_commands_sequence_number_and_places_from_0(market):
    apply(market, gtd(ALICE, 1, 50), gtd(BOB, 1, 40, POWER), gtd(ALICE, 2, 60))
    events = apply(market, c.new(BOB, 2, ACME, SELL, 10, 100, time=55))
    assert [(event.session, *c.brief(event)) for event in events] == [
        (ALICE, "EXPIRED", 1, "EXPIRE_TIME_REACHED"), (BOB, "EXPIRED", 1, "EXPIRE_TIME_REACHED"),
        (BOB, "NEW", 2, 10), (ALICE, "TRADE", 2, 100, 10, 0), (BOB, "TRADE", 2, 100, 10, 0)]
    assert [event.place for event in events] == [0, 1, 2, 3, 4]
    assert {event.sequence for event in events} == {market.sequence}
    assert {event.time for event in events} == {55}


def test_gtd_orders_of_all_instruments_expire_together_in_order_id_order_before_calls_end(market):
    limit(market, call_duration=20)
    apply(market, gtd(ALICE, 1, 30, POWER), gtd(ALICE, 2, 10, ACME), gtd(ALICE, 3, 20, POWER),
          c.status(c.VOLATILITY_CALL, POWER), c.new(BOB, 1, POWER, SELL, 10, 100))
    assert told(market, c.clock(30)) == [
        *(("EXPIRED", name, "EXPIRE_TIME_REACHED") for name in (1, 2, 3)),
        ("SESSION_STATUS", "CONTINUOUS", 0, 0, "CALL_ENDED")]


@pytest.mark.parametrize("phase", [c.CLOSED, c.HALTED, c.PRE_OPEN, c.CLOSING_CALL])
def test_what_is_due_is_due_in_every_phase(market, phase):
    apply(market, gtd(ALICE, 1, 50), c.status(phase, ACME))
    assert told(market, c.clock(50)) == [("EXPIRED", 1, "EXPIRE_TIME_REACHED")]


def test_a_refused_command_is_one_too(market):
    apply(market, gtd(ALICE, 1, 50))
    assert told(market, c.new(BOB, 1, 99, SELL, 10, 100, time=50)) == [
        ("EXPIRED", 1, "EXPIRE_TIME_REACHED"), ("REJECTED", 1, "UNKNOWN_INSTRUMENT")]


def test_what_fails_at_the_door_makes_nothing_due(market):
    apply(market, gtd(ALICE, 1, 50))
    assert told(market, c.new(ALICE, 1, ACME, SELL, 10, 100, time=70)) == [
        ("BUSINESS_MESSAGE_REJECT", 1, "DUPLICATE_CL_ORD_ID")]
    assert (market.time, len(market.orders(ACME))) == (0, 1)


def test_an_order_that_is_due_can_be_neither_cancelled_nor_replaced_any_more(market):
    apply(market, gtd(ALICE, 1, 50))
    assert told(market, c.cancel(ALICE, 2, ACME, 1, time=50)) == [
        ("EXPIRED", 1, "EXPIRE_TIME_REACHED"), ("ORDER_CANCEL_REJECT", 2, "UNKNOWN_ORDER")]


def test_the_next_deadline_is_the_earliest_of_orders_and_calls(market):
    assert market.next_deadline is None
    apply(market, gtd(ALICE, 1, 50), gtd(ALICE, 2, 40, POWER))
    assert market.next_deadline == 40
    limit(market, call_duration=30)
    apply(market, c.status(c.VOLATILITY_CALL, POWER))
    assert market.next_deadline == 30
    apply(market, c.status(c.CONTINUOUS, POWER))
    assert market.next_deadline == 40
    apply(market, c.replace(ALICE, 3, POWER, 2, tif=c.GTC))
    assert market.next_deadline == 50
    apply(market, c.replace(ALICE, 4, ACME, 1, expires=45))
    assert market.next_deadline == 45
    apply(market, c.cancel(ALICE, 5, ACME, 4))
    assert market.next_deadline is None


def test_the_deadline_of_an_order_that_is_filled_is_gone(market):
    apply(market, gtd(ALICE, 1, 50), c.new(BOB, 1, ACME, SELL, 10, 100))
    assert market.next_deadline is None


def test_the_last_time_there_is_can_be_an_expire_time(market):
    last = (1 << 63) - 1
    apply(market, gtd(ALICE, 1, last))
    assert market.next_deadline == last
    assert told(market, c.clock(last)) == [("EXPIRED", 1, "EXPIRE_TIME_REACHED")]


def test_an_event_digest_compares_before_what_is_due_is_done(market):
    apply(market, gtd(ALICE, 1, 50))
    low, high = market.event_digest
    assert told(market, c.event_digest(low, high, time=50)) == [("EXPIRED", 1, "EXPIRE_TIME_REACHED")]
    assert market.event_digest != (low, high)
