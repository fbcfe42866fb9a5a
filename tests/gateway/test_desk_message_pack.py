"""MessagePack: the Structs of JSON Lines in, lines for the loop out, and reports the other way."""

from decimal import Decimal

import commands as c
import msgspec
import numpy as np
import pytest
from desk_world import World
from json_lines_page import examples
from market import ACME, ALICE, BOB, POWER, opening

from pricetime.gateway import json_lines, message_pack
from pricetime.gateway import messages as m
from pricetime.gateway.desk.frames import _HEADER, Frame, frame_of
from pricetime.gateway.desk.requests import LOG
from pricetime.gateway.desk.translation import blocks
from pricetime.gateway.internal import INTERNAL, Encoding, InternalKind
from pricetime.gateway.loop import MESSAGE_BYTES
from pricetime.matching.errors import CheckFailed, UserError
from pricetime.matching.records import CommandType, LineType, Reason

pack = msgspec.msgpack.encode


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path / "venue")
    world.journal(*opening())
    world.start()
    yield world
    world.end()


def order(cl_ord_id, sequence=2, **fields):
    return m.NewOrderSingle(**{
        "session": "alice", "cl_ord_id": cl_ord_id, "symbol": "POWER", "side": "Buy", "ord_type": "Limit",
        "price": Decimal(100), "order_qty": Decimal(3), "sequence": sequence, **fields})


def said(message):
    """A message as a map whose values are those of JSON."""
    return msgspec.json.decode(msgspec.json.encode(message))


def test_one_map_is_one_command(world):
    world.forward_maps(message_pack.dumps(order(1, 7)), ALICE)
    line, = world.submitted()
    assert (line["type"], line["cl_ord_id"], line["sequence"]) == (CommandType.NEW_ORDER_SINGLE, 1, 7)
    assert (line["instrument"], line["price"], line["quantity"], line["time"]) == (POWER, 100, 3, 0)


def test_a_frame_to_the_loop_is_about_the_client_that_sent_it(world):
    world.send(Frame(InternalKind.FORWARD, message_pack.dumps(order(1)), 77, ALICE, Encoding.MESSAGE_PACK, 2,
                     world.engine.sequence, 5))
    frame = world.frame()
    assert (frame.kind, frame.routing, frame.encoding, frame.user) == (InternalKind.SUBMIT, 77, 1, 5)


@pytest.mark.parametrize("together", [True, False])
def test_what_comes_behind_a_logon_before_its_answer_speaks_for_the_same_session(world, together):
    logon, foreign = m.Logon(session_name="bob", sequence=1), order(1, 2)       # that one is alice's
    for messages in ((logon, foreign),) if together else ((logon,), (foreign,)):
        world.forward_maps(message_pack.dumps(list(messages) if together else messages[0]), 0, routing=9)
    assert world.submitted()["type"][0] == CommandType.LOGON
    reject, = world.told_maps()
    assert reject.text == "Session: found 'alice', expected 'bob', whose connection this is"


def test_an_array_is_several_commands_in_their_order(world):
    messages = [order(number, number) for number in range(1, 6)] + [
        m.OrderCancelRequest(session="alice", cl_ord_id=6, symbol="POWER", orig_cl_ord_id=1, sequence=6, text="bye"),
        m.TestRequest(session="alice", test_req_id=9, sequence=7)]
    world.forward_maps(message_pack.dumps(messages), ALICE)
    frame = world.delivered(InternalKind.SUBMIT)
    expected = b"".join(world.codec.encode_bytes(message) for message in messages)
    assert frame.payload == expected


def test_a_logon_names_its_session(world):
    world.forward_maps(message_pack.dumps(m.Logon(session_name="alice", sequence=1, heart_bt_int=500)), 0)
    first, name = world.submitted()
    assert (first["type"], first["session"], first["sequence"], first["quantity"]) == (CommandType.LOGON, 0, 1, 500)
    assert name["type"] == LineType.NAME_LINE and name.tobytes()[8:13] == b"alice"


def test_what_was_sent_together_leaves_in_messages_that_the_loop_takes(world):
    messages = [m.Logout(session="alice", sequence=number) for number in range(1, 2500)]
    world.forward_maps(message_pack.dumps(messages), ALICE)
    sizes = [len(world.delivered(InternalKind.SUBMIT).payload) for _ in range(3)]
    assert sizes == [MESSAGE_BYTES, MESSAGE_BYTES, 2499 * 64 - 2 * MESSAGE_BYTES]


