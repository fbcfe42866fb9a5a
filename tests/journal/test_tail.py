"""A tail in another process: soon there, idle for nothing, and never hung: whatever becomes of writer and wake-up."""

import os
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from journal_logs import SEGMENT_BYTES, clocks, read

from pricetime.journal import Reader, Writer
from pricetime.journal.wake import TAIL_NAME, Doze

BELL = 128      # offset in the file
WOKEN = pytest.mark.skipif(sys.platform != "linux", reason="readers poll here")

# Says when each command was seen, then what it took of the processor while it was idle.
TAIL = """
import os, sys, time
from pricetime.journal import Reader
if sys.argv[3:] and os.geteuid() == 0:
    os.setuid(int(sys.argv[3]))
reader = Reader(sys.argv[1])
print("ready", flush=True)
before = time.process_time()
for block in reader.tail(timeout=float(sys.argv[2])):
    now = time.monotonic_ns()
    for sequence in block["sequence"]:
        print(sequence, now, flush=True)
    before = time.process_time()
print("idle", time.process_time() - before, flush=True)
"""


def tail(directory, timeout, *more):
    """A process that tails a log, ready."""
    arguments = [sys.executable, "-P", "-c", TAIL, str(directory), str(timeout), *map(str, more)]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


def delays(process, sent):
    """Microseconds from append to sight, of each command."""
    seen = {}
    while len(seen) < len(sent):
        sequence, when = process.stdout.readline().split()
        seen[int(sequence)] = int(when)
    return [(seen[sequence] - when) / 1000 for sequence, when in sent.items()]


def send(writer, count, pause):
    """Commands one by one; when each was appended."""
    sent = {}
    for sequence in range(writer.sequence + 1, writer.sequence + 1 + count):
        line = clocks(sequence, 1)
        time.sleep(pause)
        sent[sequence] = time.monotonic_ns()
        writer.append(line)
    return sent


def bell(directory):
    return struct.unpack_from("<Q", (directory / TAIL_NAME).read_bytes(), BELL)[0]


def test_a_command_is_seen_soon_and_an_idle_tail_costs_next_to_nothing(tmp_path, capsys):
    """Over rolls, too: 64 commands go into a segment. The bounds are for a machine that does much else."""
    with Writer(tmp_path, segment_bytes=SEGMENT_BYTES) as writer, tail(tmp_path, 1.5) as process:
        found = delays(process, send(writer, 200, 0.003))
        idle = float(process.stdout.readline().split()[1])
    with capsys.disabled():
        print(f"\n    tail: median {statistics.median(found):.0f} us from append to sight, idle {idle / 1.5:.2%} of a "
              "processor")
    assert statistics.median(found) < 20_000
    assert idle < 0.15


@WOKEN
def test_it_is_the_writer_who_wakes(tmp_path):
    """One ring for each command that a sleeper waits for, none where nobody waits."""
    with Writer(tmp_path, segment_bytes=SEGMENT_BYTES) as writer:
        writer.append(clocks(1, 10))
        assert bell(tmp_path) == 0
        with tail(tmp_path, 1) as process:
            send(writer, 5, 0.03)
            process.stdout.read()
        rung = bell(tmp_path)
        assert 1 <= rung <= 5
        writer.append(clocks(16, 1))    # the last sleeper left its word; nobody takes it up again
        writer.append(clocks(17, 10))
        assert bell(tmp_path) <= rung + 1


@WOKEN
def test_what_is_committed_between_the_look_and_the_sleep_ends_the_sleep(tmp_path):
    """The bell has moved, even where another reader has said since that it waits."""
    with Writer(tmp_path, segment_bytes=SEGMENT_BYTES) as writer:
        doze, other = Doze(tmp_path), Doze(tmp_path)
        assert doze.can_be_woken
        segment = np.frombuffer(next((tmp_path / "log").glob("0*.segment")).read_bytes(), "u1")
        for each in (doze, other):
            each.wait(segment, 0, 1)    # looks for a while
        doze.wait(segment, 0, 1)        # says that it waits
        writer.append(clocks(1, 1))
        other.wait(segment, 0, 1)
        start = time.monotonic()
        for _ in range(20):             # a sleep, and the word for the next one
            doze.wait(segment, 0, 1)
            writer.append(clocks(writer.sequence + 1, 1))
        assert time.monotonic() - start < 1


def test_a_reader_that_keeps_its_distance_reads_all_but_the_last_commands(tmp_path):
    """Of the segment at hand: one that is full is read to its end only by who asks for no distance any more."""
    with Writer(tmp_path, segment_bytes=4 * SEGMENT_BYTES) as writer:
        writer.append(clocks(1, 100))
        reader = Reader(tmp_path)
        assert reader.next_block(30)["sequence"][-1] == 70
        assert reader.next_block(30) is None and not reader.done()
        writer.append(clocks(101, 300))
        assert reader.next_block(30)["sequence"].tolist() == list(range(71, 371))
        assert reader.next_block(500) is None and reader.next_block(1)["sequence"][-1] == 399
        assert reader.next_block()["sequence"].tolist() == [400] and reader.next_block() is None


