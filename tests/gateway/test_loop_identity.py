"""Keys at the door, heartbeats as FIX has them, and what a session may send in a second."""

import numpy as np
import pytest

from pricetime.gateway.door_table import GRANTS_MAX, KEY_NUMBERS, DoorTable
from pricetime.matching import records
from tests.gateway.simulation import Peer, Simulation, m, said

TRADE, OPERATE = records.RIGHT_TRADE, records.RIGHT_OPERATE
ALICE, BOB, OPERATOR = 1, 2, 3          # sessions


class KeyedPeer(Peer):
    key = 1

    def post(self, payload, *more):
        super().post(payload, False, self.key)


@pytest.fixture
def keys():
    table = DoorTable()
    table.allow(1, TRADE)
    table.grant(1, ALICE)
    return table


@pytest.fixture
def venue(keys):
    return Simulation(keys=keys)


def keyed(venue, number=1, session="alice", key=1):
    peer = KeyedPeer(venue, number, session)
    peer.key = key
    return peer


def test_a_key_speaks_for_its_session(venue):
    alice = keyed(venue)
    assert said(alice.logon()) == [("LOGON_ANSWER", "NONE")]
    assert said(alice.send(alice.order())) == [("NEW", "NONE")]


@pytest.mark.parametrize("key, session", [(1, "bob"), (2, "alice"), (70_000, "alice")])
def test_another_session_or_an_unknown_key_is_refused_and_nothing_is_journaled(venue, key, session):
    [(kind, reason)] = said(keyed(venue, 1, session, key).logon())
    assert reason == "NOT_AUTHORIZED"
    assert venue.journaled() == []


def test_whoever_comes_without_a_key_is_of_this_machine(venue):
    assert said(Peer(venue, 1).logon()) == [("LOGON_ANSWER", "NONE")]


def test_where_every_endpoint_wants_a_key_nobody_comes_without(keys):
    venue = Simulation(keys=keys, local=False)
    assert said(Peer(venue, 1).logon()) == [("REJECT", "NOT_AUTHORIZED")]
    assert said(keyed(venue, 2).logon()) == [("LOGON_ANSWER", "NONE")]
    assert [type(command) for command in venue.journaled()] == [m.Logon]


def test_a_revoked_key_ends_its_session_at_its_next_message(venue, keys):
    alice = keyed(venue)
    alice.logon()
    keys.allow(1, 0)
    assert said(alice.send(alice.order())) == [("REJECT", "NOT_AUTHORIZED")]
    assert [type(command) for command in venue.journaled()] == [m.Logon, m.Disconnect]


def test_nobody_speaks_by_the_routing_id_of_another_key(venue, keys):
    keys.allow(2, TRADE)
    keys.grant(2, BOB)
    keyed(venue).logon()
    thief = keyed(venue, 1, "alice", 2)
    thief.message_number = 1
    assert said(thief.send(thief.order())) == [("REJECT", "NOT_AUTHORIZED")]
    assert venue.loop.connections == 0
    assert len(venue.engine.orders("ACME")) == 0


def test_a_command_needs_the_right_of_the_key_too_and_moves_no_mark(venue, keys):
    keys.allow(3, TRADE)                # the session operator may operate, this key of it may not
    keys.grant(3, OPERATOR)
    operator = keyed(venue, 1, "operator", 3)
    operator.logon()
    halt = m.TradingSessionStatus(session="operator", cl_ord_id=1, symbol="ACME", phase="Halted")
    assert said(operator.send(halt)) == [("BUSINESS_MESSAGE_REJECT", "NOT_AUTHORIZED")]
    keys.allow(3, OPERATE)
    assert said(operator.send(halt))[0] == ("SESSION_STATUS", "NONE")


def test_a_withdrawn_grant_holds_for_the_next_logon(keys):
    keys.withdraw(1, ALICE)
    assert not keys.speaks_for(1, ALICE)
    keys.grant(1, ALICE)
    assert keys.speaks_for(1, ALICE)


