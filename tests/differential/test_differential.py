"""Two engines, one meaning: seeded random streams through both, event by event and state by state."""

import os
import random

import commands as c
import pytest
from differential.generator import Generator
from differential.pair import Pair

from pricetime.matching.records import CommandType, EventType, Reason

# More seeds for a long night: PRICETIME_SEEDS=1000 (first seed: PRICETIME_FIRST_SEED).
FIRST_SEED = int(os.environ.get("PRICETIME_FIRST_SEED", "0"))
SEEDS = range(FIRST_SEED, FIRST_SEED + int(os.environ.get("PRICETIME_SEEDS", "6")))
COVERAGE_SEEDS = range(20)

# What rules version 1 cannot give, and why.
OF_THE_WIRE = {
    "BAD_LENGTH",
    "UNKNOWN_VERSION",
    "BAD_LINE_COUNT",
    "BAD_FURTHER_LINE",
    "RESERVED_NOT_ZERO",
    "MSG_SEQ_NUM_OUT_OF_TURN",
    "MESSAGE_TOO_LARGE",
    "THROTTLED",
    "LOG_FULL",
    "NOT_LEADER",
    "RESEND_UNAVAILABLE",
}
OF_LATER_RULES = {
    "MIN_QUANTITY_IN_CALL",
    "OPENING_OVER",
    "KILL_SWITCH_ON",
    "MESSAGE_RATE",
    "ORDER_QUANTITY_LIMIT",
    "ORDER_NOTIONAL_LIMIT",
    "PRICE_COLLAR",
    "NO_REFERENCE_PRICE",
    "OPEN_ORDERS_LIMIT",
    "OPEN_QUANTITY_LIMIT",
    "POSITION_LIMIT",
    "GROSS_NOTIONAL_LIMIT",
    "OVERFLOW",
    "MIN_QUANTITY_UNFILLABLE",
}
TOO_LONG_HERE = {"TABLE_FULL"}      # 65,535 definitions: tests/rules/test_7_sessions_and_definitions.py
EVENTS_OF_LATER_RULES = {
    "TRIGGERED",
    "RESTATED",
    "ORDER_MASS_CANCEL_REPORT",
    "ORDER_STATUS",
    "REJECT",
    "HEARTBEAT_ANSWER",
}


def test_both_engines_have_one_interface() -> None:
    """The same public names, so that one may stand where the other does."""
    pair = Pair()
    names = [{name for name in dir(each) if not name.startswith("_")} for each in (pair.fast, pair.reference)]
    assert names[0] == names[1]


def run(seed: int, count: int, compare_every: int, pair: Pair | None = None) -> Pair:
    """Drive both engines with `count` commands of a seed."""
    generator = Generator(seed)
    pair = pair or Pair(generator.order_capacity, shard=seed % 256, origin=f"PRICETIME_FIRST_SEED={seed}")
    for index, record in enumerate(generator.stream(count)):
        generator.observe(pair.apply(record))
        if index % compare_every == 0:
            pair.compare()
        if index % 50 == 49:
            pair.apply(c.event_digest(*pair.reference.event_digest))
    pair.compare()
    pair.compare_views(generator.instruments)
    return pair


@pytest.mark.parametrize("seed", SEEDS)
def test_states_are_equal_after_every_command(seed: int) -> None:
    run(seed, count=400, compare_every=1)


@pytest.mark.parametrize("seed", SEEDS)
def test_long_streams_stay_equal(seed: int) -> None:
    run(seed + 100_000, count=6_000, compare_every=300)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_loaded_engine_goes_on_as_if_nothing_had_happened(seed: int) -> None:
    generator = Generator(seed)
    origin = f"PRICETIME_FIRST_SEED={seed}"
    through, reloaded = Pair(generator.order_capacity, origin=origin), Pair(generator.order_capacity, origin=origin)
    for index, record in enumerate(generator.stream(1500)):
        events = through.apply(record)
        assert reloaded.apply(record) == events, f"seed {seed}, command {index}"
        generator.observe(events)
        if index % 150 == 0:
            reloaded.reload()
    assert through.reference.digest() == reloaded.fast.digest()


