"""Rule 8: every field of every kind of event."""

import commands as c
from commands import BUY, DAY, GTC, IOC, LIMIT, MARKET, SELL, apply
from market import ACME, ALICE, ANN, BOB, FIRM_A, FIRM_B, FIRM_O, OPS, POWER

from pricetime.matching import records
from pricetime.matching.records import EventType, OrdStatus, Reason

SHAPE = records.RECORD_VERSION << 4 | records.EVENT_LINES
NOW = 1_700_000_000_000_000_000
TEN_AT_100 = c.order_attributes(BUY, LIMIT, DAY, records.HAS_PRICE)


def carries(event: c.Event, type: EventType, **fields: int) -> None:
    """The event has these fields, the common ones, and 0 everywhere else."""
    given = {name: value for name, value in event._asdict().items() if value}
    common = {"type": type, "shape": SHAPE, "time": NOW}
    for name in ("place", "sequence"):
        given.pop(name, None)
    assert given == {name: value for name, value in {**common, **fields}.items() if value}


def test_new(market):
    event, = apply(market, c.new(ALICE, 7, ACME, BUY, 10, 100, time=NOW))
    carries(
        event,
        EventType.NEW,
        status_flags=OrdStatus.ORDER_NEW,
        report_number=1,
        cl_ord_id=7,
        order_id=1,
        leaves_qty=10,
        session=ALICE,
        instrument=ACME,
        price=100,
        exec_id=1,
        participant=FIRM_A,
        attributes=TEN_AT_100,
    )


def test_trade(market):
    apply(market, c.new(BOB, 3, ACME, SELL, 30, 100, tif=GTC, time=NOW))
    _, resting, incoming = apply(market, c.new(ALICE, 7, ACME, BUY, 10, 105, post_only=False, time=NOW))
    carries(
        resting,
        EventType.TRADE,
        status_flags=OrdStatus.ORDER_PARTIALLY_FILLED,
        report_number=2,
        cl_ord_id=3,
        order_id=1,
        last_px=100,
        last_qty=10,
        leaves_qty=20,
        session=BOB,
        instrument=ACME,
        price=100,
        cum_qty=10,
        exec_id=3,
        trd_match_id=1,
        participant=FIRM_B,
        attributes=c.order_attributes(SELL, LIMIT, GTC, records.HAS_PRICE),
    )
    carries(incoming, EventType.TRADE, status_flags=OrdStatus.ORDER_FILLED | records.AGGRESSOR << 4, report_number=2,
            cl_ord_id=7, order_id=2, last_px=100, last_qty=10, session=ALICE, instrument=ACME, price=105, cum_qty=10,
            exec_id=4, trd_match_id=1, participant=FIRM_A, attributes=TEN_AT_100)


def test_canceled_of_a_market_order(market):
    _, event = apply(market, c.new(ALICE, 7, ACME, BUY, 10, tif=IOC, time=NOW))
    carries(
        event,
        EventType.CANCELED,
        status_flags=OrdStatus.ORDER_CANCELED,
        reason=Reason.IMMEDIATE_REST,
        report_number=2,
        cl_ord_id=7,
        order_id=1,
        session=ALICE,
        instrument=ACME,
        exec_id=2,
        participant=FIRM_A,
        attributes=c.order_attributes(BUY, MARKET, IOC),
    )


def test_canceled_as_asked_and_the_copy_of_another_session(market):
    apply(market, c.new(ALICE, 7, ACME, BUY, 10, 100, time=NOW), c.new(ALICE, 8, ACME, BUY, 10, 100, time=NOW))
    event, = apply(market, c.cancel(ALICE, 9, ACME, 7, time=NOW))
    common = {"status_flags": OrdStatus.ORDER_CANCELED, "instrument": ACME, "price": 100, "participant": FIRM_A,
              "attributes": TEN_AT_100}
    carries(
        event,
        EventType.CANCELED,
        report_number=3,
        cl_ord_id=9,
        orig_cl_ord_id=7,
        order_id=1,
        session=ALICE,
        exec_id=3,
        **common,
    )
    owner, asker = apply(market, c.cancel(ANN, 1, ACME, order_id=2, time=NOW))
    carries(owner, EventType.CANCELED, report_number=4, cl_ord_id=8, order_id=2, session=ALICE, exec_id=4, **common)
    carries(asker, EventType.CANCELED, cl_ord_id=1, order_id=2, session=ANN, exec_id=4, **common)


