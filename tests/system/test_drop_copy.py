"""Drop copies: who may see what, from any point, byte for byte; who is slow or hostile delays nobody; its process may
die."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import zmq

from pricetime.gateway import json_lines, security
from pricetime.gateway import messages as m
from pricetime.gateway.client import Client
from pricetime.gateway.client_errors import NoAnswer, Refused
from pricetime.gateway.codec import Codec
from pricetime.gateway.config import convert
from pricetime.gateway.drop_copy.bounds import Bounds
from pricetime.gateway.drop_copy.client import DropCopy, ResendUnavailable, StreamEnded, request
from pricetime.gateway.drop_copy.protocol import FRAME, LIVE_ONLY, START, WHOLE, Header, Kind, Point, behind, events_of
from pricetime.gateway.drop_copy.server import Server
from pricetime.gateway.venue import Venue
from pricetime.journal import Reader, take_snapshot
from pricetime.journal.packing import prune
from pricetime.matching.engine import Engine
from pricetime.matching.errors import UserError
from pricetime.matching.records import COMMAND, EVENT, LINE_BYTES, RECORD_VERSION, CommandType, Reason
from tests.system.test_exporter import free_port

DOCS = (Path(__file__).resolve().parents[2] / "docs" / "drop-copy.md").read_text()
PATIENCE = 20.0
TABLES = {
    "venue": {"endpoints": ["tcp://127.0.0.1:0"], "digest_every": 50},
    "log": {"segment_mib": 1},
    "participant": [{"name": "firm"}, {"name": "house"}],
    "session": [
        {"name": "operator", "participant": "house", "rights": ["Operate"]},
        {"name": "alice", "participant": "firm"},
        {"name": "carol", "participant": "firm"},
        {"name": "bob", "participant": "house"},
        {"name": "auditor", "participant": "firm", "rights": ["DropCopy"]},
        {"name": "regulator", "participant": "house", "rights": ["DropCopy", "Operate"]},
        {"name": "former", "participant": "firm", "rights": ["DropCopy"], "disabled": True},
    ],
    "instrument": [{"symbol": "ACME", "tick_size": "0.01", "lot_size": 1}],
}


def opened(directory: Path, **tables) -> Venue:
    """A running venue whose ACME is in Continuous."""
    venue = Venue(directory, convert(TABLES | tables))
    venue.loop.journal(venue.codec.encode(m.TradingSessionStatus(symbol="ACME", phase="Continuous")))
    return venue.start()


@pytest.fixture
def venue(tmp_path):
    venue = opened(tmp_path / "venue")
    try:
        yield venue
    finally:
        venue.stop()


@contextlib.contextmanager
def served(venue: Venue, bounds: Bounds | None = None):
    """A drop copy in a thread of this process: its endpoint."""
    server = Server(venue.directory, ["tcp://127.0.0.1:0"], bounds)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server.endpoints[0]
    finally:
        server.stop()
        thread.join()
        server.close()


def reason_of_the_end(copy: DropCopy) -> Reason:
    """Why the venue ends this stream, after whatever still comes."""
    with pytest.raises(StreamEnded) as ended:
        for _ in copy.frames(10_000):
            pass
    return ended.value.reason


def trade(venue: Venue, orders: int = 20) -> None:
    """Orders of three sessions of two participants, trades among them."""
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(contextlib.closing(Client(venue.endpoints[0], name)))
                   for name in ("alice", "bob", "carol")]
        for number in range(orders):
            clients[0].buy("ACME", 10, f"{99 + number % 3}.00")
            clients[1].sell("ACME", 3 + number % 5, f"{98 + number % 4}.00")
            clients[2].buy("ACME", 1, "97.00")
        for client in clients:
            client.cancel("ACME", 1)
            client.load_instruments()       # an answer: all that was sent is journaled


def many(venue: Venue, orders: int) -> None:
    """Orders that rest, by the thousand."""
    with contextlib.closing(Client(venue.endpoints[0], "alice")) as client:
        order = client.codec.encode(m.NewOrderSingle(
            session="alice", cl_ord_id=1, symbol="ACME", side="Buy", ord_type="Limit", price=Decimal(1),
            order_qty=Decimal(1)))
        for first in range(client.mark + 1, client.mark + 1 + orders, 1000):
            lines = np.repeat(order, 1000)
            lines["cl_ord_id"] = np.arange(first, first + 1000)
            client.send(lines)
        wanted = client.mark
        assert any(report["cl_ord_id"] == wanted for report in client.reports())


def all_events(venue: Venue) -> np.ndarray:
    """What the log comes to, by an engine of our own."""
    engine = Engine()
    return np.concatenate([engine.apply(lines) for lines in Reader(venue.directory)])


def of_firm(events: np.ndarray) -> np.ndarray:
    """Those of the sessions of firm, by their ids: alice, carol, auditor, former."""
    return events[np.isin(events["session"], (2, 3, 5, 7))]


def taken(copy: DropCopy, until: int, timeout_ms: int = 10_000) -> np.ndarray:
    """All events up to a command that has some."""
    found = []
    for frame in copy.frames(timeout_ms):
        found.append(frame.events)
        if frame.header.end.sequence >= until:
            return np.concatenate(found)
    raise AssertionError(f"nothing came any more before command {until}")


class Raw:
    """A client that says what it likes."""

    def __init__(self, endpoint: str, buffer: int = 0, routing_id: bytes = b"") -> None:
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.linger = 0
        if routing_id:
            self.socket.routing_id = routing_id
        if buffer:
            self.socket.rcvhwm = 1
            self.socket.rcvbuf = buffer
        self.socket.connect(endpoint)

    def say(self, *payloads: bytes) -> None:
        self.socket.send_multipart(payloads)

    def hear(self, timeout_ms: int = 10_000) -> tuple[Header, bytes]:
        assert self.socket.poll(timeout_ms), "nothing was answered"
        payload = self.socket.recv()
        return Header.decode(payload), payload

    def until(self, kind: Kind) -> Header:
        while (found := self.hear()[0]).kind != kind:
            pass
        return found

    def __enter__(self) -> "Raw":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()
        self.context.term()


def logon(name: str) -> bytes:
    return Codec().encode(m.Logon(session_name=name)).tobytes()


# ------------------------------------------------------------------------------------------------- the stream


@pytest.mark.parametrize("kept", [Bounds.events, 40], ids=["memory", "replay"])
def test_a_replay_from_any_point_is_the_live_stream_byte_for_byte(venue, kept):
    trade(venue)
    with served(venue, Bounds(events=kept)) as endpoint:
        with DropCopy(endpoint, "auditor", after=0) as live:
            trade(venue)
            expected = of_firm(all_events(venue))
            last = int(expected[-1]["sequence"])
            assert taken(live, last).tobytes() == expected.tobytes()
        # Behind whole commands, within those that have several events, and where nothing of ours is.
        points = [START, *(Point(last * part // 7) for part in range(1, 7)), Point(last - 1, 0), Point(last, 0)]
        points += [Point(int(event["sequence"]), int(event["place"])) for event in expected[5:60:11]]
        for point in points:
            wanted = behind(expected, point)
            if len(wanted):
                with DropCopy(endpoint, "auditor", after=point) as copy:
                    assert taken(copy, last).tobytes() == wanted.tobytes(), point


def test_frames_go_on_where_the_one_before_ended_and_events_lie_between(venue):
    trade(venue)
    many(venue, 2_000)
    with served(venue) as endpoint, DropCopy(endpoint, "regulator", after=0) as copy:
        before, number = START, None
        for frame in copy.frames(1_500):
            header = frame.header
            assert header.begin == before and len(frame.events) == header.count <= 511
            assert number is None or header.number > number
            keys = [(int(event["sequence"]), int(event["place"])) for event in frame.events]
            assert keys == sorted(keys) and header.begin < keys[0] and keys[-1] <= header.end
            before, number = header.end, header.number
        assert copy.live and copy.point >= before


def test_what_is_asked_for_past_the_end_is_what_is_to_come(venue):
    trade(venue)
    with served(venue) as endpoint, DropCopy(endpoint, "auditor") as copy:
        assert copy.receive(300) is None
        end = copy.point
        trade(venue, 3)
        expected = behind(of_firm(all_events(venue)), end)
        assert len(expected) and taken(copy, int(expected[-1]["sequence"])).tobytes() == expected.tobytes()


def test_an_iteration_may_stop_anywhere_and_another_client_goes_on_there(venue):
    trade(venue)
    expected = of_firm(all_events(venue))
    found = []
    with served(venue) as endpoint:
        point: Point | int = 0
        while len(found) < len(expected):
            with DropCopy(endpoint, "auditor", after=point) as copy:
                for event in copy:
                    found.append(event.tobytes())
                    if len(found) % 13 == 0 or len(found) == len(expected):
                        break
                point = copy.point
    assert b"".join(found) == expected.tobytes()


def test_it_serves_what_memory_no_longer_has_until_memory_goes_on(venue):
    """A replay hands over to the live feed, while commands keep coming."""
    trade(venue, 60)
    with served(venue, Bounds(events=30)) as endpoint, DropCopy(endpoint, "regulator", after=0) as copy:
        for _ in range(5):
            trade(venue, 4)
        expected = all_events(venue)
        assert taken(copy, int(expected[-1]["sequence"])).tobytes() == expected.tobytes()


def test_names_come_with_it(venue):
    trade(venue, 3)
    with served(venue) as endpoint, DropCopy(endpoint, "auditor", after=0) as copy:
        events = copy.codec.events(copy.receive(5_000).events)
        directory = copy.codec.directory
        assert {event.symbol for event in events if isinstance(event, m.ExecutionReport)} == {"ACME"}
        assert set(directory.participants.by_name) == {"firm"}, "whose it may see"
        assert set(directory.sessions.by_name) == {"alice", "carol", "auditor", "former"}
    with served(venue) as endpoint, DropCopy(endpoint, "regulator", after=0) as copy:
        copy.receive(5_000)
        assert set(copy.codec.directory.sessions.by_name) == {entry["name"] for entry in TABLES["session"]}


# ----------------------------------------------------------------------------------------------------- rights


@pytest.mark.parametrize(("session", "reason"), [
    ("alice", Reason.NOT_AUTHORIZED), ("operator", Reason.NOT_AUTHORIZED), ("former", Reason.SESSION_DISABLED),
    ("nobody", Reason.UNKNOWN_SESSION), ("", Reason.UNKNOWN_SESSION),
])
def test_who_has_not_the_right_gets_nothing(venue, session, reason):
    trade(venue, 2)
    with served(venue) as endpoint, Raw(endpoint) as raw:
        raw.say(logon(session or "?") + request(START))
        answers = [raw.hear()[0], raw.hear()[0]]
        assert [(answer.kind, answer.reason, answer.number) for answer in answers] == [
            (Kind.ENDED, reason, 0), (Kind.ENDED, Reason.NOT_LOGGED_ON, 0)]
        assert not raw.socket.poll(300)


def test_a_firm_sees_its_own_and_the_whole_venue_everything(venue):
    trade(venue)
    events = all_events(venue)
    last = int(of_firm(events)[-1]["sequence"])
    with served(venue) as endpoint:
        with DropCopy(endpoint, "auditor", after=0) as copy:
            seen = taken(copy, last)
            assert set(seen["session"].tolist()) <= {2, 3, 5, 7} and len(seen) == len(of_firm(events))
        with DropCopy(endpoint, "regulator", after=0) as copy:
            assert len(taken(copy, int(events[-1]["sequence"]))) == len(events)


def test_who_loses_the_right_is_ended_at_once(venue, tmp_path):
    with served(venue) as endpoint, DropCopy(endpoint, "auditor") as copy, \
            Client(venue.endpoints[0], "operator") as operator:
        assert copy.receive(200) is None
        definition = venue.codec.encode(m.SessionDefinition(
            session_name="auditor", participant="firm", rights=("Trade",))).copy()
        definition["cl_ord_id"][0] = 1
        operator.send(definition)
        assert reason_of_the_end(copy) == Reason.NOT_AUTHORIZED
        with pytest.raises(Refused, match="NOT_AUTHORIZED"):
            DropCopy(endpoint, "auditor")


def test_nobody_speaks_under_a_routing_id_of_its_own(venue):
    with served(venue) as endpoint, Raw(endpoint, routing_id=b"mine") as raw:
        raw.say(logon("regulator"))
        assert raw.hear()[0].reason == Reason.NOT_AUTHORIZED


# ------------------------------------------------------------------------------------------------------ CURVE


@pytest.fixture
def guarded(tmp_path):
    """A venue whose drop copy has an endpoint with CURVE: the venue, the endpoint, the folder of the clients' keys."""
    keys, endpoint = tmp_path / "keys", f"tcp://127.0.0.1:{free_port()}"
    keys.mkdir()
    entries = []
    for name, sessions, rights in (
        ("audit", ["auditor"], ["DropCopy"]), ("trader", ["auditor"], ["Trade"]), ("other", ["alice"], ["DropCopy"]),
        ("half", ["regulator"], ["DropCopy"]), ("whole", ["regulator"], ["DropCopy", "Operate"]),
    ):
        public, secret = security.new_pair()
        security.write_pair(keys, name, public, secret)
        entries.append({"name": name, "public": public.decode(), "sessions": sessions, "rights": rights})
    security.write_pair(keys, "stranger", *security.new_pair())
    venue = opened(tmp_path / "venue", key=entries, drop_copy={"endpoints": [{"address": endpoint, "curve": True}]})
    try:
        yield venue, endpoint, keys
    finally:
        venue.stop()


