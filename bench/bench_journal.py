"""What does one append to the log cost, does a new segment hold it up, and how fast is a log read and verified?

`journal/append` in ns/record, beside `bare/append`; `journal/roll` in ns, beside `journal/no-roll`; `journal/read` in
lines/s, beside `bare/read`; `journal/tail` in us, on its own; `journal/beside` in ns, beside `journal/alone` (and
`journal/neighbour`); `replay/verify` in commands/s, beside `bare/verify`.

Subject: writer_append of single-line records into a real log, in a temporary directory: check, copy, chained
CRC32C, valid word stored last; positions published once every 64 records. Segments, pages and syncing are the
helper thread's work, as in a venue; one writer goes through all repeats, so rolls to the next segment are in the
figure. Yardstick: the same lines copied into plain memory with the same chained CRC32C (bare_journal.h).
`bare/append-unchained` shows what the chain itself costs: it is the price of knowing a leftover from a successor.
`journal/roll`: the longest of the 1,000 batches (of 64 records, appended and published) around the beginning of a new
segment, which is their p99.9, at five million records a second; beside it the same of 1,000 batches without one. The
median over rolls, so that a turn of somebody else's on the processor does not count.
`journal/read`: a loop over a new `Reader` of a closed log, every checksum, sequence number and time, nothing done with
the blocks. Yardsticks over the same files, mapped anew each time as the Reader does it, so that the faults of all pages
are in both: the lines' checksums alone (`bare/read`), the sum of their words (`bare/sum`: what memory gives).
`bare/read-mapped`: the checksums where all pages are mapped already. By the thread's processor time.
`journal/tail`: from a lone append to the moment when a sleeping reader in another process has its block, the median of
200 a millisecond or two apart.
`journal/beside`: the p99 of such batches as `journal/roll` has, while one process tails the log and another makes a
snapshot every 100,000 commands, both as nice as all that runs beside a venue; `journal/alone`: without them;
`journal/neighbour`: while a process computes that has nothing to do with the log, which is what the machine itself
takes from a writer that is not alone on it. A batch, not a record: whatever harms one of its 64 records is in it, and
reading the clock is not half of what is measured.
`replay/verify`: a closed log of the flow read from its beginning, every checksum, every command through a new engine;
`bare/verify`: the engine over the same lines in memory, plus a checksum of each line of that log where it lies; both by
the thread's processor time.

Why it may mislead: the records come as fast as they can, some fifty million a second; a venue's helper thread has
more time to get ahead. On a machine with one core the helper's work falls into the figure. A log that was just written
is read from the page cache, not from the disk.
"""

import mmap
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np

from pricetime.bench import drive_book
from pricetime.bench.bare_journal import time_bare_append, time_bare_read
from pricetime.bench.drive_journal import time_batches, time_writer
from pricetime.bench.flows import Flow, first_lines, generated_flow
from pricetime.bench.harness import Comparison, Limit, Measure, Options
from pricetime.journal.layout import HEADER_SIZE, segment_name
from pricetime.journal.reader import Reader
from pricetime.journal.snapshotter import Policy, SnapshotProcess
from pricetime.journal.verify import verify
from pricetime.journal.writer import SEGMENT_BYTES, Writer
from pricetime.matching.engine import Engine
from pricetime.matching.records import COMMAND

LINE_SIZE = COMMAND.itemsize
RECORDS = 500_000
RECORDS_QUICK = 100_000
BATCH_RECORDS = 64
LIMIT = Limit(at_most=2.5)
BESIDE_LIMIT = Limit(at_most=1.1)
BESIDE_RECORDS = 2_000_000      # 0.4 s: over a shorter time the p99 is a matter of a few of the scheduler's turns
SNAPSHOT_EVERY = 100_000
END_TIMEOUT = 30            # seconds that a reader may take to end
VERIFY_LIMIT = Limit(at_least=1 / 1.5)
PACED_RECORDS = 4_000_000       # some four segments
PACE_NS = 12_800                # of a batch: five million records a second
AROUND = 1_000                  # batches whose longest is their p99.9
UNIT = "ns/record"
READ_TIMES = 4              # the flow, in the log that is read
COMPUTE = "print('ready', flush=True)\nwhile True: pass"
TAIL_RECORDS = 200
TAIL_PAUSE = 0.0015         # seconds between two of them: the reader sleeps by then
TAIL = """
import os, sys, time
from pricetime.journal import Reader
from pricetime.journal.companion import NICE
os.nice(NICE)
reader = Reader(sys.argv[1], until_sequence=int(sys.argv[2]))
print("ready", flush=True)
seen = [(time.monotonic_ns(), len(block)) for block in reader.tail()]
print(*[when for when, count in seen for _ in range(count)] if sys.argv[3:] else [])
"""


