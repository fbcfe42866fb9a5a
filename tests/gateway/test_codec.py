"""The codec: messages to records and back without loss, exact decimals, definitions on first use, every refusal."""

from decimal import Decimal

import commands as c
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from json_lines_page import examples

from pricetime.gateway import json_lines
from pricetime.gateway import messages as m
from pricetime.gateway.codec import Codec, read_lines
from pricetime.gateway.decimals import _scaled, decimal_of, decimals_of, scaled
from pricetime.gateway.layout import text_of
from pricetime.matching import records
from pricetime.matching.engine import Engine
from pricetime.matching.errors import UserError
from pricetime.matching.records import COMMAND, EVENT, CommandType, EventType, LineType, OrdStatus, Reason

BULK_MESSAGES = 66_000
DEFINED = [
    m.PartyDefinition(participant="firm"),
    m.SessionDefinition(session_name="alice", participant="firm"),
    m.SessionDefinition(session_name="bob", participant="firm"),
    m.SecurityDefinition(symbol="ACME", price_scale=2, tick_size=Decimal("0.05"), lot_size=Decimal(1)),
]


def codec_with_names():
    codec = Codec()
    codec.encode_all(DEFINED)
    return codec


def order(**fields):
    common = {"session": "alice", "cl_ord_id": 1, "symbol": "ACME", "side": "Buy", "ord_type": "Limit"}
    return m.NewOrderSingle(**(common | fields))


def example_messages():
    found = [json_lines.command(line) for _, _, line in examples("command")]
    return [message for message in found if not isinstance(message, m.Record)]


# ------------------------------------------------------------------------------------------------- round trips


def test_every_message_comes_back_from_its_record():
    writer, reader = Codec(define_on_first_use=True), Codec()
    for message in example_messages():
        lines = writer.encode(message)
        back = reader.decode(lines)[-1]
        assert type(back) is type(message)
        said = {name: value for name, value in as_dict(message).items() if value not in (None, "None")}
        assert said.items() <= as_dict(back).items()


def as_dict(message):
    return {name: getattr(message, name) for name in message.__struct_fields__ if name != "transact_time"}


def test_what_is_decoded_is_encoded_to_the_same_bytes():
    lines = Codec(define_on_first_use=True).encode_all(example_messages())
    messages = Codec().decode(lines)
    assert not any(isinstance(message, m.Record) for message in messages)
    again = Codec()
    text = json_lines.dumps(messages)
    assert again.encode_all(map(json_lines.command, text.splitlines())).tobytes() == lines.tobytes()


def test_sequence_and_time_of_a_log_come_along():
    lines = codec_with_names().encode(order(price=Decimal(100), order_qty=Decimal(1), transact_time=77)).copy()
    lines["sequence"] = 12
    lines["checksum"] = 0xDEADBEEF
    reader = codec_with_names()
    [message] = reader.decode(lines)
    assert (message.sequence, message.transact_time) == (12, 77)
    lines["checksum"] = 0
    assert reader.encode(message).tobytes() == lines.tobytes()


@settings(max_examples=400, deadline=None)
@given(
    type=st.sampled_from([int(type) for type in CommandType]),
    body=st.binary(min_size=58, max_size=58),
    further=st.lists(
        st.tuples(st.sampled_from([*(int(type) for type in LineType), 200]), st.binary(min_size=59, max_size=59)),
        max_size=3,
    ),
    small=st.booleans(),
)
def test_any_record_is_printed_and_taken_again_without_loss(type, body, further, small):
    """Whatever bytes a client may get journaled: what no message says goes as a Record."""
    first = bytearray(bytes(4) + bytes([type, records.RECORD_VERSION << 4 | 1 + len(further)]) + body)
    if small:
        first[24:32] = bytes([1, 0, 0, 0, 1, 0, 0, 0])  # session 1, instrument 1
        first[16:24] = bytes(8)
    data = bytes(first) + b"".join(bytes(4) + bytes([kind]) + rest for kind, rest in further)
    text = json_lines.dumps(codec_with_names().decode(data))
    [again] = map(json_lines.command, text.splitlines())
    # A Record is not looked into but for definitions, which nothing that follows here would use.
    taken = again.lines if isinstance(again, m.Record) else codec_with_names().encode(again).tobytes()
    assert taken == data


