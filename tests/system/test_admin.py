"""pricetime admin and keygen against a running venue, and a day by the clock."""

import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pytest

from pricetime.__main__ import main
from pricetime.gateway import messages as m
from pricetime.gateway.codec import Codec
from pricetime.gateway.config import convert
from pricetime.gateway.security import is_key, load_public, load_secret
from pricetime.gateway.venue import Venue
from pricetime.journal.reader import Reader
from pricetime.matching.engine import Engine


@pytest.fixture
def venue(tmp_path):
    config = convert({
        "venue": {"endpoints": ["tcp://127.0.0.1:0"]}, "log": {"segment_mib": 1},
        "participant": [{"name": "firm"}],
        "session": [{"name": "alice", "participant": "firm"}, {"name": "operator", "rights": ["Operate"]},
                    {"name": "watch", "rights": ["DropCopy"]}],
        "instrument": [{"symbol": "ACME", "tick_size": "0.01"}, {"symbol": "OTHER", "tick_size": "0.01"}],
    })
    with Venue(tmp_path / "venue", config) as venue:
        yield venue


def admin(venue, *arguments):
    return main(["admin", venue.endpoints[0], *arguments])


def said(venue):
    """The log's commands as messages, behind those of the start."""
    codec, found = Codec(), []
    for block in Reader(venue.directory):
        found += codec.decode(block)
    return found


def state(venue):
    """The state that the log gives: the venue's own engine is its loop's."""
    engine = Engine()
    for block in Reader(venue.directory):
        engine.apply(block)
    return engine


def test_phases_and_halts_by_name_or_of_all(venue, capsys):
    assert admin(venue, "phase", "Continuous", "ACME", "--trade-date", "20261130") == 0
    assert capsys.readouterr().out.startswith("ACME: Continuous: done, command ")
    assert admin(venue, "halt", "--all") == 0
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == ["ACME", "OTHER"]
    given = [c for c in said(venue) if isinstance(c, m.TradingSessionStatus)]
    assert [(c.session, c.symbol, c.phase, c.trade_date) for c in given] == [
        ("operator", "ACME", "Continuous", 20261130), ("operator", "ACME", "Halted", 0),
        ("operator", "OTHER", "Halted", 0)]


