"""What does it cost that an acknowledged order survives the machine? `power/roundtrip`: one order at a time, p50 in ns;
`power/tcp/1`: orders acknowledged a second, one a message, many in flight.

Subject: the venue of `gateway`, its log at level `power`: a report leaves when fdatasync has its command on the disk.
Yardstick of the round trip: fdatasync of one line stored into a mapped file that is as big and as full as a segment, in
the same directory, plus the round trip of the same venue at level `process`; both medians. The throughput has a limit
of its own and no yardstick: what is in flight while the disk works makes up the next group: it grows with the window.

Why it may mislead: the disk is the machine's, a virtual one perhaps, whose fdatasync may be a promise; directories are
those of the system for temporary files (TMPDIR chooses others). The two halves of the yardstick are measured one after
the other.
"""

import mmap
import os
import tempfile
import time
from collections.abc import Iterator

import numpy as np

from pricetime.bench import servers
from pricetime.bench.bare_journal import time_bare_append
from pricetime.bench.feed import Feed, begun
from pricetime.bench.flows import generated_flow
from pricetime.bench.harness import Comparison, Limit, Measure, Options
from pricetime.bench.load_client import LoadClient
from pricetime.journal.writer import SEGMENT_BYTES
from pricetime.matching.records import LINE_BYTES

ROUND_TRIPS = 200
WINDOW = 16_000             # orders in flight
ORDERS = 300_000            # a repeat
QUICK_DIVISOR = 3
ROUND_TRIP_LIMIT = Limit(at_most=1.3)
THROUGHPUT_LIMIT = Limit(at_least=500_000)


class BareDisk:
    """One line stored and synced at a time, in a file as a segment is: of its size, zeros written and synced."""

    def __init__(self, directory: str) -> None:
        self._file = os.open(os.path.join(directory, "bare"), os.O_RDWR | os.O_CREAT)
        for _ in range(SEGMENT_BYTES >> 20):
            os.write(self._file, bytes(1 << 20))
        os.fsync(self._file)
        self._map = mmap.mmap(self._file, SEGMENT_BYTES)
        self._at = 0

    def sync_time(self, count: int) -> float:
        """Median in nanoseconds of `count` syncs."""
        times = []
        for _ in range(count):
            start = time.perf_counter_ns()
            self._map[self._at:self._at + LINE_BYTES] = b"x" * LINE_BYTES
            os.fdatasync(self._file)
            times.append(time.perf_counter_ns() - start)
            self._at += LINE_BYTES
        return float(np.median(times))

    def append_time(self, lines: np.ndarray, group: int) -> float:
        """Nanoseconds a line of copying lines with CRC32C, synced `group` at a time."""
        data, area = lines.view(np.uint8), np.frombuffer(self._map, np.uint8)
        size = group * LINE_BYTES
        start = time.perf_counter_ns()
        for at in range(0, len(data), size):
            part = data[at:at + size]
            time_bare_append(area[at % (SEGMENT_BYTES - size):][:len(part)], part)
            os.fdatasync(self._file)
        return (time.perf_counter_ns() - start) / len(lines)

    def close(self) -> None:
        self._map.close()
        os.close(self._file)


def comparisons(options: Options) -> Iterator[Comparison]:
    """The round trip, then the throughput, each with servers of its own."""
    yield from round_trip(options)
    with servers.venue("power") as client:
        feed = fed(client, ORDERS // QUICK_DIVISOR if options.quick else ORDERS, options)
        yield Comparison(Measure("power/tcp/1", "orders/s", lambda: feed.orders_a_second(1, WINDOW), feed.stretch),
                         limit=THROUGHPUT_LIMIT)


def round_trip(options: Options) -> Iterator[Comparison]:
    """One order at a time, beside the disk's own sync and a round trip without it."""
    with (
        tempfile.TemporaryDirectory(prefix="pricetime-bench-") as directory,
        servers.venue("power") as client,
        servers.venue("process") as process_client,
    ):
        count = ROUND_TRIPS // QUICK_DIVISOR if options.quick else ROUND_TRIPS
        power, process = fed(client, count, options), fed(process_client, count, options)
        disk = BareDisk(directory)
        try:
            yield Comparison(Measure("power/roundtrip", "ns", power.round_trip, count),
                             Measure("bare/power", "ns", lambda: disk.sync_time(count) + process.round_trip(), count),
                             ROUND_TRIP_LIMIT, "the yardstick is fdatasync of a line plus the round trip at `process`")
        finally:
            disk.close()


def fed(client: LoadClient, stretch: int, options: Options) -> Feed:
    """Logged on, the live orders filled in; a stretch of the flow `move` for each repeat and the warm-up."""
    return begun(client, generated_flow("move", stretch * (options.repeats + 1), sessions=1), stretch)