def test_replaced(market):
    apply(market, c.new(ALICE, 7, ACME, BUY, 10, 100, time=NOW))
    event, = apply(market, c.replace(ALICE, 9, ACME, 7, 20, 105, tif=GTC, post_only=True, time=NOW))
    carries(event, EventType.REPLACED, status_flags=OrdStatus.ORDER_NEW, report_number=2, cl_ord_id=9, orig_cl_ord_id=7,
            order_id=1, leaves_qty=20, session=ALICE, instrument=ACME, price=105, exec_id=2, participant=FIRM_A,
            attributes=c.order_attributes(BUY, LIMIT, GTC, records.HAS_PRICE, records.POST_ONLY))


def test_expired(market):
    apply(market, c.new(ALICE, 7, ACME, BUY, 10, 100, time=NOW))
    status, event = apply(market, c.status(c.CLOSED, ACME, time=NOW))
    carries(status, EventType.SESSION_STATUS, leaves_qty=c.CLOSED, instrument=ACME)
    carries(event, EventType.EXPIRED, status_flags=OrdStatus.ORDER_EXPIRED, reason=Reason.DAY_END, report_number=2,
            cl_ord_id=7, order_id=1, session=ALICE, instrument=ACME, price=100, exec_id=2, participant=FIRM_A,
            attributes=TEN_AT_100)


def test_rejected_has_price_and_attributes_as_they_were_sent(market):
    bits = records.HAS_PRICE | records.HAS_QUANTITY | records.HAS_EXEC_INST | records.BY_ORDER_ID | records.POSS_RESEND
    sent = c.order_attributes(SELL, 9, 0, bits)
    event, = apply(market, c.new(ALICE, 7, ACME, SELL, 10, 100, attributes=sent, time=NOW))
    carries(
        event,
        EventType.REJECTED,
        status_flags=OrdStatus.ORDER_REJECTED,
        reason=Reason.UNKNOWN_ORD_TYPE,
        report_number=1,
        cl_ord_id=7,
        session=ALICE,
        instrument=ACME,
        price=100,
        exec_id=1,
        participant=FIRM_A,
        attributes=c.order_attributes(SELL, 9, 0, records.HAS_PRICE),
    )


def test_order_cancel_reject(market):
    apply(market, c.new(ALICE, 7, ACME, BUY, 10, 100, time=NOW))
    event, = apply(market, c.replace(ALICE, 9, ACME, 7, 20, side=SELL, time=NOW))
    carries(event, EventType.ORDER_CANCEL_REJECT, status_flags=OrdStatus.ORDER_NEW | records.RESPONSE_TO_REPLACE << 4,
            reason=Reason.SIDE_CHANGED, report_number=2, cl_ord_id=9, orig_cl_ord_id=7, order_id=1, session=ALICE,
            instrument=ACME, participant=FIRM_A)


def test_session_status_of_an_uncross_and_indicative_price(market):
    apply(
        market,
        c.status(c.OPENING_CALL, POWER, time=NOW),
        c.new(ALICE, 1, POWER, BUY, 5, 10),
        c.new(BOB, 1, POWER, SELL, 4, 10),
    )
    event, ack = apply(market, c.clock(session=OPS, cl_ord_id=1))
    carries(event, EventType.INDICATIVE_PRICE, instrument=POWER, last_px=10, last_qty=4)
    carries(ack, EventType.COMMAND_ACK, cl_ord_id=1, session=OPS, participant=FIRM_O, report_number=1)
    event = apply(market, c.status(c.CONTINUOUS, POWER, session=OPS, cl_ord_id=2))[0]
    carries(
        event,
        EventType.SESSION_STATUS,
        report_number=2,
        cl_ord_id=2,
        last_px=10,
        last_qty=4,
        leaves_qty=c.CONTINUOUS,
        session=OPS,
        instrument=POWER,
        participant=FIRM_O,
    )


