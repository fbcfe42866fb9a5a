"""What is damaged, missing or foreign in a log is named, in one line. tests/faults/ changes every bit."""

import os
import shutil
import subprocess
import sys

import pytest
from journal_logs import (
    FIRST,
    SEGMENT_BYTES,
    change,
    change_header,
    clocks,
    definition,
    flip,
    left_behind,
    read,
    segment,
)

from pricetime.journal import Reader, Writer, layout, recover
from pricetime.journal.directory import RELEASES
from pricetime.matching.errors import CheckFailed, UserError
from pricetime.matching.records import RULES_VERSION

HEADER = 4096


def make(directory, close=True):
    """70 commands, the last of them two lines long, in two segments."""
    with Writer(directory, segment_bytes=SEGMENT_BYTES) as writer:
        writer.append(clocks(1, 69))
        writer.append(definition(70, 1, b"member"))
        return directory if close else left_behind(directory, directory.parent / "crashed")


def refused(directory, match, error=UserError):
    """Both who would write and who reads are told, in one line."""
    for use in (recover, lambda directory: list(Reader(directory))):
        with pytest.raises(error, match=match) as caught:
            use(directory)
        assert "\n" not in str(caught.value)


def test_a_missing_segment_is_named(tmp_path):
    with Writer(tmp_path, segment_bytes=SEGMENT_BYTES) as writer:
        writer.append(clocks(1, 200))
    segment(tmp_path, 65).unlink()
    refused(tmp_path, f"{layout.segment_name(65)}: missing", CheckFailed)


@pytest.mark.parametrize("close", [True, False])
def test_a_missing_segment_is_named_and_not_the_one_before_it_that_had_room_left(tmp_path, close):
    """The next record had two lines, and one line of room was left."""
    with Writer(tmp_path / "live", segment_bytes=SEGMENT_BYTES) as writer:
        writer.append(clocks(1, 63))
        for sequence in range(64, 150):
            writer.append(definition(sequence, sequence, b"x"))
        log = left_behind(tmp_path / "live", tmp_path / "crashed")
    log = tmp_path / "live" if close else log
    second, third = sorted((log / "log").glob("0*.segment"))[1:3]
    assert second == segment(log, 64)
    second.unlink()
    refused(log, f"{second}: missing: ", CheckFailed)
    assert third.exists()


def test_a_copy_without_its_last_segments_is_no_whole_log(tmp_path):
    with Writer(tmp_path, segment_bytes=SEGMENT_BYTES) as writer:
        writer.append(clocks(1, 200))
    for first in (129, 193):
        segment(tmp_path, first).unlink()
    refused(tmp_path, f"{layout.segment_name(129)}: missing: {layout.segment_name(65)} says that the log goes on there")
    assert len(read(tmp_path, until_sequence=128)) == 128


def test_a_missing_first_segment_is_named(tmp_path):
    segment(make(tmp_path)).unlink()
    refused(tmp_path, f"{FIRST}: missing: the log begins with command 65", CheckFailed)


def test_a_missing_last_segment_is_found_where_the_log_was_not_closed(tmp_path):
    log = make(tmp_path / "live", close=False)
    segment(log, 65).unlink()
    refused(log, f"{layout.segment_name(65)}: missing: {FIRST} says that the log goes on there", CheckFailed)
    change_header(segment(log), closed=0, synced=70)
    with pytest.raises(CheckFailed, match="end with command 64, but the log was safe up to command 70"):
        recover(log)


def test_a_segment_of_another_log_is_refused(tmp_path):
    make(tmp_path / "a")
    make(tmp_path / "b")
    shutil.copy(segment(tmp_path / "b", 65), segment(tmp_path / "a", 65))
    refused(tmp_path / "a", "of another log than", CheckFailed)


def test_a_segment_from_another_copy_of_the_log_is_refused(tmp_path):
    make(tmp_path)
    change_header(segment(tmp_path, 65), checksum_seed=5)
    refused(tmp_path, "does not go on where command 64 ended", CheckFailed)


def test_two_segments_with_one_number_are_refused(tmp_path):
    make(tmp_path)
    shutil.copy(segment(tmp_path, 65), tmp_path / "log" / "next-0.segment")
    refused(tmp_path, "begins with command 65 as .* does", CheckFailed)


def test_a_renamed_segment_is_refused(tmp_path):
    make(tmp_path)
    os.rename(segment(tmp_path, 65), segment(tmp_path, 66))
    refused(tmp_path, "holds the segment 00000000000000000065", CheckFailed)


