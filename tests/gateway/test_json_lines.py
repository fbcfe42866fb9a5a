"""docs/json-lines.md holds: every message is there with exactly its fields, and every example is taken."""

import io
import re
from pathlib import Path
from random import Random

import msgspec
import pytest
from json_lines_page import examples, sections

from pricetime.gateway import json_lines
from pricetime.gateway import messages as m
from pricetime.gateway.codec import Codec
from pricetime.matching.errors import UserError

SEED = 20230711
MANGLED_LINES = 5000
MANGLES = ["", "1", '"', "{", "]", ",", ":", "\\", "null", "-1e999"]
COMMON = {
    "command": {field.encode_name for field in msgspec.structs.fields(m.Command)},
    "event": {field.encode_name for field in msgspec.structs.fields(m.Event)},
}


def types_of(kind):
    return json_lines.COMMANDS if kind == "command" else json_lines.EVENTS


def test_every_message_has_its_section():
    for kind in ("command", "event"):
        assert {tag for section_kind, tag, _ in sections() if section_kind == kind} == set(types_of(kind))


@pytest.mark.parametrize("kind, tag, text", list(sections()), ids=[f"{kind}-{tag}" for kind, tag, _ in sections()])
def test_a_section_names_exactly_the_fields_of_its_message(kind, tag, text):
    named = set(re.findall(r"`(\w+)`", text.split("\nFields: ")[1].split("```")[0]))
    fields = {field.encode_name for field in msgspec.structs.fields(types_of(kind)[tag])}
    assert named - COMMON[kind] == fields - COMMON[kind]


@pytest.mark.parametrize(
    ("file", "found"), [("x.jsonl", "'x.jsonl'"), (Path("x"), "PosixPath('x')"), (io.StringIO("{}"), "one of text")])
def test_what_is_no_file_of_bytes_is_one_line(file, found):
    with pytest.raises(UserError) as error:
        list(json_lines.read(file, "flow"))
    assert str(error.value) == f"flow: found {found}, expected a file of bytes: open(path, 'rb')"


@pytest.mark.parametrize("first", [b"", b"\n", b'{"MsgType":"Clock","TransactTime":1}\n'])
def test_a_byte_order_mark_at_the_start_of_a_file_is_passed_over(first):
    line = b'{"MsgType":"Clock","TransactTime":2}'
    file = io.BytesIO(json_lines.BYTE_ORDER_MARK + first + line)
    numbered = list(json_lines.read(file, "flow"))
    assert [command.transact_time for _, command in numbered] == ([1, 2] if first.strip() else [2])
    assert numbered[-1][0] == first.count(b"\n") + 1
    with pytest.raises(UserError, match="line 2: byte order mark: found one, expected at most one, at the start"):
        list(json_lines.read(io.BytesIO(b"\n" + json_lines.BYTE_ORDER_MARK + line), "flow"))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_another_encoding_is_named(encoding):
    text = '{"MsgType":"Clock","TransactTime":2}'.encode(encoding)
    with pytest.raises(UserError, match=f"line 1: byte order mark: found that of {encoding.upper()}, expected UTF-8"):
        list(json_lines.read(io.BytesIO(text), "flow"))


def test_a_mangled_line_is_a_message_or_one_line_of_error():
    """Seeded, so a failure shows again; the mangled line is in the traceback."""
    random = Random(SEED)
    lines = [line for _, _, line in examples("command")]
    for _ in range(MANGLED_LINES):
        line = random.choice(lines)
        at, end = random.randrange(len(line)), random.randrange(len(line))
        line = line[:at] + random.choice(MANGLES) + line[max(at, end) :]
        try:
            message = json_lines.command(line)
        except UserError as error:
            assert str(error).isprintable()
        else:
            assert isinstance(message, m.Command)


@pytest.mark.parametrize("kind, tag, line", examples(), ids=[tag for _, tag, _ in examples()])
def test_an_example_is_read_and_written_again_without_loss(kind, tag, line):
    read = json_lines.command if kind == "command" else json_lines.event
    message = read(line)
    assert message.__struct_config__.tag == tag
    assert read(json_lines.dumps([message])) == message
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(message), type=type(message)) == message


def test_all_examples_of_commands_can_be_encoded_in_the_order_of_the_page():
    codec = Codec(define_on_first_use=True)
    for _, _, line in examples("command"):
        message = json_lines.command(line)
        size = codec.encode(message).shape[0]
        assert 1 <= size <= 8


