"""200,000 hostile messages to loop and desk in a simulated world, some thousands to a venue over ZeroMQ and TCP.
`make soak SOAK="faults fuzz"` goes on."""

import random
import re
import socket
from collections import Counter
from contextlib import closing

import pytest
import zmq
from faults import fuzz

from pricetime.gateway import message_pack
from pricetime.gateway.client import Client, NoAnswer, Refused
from pricetime.journal import Reader
from pricetime.journal.replay import replay
from pricetime.matching.engine import Engine
from pricetime.matching.records import Reason
from tests.system.venues import opened, said, some

SEEDS = 10
GREETING = b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\0NULL"    # of ZMTP, its beginning
MESSAGES = 3_000        # to the real venue


def test_hostile_messages_change_nothing_that_is_not_journaled_and_end_nothing():
    done = fuzz.program(1, SEEDS)
    assert done.returncode == 0, (
        f"{done.stdout}{done.stderr}\nagain: PYTHONPATH=tests:. python -P -m faults.fuzz --first N --count 1, with the "
        "seed that has no result")
    messages = [int(found.replace(",", "")) for found in re.findall(r": ([\d,]+) messages", done.stdout)]
    assert len(messages) == SEEDS and sum(messages) >= 200_000


@pytest.fixture
def hostile():
    with closing(fuzz.Fuzz(1)) as made:
        yield made


def test_the_fuzzer_would_notice(hostile):
    """A state that the log does not have, and a command that is not in the log."""
    hostile.play(1_000)
    records = hostile.simulation.storage.records()
    hostile.simulation.engine.apply(hostile.simulation.codec.encode(fuzz.m.Clock(transact_time=2**62)))
    with pytest.raises(AssertionError, match="the log does not give the state"):
        hostile.hold_against_the_log()
    with pytest.raises(AssertionError, match="the desk's state is not the log's"):
        hostile.hold_the_desk()
    assert len(records)


def test_the_fuzzer_would_notice_a_mistake_in_the_desk(hostile, monkeypatch):
    """The venue's desk says it and goes on; here it ends the round."""
    monkeypatch.setattr(message_pack, "commands", lambda payload: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        hostile.play(100)


def test_a_good_part_of_what_the_fuzzer_sends_is_message_pack_that_is_decoded(hostile, monkeypatch):
    """By the desk, in the function that the venue's desk calls; and it is refused for each reason that there is."""
    decoded, decode = Counter(), message_pack.commands

    def counting(payload):
        found, fault = decode(payload)
        decoded["valid" if fault is None else "not"] += 1
        return found, fault

    monkeypatch.setattr(message_pack, "commands", counting)
    hostile.play(10_000)
    desk = hostile.desk
    assert decoded.total() >= desk.decoded >= 10_000 // fuzz.PACKED_SHARE
    assert decoded["valid"] > 500 and decoded["not"] > 300
    assert desk.submitted > 1_000 and desk.translated > 500 and hostile.unchanged > 10
    least = {Reason.BAD_LENGTH: 100, Reason.UNKNOWN_MSG_TYPE: 20, Reason.UNKNOWN_SESSION: 100, Reason.UNSUPPORTED: 50,
             Reason.UNKNOWN_INSTRUMENT: 10, Reason.INVALID_CL_ORD_ID: 10}    # of what each seed has, a third
    assert {reason: desk.rejected[reason] for reason, count in least.items() if desk.rejected[reason] < count} == {}


def test_a_logon_in_message_pack_is_answered_through_the_fuzzers_desk(hostile):
    speaker, simulation = hostile.speakers[0], hostile.simulation
    speaker.post(hostile.packed.logon(speaker.session))
    simulation.run()
    hostile.desk.work()
    answer, = message_pack.events(simulation.take_sent(speaker.routing_id)[0])
    assert (type(answer), answer.session) == (fuzz.m.LogonAnswer, speaker.session)


def test_a_seed_gives_the_same_again():
    said = []
    for _ in range(2):
        with closing(fuzz.Fuzz(7)) as again:
            said.append((again.play(3_000), again.simulation.engine.digest()))
    assert said[0] == said[1]


def test_a_venue_goes_on_while_strangers_send_anything(tmp_path, hostile):
    """Over ZeroMQ and bare TCP, beside a client whose orders are answered all the time."""
    dice = random.Random(1)
    venue = opened(tmp_path / "v")
    context = zmq.Context()
    port = int(venue.endpoints[0].rsplit(":", 1)[1])
    try:
        with Client(venue.endpoints[0], "bob") as bob:
            for number in range(30):
                with context.socket(dice.choice([zmq.DEALER, zmq.DEALER, zmq.REQ])) as stranger:
                    stranger.setsockopt(zmq.LINGER, 200)
                    stranger.setsockopt(zmq.SNDTIMEO, 200)
                    if dice.random() < 0.3:
                        stranger.setsockopt(zmq.ROUTING_ID, dice.randbytes(5))
                    stranger.connect(venue.endpoints[0])
                    send(stranger, hostile, dice)
                with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
                    raw.sendall(dice.choice([b"", GREETING]) + dice.randbytes(number * 10))
                bob.buy("ACME", 1, "1.00")
                assert said(some(bob, 1)) == [("NEW", "NONE")]
            assert len(open_orders(bob)) == 30      # and the desk, which reads MessagePack, goes on as well
    finally:
        context.term()
        venue.stop()
    again = Engine()
    replay(Reader(tmp_path / "v"), again)
    assert again.digest() == venue.engine.digest()


def open_orders(client):
    """The desk may have to do with strangers still."""
    for _ in range(100):
        try:
            return client.open_orders()
        except (Refused, NoAnswer):
            continue
    raise AssertionError("the desk does not answer")


def send(stranger, hostile, dice):
    """A hundred messages from a stranger, or from one who logs on first."""
    peer = dice.choice(hostile.peers)
    peer.message_number = 0
    if dice.random() < 0.7:
        stranger.send(peer.lines(fuzz.m.Logon(session_name="alice")).tobytes())
    try:
        for _ in range(MESSAGES // 30):
            payload = hostile.payload(peer)
            if len(payload) > 1 << 20:
                continue
            stranger.send_multipart([payload, b""] if dice.random() < 0.02 else [payload])
    except zmq.ZMQError:
        pass    # a REQ has to wait for an answer; a connection that was cut takes nothing more
