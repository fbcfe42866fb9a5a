"""docs/log-format.md, held: a reader written from that page alone, with the standard library, sees what the real one
sees."""

import struct

import pytest
from journal_logs import SEGMENT_BYTES, clocks, definition, read

from pricetime.journal import Writer, layout

TABLE = []
for byte in range(256):
    value = byte
    for _ in range(8):
        value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    TABLE.append(value)
ALL_ONES = 0xFFFFFFFF


def crc32c_steps(crc, data):
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 255]
    return crc


def plain_read(folder):
    """(sequence, time, bytes) of every record."""
    checksum, sequence, time = None, 0, 0
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        magic, order, version, rules, log_id, boot, run, epoch, first, previous_time, capacity, created, seed, shard = (
            struct.unpack_from("<8sIHH16s16sQQQqQqII", data))
        assert (magic, order, version, capacity, first) == (b"PTIMELOG", 0x01020304, 1, len(data), sequence + 1)
        assert struct.unpack_from("<I", data, 124)[0] == crc32c_steps(ALL_ONES, data[:124])
        assert (seed, previous_time) == (crc32c_steps(ALL_ONES, log_id) if checksum is None else checksum, time)
        checksum, at = seed, 4096
        while at < capacity and data[at:at + 8] != bytes(8):
            stored, _, shape, _, number, time = struct.unpack_from("<IBBHQq", data, at)
            record = data[at:at + 64 * (shape & 15)]
            assert stored == crc32c_steps(checksum, bytes(4) + record[4:])
            assert number == sequence + 1
            yield number, time, record
            checksum, sequence, at = stored, number, at + len(record)
        *positions, closed = (struct.unpack_from("<Q", data, offset)[0] for offset in (256, 384, 512, 640))
        header_checksum = struct.unpack_from("<I", data, 124)[0]
        assert positions == [sequence] * 3
        assert closed & ALL_ONES == crc32c_steps(header_checksum, struct.pack("<3Q", *positions))
        assert closed >> 32 in (0x46554C4C, 0x434C5344)
    assert closed >> 32 == 0x434C5344


def test_a_reader_written_from_the_page_reads_the_same(tmp_path):
    for run in range(2):
        with Writer(tmp_path, segment_bytes=SEGMENT_BYTES) as writer:
            writer.append(clocks(writer.sequence + 1, 100))
            writer.append(definition(writer.sequence + 1, run + 1, b"member"))
    records = list(plain_read(tmp_path / "log"))
    assert [sequence for sequence, _, _ in records] == list(range(1, 203))
    assert b"".join(bytes(4) + record[4:] for *_, record in records) == read(tmp_path).tobytes()


@pytest.mark.parametrize(("field", "offset"), [
    ("magic", 0), ("byte_order", 8), ("format_version", 12), ("rules_version", 14), ("log_id", 16), ("boot_id", 32),
    ("run", 48), ("epoch", 56), ("first_sequence", 64), ("previous_time", 72), ("capacity", 80), ("created", 88),
    ("checksum_seed", 96), ("shard", 100), ("header_checksum", 124), ("appended", 256), ("committed", 384),
    ("synced", 512), ("closed", 640),
])  # fmt: skip
def test_the_header_has_its_fields_where_the_page_says(field, offset):
    assert layout.HEADER.fields[field][1] == offset