def test_a_refusal_is_one_line_with_its_reason_and_status_1(venue, capsys):
    assert admin(venue, "halt", "ACME") == 0
    assert admin(venue, "halt", "ACME") == 1
    assert "ACME: Halted: refused: " in capsys.readouterr().err
    assert admin(venue, "--session", "alice", "halt", "ACME") == 1
    assert capsys.readouterr().err == (
        "pricetime admin: ACME: Halted: refused: --session: found 'alice', expected one with the right Operate; with "
        "CURVE its --key needs it, too (NOT_AUTHORIZED)\n")
    assert admin(venue, "halt", "ACME", "--session", "nobody") == 1
    assert "UNKNOWN_SESSION" in capsys.readouterr().err
    assert admin(venue, "kill", "firm", "--session", "alice") == 1
    assert "does not tell this session who its participants are" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["halt", "ACNE"], "SYMBOL: found 'ACNE', expected one of the venue's: ACME, OTHER"),
        (["halt"], "SYMBOL: expected at least one, or --all"),
        (["halt", "ACME", "--all"], "SYMBOL: expected at least one, or --all"),
        (["phase", "Open", "ACME"], "invalid choice: 'Open'"),
        (["kill", "frim"], "PARTICIPANT: found 'frim', expected one of the venue's: firm"),
        (["limits", "firm"], "limits: expected at least one"),
        (["limits", "firm", "--max-open-qty", "x"], "--max-open-qty: found 'x', expected a number"),
        (["limits", "firm", "--max-open-qty=-1", "--symbol", "ACME"],
         "--max-open-qty: found '-1', expected 0 or more, or none"),
        *[(["limits", "firm", f"--max-open-orders={number}"],
           f"--max-open-orders: found '{number}', expected a whole number from 0 to 9223372036854775807 (orders that "
           "are open at a time), or none, which takes the limit away") for number in ("-1", "1.5", "1e30")],
        (["limits", "firm", "--rate-tokens", "0", "--rate-interval-ms", "5"],
         "--rate-tokens: found '0', expected a whole number from 1 to 9223372036854775807 (orders in each "),
        (["limits", "firm", "--rate-tokens", "5"], "--rate-interval-ms: missing, expected it beside --rate-tokens"),
        *[(["limits", "firm", "--rate-tokens", "1", f"--rate-interval-ms={number}"],
           f"--rate-interval-ms: found {number}, expected 1 to 9223372036854")
          for number in (9_223_372_036_855, 10**30, -(10**30))],
        (["instrument", "ACME", "--call-duration-ms", "9223372036855"],
         "--call-duration-ms: found 9223372036855, expected 1 to 9223372036854"),
        (["limits", "firm", "--max-open-orders", "5", "--currency", "EUR"], "--currency: found 'EUR', but no notional"),
        (["limits", "firm", "--rate-tokens", "none", "--rate-interval-ms", "5"], "--rate-interval-ms: found 5, but no"),
        (["limits", "firm", "--max-order-qty", "5"],
         "--max-order-qty: found '5', but a whole participant has none; add --symbol SYMBOL"),
        (["limits", "firm", "--symbol", "ACME", "--rate-tokens", "5", "--rate-interval-ms", "5"],
         "--rate-tokens: found '5', but in 'ACME' alone there is none; leave --symbol out"),
        (["instrument", "ACME", "--collar=-1"], "--collar: found '-1', expected 0 or more"),
        (["instrument", "ACME", "--call-duration-ms=-1"], "--call-duration-ms: found '-1', expected 0 or more"),
        (["phase", "Continuous", "ACME", "--trade-date", "20261301"],
         "--trade-date: found '20261301', expected a day of the calendar as YYYYMMDD"),
        (["phase", "Continuous", "ACME", "--trade-date", "tomorrow"], "--trade-date: found 'tomorrow', expected a day"),
        (["position", "firm", "ACME", "x"], "QUANTITY: found 'x', expected a number"),
        (["key", "k"], "key: expected --public KEY, or --revoke"),
        (["key", "k", "--public", "nowhere.public"], "nowhere.public: cannot be read"),
        (["key", "k", "--revoke", "--for", "nobody"], "--for: found 'nobody', expected a session"),
        (["frobnicate"], "invalid choice: 'frobnicate'"),
        (["halt", "ACME", "--key", "k"], "expected both"),
    ],
)
def test_wrong_use_is_one_line_and_status_2(venue, capsys, arguments, error):
    before = len(said(venue))
    assert admin(venue, *arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1 and error in captured.err
    assert all(type(c) in (m.Logon, m.Logout, m.Disconnect) for c in said(venue)[before:])


def test_without_a_venue_it_says_so(capsys):
    assert main(["admin", "tcp://127.0.0.1:1", "halt", "ACME"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_limits_the_kill_switch_and_positions_by_name(venue, capsys):
    assert admin(venue, "limits", "firm", "--symbol", "ACME", "--max-order-qty", "5", "--max-open-orders", "7") == 0
    assert admin(venue, "limits", "firm", "--symbol", "ACME", "--max-open-orders", "none") == 0
    assert admin(venue, "position", "firm", "ACME", "100") == 0
    assert admin(venue, "kill", "firm") == 0
    account, = state(venue).accounts
    assert (account["order_quantity_limit"], account["open_orders_limit"], account["position"]) == (5, -1, 100)
    assert [c.on for c in said(venue) if isinstance(c, m.KillSwitch)] == [True]
    assert admin(venue, "kill", "firm", "--off") == 0
    assert {c.session for c in said(venue) if isinstance(c, m.RiskLimits | m.PositionAdjust | m.KillSwitch)} == {
        "operator"}


def test_a_notional_limit_in_a_currency_that_no_instrument_has_is_set_and_said_to_hold_nothing_back(venue, capsys):
    assert admin(venue, "limits", "firm", "--max-gross-notional", "100", "--currency", "EUR") == 0
    assert capsys.readouterr().err == (
        "pricetime admin: Currency: found 'EUR', expected none, as no instrument has a currency; MaxGrossNotional "
        "holds nothing back so far\n")
    assert admin(venue, "limits", "firm", "--max-gross-notional", "100") == 0
    assert capsys.readouterr().err == ""


def test_what_an_operator_typed_is_said_in_one_line_without_its_control_characters(venue, capsys):
    assert admin(venue, "participant", "a\nb\x1b[31m") == 1
    said = capsys.readouterr()
    assert (said.out + said.err).count("\n") == 1
    assert r"a\nb\x1b[31m: refused: NAME: found 'a\nb\x1b[31m', expected 1 to 48" in said.err


def test_a_symbol_that_is_named_twice_counts_once(venue, capsys):
    assert admin(venue, "phase", "Halted", "ACME", "ACME") == 0
    assert capsys.readouterr().out.count("done") == 1


def test_definitions_while_the_venue_runs(venue, capsys):
    assert admin(venue, "participant", "house") == 0
    assert admin(venue, "session", "carol", "--participant", "house", "--rights", "Trade", "Risk") == 0
    assert admin(venue, "session", "own", "--cancel-on-disconnect") == 0
    assert admin(venue, "instrument", "NEW", "--tick-size", "0.5", "--lot-size", "10", "--currency", "EUR") == 0
    assert admin(venue, "instrument", "NEW", "--max-order-qty", "1000") == 0
    assert admin(venue, "participant", "house", "--disabled") == 0
    engine = state(venue)
    assert [row["name"].decode() for row in engine.sessions][-2:] == ["carol", "own"]
    assert engine.participants[engine.participant_id("house") - 1]["flags"] == 1
    new = engine.instruments[engine.instrument_id("NEW") - 1]
    assert (new["tick_size"], new["lot_size"], new["max_order_quantity"], new["currency"]) == (5, 10, 1000, b"EUR")
    assert admin(venue, "phase", "Continuous", "NEW", "--json") == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result == {"Command": "phase", "What": "NEW: Continuous", "Sequence": result["Sequence"]}


def test_a_key_is_given_by_its_file_and_revoked(venue, tmp_path, capsys):
    assert main(["keygen", str(tmp_path / "laptop")]) == 0
    assert admin(venue, "key", "laptop", "--public", str(tmp_path / "laptop.public"), "--for", "alice", "watch",
                 "--rights", "Trade", "DropCopy") == 0
    assert admin(venue, "key", "laptop", "--revoke") == 0
    given = [c for c in said(venue) if isinstance(c, m.KeyDefinition)]
    assert [(c.session, c.key_name, c.target_session, c.rights, c.disabled) for c in given] == [
        ("operator", "laptop", "alice", ("Trade", "DropCopy"), False),
        ("operator", "laptop", "watch", ("Trade", "DropCopy"), False), ("operator", "laptop", None, (), True)]
    assert given[0].public.encode() == load_public(tmp_path / "laptop.public")


@pytest.fixture
def keyed(tmp_path):
    """A venue with keys, given to an operator on this machine: op-key in laptop.public, by its file."""
    for name in ("laptop", "other"):
        assert main(["keygen", str(tmp_path / name)]) == 0
    config = convert({
        "venue": {"endpoints": ["tcp://127.0.0.1:0"]}, "log": {"segment_mib": 1},
        "session": [{"name": "operator", "rights": ["Operate"]}, {"name": "alice"}, {"name": "bob"}],
        "key": [{"name": "op-key", "public": load_public(tmp_path / "laptop.public").decode(),
                 "sessions": ["operator"], "rights": ["Operate"]}],
    })
    with Venue(tmp_path / "venue", config) as venue:
        yield venue


def test_a_key_that_does_not_take_effect_is_refused_in_one_line_and_not_journaled(keyed, tmp_path, capsys):
    before, public = len(said(keyed)), load_public(tmp_path / "laptop.public").decode()
    capsys.readouterr()
    assert admin(keyed, "key", "q", "--public", str(tmp_path / "laptop.public"), "--for", "alice") == 1
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert told.err.endswith(
        f"key q for alice given: refused: Public: found {public!r}, expected one that no key of another name has; "
        "revoke that key first, or make another by `pricetime keygen` (NAME_TAKEN)\n")
    assert admin(keyed, "key", "bob-key", "--revoke") == 1
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert told.err.endswith(
        "key bob-key revoked: refused: KeyName: found 'bob-key', expected a key that the venue has; nothing is to be "
        "done: it was never given, or is revoked already (NAME_INVALID)\n")
    assert admin(keyed, "key", "a\u00a0b", "--public", str(tmp_path / "other.public")) == 1
    assert "KeyName: found 'a\\xa0b', expected letters that can be printed" in capsys.readouterr().err
    assert [c for c in said(keyed)[before:] if isinstance(c, m.KeyDefinition)] == []


def test_a_key_is_revoked_once(keyed, tmp_path, capsys):
    assert admin(keyed, "key", "bob-key", "--public", str(tmp_path / "other.public"), "--for", "bob") == 0
    assert admin(keyed, "key", "bob-key", "--revoke", "--for", "bob") == 0
    capsys.readouterr()
    assert admin(keyed, "key", "bob-key", "--revoke", "--json") == 0
    done = json.loads(capsys.readouterr().out)
    assert done == {"Command": "key", "What": "key bob-key revoked", "Sequence": done["Sequence"]}
    assert admin(keyed, "key", "bob-key", "--revoke", "--json") == 1
    refused = json.loads(capsys.readouterr().out)
    assert refused["Reason"] == "NAME_INVALID"


def test_a_key_gets_another_name_by_revoking_it_and_giving_it_anew(keyed, tmp_path):
    assert admin(keyed, "key", "bob-key", "--public", str(tmp_path / "other.public"), "--for", "bob") == 0
    assert admin(keyed, "key", "bobs", "--public", str(tmp_path / "other.public"), "--for", "bob") == 1
    assert admin(keyed, "key", "bob-key", "--revoke") == 0
    assert admin(keyed, "key", "bobs", "--public", str(tmp_path / "other.public"), "--for", "bob") == 0
    keyed.stop()
    public = load_public(tmp_path / "other.public")
    assert {name: key.public for name, key in keyed.keys.keys.items() if name != "op-key"} == {"bobs": public}
    config = keyed.config
    config.key.append(msgspec.structs.replace(config.key[0], name="bobs", public=public.decode(), sessions=["bob"],
                                              rights=["Trade"]))
    with Venue(keyed.directory, config) as again:
        assert [note for note in again.notes if "key" in note] == []


def test_it_comes_in_by_a_key_where_the_endpoint_has_curve(tmp_path, capsys):
    for name in ("desk", "stranger"):
        assert main(["keygen", str(tmp_path / name)]) == 0
    config = convert({
        "venue": {"endpoints": [{"address": "tcp://127.0.0.1:0", "curve": True}]}, "log": {"segment_mib": 1},
        "session": [{"name": "operator", "rights": ["Operate"]}, {"name": "alice"}],
        "instrument": [{"symbol": "ACME", "tick_size": "0.01"}],
        "key": [{"name": "desk", "public": load_public(tmp_path / "desk.public").decode(), "sessions": ["operator"],
                 "rights": ["Operate"]}],
    })
    with Venue(tmp_path / "venue", config) as venue:
        venue_key = str(tmp_path / "venue" / "keys" / "venue.public")
        by = ["--key", str(tmp_path / "desk.secret"), "--venue-key", venue_key]
        assert admin(venue, *by, "halt", "ACME") == 0
        capsys.readouterr()
        assert admin(venue, *by, "--session", "alice", "halt", "ACME") == 1
        assert "NOT_AUTHORIZED" in capsys.readouterr().err
        by = ["--key", str(tmp_path / "stranger.secret"), "--venue-key", venue_key]
        assert admin(venue, *by, "halt", "ACME") in (1, 2)
        assert capsys.readouterr().err.count("\n") == 1
        # The desk's public key in the place of a secret one is no key to come in by.
        assert admin(venue, "--key", str(tmp_path / "desk.public"), "--venue-key", venue_key, "halt", "ACME") == 2
        assert "found no secret key" in capsys.readouterr().err


# ------------------------------------------------------------------------------------------------------ keygen


def test_keygen_makes_a_pair_and_prints_what_the_file_takes(tmp_path, capsys):
    assert main(["keygen", str(tmp_path / "it's")]) == 0
    printed = capsys.readouterr().out
    public, secret = load_secret(tmp_path / "it's.secret")
    import tomllib

    entry, = tomllib.loads(printed)["key"]
    assert entry == {"name": "it's", "public": public.decode(), "sessions": [], "rights": ["Trade"]}
    assert is_key(public) and secret.decode() not in printed


def test_keygen_never_overwrites(tmp_path, capsys):
    assert main(["keygen", str(tmp_path / "k")]) == 0
    before = (tmp_path / "k.secret").read_bytes()
    assert main(["keygen", str(tmp_path / "k")]) == 2
    assert "is there already" in capsys.readouterr().err
    assert (tmp_path / "k.secret").read_bytes() == before


@pytest.mark.parametrize("name", ["x" * 49, "a\nb", "nowhere/k"])
def test_keygen_takes_names_that_a_key_can_have(tmp_path, monkeypatch, capsys, name):
    monkeypatch.chdir(tmp_path)
    assert main(["keygen", name]) == 2
    assert capsys.readouterr().err.count("\n") == 1 and not list(tmp_path.iterdir())


# ------------------------------------------------------------------------------------------ a day by the clock


def config_of_day(entries, **schedule):
    return convert({
        "venue": {"endpoints": ["tcp://127.0.0.1:0"]}, "log": {"segment_mib": 1},
        "session": [{"name": "operator", "rights": ["Operate"]}],
        "instrument": [{"symbol": "ACME", "tick_size": "0.01"}, {"symbol": "OTHER", "tick_size": "0.01"}],
        "schedule": {"weekdays": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
                     "entries": entries, **schedule},
    })


def phases(venue):
    return [(c.session, c.symbol, c.phase, c.trade_date) for c in said(venue) if isinstance(c, m.TradingSessionStatus)]


def test_a_start_in_the_middle_of_a_day_journals_the_phase_that_stands(tmp_path):
    config = config_of_day([{"at": "00:00", "phase": "PreOpen"}])
    today = int(f"{datetime.now(UTC):%Y%m%d}")
    with Venue(tmp_path, config) as venue:
        assert "ACME: PreOpen by the schedule" in venue.notes
        days = {today, int(f"{datetime.now(UTC):%Y%m%d}")}
    found = phases(venue)
    assert [(session, symbol, phase) for session, symbol, phase, _ in found] == [
        (None, "ACME", "PreOpen"), (None, "OTHER", "PreOpen")]
    assert {date for *_, date in found} <= days
    with Venue(tmp_path, config) as venue:
        assert not [note for note in venue.notes if "by the schedule" in note]
    assert phases(venue) == found


def test_a_halted_instrument_is_left_halted_by_a_start(tmp_path, capsys):
    with Venue(tmp_path, config_of_day([])) as venue:
        assert admin(venue, "halt", "ACME") == 0
    with Venue(tmp_path, config_of_day([{"at": "00:00", "phase": "PreOpen"}])) as venue:
        assert [line for line in venue.notes if "by the schedule" in line] == ["OTHER: PreOpen by the schedule"]


def test_the_venue_moves_the_phases_when_their_time_comes(tmp_path):
    soon = datetime.now(UTC) + timedelta(seconds=2)
    entries = [{"at": f"{soon:%H:%M:%S}", "phase": "PreOpen", "symbols": ["ACME"]},
               {"at": "23:59:59", "phase": "Closed"}]
    with Venue(tmp_path, config_of_day(entries)) as venue:
        assert phases(venue) == []      # Closed since yesterday, as they are
        deadline = time.monotonic() + 20
        while not phases(venue):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert phases(venue) == [(None, "ACME", "PreOpen", int(f"{soon:%Y%m%d}"))]


def test_serve_says_what_it_listens_on_and_its_key(tmp_path):
    (tmp_path / "venue.toml").write_text(
        '[venue]\nendpoints = [{address = "tcp://127.0.0.1:0", curve = true}]\n[log]\nsegment_mib = 1\n')
    process = subprocess.Popen([sys.executable, "-P", "-m", "pricetime", "serve", str(tmp_path)],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline().startswith("run 1 on tcp://127.0.0.1:")
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=20)
    public = load_public(tmp_path / "keys" / "venue.public").decode()
    assert f"public key of this venue: {public} (keys/venue.public)" in errors
    assert process.returncode == 0


def test_a_start_that_is_refused_makes_no_keys(tmp_path, capsys):
    (tmp_path / "venue.toml").write_text(
        '[venue]\nendpoints = [{address = "tcp://127.0.0.1:0", curve = true}]\n'
        '[[instrument]]\nsymbol = "ACME"\ntick_size = "0"\n')
    assert main(["serve", str(tmp_path)]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["venue.toml"]
    assert np.ndim(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('endpoints = ["tcp://0.0.0.0:7001"]', 'for its own machine only; {address = "tcp://0.0'),
        ('endpoints = ["tcp://[::]:7001"]', "without CURVE keys a venue is for its own machine only"),
        ('endpoints = [{address = "tcp://example.org:7001", curve = true}]', "expected tcp://ADDRESS:PORT"),
        ('endpoints = [{address = "udp://1.2.3.4:7001", curve = true}]', "expected tcp://ADDRESS:PORT"),
        ('endpoints = [{addres = "tcp://127.0.0.1:1"}]', "unknown key 'addres'; the nearest that there is: 'address'"),
        ('endpoints = [{address = "tcp://127.0.0.1:1", curve = 1}]', "found 1, expected true or false"),
        ('endpoints = [7]', "found 7, expected text or a table"),
    ],
)
def test_endpoints_that_cannot_be(tmp_path, capsys, text, error):
    (tmp_path / "venue.toml").write_text(f"[venue]\n{text}\n")
    assert main(["serve", str(tmp_path)]) == 2
    captured = capsys.readouterr().err
    assert captured.count("\n") == 1 and error in captured


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('time_zone = "Europe/Berln"', "[schedule] time_zone: found 'Europe/Berln', expected one like Europe/Berlin"),
        ('time_zone = "../../etc/passwd"', "[schedule] time_zone: found"),
        ('entries = [{at = "9:00", phase = "PreOpen"}]', 'found \'9:00\', expected a time of the day like "09:00"'),
        ('entries = [{at = "24:00", phase = "PreOpen"}]', "expected a time of the day"),
        ('entries = [{at = "09:00", phase = "Preopen"}]', "found 'Preopen', expected one of Closed, PreOpen"),
        ('entries = [{at = "09:00", phase = "PreOpen", symbols = ["AC"]}]', "no [[instrument]] 'AC'"),
        ('entries = [{at = "09:00", phas = "PreOpen"}]', "unknown key 'phas'; the nearest that there is: 'phase'"),
        ('holidays = ["Christmas"]', "found 'Christmas', expected a date like 2026-12-25"),
        ('weekdays = ["Mon"]', "found 'Mon', expected one of Monday"),
        ('weekdays = []\nentries = [{at = "09:00", phase = "PreOpen"}]', "weekdays: found none"),
    ],
)
def test_schedules_that_cannot_be(tmp_path, capsys, text, error):
    (tmp_path / "venue.toml").write_text(
        f'[venue]\nendpoints = ["tcp://127.0.0.1:0"]\n[schedule]\n{text}\n[[instrument]]\nsymbol = "ACME"\n')
    assert main(["serve", str(tmp_path)]) == 2
    captured = capsys.readouterr().err
    assert captured.count("\n") == 1 and error in captured
