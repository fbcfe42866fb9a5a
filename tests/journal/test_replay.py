"""Replay and verification: the same state from the log as live, in both engines; and `replay`, `verify`, `log` at
the shell."""

import argparse
import importlib
import json
from decimal import Decimal

import numpy as np
import pytest
from flow import play
from journal_logs import SEGMENT_BYTES, flip, is_first_line, journal, segment

from pricetime.__main__ import main
from pricetime.gateway import messages as m
from pricetime.gateway.cli.match import new_engine
from pricetime.gateway.codec import Codec
from pricetime.journal import Reader
from pricetime.journal.replay import replay
from pricetime.journal.verify import verify
from pricetime.matching import records
from pricetime.matching.errors import CheckFailed, UserError
from pricetime.matching.records import COMMAND, CommandType

ORDERS = 400


def commands():
    """Definitions, crossing orders, cancels, one order that is refused, a phase."""
    yield m.PartyDefinition(participant="firm", transact_time=1000)
    yield m.SessionDefinition(session_name="alice", participant="firm")
    yield m.SecurityDefinition(symbol="ACME", price_scale=2, tick_size=Decimal("0.05"), lot_size=Decimal(1))
    for number in range(1, ORDERS + 1):
        id = 2 * number
        yield m.NewOrderSingle(session="alice", cl_ord_id=id, symbol="ACME", side="Buy" if number % 2 else "Sell",
                               ord_type="Limit", price=Decimal(number % 7) + Decimal("10.05"),
                               order_qty=Decimal(number % 5), transact_time=1000 * number)
        if number % 3 == 0:
            yield m.OrderCancelRequest(session="alice", cl_ord_id=id + 1, orig_cl_ord_id=id, symbol="ACME")
    yield m.TradingSessionStatus(symbol="ACME", phase="Halted")


@pytest.fixture(scope="module")
def live():
    """The commands' lines, and the engine that has worked them off."""
    lines = Codec().encode_all(commands())
    engine = new_engine(reference=False)
    engine.apply(lines)
    return lines, engine


@pytest.fixture
def log(tmp_path, live):
    """A log of the same commands."""
    journal(tmp_path, live[0], segment_bytes=SEGMENT_BYTES)
    return tmp_path


def shell(name, *arguments):
    """Run one command of the shell; its exit status."""
    module = importlib.import_module(f"pricetime.gateway.cli.{name}")
    parser = argparse.ArgumentParser()
    module.add_arguments(parser)
    return module.run(parser.parse_args([str(argument) for argument in arguments]))


both_engines = pytest.mark.parametrize("reference", [False, True], ids=["fast", "reference"])


@both_engines
def test_the_log_gives_the_live_state(log, live, reference):
    found = verify(log, new_engine(reference))
    engine = live[1]
    assert (found.sequence, found.digest, found.event_digest) == (engine.sequence, engine.digest(), engine.event_digest)
    assert found.replayed.commands == live[1].sequence
    assert found.replayed.trades > 50


@both_engines
def test_events_are_handed_out_by_the_block_and_counted_alike(log, reference):
    seen = []
    counted = replay(Reader(log), new_engine(reference))
    shown = replay(Reader(log), new_engine(reference), on_block=lambda lines, events: seen.append(len(events)))
    assert (shown.commands, shown.events, shown.trades) == (counted.commands, counted.events, counted.trades)
    assert sum(seen) == counted.events


def digest_record(engine, wrong=0):
    """EVENT_DIGEST as a venue journals it."""
    line = np.zeros(1, COMMAND)
    line["type"], line["shape"] = CommandType.EVENT_DIGEST, records.RECORD_VERSION << 4 | 1
    line["price"], line["quantity"] = np.array(engine.event_digest, "u8").view("i8")
    line["price"] ^= wrong
    return line


@both_engines
def test_journaled_digests_are_compared(log, live, reference):
    journal(log, digest_record(live[1]), segment_bytes=SEGMENT_BYTES)
    assert verify(log, new_engine(reference)).sequence == live[1].sequence + 1