def test_the_table_of_keys_is_bounded(keys):
    for session in range(2, GRANTS_MAX + 1):
        keys.grant(1 + session % 3, session)
    with pytest.raises(OverflowError, match="start the venue anew"):
        keys.grant(9, 1)
    assert keys.speaks_for(2, 100) and not keys.speaks_for(3, 100)
    with pytest.raises(ValueError, match="expected 1 to 65535"):
        keys.allow(KEY_NUMBERS + 1, TRADE)


# ------------------------------------------------------------------------------------------------- heartbeats

def logon_with(venue, milliseconds):
    alice = Peer(venue, 1)
    lines = alice.lines(m.Logon(session_name="alice"))
    lines["quantity"][0] = milliseconds
    alice.post(lines)
    assert said(alice.answers()) == [("LOGON_ANSWER", "NONE")]
    return alice


def test_the_venue_sends_a_heartbeat_when_it_has_said_nothing_for_the_interval():
    venue = Simulation()
    alice = logon_with(venue, 1000)
    venue.advance(0.9)
    assert alice.answers() == []
    venue.advance(0.2)
    [beat] = alice.answers()
    assert said([beat]) == [("HEARTBEAT_ANSWER", "NONE")]
    assert (beat["order_id"], beat["leaves_qty"]) == (0, 1)     # the session's next report
    assert alice.answers() == []


def test_silence_is_asked_about_then_ends_the_session():
    venue = Simulation()
    alice = logon_with(venue, 1000)
    venue.advance(1.25)
    assert said(alice.answers()) == [("TEST_REQUEST_EVENT", "NONE")]
    venue.advance(1.0)
    assert said(alice.answers()) == []
    assert venue.loop.connections == 1
    venue.advance(0.3)
    venue.run()
    assert venue.loop.connections == 0
    assert [type(command) for command in venue.journaled()] == [m.Logon, m.Disconnect]


def test_a_heartbeat_answers_the_question_and_is_not_answered_itself():
    venue = Simulation()
    alice = logon_with(venue, 1000)
    venue.advance(1.25)
    alice.answers()
    assert alice.send(m.Heartbeat(session="alice")) == []
    venue.advance(1.25)
    assert said(alice.answers()) == [("TEST_REQUEST_EVENT", "NONE")]
    assert venue.loop.connections == 1


# ------------------------------------------------------------------------------------------------------ rates

def test_orders_beyond_the_rate_are_throttled_each_and_move_no_mark():
    venue = Simulation(orders_per_second=10)
    alice = Peer(venue, 1)
    alice.logon()
    answers = said(alice.send(*[alice.order() for _ in range(12)]))
    assert answers == [("NEW", "NONE")] * 10 + [("BUSINESS_MESSAGE_REJECT", "THROTTLED")] * 2
    venue.advance(0.1)
    alice.cl_ord_id -= 2
    assert said(alice.send(alice.order())) == [("NEW", "NONE")]
    assert len(venue.journaled()) == 12


def test_messages_beyond_the_rate_are_throttled_but_heartbeats_are_taken():
    venue = Simulation(messages_per_second=5)
    alice = Peer(venue, 1)
    alice.logon()
    answers = [said(alice.send(alice.order())) for _ in range(6)]
    assert answers == [[("NEW", "NONE")]] * 5 + [[("BUSINESS_MESSAGE_REJECT", "THROTTLED")]]
    assert alice.send(m.Heartbeat(session="alice")) == []
    assert said(alice.send(m.TestRequest(session="alice", test_req_id=4))) == [("HEARTBEAT_ANSWER", "NONE")]


def test_a_second_of_throttling_logs_the_session_out():
    venue = Simulation(orders_per_second=10)
    alice = Peer(venue, 1)
    alice.logon()
    answers = said(alice.send(*[alice.order() for _ in range(23)]))
    assert answers[10:21] == [("BUSINESS_MESSAGE_REJECT", "THROTTLED")] * 11
    assert answers[21:] == [("LOGOUT_ANSWER", "THROTTLED")] + [("BUSINESS_MESSAGE_REJECT", "NOT_LOGGED_ON")] * 2
    assert type(venue.journaled()[-1]) is m.Disconnect