def curve(venue: Venue, endpoint: str, keys: Path, name: str, session: str, **options) -> DropCopy:
    return DropCopy(endpoint, session, key=keys / f"{name}.secret",
                    venue_key=venue.directory / "keys" / "venue.public", **options)


def test_by_curve_a_key_sees_what_its_session_and_its_rights_allow(guarded):
    venue, endpoint, keys = guarded
    trade(venue, 3)
    events = all_events(venue)
    with curve(venue, endpoint, keys, "audit", "auditor", after=0, timeout_ms=20_000) as copy:
        expected = of_firm(events)
        assert taken(copy, int(expected[-1]["sequence"])).tobytes() == expected.tobytes()
    with curve(venue, endpoint, keys, "whole", "regulator", after=0) as copy:
        assert len(taken(copy, int(events[-1]["sequence"]))) == len(events)
    for name, session in (("trader", "auditor"), ("other", "auditor"), ("half", "regulator"), ("audit", "regulator")):
        with pytest.raises(Refused, match="NOT_AUTHORIZED"):
            curve(venue, endpoint, keys, name, session)


def test_by_curve_nobody_comes_in_with_another_key_or_none(guarded):
    venue, endpoint, keys = guarded
    with curve(venue, endpoint, keys, "audit", "auditor", timeout_ms=20_000):
        with pytest.raises(NoAnswer):
            curve(venue, endpoint, keys, "stranger", "auditor", timeout_ms=700)
        with pytest.raises(NoAnswer):
            DropCopy(endpoint, "auditor", timeout_ms=700)