def test_a_record_that_no_message_says_goes_as_its_bytes():
    lines = codec_with_names().encode(order(price=Decimal(1), order_qty=Decimal(1))).copy()
    lines["instrument"] = 99
    [message] = codec_with_names().decode(lines)
    assert isinstance(message, m.Record)
    assert codec_with_names().encode(message).tobytes() == lines.tobytes()


@given(st.lists(st.binary(max_size=8), min_size=2, max_size=2, unique=True))
@example([b"\xff", b"\\xff"])
@example([b"\xff", b"bytes ff"])
@example([b"\xff", "\ufffd".encode()])
def test_no_two_currencies_look_alike(currencies):
    one, other = (text_of(currency) for currency in currencies)
    assert one != other
    json_lines.dumps([m.RiskLimits(participant="firm", currency=one)])


@pytest.mark.parametrize("currency", [b"\xff\xfe", b"\\xff", b"\n\x1b[2J", "\u20ac\ufffd".encode(), b"\x80" * 8])
def test_a_currency_of_any_bytes_is_kept_to_the_byte(currency):
    """As a codec sees it pass, and as an engine has it: a redefinition by the symbol alone says it again."""
    codec, engine, record = Codec(), Engine(), c.define_instrument(1, "ACME", currency=currency)
    [message] = codec.decode(record)
    assert codec.encode(message).tobytes() == record
    engine.apply(record)
    loaded = Codec()
    loaded.directory.load(engine)
    for known in (codec, loaded):
        assert known.directory.instruments.by_name["ACME"].currency == text_of(currency)
        again = known.encode(m.SecurityDefinition(symbol="ACME", disabled=True))
        assert again.view(records.NAME)["currency"][1] == currency
    assert not len(engine.apply(again)), "refused"


def test_a_cut_record_is_refused():
    lines = codec_with_names().encode(m.PartyDefinition(participant="x"))
    with pytest.raises(UserError, match="expected a whole record"):
        Codec().decode(lines[:1])


# ---------------------------------------------------------------------------------------------------- decimals


@given(units=st.integers(-(2**63), 2**63 - 1), scale=st.integers(0, 18))
def test_decimals_are_exact_both_ways(units, scale):
    assert scaled(decimal_of(units, scale), scale, "Price") == units


def test_decimals_are_short():
    assert [str(decimal_of(*value)) for value in ((10025, 2), (10000, 2), (-5, 1), (0, 4))] == [
        "100.25",
        "100",
        "-0.5",
        "0",
    ]
    assert [decimals_of(Decimal(text)) for text in ("0.01", "0.010", "1", "100", "0")] == [2, 2, 0, 0, 0]


def test_numbers_and_strings_are_the_same_price():
    line = '{"MsgType":"OrderCancelReplaceRequest","Session":"bob","ClOrdID":1,"OrderID":1,"Symbol":"ACME","Price":%s}'
    prices = [
        codec_with_names().encode(json_lines.command(line % text))["price"][0]
        for text in ("100.3", '"100.30"', "1003e-1")
    ]
    assert prices == [10030, 10030, 10030]


def test_numbers_as_long_as_a_message_are_not_kept():
    """Whoever is not logged on may send such, each time another, and what is cached stays."""
    _scaled.cache_clear()
    zeros = "0" * 60_000
    assert scaled(Decimal(f"1.{zeros}"), 2, "Price") == scaled(Decimal("1"), 2, "Price") == 100
    assert scaled(Decimal(f"2.{zeros}"), 2, "Price") == scaled(Decimal(f"2.{zeros}"), 2, "Price") == 200
    with pytest.raises(UserError, match=r"^Price: found 9{37}\.\.\., expected a number from"):
        scaled(Decimal("9" * 60_000), 2, "Price")
    assert _scaled.cache_info().currsize == 1
    with pytest.raises(UserError, match="^MaxGrossNotional: found -1.0*[.]{3}, expected 0 or more") as error:
        codec_with_names().encode(m.RiskLimits(participant="firm", max_gross_notional=Decimal(f"-1.{zeros}")))
    assert len(str(error.value)) < 120


