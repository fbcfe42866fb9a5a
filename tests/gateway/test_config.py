"""venue.toml: what is wrong in it is one line that names the key, and what it says becomes commands."""

from decimal import Decimal
from typing import Any, get_type_hints

import msgspec
import pytest

from pricetime.gateway import messages as m
from pricetime.gateway.codec import Codec
from pricetime.gateway.config import NO_LIMIT_KEY, SECTIONS, convert, load
from pricetime.gateway.definitions import differences, unnamed
from pricetime.gateway.field_checks import value_type
from pricetime.gateway.rehearsal import rehearse
from pricetime.matching import records
from pricetime.matching.engine import Engine
from pricetime.matching.errors import UserError
from pricetime.matching.reference.engine import Engine as ReferenceEngine
from tests.gateway.simulation import Simulation

VENUE = {"endpoints": ["tcp://127.0.0.1:7001"]}


def wrong(tables: dict[str, Any]) -> str:
    with pytest.raises(UserError) as error:
        convert(tables)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("tables", "key", "near"),
    [
        ({"venue": VENUE | {"endpoint": 1}}, "endpoint", "endpoints"),
        ({"venue": VENUE, "logs": {}}, "logs", "log"),
        ({"venue": VENUE, "log": {"segment_mb": 3}}, "segment_mb", "segment_mib"),
        ({"venue": VENUE, "instrument": [{"symbol": "A", "ticksize": 1}]}, "ticksize", "tick_size"),
        ({"venue": VENUE, "session": [{"name": "A"}, {"name": "B", "right": []}]}, "right", "rights"),
        ({"venue": VENUE, "instrument": [{"symbol": "A", "colar": 1}]}, "colar", "collar"),
        ({"venue": VENUE, "instrument": [{"symbol": "A", "call_duration": 1}]}, "call_duration", "call_duration_ms"),
        ({"venue": VENUE, "risk": [{"participant": "A", "max_positon": 1}]}, "max_positon", "max_position"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_known_one(tables, key, near):
    message = wrong(tables)
    assert f"unknown key {key!r}" in message
    assert f"{near!r}" in message


@pytest.mark.parametrize(
    ("tables", "named"),
    [
        ({}, "venue"),
        ({"venue": {}}, "endpoints"),
        ({"venue": VENUE | {"max_connections": 0}}, "max_connections"),
        ({"venue": VENUE | {"clock": "sundial"}}, "clock"),
        ({"venue": VENUE, "session": [{"name": "a", "rights": ["All"]}]}, "rights"),
        (
            {"venue": VENUE, "session": [{"name": "a", "participant": "frm"}], "participant": [{"name": "firm"}]},
            "'firm'",
        ),
        ({"venue": VENUE, "session": [{"name": "a"}, {"name": "a"}]}, "twice"),
        ({"venue": VENUE, "instrument": [{"symbol": "a", "tick_size": "one"}]}, "tick_size"),
        ({"venue": VENUE, "instrument": [{"symbol": "a", "call_duration_ms": 0}]}, "call_duration_ms"),
        ({"venue": VENUE, "instrument": [{"symbol": "a", "iceberg_parts_max": 0}]}, "iceberg_parts_max"),
    ],
)
def test_a_wrong_value_is_named_with_its_place(tables, named):
    assert named in wrong(tables)


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"venue": VENUE | {"clock": "sundial"}}, "[venue.clock]: found 'sundial', expected one of machine, flow"),
        (
            {"venue": VENUE, "session": [{"name": "a", "rights": ["All"]}]},
            "found 'All', expected one of Trade, Operate, Risk, DropCopy, MarketData",
        ),
        ({"venue": {"endpoints": "ipc://x"}}, "[venue.endpoints]: found 'ipc://x', expected a list"),
        ({"venue": VENUE | {"max_connections": "7"}}, "found '7', expected a whole number"),
        ({"venue": VENUE | {"max_connections": Decimal("7.5")}}, "found 7.5, expected a whole number"),
        ({"venue": VENUE, "log": {"segment_mib": False}}, "[log.segment_mib]: found false, expected a whole number"),
        ({"venue": VENUE, "log": {"segment_mib": 0}}, "[log.segment_mib]: found 0, expected a whole number >= 1"),
        ({"venue": VENUE, "instrument": [{"symbol": "a", "tick_size": []}]}, "found a list, expected a decimal number"),
        ({"venue": VENUE, "instrument": [{"symbol": "a", "tick_size": "x"}]}, "found 'x', expected a decimal number"),
        ({"venue": VENUE, "session": {"name": "a"}}, "[session]: found a table, expected a list: write [[session]]"),
        ({"venue": [VENUE]}, "[venue]: found a list, expected a table: write [venue]"),
        ({}, "venue.toml: [venue]: missing, expected it"),
        ({"venue": {}}, "venue.toml: [venue.endpoints]: missing, expected it"),
        ({"venue": VENUE, "session": [{"name": "a"}, {}]}, "[session[1].name]: missing, expected it"),
    ],
)
def test_a_wrong_value_is_told_in_the_words_of_the_file(tables, said):
    assert said in wrong(tables)