def comparisons(options: Options) -> Iterator[Comparison]:
    """Append and read beside their yardsticks, then verify."""
    flow = generated_flow("move", RECORDS_QUICK if options.quick else RECORDS)
    yield from appends(flow.lines)
    yield from rolls(flow.lines, PACED_RECORDS // (4 if options.quick else 1))
    with tempfile.TemporaryDirectory(prefix="pricetime-bench-") as directory:
        lines = np.concatenate([flow.definitions, flow.fill, flow.lines])
        commands = write_log(directory, lines)
        log = next(Path(directory, "log").glob("*.segment")).read_bytes()[HEADER_SIZE:HEADER_SIZE + lines.nbytes]
        assert len(log) == lines.nbytes, "all in one segment"
        yield from reads(flow)
        yield Comparison(Measure("journal/tail", "us", lambda: tail(flow.lines[:1]), TAIL_RECORDS))
        yield from beside(options.of(BESIDE_RECORDS, RECORDS_QUICK))
        yield Comparison(
            Measure("replay/verify", "commands/s", lambda: commands / time_verify(directory) * 1e9, commands),
            Measure("bare/verify", "commands/s", lambda: commands / apply_and_read(lines, log) * 1e9, commands),
            VERIFY_LIMIT)


def time_verify(directory: str) -> int:
    """Nanoseconds of processor time, as the engine is timed: its digest of the last state is in it."""
    start = time.thread_time_ns()
    verify(directory, Engine())
    return time.thread_time_ns() - start


def apply_and_read(lines: np.ndarray, log: bytes) -> float:
    """Nanoseconds for the least that a verification has to do."""
    return drive_book.time_engine(Engine(), lines)[0] + time_bare_read(np.frombuffer(log, np.uint8))[0]


def rolls(lines: np.ndarray, count: int) -> Iterator[Comparison]:
    """How long a batch takes where a segment begins, beside batches where none does."""
    records = np.resize(lines, count // BATCH_RECORDS * BATCH_RECORDS)
    segment_bytes = SEGMENT_BYTES if count >= PACED_RECORDS else SEGMENT_BYTES // 4
    with tempfile.TemporaryDirectory(prefix="pricetime-bench-") as directory, \
            Writer(directory, segment_bytes=segment_bytes) as writer:
        last: list[np.ndarray] = []

        def around_rolls() -> float:
            last[:] = time_batches(writer, numbered(writer, records), BATCH_RECORDS, PACE_NS)
            times, begun = last
            at = np.flatnonzero(np.diff(begun)) + 1
            return longest(times, at)

        def without() -> float:
            times, begun = last
            at = np.flatnonzero(np.diff(begun)) + 1
            return longest(times, (at[:-1] + at[1:]) // 2 if len(at) > 1 else at // 2)

        yield Comparison(Measure("journal/roll", "ns", around_rolls, AROUND),
                         Measure("journal/no-roll", "ns", without, AROUND), None,
                         "p99.9 of a batch of 64 appended and published, around a new segment and away from it")


def longest(times: np.ndarray, places: np.ndarray) -> float:
    """The longest of the batches around each place; the median over places."""
    half = AROUND // 2
    return float(np.median([times[max(0, at - half):at + half].max() for at in places]))


def appends(lines: np.ndarray) -> Iterator[Comparison]:
    """Append beside memcpy plus CRC32C; the writer is closed when the next figure is asked for."""
    data = lines.view(np.uint8)
    area = np.ones(len(data), np.uint8)                 # every page touched
    with tempfile.TemporaryDirectory(prefix="pricetime-bench-") as directory, Writer(directory) as writer:
        yield Comparison(
            Measure("journal/append", UNIT, lambda: append(writer, lines), len(lines)),
            Measure("bare/append", UNIT, lambda: time_bare_append(area, data)[0] / len(lines), len(lines)),
            LIMIT)
    yield Comparison(Measure("bare/append-unchained", UNIT,
                             lambda: time_bare_append(area, data, chained=False)[0] / len(lines), len(lines)))


def reads(flow: Flow) -> Iterator[Comparison]:
    """Reading beside checksums alone, and beside memory."""
    with tempfile.TemporaryDirectory(prefix="pricetime-bench-") as directory:
        with Writer(directory) as writer:
            writer.append(renumbered(np.concatenate([flow.definitions, flow.fill])))
            for _ in range(READ_TIMES):
                writer.append(numbered(writer, flow.lines))
        used: dict[Path, int] = {}          # bytes of records in each segment
        reader = Reader(directory)
        for block in reader:
            path = reader.folder / segment_name(reader.segment_begin)
            used[path] = used.get(path, 0) + block.nbytes
        lines = sum(used.values()) // LINE_SIZE

        def read() -> float:
            start = time.thread_time()
            count = sum(len(block) for block in Reader(directory))
            return count / (time.thread_time() - start)

        def bare(checksums: bool, mapped: bool = False) -> float:
            return lines / sum(time_mapped(path, size, checksums, mapped) for path, size in used.items())

        yield Comparison(Measure("journal/read", "lines/s", read, lines),
                         Measure("bare/read", "lines/s", lambda: bare(True), lines))
        yield Comparison(Measure("bare/read-mapped", "lines/s", lambda: bare(True, mapped=True), lines))
        yield Comparison(Measure("bare/sum", "lines/s", lambda: bare(False), lines))


def time_mapped(path: Path, size: int, checksums: bool, mapped: bool) -> float:
    """Seconds of processor time for the yardstick over a segment's records: from its mapping to the end of it, or where
    all its pages are mapped already."""
    with path.open("rb") as file:
        start = time.thread_time()
        with mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as content:
            records = np.frombuffer(content, np.uint8, size, HEADER_SIZE)
            time_bare_read(records, checksums)
            if mapped:
                start = time.thread_time()
                time_bare_read(records, checksums)
                end = time.thread_time()
            del records
        return (end if mapped else time.thread_time()) - start


def tail(line: np.ndarray) -> float:
    """Microseconds from append to sight, in another process: the median."""
    sent, lines = [], np.repeat(line, TAIL_RECORDS)
    lines["sequence"] = np.arange(1, TAIL_RECORDS + 1)
    with (
        tempfile.TemporaryDirectory(prefix="pricetime-bench-") as directory,
        Writer(directory) as writer,
        tailing(directory, TAIL_RECORDS, "tell") as process,
    ):
        assert process.stdout is not None
        for index in range(TAIL_RECORDS):
            time.sleep(TAIL_PAUSE)
            sent.append(time.monotonic_ns())
            writer.append(lines[index:index + 1])
        seen = [int(word) for word in process.stdout.read().split()]
    return statistics.median((after - before) / 1e3 for before, after in zip(sent, seen, strict=True))


@contextmanager
def nobody(directory: str, last: int) -> Iterator[None]:
    """The writer is alone."""
    yield


@contextmanager
def readers(directory: str, last: int) -> Iterator[None]:
    """One process that tails the log up to command `last`, one that makes snapshots."""
    snapshots = SnapshotProcess(directory, Policy(every_commands=SNAPSHOT_EVERY))
    try:
        with tailing(directory, last):
            yield
    finally:
        snapshots.end()


@contextmanager
def neighbour(directory: str, last: int) -> Iterator[None]:
    """A process that computes and has nothing to do with the log."""
    with subprocess.Popen([sys.executable, "-P", "-c", COMPUTE], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None and process.stdout.readline() == b"ready\n"
            yield
        finally:
            process.kill()


def beside(records: int) -> Iterator[Comparison]:
    """The writer's p99 beside those who read its log, and without them."""
    flow = generated_flow("move", records)
    batches = records // BATCH_RECORDS
    yield Comparison(Measure("journal/beside", "ns", lambda: append_p99(flow, readers), batches),
                     Measure("journal/alone", "ns", lambda: append_p99(flow, nobody), batches), BESIDE_LIMIT)
    yield Comparison(Measure("journal/neighbour", "ns", lambda: append_p99(flow, neighbour), batches))


def append_p99(flow: Flow, beside: Callable[[str, int], AbstractContextManager[None]]) -> float:
    """The p99 of appending and publishing a batch, in nanoseconds; what is beside the writer meanwhile."""
    with tempfile.TemporaryDirectory(prefix="pricetime-bench-") as directory, Writer(directory) as writer:
        writer.append(renumbered(np.concatenate([flow.definitions, flow.fill])))
        lines = numbered(writer, flow.lines[:len(flow.lines) // BATCH_RECORDS * BATCH_RECORDS])
        with beside(directory, writer.sequence + len(lines)):
            return float(np.percentile(time_batches(writer, lines, BATCH_RECORDS, PACE_NS)[0], 99))


def append(writer: Writer, lines: np.ndarray) -> float:
    """Nanoseconds a record."""
    return time_writer(writer, numbered(writer, lines), BATCH_RECORDS) / len(lines)


def numbered(writer: Writer, lines: np.ndarray) -> np.ndarray:
    """The lines, each a record, numbered and dated on from the writer's last one."""
    found = lines.copy()
    found["sequence"] = np.arange(writer.sequence + 1, writer.sequence + 1 + len(lines), dtype=np.uint64)
    found["time"] = np.maximum.accumulate(found["time"] + max(0, writer.time - int(lines["time"][0])))
    return found


@contextmanager
def tailing(directory: str, last: int, *tell: str) -> Iterator[subprocess.Popen[str]]:
    """A process that tails the log up to command `last`, ready; at the end it has been waited for, or killed. tell: it
    says when it saw each."""
    command = [sys.executable, "-P", "-c", TAIL, directory, str(last), *tell]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None and process.stdout.readline() == "ready\n"
            yield process
            process.communicate(timeout=END_TIMEOUT)
        finally:
            process.kill()


def renumbered(lines: np.ndarray) -> np.ndarray:
    """Whole records, numbered from 1."""
    found, starts = lines.copy(), first_lines(lines)
    found["sequence"][starts] = np.arange(1, 1 + len(starts), dtype=np.uint64)
    return found


def write_log(directory: str, lines: np.ndarray) -> int:
    """A closed log of these records, numbered from 1; how many there are."""
    found, starts = renumbered(lines), first_lines(lines)
    with Writer(directory) as writer:
        writer.append(found)
    return len(starts)
