"""200,000 hostile messages to the loop in a simulated world, some thousands to a venue over ZeroMQ and TCP. `make soak
SOAK="faults fuzz"` goes on."""

import random
import re
import socket

import pytest
import zmq
from faults import fuzz

from pricetime.gateway.client import Client, NoAnswer, Refused
from pricetime.journal import Reader
from pricetime.journal.replay import replay
from pricetime.matching.engine import Engine
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


def test_the_fuzzer_would_notice():
    """A state that the log does not have, and a command that is not in the log."""
    hostile = fuzz.Fuzz(1)
    hostile.play(1_000)
    records = hostile.simulation.storage.records()
    hostile.simulation.engine.apply(hostile.simulation.codec.encode(fuzz.m.Clock(transact_time=2**62)))
    with pytest.raises(AssertionError, match="the log does not give the state"):
        hostile.hold_against_the_log()
    assert len(records)


def test_a_venue_goes_on_while_strangers_send_anything(tmp_path):
    """Over ZeroMQ and bare TCP, beside a client whose orders are answered all the time."""
    dice, hostile = random.Random(1), fuzz.Fuzz(2)
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
