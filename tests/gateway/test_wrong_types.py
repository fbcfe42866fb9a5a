"""Messages made in Python with values of any type: a UserError that names the field, never another error, and the codec
is as it was."""

import itertools
import types
import typing
from decimal import Decimal

import msgspec
import numpy as np
import pytest
from json_lines_page import examples

from pricetime.gateway import json_lines
from pricetime.gateway import messages as m
from pricetime.gateway.codec import Codec
from pricetime.matching import records
from pricetime.matching.engine import Engine
from pricetime.matching.errors import UserError

DEFINED = [
    m.PartyDefinition(participant="firm"),
    m.SessionDefinition(session_name="alice", participant="firm"),
    m.SessionDefinition(session_name="bob", participant="firm"),
    m.SecurityDefinition(symbol="ACME", price_scale=2, tick_size=Decimal("0.01"), lot_size=Decimal(1)),
]


class Unshowable:
    """An object whose repr fails."""

    def __repr__(self):
        raise RuntimeError("no")


VALUES = [
    None, 0, 1, -1, 5, 2**31, 2**32, 2**63 - 1, 2**63, -(2**63) - 1, 2**64, 10**5000, -(10**5000),
    "", "no", "5", "x" * 49, "x" * 100, "ü" * 40, "a\nb", "a\0b", "\ud800", "None", "Buy", "None\n",
    b"", b"ACME", b"\xff" * 64, bytearray(64), 0.0, 1.5, float("nan"), float("inf"), True, False,
    Decimal(0), Decimal(-1), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("-Infinity"),
    Decimal("1e999999"), Decimal("1e-999999"), Decimal("0." + "1" * 80), Decimal(10**200),
    [], ["Trade"], ["All"], [1], (), ("Trade", []), {}, {"a": 1}, set(), object(), Unshowable(),
    m.Clock(transact_time=1), np.int64(7), np.float64(7), np.str_("ACME"), np.bool_(True), np.zeros(3),
    msgspec.UNSET, int, len,
]  # fmt: skip
BESIDE = {      # what a field stands with, or never with
    "orig_cl_ord_id": {"order_id": None},
    "order_id": {"orig_cl_ord_id": None},
    "self_match_prevention_instruction": {"self_match_prevention_id": 7},
}


def richest():
    """An example of each command, the one with the most fields, of names that DEFINED has."""
    found = {}
    for _, _, line in examples("command"):
        message = json_lines.command(line)
        known = found.get(type(message))
        if known is None or len(json_lines.dumps([message])) > len(json_lines.dumps([known])):
            found[type(message)] = message
    return found.values()


CASES = [(message, field) for message in richest() for field in msgspec.structs.fields(type(message))]


def is_right(field, value):
    """Whether a value is one of the type that the field is annotated with; bounds aside."""
    union = typing.get_origin(field.type) in (types.UnionType, typing.Union)
    parts = typing.get_args(field.type) if union else (field.type,)
    return any(is_of(part, value) for part in parts)


def is_of(part, value):
    if typing.get_origin(part) is typing.Annotated:
        part = typing.get_args(part)[0]
    if part is type(None) or part is msgspec.UnsetType:
        return value is None or value is msgspec.UNSET
    if typing.get_origin(part) is typing.Literal:
        return isinstance(value, str) and value in typing.get_args(part)
    if typing.get_origin(part) is tuple:
        names = typing.get_args(typing.get_args(part)[0])
        return isinstance(value, tuple | list) and all(isinstance(one, str) and one in names for one in value)
    if part is int:
        return isinstance(value, int | np.integer) and not isinstance(value, bool)
    if part is Decimal:
        return isinstance(value, Decimal) and value.is_finite()
    return isinstance(value, part)


def codec_of(first_use):
    codec = Codec(define_on_first_use=first_use)
    codec.encode_all(DEFINED)
    return codec


@pytest.mark.parametrize("first_use", [False, True])
@pytest.mark.parametrize("message, field", CASES, ids=[f"{type(m).__name__}.{f.name}" for m, f in CASES])
def test_any_value_in_any_field_is_encoded_or_refused_by_name(message, field, first_use):
    good = codec_of(first_use).encode(msgspec.structs.replace(message, transact_time=9)).tobytes()
    for value, many in itertools.product(VALUES, (False, True)):
        wrong = msgspec.structs.replace(message, **{field.name: value}, **BESIDE.get(field.name, {}))
        codec = codec_of(first_use)
        try:
            codec.encode_all([m.Clock(transact_time=3), wrong]) if many else codec.encode(wrong)
        except UserError as error:
            said = str(error)
            assert said.isprintable() and len(said) < 1000
            if not is_right(field, value):
                assert said.startswith(f"{field.encode_name}: found "), said
            after = codec.encode(msgspec.structs.replace(message, transact_time=9)).tobytes()
            assert after == good, "the refused message left something in the codec"
        else:
            assert is_right(field, value), value


@pytest.mark.parametrize("value", VALUES, ids=[str(number) for number in range(len(VALUES))])
@pytest.mark.parametrize("first_use", [False, True])
def test_what_is_no_message_is_refused(value, first_use):
    codec = Codec(define_on_first_use=first_use)
    if not isinstance(value, m.Message):
        with pytest.raises(UserError, match="^MsgType: found "):
            codec.encode(value)
    if not isinstance(value, list | tuple | dict | set | bytearray | np.ndarray):
        with pytest.raises(UserError, match="^messages: found "):
            codec.encode_all(value)


ORDER = m.NewOrderSingle(session="alice", cl_ord_id=1, symbol="ACME", side="Buy", ord_type="Limit",
                         price=Decimal(1), order_qty=Decimal(1))  # fmt: skip