def test_a_key_that_is_revoked_sees_no_more(guarded):
    venue, endpoint, keys = guarded
    with curve(venue, endpoint, keys, "audit", "auditor", timeout_ms=20_000) as copy, \
            Client(venue.endpoints[0], "operator") as operator:
        assert copy.receive(200) is None
        revoked = venue.codec.encode(m.KeyDefinition(key_name="audit", disabled=True)).copy()
        revoked["cl_ord_id"][0] = 1
        operator.send(revoked)
        assert reason_of_the_end(copy) == Reason.NOT_AUTHORIZED


# ----------------------------------------------------------------------------------------------------- bounds


def test_what_was_pruned_is_unavailable_and_the_oldest_is_named(tmp_path):
    venue = opened(tmp_path / "venue")
    try:
        many(venue, 20_000)     # over a segment
    finally:
        venue.stop()
    made = take_snapshot(venue.directory).snapshot
    venue = opened_again(venue)
    try:
        prune(venue.directory, made.sequence + 1)
        trade(venue)
        with served(venue, Bounds(events=30)) as endpoint:
            with pytest.raises(ResendUnavailable) as ended:
                DropCopy(endpoint, "regulator", after=0).receive(10_000)
            assert ended.value.oldest == made.sequence
            with DropCopy(endpoint, "regulator", after=made.sequence) as copy:
                assert copy.oldest == made.sequence
                assert int(copy.receive(10_000).events[0]["sequence"]) > made.sequence
    finally:
        venue.stop()


