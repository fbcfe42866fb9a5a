"""The front door of a running venue: who gets in by CURVE, as whom; everybody else gets nothing but a refusal."""

import contextlib
import resource
import socket
import threading
import time
from decimal import Decimal

import numpy as np
import pytest
import zmq

from pricetime.gateway import keyring
from pricetime.gateway import messages as m
from pricetime.gateway.codec import Codec
from pricetime.gateway.config import convert
from pricetime.gateway.keyring import Keyring
from pricetime.gateway.security import new_pair
from pricetime.gateway.venue import Venue
from pricetime.journal.reader import Reader
from pricetime.matching.records import EVENT_LINE, CommandType, EventType, Phase, Reason

ALICE, BOB, OPERATOR, RISK = (new_pair() for _ in range(4))     # (public, secret)
WAIT_MS = 5_000
SILENCE_MS = 400            # so long nothing comes where nothing may


def config_of(endpoints):
    keys = {"alice-key": (ALICE, ["alice"], ["Trade"]), "bob-key": (BOB, ["bob"], ["Trade"]),
            "operator-key": (OPERATOR, ["operator", "risk"], ["Operate", "Risk"]),
            "risk-key": (RISK, ["alice", "risk"], ["Risk"])}
    return convert({
        "venue": {"endpoints": endpoints}, "log": {"segment_mib": 1},
        "session": [{"name": "alice"}, {"name": "bob"}, {"name": "operator", "rights": ["Operate", "Risk"]},
                    {"name": "risk", "rights": ["Risk"]}],
        "instrument": [{"symbol": "ACME", "tick_size": "0.01", "lot_size": 1}],
        "key": [{"name": name, "public": pair[0].decode(), "sessions": sessions, "rights": rights}
                for name, (pair, sessions, rights) in keys.items()],
    })


CURVE = {"address": "tcp://127.0.0.1:0", "curve": True}


@contextlib.contextmanager
def opened(directory, endpoints=(CURVE,)):
    """A venue whose ACME is in Continuous."""
    venue = Venue(directory, config_of(list(endpoints)))
    if venue.engine.instruments[0]["phase"] != Phase.CONTINUOUS:
        venue.loop.journal(venue.codec.encode(m.TradingSessionStatus(symbol="ACME", phase="Continuous")))
    with venue:
        yield venue


@pytest.fixture
def venue(tmp_path):
    directory = tmp_path / "venue"
    directory.mkdir()
    with opened(directory) as venue:
        yield venue


class Peer:
    """A DEALER that says what a test has it say: records with the numbers that are due, or any bytes."""

    def __init__(self, endpoint, pair=None, server=None):
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.sndtimeo = 1_000
        self.socket.ipv6 = "[" in endpoint
        if pair is not None:
            self.socket.curve_publickey, self.socket.curve_secretkey = pair
            self.socket.curve_serverkey = server
        self.socket.connect(endpoint)
        self.codec = Codec()
        self.number = 0

    def close(self):
        self.context.destroy(linger=0)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def know(self, venue):
        self.codec.directory.load(venue.engine)     # names and ids as they were defined at the start

    def post(self, payload):
        """Once its handshake has failed, libzmq takes nothing from it: then there is nobody to send to."""
        with contextlib.suppress(zmq.Again):
            self.socket.send(payload)

    def send(self, *commands):
        records = [self.codec.encode(command).copy() for command in commands]
        for record in records:
            self.number += 1
            record["sequence"][0] = self.number
        self.post(np.concatenate(records).tobytes())

    def logon(self, session):
        self.number = 0
        record = Codec().encode(m.Logon(session_name=session)).copy()
        self.number = record["sequence"][0] = 1
        self.post(record.tobytes())
        return self.answer()

    def answer(self, wait_ms=WAIT_MS):
        """(type, reason) of the next event that comes; None where none does."""
        if not self.socket.poll(wait_ms):
            return None
        event = np.frombuffer(self.socket.recv(), EVENT_LINE)[0]
        return EventType(int(event["type"])).name, Reason(int(event["reason"])).name


def curve_peer(venue, pair, endpoint=None):
    peer = Peer(endpoint or venue.curve_endpoints[0], pair, venue.public_key)
    peer.know(venue)
    return peer


def order(number, session="alice", **fields):
    return m.NewOrderSingle(session=session, cl_ord_id=number, symbol="ACME", side="Buy", ord_type="Limit",
                            price=Decimal("1.00"), order_qty=Decimal(1), **fields)