@pytest.mark.parametrize(
    "price",
    ["100.001", "1e-99999999", "0." + "1" * 100, "92233720368547758.08", "-92233720368547758.09", "1e999999999",
     "1" + "0" * 200, "NaN", "sNaN", "Infinity"],
)
def test_a_price_that_does_not_fit_is_refused_by_name(price):
    with pytest.raises(UserError, match="^Price: found .*, expected (at most 2 decimals|a number from)"):
        codec_with_names().encode(order(price=Decimal(price), order_qty=Decimal(1)))


def test_the_largest_and_smallest_price_fit():
    for price, units in (("92233720368547758.07", 2**63 - 1), ("-92233720368547758.08", -(2**63))):
        assert codec_with_names().encode(order(price=Decimal(price)))["price"][0] == units


def test_a_price_off_the_tick_is_the_engines_to_reject():
    assert codec_with_names().encode(order(price=Decimal("100.01"), order_qty=Decimal(1)))["price"][0] == 10001


@pytest.mark.parametrize(
    "field, message",
    [
        ("OrderQty", order(order_qty=Decimal("0.5"))),
        ("DisplayQty", order(display_qty=Decimal("0.5"))),
        ("MinQty", order(min_qty=Decimal("0.5"))),
        ("StopPx", order(stop_px=Decimal("0.001"))),
        ("TickSize", m.SecurityDefinition(symbol="X", price_scale=2, tick_size=Decimal("0.001"))),
        ("LotSize", m.SecurityDefinition(symbol="X", qty_scale=0, lot_size=Decimal("0.1"))),
        ("ReferencePrice", m.SecurityDefinition(symbol="ACME", reference_price=Decimal("0.001"))),
        ("MaxOrderQty", m.SecurityDefinition(symbol="ACME", max_order_qty=Decimal("0.1"))),
        ("Position", m.PositionAdjust(participant="firm", symbol="ACME", position=Decimal("0.1"))),
        ("MaxOrderNotional", m.RiskLimits(participant="firm", max_order_notional=Decimal("1e-37"))),
        ("MaxGrossNotional", m.RiskLimits(participant="firm", max_gross_notional=Decimal(2**127))),
        ("MaxOrderNotional", m.RiskLimits(participant="firm", max_order_notional=Decimal("0.1"), notional_scale=0)),
        ("MaxOrderQty", m.RiskLimits(participant="firm", symbol="ACME", max_order_qty=Decimal("0.1"))),
        ("MaxOpenQty", m.RiskLimits(participant="firm", symbol="ACME", max_open_qty=Decimal("0.1"))),
        ("MaxPosition", m.RiskLimits(participant="firm", symbol="ACME", max_position=Decimal("0.1"))),
        ("Collar", m.SecurityDefinition(symbol="ACME", collar=Decimal("0.001"))),
        ("DynamicBand", m.SecurityDefinition(symbol="ACME", dynamic_band=Decimal("0.001"))),
        ("StaticBand", m.SecurityDefinition(symbol="ACME", static_band=Decimal("0.001"))),
    ],
)
def test_each_number_that_does_not_fit_is_refused_by_name(field, message):
    with pytest.raises(UserError, match=f"^{field}: found "):
        codec_with_names().encode(message)


@pytest.mark.parametrize(
    "message, said",
    [
        (order(cl_ord_id=2**63), f"ClOrdID: found {2**63}, expected a whole number from 1 to {2**63 - 1}"),
        (order(expire_time=2**64), f"ExpireTime: found {2**64}, expected a whole number from {-(2**63)} to"),
        (m.VenueStart(run=-1), f"Run: found -1, expected a whole number from 0 to {2**64 - 1}"),
        (m.Heartbeat(session="alice", test_req_id=2**64), f"TestReqID: found {2**64}, expected a whole number from 0"),
        (order(self_match_prevention_id=2**64), f"SelfMatchPreventionID: found {2**64}, expected a whole number from"),
        (m.RiskLimits(participant="firm", max_open_orders=2**63), f"MaxOpenOrders: found {2**63}, expected a whole"),
    ],
)
def test_an_integer_beyond_its_field_is_refused(message, said):
    with pytest.raises(UserError, match=f"^{said}"):
        codec_with_names().encode(message)