def opened_again(venue: Venue) -> Venue:
    return Venue(venue.directory, convert(TABLES)).start()


def test_who_does_not_read_loses_its_stream_and_may_ask_again_while_others_go_on(venue):
    many(venue, 60_000)         # 7.7 MB of events
    events = all_events(venue)
    last = int(events[-1]["sequence"])
    with served(venue, Bounds(frames=2, slow_seconds=0.5)) as endpoint, Raw(endpoint, buffer=4096) as slow:
        slow.say(logon("regulator") + request(START))
        slow.until(Kind.LOGGED_ON)
        with DropCopy(endpoint, "auditor", after=0) as quick:
            assert len(taken(quick, last)) == len(of_firm(events))
        time.sleep(1.0)
        seen = [slow.hear()]
        while seen[-1][0].kind != Kind.ENDED:
            assert seen[-1][0].count or seen[-1][0].kind != Kind.EVENTS or seen[-1][0].end == START, "it was never slow"
            seen.append(slow.hear())
        ended = seen.pop()[0]
        assert ended.reason == Reason.THROTTLED and ended.end < (last, 0)
        got = np.concatenate([events_of(payload) for header, payload in seen if header.kind == Kind.EVENTS])
        with DropCopy(endpoint, "regulator", after=ended.end) as copy:
            rest = taken(copy, last)
        assert got.tobytes() + rest.tobytes() == events.tobytes(), "nothing is missing, nothing came twice"