def test_records_of_several_lines_are_never_cut():
    records = [bytes(64 * lines) for lines in (8, 5, 3) * 200]
    made = list(blocks(records))
    assert b"".join(made) == b"".join(records)
    assert all(MESSAGE_BYTES - 8 * 64 < len(block) <= MESSAGE_BYTES for block in made[:-1])
    assert list(blocks([])) == []


@pytest.mark.parametrize("price", ["100.5", Decimal("100.5")])
def test_decimals_are_exact(price):
    found, fault = message_pack.commands(pack(said(order(1)) | {"Price": str(price)}))
    assert fault is None and found[0].price == Decimal("100.5")


@pytest.mark.parametrize(("price", "exact"), [
    (5, "5"), (2**63, str(2**63)), (100.25, "100.25"), (0.1, "0.1"), (-1e-7, "-1E-7"), ("0.30", "0.30")])
def test_numbers_count_as_what_they_say(price, exact):
    found, _ = message_pack.commands(pack(said(order(1)) | {"Price": price}))
    assert str(found[0].price) == exact


@pytest.mark.parametrize(("changes", "reason", "text"), [
    ({"Symbol": "NONE"}, "UNKNOWN_INSTRUMENT", "Symbol: found 'NONE', expected a symbol that is defined"),
    ({"Price": 100.25}, "UNSUPPORTED", "Price: found 100.25, expected at most 0 decimals"),
    ({"Price": float("nan")}, "UNSUPPORTED", "Price: found NaN, expected"),
    ({"Price": "1e400"}, "UNSUPPORTED", "Price: found 1E+400, expected a number from"),
    ({"Session": "bob"}, "UNKNOWN_SESSION", "Session: found 'bob', expected 'alice', whose connection this is"),
    ({"Session": "nobody"}, "UNKNOWN_SESSION", "Session: found 'nobody', expected 'alice', whose connection this is"),
    ({"Price": "dear"}, "UNSUPPORTED", 'Price: found "dear", expected a number'),
    ({"ClOrdID": 2**63}, "INVALID_CL_ORD_ID", "ClOrdID: found 9223372036854775808, expected a whole number from 1"),
    ({"Side": "Up"}, "UNSUPPORTED", 'Side: found "Up", expected one of Buy, Sell, SellShort'),
    ({"MsgType": "Order"}, "UNKNOWN_MSG_TYPE", 'MsgType: found "Order", expected one of NewOrderSingle'),
    ({"Prise": 1}, "UNSUPPORTED", "Prise: not a field of NewOrderSingle; the nearest that there is: Price"),
])
def test_what_cannot_be_said_is_rejected_by_field_found_and_expected(world, changes, reason, text):
    good, bad = said(order(1, 2)), said(order(2, 3)) | changes
    world.forward_maps(pack([good, bad, said(order(3, 4))]), ALICE)
    assert world.submitted()["cl_ord_id"].tolist() == [1]      # what is before it counts, what is behind it does not
    frame = world.delivered()
    reject, = message_pack.events(frame.payload)
    assert isinstance(reject, m.Reject) and reject.reason == reason and Reason(frame.reason).name == reason
    assert reject.text.startswith(text) and reject.text.isprintable()
    assert reject.ref_seq_num in (0, 3)
    world.forward_maps(pack(said(order(2, 3))), ALICE)
    assert world.submitted()["sequence"].tolist() == [3]        # it took no number


def test_what_is_wrong_is_said_shorter_than_it_was_sent(world):
    for changes in ({"Session": "\x01" * 30_000}, {"Symbol": "\x01" * 30_000}, {"\x01" * 30_000: 1}):
        world.forward_maps(pack(said(order(1, 2)) | changes), ALICE)
        assert len(world.delivered().payload) < 2_000


@pytest.mark.parametrize("payload", [b"\x80", b"\x92\x80", b"\x9f", b"\xdc", b"\xdd\xff\xff\xff\xff\x80", b"\x91\xc1",
                                     pack([1, 2]), pack([[]]), pack({1: 2}), b"\x91" * 5000, pack({"MsgType": b"\xff"}),
                                     pack(said(order(1))) + b"\0", pack([said(order(1))])[:-1]])
