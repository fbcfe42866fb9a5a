"""pricetime admin where a venue says no: what it tells of a refusal, how it keeps to [limits], what was not done."""

import pytest

from pricetime.__main__ import main
from pricetime.gateway import messages as m
from pricetime.gateway.cli import admin as command
from pricetime.gateway.client import Client, NoAnswer
from pricetime.gateway.config import convert
from pricetime.gateway.venue import Venue

MANY = [f"A{number:02}" for number in range(12)]


def opened(directory, symbols, **limits):
    return Venue(directory, convert({
        "venue": {"endpoints": ["tcp://127.0.0.1:0"]}, "log": {"segment_mib": 1}, "limits": limits,
        "participant": [{"name": "firm"}, {"name": "other"}],
        "session": [{"name": "alice", "participant": "firm"}, {"name": "operator", "rights": ["Operate"]}],
        "instrument": [{"symbol": symbol, "tick_size": "0.01", "currency": "EUR"} for symbol in symbols],
    }))


@pytest.fixture(scope="module")
def venue(tmp_path_factory):
    """Its ACME is in PreOpen of a day; nothing else is done at it."""
    with opened(tmp_path_factory.mktemp("venue"), ["ACME"]) as venue:
        assert admin(venue, "phase", "PreOpen", "ACME", "--trade-date", "20261130") == 0
        yield venue


def admin(venue, *arguments):
    return main(["admin", venue.endpoints[0], *arguments])


FOR_EVER = "leave %s out, or give the instrument another symbol (TERMS_CHANGED)"
NAME = "1 to 48 bytes of UTF-8 without control characters; take another name (NAME_INVALID)"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ("instrument ACME --tick-size 0.05",
         f"--tick-size: found 0.05, expected 0.01, which it has for ever; {FOR_EVER % '--tick-size'}"),
        ("instrument ACME --currency USD",
         f"--currency: found 'USD', expected 'EUR', which it has for ever; {FOR_EVER % '--currency'}"),
        ("instrument ACME --hidden-allowed",
         f"--hidden-allowed: found true, expected false, which it has for ever; {FOR_EVER % '--hidden-allowed'}"),
        ("instrument ACME --dynamic-band 5",
         "--dynamic-band: found 5, expected a call duration beside it; add --call-duration-ms MS (LIMIT_INVALID)"),
        ("instrument ACME --call-duration-ms 0", "--call-duration-ms: found 0, expected 1 or more; change "
         "--call-duration-ms, or leave it out (LIMIT_INVALID)"),
        ("instrument ACME --reference-price -1", "--reference-price: found -1, expected more than 0; change "
         "--reference-price, or leave it out (LIMIT_INVALID)"),
        ("instrument NEW --tick-size 0",
         "--tick-size: found 0, expected more than 0; change --tick-size, or leave it out (TICK_INVALID)"),
        ("instrument a\tb", rf"SYMBOL: found 'a\tb', expected {NAME}"),
        ("participant a\tb", rf"NAME: found 'a\tb', expected {NAME}"),
        ("session a\tb --participant firm", rf"NAME: found 'a\tb', expected {NAME}"),
        ("session alice --participant other", "--participant: found 'other', expected 'firm', whose it is for ever; "
         "leave --participant out, or give the session another name (PARTICIPANT_CHANGED)"),
        ("phase PreOpen ACME", "PHASE: found PreOpen, expected another one: ACME is PreOpen already; nothing is to be "
         "done (PHASE_UNCHANGED)"),
        ("phase Closed ACME --trade-date 20261129", "--trade-date: found 20261129, expected the day that ACME is in, "
         "or a later one; without --trade-date it keeps its day (TRADE_DATE_INVALID)"),
        ("limits firm --rate-tokens 5 --rate-interval-ms 0", "--rate-interval-ms: found 0, expected 1 or more; change "
         "--rate-interval-ms, or leave it out (LIMIT_INVALID)"),
        ("limits firm --symbol ACME --max-order-notional 5 --currency USD", "--currency: found 'USD', expected the "
         "instrument's, 'EUR', or none; change --currency, or leave it out (LIMIT_INVALID)"),
    ],
)
def test_a_refusal_names_option_found_expected_and_remedy(venue, capsys, arguments, why):
    assert admin(venue, *arguments.split(" ")) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and error.endswith(f": refused: {why}\n")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (f"session {49 * 'x'}", f"NAME: found '{49 * 'x'}', expected at most 48 bytes of UTF-8 without zeros"),
        (f"session {49 * 'x'} --participant firm",
         f"NAME: found '{49 * 'x'}', expected at most 48 bytes of UTF-8 without zeros"),
        (f"instrument NEW --tick-size 1 --currency {9 * 'x'}",
         "--currency: found 'xxxxxxxxx', expected at most 8 bytes of UTF-8 without zeros"),
    ],
)
def test_what_no_record_has_room_for_is_told_by_its_option(venue, capsys, arguments, why):
    assert admin(venue, *arguments.split(" ")) == 2
    assert capsys.readouterr().err.strip() == f"pricetime admin: {why}"