def test_business_message_reject_of_the_engine_and_of_the_door(market):
    event, = apply(market, c.define_instrument(9, "x", session=OPS, cl_ord_id=6, time=NOW))
    carries(event, EventType.BUSINESS_MESSAGE_REJECT, reason=Reason.ID_OUT_OF_SEQUENCE, report_number=1, cl_ord_id=6,
            session=OPS, instrument=9, participant=FIRM_O)
    event, = apply(market, c.new(OPS, 6, ACME, BUY, 10, 100, time=NOW + 5))
    carries(
        event,
        EventType.BUSINESS_MESSAGE_REJECT,
        reason=Reason.DUPLICATE_CL_ORD_ID,
        cl_ord_id=6,
        order_id=6,
        session=OPS,
        instrument=ACME,
        participant=FIRM_O,
    )
    assert (event.place, event.sequence) == (0, 0)


def test_logon_and_logout_answer(market):
    apply(market, c.new(ALICE, 7, ACME, BUY, 10, 100, time=NOW), c.venue_start(1))
    logon, logout = apply(market, c.logon(ALICE), c.logout(ALICE))
    carries(logon, EventType.LOGON_ANSWER, cl_ord_id=7, order_id=2, session=ALICE, participant=FIRM_A)
    carries(logout, EventType.LOGOUT_ANSWER, session=ALICE, participant=FIRM_A)


LINE = {"display": 2, "self_match": (7, 4)}


def test_triggered_has_the_type_and_price_from_then_on(market):
    apply(market, c.new(BOB, 1, POWER, SELL, 1, 50, time=NOW), c.new(ALICE, 7, POWER, BUY, 10, 45, stop=50, tif=GTC))
    *_, event = apply(market, c.new(BOB, 2, POWER, BUY, 1, 50, time=NOW))
    carries(event, EventType.TRIGGERED, status_flags=OrdStatus.ORDER_NEW, report_number=2, cl_ord_id=7, order_id=2,
            leaves_qty=10, session=ALICE, instrument=POWER, price=45, exec_id=6, participant=FIRM_A,
            attributes=c.order_attributes(BUY, LIMIT, GTC, records.HAS_PRICE))


def test_a_stop_has_its_own_type_and_no_price_before(market):
    event, = apply(market, c.new(ALICE, 7, POWER, BUY, 10, stop=50, time=NOW))
    carries(event, EventType.NEW, report_number=1, cl_ord_id=7, order_id=1, leaves_qty=10, session=ALICE,
            instrument=POWER, exec_id=1, participant=FIRM_A, attributes=c.order_attributes(BUY, c.STOP, DAY))


def test_restated_as_a_limit_order(market):
    apply(market, c.new(BOB, 1, POWER, SELL, 4, 50, time=NOW))
    *_, event = apply(market, c.new(ALICE, 7, POWER, BUY, 10, ord_type=c.LEFT_OVER, time=NOW))
    carries(event, EventType.RESTATED, status_flags=OrdStatus.ORDER_PARTIALLY_FILLED, reason=Reason.LEFT_OVER_AS_LIMIT,
            report_number=3, cl_ord_id=7, order_id=2, leaves_qty=6, cum_qty=4, session=ALICE, instrument=POWER,
            price=50, exec_id=5, participant=FIRM_A,
            attributes=c.order_attributes(BUY, LIMIT, DAY, records.HAS_PRICE))


