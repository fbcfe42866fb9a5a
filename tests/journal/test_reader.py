"""Reading: arrays over the mapped file, from and up to where one likes, up to what is committed, and on as it grows."""

import threading
import time

import numpy as np
import pytest
from journal_logs import SEGMENT_BYTES, change, change_header, clocks, read, segment

from pricetime.journal import Reader, Writer
from pricetime.matching.errors import CheckFailed, UserError


@pytest.fixture
def log(tmp_path):
    """300 records in five segments."""
    with Writer(tmp_path, segment_bytes=SEGMENT_BYTES) as writer:
        writer.append(clocks(1, 300))
    return tmp_path


def test_blocks_are_read_only_views_of_the_file(log):
    block = next(iter(Reader(log)))
    assert not block.flags.writeable and not block.flags.owndata
    assert isinstance(block.base, np.ndarray)
    with pytest.raises(ValueError, match="read-only"):
        block["price"] = 0


def test_a_block_outlives_its_reader(log):
    blocks = list(Reader(log))
    assert sum(len(block) for block in blocks) == 300
    assert blocks[0]["sequence"][0] == 1


@pytest.mark.parametrize(("first", "last"), [(1, 300), (1, 1), (64, 65), (65, 65), (100, 299), (300, 300), (300, 999)])
def test_any_range_of_sequence_numbers(log, first, last):
    lines = read(log, from_sequence=first, until_sequence=last)
    assert lines.tobytes() == clocks(first, min(last, 300) - first + 1).tobytes()


@pytest.mark.parametrize(("time", "count"), [(0, 0), (9, 0), (10, 1), (649, 64), (650, 65), (10**18, 300)])
def test_up_to_a_time(log, time, count):
    assert len(read(log, until_time=time)) == count


@pytest.mark.parametrize(("time", "first"), [(0, 1), (10, 1), (11, 2), (640, 64), (641, 65), (2999, 300), (3000, 300)])
def test_from_a_time_on(log, time, first):
    assert read(log, from_time=time).tobytes() == clocks(first, 301 - first).tobytes()


def test_from_a_time_and_a_sequence_number_on_the_later_one_counts(log):
    assert read(log, from_time=1000, from_sequence=50)["sequence"][0] == 100
    assert read(log, from_time=1000, from_sequence=200)["sequence"][0] == 200
    assert read(log, from_time=1000, until_time=2000)["sequence"].tolist() == list(range(100, 201))
    assert len(read(log, from_time=1000, until_sequence=99)) == 0


def test_a_time_that_has_not_come_is_waited_for(tmp_path):
    with Writer(tmp_path, segment_bytes=SEGMENT_BYTES) as writer:
        writer.append(clocks(1, 100))
        reader = Reader(tmp_path, from_time=1500)
        assert list(reader) == []
        writer.append(clocks(101, 100))
        assert next(reader.tail(timeout=5))["sequence"][0] == 150


def test_a_time_seeks_the_segment_that_has_it(log):
    """The segments before it are not read."""
    change(segment(log, 65), 4096 + 640, bytes(64))
    assert read(log, from_time=1930)["sequence"][0] == 193
    with pytest.raises(CheckFailed, match="damaged at offset 4736"):
        read(log, from_time=700)


def test_of_commands_at_one_time_the_first_is_found_in_the_segment_before(tmp_path):
    lines = clocks(1, 100)
    lines["time"][30:] = 500
    with Writer(tmp_path, segment_bytes=SEGMENT_BYTES) as writer:
        writer.append(lines)
    assert read(tmp_path, from_time=500)["sequence"][0] == 31


def test_beyond_the_end_there_is_nothing(log):
    assert len(read(log, from_sequence=301)) == 0


def test_a_sequence_number_below_one_is_refused(log):
    with pytest.raises(UserError, match="expected 1 or more"):
        Reader(log, from_sequence=0)


def test_checksums_may_be_left_out(log):
    assert read(log, verify=False).tobytes() == clocks(1, 300).tobytes()


def test_nothing_is_seen_behind_the_committed_position(log):
    change_header(segment(log, 257), committed=280, closed=0)
    assert len(read(log)) == 280


def test_a_changed_position_of_a_complete_segment_hides_nothing(log):
    for first in (1, 257):
        change(segment(log, first), 384, (first + 5).to_bytes(8, "little"))
        with pytest.raises(CheckFailed, match="damaged: marked as complete, but not with these positions"):
            read(log)
        change(segment(log, first), 384, (64 if first == 1 else 300).to_bytes(8, "little"))
    assert len(read(log)) == 300


def test_what_is_appended_and_not_committed_yet_is_not_missed(log):
    """At level `power` the next segment may be begun before the end of this one is committed."""
    change_header(segment(log, 65), committed=100, closed=0)
    reader = Reader(log)
    assert sum(len(block) for block in reader) == 100
    change_header(segment(log, 65), committed=128)
    assert sum(len(block) for block in reader) == 200


def test_iterating_again_goes_on(tmp_path):
    with Writer(tmp_path, segment_bytes=SEGMENT_BYTES) as writer:
        writer.append(clocks(1, 10))
        reader = Reader(tmp_path)
        assert sum(len(block) for block in reader) == 10
        assert list(reader) == []
        writer.append(clocks(11, 100))
        assert sum(len(block) for block in reader) == 100
        assert (reader.sequence, reader.committed) == (110, 110)


def test_a_tail_follows_a_live_log_over_rolls_and_runs(tmp_path):
    writer = Writer(tmp_path, segment_bytes=SEGMENT_BYTES)

    def write():
        for first in range(1, 1001, 100):
            writer.append(clocks(first, 100))
            time.sleep(0.002)
        writer.close()
        with Writer(tmp_path, segment_bytes=SEGMENT_BYTES) as later:
            later.append(clocks(1001, 10))

    thread = threading.Thread(target=write)
    reader = Reader(tmp_path, until_sequence=1010)
    thread.start()
    found = np.concatenate([np.array(block) for block in reader.tail(timeout=20)])
    thread.join()
    assert found["sequence"].tolist() == list(range(1, 1011))


def test_a_tail_goes_on_where_a_run_without_records_gave_its_place_to_the_next(tmp_path):
    Writer(tmp_path, segment_bytes=SEGMENT_BYTES).close()
    reader = Reader(tmp_path)
    with Writer(tmp_path, segment_bytes=SEGMENT_BYTES) as writer:
        writer.append(clocks(1, 3))
    assert sum(len(block) for block in reader.tail(timeout=0)) == 3


def test_a_tail_ends_when_nothing_comes(log):
    start = time.monotonic()
    assert sum(len(block) for block in Reader(log).tail(timeout=0.05)) == 300
    assert 0.05 <= time.monotonic() - start < 5
