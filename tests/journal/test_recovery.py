"""After a crash: what was safe is there, what may be cut is cut and said, and nothing of an earlier run comes back."""

import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from journal_logs import SEGMENT_BYTES, change, change_header, clocks, left_behind, machine_went_down, read, segment

from pricetime.journal import Reader, Writer, layout, recover, recovery
from pricetime.journal.packing import pack
from pricetime.journal.recovery import examine
from pricetime.matching.errors import CheckFailed

HEADER = 4096


def small(directory):
    return Writer(directory, segment_bytes=SEGMENT_BYTES)


@pytest.fixture
def crashed(tmp_path):
    """A log of 100 records in two segments (64 and 36) whose writer's process died."""
    with small(tmp_path / "live") as writer:
        writer.append(clocks(1, 100))
        return left_behind(tmp_path / "live", tmp_path / "crashed")


def offset_of(sequence):
    """Where a record is in its segment."""
    return HEADER + (sequence - 1) % 64 * 64


def test_a_log_that_is_not_there_is_an_empty_start(tmp_path):
    (tmp_path / "log").mkdir()
    found = recover(tmp_path)
    assert (found.last_sequence, found.run, found.log_id, found.notes) == (0, 0, b"", [])


def test_all_that_was_published_survives_the_process(crashed):
    found = recover(crashed)
    assert (found.last_sequence, found.last_time, found.run, found.notes) == (100, 1000, 1, [])
    assert examine(crashed / "log").closed
    assert recover(crashed).notes == []
    assert read(crashed).tobytes() == clocks(1, 100).tobytes()


def test_a_writer_goes_on_after_a_crash(crashed):
    with small(crashed) as writer:
        assert (writer.sequence, writer.run) == (100, 2)
        writer.append(clocks(101, 100))
    assert read(crashed).tobytes() == clocks(1, 200).tobytes()


def test_a_start_reads_only_what_no_mark_vouches_for(crashed):
    """A hole in a full, synced, marked segment is found by who reads it; the start does not grow with the log."""
    path = segment(crashed)
    change(path, offset_of(30), bytes(8))
    with small(crashed) as writer:
        writer.append(clocks(101, 100))
    for read_all in (lambda: recover(crashed, thorough=True), lambda: read(crashed)):
        with pytest.raises(CheckFailed, match=f"{path}: damaged at offset {offset_of(30)}, command 30"):
            read_all()
    assert read(crashed, from_sequence=65).tobytes() == clocks(65, 136).tobytes()


def test_a_start_while_another_process_packs(crashed, monkeypatch):
    """What was listed plain is packed when it is looked at."""
    recover(crashed)
    real = recovery.vouched

    def packed_meanwhile(segment, later):
        monkeypatch.setattr(recovery, "vouched", real)
        assert len(pack(crashed)) == 1
        return real(segment, later)

    monkeypatch.setattr(recovery, "vouched", packed_meanwhile)
    assert recover(crashed).last_sequence == 100


@pytest.mark.parametrize("field", ["checksum_seed", "previous_time"])
def test_a_marked_segment_that_does_not_end_where_the_next_one_begins_is_read(crashed, field):
    change_header(segment(crashed, 65), **{field: 645})
    with pytest.raises(CheckFailed, match=f"{segment(crashed, 65)}: does not go on where command 64 ended"):
        recover(crashed)


def test_a_last_segment_that_was_marked_and_not_yet_named_is_kept(crashed):
    """A recovery marks the last segment, then names it; between the two the power may go."""
    recover(crashed)
    os.rename(segment(crashed, 65), crashed / "log" / "next-0.segment")
    assert recover(crashed).last_sequence == 100
    assert read(crashed).tobytes() == clocks(1, 100).tobytes()
    assert segment(crashed, 65).exists()