def test_restated_by_self_match_prevention(market):
    apply(market, c.new(ANN, 3, POWER, SELL, 9, 50, time=NOW, **LINE))
    _, resting, incoming = apply(market, c.new(ALICE, 7, POWER, BUY, 1, 55, self_match=(7, 4), time=NOW))
    carries(resting, EventType.RESTATED, status_flags=OrdStatus.ORDER_NEW, reason=Reason.SELF_MATCH, report_number=2,
            cl_ord_id=3, order_id=1, leaves_qty=8, session=ANN, instrument=POWER, price=50, exec_id=3,
            participant=FIRM_A, attributes=c.order_attributes(SELL, LIMIT, DAY, records.HAS_PRICE))
    carries(incoming, EventType.CANCELED, status_flags=OrdStatus.ORDER_CANCELED, reason=Reason.SELF_MATCH,
            report_number=2, cl_ord_id=7, order_id=2, session=ALICE, instrument=POWER, price=55, exec_id=4,
            participant=FIRM_A, attributes=c.order_attributes(BUY, LIMIT, DAY, records.HAS_PRICE))


def test_order_mass_cancel_report(market):
    apply(market, c.new(ALICE, 7, ACME, BUY, 10, 100, time=NOW))
    canceled, report = apply(market, c.mass_cancel(ANN, 4, ACME, time=NOW))
    carries(canceled, EventType.CANCELED, status_flags=OrdStatus.ORDER_CANCELED, reason=Reason.MASS_CANCELED,
            report_number=2, cl_ord_id=7, order_id=1, session=ALICE, instrument=ACME, price=100, exec_id=2,
            participant=FIRM_A, attributes=TEN_AT_100)
    carries(report, EventType.ORDER_MASS_CANCEL_REPORT, report_number=1, cl_ord_id=4, last_qty=1, session=ANN,
            instrument=ACME, participant=FIRM_A)
    refusal, = apply(market, c.mass_cancel(ANN, 5, 77, time=NOW))
    carries(refusal, EventType.ORDER_MASS_CANCEL_REPORT, reason=Reason.UNKNOWN_INSTRUMENT, report_number=2,
            cl_ord_id=5, session=ANN, instrument=77, participant=FIRM_A)


def test_session_status_that_nobody_asked_for(market):
    limits = c.limits_line(reference_price=50, static_band=0, call_duration=5)
    apply(market, c.define_instrument(POWER, None, None, limits, time=NOW), c.new(BOB, 1, POWER, SELL, 4, 51))
    begins = apply(market, c.new(ALICE, 7, POWER, BUY, 4, 51))[-1]
    carries(begins, EventType.SESSION_STATUS, reason=Reason.VOLATILITY_INTERRUPTION, leaves_qty=c.VOLATILITY_CALL,
            instrument=POWER)
    ends, buy, sell = apply(market, c.clock(NOW + 5))
    carries(ends, EventType.SESSION_STATUS, reason=Reason.CALL_ENDED, leaves_qty=c.CONTINUOUS, instrument=POWER,
            last_px=51, last_qty=4, time=NOW + 5)
    assert [event.status_flags >> 4 for event in (buy, sell)] == [0, 0]


def test_what_expires_by_its_time(market):
    apply(market, c.new(ALICE, 7, ACME, BUY, 10, 100, tif=c.GTD, expires=NOW, time=NOW - 1))
    event, = apply(market, c.clock(NOW))
    carries(event, EventType.EXPIRED, status_flags=OrdStatus.ORDER_EXPIRED, reason=Reason.EXPIRE_TIME_REACHED,
            report_number=2, cl_ord_id=7, order_id=1, session=ALICE, instrument=ACME, price=100, exec_id=2,
            participant=FIRM_A, attributes=c.order_attributes(BUY, LIMIT, c.GTD, records.HAS_PRICE))


def test_risk_commands_of_a_session_are_acknowledged_with_their_instrument(market):
    event, = apply(market, c.position_adjust(FIRM_A, POWER, 5, session=OPS, cl_ord_id=1, time=NOW))
    carries(event, EventType.COMMAND_ACK, report_number=1, cl_ord_id=1, session=OPS, instrument=POWER,
            participant=FIRM_O)