FIRM = {"venue": VENUE, "participant": [{"name": "firm"}], "instrument": [{"symbol": "ACME"}]}


def bounds_of_keys() -> list[tuple[str, str, int, int]]:
    """Section, key, bound and the next number outside, of each whole number that becomes a part of a command."""
    found = []
    for section in ("instrument", "risk"):
        hints = get_type_hints(SECTIONS[section], include_extras=True)
        for key, hint in hints.items():
            info = value_type(hint)
            if isinstance(info, msgspec.inspect.IntType):
                found += [(section, key, info.ge, info.ge - 1), (section, key, info.le, info.le + 1)]
    return found


@pytest.mark.parametrize(("section", "key", "bound", "outside"), bounds_of_keys())
def test_the_bounds_of_a_key_are_what_the_engine_takes(section, key, bound, outside):
    beside = {"rate_tokens": {"rate_interval_ms": 1}, "rate_interval_ms": {"rate_tokens": 1}}.get(key, {})
    entry = {"symbol": "ACME"} if section == "instrument" else {"participant": "firm"}
    entry |= {} if bound == NO_LIMIT_KEY else beside
    rehearse(convert(FIRM | {section: [entry | {key: bound}]}), Engine(), "venue.toml")
    assert key in wrong(FIRM | {section: [entry | {key: outside}]})


def test_there_are_bounds_of_keys():
    keys = {key for _, key, _, _ in bounds_of_keys()}
    assert keys >= {"price_scale", "call_duration_ms", "iceberg_parts_max", "rate_tokens", "max_open_orders"}


@pytest.mark.parametrize("table", ["participant", "session", "instrument"])
def test_a_name_has_at_most_48_bytes(table):
    key = "symbol" if table == "instrument" else "name"
    rehearse(convert({"venue": VENUE, table: [{key: "\u00fc" * 24}]}), Engine(), "venue.toml")
    with pytest.raises(UserError, match=rf"^venue.toml: ..{table}.. '\u00fc*' {key}: found .*, expected at most 48 b"):
        rehearse(convert({"venue": VENUE, table: [{key: "\u00fc" * 25}]}), Engine(), "venue.toml")


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([{"at": "09:00", "phase": "Continuous"}, {"at": "09:00:00", "phase": "Closed"}],
         "entries at 09:00:00: found Continuous and Closed for 'ACME', expected one phase at a time"),
        ([{"at": "09:00", "phase": "PreOpen", "symbols": ["ACME"]}, {"at": "09:00", "phase": "Closed"}],
         "entries at 09:00: found PreOpen and Closed for 'ACME', expected one phase at a time"),
        ([{"at": "09:00", "phase": "PreOpen", "symbols": ["ACME"]},
          {"at": "09:00", "phase": "Closed", "symbols": ["OTHER"]}, {"at": "09:00", "phase": "PreOpen"}],
         "entries at 09:00: found Closed and PreOpen for 'OTHER', expected one phase at a time"),
    ],
)
def test_a_schedule_says_one_phase_at_a_time(entries, said):
    table = {"venue": VENUE, "instrument": [{"symbol": "ACME"}, {"symbol": "OTHER"}], "schedule": {"entries": entries}}
    assert said in wrong(table)
    entries[1]["at"] = "10:00"
    convert(table)


