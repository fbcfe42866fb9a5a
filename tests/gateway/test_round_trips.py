"""Every command with every attribute, at the ends of their ranges: text to record to text and back without loss.

A record is made from a message, printed as `pricetime log` does, and read as `pricetime match` does.
"""

from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricetime.gateway import json_lines
from pricetime.gateway import messages as m
from pricetime.gateway.codec import Codec
from pricetime.gateway.decimals import decimal_of
from pricetime.matching import records
from pricetime.matching.errors import UserError
from pricetime.matching.records import LineType

LARGEST, SMALLEST, WORD = 2**63 - 1, -(2**63), 2**64 - 1
DEFINED = [
    m.PartyDefinition(participant="firm"),
    m.SessionDefinition(session_name="alice", participant="firm"),
    m.SecurityDefinition(symbol="ACME", currency="EUR", price_scale=2, qty_scale=1),
]
whole = st.sampled_from([SMALLEST, -1, 0, 1, LARGEST]) | st.integers(SMALLEST, LARGEST)
word = st.sampled_from([0, 1, WORD]) | st.integers(0, WORD)
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=14)


def decimals(scale: int, smallest: int = SMALLEST, largest: int = LARGEST) -> st.SearchStrategy[Decimal]:
    units = st.sampled_from([smallest, 0, 1, largest]) | st.integers(smallest, largest)
    return units.map(lambda value: decimal_of(value, scale))


price, quantity = decimals(2), decimals(1)


def some(**fields: st.SearchStrategy) -> st.SearchStrategy[dict]:
    """Any of the fields, each absent or with a value."""
    return st.fixed_dictionaries({}, optional=fields)


def commands(kind: type[m.Command], required: dict, **fields: st.SearchStrategy) -> st.SearchStrategy[m.Command]:
    return some(**fields).map(lambda values: kind(**(required | values)))


NAMED = {"session": "alice", "cl_ord_id": 7, "symbol": "ACME"}
TERMS = {
    "time_in_force": st.sampled_from(get_args(m.TimeInForce)), "price": price, "order_qty": quantity,
    "display_qty": quantity, "min_qty": quantity, "stop_px": price, "expire_time": whole,
    "self_match_prevention_id": word, "account": texts, "text": texts, "poss_resend": st.booleans(),
}
LIMITS = {
    "max_open_orders": st.none() | st.integers(0, LARGEST), "max_order_qty": st.none() | decimals(1, 0),
    "max_open_qty": st.none() | decimals(1, 0), "max_position": st.none() | decimals(1, 0),
}
ANY = st.one_of(
    commands(m.NewOrderSingle, NAMED | {"side": "SellShort", "ord_type": "StopLimit"}, **TERMS,
             side=st.sampled_from(get_args(m.Side)), ord_type=st.sampled_from(get_args(m.OrdType)),
             exec_inst=st.sampled_from([None, "PostOnly"])),
    commands(m.OrderCancelReplaceRequest, NAMED | {"orig_cl_ord_id": WORD}, **TERMS,
             side=st.sampled_from(get_args(m.Side)), ord_type=st.sampled_from(get_args(m.OrdType)),
             exec_inst=st.sampled_from([None, "None", "PostOnly"])),
    commands(m.OrderCancelRequest, NAMED | {"order_id": WORD}, side=st.sampled_from(get_args(m.Side)), account=texts,
             text=texts, poss_resend=st.booleans()),
    commands(m.OrderMassCancelRequest, {"session": "alice", "cl_ord_id": LARGEST}, symbol=st.just("ACME"),
             side=st.sampled_from(get_args(m.Side)), target_session=st.just("alice"), poss_resend=st.booleans()),
    commands(m.SecurityDefinition, {"symbol": "ACME", "security_id": 1, "currency": "EUR"}, reference_price=price,
             collar=price, dynamic_band=price, static_band=price, call_duration=whole, max_order_qty=quantity,
             disabled=st.booleans()),
    commands(m.RiskLimits, {"participant": "firm", "symbol": "ACME", "currency": "12345678", "max_open_orders": 0},
             **LIMITS, max_order_notional=st.none() | decimals(36, 0, 2**127 - 1),
             max_gross_notional=st.none() | decimals(0, 0, 2**127 - 1)),
    commands(m.RiskLimits, {"participant": "firm", "rate_tokens": LARGEST, "rate_interval": SMALLEST}),
    commands(m.RiskLimits, {"participant": "firm", "rate_tokens": None, "notional_scale": 36},
             max_order_notional=st.none(), rate_interval=st.integers(1, LARGEST)),
    commands(m.PositionAdjust, {"participant": "firm", "symbol": "ACME", "position": Decimal("-0.1")},
             position=quantity),
    commands(m.KillSwitch, {"participant": "firm", "on": True}, on=st.booleans()),
    commands(m.TradingSessionStatus, {"symbol": "ACME", "phase": "VolatilityCall"},
             phase=st.sampled_from(get_args(m.Phase)), trade_date=whole),
    commands(m.KeyDefinition, {"key_name": "laptop", "public": "x" * 40, "rights": ("Trade", "Risk")},
             disabled=st.booleans()),
    commands(m.KeyDefinition, {"key_name": "laptop", "target_session": "alice", "disabled": True}),
)