# ------------------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    "text, message",
    [
        ("Symbol: found 'NONE', expected a symbol that is defined", order(symbol="NONE")),
        ("Session: found 'carol', expected a session that is defined", order(session="carol")),
        ("Participant: found 'none'", m.KillSwitch(participant="none", on=True)),
        ("TargetSession: found 'none'", m.OrderMassCancelRequest(session="alice", cl_ord_id=1, target_session="none")),
        ("Participant: found 'dora'", m.SessionDefinition(session_name="dora")),
        ("SessionName: missing", m.SessionDefinition(participant="firm")),
        ("Symbol: missing", m.SecurityDefinition(security_id=1, currency="EUR")),
        ("SelfMatchPreventionID: missing", order(self_match_prevention_instruction="CancelBoth")),
        ("RateInterval: missing", m.RiskLimits(participant="firm", rate_tokens=1)),
        ("RateTokens: missing", m.RiskLimits(participant="firm", rate_interval=1)),
        ("Currency: found", m.RiskLimits(participant="firm", currency="TOOLONGER", max_open_orders=1)),
        ("Text: found", m.OrderCancelRequest(
            session="alice", cl_ord_id=1, symbol="ACME", order_id=1, text="x" * 57)),
        ("OrigClOrdID: missing, expected it or OrderID", m.OrderStatusRequest(
            session="alice", cl_ord_id=1, symbol="ACME")),
        ("OrderID: found beside OrigClOrdID", m.OrderCancelRequest(
            session="alice", cl_ord_id=1, symbol="ACME", orig_cl_ord_id=1, order_id=1)),
        ("Participant: found", m.PartyDefinition(participant="x" * 49)),
        ("Text: found", order(text="x" * 57)),
        ("Account: found", order(account="a\0b")),
        ("Currency: found", m.SecurityDefinition(symbol="ACME", currency="TOOLONGER")),
        ("Lines: found 63 bytes", m.Record(lines=bytes(63))),
        ("MsgType: found CommandAck", m.CommandAck(sequence=1, place=0, cl_ord_id=1)),
    ],
)
def test_what_a_record_cannot_say_is_refused_by_name(text, message):
    if isinstance(message, m.Event):
        message = type("CommandAck", (m.Command,), {"__module__": __name__})()
    with pytest.raises(UserError) as error:
        codec_with_names().encode(message)
    assert str(error.value).startswith(text)


def test_names_are_defined_where_they_are_first_used():
    codec = Codec(define_on_first_use=True)
    lines = codec.encode(order(price=Decimal("0.00000001"), order_qty=Decimal(1)))
    party, session, instrument, new = Codec().decode(lines)
    assert party == m.PartyDefinition(participant="alice", party_id=1, transact_time=0)
    assert (session.session_name, session.participant, session.rights) == ("alice", "alice", ("Trade",))
    assert (instrument.price_scale, instrument.qty_scale) == (8, 8)
    assert instrument.tick_size == instrument.lot_size == Decimal("1e-8")
    assert new.price == Decimal("1e-8")
    assert len(codec.encode(order(cl_ord_id=2))) == 1


def test_a_session_without_participant_is_its_own():
    codec = Codec(define_on_first_use=True)
    party, session = Codec().decode(codec.encode(m.SessionDefinition(session_name="desk", rights=("Operate",))))
    assert (party.participant, session.participant, session.rights) == ("desk", "desk", ("Operate",))


def test_after_a_venue_start_nothing_is_defined_on_first_use():
    codec = Codec(define_on_first_use=True)
    codec.encode(m.VenueStart(run=1))
    with pytest.raises(UserError, match="Symbol: found 'ACME'"):
        codec.encode(order())


@pytest.mark.parametrize("name", ["", "x" * 49, "a\nb", "a\x7fb"])
def test_a_bad_name_is_not_defined_on_first_use(name):
    with pytest.raises(UserError, match="expected 1 to 48 bytes without control characters"):
        Codec(define_on_first_use=True).encode(order(symbol=name))


def test_a_line_without_a_time_has_that_of_the_line_before():
    lines = codec_with_names().encode_all(
        [m.Clock(transact_time=5), order(), m.Clock(transact_time=9), order(cl_ord_id=2)]
    )
    assert lines["time"].tolist() == [5, 5, 9, 9]


def test_scales_follow_from_tick_and_lot():
    codec = Codec()
    for fields, scales in (
        ({"tick_size": Decimal("0.005"), "lot_size": Decimal("0.1")}, (3, 1)),
        ({"price_scale": 2, "tick_size": Decimal("0.01"), "lot_size": Decimal(1)}, (2, 0)),
        ({}, (8, 8)),
    ):
        lines = codec.encode(m.SecurityDefinition(symbol=f"S{scales}", **fields))
        terms = lines.view(records.INSTRUMENT_TERMS)[2]
        assert (terms["price_scale"], terms["qty_scale"]) == scales


