"""Two engines, one meaning: seeded random streams through both, event by event and state by state."""

import functools
import os
import random
from dataclasses import dataclass, field

import commands as c
import pytest
from differential.generator import PROFILES, Generator
from differential.pair import Pair

from pricetime.matching.records import CommandType, EventType, Phase, Reason

# More seeds for a long night: PRICETIME_SEEDS=1000 (first seed: PRICETIME_FIRST_SEED). Without an end: `make soak`.
FIRST_SEED = int(os.environ.get("PRICETIME_FIRST_SEED", "0"))
LONG = range(FIRST_SEED, FIRST_SEED + int(os.environ.get("PRICETIME_SEEDS", "36")))
SHORT = range(FIRST_SEED + 100_000, FIRST_SEED + 100_000 + len(LONG) // 2)
FEW = range(FIRST_SEED, FIRST_SEED + len(PROFILES))     # one of each profile

# What no stream of commands can give, and why.
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
OF_NO_RULE = {"UNSUPPORTED"}
TOO_MANY_HERE = {"ACCOUNTS_FULL"}       # 1,048,576 accounts: tests/rules/test_13_risk_commands.py
ANSWERS_OF_THE_GATEWAY = {
    "ORDER_STATUS", "REJECT", "HEARTBEAT_ANSWER", "RESEND_ANSWER", "STATUS_ANSWER", "TEST_REQUEST_EVENT",
}


def test_both_engines_have_one_interface() -> None:
    """The same public names, so that one may stand where the other does."""
    pair = Pair()
    names = [{name for name in dir(each) if not name.startswith("_")} for each in (pair.fast, pair.reference)]
    assert names[0] == names[1]


@dataclass
class Reached:
    """What a stream has made the engines say."""

    reasons: set[int] = field(default_factory=set)
    kinds: set[int] = field(default_factory=set)
    changes: set[tuple[int, int]] = field(default_factory=set)      # of phase, from and to
    phases: dict[int, int] = field(default_factory=dict)            # of an instrument, where it was told

    def add(self, events: list[c.Event]) -> None:
        for event in events:
            self.reasons.add(event.reason)
            self.kinds.add(event.type)
            if event.type == EventType.SESSION_STATUS:
                before = self.phases.get(event.instrument)
                self.phases[event.instrument] = event.leaves_qty
                if before is not None:
                    self.changes.add((before, event.leaves_qty))


@functools.cache
def run(seed: int, count: int, compare_every: int, thorough_every: int) -> Reached:
    """Drive both engines with `count` commands of a seed: events of every command compared, and the states so often."""
    generator, reached = Generator(seed), Reached()
    pair = Pair(generator.order_capacity, shard=seed % 256, origin=f"PRICETIME_FIRST_SEED={seed}")
    for index, record in enumerate(generator.stream(count)):
        events = pair.apply(record)
        reached.add(events)
        generator.observe(events)
        if index % compare_every == 0:
            pair.compare(thorough=index % thorough_every == 0)
        if index % 100 == 99:
            pair.apply(c.event_digest(*pair.reference.event_digest))
    pair.compare()
    pair.compare_views(generator.instruments)
    return reached


def run_short(seed: int) -> Reached:
    return run(seed, count=600, compare_every=1, thorough_every=10)


def run_long(seed: int) -> Reached:
    return run(seed, count=9_000, compare_every=1_000, thorough_every=1_000)


@pytest.mark.parametrize("seed", SHORT)
def test_states_are_equal_after_every_command(seed: int) -> None:
    run_short(seed)


@pytest.mark.parametrize("seed", LONG)
def test_long_streams_stay_equal(seed: int) -> None:
    run_long(seed)


@pytest.mark.parametrize("seed", FEW)
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


@pytest.mark.parametrize("seed", FEW)
def test_one_call_for_all_commands_gives_what_one_call_each_gives(seed: int) -> None:
    generator = Generator(seed)
    each, at_once = Pair(generator.order_capacity), Pair(generator.order_capacity)
    stream, expected = [], []
    for record in generator.stream(800):
        stream.append(record)
        events = each.apply(record)
        generator.observe(events)
        expected += events
    assert at_once.apply_all(b"".join(stream)) == expected
    assert at_once.fast.digest() == each.reference.digest()


def test_the_streams_give_every_event_every_reason_and_every_change_of_phase() -> None:
    """What the generator never reaches, the tests above do not hold. They have been run already, or are now."""
    runs = [*map(run_short, SHORT), *map(run_long, LONG)]
    reasons, kinds, changes = (set().union(*(getattr(run, name) for run in runs))
                               for name in ("reasons", "kinds", "changes"))
    wanted = {reason.name for reason in Reason} - OF_THE_WIRE - OF_NO_RULE - TOO_MANY_HERE
    assert {Reason(reason).name for reason in reasons} == wanted
    assert {EventType(kind).name for kind in kinds} == {kind.name for kind in EventType} - ANSWERS_OF_THE_GATEWAY
    assert changes == {(one, other) for one in Phase for other in Phase if one != other}


def test_there_are_enough_commands() -> None:
    assert len(LONG) + len(SHORT) >= 30 and len({seed % len(PROFILES) for seed in LONG}) == len(PROFILES)
    assert 9_000 * len(LONG) + 600 * len(SHORT) + (1500 + 800 + 3000) * len(FEW) >= 300_000


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


@pytest.mark.parametrize("seed", FEW)
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
            pair.compare_states()
    pair.compare_states()
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
