"""How long does a start take: from a snapshot, after a crash? And a snapshot itself?

`start/snapshot` in s: from a snapshot with 1,000,000 live orders and a log with 1,000,000 commands behind it to an
engine that is ready, its pages provided.

Subject: restore(), replay() and touch() as a venue's start does them: the snapshot's header, place in the log and
CRC32C checked, every bound and relation of its state, every record's checksum and every journaled digest behind it; all
tables built anew. The flow is `deep` of flows.py, whose orders lie on 100,000 levels, in an engine for 2^20 more than
that. No yardstick: the limit is on the figure.

`start/recovery` in ns/line: what a writer does before it begins, here for every segment (recover, thorough): where
the log ends, each record's checksum, number and time; beside `bare/recovery`, the lines' checksums alone, over the
same files. `snapshot/write` in ns/order: the state of 1,000,000 live orders to a file that is on the disk and has its
name; beside `bare/snapshot`, as many bytes with their CRC32C into a file, and fsync.

Why it may mislead: the files are in the system's page cache, as after a crash of the process, not of the machine; a
disk has to read some 200 MB first. What the venue does besides (sockets, recovery, venue.toml) is not in it.
"""

import os
import tempfile
import time
from collections.abc import Iterator

import numpy as np

from pricetime.bench.bare_journal import time_bare_append, time_bare_read
from pricetime.bench.bench_journal import write_log
from pricetime.bench.flows import SCALES, first_lines, generated_flow, record
from pricetime.bench.harness import Comparison, Limit, Measure, Options
from pricetime.journal import Reader, recover, restore, snapshot
from pricetime.journal.replay import replay
from pricetime.matching.engine import Engine, touch
from pricetime.matching.errors import CheckFailed
from pricetime.matching.records import LINE_BYTES, RULES_VERSION, CommandType, Phase

FLOW = "deep"
COMMANDS = 1_000_000
COMMANDS_QUICK = 100_000
ORDER_CAPACITY = 1 << 21
LIMIT = Limit(at_most=1.0)


def comparisons(options: Options) -> Iterator[Comparison]:
    """All three."""
    with tempfile.TemporaryDirectory(prefix="pricetime-bench-") as directory:
        last, live = make(directory, COMMANDS_QUICK if options.quick else COMMANDS)
        yield Comparison(Measure("start/snapshot", "s", lambda: seconds_to_start(directory, last), last), limit=LIMIT,
                         note=f"{live:,} live orders in the snapshot")
        parts = [block.view(np.uint8) for block in Reader(directory)]
        lines = sum(map(len, parts)) // LINE_BYTES
        yield Comparison(
            Measure("start/recovery", "ns/line", lambda: recovery_time(directory) / lines, lines),
            Measure("bare/recovery", "ns/line", lambda: sum(time_bare_read(part)[0] for part in parts) / lines, lines))
        yield from snapshots(directory)


def recovery_time(directory: str) -> int:
    """Nanoseconds."""
    start = time.perf_counter_ns()
    recover(directory, thorough=True)
    return time.perf_counter_ns() - start


def snapshots(directory: str) -> Iterator[Comparison]:
    """Writing one, beside as many bytes."""
    restored = restore(directory, Engine)
    assert restored.snapshot is not None, "made by make()"
    live = len(restored.engine.orders("BENCH"))
    state = np.frombuffer(restored.engine.dump(), np.uint8)
    whole = state[:len(state) // LINE_BYTES * LINE_BYTES]
    area = np.ones(len(whole), np.uint8)

    def write() -> float:
        with tempfile.TemporaryDirectory(prefix="pricetime-bench-") as target:
            start = time.perf_counter_ns()
            snapshot.write(target, restored.engine, restored.reader)
            return (time.perf_counter_ns() - start) / live

    def bare() -> float:
        with tempfile.TemporaryFile(prefix="pricetime-bench-") as file:
            elapsed = time_bare_append(area, whole)[0]
            start = time.perf_counter_ns()
            file.write(area.data)
            os.fsync(file.fileno())
            return (elapsed + time.perf_counter_ns() - start) / live

    yield Comparison(Measure("snapshot/write", "ns/order", write, live),
                     Measure("bare/snapshot", "ns/order", bare, live), note=f"{len(state):,} bytes")


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