def eventually(condition, seconds=10.0):
    """Wait for something that another thread does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)


def logged(venue):
    """How many commands the log has."""
    reader = Reader(venue.directory)
    for _ in reader:
        pass
    return reader.sequence


def refused(venue):
    return venue.door.refusals.totals()


# ------------------------------------------------------------------------------------------------ who gets in


def test_a_key_gets_in_as_its_session(venue):
    with curve_peer(venue, ALICE) as alice:
        assert alice.logon("alice") == ("LOGON_ANSWER", "NONE")
        alice.send(order(1))
        assert alice.answer() == ("NEW", "NONE")
    assert refused(venue) == {}


def test_a_wrong_key_does_not_get_in_and_is_counted(venue):
    before = logged(venue)
    with curve_peer(venue, new_pair()) as stranger:
        assert stranger.logon("alice") is None
        eventually(lambda: refused(venue).get("unknown key", 0) >= 1)
    assert logged(venue) == before and venue.loop.counters["messages"] == 0


def test_a_wrong_venue_key_does_not_get_in(venue):
    with Peer(venue.curve_endpoints[0], ALICE, new_pair()[0]) as alice:
        alice.know(venue)
        alice.send(order(1))
        eventually(lambda: refused(venue).get("not our handshake", 0) >= 1)
        assert alice.answer(SILENCE_MS) is None
    assert venue.loop.counters["messages"] == 0


def test_a_client_without_curve_does_not_get_in(venue):
    with Peer(venue.curve_endpoints[0]) as plain:
        plain.know(venue)
        plain.send(order(1))
        # Both sides notice: whichever is first hangs up.
        eventually(lambda: refused(venue).keys() & {"no CURVE", "hung up"})
        assert plain.answer(SILENCE_MS) is None
    assert venue.loop.counters["messages"] == 0


def test_a_right_key_does_not_speak_for_anothers_session(venue):
    before = logged(venue)
    with curve_peer(venue, BOB) as bob:
        assert bob.logon("alice") == ("BUSINESS_MESSAGE_REJECT", "NOT_AUTHORIZED")
        bob.send(order(2**62))      # a huge ClOrdID for another's session: her mark stays
        assert bob.answer() == ("BUSINESS_MESSAGE_REJECT", "NOT_LOGGED_ON")
    assert logged(venue) == before
    with curve_peer(venue, ALICE) as alice:
        assert alice.logon("alice") == ("LOGON_ANSWER", "NONE")
        alice.send(order(1))
        assert alice.answer() == ("NEW", "NONE")


def test_a_record_in_anothers_name_is_its_senders_own(venue):
    with curve_peer(venue, BOB) as bob, curve_peer(venue, ALICE) as alice:
        assert alice.logon("alice") == ("LOGON_ANSWER", "NONE")
        assert bob.logon("bob") == ("LOGON_ANSWER", "NONE")
        bob.send(order(2**62, session="alice"))
        assert bob.answer() == ("NEW", "NONE")      # bob's mark, and bob's order
        alice.send(order(1))
        assert alice.answer() == ("NEW", "NONE")


def test_anothers_order_is_unknown(venue):
    with curve_peer(venue, BOB) as bob, curve_peer(venue, ALICE) as alice:
        assert alice.logon("alice") == ("LOGON_ANSWER", "NONE")
        alice.send(order(1))
        assert alice.answer() == ("NEW", "NONE")
        assert bob.logon("bob") == ("LOGON_ANSWER", "NONE")
        bob.send(m.OrderCancelRequest(session="bob", cl_ord_id=1, symbol="ACME", order_id=1))
        assert bob.answer() == ("ORDER_CANCEL_REJECT", "UNKNOWN_ORDER")
        alice.send(m.OrderCancelRequest(session="alice", cl_ord_id=2, symbol="ACME", order_id=1))
        assert alice.answer() == ("CANCELED", "NONE")


def test_a_command_needs_the_right_of_the_session_and_of_the_key(venue):
    halt = dict(symbol="ACME", phase="Halted")
    with curve_peer(venue, ALICE) as alice:
        assert alice.logon("alice") == ("LOGON_ANSWER", "NONE")
        alice.send(m.TradingSessionStatus(session="alice", cl_ord_id=1, **halt))
        assert alice.answer() == ("BUSINESS_MESSAGE_REJECT", "NOT_AUTHORIZED")
        alice.send(m.KeyDefinition(session="alice", cl_ord_id=2, key_name="x", public=new_pair()[0].decode()))
        assert alice.answer() == ("BUSINESS_MESSAGE_REJECT", "NOT_AUTHORIZED")
    before = logged(venue)
    with curve_peer(venue, RISK) as trader:     # a key that may speak for alice, but not trade
        assert trader.logon("alice") == ("LOGON_ANSWER", "NONE")
        trader.send(order(1))
        assert trader.answer() == ("BUSINESS_MESSAGE_REJECT", "NOT_AUTHORIZED")
    assert logged(venue) <= before + 3          # her Logons and Disconnects, not her orders
    with curve_peer(venue, OPERATOR) as operator:
        assert operator.logon("operator") == ("LOGON_ANSWER", "NONE")
        operator.send(m.TradingSessionStatus(session="operator", cl_ord_id=1, **halt))
        assert operator.answer() == ("SESSION_STATUS", "NONE")


# -------------------------------------------------------------------------------------- keys while it runs


def operate(venue, operator, number, **fields):
    operator.send(m.KeyDefinition(session="operator", cl_ord_id=number, **fields))
    assert operator.answer() == ("COMMAND_ACK", "NONE")


def test_a_key_is_given_and_revoked_while_the_venue_runs(venue):
    carol = new_pair()
    with curve_peer(venue, OPERATOR) as operator:
        assert operator.logon("operator") == ("LOGON_ANSWER", "NONE")
        operate(venue, operator, 1, key_name="carol", public=carol[0].decode(), target_session="alice",
                rights=("Trade",))
        eventually(lambda: venue.door.number("carol"))
        with curve_peer(venue, carol) as client:
            assert client.logon("alice") == ("LOGON_ANSWER", "NONE")
            before = logged(venue)
            operate(venue, operator, 2, key_name="carol", disabled=True)
            eventually(lambda: logged(venue) == before + 2)     # that, and the Disconnect of its session
            client.send(order(1))
            assert client.answer() == ("REJECT", "NOT_AUTHORIZED")
            assert logged(venue) == before + 2
        with curve_peer(venue, carol) as client:
            assert client.logon("alice") is None
            assert refused(venue)["unknown key"] >= 1
    assert "carol" not in (venue.directory / "keys" / "authorized.toml").read_text()


def test_a_key_that_is_given_anew_is_another_number(venue):
    number = venue.door.number("alice-key")
    with curve_peer(venue, OPERATOR) as operator, curve_peer(venue, ALICE) as alice:
        assert alice.logon("alice") == ("LOGON_ANSWER", "NONE")
        assert operator.logon("operator") == ("LOGON_ANSWER", "NONE")
        operate(venue, operator, 1, key_name="alice-key", disabled=True)
        operate(venue, operator, 2, key_name="alice-key", public=ALICE[0].decode(), target_session="alice",
                rights=("Trade",))
        eventually(lambda: venue.door.number("alice-key") not in (0, number))
        alice.send(order(1))        # by the old handshake
        assert alice.answer() == ("REJECT", "NOT_AUTHORIZED")
    with curve_peer(venue, ALICE) as alice:
        assert alice.logon("alice") == ("LOGON_ANSWER", "NONE")


def test_a_key_loses_one_session_and_keeps_the_others(venue):
    with curve_peer(venue, OPERATOR) as operator, curve_peer(venue, OPERATOR) as risk:
        assert operator.logon("operator") == ("LOGON_ANSWER", "NONE")
        assert risk.logon("risk") == ("LOGON_ANSWER", "NONE")
        before = logged(venue)
        operate(venue, operator, 1, key_name="operator-key", target_session="risk", disabled=True)
        eventually(lambda: logged(venue) == before + 2)         # that, and the Disconnect of the session
        risk.send(m.KillSwitch(session="risk", cl_ord_id=1, participant="alice", on=True))
        assert risk.answer() == ("BUSINESS_MESSAGE_REJECT", "NOT_LOGGED_ON")
        assert risk.logon("risk") == ("BUSINESS_MESSAGE_REJECT", "NOT_AUTHORIZED")
        operate(venue, operator, 2, key_name="alice-key", disabled=True)    # it operates as before


def test_keys_hold_over_a_restart_and_revoked_ones_do_not_come_back(tmp_path):
    carol = new_pair()
    with opened(tmp_path) as venue, curve_peer(venue, OPERATOR) as operator:
        public = venue.public_key
        assert operator.logon("operator") == ("LOGON_ANSWER", "NONE")
        operate(venue, operator, 1, key_name="carol", public=carol[0].decode(), target_session="bob",
                rights=("Trade",))
        operate(venue, operator, 2, key_name="alice-key", disabled=True)
    (tmp_path / "keys" / "authorized.toml").unlink()        # made again from the log
    with opened(tmp_path) as venue:
        assert venue.public_key == public
        assert sorted(venue.keys.keys) == ["bob-key", "carol", "operator-key", "risk-key"]
        assert any("revoked this public key: it stays so" in note for note in venue.notes)
        assert any("key 'carol' is in the log but not in the configuration" in note for note in venue.notes)
        with curve_peer(venue, carol) as client:
            assert client.logon("bob") == ("LOGON_ANSWER", "NONE")
        with curve_peer(venue, ALICE) as client:
            assert client.logon("alice") is None


def test_a_start_reads_the_keys_of_what_came_since_the_last_stop_only(tmp_path):
    with opened(tmp_path) as venue, curve_peer(venue, ALICE) as alice:
        assert alice.logon("alice") == ("LOGON_ANSWER", "NONE")
        alice.send(*[order(number) for number in range(1, 101)])
        assert alice.answer() == ("NEW", "NONE")
        before = logged(venue)
    assert keyring.load(tmp_path).sequence >= before > 100


def test_what_the_file_says_of_keys_is_journaled_and_said_once(tmp_path):
    with opened(tmp_path) as venue:
        assert "defined key 'alice-key' for 'alice'" in venue.notes
        types = np.concatenate([block["type"] for block in Reader(tmp_path)])
        assert (types == CommandType.KEY_DEFINITION).sum() == 6
    with opened(tmp_path) as venue:
        assert not [note for note in venue.notes if note.startswith("defined key")]


def test_a_keys_file_that_is_ahead_of_the_log_does_not_count(tmp_path):
    with opened(tmp_path):
        pass
    file = tmp_path / "keys" / "authorized.toml"
    text = file.read_text().replace("\nsequence = ", "\nsequence = 9999")
    file.write_text(text.replace("alice-key", "mallory"))
    with opened(tmp_path) as venue:
        assert "mallory" not in venue.keys.keys and "alice-key" in venue.keys.keys
        assert any("read anew from the log" in note for note in venue.notes)
    assert isinstance(venue.keys, Keyring)


# -------------------------------------------------------------------------------------------- hostile clients


def raw(endpoint):
    host, port = endpoint.removeprefix("tcp://").rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=10)


@pytest.mark.parametrize(
    "bytes_", [b"GET / HTTP/1.1\r\n\r\n" * 8, b"\x00" * 256, b"\xff" * 256, bytes(range(256)),
               b"\x01\x00" + b"\x91" * 200], ids=["http", "zeros", "ones", "all", "zmtp-1"])
def test_raw_tcp_on_a_curve_port_is_cut_off_and_counted(venue, bytes_):
    with raw(venue.curve_endpoints[0]) as connection, contextlib.suppress(ConnectionError):
        connection.sendall(bytes_)
        while connection.recv(4096):
            pass                        # until it is cut off
    eventually(lambda: sum(refused(venue).values()) == 1)
    assert venue.loop.counters["messages"] == 0


def test_a_replayed_handshake_does_not_get_in(venue):
    sent = bytearray()
    with raw_proxy(venue.curve_endpoints[0], sent) as endpoint, curve_peer(venue, ALICE, endpoint) as alice:
        assert alice.logon("alice") == ("LOGON_ANSWER", "NONE")
        alice.send(order(1))
        assert alice.answer() == ("NEW", "NONE")
    messages, commands = venue.loop.counters["messages"], logged(venue)
    with raw(venue.curve_endpoints[0]) as connection, contextlib.suppress(ConnectionError):
        connection.sendall(sent)
        while connection.recv(4096):
            pass
    eventually(lambda: refused(venue).get("not our handshake", 0) == 1)
    assert venue.loop.counters["messages"] == messages and logged(venue) <= commands + 1     # her own Disconnect


@contextlib.contextmanager
def raw_proxy(endpoint, sent):
    """An endpoint in front of another; what clients send there is kept."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        def serve():
            client, _ = server.accept()
            with client, raw(endpoint) as venue:
                back = threading.Thread(target=pump, args=(venue, client, bytearray()))
                back.start()
                pump(client, venue, sent)
                back.join()

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def pump(source, target, kept):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            kept += data
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def test_thousands_of_connections_that_never_speak_keep_nobody_out(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 10_400                             # both ends are in this process
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
    count = min(5_000, (most - 400) // 2)
    try:
        with opened(tmp_path) as venue, contextlib.ExitStack() as stack:
            for _ in range(count):
                stack.enter_context(raw(venue.curve_endpoints[0]))
            with curve_peer(venue, ALICE) as alice:
                assert alice.logon("alice") == ("LOGON_ANSWER", "NONE")
                alice.send(order(1))
                assert alice.answer() == ("NEW", "NONE")
            eventually(lambda: refused(venue).get("nothing said in time", 0) == count, seconds=60)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_frames_of_no_size_too_large_and_many_are_refused_and_change_nothing(venue):
    with curve_peer(venue, ALICE) as alice:
        assert alice.logon("alice") == ("LOGON_ANSWER", "NONE")
        before = logged(venue)
        alice.socket.send(b"")
        assert alice.answer() == ("REJECT", "BAD_LENGTH")
        alice.socket.send(bytes(65))
        assert alice.answer() == ("REJECT", "BAD_LENGTH")
        alice.socket.send(bytes(65_536 + 64))
        assert alice.answer() == ("REJECT", "MESSAGE_TOO_LARGE")
        alice.socket.send_multipart([bytes(64), bytes(64)])
        assert alice.answer() == ("REJECT", "BAD_LENGTH")
        alice.send(order(1))
        assert alice.answer() == ("NEW", "NONE")
        assert logged(venue) == before + 1


def test_a_frame_beyond_what_libzmq_takes_costs_its_sender_the_connection_only(venue):
    with curve_peer(venue, ALICE) as alice, curve_peer(venue, BOB) as bob:
        assert alice.logon("alice") == ("LOGON_ANSWER", "NONE")
        assert bob.logon("bob") == ("LOGON_ANSWER", "NONE")
        alice.socket.send(bytes(1 << 20))
        assert alice.answer(SILENCE_MS) is None
        bob.send(order(1, session="bob"))
        assert bob.answer() == ("NEW", "NONE")
        assert alice.logon("alice") == ("LOGON_ANSWER", "NONE")     # on the connection that libzmq made anew


# ------------------------------------------------------------------------------------------------- endpoints


def test_endpoints_with_and_without_curve_of_tcp_ipc_and_ipv6_are_open_at_once(tmp_path):
    directory = tmp_path / "venue"
    directory.mkdir()
    with socket.socket(socket.AF_INET6) as six:
        try:
            six.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
    endpoints = ["tcp://127.0.0.1:0", CURVE, f"ipc://{tmp_path}/plain", {"address": "tcp://[::1]:0", "curve": True},
                 "tcp://[::1]:0", {"address": f"ipc://{tmp_path}/curve", "curve": True}]
    with opened(directory, endpoints) as venue:
        assert [endpoint in venue.curve_endpoints for endpoint in venue.endpoints] == [
            False, True, False, True, False, True]
        for endpoint in venue.endpoints:
            curve = endpoint in venue.curve_endpoints
            with Peer(endpoint, ALICE if curve else None, venue.public_key if curve else None) as alice:
                assert alice.logon("alice") == ("LOGON_ANSWER", "NONE"), endpoint
            with Peer(endpoint, None if curve else ALICE, None if curve else venue.public_key) as other:
                other.know(venue)
                other.send(order(1))
                assert other.answer(SILENCE_MS) is None, endpoint       # the other kind of client gets nothing


def test_a_session_by_an_endpoint_without_curve_has_no_key_and_needs_none(tmp_path):
    with opened(tmp_path, ["tcp://127.0.0.1:0", CURVE]) as venue, Peer(venue.endpoints[0]) as operator:
        assert operator.logon("operator") == ("LOGON_ANSWER", "NONE")
        operator.know(venue)
        operate(venue, operator, 1, key_name="bob-key", disabled=True)
        eventually(lambda: not venue.door.number("bob-key"))
