"""What each figure is measured from, and to: the one place where it is said; the page and docs/benchmarks.md show it.

A figure is found by the first pattern that its name fits (as file names do). Yardsticks have lines of their own.
"""

from fnmatch import fnmatchcase
from typing import NamedTuple


class Span(NamedTuple):
    """From where to where the figures that fit a pattern are measured."""

    pattern: str
    start: str
    end: str


SPANS = tuple(
    Span(*line)
    for line in (
        ("book/deep", "a command at 1,000 live orders on 100 levels", "one at 1,000,000 on 100,000: times slower"),
        ("bare/deep", "as `book/deep`", "of the bare book"),
        (
            "book/sweep*",
            "an IOC order in memory",
            "both reports of each of its trades in the sink: 10,000, or 1,000 (`-short`)",
        ),
        (
            "book/memory",
            "an engine for 1,000,000 orders not made yet",
            "it is full, its pages provided (`touch()` in matching/engine.pyx)",
        ),
        ("book/*", "a decoded command in memory", "its events written and digested, in the sink"),
        (
            "bare/move",
            "a command in memory",
            "matched by a ladder book in C that counts trades and forgets (bench/bare_book.h)",
        ),
        (
            "bare/itch",
            "a command in memory",
            "matched by a ladder book in C that counts trades and forgets (bench/bare_book.h)",
        ),
        (
            "capi/line",
            "one thread has written a word",
            "the other has read it: half of the way there and back (`ring_call()` in bench/event_ring.h)",
        ),
        (
            "capi/*",
            "the first command, one a call of `apply_screened` (docs/c.md; `engine_apply_ahead()` in Cython), which "
            "looks at the next nine",
            "its last event read whole by a second thread",
        ),
        (
            "bare/static",
            "the first command",
            "the bare book's last report read by a second thread (bench/event_ring.h)",
        ),
        (
            "bare/normal",
            "the first command",
            "the bare book's last report read by a second thread (bench/event_ring.h)",
        ),
        ("bare/swing", "the first command", "the bare book's last report read by a second thread (bench/event_ring.h)"),
        ("bare/crash", "the first command", "the bare book's last report read by a second thread (bench/event_ring.h)"),
        ("layer/plain", "a decoded command in memory", "its events in the sink; no account has limits"),
        ("layer/risk", "a decoded command in memory", "its events in the sink; every account has all limits"),
        ("bare/layer", "a command in memory", "matched by the bare book"),
        (
            "layer/log",
            "a decoded command in memory",
            "in the log, committed at level `process`, its events read; batches of 64",
        ),
        ("bare/layer-log", "a command in memory", "matched by the bare book, copied with chained CRC32C"),
        ("layer/power", "a decoded command in memory", "in the log and on the disk (all of a repeat), its events read"),
        (
            "bare/layer-power",
            "a command in memory",
            "matched by the bare book, copied with chained CRC32C into a file, fdatasync each 16,384",
        ),
        (
            "pipeline/*",
            "when a command was to come",
            "in the log, committed at level `process`, all of its events read",
        ),
        ("bare/pipeline/*", "when a command was to come", "copied with chained CRC32C, matched by the bare book"),
        ("journal/append", "a record in memory", "in the mapped log, checksummed, published each 64 records"),
        (
            "bare/append*",
            "a record in memory",
            "copied with CRC32C, chained likewise, or not (`-unchained`: the price of the chain; bench/bare_journal.h)",
        ),
        (
            "journal/roll",
            "64 records in memory, five million a second",
            "in the log and published: the longest of 1,000 batches around a new segment (p99.9), median over rolls",
        ),
        ("journal/no-roll", "as `journal/roll`", "half a segment away from a new one"),
        (
            "journal/read",
            "a closed log in the page cache",
            "read-only blocks, every checksum, sequence number and time checked",
        ),
        ("bare/read-mapped", "the same files, every page mapped already", "the lines' checksums alone"),
        ("bare/read", "the same files, mapped anew", "the lines' checksums alone, page faults and all"),
        ("bare/sum", "the same files, mapped anew", "their words added up: what memory gives, page faults and all"),
        (
            "journal/tail",
            "a writer that appends a record now and then",
            "a reader in another process, asleep before, has its block",
        ),
        (
            "journal/beside",
            "64 records in memory",
            "in the log and published, p99, while one process tails and another makes a "
            "snapshot every 100,000 commands, both with nice 10",
        ),
        ("journal/alone", "as `journal/beside`", "without the others"),
        ("journal/neighbour", "as `journal/beside`", "beside a process that computes and does not touch the log"),
        ("replay/verify", "a closed log on disk", "every checksum, command and journaled digest checked"),
        ("bare/verify", "the same lines in memory", "through the engine, plus a checksum of each line of that log"),
        (
            "start/snapshot",
            "a snapshot with 1,000,000 live orders, 1,000,000 commands behind it, both in the page cache",
            "an engine is ready: snapshot checked and loaded, the log behind it checked and matched, pages provided",
        ),
        (
            "start/recovery",
            "a log in the page cache",
            "where it ends is known: every record of it checked (recover, thorough)",
        ),
        ("bare/recovery", "the same files, mapped", "the lines' checksums alone"),
        ("snapshot/write", "an engine with 1,000,000 live orders", "its snapshot on the disk, under its name"),
        ("bare/snapshot", "as many bytes in memory", "copied with CRC32C, written to a file, fsync"),
        ("codec/encode", "a list of messages in Python", "their records"),
        ("codec/decode", "records", "messages in Python"),
        ("bare/pack", "the same values in Python", "the same lines, by `struct` alone"),
        ("bare/unpack", "the same lines", "the same values in Python, by `struct` alone"),
        (
            "gateway/*tcp/*",
            "a client's first send, so many orders a message",
            "its last acknowledgement; session, log, engine, reports and all",
        ),
        (
            "bare/tcp/*",
            "the same client's first send",
            "its last answer from a loop that receives, copies with CRC32C, answers (bench/bare_gateway.pyx)",
        ),
        ("gateway/*roundtrip*", "one order sent, after 0.5 ms of silence", "its report received"),
        ("bare/roundtrip*", "one order sent, after 0.5 ms of silence", "come back from a ZeroMQ echo"),
        ("gateway/*open/*", "when an order was to be sent, so many a second", "its report received"),
        ("bare/open/*", "when an order was to be sent, so many a second", "come back from a ZeroMQ echo"),
        ("gateway/beside-*", "one order sent by one of ten clients, a client more beside them", "its report received"),
        (
            "gateway/inside/*",
            "when a message was to come, in memory",
            "its reply handed over, log committed (level `process`)",
        ),
        (
            "bare/inside/*",
            "when a message was to come, in memory",
            "copied with chained CRC32C, matched by the bare book",
        ),
        (
            "gateway/sessions/*",
            "the first of 1,000 orders in flight and more, one a message, dealt to so many sessions over tcp",
            "the last acknowledgement",
        ),
        (
            "gateway/sessions-open/*",
            "when an order was to be sent, 10,000 a second of so many sessions together, a connection each",
            "its report received",
        ),
        ("bare/sessions/*", "the same orders over as many connections", "the last answer from the bare loop"),
        ("bare/sessions-open/*", "as `gateway/sessions-open`, over as many connections", "the bare loop's answer"),
        (
            "gateway/sessions-work/*",
            "the first of some thousand orders, 10,000 a second of so many sessions together, a connection each",
            "the last report received: processor time of the venue's process meanwhile, all its threads",
        ),
        ("bare/sessions-work/*", "as `gateway/sessions-work`, over as many connections", "the bare loop's last answer"),
        (
            "gateway/inside-sessions/*",
            "all messages in memory, dealt to so many sessions",
            "the last reply handed over",
        ),
        (
            "power/roundtrip",
            "one order sent to a venue whose log is at level `power`",
            "its report received, its command on the disk; the median of 200",
        ),
        (
            "bare/power",
            "one line stored into a file like a segment",
            "fdatasync is done; plus the round trip at level `process`",
        ),
        ("power/tcp/1", "a client's first send, 16,000 orders in flight", "its last acknowledgement, all on the disk"),
        (
            "growth/live/*",
            "a decoded command in memory",
            "its events in the sink, at so many live orders on 1,000 levels",
        ),
        (
            "growth/levels/*",
            "a decoded command in memory",
            "its events in the sink, 100,000 live orders on so many levels",
        ),
        (
            "growth/instruments/*",
            "a decoded command in memory",
            "its events in the sink, 100,000 live orders in so many instruments",
        ),
        (
            "growth/participants/*",
            "a decoded command in memory",
            "its events in the sink, so many participants with limits",
        ),
        ("growth/sweep/*", "an IOC order in memory", "both reports of each of so many trades in the sink"),
        (
            "growth/sessions/*",
            "the first order sent, one a message, by so many sessions over tcp",
            "the last acknowledgement",
        ),
        ("growth/inside/*", "all messages in memory, of so many sessions", "the last reply handed over"),
        ("growth/log/*", "a closed log of so many commands", "every checksum, command and digest checked"),
    )
)


def span_of(name: str) -> Span | None:
    """Of a figure; percentiles (NAME/p99) are their latencies'."""
    return next((span for span in SPANS if fnmatchcase(name, span.pattern)), None)
