"""Durability levels: what is committed, and so seen by readers, is appended (`process`) or on the disk (`power`)."""

import pytest
from journal_logs import SEGMENT_BYTES, clocks, left_behind, read, segment

from pricetime.journal import Reader, Writer, recover
from pricetime.journal.directory import list_segments


@pytest.fixture(params=["process", "power"])
def level(request):
    return request.param


def test_everything_appended_is_committed_in_the_end_and_readers_see_it(tmp_path, level):
    with Writer(tmp_path, segment_bytes=SEGMENT_BYTES, durability=level) as writer:
        for first in range(1, 400, 7):
            writer.append(clocks(first, 7))
        assert writer.commit(timeout=60)
        assert writer.committed == writer.sequence == 399
        assert read(tmp_path).tobytes() == clocks(1, 399).tobytes()
    assert recover(tmp_path).notes == []
    assert read(tmp_path).tobytes() == clocks(1, 399).tobytes()


def test_at_process_what_was_appended_is_committed_at_once(tmp_path):
    with Writer(tmp_path, segment_bytes=SEGMENT_BYTES) as writer:
        writer.append(clocks(1, 5))
        assert (writer.committed, writer.groups) == (5, 0)


def test_at_power_one_sync_commits_what_came_while_the_disk_was_busy(tmp_path):
    with Writer(tmp_path, segment_bytes=SEGMENT_BYTES, durability="power") as writer:
        for first in range(1, 2001):
            writer.append(clocks(first, 1))
        assert writer.commit(timeout=60)
        assert 0 < writer.groups <= 2000


def test_at_power_a_reader_sees_no_more_than_is_synced(tmp_path):
    """Positions of every segment, read while the writer goes on: committed is synced, and both are behind appended."""
    with Writer(tmp_path, segment_bytes=SEGMENT_BYTES, durability="power") as writer:
        reader = Reader(tmp_path)
        seen = 0
        for first in range(1, 2001, 4):
            writer.append(clocks(first, 4))
            before = writer.committed
            for block in reader:
                seen += len(block)
            assert seen <= writer.committed
            assert before <= writer.committed <= writer.sequence
        for found in list_segments(tmp_path / "log"):
            assert found.header["committed"] == found.header["synced"] <= found.header["appended"]


@pytest.mark.parametrize("appended", [1, 63, 64, 65, 500])
def test_at_power_a_killed_process_loses_nothing_that_was_appended(tmp_path, appended):
    with Writer(tmp_path / "live", segment_bytes=SEGMENT_BYTES, durability="power") as writer:
        writer.append(clocks(1, appended))
        log = left_behind(tmp_path / "live", tmp_path / "killed")
    assert recover(log).last_sequence == appended
    assert read(log).tobytes() == clocks(1, appended).tobytes()


def test_a_log_changes_its_level_with_its_writer(tmp_path):
    for run, level in enumerate(("process", "power", "process", "power")):
        with Writer(tmp_path, segment_bytes=SEGMENT_BYTES, durability=level) as writer:
            writer.append(clocks(100 * run + 1, 100))
    assert read(tmp_path).tobytes() == clocks(1, 400).tobytes()
    assert segment(tmp_path).exists()


def test_full_segments_are_marked_and_let_go_at_either_level(tmp_path, level):
    with Writer(tmp_path, segment_bytes=SEGMENT_BYTES, durability=level) as writer:
        for first in range(1, 64 * 30, 64):
            writer.append(clocks(first, 64))
        assert writer.rolls >= 25
        assert writer.commit(timeout=60)
    marks = [int(found.header["closed"]) >> 32 for found in list_segments(tmp_path / "log")]
    assert marks[:-1] == [0x46554C4C] * (len(marks) - 1)
    assert marks[-1] == 0x434C5344