@pytest.mark.parametrize(
    ("risk", "said"),
    [
        ([{"participant": "frm"}], "[[risk]] of 'frm': no such participant; the nearest that there is: 'firm'"),
        ([{"participant": "firm", "symbol": "ACNE"}],
         "[[risk]] of 'firm' in 'ACNE': no [[instrument]] 'ACNE'; the nearest that there is: 'ACME'"),
        ([{"participant": "firm", "max_position": 5}],
         "[[risk]] of 'firm' max_position: found 5, but a whole participant has none; name a symbol"),
        ([{"participant": "firm", "symbol": "ACME", "rate_tokens": 5, "rate_interval_ms": 1}],
         "[[risk]] of 'firm' in 'ACME' rate_tokens: found 5, but leave the symbol out"),
        ([{"participant": "firm", "max_gross_notional": "-2"}],
         "max_gross_notional: found -2, expected 0 or more, or -1 for no limit"),
        ([{"participant": "firm", "max_gross_notional": "NaN"}], "max_gross_notional: found NaN, expected 0 or more"),
        ([{"participant": "firm", "rate_tokens": 5}], "rate_interval_ms: missing, expected it beside rate_tokens"),
        ([{"participant": "firm", "rate_interval_ms": 5}], "rate_tokens: missing, expected it beside rate_interval_ms"),
        ([{"participant": "firm", "max_open_orders": 1}, {"participant": "firm", "rate_tokens": -1}],
         "[[risk]] of 'firm': stands there twice for one currency"),
        ([{"participant": "firm", "currency": name, "max_open_orders": 5} for name in ("EUR", "USD")],
         "[[risk]] of 'firm' max_open_orders: stands there twice, and it has no currency"),
        ([{"participant": "firm", "symbol": "ACME"} | limits for limits in
          ({"max_position": 5}, {"max_position": 6, "currency": ""})],
         "[[risk]] of 'firm' in 'ACME': stands there twice"),
        ([{"participant": "firm", "max_open_orders": -2}], "[risk[0].max_open_orders]: found -2, expected a whole"),
        ([{"participant": "firm", "rate_tokens": 0, "rate_interval_ms": 5}],
         "[[risk]] of 'firm' rate_tokens: found 0, expected 1 or more, or -1 for no limit"),
    ],
)
def test_a_wrong_limit_is_named_with_its_place(risk, said):
    assert said in wrong(FIRM | {"risk": risk})


@pytest.mark.parametrize(
    "endpoint",
    ["tcp://0.0.0.0:7001", "tcp://*:7001", "tcp://10.0.0.1:7001", "tcp://example.com:1", "inproc://a", "7001", "", "ipc://*",
     "ipc://"],
)
def test_without_curve_only_this_machine_may_connect(endpoint):
    assert "own machine" in wrong({"venue": {"endpoints": [endpoint]}})


@pytest.mark.parametrize(
    "endpoint",
    ["tcp://127.0.0.1:0", "tcp://127.1.2.3:7001", "tcp://localhost:7001", "tcp://[::1]:7001", "ipc:///tmp/venue"],
)
def test_loopback_and_ipc_are_accepted(endpoint):
    assert convert({"venue": {"endpoints": [endpoint]}}).venue.endpoints == [endpoint]


def test_decimals_are_exact_however_they_are_written(tmp_path):
    file = tmp_path / "venue.toml"
    file.write_text(
        '[venue]\nendpoints = ["ipc://x"]\n[[instrument]]\nsymbol = "A"\ntick_size = 0.1\nlot_size = 5\n'
        'max_order_qty = "0.30"\n'
    )
    instrument = load(file).instrument[0]
    assert (instrument.tick_size, instrument.lot_size, instrument.max_order_qty) == (
        Decimal("0.1"),
        Decimal(5),
        Decimal("0.30"),
    )