def test_what_was_refused_does_not_change_what_is_known_of_an_instrument(venue):
    with Client(venue.endpoints[0], "operator") as client:
        known = dict(client.codec.directory.instruments.by_name)
        tick = command.decimal("--tick-size", "0.05")
        for _ in range(2):
            for symbol, reason in (("ACME", "TERMS_CHANGED"), ("a\tb", "NAME_INVALID")):
                result = command.outcome(client, m.SecurityDefinition(symbol=symbol, tick_size=tick))
                assert result["Reason"] == reason
        assert client.codec.directory.instruments.by_name == known


@pytest.mark.parametrize("limits", [{"messages_per_second": 5}, {"orders_per_second": 5}], ids=str)
def test_many_targets_are_told_no_faster_than_the_limits_allow_and_all_of_them(tmp_path, capsys, limits):
    with opened(tmp_path / "venue", MANY, **limits) as venue:
        assert admin(venue, "halt", "--all") == 0
        assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == MANY
        assert venue.loop.counters["throttled"] < 5


def test_names_that_come_too_fast_are_asked_for_again(tmp_path, capsys):
    with opened(tmp_path / "venue", MANY, messages_per_second=2) as venue:
        assert admin(venue, "kill", "firm") == 0
        assert venue.loop.counters["throttled"]


def test_where_the_session_is_ended_what_was_not_done_is_named_and_the_status_is_1(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(command, "WINDOW_SECONDS", 0.0)     # a hasty one
    monkeypatch.setattr(command, "TRIES_MAX", 1_000)
    with opened(tmp_path / "venue", MANY, messages_per_second=1, orders_per_second=10) as venue:
        assert admin(venue, "halt", "--all") == 1
        said = capsys.readouterr()
    done = [line.split(":")[0] for line in said.out.splitlines()]
    left = ", ".join(f"{symbol}: Halted" for symbol in MANY[len(done):])
    assert said.err == f"pricetime admin: session 'operator' was ended by the venue: THROTTLED; not done: {left}\n"


def test_where_nobody_says_what_came_of_one_it_is_named_and_so_is_what_was_not_done(venue, capsys, monkeypatch):
    def nobody(client, message):
        raise NoAnswer("tcp://nowhere did not answer")

    monkeypatch.setattr(command, "outcome", nobody)
    assert admin(venue, "session", "new", "--session", "operator") == 2
    assert capsys.readouterr().err == (
        "pricetime admin: tcp://nowhere did not answer; participant new: not known to be done: the log has it, or has "
        "it not; not done: session new\n")


def test_what_stays_too_fast_is_refused_in_words(venue, capsys, monkeypatch):
    monkeypatch.setattr(command, "WINDOW_SECONDS", 0.0)
    asked = []
    refused = {"Sequence": 0, "Reason": "THROTTLED"}
    monkeypatch.setattr(command, "_outcome", lambda *asking: asked.append(asking) or refused)
    assert admin(venue, "halt", "ACME") == 1
    assert len(asked) == command.TRIES_MAX
    assert capsys.readouterr().err == (
        "pricetime admin: ACME: Halted: refused: the session sends faster than [limits] of the venue allows; give the "
        "command again later (THROTTLED)\n")