def with_self_match(message: m.Command, instruction: str | None) -> m.Command:
    """An instruction goes with an id only."""
    if isinstance(message, m.OrderTerms) and message.self_match_prevention_id is not None:
        message.self_match_prevention_instruction = instruction
    return message


def codec() -> Codec:
    made = Codec()
    made.encode_all(DEFINED)
    return made


def printed(lines: bytes) -> list[m.Command]:
    """What `pricetime log` prints of these records, read again."""
    return [json_lines.command(line) for line in json_lines.dumps(codec().decode(lines)).splitlines()]


def said(message: m.Command) -> dict[str, object]:
    """What a message says, as numbers that are equal where they are the same: -0.10 is -0.1."""
    fields = {name: getattr(message, name) for name in message.__struct_fields__ if name != "transact_time"}
    return {name: value for name, value in fields.items() if value != "None"}


@settings(max_examples=600, deadline=None)
@given(message=ANY, instruction=st.sampled_from([None, *get_args(m.SelfMatchInstruction)]))
def test_a_message_comes_back_from_its_record_and_the_record_from_its_text(message, instruction):
    with_self_match(message, instruction)
    record = codec().encode(message).tobytes()
    [back] = printed(record)
    assert codec().encode(back).tobytes() == record
    assert said(back) == said(message)


@pytest.mark.parametrize("value, scale", [("1000000.50", 1), ("0", 0), ("1e-36", 36), ("12e3", 0), (2**127 - 1, 0)])
def test_a_notional_limit_has_as_many_decimals_as_it_needs(value, scale):
    message = m.RiskLimits(participant="firm", currency="EUR", max_gross_notional=Decimal(value))
    lines = codec().encode(message)
    assert lines.view(records.RISK_OPEN_LIMITS)[1]["notional_scale"] == scale
    [back] = printed(lines.tobytes())
    assert (back.max_gross_notional, back.notional_scale) == (Decimal(value), None)


def test_a_stated_scale_of_notional_limits_is_kept():
    limits = {"max_order_notional": Decimal(5), "max_gross_notional": Decimal(7)}
    message = m.RiskLimits(participant="firm", notional_scale=2, **limits)
    lines = codec().encode(message)
    orders, opened = lines.view(records.RISK_ORDER_LIMITS)[1], lines.view(records.RISK_OPEN_LIMITS)[2]
    assert [(row["notional_scale"], int(low)) for row, low in (
        (orders, orders["order_notional_low"]), (opened, opened["gross_notional_low"]))] == [(2, 500), (2, 700)]
    assert printed(lines.tobytes())[0].notional_scale == 2


def test_null_takes_each_limit_away_and_absent_ones_are_not_there():
    names = ["rate_tokens", "max_order_qty", "max_order_notional", "max_open_orders", "max_open_qty", "max_position",
             "max_gross_notional"]
    for name in names:
        field = m.fix_name(name)
        line = f'{{"MsgType":"RiskLimits","Participant":"firm","Symbol":"ACME","{field}":null}}'
        lines = codec().encode(json_lines.command(line))
        of_orders = lines["type"][1] == LineType.RISK_ORDER_LIMITS_LINE
        further = lines[1:].view(records.RISK_ORDER_LIMITS if of_orders else records.RISK_OPEN_LIMITS)[0]
        assert len(lines) == 2 and int(further["presence"]).bit_count() == 1
        values = {name: int(further[name]) for name in further.dtype.names[4:] if further[name].dtype.kind in "iu"
                  and further[name].ndim == 0 and int(further[name])}
        assert set(values.values()) <= {records.NO_LIMIT, WORD} and values
        [back] = printed(lines.tobytes())
        assert getattr(back, name) is None
        assert all(getattr(back, other) is not None for other in names if other != name)


@pytest.mark.parametrize(
    "field", ["rate_tokens", "max_open_orders", "max_position", "max_order_qty", "max_order_notional"])
def test_a_negative_limit_is_refused_so_that_only_null_takes_one_away(field):
    value = -1 if field in ("rate_tokens", "max_open_orders") else Decimal("-0.1")
    message = m.RiskLimits(participant="firm", symbol="ACME", **{field: value})
    with pytest.raises(UserError, match=f"^{m.fix_name(field)}: found {value}, expected 0 or more, or null"):
        codec().encode(message)


def test_a_position_passes_the_door():
    """The door allows no attribute bits here."""
    message = m.PositionAdjust(participant="firm", symbol="ACME", position=Decimal(-3))
    assert codec().encode(message)["attributes"][0] == 0


def test_a_redefinition_keeps_the_currency_that_can_never_change():
    line = codec().encode(m.SecurityDefinition(symbol="ACME", collar=Decimal(1))).view(records.NAME)[1]
    assert line["currency"] == b"EUR"