@pytest.mark.parametrize("text", [
    "[venue", "\x00", f"a = {'1' * 5_000}", "a = 1e9999999999999999999", f"a = {'[' * 20_000}",
], ids=["a table", "a zero byte", "5,000 digits", "an exponent of 19 digits", "20,000 lists"])
def test_what_is_not_toml_is_one_line(tmp_path, text):
    file = tmp_path / "venue.toml"
    file.write_text(text)
    with pytest.raises(UserError, match="not TOML"):
        load(file)
    with pytest.raises(UserError, match="cannot be read"):
        load(tmp_path / "absent.toml")


# ---------------------------------------------------------------------------------------------------- definitions

FULL = {
    "venue": VENUE,
    "participant": [{"name": "firm"}],
    "session": [
        {"name": "alice", "participant": "firm"},
        {"name": "solo", "rights": ["Trade", "Operate"], "cancel_on_disconnect": True},
    ],
    "instrument": [
        {"symbol": "ACME", "tick_size": "0.01", "lot_size": 1, "max_order_qty": 100, "reference_price": "10"}
    ],
}


def changed(**tables: Any) -> dict[str, Any]:
    return FULL | tables


def applied(tables: dict[str, Any]) -> Simulation:
    simulation = Simulation([m.VenueStart(run=1)])
    for command in differences(convert(tables), simulation.engine):
        simulation.loop.journal(simulation.codec.encode(command))
    return simulation


def test_an_empty_state_gets_every_definition_and_then_nothing_is_left_to_say():
    simulation = applied(FULL)
    assert [row["name"].decode() for row in simulation.engine.participants] == ["firm", "solo"]
    assert list(differences(convert(FULL), simulation.engine)) == []
    assert list(unnamed(convert(FULL), simulation.engine)) == []


@pytest.mark.parametrize(
    ("tables", "kinds"),
    [
        ({"participant": [{"name": "firm", "disabled": True}]}, [m.PartyDefinition]),
        (
            {"session": [FULL["session"][0] | {"disabled": True}, FULL["session"][1] | {"rights": ["Trade"]}]},
            [m.SessionDefinition] * 2,
        ),
        ({"instrument": [FULL["instrument"][0] | {"max_order_qty": 50}]}, [m.SecurityDefinition]),
        ({"instrument": [FULL["instrument"][0] | {"disabled": True}]}, [m.SecurityDefinition]),
        ({"instrument": [FULL["instrument"][0] | {"reference_price": "12"}]}, []),
    ],
)
def test_what_changed_in_the_file_is_redefined_once(tables, kinds):
    simulation = applied(FULL)
    commands = list(differences(convert(changed(**tables)), simulation.engine))
    assert [type(command) for command in commands] == kinds
    for command in commands:
        simulation.loop.journal(simulation.codec.encode(command))
    assert list(differences(convert(changed(**tables)), simulation.engine)) == []


def started() -> ReferenceEngine:
    """An engine whose venue has started."""
    engine = ReferenceEngine()
    engine.apply(Codec().encode(m.VenueStart(run=1)))
    return engine


def told(engine: ReferenceEngine, tables: dict[str, Any]) -> list[m.Command]:
    """What the file says and the state does not, applied as it is said; none of it is refused."""
    codec, said = Codec(), []
    codec.directory.load(engine)
    for command in differences(convert(tables), engine):
        assert len(engine.apply(codec.encode(command))) == 0
        said.append(command)
    return said


PROTECTED = FULL["instrument"][0] | {
    "collar": "1.5", "dynamic_band": "0.5", "static_band": 2, "call_duration_ms": 2000, "hidden_allowed": True,
    "iceberg_parts_max": 20, "currency": "EUR",
}