@pytest.mark.parametrize("seed", SEEDS)
def test_one_call_for_all_commands_gives_what_one_call_each_gives(seed: int) -> None:
    generator = Generator(seed)
    each, at_once = Pair(generator.order_capacity), Pair(generator.order_capacity)
    stream, expected = [], []
    for record in generator.stream(800):
        stream.append(record)
        events = each.apply(record)
        generator.observe(events)
        expected += events
    assert at_once.apply(b"".join(stream)) == expected
    assert at_once.fast.digest() == each.reference.digest()


def test_the_streams_give_every_event_and_every_reason_of_these_rules() -> None:
    """What the generator never reaches, the tests above do not hold."""
    reasons, kinds = set(), set()
    for seed in COVERAGE_SEEDS:
        generator = Generator(seed)
        pair = Pair(generator.order_capacity, origin=f"seed {seed}")
        for record in generator.stream(2500):
            events = pair.apply(record)
            generator.observe(events)
            reasons.update(event.reason for event in events)
            kinds.update(event.type for event in events)
    wanted = {reason.name for reason in Reason} - OF_THE_WIRE - OF_LATER_RULES - TOO_LONG_HERE
    assert {Reason(reason).name for reason in reasons} == wanted
    assert {EventType(kind).name for kind in kinds} == {kind.name for kind in EventType} - EVENTS_OF_LATER_RULES


def damaged(dice: random.Random, record: bytes) -> bytes:
    """The record with one or two bytes changed, or a line too few or too many."""
    data = bytearray(record)
    if dice.random() < 0.1:
        return bytes(data[:-64] if len(data) > 64 and dice.random() < 0.5 else data + bytes(64))
    for _ in range(dice.choice((1, 1, 2))):
        line = dice.randrange(len(data) // 64) * 64
        at = line + dice.choice((4, 5, 6, 7, dice.randrange(64), dice.randrange(64)))
        if 8 <= at < 16:
            continue        # the sequence number is not the door's matter
        data[at] = dice.choice((0, 1, 255, data[at] ^ 1 << dice.randrange(8), dice.randrange(256)))
    return bytes(data)


@pytest.mark.parametrize("seed", SEEDS)
def test_damaged_records_are_refused_alike(seed: int) -> None:
    """Both engines take a damaged record as the same command, or refuse it for the same reason."""
    generator, dice = Generator(seed), random.Random(seed)
    pair = Pair(generator.order_capacity)
    seen = set()
    for index, record in enumerate(generator.stream(3000)):
        broken = damaged(dice, record) if index > 20 else record
        of_reference, of_fast = pair.refusal(broken)
        assert of_reference == of_fast, f"seed {seed}, command {index}: {broken.hex(' ', 8)}"
        seen.add(of_reference)
        if index % 100 == 0:
            pair.compare()
    pair.compare()
    assert seen >= {
        "",
        "UNKNOWN_MSG_TYPE",
        "UNKNOWN_VERSION",
        "BAD_LINE_COUNT",
        "BAD_FURTHER_LINE",
        "RESERVED_NOT_ZERO",
    }


def test_a_digest_that_differs_is_refused_alike_and_changes_nothing() -> None:
    pair = Pair()
    for record in Generator(1).opening():
        pair.apply(record)
    before, (low, high) = pair.fast.dump(), pair.fast.event_digest
    assert pair.refusal(c.event_digest(low ^ 1, high)) == ("DIGEST", "DIGEST")
    assert pair.refusal(c.event_digest(low, high ^ 1 << 63)) == ("DIGEST", "DIGEST")
    assert pair.fast.dump() == pair.reference.dump() == before
    assert pair.refusal(c.event_digest(low, high)) == ("", "")
    pair.compare()


@pytest.mark.parametrize("kind", [kind for kind in CommandType if kind != CommandType.EVENT_DIGEST])
def test_each_type_by_itself_is_met_alike(kind: CommandType) -> None:
    """Every type from the venue, a session, nobody; before and after the first VenueStart."""
    pair = Pair(origin=kind.name)
    stream = [*Generator(0).opening(), c.venue_start(1)]
    for number, record in enumerate(stream, 1):
        pair.apply(record)
        for session in (0, 1, 4, 6, 9):
            pair.apply(c.record(kind, session=session, cl_ord_id=number, instrument=1, target=1))
            pair.compare()