def test_who_asks_on_and_reads_nothing_is_forgotten(venue):
    with served(venue, Bounds(frames=2, unread=8)) as endpoint, Raw(endpoint, buffer=4096) as deaf:
        deaf.say(logon("regulator"))
        deaf.until(Kind.LOGGED_ON)
        for _ in range(3_000):
            deaf.say(request(Point(LIVE_ONLY)) * 8)
        while (header := deaf.hear()[0]).reason != Reason.NOT_LOGGED_ON:
            pass
        assert header.kind == Kind.ENDED


def test_connections_and_replays_are_bounded(venue):
    many(venue, 3_000)
    bounds = Bounds(events=30, connections=3, connections_a_session=2, replays=1)
    with served(venue, bounds) as endpoint, contextlib.ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(DropCopy(endpoint, "regulator"))
        with pytest.raises(Refused, match="THROTTLED"):
            DropCopy(endpoint, "regulator")
        stack.enter_context(DropCopy(endpoint, "auditor"))
        with pytest.raises(Refused, match="THROTTLED"):
            DropCopy(endpoint, "auditor")


def test_a_second_replay_of_one_session_waits_for_its_first(venue):
    many(venue, 5_000)
    with served(venue, Bounds(events=30, frames=1)) as endpoint, Raw(endpoint, buffer=4096) as first, \
            Raw(endpoint) as second:
        first.say(logon("regulator") + request(START))
        first.until(Kind.EVENTS)
        second.say(logon("regulator") + request(START))
        second.until(Kind.DEFINITIONS)
        heartbeat = second.hear()[0]
        assert heartbeat.kind == Kind.EVENTS and heartbeat.count == 0 and heartbeat.end == START
        first.say(lines(CommandType.LOGOUT))
        while (found := second.hear()[0]).count == 0:
            assert found.kind == Kind.EVENTS
        assert found.begin == START


# ---------------------------------------------------------------------------------------------------- hostile


def lines(type: int, count: int = 1, shape: int | None = None, **fields) -> bytes:
    record = np.zeros(count, COMMAND)
    record[0]["type"] = type
    record[0]["shape"] = RECORD_VERSION << 4 | count if shape is None else shape
    for name, value in fields.items():
        record[0][name] = value
    return record.tobytes()


