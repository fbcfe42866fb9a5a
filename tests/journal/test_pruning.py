"""A pruned log begins later and says so; without that word a missing beginning is damage, as ever."""

import os
import shutil

import pytest
from journal_logs import SEGMENT_BYTES, change, change_header, clocks, flip, read, segment

from pricetime.journal import Reader, Writer, layout, recover
from pricetime.journal.packing import pack, prune, tidy
from pricetime.journal.recovery import examine, oldest_sequence
from pricetime.matching.errors import CheckFailed, UserError
from tests.journal.test_packing import Crash, crash_at, names, packed, refused


@pytest.mark.parametrize(("before", "oldest"), [
    (1, 1), (63, 1), (64, 65), (65, 65), (127, 65), (128, 129), (200, 193), (256, 257), (300, 257), (10**9, 257),
])
def test_whole_segments_up_to_a_command_are_removed_and_never_the_newest(log, before, oldest):
    removed = prune(log, before)
    assert [path.name for path in removed] == [segment(log, first).name for first in range(1, oldest, 64)]
    assert oldest_sequence(log / "log") == oldest
    assert read(log, from_sequence=oldest).tobytes() == clocks(oldest, 301 - oldest).tobytes()
    for thorough in (False, True):
        found = recover(log, thorough=thorough)
        assert (found.last_sequence, found.notes) == (300, [])
    assert prune(log, before) == []


def test_what_was_removed_cannot_be_asked_for(log):
    prune(log, 128)
    for options in ({}, {"from_sequence": 128}, {"from_time": 1280}):
        with pytest.raises(UserError, match="was pruned: the oldest command that is kept is 129"):
            Reader(log, **options)
    assert read(log, from_sequence=130)["sequence"][0] == 130
    assert read(log, from_time=1281)["sequence"][0] == 129


def test_a_writer_goes_on_and_prunes_again(log):
    prune(log, 128)
    with Writer(log, segment_bytes=SEGMENT_BYTES) as writer:
        writer.append(clocks(301, 100))
        assert [path.name for path in prune(log, 300)] == [segment(log, first).name for first in (129, 193, 257)]
    assert read(log, from_sequence=301).tobytes() == clocks(301, 100).tobytes()


def test_all_that_there_is_may_be_pruned_but_for_an_empty_last_segment_that_is_replaced_later(log):
    Writer(log, segment_bytes=SEGMENT_BYTES).close()
    prune(log, 300)
    assert names(log) == [segment(log, 301).name, "pruned"]
    with Writer(log, segment_bytes=SEGMENT_BYTES) as writer:
        assert writer.sequence == 300
        writer.append(clocks(301, 5))
    assert read(log, from_sequence=301).tobytes() == clocks(301, 5).tobytes()


def test_packed_segments_are_pruned_too(log):
    assert len(tidy(log, 1, 128)) == 4
    assert names(log) == [packed(log, 129).name, packed(log, 193).name, segment(log, 257).name, "pruned"]
    assert read(log, from_sequence=129).tobytes() == clocks(129, 172).tobytes()
    assert prune(log, 200) == [packed(log, 129)]
    assert recover(log, thorough=True).last_sequence == 300


def test_what_no_mark_vouches_for_stays(crashed):
    change_header(segment(crashed, 129), closed=0)
    assert prune(crashed, 300) == [segment(crashed, 1), segment(crashed, 65)]


def test_a_crash_at_any_point_of_pruning_leaves_a_good_log(log, monkeypatch):
    step, ended = 0, False
    while not ended:
        step += 1
        with monkeypatch.context() as patch:
            crash_at(patch, step)
            try:
                prune(log, 200)
                ended = True
            except Crash:
                pass
        oldest = oldest_sequence(log / "log")
        assert oldest in (1, 193)
        assert read(log, from_sequence=oldest).tobytes() == clocks(oldest, 301 - oldest).tobytes()
        assert examine(log / "log", thorough=True).last_sequence == 300
    assert step > 4
    assert names(log) == [segment(log, 193).name, segment(log, 257).name, "pruned"]


