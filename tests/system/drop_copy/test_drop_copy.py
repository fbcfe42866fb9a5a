"""Drop copies: the stream from any point, byte for byte; who sees what; its process may die; the command; the page."""

import json
import os
import re
import signal
import subprocess
import sys

import pytest
from drop_copies import (
    DOCS,
    TABLES,
    Raw,
    all_events,
    logon,
    many,
    of_firm,
    opened,
    reason_of_the_end,
    served,
    taken,
    trade,
)
from ports import free_port

from pricetime.gateway import json_lines
from pricetime.gateway import messages as m
from pricetime.gateway.client import Client
from pricetime.gateway.client_errors import Refused
from pricetime.gateway.codec import Codec
from pricetime.gateway.config import convert
from pricetime.gateway.drop_copy.bounds import Bounds
from pricetime.gateway.drop_copy.client import DropCopy, request
from pricetime.gateway.drop_copy.protocol import FRAME, LIVE_ONLY, START, WHOLE, Header, Kind, Point, behind
from pricetime.gateway.venue import Venue
from pricetime.matching.errors import UserError
from pricetime.matching.records import EVENT, Reason

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
