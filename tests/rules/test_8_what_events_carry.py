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