def test_price_limits_are_defined_with_the_instrument_and_then_nothing_is_left_to_say():
    tables, engine = changed(instrument=[PROTECTED]), started()
    told(engine, tables)
    [row] = engine.instruments
    assert [int(row[name]) for name in ("collar", "dynamic_band", "static_band", "call_duration")] == [
        150, 50, 200, 2_000_000_000]
    assert (int(row["terms_flags"]), int(row["iceberg_parts_max"])) == (records.HIDDEN_ALLOWED, 20)
    assert told(engine, tables) == []


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [({"collar": 3}, "collar", Decimal(3)), ({"dynamic_band": "0.25"}, "dynamic_band", Decimal("0.25")),
     ({"static_band": 0}, "static_band", Decimal(0)), ({"call_duration_ms": 1}, "call_duration", 1_000_000)],
)
def test_a_price_limit_that_changed_is_redefined_alone(change, field, value):
    engine, tables = started(), changed(instrument=[PROTECTED | change])
    told(engine, changed(instrument=[PROTECTED]))
    assert told(engine, tables) == [m.SecurityDefinition(symbol="ACME", **{field: value})]
    assert told(engine, tables) == []


@pytest.mark.parametrize("key", ["collar", "dynamic_band", "static_band", "call_duration_ms", "max_order_qty"])
def test_a_limit_of_an_instrument_cannot_be_taken_out_of_the_file(key):
    engine = started()
    told(engine, changed(instrument=[PROTECTED]))
    config = convert(changed(instrument=[{name: value for name, value in PROTECTED.items() if name != key}]))
    with pytest.raises(UserError, match=f"{key}: missing, but the log has .* can be changed but not taken away"):
        list(differences(config, engine))


RISK = [
    {"participant": "firm", "currency": "EUR", "rate_tokens": 10, "rate_interval_ms": 1000, "max_open_orders": 5,
     "max_gross_notional": "1000.50", "max_order_notional": 100},
    {"participant": "firm", "currency": "USD", "max_gross_notional": 7},
    {"participant": "firm", "symbol": "ACME", "max_order_qty": 10, "max_position": 100, "max_order_notional": "12.345",
     "max_open_orders": 0, "max_open_qty": 50},
]


def limited(risk: list[dict[str, Any]]) -> dict[str, Any]:
    return changed(instrument=[PROTECTED], risk=risk)


def test_limits_of_the_file_are_set_once():
    engine = started()
    said = told(engine, limited(RISK))
    assert [type(command) for command in said[-3:]] == [m.RiskLimits] * 3
    assert told(engine, limited(RISK)) == []


@pytest.mark.parametrize(
    ("number", "change", "fields"),
    [
        (0, {"max_open_orders": 6}, {"max_open_orders": 6, "currency": "EUR"}),
        (0, {"max_open_orders": -1}, {"max_open_orders": None, "currency": "EUR"}),
        (0, {"rate_tokens": 11}, {"rate_tokens": 11, "rate_interval": 10**9, "currency": "EUR"}),
        (0, {"rate_interval_ms": 500}, {"rate_tokens": 10, "rate_interval": 5 * 10**8, "currency": "EUR"}),
        (0, {"max_gross_notional": "1000.5"}, None),
        (0, {"max_gross_notional": -1}, {"max_gross_notional": None, "currency": "EUR"}),
        (1, {"max_gross_notional": "7.25"}, {"max_gross_notional": Decimal("7.25"), "currency": "USD"}),
        (2, {"max_position": -1}, {"max_position": None, "symbol": "ACME"}),
        (2, {"max_order_qty": 11, "max_open_qty": 0},
         {"max_order_qty": Decimal(11), "max_open_qty": Decimal(0), "symbol": "ACME"}),
    ],
)
def test_only_limits_that_changed_are_set_again(number, change, fields):
    engine = started()
    told(engine, limited(RISK))
    risk = [entry | change if place == number else entry for place, entry in enumerate(RISK)]
    expected = [] if fields is None else [m.RiskLimits(participant="firm", **fields)]
    assert told(engine, limited(risk)) == expected
    assert told(engine, limited(risk)) == []


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ({"currency": "EURO", "max_gross_notional": 7}, "found 'EURO', expected a currency that an instrument has: 'E"),
        ({"max_order_notional": 7}, "missing, expected a currency that an instrument has: 'EUR'"),
        ({"currency": "EURO", "max_gross_notional": -1}, None),
        ({"currency": "EURO", "max_open_orders": 7}, None),
        ({"currency": "EUR", "max_gross_notional": 7}, None),
    ],
)
@pytest.mark.parametrize("in_the_log", [False, True])
def test_a_notional_limit_is_of_a_currency_that_an_instrument_has(limit, said, in_the_log):
    engine, instruments = Engine(), [PROTECTED]
    if in_the_log:      # and in the file no more
        engine.apply(Codec().encode(m.VenueStart(run=1)))
        told(engine, changed(instrument=instruments))
        instruments = []
    config = convert(changed(instrument=instruments, risk=[{"participant": "firm"} | limit]))
    if said is None:
        rehearse(config, engine, "venue.toml")
    else:
        with pytest.raises(UserError, match=f"^venue.toml: \\[\\[risk\\]\\] of 'firm' currency: {said}"):
            rehearse(config, engine, "venue.toml")


