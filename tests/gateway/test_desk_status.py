"""OrderStatusRequest and OrderMassStatusRequest: what is live, as of a command, and nobody else's."""

import commands as c
import pytest
from desk_world import World, mass_status_request, status_request
from market import ACME, ALICE, ANN, BOB, POWER, opening

from pricetime.gateway import message_pack
from pricetime.gateway.internal import Encoding
from pricetime.matching.records import EventType, OrdStatus, Reason


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path / "venue")
    world.journal(
        *opening(),
        c.new(ALICE, 1, POWER, c.BUY, 10, 100),
        c.new(ALICE, 2, POWER, c.SELL, 7, 120, tif=c.GTC),
        c.new(ANN, 1, ACME, c.BUY, 20, 100),
        c.new(BOB, 1, POWER, c.SELL, 4, 100),
        c.replace(ALICE, 3, POWER, 2, 6, 121),
        c.new(ALICE, 4, POWER, c.BUY, 1, None, stop=130),
    )
    world.start()
    yield world
    world.end()


def asked(world, session, request):
    world.forward(request, session)
    return world.told()


def test_an_order_is_named_by_the_newest_of_its_cl_ord_ids(world):
    event, = asked(world, ALICE, status_request(50, POWER, orig=3))
    assert (event["type"], event["reason"]) == (EventType.ORDER_STATUS, 0)
    assert (event["cl_ord_id"], event["orig_cl_ord_id"], event["order_id"]) == (50, 3, 2)
    assert (event["leaves_qty"], event["cum_qty"], event["price"]) == (6, 0, 121)
    assert (event["status_flags"], event["report_number"]) == (OrdStatus.ORDER_NEW, 0)
    assert (event["sequence"], event["time"]) == (world.engine.sequence, world.engine.time)
    assert event["attributes"] & 0x3FF == c.order_attributes(c.SELL, c.LIMIT, c.GTC)


def test_an_order_that_traded_is_partially_filled(world):
    event, = asked(world, ALICE, status_request(50, orig=1))
    assert (event["leaves_qty"], event["cum_qty"]) == (6, 4)
    assert event["status_flags"] == OrdStatus.ORDER_PARTIALLY_FILLED


@pytest.mark.parametrize(("session", "names"), [
    (ALICE, {"orig": 2}),           # replaced: the order has another name
    (ALICE, {"orig": 99}),
    (ALICE, {"orig": 2**64 - 1}),
    (ALICE, {"order_id": 99}),
    (ALICE, {"order_id": 0}),
    (ALICE, {"order_id": 4}),       # filled, and another's
    (BOB, {"orig": 1}),             # filled
    (BOB, {"order_id": 1}),         # another participant's
    (ANN, {"orig": 3}),             # another session's, by ClOrdID
])
def test_unknown_ended_and_foreign_orders_are_all_the_same(world, session, names):
    event, = asked(world, session, status_request(50, POWER, **names))
    assert (event["type"], event["reason"]) == (EventType.ORDER_STATUS, Reason.UNKNOWN_ORDER)
    assert event["status_flags"] == OrdStatus.ORDER_REJECTED
    assert (event["leaves_qty"], event["price"], event["cl_ord_id"], event["instrument"]) == (0, 0, 50, POWER)


def test_any_session_of_the_participant_may_ask_by_order_id(world):
    event, = asked(world, ANN, status_request(50, POWER, order_id=2))
    assert (event["reason"], event["session"], event["orig_cl_ord_id"]) == (0, ANN, 3)


def test_the_instrument_is_the_orders_own(world):
    event, = asked(world, ALICE, status_request(50, ACME, orig=3))
    assert (event["reason"], event["leaves_qty"]) == (Reason.INSTRUMENT_CHANGED, 0)
    event, = asked(world, ALICE, status_request(50, 77, orig=9))
    assert (event["reason"], event["instrument"]) == (Reason.UNKNOWN_ORDER, 0)