@pytest.mark.parametrize("limits", [{"orders_per_second": 10}, {"messages_per_second": 10},
                                    {"messages_per_second": 10, "orders_per_second": 10}], ids=str)
def test_a_session_that_slows_down_is_forgiven(limits):
    venue = Simulation(**limits)
    alice = Peer(venue, 1)
    alice.logon()
    for _ in range(5):
        answers = [said(alice.send(alice.order()))[0][1] for _ in range(18)]
        assert answers.count("THROTTLED") in (8, 9)
        venue.advance(2)
        alice.send(m.Heartbeat(session="alice"))
        venue.advance(1)
    assert venue.loop.connections == 1


@pytest.mark.parametrize("away", ["logout", "takeover", "again"])
def test_who_logs_on_again_has_sent_what_it_has_sent(away):
    venue = Simulation(orders_per_second=10)
    alice = Peer(venue, 1)
    alice.logon()
    assert said(alice.send(*[alice.order() for _ in range(10)])) == [("NEW", "NONE")] * 10
    if away == "logout":
        alice.send(m.Logout(session="alice"))
    elif away == "takeover":
        alice, alice.cl_ord_id = Peer(venue, 2), alice.cl_ord_id
    alice.logon()
    assert said(alice.send(alice.order())) == [("BUSINESS_MESSAGE_REJECT", "THROTTLED")]
    venue.advance(0.1)
    assert said(alice.send(alice.order())) == [("NEW", "NONE")]


def test_what_stands_behind_a_logon_in_its_message_counts_as_a_message():
    venue = Simulation(messages_per_second=5)
    alice = Peer(venue, 1)
    alice.logon()
    answers = [said(alice.send(alice.order()))[0], said(alice.send(alice.order(), m.Logout(session="alice")))[0]]
    for _ in range(4):
        alice.message_number = 0
        answers.append(said(alice.send(m.Logon(session_name="alice"), alice.order(), m.Logout(session="alice")))[1])
    assert answers == [("NEW", "NONE")] * 5 + [("BUSINESS_MESSAGE_REJECT", "THROTTLED")]


@pytest.mark.parametrize("limits", [{"messages_per_second": 5}, {"orders_per_second": 5},
                                    {"messages_per_second": 5, "orders_per_second": 100}], ids=str)
def test_logons_beyond_the_rate_are_throttled_and_not_journaled(limits):
    venue = Simulation(**limits)
    answers = [said(Peer(venue, 1 + number).logon()) for number in range(100)]      # each takes over, or would
    assert answers == [[("LOGON_ANSWER", "NONE")]] * 5 + [[("BUSINESS_MESSAGE_REJECT", "THROTTLED")]] * 95
    assert [type(command) for command in venue.journaled()] == [m.Logon] * 5
    assert venue.loop.connections == 1
    assert venue.loop.counters["throttled"] == venue.loop.counters["refused"] == 95


def test_without_limits_every_logon_is_taken():
    venue = Simulation()
    alice = Peer(venue, 1)
    assert [said(alice.logon()) for _ in range(100)] == [[("LOGON_ANSWER", "NONE")]] * 100


def test_a_second_of_refused_logons_logs_the_session_out():
    venue = Simulation(messages_per_second=5)
    alice = Peer(venue, 1)
    answers = [said(alice.logon()) for _ in range(13)]
    refused = ("BUSINESS_MESSAGE_REJECT", "THROTTLED")
    assert answers[5:10] == [[refused]] * 5
    assert answers[10:] == [[refused, ("LOGOUT_ANSWER", "THROTTLED")]] + [[refused]] * 2
    assert venue.loop.connections == 0
    assert [type(command) for command in venue.journaled()] == [m.Logon] * 5 + [m.Disconnect]