def test_what_is_no_message_is_rejected_and_nothing_of_it_taken(world, payload):
    world.forward_maps(payload, ALICE)
    reject, = world.told_maps()
    assert isinstance(reject, m.Reject) and "expected" in reject.text
    assert reject.reason in ("BAD_LENGTH", "UNKNOWN_MSG_TYPE", "UNSUPPORTED")


def pairs(*items):
    """A map of keys and values in MessagePack, whatever they are and however often."""
    return b"\xdf" + len(items).to_bytes(4, "big") + b"".join(pack(key) + pack(value) for key, value in items)


def fault(payload):
    found, said = message_pack.commands(payload)
    assert found == [] and said.isprintable()
    return said


def test_a_name_that_stands_twice_in_a_large_map_is_found():
    """Looking for it took the square of the names once: seconds for 64 KiB."""
    names = [f"{a:c}{b:c}" for a in range(1, 127) for b in range(1, 127)]
    many = [(name, None) for name in names if name != "77"]
    assert fault(pairs(*many, (7, None), ("7", None))) == "7: stands there twice, expected once"
    assert fault(pairs(*many, ("~~", None))) == "~~: stands there twice, expected once"
    assert fault(pairs(*many)).startswith("MsgType: missing, expected one of NewOrderSingle")


@pytest.mark.parametrize("others", [(255,), ("Foo",), (b"\xff",), ({1: 2},), ("Logon",), ("Clock", "PartyDefinition")])
@pytest.mark.parametrize("last", [True, False])
def test_two_types_of_a_message_are_said(others, last):
    """msgspec counts the first, whoever reads a map the last."""
    types = ("PartyDefinition", *others) if last else (*others, "PartyDefinition")
    payload = pairs(*(("MsgType", type) for type in types), ("Participant", 5))
    assert fault(payload) == "MsgType: stands there twice, expected once"


@pytest.mark.parametrize(("key", "value", "said"), [
    ("Rights", ["All", 5, [1], {}], 'Rights: found ["All",5,...,...], expected a list of Trade'),
    ("Rights", ["Trade"] * 20_000 + ["All"], 'Rights: found ["Trade","Trade",'),
    ("Disabled", {"a": {"b": 1}}, "Disabled: found {...}, expected true or false"),
    ("Disabled", msgspec.msgpack.Ext(5, b"x"), "Disabled: found (an extension type), expected true or false"),
    ((1, 2), None, "not UTF-8 or not text: expected `str`, got `array`"),
    (b"x", None, "not UTF-8 or not text: expected `str`, got `bytes`"),
    (None, None, "not UTF-8 or not text: expected `str`, got `null`"),
])
def test_what_json_has_not_is_shown_as_far_as_it_goes(key, value, said):
    payload = pairs(("MsgType", "SessionDefinition"), ("SessionName", "x"), (key, value))
    assert fault(payload).startswith(said)


def test_keys_that_are_arrays_are_never_hashed(monkeypatch):
    """A client can send such as all have one hash; in a dict they take the square of their number."""
    decode, seen = msgspec.msgpack.decode, []
    monkeypatch.setattr(msgspec.msgpack, "decode", lambda data: seen.append(bytes(data)[0]) or decode(data))
    inner = pairs(*(((number, 1), None) for number in range(100)))
    assert fault(pairs(("MsgType", "Clock"), ("TransactTime", msgspec.Raw(inner)))).startswith("TransactTime: found {")
    assert fault(inner).startswith("MsgType: missing")
    assert seen and not any(first in message_pack.MARKS for first in seen)


def test_mangled_payloads_are_commands_or_one_line_of_error():
    random = np.random.default_rng(20230711)
    payload = message_pack.dumps([json_lines.command(line) for _, _, line in examples("command")])
    for _ in range(3000):
        mangled = bytearray(payload)
        for at in random.integers(len(payload), size=random.integers(1, 4)):
            mangled[at] = random.integers(256)
        found, fault = message_pack.commands(bytes(mangled[:random.integers(1, len(payload) + 1)]))
        assert all(isinstance(command, m.Command) for command in found)
        assert fault is None or fault.isprintable()


