"""A client that does not read loses its session, not the venue's time: nine others go on as if it were not there. How
much of their time it costs is the benchmark's to say."""

import contextlib
import time

import numpy as np
import zmq

from pricetime.gateway import messages as m
from pricetime.gateway import sockets
from pricetime.gateway.client import Client
from pricetime.gateway.codec import Codec
from pricetime.gateway.config import convert
from pricetime.gateway.venue import Venue
from pricetime.journal import Reader
from pricetime.matching.records import COMMAND, RECORD_VERSION, CommandType
from tests.system.venues import said, some

OTHERS = 9
CONFIG = convert({
    "venue": {"endpoints": ["tcp://127.0.0.1:0"]}, "log": {"segment_mib": 1},
    "session": [{"name": "deaf"}, *({"name": f"other-{number}"} for number in range(OTHERS))],
    "instrument": [{"symbol": "ACME", "tick_size": "0.01", "lot_size": 1}],
})  # fmt: skip
MESSAGE = 1_000
PATIENCE_S = 60


def deaf_socket(context: zmq.Context, endpoint: str) -> zmq.Socket:
    """A DEALER that has hardly any room for what it is sent."""
    deaf = context.socket(zmq.DEALER)
    for option, value in ((zmq.RCVHWM, 1), (zmq.RCVBUF, 4096), (zmq.LINGER, 0)):
        deaf.setsockopt(option, value)
    deaf.connect(endpoint)
    return deaf


def requests(first_number: int) -> bytes:
    """TestRequests by the thousand, for whoever wants answers without reading them."""
    lines = np.zeros(MESSAGE, COMMAND)
    lines["type"], lines["shape"] = CommandType.TEST_REQUEST, RECORD_VERSION << 4 | 1
    lines["sequence"] = np.arange(first_number, first_number + MESSAGE)
    return lines.tobytes()


def test_a_client_that_does_not_read_loses_its_session_and_nine_others_go_on(tmp_path):
    context = zmq.Context()
    with Venue(tmp_path, CONFIG) as venue, contextlib.ExitStack() as stack:
        others = [stack.enter_context(Client(venue.endpoints[0], f"other-{number}")) for number in range(OTHERS)]
        deaf = stack.enter_context(deaf_socket(context, venue.endpoints[0]))
        logon = Codec().encode(m.Logon(session_name="deaf")).copy()
        logon["sequence"][0] = 1
        deaf.send(logon.tobytes())
        assert deaf.poll(PATIENCE_S * 1000)
        assert venue.loop.connections == OTHERS + 1
        number, deadline, rounds = 2, time.monotonic() + PATIENCE_S, 0
        while venue.loop.connections > OTHERS and time.monotonic() < deadline:
            with contextlib.suppress(zmq.Again):
                deaf.send(requests(number), zmq.NOBLOCK)
                number += MESSAGE
            other = others[rounds % OTHERS]
            other.buy("ACME", 1, "90")
            assert said(some(other, 1)) == [("REJECTED", "PHASE_CLOSED")]       # at once, every time
            rounds += 1
        assert venue.loop.connections == OTHERS
        for other in others:
            other.buy("ACME", 1, "90")
            assert said(some(other, 1)) == [("REJECTED", "PHASE_CLOSED")]
            assert other._line.opened == 1      # none of them was cut meanwhile
    context.term()
    ended = [line for lines in Reader(tmp_path) for line in lines if line["type"] == CommandType.DISCONNECT]
    assert [int(line["session"]) for line in ended] == [1]


def test_who_reads_nothing_for_long_loses_its_connection_and_what_waits_for_it(monkeypatch):
    """Its session may be gone already: what libzmq keeps for it would stay for as long as it pleases."""
    assert 1_000 <= sockets.OPTIONS[zmq.TCP_MAXRT] <= 60_000
    monkeypatch.setitem(sockets.OPTIONS, zmq.TCP_MAXRT, 1_000)
    with zmq.Context() as context:
        router, [endpoint] = sockets.bound_router(context, ["tcp://127.0.0.1:0"])
        with contextlib.closing(deaf_socket(context, endpoint)) as deaf:
            deaf.send(b"here")
            routing_id, _ = router.recv_multipart()
            until, gone = time.monotonic() + PATIENCE_S, False
            while not gone:
                assert time.monotonic() < until, "it is kept for ever"
                try:
                    router.send_multipart([routing_id, bytes(1 << 16)], zmq.NOBLOCK)
                except zmq.Again:
                    router.poll(50)         # as the venue does all the time: libzmq takes its news then
                except zmq.ZMQError as error:
                    gone = error.errno == zmq.EHOSTUNREACH
        router.close(linger=0)