@both_engines
def test_a_digest_that_differs_names_the_command(log, live, reference):
    journal(log, digest_record(live[1], wrong=1), segment_bytes=SEGMENT_BYTES)
    with pytest.raises(CheckFailed, match=f"command {live[1].sequence + 1}: .*digest"):
        verify(log, new_engine(reference))


@both_engines
def test_a_command_that_the_door_refuses_is_not_taken_for_good(log, live, reference):
    lines = live[0][is_first_line(live[0])][-10:-9]     # an order whose ClOrdID is below the mark by now
    journal(log, lines, segment_bytes=SEGMENT_BYTES)
    with pytest.raises(CheckFailed, match="refused at the door"):
        verify(log, new_engine(reference))


def test_verify_at_the_shell(log, live, capsys):
    assert shell("verify", log) == 0
    assert live[1].digest().hex() in capsys.readouterr().out
    assert shell("verify", log, "--json", "--reference") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["digest"], found["sequence"]) == (live[1].digest().hex(), live[1].sequence)


@both_engines
def test_replay_at_the_shell_stops_where_it_is_told(log, live, capsys, reference):
    options = ["--json", *(["--reference"] if reference else [])]
    engine = new_engine(reference)
    lines = live[0][:np.flatnonzero(is_first_line(live[0]))[100]]
    engine.apply(lines)
    assert shell("replay", log, "--until", 100, *options) == 0
    until = json.loads(capsys.readouterr().out)
    assert (until["sequence"], until["digest"]) == (100, engine.digest().hex())
    assert shell("replay", log, "--at", "1970-01-01T00:00:00.00005", *options) == 0
    at = json.loads(capsys.readouterr().out)
    assert at["time"] == 50_000
    assert at["instruments"][0]["symbol"] == "ACME"


def test_replay_shows_the_state_in_words(log, live, capsys):
    assert shell("replay", log) == 0
    text = capsys.readouterr().out
    assert live[1].digest().hex() in text
    assert "ACME          halted" in text


def test_replay_prints_the_events_that_match_prints(log, live, capsysbinary):
    shell("log", log)
    text = capsysbinary.readouterr().out
    events, player = play(text, strict=True)
    assert player.engine.digest() == live[1].digest()
    assert shell("replay", log, "--events") == 0
    printed = capsysbinary.readouterr().out
    assert len(printed.splitlines()) == len(events)


def test_log_prints_a_range(log, live, capsysbinary):
    shell("log", log)
    whole = capsysbinary.readouterr().out.splitlines()
    assert len(whole) == live[1].sequence
    shell("log", log, "--from", 50, "--to", 80)
    assert capsysbinary.readouterr().out.splitlines() == whole[49:80]


def test_damage_is_status_1_and_a_wrong_directory_status_2(log, tmp_path_factory, capsys):
    flip(segment(log), 8 * (4096 + 40))
    assert main(["verify", str(log)]) == 1
    assert "damaged at offset 4096, command 1" in capsys.readouterr().err
    assert main(["verify", str(tmp_path_factory.mktemp("empty"))]) == 2
    error = capsys.readouterr().err
    assert error.startswith("pricetime verify: ") and error.count("\n") == 1


@pytest.mark.parametrize(("command", "arguments", "match"), [
    ("log", ["--from", 0], "from 1 on"),
    ("log", ["--from", 9, "--to", 8], "not behind"),
    ("log", ["--from", 10**6], "the log ends with command"),
    ("replay", ["--until", 0], "1 or more"),
    ("replay", ["--until", 10**6], "the log ends with command"),
    ("replay", ["--at", "yesterday"], "expected nanoseconds since 1970"),
])  # fmt: skip
def test_wrong_arguments_are_one_line(log, command, arguments, match):
    with pytest.raises(UserError, match=match):
        shell(command, log, *arguments)
