"""Appending: what goes in comes out, over segments and runs; what is out of turn does not go in; one writer at a
time."""

import os
import resource

import numpy as np
import pytest
from journal_logs import SEGMENT_BYTES, clocks, definition, read, segment

from pricetime.journal import Writer, recover
from pricetime.matching.errors import UserError


def small(directory, **options):
    return Writer(directory, segment_bytes=SEGMENT_BYTES, **options)


def test_records_of_one_and_several_lines_come_back_over_segment_rolls(tmp_path):
    parts = [part for i in range(60) for part in (clocks(3 * i + 1, 2), definition(3 * i + 3, i + 1, b"member %d" % i))]
    lines = np.concatenate(parts)
    with small(tmp_path) as writer:
        writer.append(lines[:2])
        writer.append(lines[2:])
        assert (writer.sequence, writer.time) == (180, 1800)
        assert writer.rolls == 3
    assert read(tmp_path).tobytes() == lines.tobytes()


def test_a_record_is_never_cut_in_two_by_a_segments_end(tmp_path):
    with small(tmp_path) as writer:
        writer.append(clocks(1, 63))
        writer.append(definition(64, 1, b"one"))
    assert segment(tmp_path, 64).exists()
    assert recover(tmp_path).last_sequence == 64


def test_each_opening_is_a_new_run_that_goes_on_where_the_last_one_ended(tmp_path):
    runs = []
    for first in (1, 11, 21):
        with small(tmp_path) as writer:
            runs.append((writer.run, writer.sequence, writer.log_id))
            writer.append(clocks(first, 10))
    assert [run[:2] for run in runs] == [(1, 0), (2, 10), (3, 20)]
    assert len({log_id for _, _, log_id in runs}) == 1
    assert read(tmp_path).tobytes() == clocks(1, 30).tobytes()


def test_a_run_without_a_record_leaves_its_place_to_the_next_one(tmp_path):
    for _ in range(3):
        small(tmp_path).close()
    with small(tmp_path, run=7) as writer:
        writer.append(clocks(1, 1))
    assert [path.name for path in (tmp_path / "log").iterdir()] == [segment(tmp_path).name]
    assert recover(tmp_path).run == 7


@pytest.mark.parametrize(("sequences", "taken"), [([1, 3], 1), ([1, 1], 1), ([2], 0), ([0], 0)])
def test_a_sequence_number_out_of_turn_is_refused_and_what_came_before_it_stays(tmp_path, sequences, taken):
    lines = clocks(1, len(sequences))
    lines["sequence"] = sequences
    with small(tmp_path) as writer:
        with pytest.raises(ValueError, match="expected a whole record with sequence"):
            writer.append(lines)
        assert writer.sequence == taken
        writer.append(clocks(taken + 1, 1))


def test_time_never_runs_backwards(tmp_path):
    lines = clocks(1, 2)
    lines["time"] = [5, 4]
    with small(tmp_path) as writer:
        with pytest.raises(ValueError, match="time 5 or later"):
            writer.append(lines)
        assert writer.sequence == 1


@pytest.mark.parametrize("shape", [0x10, 0x19, 0x12])
def test_what_is_no_whole_record_is_refused(tmp_path, shape):
    lines = clocks(1, 1)
    lines["shape"] = shape
    with small(tmp_path) as writer, pytest.raises(ValueError, match="line 0"):
        writer.append(lines)


def test_a_second_writer_is_refused_and_told_who_the_first_one_is(tmp_path):
    with small(tmp_path), pytest.raises(UserError, match=f"process {os.getpid()} is writing this log"):
        small(tmp_path)
    small(tmp_path).close()


def test_a_closed_writer_takes_nothing(tmp_path):
    writer = small(tmp_path)
    writer.close()
    writer.close()
    with pytest.raises(ValueError, match="closed"):
        writer.append(clocks(1, 1))


def test_a_run_number_must_be_after_the_last(tmp_path):
    small(tmp_path, run=5).close()
    with pytest.raises(UserError, match="run 5 is not after the log's last, 5"):
        small(tmp_path, run=5)
    small(tmp_path).close()


def test_only_an_empty_or_a_venues_directory_is_taken(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(UserError, match="found thesis.tex and no venue.toml; choose a new directory"):
        small(tmp_path)
    assert not (tmp_path / "log").exists()
    (tmp_path / "venue").mkdir()
    (tmp_path / "venue" / "venue.toml").write_text("")
    (tmp_path / "venue" / "notes.txt").write_text("x")
    small(tmp_path / "venue").close()


def test_a_file_in_the_directorys_place_is_said(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="file: expected a directory, found a file"):
        small(tmp_path / "file")


@pytest.mark.parametrize("size", [4096, 8191, 12345])
def test_a_segment_size_that_cannot_be_is_refused(tmp_path, size):
    with pytest.raises(UserError, match="expected a multiple of 4096"):
        Writer(tmp_path, segment_bytes=size)


def test_a_durability_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UserError, match="expected 'process' or 'power' .no standbys yet."):
        small(tmp_path, durability="replicated")
    with pytest.raises(UserError, match="durability 'disk': expected 'process' or 'power'$"):
        small(tmp_path, durability="disk")


def test_a_full_disk_refuses_records_and_takes_them_again_when_there_is_room(tmp_path):
    """A limit on file sizes stands for the disk: it lets through what is there and no new segment."""
    size = 1 << 16
    fits = (size - 4096) // 64
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Writer(tmp_path, segment_bytes=size) as writer:
        writer.append(clocks(1, 1))
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
        try:
            with pytest.raises(UserError, match=r"command \d+ is not logged: file too large; make room, then"):
                writer.append(clocks(2, 3 * fits))
            last = writer.sequence
            assert last in (fits, 2 * fits)      # one segment may have been prepared before the disk was full
            with pytest.raises(UserError, match=f"command {last + 1} is not logged"):
                writer.append(clocks(last + 1, 1))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        writer.append(clocks(last + 1, 10))
    assert read(tmp_path).tobytes() == clocks(1, last + 10).tobytes()


def test_no_room_for_the_first_segment_is_one_line_and_leaves_nothing(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(UserError, match="cannot begin a log segment"):
            small(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list((tmp_path / "log").iterdir()) == []
    small(tmp_path).close()