def test_a_name_that_is_not_defined_yet_is_waited_for(world):
    message = message_pack.dumps(order(1, symbol="LATE", price=Decimal("1.5")))
    world.forward_maps(message, ALICE, sequence=world.engine.sequence + 1)
    world.forward_maps(message_pack.dumps(order(2, 3)), ALICE)         # of the same client: behind it
    assert world.is_silent()
    world.journal(c.define_instrument(3, "LATE", c.terms_line(price_scale=1)))
    line, = world.submitted()
    assert (line["instrument"], line["price"], line["cl_ord_id"]) == (3, 15, 1)
    assert world.submitted()["cl_ord_id"].tolist() == [2]


def test_a_definition_that_the_venue_refuses_defines_nothing(world):
    definition = m.SecurityDefinition(session="alice", cl_ord_id=1, symbol="MINE", price_scale=2, sequence=2)
    world.forward_maps(message_pack.dumps([definition, order(2, 3, symbol="MINE")]), ALICE)
    assert world.submitted()["type"][0] == CommandType.SECURITY_DEFINITION
    reject, = world.told_maps()
    assert reject.text.startswith("Symbol: found 'MINE'")


def test_what_fails_by_a_mistake_of_ours_is_refused_and_said_and_the_desk_goes_on(world, monkeypatch):
    said = []
    monkeypatch.setattr(LOG, "say", lambda event, line, **fields: said.append(line))

    def broken(*given):
        raise RuntimeError("a mistake")

    with monkeypatch.context() as patch:
        patch.setattr("pricetime.gateway.desk.translation.blocks", broken)
        world.forward_maps(message_pack.dumps(order(1)), ALICE)
        reject, = world.told_maps()
        assert (reject.reason, reject.text[:25]) == ("UNSUPPORTED", "this cannot be worked off")
        patch.setattr("pricetime.gateway.desk.requests.order_status", broken)
        world.forward(c.record(CommandType.ORDER_STATUS_REQUEST, cl_ord_id=4), ALICE)
        event, = world.told()
        assert (event["reason"], event["cl_ord_id"]) == (Reason.UNSUPPORTED, 4)
        patch.setattr("pricetime.gateway.desk.translation.message_pack.frames", broken)
        world.translate(world.journal(c.new(ALICE, 1, POWER, c.BUY, 3, 100)).tobytes(), ALICE)
        world.forward(b"\0" * 8, ALICE)     # less than a line: of nobody
        assert world.is_silent()
    world.forward_maps(message_pack.dumps(order(2)), ALICE)
    assert world.submitted()["cl_ord_id"].tolist() == [2]
    assert [line for line in said if "failed" in line] == ["a frame failed: RuntimeError: a mistake"] * 3


def test_commands_of_a_session_that_is_not_known_yet_wait(world):
    message = message_pack.dumps(order(1, session="late"))
    world.forward_maps(message, 6, sequence=world.engine.sequence + 1)
    assert world.is_silent()
    world.journal(c.define_session(6, "late", 1))
    assert world.submitted()["session"].tolist() == [6]


def test_more_than_may_wait_is_refused_and_what_waits_keeps_its_turn(world, monkeypatch):
    monkeypatch.setattr("pricetime.gateway.desk.lanes.LANE_FRAMES_MAX", 3)
    for number in range(1, 6):
        world.forward_maps(message_pack.dumps(order(number, symbol="LATE")), ALICE, sequence=world.engine.sequence + 1)
    assert [world.told_maps()[0].reason for _ in range(2)] == ["THROTTLED"] * 2
    world.journal(c.define_instrument(3, "LATE"))
    assert [world.submitted()["cl_ord_id"].tolist() for _ in range(3)] == [[1], [2], [3]]


def test_record_messages_are_not_for_the_wire(world):
    world.forward_maps(message_pack.dumps(m.Record(lines=c.logout(ALICE))), ALICE)
    reject, = world.told_maps()
    assert (reject.reason, reject.text) == ("UNKNOWN_MSG_TYPE", "MsgType: found Record, expected a command in words")


def test_reports_become_arrays_of_maps(world):
    said = world.journal(c.new(ALICE, 1, POWER, c.BUY, 3, 100), c.new(BOB, 1, POWER, c.SELL, 3, 100))
    mine = said[said["session"] == ALICE]
    world.translate(mine.tobytes(), ALICE)
    assert world.told_maps() == world.codec.events(mine)
    many = np.concatenate([mine] * 100)
    world.translate(many.tobytes(), ALICE)
    maps = []
    while len(maps) < len(many):
        frame = world.delivered()
        assert len(frame.payload) < MESSAGE_BYTES
        maps += message_pack.events(frame.payload)
    assert maps == world.codec.events(many)


