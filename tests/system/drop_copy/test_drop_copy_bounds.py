"""Drop copies at their bounds: keys, what is pruned, who does not read, hostile bytes; nobody else is delayed."""

import contextlib
import time
from pathlib import Path

import numpy as np
import pytest
from drop_copies import (
    Raw,
    all_events,
    logon,
    many,
    of_firm,
    opened,
    opened_again,
    reason_of_the_end,
    served,
    serving,
    taken,
    trade,
)
from ports import free_port

from pricetime.gateway import messages as m
from pricetime.gateway import security
from pricetime.gateway.client import Client
from pricetime.gateway.client_errors import NoAnswer, Refused
from pricetime.gateway.drop_copy.bounds import Bounds
from pricetime.gateway.drop_copy.client import DropCopy, ResendUnavailable, request
from pricetime.gateway.drop_copy.protocol import LIVE_ONLY, START, Kind, Point, events_of
from pricetime.gateway.drop_copy.server import Server
from pricetime.gateway.venue import Venue
from pricetime.journal import take_snapshot
from pricetime.journal.packing import prune
from pricetime.matching.records import COMMAND, LINE_BYTES, RECORD_VERSION, CommandType, Reason

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


def test_who_asks_again_and_again_for_an_old_point_waits_in_one_place(venue):
    many(venue, 200)
    server = Server(venue.directory, ["tcp://127.0.0.1:0"], Bounds(events=30, replays=0))
    with serving(server), Raw(server.endpoints[0]) as raw, Raw(server.endpoints[0]) as other:
        raw.say(logon("regulator"))
        for _ in range(300):
            raw.say(request(START))
            raw.until(Kind.EVENTS)
        other.say(logon("auditor") + request(START))
        other.until(Kind.EVENTS)
    assert [stream.name for stream in server._queue] == ["regulator", "auditor"]


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