def test_all_orders_of_the_participant_in_order_id_order_then_their_number(world):
    *orders, end = asked(world, ALICE, mass_status_request(cl_ord_id=8))
    assert [event["order_id"] for event in orders] == [1, 2, 3, 5]
    assert [event["orig_cl_ord_id"] for event in orders] == [1, 3, 1, 4]
    assert [event["place"] for event in orders] == [0, 1, 2, 3]
    assert {(event["type"], event["cl_ord_id"], event["session"]) for event in orders} == {
        (EventType.ORDER_STATUS, 8, ALICE)}
    assert (end["type"], end["last_qty"], end["sequence"]) == (EventType.STATUS_ANSWER, 4, world.engine.sequence)
    *orders, end = asked(world, ANN, mass_status_request(ACME))
    assert ([event["order_id"] for event in orders], end["last_qty"]) == ([3], 1)
    (end,) = asked(world, BOB, mass_status_request())
    assert (end["type"], end["last_qty"]) == (EventType.STATUS_ANSWER, 0)


def test_an_answer_is_true_as_of_a_command_not_before_the_one_asked_for(world):
    asked_at = world.engine.sequence + 2
    world.forward(status_request(50, orig=1), ALICE, sequence=asked_at)
    world.journal(c.clock(5))
    assert world.is_silent()
    world.journal(c.cancel(ALICE, 5, POWER, 1))
    event, = world.told()
    assert (event["reason"], event["sequence"]) == (Reason.UNKNOWN_ORDER, asked_at)


def test_the_same_in_message_pack(world):
    world.forward(mass_status_request(POWER, cl_ord_id=8), ALICE, encoding=Encoding.MESSAGE_PACK)
    *orders, end = world.told_maps()
    assert [(order.order_id, order.orig_cl_ord_id, str(order.leaves_qty)) for order in orders] == [
        (1, 1, "6"), (2, 3, "6"), (5, 4, "1")]
    assert {order.ord_status for order in orders} == {"New", "PartiallyFilled"}
    assert end.tot_num_reports == 3


def test_a_status_changes_nothing(world):
    before = world.engine.digest()
    asked(world, ALICE, mass_status_request())
    asked(world, ALICE, status_request(50, orig=3))
    assert world.journal(c.event_digest(*world.engine.event_digest)).size == 0
    asked(world, ALICE, status_request(51, orig=3))     # the desk compared the digest, and goes on
    assert world.engine.digest() != before      # of its sequence number


def test_both_engines_tell_the_same(engine_class):
    engine = engine_class()
    c.apply(engine, *opening(), c.new(ALICE, 1, POWER, c.BUY, 10, 100, display=2), c.new(ANN, 1, ACME, c.BUY, 20, 100),
            c.new(BOB, 1, POWER, c.SELL, 4, 110), c.new(ALICE, 2, POWER, c.BUY, 1, 90))
    everything = engine.orders(POWER)
    before = engine.dump()
    assert engine.order(1).tobytes() == engine.order_named(ALICE, 1).tobytes() == everything[:1].tobytes()
    assert engine.order(99).size == engine.order_named(ALICE, 3).size == engine.order_named(99, 1).size == 0
    assert engine.order_named(0, 0).size == engine.order(0).size == 0
    assert engine.orders_of(1)["order_id"].tolist() == [1, 2, 4]
    assert engine.orders_of(1, ACME).tobytes() == engine.orders(ACME).tobytes()
    assert engine.orders_of(3).size == engine.orders_of(99).size == 0
    assert engine.session(ANN).tobytes() == engine.sessions[ANN - 1:ANN].tobytes()
    for unknown in (0, 99):
        with pytest.raises(KeyError):
            engine.session(unknown)
    assert engine.dump() == before


def test_a_long_answer_keeps_nobody_waiting_and_is_not_broken_into(world):
    world.journal(*(c.new(ANN, number, POWER, c.BUY, 1, 1) for number in range(2, 3000)))
    for routing, session in ((1, ANN), (1, ANN), (2, BOB)):
        world.forward(mass_status_request(POWER, cl_ord_id=routing), session, encoding=Encoding.MESSAGE_PACK,
                      routing=routing)
    told, place = {1: [], 2: []}, None
    while len(told[1]) < 2 * (2998 + 3 + 1) or not told[2]:
        frame = world.delivered()
        assert frame.routing == 1 or place is None
        place = len(told[1]) if frame.routing == 2 else place
        told[frame.routing] += message_pack.events(frame.payload)
    assert place < 3000                 # in the middle of the first one's first
    first, second = told[1][:3002], told[1][3002:]
    assert first == second and first[-1].tot_num_reports == 3001
    assert [status.place for status in first] == list(range(3002))