@pytest.mark.parametrize(
    "line, found",
    [
        ("{", "not JSON"),
        ("[]", "expected an object"),
        ("{}", "MsgType: missing"),
        ('{"MsgType":"Order"}', 'MsgType: found "Order", expected one of NewOrderSingle'),
        ('{"MsgType":"NewOrderSingle","MsgType":"Clock"}', 'MsgType: stands there twice, expected once'),
        ('{"MsgType":"Clock","TransactTime":"x","TransactTime":5}', 'TransactTime: stands there twice, expected once'),
        ('{"MsgType":["Order"]}', "MsgType: found"),
        (b'{"MsgType":"Clo\xffck","TransactTime":5}', "MsgType: found"),
        ('{"MsgType":"Clock"}', "TransactTime: missing, Clock needs a whole number from 0 to"),
        ('{"MsgType":"Clock","TransactTime":-1}', "TransactTime: found -1, expected a whole number from 0"),
        ('{"MsgType":"Clock","TransactTime":1.5}', "TransactTime: found 1.5"),
        ('{"MsgType":"Clock","TransactTime":1,"Price":2}', "Price: not a field of Clock"),
        (
            '{"MsgType":"NewOrderSingle","Session":"a","ClOrdID":1,"Symbol":"A","Side":"Buy","OrdType":"Limit",'
            '"OrderQuantity":1}',
            "OrderQuantity: not a field of NewOrderSingle; the nearest that there is: OrderQty; the others: ",
        ),
        (
            '{"MsgType":"NewOrderSingle","Qty":1}',
            "Qty: not a field of NewOrderSingle; the nearest that there is: OrderQty; the others: DisplayQty, MinQty, ",
        ),
        (
            '{"MsgType":"NewOrderSingle","Session":"a","ClOrdID":1}',
            'Symbol: missing, NewOrderSingle needs text, such as "Symbol":"ACME"',
        ),
        (
            '{"MsgType":"OrderCancelRequest","Session":"a","ClOrdID":9223372036854775808,"Symbol":"A"}',
            "ClOrdID: found 9223372036854775808, expected a whole number from 1 to 9223372036854775807",
        ),
        ('{"MsgType":"KillSwitch","Participant":"a","On":1}', "On: found 1, expected true or false"),
        (
            '{"MsgType":"TradingSessionStatus","Symbol":"A","Phase":"Open"}',
            'Phase: found "Open", expected one of Closed, PreOpen',
        ),
        ('{"MsgType":"SessionDefinition","Rights":["All"]}', 'Rights: found ["All"], expected a list of Trade'),
        ('{"MsgType":"EventDigest","Digest":"12"}', 'Digest: found "12"'),
        ('{"MsgType":"Record","Lines":"?"}', 'Lines: found "?", expected base64'),
        (b'{"MsgType":"Logout","Session":"\xff"}', "not UTF-8"),
        ('{"MsgType":"Logout","Session":"\\ud800"}', "not"),
        ('{"MsgType":"Order", ...', "not JSON"),
        ('{"MsgType":"Clock","TransactTime":1e400}', "TransactTime: found 1e400"),
        ('{"MsgType":"Clock","TransactTime":' + "[" * 100_000, "nested too deeply"),
        ('{"MsgType":"Clock","TransactTime":NaN}', "TransactTime: found NaN, expected a whole number from 0 to"),
        ('{"MsgType":"PositionAdjust","Position":-Infinity}', "Position: found -Infinity, expected a number"),
        ('{"MsgType":"RiskLimits","MaxPosition":NaN}', "MaxPosition: found NaN, expected a number or null"),
        ('{"MsgType":"Order","Price":Infinity}', "Price: found Infinity, expected a number"),
        ("NaN", "not JSON"),
        (
            '{"MsgType":"Clock","TransactTime":1,"Sequence":"5"}',
            f'Sequence: found "5", expected a whole number from 0 to {2**64 - 1}',
        ),
        (
            '{"MsgType":"RiskLimits","Participant":"a","NotionalScale":37}',
            "NotionalScale: found 37, expected a whole number from 0 to 36",
        ),
        (
            '{"MsgType":"TradingSessionStatus","Symbol":"A","Phase":"Closed","TradeDate":"2023-07-11"}',
            'TradeDate: found "2023-07-11", expected a whole number like 20230711 (yyyymmdd)',
        ),
    ],
)
def test_a_bad_line_says_what_was_found_and_expected(line, found):
    with pytest.raises(UserError) as error:
        json_lines.command(line)
    assert found in str(error.value) and "\n" not in str(error.value)


NAMES = [f"{a:c}{b:c}" for a in range(32, 127) for b in range(32, 127) if not {a, b} & {34, 92}]
ORDER = {"MsgType": "NewOrderSingle", "Session": "a", "ClOrdID": 1, "Symbol": "A", "Side": "Buy", "OrdType": "Limit"}
LARGE = 60_000


def test_a_name_that_stands_twice_in_a_large_object_is_found():
    """Looking for it took the square of the names once: seconds for 64 KiB."""
    line = "{" + ",".join(f'"{name}":0' for name in [*NAMES, NAMES[-1]]) + "}"
    with pytest.raises(UserError, match="^~~: stands there twice, expected once$"):
        json_lines.command(line)
    with pytest.raises(UserError, match="^: stands there twice, expected once$"):
        json_lines.command('{"":0,"":0}')


@pytest.mark.parametrize("value", [
    "missing required field `foo`", "Object missing required field `foo`", "unknown field `foo`", "x` - at `$.foo",
    "x` - at `$.foo`", "`$.foo", " - at `$.Side`", "\n`", "` - at `$." + "a" * LARGE, " - at `$.a" * (LARGE // 9),
    "`" * LARGE, "Object contains unknown field `" * (LARGE // 31),
], ids=range(12))
def test_words_of_an_error_within_what_was_sent_are_not_taken_for_the_error(value):
    for name in ("Side", value, "MsgType"):
        with pytest.raises(UserError) as error:
            json_lines.command(msgspec.json.encode(ORDER | {name: value}))
        said = str(error.value)
        assert said.isprintable() and len(said) < 1_000
        assert "not a field of NewOrderSingle" in said if name == value else said.startswith(f"{name}: found ")