def test_a_redefinition_names_the_known_id_and_leaves_terms_out():
    codec = codec_with_names()
    lines = codec.encode(m.SecurityDefinition(symbol="ACME", reference_price=Decimal(100)))
    assert (lines["instrument"][0], lines["type"][1:].tolist()) == (
        1,
        [LineType.NAME_LINE, LineType.INSTRUMENT_LIMITS_LINE],
    )
    lines = codec.encode(m.SessionDefinition(session_name="bob", disabled=True))
    assert (lines["target"][0], lines["quantity"][0]) == (2, 1)


# ------------------------------------------------------------------------------------------------------ events


def test_an_event_of_each_type_becomes_a_message_that_json_lines_keep():
    codec = codec_with_names()
    for type in EventType:
        events = np.zeros(1, EVENT)
        events["type"], events["session"], events["instrument"], events["reason"] = type, 1, 1, Reason.UNKNOWN_ORDER
        events["leaves_qty"], events["last_px"], events["last_qty"] = 4, 10025, 3
        [message] = codec.events(events)
        assert message.session == "alice"
        assert json_lines.event(json_lines.dumps([message])) == message


def test_an_absent_number_of_iceberg_parts_stays_absent():
    for parts in (None, 20):
        codec = Codec()
        lines = codec.encode(m.SecurityDefinition(symbol="X", tick_size=Decimal(1), iceberg_parts_max=parts))
        [back] = codec.decode(lines)
        assert (back.iceberg_parts_max, codec.encode(back).tobytes()) == (parts, lines.tobytes())


def test_events_of_an_instrument_that_the_codec_has_not_seen_are_refused():
    codec, engine = codec_with_names(), Engine()
    engine.apply(Codec().encode_all(DEFINED))
    events = engine.apply(codec.encode(order(price=Decimal("10.05"), order_qty=Decimal(2)))).copy()
    assert [report.price for report in codec.events(events)] == [Decimal("10.05")]
    with pytest.raises(UserError, match=r"^SecurityID: found 1, expected an instrument whose definition .* seen"):
        Codec().events(events)
    events["type"] = EventType.REJECTED     # may name an instrument that there is not
    assert [report.exec_type for report in Codec().events(events)] == ["Rejected"]


def test_every_status_and_reason_has_its_name():
    events = np.zeros(len(Reason), EVENT)
    events["type"], events["reason"] = EventType.CANCELED, [int(reason) for reason in Reason]
    names = [message.reason for message in Codec().events(events)]
    assert names == [None, *(reason.name for reason in list(Reason)[1:])]
    events = np.zeros(len(OrdStatus), EVENT)
    events["type"], events["status_flags"] = EventType.NEW, [int(status) for status in OrdStatus]
    assert [message.ord_status for message in Codec().events(events)] == list(m.OrdStatus.__args__)


def test_names_of_the_messages_are_those_of_the_records():
    for literal, enum in ((m.Side, records.Side), (m.OrdType, records.OrdType), (m.TimeInForce, records.TimeInForce),
                          (m.Phase, records.Phase)):
        assert [name.lower() for name in literal.__args__] == [member.name.replace("_", "").lower() for member in enum]


# -------------------------------------------------------------------------------------------------------- bulk


def test_a_day_is_encoded_and_decoded():
    line = (
        '{"MsgType":"NewOrderSingle","Session":"alice","ClOrdID":%d,"TransactTime":%d,"Symbol":"ACME","Side":"Buy",'
        '"OrdType":"Limit","Price":%.2f,"OrderQty":%d}\n'
    )
    text = "".join(line % (n, n, 100 + n % 700 / 100, n % 90 + 1) for n in range(1, BULK_MESSAGES + 1))
    lines = read_lines(text.encode().splitlines(keepends=True))
    messages = Codec().decode(lines)
    assert len(messages) == BULK_MESSAGES + 3 and lines.dtype == COMMAND
    written = json_lines.dumps(messages[3:])
    assert list(map(json_lines.command, written.splitlines())) == list(map(json_lines.command, text.splitlines()))
