"""docs/log-format.md, held: examples/plain_reader.py, written from that page alone with the standard library, sees what
the real reader sees, and refuses what that refuses."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
from journal_logs import (
    SEGMENT_BYTES,
    change,
    clocks,
    definition,
    flip,
    left_behind,
    machine_went_down,
    plain_reader,
    read,
    segment,
)

from pricetime.journal import Writer, layout, recover
from pricetime.matching.records import CommandType

plain = plain_reader()


def mixed(first, count):
    """Records of one line and of two."""
    return np.concatenate([definition(number, number, b"member") if number % 5 == 0 else clocks(number, 1)
                           for number in range(first, first + count)])  # fmt: skip


def plain_lines(directory):
    """What the plain reader finds, as `read` gives it."""
    return b"".join(bytes(4) + lines[4:] for *_, lines in plain.commands(directory))


def test_the_plain_reader_reads_the_same_over_segments_and_runs(tmp_path):
    for _ in range(3):
        with Writer(tmp_path, segment_bytes=SEGMENT_BYTES) as writer:
            writer.append(mixed(writer.sequence + 1, 100))
    assert plain_lines(tmp_path) == read(tmp_path).tobytes()
    found = [(sequence, time, type) for sequence, time, type, _ in plain.commands(tmp_path)]
    assert found[3:5] == [(4, 40, CommandType.CLOCK), (5, 50, CommandType.PARTY_DEFINITION)]
    assert [sequence for sequence, *_ in found] == list(range(1, 301))


def test_the_plain_reader_reads_a_live_log_up_to_what_is_committed(tmp_path):
    with Writer(tmp_path, segment_bytes=SEGMENT_BYTES) as writer:
        assert list(plain.commands(tmp_path)) == []
        writer.append(mixed(1, 100))
        assert plain_lines(tmp_path) == read(tmp_path).tobytes() == mixed(1, 100).tobytes()
        newest = segment(left_behind(tmp_path, tmp_path / "copy"), 55)
    change(newest, 384, (90).to_bytes(8, "little"))
    assert plain_lines(tmp_path / "copy") == read(tmp_path / "copy").tobytes() == mixed(1, 90).tobytes()


def test_the_plain_reader_reads_a_log_whose_tail_was_cut(tmp_path):
    with Writer(tmp_path / "live", segment_bytes=SEGMENT_BYTES) as writer:
        writer.append(mixed(1, 100))
        log = left_behind(tmp_path / "live", tmp_path / "cut")
    machine_went_down(log, synced=59)
    flip(segment(log, 55), 8 * 4500)
    with pytest.raises(plain.Damaged, match="damaged at offset 4480, command 60"):
        list(plain.commands(log))
    assert recover(log).last_sequence == 59
    assert plain_lines(log) == read(log).tobytes() == mixed(1, 59).tobytes()


def test_the_plain_reader_takes_the_later_run_where_an_empty_one_has_its_number(tmp_path):
    Writer(tmp_path, segment_bytes=SEGMENT_BYTES).close()
    empty = segment(tmp_path).read_bytes()
    with Writer(tmp_path, segment_bytes=SEGMENT_BYTES) as writer:
        writer.append(mixed(1, 10))
    segment(tmp_path).rename(tmp_path / "log" / "next-1.segment")
    segment(tmp_path).write_bytes(empty)
    assert plain_lines(tmp_path) == mixed(1, 10).tobytes()


def test_the_plain_reader_begins_where_a_pruned_log_begins(tmp_path):
    """`pruned` is the identity of the first segment that belongs to the log; older ones may still be there."""
    with Writer(tmp_path, segment_bytes=SEGMENT_BYTES) as writer:
        writer.append(clocks(1, 200))
    (tmp_path / "log" / "pruned").write_bytes(segment(tmp_path, 129).read_bytes()[:128])
    (tmp_path / "log" / "half.new").write_bytes(b"half of something")
    segment(tmp_path).unlink()
    assert plain_lines(tmp_path) == clocks(129, 72).tobytes()
    segment(tmp_path, 129).unlink()
    with pytest.raises(plain.Damaged, match="begins with command 193; it does not go on where command 128 ended"):
        list(plain.commands(tmp_path))


@pytest.mark.parametrize(("offset", "said"), [
    (0, "not a log segment"), (8, "byte order"), (12, "byte order 0x01020304, format"), (70, "checksum is wrong"),
    (80, "checksum is wrong"), (4096, "damaged at offset 4096, command 55"), (4097, "damaged at offset 4096"),
    (4400, "damaged at offset 4352, command 58"),
])  # fmt: skip
def test_the_plain_reader_finds_damage(tmp_path, offset, said):
    with Writer(tmp_path, segment_bytes=SEGMENT_BYTES) as writer:
        writer.append(mixed(1, 100))
    flip(segment(tmp_path, 55), 8 * offset)
    with pytest.raises(plain.Damaged, match=said):
        list(plain.commands(tmp_path))


def test_the_plain_reader_misses_a_segment(tmp_path):
    with Writer(tmp_path, segment_bytes=SEGMENT_BYTES) as writer:
        writer.append(clocks(1, 200))
    segment(tmp_path, 65).unlink()
    with pytest.raises(plain.Damaged, match="129; it does not go on where command 64 ended"):
        list(plain.commands(tmp_path))
    segment(tmp_path, 129).unlink()
    segment(tmp_path, 193).unlink()
    change(segment(tmp_path), 384, (65).to_bytes(8, "little"))
    with pytest.raises(plain.Damaged, match="the records end with command 64, 65 are committed"):
        list(plain.commands(tmp_path))


def run_plain(*arguments):
    """The program as a user runs it, without any of our packages."""
    command = [sys.executable, "-I", "-S", plain.__file__, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_plain_reader_at_the_shell(tmp_path):
    with Writer(tmp_path, segment_bytes=SEGMENT_BYTES) as writer:
        writer.append(mixed(1, 5))
    done = run_plain(tmp_path)
    assert done.returncode == 0, done.stderr
    last = done.stdout.splitlines()[-1].split()
    assert last[:3] == ["5", "50", str(int(CommandType.PARTY_DEFINITION))]
    assert bytes.fromhex("".join(last[3:]))[4:] == mixed(5, 1).tobytes()[4:]


def test_the_plain_reader_says_in_one_line_what_it_cannot_read(tmp_path):
    with Writer(tmp_path, segment_bytes=SEGMENT_BYTES) as writer:
        writer.append(clocks(1, 5))
    packed = segment(tmp_path).with_name(segment(tmp_path).name + ".zst")
    shutil.copy(segment(tmp_path), packed)
    assert len(list(plain.commands(tmp_path))) == 5     # it is there unpacked, too
    segment(tmp_path).unlink()
    for arguments, said in (([tmp_path], f"{packed}: packed; unpack it first: zstd -d {packed}"),
                            ([tmp_path / "none"], "No such file"), ([], "usage: ")):  # fmt: skip
        done = run_plain(*arguments)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
        assert said in done.stderr


@pytest.mark.parametrize(("field", "offset"), [
    ("magic", 0), ("byte_order", 8), ("format_version", 12), ("rules_version", 14), ("log_id", 16), ("boot_id", 32),
    ("run", 48), ("epoch", 56), ("first_sequence", 64), ("previous_time", 72), ("capacity", 80), ("created", 88),
    ("checksum_seed", 96), ("shard", 100), ("header_checksum", 124), ("appended", 256), ("committed", 384),
    ("synced", 512), ("closed", 640),
])  # fmt: skip
def test_the_header_has_its_fields_where_the_page_says(field, offset):
    assert layout.HEADER.fields[field][1] == offset