def test_a_tail_behind_a_writer_without_rest_gets_all_and_the_last_too(tmp_path):
    """Over rolls; the last commands come when nothing follows them."""
    with Writer(tmp_path, segment_bytes=16 * SEGMENT_BYTES) as writer:
        tail = Reader(tmp_path).tail(timeout=0.2)
        busy = threading.Thread(target=lambda: [writer.append(clocks(first, 7)) for first in range(1, 70_001, 7)])
        busy.start()
        seen = np.concatenate([block["sequence"] for block in tail])
        busy.join()
    assert seen.tolist() == list(range(1, 70_001))


@WOKEN
def test_whether_a_writer_goes_on_is_known_soon(tmp_path):
    with Writer(tmp_path) as writer:
        writer.append(clocks(1, 10))
        reader, doze = Reader(tmp_path), Doze(tmp_path)
        assert reader.next_block() is not None
        segment = np.memmap(next((tmp_path / "log").glob("0*.segment")), "u1", "r")
        assert doze.goes_on(segment, 10)
        assert not doze.goes_on(segment, 11)


@WOKEN
def test_all_who_wait_are_woken(tmp_path):
    with Writer(tmp_path, segment_bytes=SEGMENT_BYTES) as writer:
        processes = [tail(tmp_path, 30) for _ in range(3)]
        sent = send(writer, 20, 0.01)
        for process in processes:
            assert statistics.median(delays(process, sent)) < 40_000
            process.kill()
            process.communicate()


def test_a_tail_whose_wakes_are_lost_looks_by_itself(tmp_path):
    """The writer rings in another file than the one that the reader has."""
    with Writer(tmp_path, segment_bytes=SEGMENT_BYTES) as writer:
        writer.append(clocks(1, 1))
    with tail(tmp_path, 3) as process:
        os.rename(tmp_path / TAIL_NAME, tmp_path / "old")
        with Writer(tmp_path, segment_bytes=SEGMENT_BYTES) as writer:
            delays(process, {1: 0})
            assert max(delays(process, send(writer, 5, 0.15))) < 2_000_000
        process.kill()


WRITE_ONE = """
import sys, time
sys.path[:0] = {path!r}
from journal_logs import clocks
from pricetime.journal import Writer
writer = Writer({directory!r}, segment_bytes=8192)
writer.append(clocks(1, 1))
print("written", flush=True)
time.sleep(60)
"""


def test_a_tail_of_a_dead_writer_ends_in_time_and_sees_the_next_one(tmp_path):
    program = WRITE_ONE.format(path=sys.path, directory=str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "written\n"
        reader = Reader(tmp_path)
        blocks = reader.tail(timeout=0.4)
        assert len(next(blocks)) == 1
        process.send_signal(signal.SIGKILL)
    start = time.monotonic()
    assert list(blocks) == []
    assert 0.3 < time.monotonic() - start < 10
    with Writer(tmp_path, segment_bytes=SEGMENT_BYTES) as writer:
        writer.append(clocks(2, 2))
        assert sum(len(block) for block in reader.tail(timeout=0.2)) == 2


def test_a_tail_without_the_right_to_write_polls():
    directory = Path(tempfile.mkdtemp(prefix="pricetime-"))
    nobody = 65534
    try:
        with Writer(directory, segment_bytes=SEGMENT_BYTES) as writer:
            os.chmod(directory, 0o555)
            os.chmod(directory / TAIL_NAME, 0o444)
            with tail(directory, 1, nobody) as process:
                assert statistics.median(delays(process, send(writer, 50, 0.003))) < 20_000
                assert float(process.stdout.readline().split()[1]) < 0.5
            assert bell(directory) == 0
    finally:
        os.chmod(directory, 0o755)
        shutil.rmtree(directory)


def test_where_the_file_cannot_be_made_the_log_is_written_and_tailed_all_the_same(tmp_path):
    (tmp_path / "log").mkdir()
    (tmp_path / TAIL_NAME).mkdir()
    with Writer(tmp_path, segment_bytes=SEGMENT_BYTES) as writer:
        assert not Doze(tmp_path).can_be_woken
        writer.append(clocks(1, 1))
        with tail(tmp_path, 1) as process:
            send(writer, 5, 0.003)
            assert len(process.stdout.read().splitlines()) == 7


def test_a_file_that_is_too_short_is_mended_by_the_writer_only(tmp_path):
    (tmp_path / "log").mkdir()
    (tmp_path / TAIL_NAME).write_bytes(b"")
    assert not Doze(tmp_path).can_be_woken
    Writer(tmp_path, segment_bytes=SEGMENT_BYTES).close()
    assert (tmp_path / TAIL_NAME).stat().st_size == 4096
    assert Doze(tmp_path).can_be_woken or sys.platform != "linux"
    assert len(read(tmp_path)) == 0


@WOKEN
def test_a_file_with_holes_gets_its_blocks_before_anybody_stores_to_it(tmp_path):
    """As `cp --sparse=always` leaves it; on a full disk the store would end the process."""
    (tmp_path / "log").mkdir()
    for opened in (lambda: Writer(tmp_path, segment_bytes=SEGMENT_BYTES).close(), lambda: Doze(tmp_path)):
        (tmp_path / TAIL_NAME).write_bytes(b"")
        os.truncate(tmp_path / TAIL_NAME, 2 * 4096)
        assert (tmp_path / TAIL_NAME).stat().st_blocks == 0
        opened()
        found = (tmp_path / TAIL_NAME).stat()
        assert (found.st_size, found.st_blocks * 512 >= 4096) == (2 * 4096, True)