HOSTILE = {
    "empty": ([b""], Reason.BAD_LENGTH),
    "a byte": ([b"x"], Reason.BAD_LENGTH),
    "several frames": ([logon("regulator"), logon("regulator")], Reason.BAD_LENGTH),
    "too many lines": ([bytes(9 * LINE_BYTES)], Reason.MESSAGE_TOO_LARGE),
    "zeros": ([bytes(LINE_BYTES)], Reason.UNKNOWN_VERSION),
    "ones": ([b"\xff" * LINE_BYTES], Reason.UNKNOWN_VERSION),
    "too few lines": ([lines(CommandType.LOGON, shape=0x12)], Reason.BAD_LINE_COUNT),
    "an order": ([lines(CommandType.NEW_ORDER_SINGLE)], Reason.UNKNOWN_MSG_TYPE),
    "no name": ([lines(CommandType.LOGON, 2)], Reason.BAD_FURTHER_LINE),
    "a negative place": ([lines(CommandType.RESEND_REQUEST, quantity=-1)], Reason.RESERVED_NOT_ZERO),
    "a stream for nobody": ([request(START)], Reason.NOT_LOGGED_ON),
    "a name that is no text": ([logon("regulator")[:72] + b"\xff" * 48 + bytes(8)], Reason.UNKNOWN_SESSION),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_no_request_is_answered_and_harms_nobody(venue, what):
    trade(venue, 3)
    payloads, reason = HOSTILE[what]
    with served(venue) as endpoint, DropCopy(endpoint, "auditor", after=0) as other, Raw(endpoint) as raw:
        raw.say(*payloads)
        answer = raw.hear()[0]
        assert (answer.kind, answer.reason, answer.number) == (Kind.ENDED, reason, 0)
        raw.say(logon("regulator"))
        raw.until(Kind.LOGGED_ON)
        raw.say(*payloads)
        if what != "a stream for nobody":
            assert raw.until(Kind.ENDED).reason == reason
        expected = of_firm(all_events(venue))
        assert taken(other, int(expected[-1]["sequence"])).tobytes() == expected.tobytes()


def test_random_bytes_end_nothing_but_their_own_stream(venue):
    random = np.random.default_rng(6)
    trade(venue, 3)
    with served(venue) as endpoint, Raw(endpoint) as raw:
        raw.say(logon("regulator"))
        for _ in range(500):
            size = LINE_BYTES * int(random.integers(1, 9)) + int(random.integers(0, 2))
            message = bytearray(random.bytes(size))
            if random.integers(0, 2):
                message[4:6] = bytes([int(random.choice([33, 34, 48, 49, 51])), 0x10 | int(random.integers(0, 9))])
            raw.say(bytes(message))
        with DropCopy(endpoint, "auditor", after=0) as copy:
            expected = of_firm(all_events(venue))
            assert taken(copy, int(expected[-1]["sequence"])).tobytes() == expected.tobytes()


# ------------------------------------------------------------------------------------------------ the process


def test_its_process_may_die_and_nobody_else_is_hurt(tmp_path):
    port = free_port()
    endpoint = f"tcp://127.0.0.1:{port}"
    venue = opened(tmp_path / "venue", drop_copy={"endpoints": [endpoint]})
    try:
        trade(venue)
        with DropCopy(endpoint, "auditor", after=0, timeout_ms=20_000) as copy:
            expected = of_firm(all_events(venue))
            first = taken(copy, int(expected[-1]["sequence"]))
            point = copy.point
        process = venue.beside[-1]
        number = process.pid
        os.kill(number, signal.SIGKILL)
        trade(venue)            # the venue answers as before
        with DropCopy(endpoint, "auditor", after=point, timeout_ms=20_000) as copy:
            expected = of_firm(all_events(venue))
            rest = taken(copy, int(expected[-1]["sequence"]))
        assert first.tobytes() + rest.tobytes() == expected.tobytes()
        assert process.pid not in (0, number) and process.starts == 2
    finally:
        venue.stop()
    assert process.pid == 0


def test_a_restart_of_the_venue_goes_on_in_the_same_stream(tmp_path):
    port = free_port()
    endpoint = f"tcp://127.0.0.1:{port}"
    venue = opened(tmp_path / "venue", drop_copy={"endpoints": [endpoint]})
    try:
        trade(venue)
    finally:
        venue.stop()
    venue = Venue(venue.directory, convert(TABLES | {"drop_copy": {"endpoints": [endpoint]}})).start()
    try:
        trade(venue)
        with DropCopy(endpoint, "regulator", after=0, timeout_ms=20_000) as copy:
            expected = all_events(venue)
            assert taken(copy, int(expected[-1]["sequence"])).tobytes() == expected.tobytes()
    finally:
        venue.stop()


# --------------------------------------------------------------------------------------------- the command line


def shell(*arguments: object) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-P", "-m", "pricetime", "drop-copy", *map(str, arguments)],
                          capture_output=True, text=True, timeout=60, check=False)


