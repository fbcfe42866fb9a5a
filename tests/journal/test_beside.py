"""All at once on one log: a writer, a tail, new readers one after the other, and one who packs and prunes."""

import threading
import time

import numpy as np
from journal_logs import SEGMENT_BYTES, clocks, read

from pricetime.journal import Reader, Writer, recover
from pricetime.journal.packing import tidy
from pricetime.journal.recovery import oldest_sequence
from pricetime.matching.errors import UserError

LAST = 20_000       # commands, 64 to a segment
KEPT = 3_000        # behind a tail's place


def in_order(first, sequences):
    assert np.array_equal(sequences, np.arange(first, first + len(sequences), dtype=np.uint64))


def test_nobody_misses_anything(tmp_path):
    failures = []
    written = threading.Event()

    def guarded(work):
        def run():
            try:
                work()
            except BaseException as error:
                failures.append(error)
                written.set()
                raise

        return threading.Thread(target=run)

    writer = Writer(tmp_path, segment_bytes=SEGMENT_BYTES)
    writer.append(clocks(1, 1))
    tail = Reader(tmp_path, until_sequence=LAST)

    def write():
        while writer.sequence < LAST and not failures:
            writer.append(clocks(writer.sequence + 1, min(50, LAST - writer.sequence)))
            time.sleep(0.0005)
        written.set()

    def follow():
        seen = 0
        for block in tail.tail(timeout=30):
            in_order(seen + 1, block["sequence"])
            seen = int(block["sequence"][-1])
        assert seen == LAST

    def keep_small():
        while not written.is_set():
            tidy(tmp_path, 2, max(0, tail.sequence - KEPT))

    def look():
        while not written.is_set():
            oldest = oldest_sequence(tmp_path / "log")
            try:
                blocks = list(Reader(tmp_path, from_sequence=oldest))
                in_order(oldest, np.concatenate([block["sequence"] for block in blocks]))
            except UserError as error:
                assert "was pruned" in str(error)

    threads = [guarded(work) for work in (write, follow, keep_small, look)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    assert failures == []
    tidy(tmp_path, 1, LAST - KEPT)
    oldest = oldest_sequence(tmp_path / "log")
    assert LAST - KEPT - 64 < oldest <= LAST - KEPT + 1
    assert read(tmp_path, from_sequence=oldest).tobytes() == clocks(oldest, LAST + 1 - oldest).tobytes()
    assert recover(tmp_path, thorough=True).last_sequence == LAST