def test_an_empty_segment_gives_its_place_to_a_later_run_that_has_no_name_yet(tmp_path):
    """The process dies, or a reader looks, when the new run's header is there and has not taken the old one's name."""
    small(tmp_path).close()
    old = segment(tmp_path).read_bytes()
    with small(tmp_path) as writer:
        writer.append(clocks(1, 3))
    os.rename(segment(tmp_path), tmp_path / "log" / "next-0.segment")
    segment(tmp_path).write_bytes(old)
    assert read(tmp_path).tobytes() == clocks(1, 3).tobytes()
    assert recover(tmp_path).last_sequence == 3
    assert read(tmp_path).tobytes() == clocks(1, 3).tobytes()


def test_of_two_empty_segments_with_one_number_the_later_run_s_counts(tmp_path):
    """Two runs in a row ended before their first record, the later one before it took the other's name: a reader went
    from each to the other for ever."""
    with small(tmp_path) as writer:
        writer.append(clocks(1, 3))
    small(tmp_path).close()
    old = segment(tmp_path, 4).read_bytes()
    small(tmp_path).abandon()
    os.rename(segment(tmp_path, 4), tmp_path / "log" / "next-1.segment")
    segment(tmp_path, 4).write_bytes(old)
    assert read(tmp_path).tobytes() == clocks(1, 3).tobytes()
    assert sum(len(block) for block in Reader(tmp_path).tail(timeout=0)) == 3
    with small(tmp_path) as writer:
        writer.append(clocks(4, 2))
    assert read(tmp_path).tobytes() == clocks(1, 5).tobytes()


def test_a_segment_that_was_begun_and_not_yet_named_is_found_and_named(crashed):
    os.rename(segment(crashed, 65), crashed / "log" / "next-1.segment")
    assert read(crashed).tobytes() == clocks(1, 100).tobytes()
    assert recover(crashed).last_sequence == 100
    assert segment(crashed, 65).exists()


def test_a_run_that_died_before_it_had_the_name_of_an_empty_segment_is_found(tmp_path):
    """Both have the number 1: the run that ended without a record, and the later one, which takes its place."""
    small(tmp_path / "empty").close()
    shutil.copytree(tmp_path / "empty", tmp_path / "live")
    with small(tmp_path / "live") as writer:
        writer.append(clocks(1, 3))
        log = left_behind(tmp_path / "live", tmp_path / "crashed")
    os.rename(segment(log), log / "log" / "next-1.segment")
    shutil.copy(segment(tmp_path / "empty"), segment(log))
    assert read(log).tobytes() == clocks(1, 3).tobytes()
    found = recover(log)
    assert (found.last_sequence, found.run, found.notes) == (3, 2, [])
    assert [path.name for path in (log / "log").iterdir()] == [segment(log).name]


def test_a_record_half_copied_when_the_process_died_is_cut_and_said(crashed):
    path = segment(crashed, 65)
    change(path, offset_of(101) + 8, b"half a record")
    with small(crashed) as writer:
        assert writer.sequence == 100
        assert writer.recovered.notes == [f"{path}: cut at offset {offset_of(101)}, behind command 100: no record is "
                                          "there, "
                                          "and what follows was never synced"]
    assert not any(path.read_bytes()[offset_of(101):])


@pytest.mark.parametrize("sequence", [1, 64, 65, 99, 100])
def test_a_hole_below_the_appended_position_is_damage_while_the_machine_was_up(crashed, sequence):
    path = segment(crashed, 1 if sequence < 65 else 65)
    change(path, offset_of(sequence), bytes(8))
    with pytest.raises(CheckFailed) as error:
        recover(crashed, thorough=True)
    text = str(error.value)
    assert f"{path}: damaged at offset {offset_of(sequence)}" in text
    assert f"command {sequence}" in text or f"end with command {sequence - 1}" in text
    assert f"cp COPY/log/{path.name} {path.parent}/, then pricetime verify {crashed}" in text
    assert "\n" not in text


