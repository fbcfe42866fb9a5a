"""Packed segments read as plain ones do, whatever happens on the way to them, and damage in them is one clear line."""

import os
import shutil
import sys
import time
from functools import partial

import pytest
import zstandard
from journal_logs import SEGMENT_BYTES, change, change_header, clocks, flip, read, segment

from pricetime.journal import Reader, Writer, layout, recover
from pricetime.journal.directory import list_segments
from pricetime.journal.packing import pack, tidy
from pricetime.journal.recovery import examine
from pricetime.journal.verify import verify
from pricetime.matching.engine import Engine
from pricetime.matching.errors import CheckFailed, UserError

CHECKED = zstandard.ZstdCompressor(write_checksum=True)
SIZELESS = zstandard.ZstdCompressor(write_checksum=True, write_content_size=False)


def packed(directory, first=1):
    """A packed segment's file."""
    path = segment(directory, first)
    return path.with_name(path.name + ".zst")


def names(directory):
    return sorted(os.listdir(directory / "log"))


def refused(directory, match, error=CheckFailed):
    """Who would write and who reads are told, in one line."""
    for use in (lambda: recover(directory, thorough=True), lambda: read(directory)):
        with pytest.raises(error, match=match) as caught:
            use()
        assert "\n" not in str(caught.value)


def test_a_packed_log_reads_and_verifies_as_the_plain_one(log):
    before, digest = read(log), verify(log, Engine()).digest
    plain = {first: segment(log, first).read_bytes() for first in (1, 65, 129)}
    assert pack(log, keep=2) == [packed(log, first) for first in (1, 65, 129)]
    assert names(log) == [packed(log, 1).name, packed(log, 65).name, packed(log, 129).name,
                          segment(log, 193).name, segment(log, 257).name]
    assert read(log).tobytes() == before.tobytes()
    assert verify(log, Engine()).digest == digest
    for thorough in (False, True):
        assert recover(log, thorough=thorough).notes == []
    for first, content in plain.items():
        assert zstandard.decompress(packed(log, first).read_bytes()) == content
        assert packed(log, first).stat().st_size < len(content) / 2


@pytest.mark.parametrize(("first", "last"), [(1, 1), (64, 65), (100, 299), (300, 300), (129, 128 + 64)])
def test_any_range_of_a_packed_log(log, first, last):
    pack(log)
    assert read(log, from_sequence=first, until_sequence=last).tobytes() == clocks(first, last - first + 1).tobytes()


def test_a_time_in_a_packed_log(log):
    pack(log)
    assert read(log, from_time=1005, until_time=2000)["sequence"].tolist() == list(range(101, 201))


def test_blocks_of_a_packed_segment_are_read_only(log):
    pack(log)
    block = next(iter(Reader(log)))
    with pytest.raises(ValueError, match="read-only"):
        block["price"] = 0


def test_a_writer_goes_on_behind_packed_segments(log):
    pack(log)
    with Writer(log, segment_bytes=SEGMENT_BYTES) as writer:
        writer.append(clocks(301, 100))
    assert len(pack(log)) == 2      # the last one of the first run, and the first of the second
    assert read(log).tobytes() == clocks(1, 400).tobytes()
    assert pack(log) == []


def test_of_a_live_log_only_complete_segments_are_packed(tmp_path):
    """A tail that holds a segment open goes on in the next one, packed meanwhile or not."""
    with Writer(tmp_path, segment_bytes=SEGMENT_BYTES) as writer:
        reader = Reader(tmp_path)
        writer.append(clocks(1, 70))
        block = reader.next_block()
        writer.append(clocks(71, 230))
        patience = time.monotonic() + 10
        while not all(found.header["closed"] for found in list_segments(tmp_path / "log")[:-1]):
            assert time.monotonic() < patience
        assert [path.name for path in pack(tmp_path)] == [packed(tmp_path, first).name for first in (1, 65, 129, 193)]
        assert len(block) == 64
        assert sum(len(block) for block in reader) == 300 - 64
        writer.append(clocks(301, 64))
    assert read(tmp_path).tobytes() == clocks(1, 364).tobytes()


def test_what_no_mark_vouches_for_stays_plain(crashed):
    change_header(segment(crashed, 65), closed=0)
    change(segment(crashed, 129), 640, bytes(7))    # the mark's first half and a byte more
    assert pack(crashed) == [packed(crashed, 1), packed(crashed, 193)]


def test_a_damaged_segment_is_not_packed(log):
    change(segment(log, 65), 4096 + 640, b"?")
    with pytest.raises(CheckFailed, match=f"{segment(log, 65)}: damaged at offset {4096 + 640}, command 75"):
        pack(log)
    assert segment(log, 65).exists() and not packed(log, 65).exists()


class Crash(BaseException):
    """The process ends here."""


def crash_at(monkeypatch, step):
    """The `step`th call that changes something on the disk, and all after it, are not done."""
    calls = []

    def counted(real, *arguments, **named):
        calls.append(real)
        if len(calls) >= step:
            raise Crash
        return real(*arguments, **named)

    for name in ("rename", "unlink", "fsync"):
        monkeypatch.setattr(os, name, partial(counted, getattr(os, name)))


def test_a_crash_at_any_point_of_packing_leaves_the_log_whole(log, monkeypatch):
    step, ended = 0, False
    while not ended:
        step += 1
        with monkeypatch.context() as patch:
            crash_at(patch, step)
            try:
                pack(log)
                ended = True
            except Crash:
                pass
        assert read(log).tobytes() == clocks(1, 300).tobytes(), f"step {step}"
        assert examine(log / "log", thorough=True).last_sequence == 300
    assert step > 4
    assert names(log) == [*(packed(log, first).name for first in (1, 65, 129, 193)), segment(log, 257).name]


