"""What a start says of a definition: new, or what becomes of what. By tables of a venue.toml before and after."""

from collections import Counter
from typing import Any

import pytest

from pricetime.gateway.change_notes import Before, definition_note
from pricetime.gateway.codec import Codec
from pricetime.gateway.config import convert
from pricetime.gateway.definitions import differences, unnamed
from pricetime.matching.reference.engine import Engine as ReferenceEngine
from tests.gateway.test_config import FULL, changed, started

ACME = FULL["instrument"][0]


def notes(engine: ReferenceEngine, tables: dict[str, Any]) -> list[str]:
    codec, said = Codec(), []
    codec.directory.load(engine)
    before = Before(engine)
    for command in differences(convert(tables), engine):
        said.append(definition_note(command, before))
        engine.apply(codec.encode(command))
    return said


def test_what_is_new_is_defined():
    assert notes(started(), FULL) == [
        "defined participant 'firm'", "defined participant 'solo'", "defined session 'alice'", "defined session 'solo'",
        "defined instrument 'ACME'",
    ]


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"participant": [{"name": "firm", "disabled": True}]}, "participant 'firm': disabled from false to true"),
        (
            {"session": [FULL["session"][0], FULL["session"][1] | {"rights": ["Risk", "Trade"]}]},
            "session 'solo': rights from Trade Operate to Trade Risk",
        ),
        (
            {"session": [FULL["session"][0] | {"disabled": True, "cancel_on_disconnect": True}, FULL["session"][1]]},
            "session 'alice': disabled from false to true, cancel_on_disconnect from false to true",
        ),
        (
            {"instrument": [ACME | {"max_order_qty": 50, "collar": 2, "call_duration_ms": 20}]},
            "instrument 'ACME': collar from none to 2, call_duration_ms from none to 20, max_order_qty from 100 to 50",
        ),
    ],
)
def test_each_field_that_changes_is_said_with_its_old_value_and_its_new_one(tables, said):
    engine = started()
    notes(engine, FULL)
    assert notes(engine, changed(**tables)) == [f"changed {said}"]
    assert notes(engine, changed(**tables)) == []


def test_limits_that_change_are_said_and_the_first_ones_are_defined():
    engine = started()
    limits = {"participant": "firm", "rate_tokens": 10, "rate_interval_ms": 1000, "max_open_orders": 7}
    assert notes(engine, changed(risk=[limits]))[-1] == "defined limits of 'firm'"
    assert notes(engine, changed(risk=[limits | {"max_open_orders": 8}])) == [
        "changed limits of 'firm': max_open_orders from 7 to 8"]
    assert notes(engine, changed(risk=[limits | {"max_open_orders": -1, "rate_interval_ms": 500}])) == [
        "changed limits of 'firm': rate_interval_ms from 1000 to 500, max_open_orders from 8 to none"]


def test_limits_of_an_account_are_said_by_instrument():
    engine = started()
    limits = {"participant": "firm", "symbol": "ACME", "max_position": 100}
    assert notes(engine, changed(risk=[limits]))[-1] == "defined limits of 'firm' in 'ACME'"
    assert notes(engine, changed(risk=[limits | {"max_position": 50, "max_order_notional": "1.5"}])) == [
        "changed limits of 'firm' in 'ACME': max_order_notional from none to 1.5, max_position from 100 to 50"]


def test_notional_limits_are_said_by_currency_and_decimals_as_numbers():
    engine = started()
    limits = [{"participant": "firm", "currency": name, "max_gross_notional": "100.50"} for name in ("USD", "EUR")]
    tables = changed(instrument=[], risk=limits)
    assert notes(engine, tables)[-2:] == ["defined limits of 'firm' in USD", "defined limits of 'firm' in EUR"]
    tables = changed(instrument=[], risk=[limits[0] | {"max_gross_notional": "1e3"}, limits[1]])
    assert notes(engine, tables) == ["changed limits of 'firm' in USD: max_gross_notional from 100.5 to 1000"]


def test_a_rate_that_is_taken_away_goes_with_its_interval():
    engine = started()
    notes(engine, changed(risk=[{"participant": "firm", "rate_tokens": 5, "rate_interval_ms": 1000}]))
    assert notes(engine, changed(risk=[{"participant": "firm", "rate_tokens": -1}])) == [
        "changed limits of 'firm': rate_tokens from 5 to none, rate_interval_ms from 1000 to none"]


def test_of_many_instruments_that_change_a_table_is_made_once(monkeypatch):
    """One for each made a start quadratic: minutes where 20,000 instruments got another collar."""
    engine, made = started(), []
    many = [ACME | {"symbol": f"A{number}"} for number in range(50)]
    notes(engine, changed(instrument=many))
    table = type(engine).instruments.fget
    monkeypatch.setattr(type(engine), "instruments", property(lambda self: made.append(1) or table(self)))
    said = notes(engine, changed(instrument=[one | {"collar": 2} for one in many]))
    assert len(said) == 50 and said[-1] == "changed instrument 'A49': collar from none to 2"
    assert len(made) <= 6


class Looked:
    """An engine, and how often each of its tables was looked at: each look is a dump of the state."""

    def __init__(self, engine: ReferenceEngine) -> None:
        self.engine, self.looks = engine, Counter[str]()

    def __getattr__(self, name: str) -> Any:
        self.looks[name] += 1
        return getattr(self.engine, name)


def test_a_start_looks_at_the_state_as_often_for_many_limits_as_for_one():
    def looks(count: int) -> tuple[int, Counter[str]]:
        names = [f"p{number}" for number in range(count)]
        risk = [{"participant": name, "max_open_orders": 5} for name in names]
        risk += [{"participant": name, "symbol": "ACME", "max_open_qty": "7"} for name in names]
        config = convert(changed(participant=[{"name": name} for name in ("firm", *names)], risk=risk))
        engine = Looked(started())
        before = Before(engine)
        said = [definition_note(command, before) for command in differences(config, engine)]
        assert list(unnamed(config, engine)) == []
        return sum("limits of" in line for line in said), engine.looks

    few, many = looks(1), looks(40)
    assert (few[0], many[0]) == (2, 80)
    assert few[1] == many[1]