@pytest.mark.parametrize("hole", [90, 65, 51, 12])
def test_after_the_machine_went_down_everything_from_the_first_hole_on_is_cut(crashed, hole):
    machine_went_down(crashed, synced=11)
    change(segment(crashed, 1 if hole < 65 else 65), offset_of(hole), bytes(8))
    with small(crashed) as writer:
        assert writer.sequence == hole - 1
        (note,) = writer.recovered.notes
        assert f"behind command {hole - 1}" in note
        assert ("1 segment behind it" in note) == (hole < 65)
        writer.append(clocks(hole, 3))
    assert read(crashed).tobytes() == clocks(1, hole + 2).tobytes()


@pytest.mark.parametrize("hole", [11, 1])
def test_a_hole_at_or_before_the_synced_position_is_damage(crashed, hole):
    machine_went_down(crashed, synced=11)
    change(segment(crashed), offset_of(hole), bytes(8))
    with pytest.raises(CheckFailed, match=f"damaged at offset {offset_of(hole)}, command {hole}: .*safe up to "
                                          "command 11"):
        recover(crashed)


def test_leftovers_behind_the_cut_do_not_come_back(crashed):
    """Records 51 to 64 were written and are valid in themselves; command 50 was lost. A new 50 must not bring them
    back."""
    machine_went_down(crashed, synced=11)
    change(segment(crashed), offset_of(50), bytes(8))
    for _ in range(2):
        with small(crashed) as writer:
            writer.append(clocks(writer.sequence + 1, 1))
    assert recover(crashed).last_sequence == 51
    assert read(crashed).tobytes() == clocks(1, 51).tobytes()


def test_a_reader_sees_what_a_recovery_has_found_only_once_it_is_on_the_disk(crashed, monkeypatch):
    last = segment(crashed, 65)
    change_header(last, committed=64)
    at_each_sync = []
    fsync = os.fsync

    def noted(file):
        if os.path.samestat(os.fstat(file), last.stat()):
            at_each_sync.append(layout.committed(np.fromfile(last, np.uint8)))
        fsync(file)

    monkeypatch.setattr(os, "fsync", noted)
    recover(crashed)
    assert at_each_sync[0] == 64 and at_each_sync[-1] == 100
    assert len(read(crashed)) == 100


def test_a_recovery_that_is_interrupted_is_done_again(crashed):
    """The cut's zeroes are there, the marks and the removal are not."""
    machine_went_down(crashed, synced=11)
    change(segment(crashed), offset_of(50), bytes(SEGMENT_BYTES - offset_of(50)))
    assert recover(crashed).last_sequence == 49
    assert not segment(crashed, 65).exists()


def test_a_log_that_was_closed_accepts_no_cut(tmp_path):
    with small(tmp_path) as writer:
        writer.append(clocks(1, 100))
    change_header(segment(tmp_path, 65), boot_id=bytes(range(16)))
    change(segment(tmp_path, 65), offset_of(100), bytes(64))
    with pytest.raises(CheckFailed, match="damaged"):
        recover(tmp_path)


def test_a_torn_record_is_cut(crashed):
    machine_went_down(crashed, synced=11)
    change(segment(crashed), offset_of(20) + 32, b"torn")
    found = recover(crashed)
    assert found.last_sequence == 19
    assert "the record's checksum is wrong" in found.notes[0]


WRITE_UNTIL_KILLED = """
import sys
sys.path[:0] = {path!r}
from journal_logs import clocks
from pricetime.journal import Writer
with Writer({directory!r}, segment_bytes=1 << 16) as writer:
    while True:
        writer.append(clocks(writer.sequence + 1, 100))
        print(writer.sequence, flush=True)
"""


def test_a_killed_process_loses_nothing_that_it_published(tmp_path):
    for attempt in range(5):
        program = WRITE_UNTIL_KILLED.format(path=sys.path, directory=str(tmp_path))
        with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
            told = int(process.stdout.readline())
            time.sleep(0.003 * attempt)
            process.send_signal(signal.SIGKILL)
            told = max([told, *(int(line) for line in process.stdout if line.endswith("\n"))])
        found = recover(tmp_path)
        assert found.last_sequence >= told
        assert sum(len(block) for block in Reader(tmp_path)) == found.last_sequence