def test_the_largest_events_fit_a_frame():
    largest = m.ExecutionReport(
        sequence=2**64 - 1, place=2**32 - 1, session="\U0001F600" * 12, report_number=2**64 - 1,
        transact_time=2**63 - 1, exec_type="Canceled", ord_status="PartiallyFilled",
        reason=max((reason.name for reason in Reason), key=len), cl_ord_id=2**63 - 1, orig_cl_ord_id=2**63 - 1,
        order_id=2**64 - 1, exec_id=2**64 - 1, symbol="\U0001F600" * 12, side="SellShort",
        ord_type="MarketWithLeftOverAsLimit", time_in_force="AtTheOpening", exec_inst="PostOnly",
        price=Decimal("-9.223372036854775808"), last_px=Decimal("-9.223372036854775808"),
        last_qty=Decimal("9.223372036854775807"), trd_match_id=2**64 - 1, aggressor_indicator=True,
        leaves_qty=Decimal("9.223372036854775807"), cum_qty=Decimal("9.223372036854775807"),
        participant="\U0001F600" * 12)
    assert len(message_pack.dumps([largest] * message_pack.MAPS_OF_FRAME)) <= MESSAGE_BYTES


def test_reports_of_what_is_not_defined_yet_wait(world):
    ahead = c.define_instrument(3, "LATE", c.terms_line(price_scale=1))
    before = world.engine.sequence
    lines = np.frombuffer(bytearray(ahead), "u1")
    assert lines.size
    twin = type(world.engine).load(world.engine.dump())
    twin.apply(ahead)
    said = twin.apply(c.new(ALICE, 1, 3, c.BUY, 3, 100))
    world.translate(said.tobytes(), ALICE)
    assert world.is_silent() and before == world.engine.sequence
    world.journal(ahead)
    report, = world.told_maps()
    assert (report.symbol, report.price) == ("LATE", Decimal("10.0"))


def test_definitions_and_answers_of_one_line_are_told_too(world):
    definition = c.define_instrument(ACME, "ACME", c.terms_line(tick=5, lot=10))
    answer = np.zeros(64, "u1")
    answer[4], answer[5], answer[7] = 32, 0x11, Reason.NOT_LOGGED_ON        # BUSINESS_MESSAGE_REJECT
    event = world.journal(c.new(ALICE, 1, POWER, c.BUY, 3, 100))
    world.translate(definition + answer.tobytes() + event.tobytes(), ALICE)
    payload = world.delivered().payload
    definition_map, refused, report = msgspec.msgpack.decode(payload)
    assert (definition_map["MsgType"], definition_map["Symbol"]) == ("SecurityDefinition", "ACME")
    assert (definition_map["TickSize"], definition_map["LotSize"]) == ("5", "10")
    assert refused["Reason"] == "NOT_LOGGED_ON" and report["MsgType"] == "ExecutionReport"


def test_every_example_of_the_page_says_the_same_in_both_encodings():
    for kind, _, line in examples():
        message = json_lines.command(line) if kind == "command" else json_lines.event(line)
        if kind == "command":
            assert message_pack.commands(message_pack.dumps(message)) == ([message], None)
        else:
            assert message_pack.events(message_pack.dumps([message])) == [message]


def test_events_that_are_none_are_one_line():
    with pytest.raises(UserError, match="^not events in MessagePack: "):
        message_pack.events(b"\x91\xc1")


def test_a_frame_has_the_layout_of_the_loop():
    frame = Frame(InternalKind.SUBMIT, b"payload", 1, 2, 1, 2, 3, 4, 5, bytes(range(32)))
    data = frame.to_bytes()
    assert frame_of(data) == frame
    assert _HEADER.size == INTERNAL.itemsize
    row = np.frombuffer(data[:64], INTERNAL)[0]
    assert row.tolist()[:10] == (0xC1, InternalKind.SUBMIT, 5, 1, 1, 3, 2, 4, 7, 2)
    assert bytes(row["secret"]) == bytes(range(32))
    for wrong in (b"", data[:63], b"\0" + data[1:], data + b"x"):
        with pytest.raises(CheckFailed):
            frame_of(wrong)