def test_wrong_magic(tmp_path):
    change(segment(make(tmp_path)), 0, b"#!/bin/s")
    refused(tmp_path, "not a pricetime log segment: begins with")


def test_unknown_format_version(tmp_path):
    change_header(segment(make(tmp_path)), format_version=9)
    refused(tmp_path, "log format 9, this pricetime reads 1; install")


def test_rules_that_this_engine_lacks(tmp_path):
    change_header(segment(make(tmp_path)), rules_version=77)
    here = f"this pricetime has {RULES_VERSION}"
    refused(tmp_path, f"rules version 77, {here}; install a pricetime with rules version 77: it is newer than this "
                      "one: pip install --upgrade pricetime")


def test_rules_of_a_release_say_which_to_install(tmp_path, monkeypatch):
    change_header(segment(make(tmp_path)), rules_version=1)
    refused(tmp_path, "rules version 1: no release has them; build it from the source that the log was written with")
    monkeypatch.setitem(RELEASES, 1, "0.9")
    refused(tmp_path, "with rules version 1: pip install 'pricetime==0.9'")


def test_the_table_of_releases_has_only_rules_before_these():
    assert all(rules < RULES_VERSION for rules in RELEASES)


def test_foreign_byte_order(tmp_path):
    path = segment(make(tmp_path))
    change(path, 8, path.read_bytes()[8:12][::-1])
    refused(tmp_path, "other byte order")
    change(path, 0, path.read_bytes()[:8][::-1])
    refused(tmp_path, "other byte order")


def test_truncated_header(tmp_path):
    os.truncate(segment(make(tmp_path)), 100)
    refused(tmp_path, "header cut off: 100 bytes, expected 4096", CheckFailed)


def test_a_directory_where_a_segment_is_expected(tmp_path):
    make(tmp_path)
    (tmp_path / "log" / layout.segment_name(71)).mkdir()
    refused(tmp_path, "expected a log segment, found a directory")


def test_a_file_that_does_not_belong_there(tmp_path):
    (make(tmp_path) / "log" / "notes.txt").write_text("x")
    refused(tmp_path, "notes.txt: not a log segment")


def test_a_directory_that_is_no_venues(tmp_path):
    refused(tmp_path, "not a venue's directory: expected log/ in it, it is empty")
    (tmp_path / "thesis.tex").write_text("x")
    refused(tmp_path, "not a venue's directory: expected log/ in it, found thesis.tex")
    refused(tmp_path / "nowhere", "no such directory")
    refused(tmp_path / "thesis.tex", "no such directory")
    (tmp_path / "log").write_text("x")
    refused(tmp_path, "expected a directory with log segments, found a file")


def test_a_log_without_a_segment_has_nothing_to_read(tmp_path):
    (tmp_path / "log").mkdir()
    with pytest.raises(UserError, match="no log segment in it yet"):
        Reader(tmp_path)


WITHOUT_RIGHTS = """
import os, sys
from pricetime.journal import Reader, Writer, recover
from pricetime.matching.errors import UserError
os.chdir(sys.argv[1])
if os.geteuid() == 0:       # may read and write everything
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
for use in (Writer, recover, lambda directory: list(Reader(directory))):
    try:
        use(".")
    except UserError as error:
        print(error)
    else:
        print("not refused")
"""


@pytest.mark.parametrize(("mode", "refused"), [(0o555, [True, False, False]), (0, [True, True, True])])
def test_a_directory_without_the_right_to_it_is_one_line(tmp_path, mode, refused):
    make(tmp_path)
    os.chmod(tmp_path, 0o755)
    os.chmod(tmp_path / "log", mode)
    try:
        done = subprocess.run([sys.executable, "-P", "-c", WITHOUT_RIGHTS, str(tmp_path)], text=True, timeout=60,
                              capture_output=True, check=False)  # fmt: skip
    finally:
        os.chmod(tmp_path / "log", 0o700)
    assert done.returncode == 0, done.stderr
    said = ["permission denied" in line for line in done.stdout.splitlines()]
    assert said == refused, done.stdout


def test_a_damaged_record_is_named_by_a_reader(tmp_path):
    path = segment(make(tmp_path), 65)
    flip(path, 8 * (HEADER + 2 * 64 + 40))
    with pytest.raises(CheckFailed, match=rf"{path}: damaged at offset {HEADER + 128}, command 67: the record's "
                                          rf"checksum is wrong"):
        read(tmp_path)