def test_where_both_are_there_the_plain_one_counts_and_the_next_packing_removes_the_other(log):
    shutil.copytree(log, log / "copy")
    pack(log)
    shutil.copy(segment(log / "copy"), segment(log))
    packed(log).write_bytes(b"not even a frame")
    (log / "log" / (packed(log, 65).name + ".new")).write_bytes(b"half")
    assert read(log).tobytes() == clocks(1, 300).tobytes()
    assert recover(log, thorough=True).notes == []
    pack(log, keep=5)
    assert not packed(log).exists()
    assert names(log)[0] == segment(log).name
    assert not [name for name in names(log) if name.endswith(".new")]


def test_one_at_a_time(log, monkeypatch):
    def again(*arguments):
        pack(log)

    monkeypatch.setattr("pricetime.journal.packing.pack_segment", again)
    with pytest.raises(UserError, match="another process packs or prunes this log"):
        pack(log)


def test_a_log_keeps_one_plain_segment_at_least(log):
    with pytest.raises(UserError, match="keep 0: expected 1 or more"):
        pack(log, keep=0)
    assert len(tidy(log, 100, 0)) == len(tidy(log, 0, 0)) == 0
    assert len(tidy(log, 2, 0)) == 3


def test_a_full_disk_while_packing_is_one_line_and_changes_nothing(log, monkeypatch):
    before = names(log)

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="cannot pack .*: no space left on device"):
        pack(log)
    assert names(log) == before


@pytest.mark.parametrize("use", [pack, lambda directory: list(Reader(directory)), recover])
def test_without_zstandard_the_line_says_what_to_install(log, monkeypatch, use):
    if use is not pack:
        pack(log)
    before = names(log)
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(UserError, match=r"no zstandard; pip install 'pricetime\[pack\]'"):
        use(log)
    assert names(log) == before


def test_a_packed_segment_cut_off_at_any_byte_is_reported(log):
    pack(log)
    path = packed(log, 65)
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        refused(log, f"{path}: (damaged: zstd cannot unpack it|header cut off).*cp COPY/log/{path.name}")


def test_a_changed_byte_of_a_packed_segment_is_reported_or_changes_nothing(log):
    """A frame has a few bits that mean nothing."""
    pack(log)
    path = packed(log, 65)
    content = zstandard.decompress(path.read_bytes())
    for byte in range(path.stat().st_size):
        flip(path, 8 * byte + byte % 8)
        try:
            assert read(log).tobytes() == clocks(1, 300).tobytes()
            assert zstandard.decompress(path.read_bytes()) == content
        except UserError as error:
            assert str(path) in str(error)
        flip(path, 8 * byte + byte % 8)


def test_another_segment_under_its_name(log):
    pack(log)
    shutil.copy(packed(log, 129), packed(log, 65))
    refused(log, f"{packed(log, 65)}: holds the segment {layout.segment_name(129)}")


def test_a_packed_segment_of_another_log(log, tmp_path):
    with Writer(tmp_path / "other", segment_bytes=SEGMENT_BYTES) as writer:
        writer.append(clocks(1, 300))
    pack(log)
    pack(tmp_path / "other")
    shutil.copy(packed(tmp_path / "other", 65), packed(log, 65))
    refused(log, f"{packed(log, 65)}: of another log than")


def test_a_missing_packed_segment_is_named(log):
    pack(log)
    packed(log, 65).unlink()
    refused(log, f"{segment(log, 65)}: missing")


@pytest.mark.parametrize(("content", "error", "match"), [
    (b"", CheckFailed, "zstd cannot unpack it"),
    (b"a text", CheckFailed, "zstd cannot unpack it"),
    (zstandard.compress(b"a text"), CheckFailed, "without size or checksum"),
    (CHECKED.compress(b"a text"), CheckFailed, "header cut off: 6 bytes"),
    (CHECKED.compress(b"a text" * 2000), UserError, "not a pricetime log segment"),
    (SIZELESS.compress(bytes(8192)), CheckFailed, "without size or checksum"),
])
def test_what_is_no_packed_segment(log, content, error, match):
    pack(log)
    packed(log, 65).write_bytes(content)
    refused(log, f"{packed(log, 65)}: .*{match}", error)


@pytest.mark.parametrize(("edit", "match"), [
    (lambda raw: raw[:-64], "8128 bytes, its header says 8192"),
    (lambda raw: b"#!/bin/s" + raw[8:], "not a pricetime log segment"),
    (lambda raw: raw[:8] + raw[8:12][::-1] + raw[12:], "other byte order"),
    (lambda raw: raw[:5000] + b"?" + raw[5001:], "command 79"),
])
def test_wrong_content_in_a_good_frame(log, edit, match):
    pack(log)
    path = packed(log, 65)
    raw = zstandard.decompress(path.read_bytes())
    path.write_bytes(CHECKED.compress(edit(raw)))
    refused(log, f"{path}: .*{match}", UserError)


def test_a_directory_where_a_packed_segment_is_expected(log):
    packed(log, 301).mkdir()
    refused(log, "expected a log segment, found a directory", UserError)


def test_what_the_program_zstd_packs_is_read(log):
    """One that was packed by hand: size and checksum are in it."""
    path = segment(log, 65)
    frame = zstandard.ZstdCompressor(level=19, write_checksum=True).compress(path.read_bytes())
    packed(log, 65).write_bytes(frame)
    path.unlink()
    assert read(log).tobytes() == clocks(1, 300).tobytes()
