"""The Python side of both engines: what is asked of them beside commands, and what they refuse to be asked."""

import commands as c
import numpy as np
import pytest
from standing_market import FIRM, LATE, A, X, definitions, orders, standing

import pricetime.matching
from pricetime.matching import checksum, records
from pricetime.matching import engine as fast
from pricetime.matching.reference.layout import COMMAND


@pytest.mark.parametrize("capacity", [0, -1, (1 << 24) + 1])
def test_a_capacity_that_no_engine_has(engine_class, capacity):
    with pytest.raises(ValueError, match=f"order_capacity is {capacity}, expected 1 to 16777216"):
        engine_class(capacity)


@pytest.mark.parametrize("shard", [-1, 256])
def test_a_shard_that_there_is_not(engine_class, shard):
    with pytest.raises(ValueError, match=f"shard is {shard}, expected 0 to 255"):
        engine_class(4, shard)


def test_room_for_orders(engine_class):
    assert engine_class(4).order_capacity == 4
    assert engine_class.load(engine_class(5).dump()).order_capacity == 5


def test_names_and_ids(engine_class):
    engine = standing(engine_class)
    assert (engine.participant_id("firm"), engine.session_id("a"), engine.instrument_id("X")) == (FIRM, A, X)
    assert engine.orders("LATE").tobytes() == engine.orders(LATE).tobytes() != b""
    for question in (engine.participant_id, engine.session_id, engine.instrument_id, engine.orders, engine.depth):
        with pytest.raises(KeyError, match="nobody"):
            question("nobody")
    for id in (0, 7):
        with pytest.raises(KeyError):
            engine.orders(id)


@pytest.mark.parametrize("given", [[object()], object(), None, {"MsgType": "Clock"}])
def test_what_is_no_lines_is_told_what_lines_are(engine_class, given):
    with pytest.raises(TypeError, match=r"^lines: found a \w+ of Python objects, expected COMMAND lines.*encode_all"):
        engine_class().apply(given)


@pytest.mark.parametrize("given", [b"x" * 65, np.zeros(1, "u1"), np.zeros((2, 64), "u1")])
def test_lines_that_are_not_whole_or_in_no_row(engine_class, given):
    with pytest.raises(ValueError, match="lines have 65 bytes|lines have 1 bytes|imensions"):
        engine_class().apply(given)


def test_lines_are_arrays_or_their_bytes(engine_class):
    data = b"".join([*definitions(), *orders()])
    digests = set()
    for lines in (data, np.frombuffer(data, records.COMMAND), np.frombuffer(data, "u1")):
        engine = engine_class()
        events = engine.apply(lines)
        assert len(engine.apply(lines[:0])) == 0
        digests.add((engine.digest(), events.tobytes()))
    assert len(digests) == 1


@pytest.mark.parametrize("place", range(9))
def test_lines_may_lie_anywhere_in_memory(engine_class, place):
    """On no boundary of a word, as in the middle of a file that was read whole."""
    lines = b"".join([*definitions(), *orders()])
    block = np.frombuffer(bytes(place) + lines, np.uint8)[place:]
    engine, beside = engine_class(), engine_class()
    assert (engine.apply(block) == beside.apply(lines)).all()
    assert engine.digest() == beside.digest()


def test_no_levels_are_no_depth(engine_class):
    engine = standing(engine_class)
    assert [len(side) for levels in (0, -1) for side in engine.depth("X", levels)] == [0] * 4
    assert any(len(side) for side in engine.depth("X", 1))


def test_tables_and_counters(engine_class):
    engine = standing(engine_class)
    commands = len([*definitions(), *orders()]) + 4         # and three calls, a cancel
    assert (engine.run, engine.sequence) == (0, commands)
    c.apply(engine, c.venue_start(1))
    assert (engine.run, engine.time, engine.sequence) == (1, 10, commands + 1)
    tables = (engine.participants, engine.notional_limits, engine.accounts, engine.sessions, engine.instruments)
    assert [len(table) for table in tables] == [3, 2, 8, 2, 6]
    assert [table.dtype for table in tables] == [
        records.PARTICIPANT_STATE, records.NOTIONAL_LIMITS_STATE, records.ACCOUNT_STATE, records.SESSION_STATE,
        records.INSTRUMENT_STATE]


def test_scattered_ids_show_nowhere_and_come_before_the_first_order():
    def scattered(capacity: int) -> fast.Engine:
        engine = fast.Engine(capacity)
        fast.scatter_ids(engine, 0x123456789ABCDEF0)
        fast.touch(engine)
        return engine

    engine, other = standing(scattered), standing(fast.Engine)
    assert engine.dump() == other.dump()
    with pytest.raises(ValueError, match="27 orders are live: ids are scattered before the first"):
        fast.scatter_ids(other, 1)


def test_the_package_has_the_fast_engine():
    assert pricetime.matching.Engine is fast.Engine
    with pytest.raises(AttributeError, match="has no attribute 'Motor'"):
        pricetime.matching.Motor    # noqa: B018 (it is asked for to be refused)


def test_checksums_take_whole_lines_and_events():
    line = COMMAND.pack(type=1, shape=records.RECORD_VERSION << 4 | 1)
    one = checksum.checksum_record(line, 0)
    assert one == checksum.checksum_record(b"\xff" * 4 + line[4:], 0), "the field itself does not count"
    assert one != checksum.checksum_record(line, 1) and one != checksum.checksum_record(line * 2, 0)
    for size in (0, 63, 65, 576):
        with pytest.raises(ValueError, match=f"record has {size} bytes, expected 1 to 8 lines of 64"):
            checksum.checksum_record(b"\0" * size, 0)
    with pytest.raises(ValueError, match="events have 127 bytes, expected a multiple of 128"):
        checksum.digest_events(np.zeros(127, "u1"), 0, 0)
    assert checksum.digest_events(b"", 3, 4) == (3, 4)


def test_a_line_knows_its_fields():
    with pytest.raises(TypeError, match="Command has no field colour"):
        COMMAND.pack(colour=1)