def test_who_sends_nothing_but_logons_writes_no_more_than_its_rate():
    venue = Simulation(messages_per_second=5)
    alice = Peer(venue, 1)
    for _ in range(1_000):
        alice.logon()
        venue.advance(0.01)
    logons = [command for command in venue.journaled() if type(command) is m.Logon]
    assert 50 <= len(logons) <= 55
    assert len(venue.journaled()) <= 2 * len(logons)        # a Disconnect each at most


@pytest.mark.parametrize("flood", ["orders", "logons"])
def test_who_was_logged_out_for_its_haste_comes_back_within_a_second(flood):
    venue = Simulation(messages_per_second=5)
    alice = Peer(venue, 1)
    alice.logon()
    for _ in range(50):
        alice.send(alice.order()) if flood == "orders" else alice.logon()
    assert venue.loop.connections == 0
    venue.advance(1)
    assert said(Peer(venue, 2).logon()) == [("LOGON_ANSWER", "NONE")]
    alice.message_number, alice.cl_ord_id = 1, 5
    alice.routing_id = Peer(venue, 2).routing_id
    assert said(alice.send(alice.order())) == [("NEW", "NONE")]


def test_a_client_that_may_send_nothing_now_may_log_on():
    venue = Simulation(messages_per_second=5)
    alice = Peer(venue, 1)
    alice.logon()
    for _ in range(6):
        last = alice.send(alice.order())
    assert said(last) == [("BUSINESS_MESSAGE_REJECT", "THROTTLED")]
    assert said(alice.logon()) == [("LOGON_ANSWER", "NONE")]


def test_a_refused_logon_takes_no_number_and_leaves_the_connection_as_it_was():
    venue = Simulation(messages_per_second=20)
    alice = Peer(venue, 1)
    for _ in range(20):
        alice.logon()
    venue.advance(0.01)                 # its messages: Logons on a connection count there, too
    number = alice.message_number
    assert said(alice.logon()) == [("BUSINESS_MESSAGE_REJECT", "THROTTLED")]
    venue.advance(0.1)
    alice.message_number = number
    assert said(alice.send(alice.order())) == [("NEW", "NONE")]


def test_one_sessions_logons_keep_no_other_out():
    venue = Simulation(messages_per_second=5)
    for number in range(20):
        Peer(venue, 1 + number).logon()
    assert said(Peer(venue, 40, "bob").logon()) == [("LOGON_ANSWER", "NONE")]


def test_who_may_not_speak_for_a_session_uses_up_none_of_its_logons(keys):
    keys.allow(2, TRADE)
    venue = Simulation(messages_per_second=5, keys=keys, local=False)
    mallory, alice = KeyedPeer(venue, 9), KeyedPeer(venue, 1)
    mallory.key = 2
    for _ in range(20):
        assert said(mallory.logon()) == [("BUSINESS_MESSAGE_REJECT", "NOT_AUTHORIZED")]
    assert said(alice.logon()) == [("LOGON_ANSWER", "NONE")]


def test_one_logon_in_a_message_is_looked_at():
    venue = Simulation()
    alice = Peer(venue, 1)
    names = ("alice", "nobody", "bob")
    alice.post(np.concatenate([venue.codec.encode(m.Logon(session_name=name, sequence=1)) for name in names]))
    assert said(alice.answers()) == [("LOGON_ANSWER", "NONE")] + [("BUSINESS_MESSAGE_REJECT", "THROTTLED")] * 2
    assert len(venue.journaled()) == 1


@pytest.mark.parametrize("rights", [records.RIGHT_MARKET_DATA, records.RIGHT_DROP_COPY])
def test_a_key_that_may_only_look_on_takes_over_no_session_that_acts(venue, keys, rights):
    keys.allow(4, rights)
    keys.grant(4, ALICE)
    alice = keyed(venue)
    alice.logon()
    assert said(keyed(venue, 2, "alice", 4).logon()) == [("BUSINESS_MESSAGE_REJECT", "NOT_AUTHORIZED")]
    assert said(alice.send(alice.order())) == [("NEW", "NONE")]
    assert [type(command) for command in venue.journaled()] == [m.Logon, m.NewOrderSingle]
