"""A reader of pricetime's log in plain Python, written from docs/log-format.md alone: the standard library, no more.

    python plain_reader.py DIR      a line a command: sequence number, time, type, its lines of 64 bytes in hexadecimal

Checks what it reads (headers, the chain of segments, every record's checksum, sequence number and time) and ends where
the log is committed. Slow, about a megabyte a second: a second opinion, and a start for other languages.
"""

import mmap
import os
import re
import struct
import sys
from pathlib import Path

IDENTITY = struct.Struct("<8sIHH16s16sQQQqQqII")    # magic ... shard: bytes 0 to 103 of a segment
RECORD = struct.Struct("<IBBHQq")                   # checksum, type, shape, session, sequence, time
ONES = 0xFFFFFFFF
TABLE = []
for crc in range(256):
    for _ in range(8):
        crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    TABLE.append(crc)


class Damaged(Exception):
    """The log is not as docs/log-format.md says."""


def crc_steps(crc, data):
    """CRC32C over `data`, going on from `crc`, without a final inversion."""
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 255]
    return crc


def word(data, offset):
    return int.from_bytes(data[offset:offset + 8], "little")


def view(path):
    """A file's bytes, as they are whenever one looks: the log may be growing."""
    with open(path, "rb") as file:
        empty = os.fstat(file.fileno()).st_size == 0
        return b"" if empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def segments(folder):
    """(identity, bytes, path) of each segment that was ever begun, in order, their headers checked."""
    while True:
        try:
            return segments_once(folder)
        except FileNotFoundError:
            if not folder.is_dir():
                raise
            # The newest one has got its name meanwhile: look again.


def segments_once(folder):
    found = {}
    for path in sorted(folder.iterdir()):
        if path.name == "pruned" or path.suffix == ".new":
            continue
        if path.suffix == ".zst":
            if path.with_suffix("").exists():
                continue
            raise Damaged(f"{path}: packed; unpack it first: zstd -d {path}")
        if not re.fullmatch(r"(\d{20}|next-[01])\.segment", path.name):
            raise Damaged(f"{path}: not a log segment")
        data = view(path)
        if path.name.startswith("next-") and not any(data[:8]):
            continue                                            # prepared and never used
        if len(data) < 4096 or data[:8] != b"PTIMELOG":
            raise Damaged(f"{path}: not a log segment, or its header is cut off")
        identity = IDENTITY.unpack_from(data)
        _, byte_order, version, _, _, _, run, _, first, _, capacity, *_ = identity
        if (byte_order, version) != (0x01020304, 1):
            raise Damaged(f"{path}: byte order {byte_order:#010x}, format {version}; this reads 0x01020304, format 1")
        if int.from_bytes(data[124:128], "little") != crc_steps(ONES, data[:124]):
            raise Damaged(f"{path}: the header's checksum is wrong")
        if capacity != len(data):
            raise Damaged(f"{path}: {len(data)} bytes, its header says {capacity}")
        if first not in found or run > found[first][0][6]:      # a later run takes the place of an empty one
            found[first] = identity, data, path
    return [found[first] for first in sorted(found)]


def commands(directory):
    """(sequence number, time, type, lines) of each committed command of DIR/log, in order."""
    chain, pruned = segments(Path(directory) / "log"), Path(directory) / "log" / "pruned"
    committed = max((word(data, 384) for _, data, _ in chain), default=0)
    sequence = time = 0
    checksum = crc_steps(ONES, chain[0][0][4]) if chain else 0  # of the log's id
    if pruned.exists():                                         # an identity: here the log begins
        identity = IDENTITY.unpack_from(pruned.read_bytes())
        sequence, time, checksum = identity[8] - 1, identity[9], identity[12]
        chain = [segment for segment in chain if segment[0][8] > sequence]
    for identity, data, path in chain:
        log_id, first, previous_time, seed = (identity[i] for i in (4, 8, 9, 12))
        if (log_id, first, previous_time, seed) != (chain[0][0][4], sequence + 1, time, checksum):
            raise Damaged(f"{path}: begins with command {first}; it does not go on where command {sequence} ended")
        offset = 4096
        while sequence < committed and offset < len(data) and word(data, offset):
            stored, type_, shape, _, number, at = RECORD.unpack_from(data, offset)
            lines = data[offset:offset + 64 * (shape & 15)]
            right = type_ and shape >> 4 == 1 and 1 <= shape & 15 <= 8 and len(lines) == 64 * (shape & 15)
            if not right or crc_steps(checksum, bytes(4) + lines[4:]) != stored or number != sequence + 1 or at < time:
                raise Damaged(f"{path}: damaged at offset {offset}, command {sequence + 1}")
            sequence, time, checksum, offset = number, at, stored, offset + len(lines)
            yield sequence, time, type_, lines
    if sequence < committed:
        raise Damaged(f"{directory}: the records end with command {sequence}, {committed} are committed")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python plain_reader.py DIR")
    try:
        for sequence, time, type_, lines in commands(sys.argv[1]):
            print(sequence, time, type_, *(lines[at:at + 64].hex() for at in range(0, len(lines), 64)))
    except (Damaged, OSError) as error:
        sys.exit(f"plain_reader: {error}")
