"""venue.toml: what is wrong in it is one line that names the key, and what it says becomes commands."""

from decimal import Decimal
from typing import Any

import pytest

from pricetime.gateway import messages as m
from pricetime.gateway.config import convert, load
from pricetime.gateway.definitions import differences, unnamed
from pricetime.matching.engine import Engine
from pricetime.matching.errors import UserError
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
        ({"venue": {"endpoints": "ipc://x"}}, "[venue.endpoints]: Expected a list, got text"),
        ({"venue": VENUE | {"max_connections": "7"}}, "Expected a whole number, got text"),
        ({"venue": VENUE, "instrument": [{"symbol": "a", "tick_size": []}]}, "Expected a decimal number, got a list"),
        ({"venue": VENUE, "session": {"name": "a"}}, "[session]: Expected a list, got a table"),
    ],
)
def test_a_wrong_value_is_told_in_the_words_of_the_file(tables, said):
    assert said in wrong(tables)


@pytest.mark.parametrize(
    "endpoint",
    ["tcp://0.0.0.0:7001", "tcp://*:7001", "tcp://10.0.0.1:7001", "tcp://example.com:1", "inproc://a", "7001", ""],
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


@pytest.mark.parametrize("text", ["[venue", "\x00"])
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


@pytest.mark.parametrize(
    "term", [{"tick_size": "0.05"}, {"lot_size": 2}, {"price_scale": 3}, {"price_may_be_negative": True}]
)
def test_terms_that_can_never_change_are_an_error(term):
    engine = applied(FULL).engine
    config = convert(changed(instrument=[FULL["instrument"][0] | term]))
    with pytest.raises(UserError, match="can never change"):
        list(differences(config, engine))


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