def test_a_rate_is_taken_away_without_its_interval():
    engine = started()
    told(engine, limited(RISK))
    [command] = told(engine, limited([{"participant": "firm", "rate_tokens": -1}]))
    assert command == m.RiskLimits(participant="firm", rate_tokens=None)
    assert int(engine.participants[0]["presence"]) == 0


def test_a_limit_that_the_file_does_not_name_stays():
    engine = started()
    told(engine, limited(RISK))
    assert told(engine, limited([])) == []
    assert told(engine, limited([{"participant": "firm", "symbol": "ACME", "max_position": 100}])) == []


@pytest.mark.parametrize(
    "term",
    [{"tick_size": "0.05"}, {"lot_size": 2}, {"price_scale": 3}, {"price_may_be_negative": True},
     {"hidden_allowed": True}, {"iceberg_parts_max": 5}],
)
def test_terms_that_can_never_change_are_an_error(term):
    engine = applied(FULL).engine
    config = convert(changed(instrument=[FULL["instrument"][0] | term]))
    with pytest.raises(UserError, match="can never change") as error:
        list(differences(config, engine))
    assert ("found true, but in the log it is false" in str(error.value)) == (True in term.values())


@pytest.mark.parametrize(
    ("risk", "left"),
    [
        (RISK, []),
        (RISK[1:], ["'firm' (rate_tokens, max_open_orders)", "'firm' in EUR (max_order_notional, max_gross_notional)"]),
        (RISK[::2], ["'firm' in USD (max_gross_notional)"]),
        ([*RISK[:2], {"participant": "firm", "symbol": "ACME", "max_open_qty": 1}],
         ["'firm' in 'ACME' (max_order_qty, max_open_orders, max_position, max_order_notional)"]),
    ],
)
def test_limits_that_the_file_no_longer_names_are_said(risk, left):
    engine = started()
    told(engine, limited(RISK))
    notes = list(unnamed(convert(limited(risk)), engine))
    assert notes == [
        f"limits of {of} are in the log but not in the configuration: they stay as they are" for of in left
    ]


def test_what_the_file_no_longer_names_is_said():
    engine = applied(FULL).engine
    notes = list(unnamed(convert({"venue": VENUE}), engine))
    assert [note.split(" is in the log")[0] for note in notes] == [
        "participant 'firm'",
        "participant 'solo'",
        "session 'alice'",
        "session 'solo'",
        "instrument 'ACME'",
    ]
    assert list(unnamed(convert({"venue": VENUE}), Engine())) == []


def test_a_log_is_pruned_behind_snapshots_only():
    pruned = {"venue": VENUE, "log": {"prune": True}}
    for policy in ({}, {"snapshot": {}}, {"snapshot": {"keep": 1}}):
        assert "[log] prune: found true, but no snapshot is ever made behind which it could" in wrong(pruned | policy)
    for key in ("every_commands", "every_seconds"):
        assert convert(pruned | {"snapshot": {key: 1}}).log.prune