@pytest.mark.parametrize(
    "message, said",
    [
        (m.KillSwitch(participant="firm", on="no"), "On: found 'no', expected True or False"),
        (m.KillSwitch(participant="firm", on=1), "On: found 1, expected True or False"),
        (m.PartyDefinition(participant="firm", disabled="no"), "Disabled: found 'no', expected True or False"),
        (m.Logon(session_name="alice", full_reports=0), "FullReports: found 0, expected True or False"),
        (msgspec.structs.replace(ORDER, exec_inst="Post"), "ExecInst: found 'Post', expected one of None, PostOnly"),
        (msgspec.structs.replace(ORDER, side="buy"), "Side: found 'buy', expected one of Buy, Sell, SellShort"),
        (msgspec.structs.replace(ORDER, side=None), "Side: found None, expected one of Buy, Sell, SellShort"),
        (msgspec.structs.replace(ORDER, time_in_force="GFD"), "TimeInForce: found 'GFD', expected one of Day, GTC"),
        (msgspec.structs.replace(ORDER, symbol=5), "Symbol: found 5, expected"),
        (msgspec.structs.replace(ORDER, symbol=b"ACME"), "Symbol: found b'ACME', expected"),
        (msgspec.structs.replace(ORDER, price=5), "Price: found 5, expected a Decimal"),
        (msgspec.structs.replace(ORDER, poss_resend="no"), "PossResend: found 'no', expected True or False"),
        (msgspec.structs.replace(ORDER, expire_time="5"), "ExpireTime: found '5', expected a whole number"),
        (msgspec.structs.replace(ORDER, self_match_prevention_id=1.5), "SelfMatchPreventionID: found 1.5, expected"),
        (msgspec.structs.replace(ORDER, self_match_prevention_id=-1), "SelfMatchPreventionID: found -1, expected"),
        (msgspec.structs.replace(ORDER, cl_ord_id=10**5000), "ClOrdID: found a int that cannot be shown, expected"),
        (m.RiskLimits(participant="firm", notional_scale=37), "NotionalScale: found 37, expected a whole number"),
        (m.SecurityDefinition(symbol="X", price_scale=19), "PriceScale: found 19, expected a whole number from 0 to"),
        (m.SecurityDefinition(symbol="X", tick_size=Decimal("1e-19")), "TickSize: found 1E-19, expected at most 18"),
        (m.SecurityDefinition(symbol="X", lot_size=Decimal("1e-30")), "LotSize: found 1E-30, expected at most 18"),
        (m.TradingSessionStatus(symbol="ACME", phase="Open"), "Phase: found 'Open', expected one of Closed, PreOpen"),
        (m.TradingSessionStatus(symbol="ACME", phase="Closed", trade_date="20230711"),
         "TradeDate: found '20230711', expected a whole number like 20230711 (yyyymmdd)"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_said_with_what_is_expected(message, said):
    for codec in (codec_of(False), codec_of(True)):
        with pytest.raises(UserError) as error:
            codec.encode(message)
        assert str(error.value).startswith(said)


def test_numbers_of_numpy_are_numbers():
    codec = codec_of(False)
    plain = codec.encode(ORDER).tobytes()
    assert codec.encode(msgspec.structs.replace(ORDER, cl_ord_id=np.int64(1))).tobytes() == plain


def test_after_a_refused_message_the_next_one_brings_the_definitions_that_it_needs():
    """A refused message defines nothing, so what follows is taken by an engine."""
    codec, engine = Codec(define_on_first_use=True), Engine()
    for wrong in (msgspec.structs.replace(ORDER, price=Decimal("1e-9")), msgspec.structs.replace(ORDER, symbol="a\n")):
        for encode in (codec.encode, lambda message: codec.encode_all([ORDER, message])):
            with pytest.raises(UserError):
                encode(wrong)
    types = codec.events(engine.apply(codec.encode(ORDER)))
    assert [event.exec_type for event in types] == ["New"]


def test_a_record_that_no_message_can_say_is_printed_as_it_is():
    codec = codec_of(False)
    lines = codec.encode(m.RiskLimits(participant="firm", max_order_notional=Decimal(5), notional_scale=36)).copy()
    lines.view(records.RISK_ORDER_LIMITS)[1]["notional_scale"] = 200
    [message] = codec.decode(lines)
    assert message == m.Record(lines=lines.tobytes())


def test_definitions_of_a_list_that_is_refused_are_taken_back():
    """Redefined terms, new names and the start of the venue alike."""
    codec = codec_of(True)
    before = [dict(table.by_name) for table in tables(codec)]
    changed = [
        m.SecurityDefinition(symbol="ACME", price_scale=2, tick_size=Decimal("0.05"), lot_size=Decimal(5)),
        m.PartyDefinition(participant="new"), m.SessionDefinition(session_name="desk"), m.Clock(transact_time=7),
        msgspec.structs.replace(ORDER, symbol="OTHER", session="carol"), m.VenueStart(run=1),
    ]  # fmt: skip
    with pytest.raises(UserError, match="^Side: found 5"):
        codec.encode_all([*changed, msgspec.structs.replace(ORDER, side=5)])
    assert [dict(table.by_name) for table in tables(codec)] == before
    assert [sorted(table.by_id) for table in tables(codec)] == [[1], [1, 2], [1]]
    assert not codec.directory.venue_started
    assert codec.encode_all([*changed, ORDER]).tobytes() == codec_of(True).encode_all([*changed, ORDER]).tobytes()


def tables(codec):
    return codec.directory.instruments, codec.directory.sessions, codec.directory.participants
