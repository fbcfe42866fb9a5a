"""How long does a start from a snapshot take?

`start/snapshot` in s: from a snapshot with 1,000,000 live orders and a log with 1,000,000 commands behind it to an
engine that is ready, its pages provided.

Subject: restore(), replay() and touch() as a venue's start does them: the snapshot's header, place in the log and
CRC32C checked, every bound and relation of its state, every record's checksum and every journaled digest behind it; all
tables built anew. The flow is `deep` of flows.py, whose orders lie on 100,000 levels, in an engine for 2^20 more than
that. No yardstick: the limit is on the figure.

Why it may mislead: the files are in the system's page cache, as after a crash of the process, not of the machine; a
disk has to read some 200 MB first. What the venue does besides (sockets, recovery, venue.toml) is not in it.
"""

import tempfile
import time
from collections.abc import Iterator

import numpy as np

from pricetime.bench.bench_journal import write_log
from pricetime.bench.flows import SCALES, first_lines, generated_flow, record
from pricetime.bench.harness import Comparison, Limit, Measure, Options
from pricetime.journal import Reader, restore, snapshot
from pricetime.journal.replay import replay
from pricetime.matching.engine import Engine, touch
from pricetime.matching.errors import CheckFailed
from pricetime.matching.records import RULES_VERSION, CommandType, Phase

FLOW = "deep"
COMMANDS = 1_000_000
COMMANDS_QUICK = 200_000
ORDER_CAPACITY = 1 << 21
LIMIT = Limit(at_most=1.0)


def comparisons(options: Options) -> Iterator[Comparison]:
    """The one figure."""
    with tempfile.TemporaryDirectory(prefix="pricetime-bench-") as directory:
        last, live = make(directory, COMMANDS_QUICK if options.quick else COMMANDS)
        yield Comparison(Measure("start/snapshot", "s", lambda: seconds_to_start(directory, last)), limit=LIMIT,
                         note=f"{live:,} live orders in the snapshot")


def make(directory: str, count: int) -> tuple[int, int]:
    """A closed log, and a snapshot of it `count` commands before its end; the last command, and the orders in it."""
    flow = generated_flow(FLOW, count)
    begin = record(CommandType.VENUE_START, target=1, quantity=ORDER_CAPACITY, price=RULES_VERSION)
    opened = record(CommandType.TRADING_SESSION_STATUS, instrument=1, attributes=Phase.CONTINUOUS)
    logons = [record(CommandType.LOGON, session=session) for session in range(1, SCALES[FLOW].sessions + 1)]
    before = np.concatenate([begin, flow.definitions, opened, *logons, flow.fill])
    write_log(directory, np.concatenate([before, flow.lines]))
    place = len(first_lines(before))
    engine, reader = Engine(), Reader(directory, until_sequence=place)
    replay(reader, engine)
    snapshot.write(directory, engine, reader)
    live = len(engine.orders("BENCH"))
    if live < SCALES[FLOW].live // 2:
        raise CheckFailed(f"{live} live orders in the snapshot, expected about {SCALES[FLOW].live}")
    return place + len(first_lines(flow.lines)), live


def seconds_to_start(directory: str, last: int) -> float:
    """One start; CheckFailed where it was not from the snapshot, or not to the end."""
    begun = time.perf_counter()
    restored = restore(directory, Engine)
    replay(restored.reader, restored.engine)
    touch(restored.engine)
    seconds = time.perf_counter() - begun
    if restored.snapshot is None or restored.engine.sequence != last:
        raise CheckFailed(f"the start ended at command {restored.engine.sequence}, expected {last}, from a snapshot")
    return seconds
