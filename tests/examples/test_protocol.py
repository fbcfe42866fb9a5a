"""docs/protocol.md holds: the bytes of its examples are those of their messages, in both encodings."""

import re
from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import pytest

from pricetime.gateway import json_lines, message_pack
from pricetime.gateway import messages as m
from pricetime.gateway.codec import Codec
from pricetime.matching import records
from pricetime.matching.engine import Engine

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "protocol.md").read_text()
EXAMPLE = re.compile(r"^### ([^\n]+)\n```json\n([^\n]+)\n```\n```hex lines\n(.*?)```\n```hex MessagePack\n(.*?)```$",
                     re.MULTILINE | re.DOTALL)
EXAMPLES = EXAMPLE.findall(PAGE)


def rows(text):
    """(bytes, what they are) of each field: hexadecimal digits, then a comment, which may stand in the next line."""
    joined = re.sub(r"\n +#", "  #", text)
    fields = re.findall(r"^(\w+) +#(.*)$", joined, re.MULTILINE)
    return [(bytes.fromhex(digits), said.strip()) for digits, said in fields]


def opened():
    """The venue of the page, before its order: an engine, and a codec that has seen the definitions."""
    codec, engine = Codec(), Engine()
    for definition in (
        m.PartyDefinition(participant="firm"), m.SessionDefinition(session_name="alice", participant="firm"),
        m.SecurityDefinition(symbol="ACME", tick_size=Decimal("0.01"), lot_size=Decimal(1)),
    ):
        engine.apply(codec.encode(definition))
    return codec, engine


def message_of(line):
    tag = msgspec.json.decode(line)["MsgType"]
    return json_lines.command(line) if tag in json_lines.COMMANDS else json_lines.event(line)


def test_there_are_a_logon_an_order_and_a_report():
    assert [message_of(line).__struct_config__.tag for _, line, _, _ in EXAMPLES] == [
        "Logon", "NewOrderSingle", "ExecutionReport"]
    assert PAGE.count("```hex") == 2 * len(EXAMPLES)


@pytest.mark.parametrize("line, lines", [(line, lines) for _, line, lines, _ in EXAMPLES])
def test_the_lines_of_an_example_are_its_message(line, lines):
    codec, _ = opened()
    message, data = message_of(line), b"".join(part for part, _ in rows(lines))
    if isinstance(message, m.Command):
        assert codec.encode_bytes(message).hex(" ", 64) == data.hex(" ", 64)
    else:
        assert codec.events(np.frombuffer(data, records.EVENT)) == [message]


@pytest.mark.parametrize("lines", [lines for _, _, lines, _ in EXAMPLES])
def test_each_row_of_lines_is_a_field_with_its_name_and_value(lines):
    at, found = 0, rows(lines)
    first = records.EVENT if "report_number" in lines else records.COMMAND
    for dtype in (first, *([records.NAME] if first is records.COMMAND and len(found) > len(first.names) else [])):
        for name in dtype.names:
            part, said = found[at]
            assert len(part) == dtype[name].itemsize
            value = np.frombuffer(part, dtype[name])[0]
            shown = value.decode() if isinstance(value, bytes) else str(value)
            assert re.match(rf"{name} ?{re.escape(shown)}(:|$)", said), said
            at += 1
    assert at == len(found)


@pytest.mark.parametrize("line, packed", [(line, packed) for _, line, _, packed in EXAMPLES])
def test_the_message_pack_of_an_example_is_its_message(line, packed):
    message, data = message_of(line), b"".join(part for part, _ in rows(packed))
    if isinstance(message, m.Command):
        assert message_pack.dumps(message) == data
        assert message_pack.commands(data) == ([message], None)
    else:
        assert message_pack.dumps([message]) == data
        assert message_pack.events(data) == [message]


@pytest.mark.parametrize("packed", [packed for _, _, _, packed in EXAMPLES])
def test_each_row_of_message_pack_is_a_name_and_its_value(packed):
    pairs = [(part, said) for part, said in rows(packed) if not re.match(r"(map|array) of", said)]
    for part, said in pairs:
        name, value = msgspec.msgpack.decode(bytes((0x81,)) + part).popitem()
        assert said == f"{name}: {msgspec.json.encode(value).decode()}"


def test_the_report_is_what_the_engine_says_to_the_order():
    codec, engine = opened()
    order = message_of(EXAMPLES[1][1])
    order.sequence, order.transact_time = 0, message_of(EXAMPLES[2][1]).transact_time
    assert codec.events(engine.apply(codec.encode(order))) == [message_of(EXAMPLES[2][1])]