def test_segments_that_an_interrupted_pruning_left_are_removed_by_the_next(log):
    shutil.copytree(log / "log", log / "copy")
    prune(log, 200)
    shutil.copy(log / "copy" / segment(log).name, segment(log))
    assert read(log, from_sequence=193).tobytes() == clocks(193, 108).tobytes()
    prune(log, 1)
    assert not segment(log).exists()


def test_a_lost_first_segment_is_no_pruned_one(log):
    segment(log).unlink()
    refused(log, f"{segment(log)}: missing: the log begins with command 65, and no file pruned says")


def test_the_first_segment_of_a_pruned_log_is_missed(log):
    prune(log, 128)
    segment(log, 129).unlink()
    for use in (recover, lambda directory: Reader(directory, from_sequence=193)):
        with pytest.raises(CheckFailed, match=f"{segment(log, 129)}: missing: the log begins with command 193"):
            use(log)
    segment(log, 193).unlink()
    segment(log, 257).unlink()
    with pytest.raises(CheckFailed, match=f"{segment(log, 129)}: missing: .*pruned says that the log begins there"):
        recover(log)


def test_every_flipped_bit_of_the_mark_is_reported(log):
    prune(log, 128)
    path = log / "log" / "pruned"
    assert path.stat().st_size == layout.IDENTITY_SIZE
    for bit in range(8 * layout.IDENTITY_SIZE):
        flip(path, bit)
        refused(log, str(path), UserError)
        flip(path, bit)
    os.truncate(path, 100)
    refused(log, f"{path}: 100 bytes, expected 128")


def test_the_mark_of_another_log(log, tmp_path):
    with Writer(tmp_path / "other", segment_bytes=SEGMENT_BYTES) as writer:
        writer.append(clocks(1, 300))
    for directory in (log, tmp_path / "other"):
        prune(directory, 128)
    shutil.copy(tmp_path / "other" / "log" / "pruned", log / "log" / "pruned")
    refused(log, f"{log / 'log' / 'pruned'}: of another log than")


def test_a_log_goes_on_from_a_snapshot_behind_the_damage(log):
    """What docs/operating.md says under Damage: a header, a missing segment, a lost mark."""
    change(segment(log, 65), 20, b"????")
    segment(log, 129).unlink()
    with pytest.raises(UserError):
        recover(log)
    prune(log, 200)
    assert recover(log, thorough=True).last_sequence == 300
    (log / "log" / "pruned").unlink()
    with pytest.raises(UserError):
        recover(log)
    assert prune(log, 200) == []
    assert recover(log, thorough=True).last_sequence == 300
    os.truncate(log / "log" / "pruned", 0)
    prune(log, 200)
    assert read(log, from_sequence=193).tobytes() == clocks(193, 108).tobytes()


def test_a_snapshot_that_does_not_reach_the_segments_that_are_there_helps_nothing(log):
    segment(log).unlink()
    assert prune(log, 63) == []
    with pytest.raises(CheckFailed, match="missing"):
        recover(log)


def test_a_reader_whose_next_segment_is_pruned_says_so(log):
    reader = Reader(log)
    reader.next_block()
    prune(log, 200)
    with pytest.raises(UserError, match="was pruned: the oldest command that is kept is 193"):
        list(reader)


@pytest.mark.parametrize("wait", [lambda reader: reader.next_block(), lambda reader: list(reader.tail(0.01))])
def test_a_reader_that_waits_for_a_segment_that_is_pruned_says_so_and_does_not_wait_for_ever(log, wait):
    reader = Reader(log)
    assert reader.next_block()["sequence"][-1] == 64
    prune(log, 200)
    for _ in range(2):
        with pytest.raises(UserError, match="was pruned: the oldest command that is kept is 193"):
            wait(reader)


def test_pruning_before_packing_leaves_no_packed_one_behind(log):
    pack(log)
    prune(log, 256)
    assert names(log) == [segment(log, 257).name, "pruned"]
