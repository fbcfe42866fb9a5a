"""A currency is eight bytes of a client's choice: a log with some that are no text, and with text that a terminal would
obey, is started from, read and answered from like any other."""

import io
import subprocess
import sys

import commands as c
import msgspec
import numpy as np
import pytest
import zmq

from pricetime.gateway import json_lines
from pricetime.gateway import messages as m
from pricetime.gateway.client import Client
from pricetime.gateway.venue import Venue
from pricetime.matching.errors import UserError
from pricetime.matching.records import COMMAND, CommandType
from tests.system.venues import opened, said, some, write_config

ANSWER_MS = 20_000
NO_TEXT, CONTROLS = b"\xff\xfe", b"\n\x1b[2J"
FIRM, NEW = 1, 2
COMMANDS = (
    c.define_instrument(NEW, "NEW", currency=NO_TEXT),
    c.risk_limits(FIRM, 0, c.order_limits_line(notional=5, currency=NO_TEXT)),
    c.risk_limits(FIRM, 0, c.open_limits_line(gross=5, currency=CONTROLS)),
)


@pytest.fixture
def directory(tmp_path):
    """Of a venue that acknowledged COMMANDS and has stopped."""
    venue = opened(tmp_path)
    try:
        with Client(venue.endpoints[0], "operator", full_reports=True) as operator:
            for number, command in enumerate(COMMANDS, 1):
                lines = np.frombuffer(bytearray(command), COMMAND)
                lines["cl_ord_id"][0] = number
                operator.send(lines)
            assert said(some(operator, len(COMMANDS))) == [("COMMAND_ACK", "NONE")] * len(COMMANDS)
    finally:
        venue.stop()
    return tmp_path


def pricetime(*arguments):
    done = subprocess.run([sys.executable, "-P", "-m", "pricetime", *map(str, arguments)], capture_output=True,
                          timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done


def told_maps(endpoint, *maps):
    """What a session is told that speaks MessagePack, one answer a map."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        socket.connect(endpoint)
        found = []
        for number, fields in enumerate(maps, 1):
            socket.send(msgspec.msgpack.encode(fields | {"Sequence": number}))
            assert socket.poll(ANSWER_MS), "no answer"
            found.append(msgspec.msgpack.decode(socket.recv()))
        return found


def test_a_venue_starts_again_and_says_them_in_one_line_each(directory):
    for _ in range(2):
        with Venue(directory) as venue:
            assert all(note.isprintable() for note in venue.notes), venue.notes
            limits = [note.split(" are in")[0] for note in venue.notes if note.startswith("limits")]
            assert limits == ["limits of 'firm' in the bytes fffe (max_order_notional)",
                              r"limits of 'firm' in '\n\x1b[2J' (max_gross_notional)"]
            with Client(venue.endpoints[0], "alice") as alice:
                assert alice.codec.directory.instruments.by_name["NEW"].currency == "the bytes fffe"
                alice.buy("NEW", 1)
                assert len(some(alice, 1)) == 1


def test_the_desk_answers_and_shows_them(directory):
    with Venue(directory) as venue:
        logon, listed = told_maps(
            venue.endpoints[0], {"MsgType": "Logon", "SessionName": "alice"},
            {"MsgType": "SecurityListRequest", "Session": "alice"})
    assert logon[0]["Session"] == "alice"
    assert [(row["Symbol"], row.get("Currency")) for row in listed if row["MsgType"] == "SecurityDefinition"] == [
        ("ACME", None), ("NEW", "the bytes fffe")]


def test_venue_toml_may_name_such_an_instrument_but_not_give_it_another_currency(directory):
    file = write_config(directory)
    text = file.read_text()
    file.write_text(text + '[[instrument]]\nsymbol = "NEW"\ndisabled = true\n')
    with Venue(directory) as venue:
        assert "changed instrument 'NEW': disabled from false to true" in venue.notes
    file.write_text(text + '[[instrument]]\nsymbol = "NEW"\ncurrency = "EUR"\n')
    with pytest.raises(UserError, match="found 'EUR', but in the log it is 'the bytes fffe' and can never change"):
        Venue(directory)


def test_the_log_is_printed_matched_and_replayed_to_the_same_state(directory, tmp_path):
    printed = pricetime("log", directory).stdout
    read = [message for _, message in json_lines.read(io.BytesIO(printed), "log")]
    records = [message.lines for message in read if isinstance(message, m.Record)]
    assert [(CommandType(record[4]), NO_TEXT in record) for record in records] == [
        (CommandType.SECURITY_DEFINITION, True), (CommandType.RISK_LIMITS, True)]
    assert [message.currency for message in read if isinstance(message, m.RiskLimits)] == [CONTROLS.decode()]
    (tmp_path / "log.jsonl").write_bytes(printed)
    state = pricetime("replay", directory).stdout.decode()
    digest = state.split("digest")[1].split()[0]
    for option in ((), ("--reference",)):
        assert pricetime("replay", directory, *option).stdout.decode() == state
        assert f"digest {digest}" in pricetime("match", *option, tmp_path / "log.jsonl").stderr.decode()
    pricetime("verify", directory)