def test_the_command_prints_what_the_engine_said(venue):
    trade(venue, 5)
    events = of_firm(all_events(venue))
    with served(venue) as endpoint:
        done = shell(endpoint, "--session", "auditor", "--from", 0, "--timeout", 1, "--json")
        assert done.returncode == 0 and done.stderr == ""
        found = [json.loads(line) for line in done.stdout.splitlines()]
        assert [(line["Sequence"], line["Place"]) for line in found] == [
            (int(event["sequence"]), int(event["place"])) for event in events]
        codec = Codec()
        codec.directory.load(venue.engine)
        assert done.stdout.encode() == json_lines.dumps(codec.events(events))
        middle = events[len(events) // 2]
        point = f"{middle['sequence']}.{middle['place']}"
        text = shell(endpoint, "--session", "auditor", "--from", point, "--timeout", 1).stdout.splitlines()
        assert len(text) == len(events) - len(events) // 2 - 1
        assert re.fullmatch(r"\d+\.\d+ \d{4}-\d\d-\d\dT[\d:.]+Z (alice|carol) \w+ .*Symbol=ACME.*", text[0])


@pytest.mark.parametrize(("arguments", "line"), [
    (("--from", "x"), "--from x: expected a command's sequence number, or SEQUENCE.PLACE"),
    (("--from", "1.2.3"), "--from 1.2.3: expected a command's sequence number, or SEQUENCE.PLACE"),
    (("--timeout", "-1"), "--timeout -1: expected seconds, 0 or more"),
])
def test_a_mistake_is_one_line(arguments, line):
    done = shell("tcp://127.0.0.1:1", "--session", "a", *arguments)
    assert done.returncode == 2 and done.stderr == f"pricetime drop-copy: {line}\n" and done.stdout == ""


@pytest.mark.parametrize("after", ["5", (1, 2, 3), 2.0, -1, True, (1, 2**32)])
def test_a_point_that_is_none_is_said(after):
    with pytest.raises(UserError, match="after: found .*, expected a command's sequence number, or"):
        DropCopy("tcp://127.0.0.1:1", "a", after=after)


# ------------------------------------------------------------------------------------------------- the page


def bytes_of(block: str) -> bytes:
    return bytes.fromhex("".join(line.split("  ")[1] for line in block.splitlines()))


def test_the_pages_examples_are_what_is_sent():
    sent, logged_on, events, ended = map(bytes_of, re.findall(r"```hex\n(.*?)\n```", DOCS, re.DOTALL))
    first = Codec().encode(m.Logon(session_name="auditor")).copy()
    first["sequence"][0] = 1
    assert sent == first.tobytes() + request(Point(1000))
    assert Header.decode(logged_on) == Header(Kind.LOGGED_ON, 1, Point(5000), Point(5000))
    assert Header.decode(events) == Header(Kind.EVENTS, 3, Point(1000), Point(1004, 2), 511, time=1_700_000_000 * 10**9)
    assert Header.decode(ended) == Header(
        Kind.ENDED, 3, Point(1000), Point(1000), reason=Reason.RESEND_UNAVAILABLE, oldest=2000)
    for payload in (logged_on, events, ended):
        assert Header.decode(payload).encode() == payload


def test_the_pages_header_is_the_layout():
    rows = re.findall(r"^\| (\d+) \| (\d) \| `(\w+)` \|", DOCS, re.MULTILINE)
    assert [(name, int(offset), int(size)) for offset, size, name in rows] == [
        (name, FRAME.fields[name][1], FRAME.fields[name][0].itemsize)
        for name in sorted(FRAME.names, key=lambda name: FRAME.fields[name][1])]
    assert LIVE_ONLY > 2**63 and WHOLE == 4_294_967_295 and f"{WHOLE:,}" in DOCS and EVENT.itemsize == 128
