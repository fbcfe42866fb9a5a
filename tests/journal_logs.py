"""Logs for tests: records to append, a log left by a dead process or by a machine that went down, and its bytes to
harm."""

import importlib.util
import shutil
import time
from pathlib import Path
from types import ModuleType

import numpy as np

from pricetime.journal import Reader, Writer, layout
from pricetime.journal.directory import list_segments
from pricetime.matching.records import COMMAND, CommandType, LineType

SEGMENT_BYTES = layout.SEGMENT_BYTES_MIN
FIRST = layout.segment_name(1)
ONE_LINE = 0x11             # record version 1, one line


def plain_reader() -> ModuleType:
    """examples/plain_reader.py."""
    file = Path(__file__).resolve().parents[1] / "examples" / "plain_reader.py"
    spec = importlib.util.spec_from_file_location("plain_reader", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def clocks(first: int, count: int) -> np.ndarray:
    """`count` one-line records from sequence number `first` on; each one's time hangs on its number."""
    lines = np.zeros(count, COMMAND)
    lines["type"] = CommandType.CLOCK
    lines["shape"] = ONE_LINE
    lines["sequence"] = np.arange(first, first + count)
    lines["time"] = lines["sequence"] * 10
    return lines


def definition(sequence: int, id: int, name: bytes) -> np.ndarray:
    """A two-line record: a PartyDefinition with its name."""
    lines = np.zeros(2, COMMAND)
    lines[0]["type"], lines[0]["shape"] = CommandType.PARTY_DEFINITION, ONE_LINE + 1
    lines[0]["sequence"], lines[0]["time"], lines[0]["target"] = sequence, sequence * 10, id
    further = lines[1:].view("u1")
    further[4] = LineType.NAME_LINE
    further[8:8 + len(name)] = np.frombuffer(name, "u1")
    return lines


def read(directory: Path, **options) -> np.ndarray:
    """All committed lines of a log, copied, checksums set to 0 so that they compare with what was appended."""
    blocks = [np.array(block) for block in Reader(directory, **options)]
    lines = np.concatenate(blocks) if blocks else np.zeros(0, COMMAND)
    lines["checksum"] = 0
    return lines


def left_behind(directory: Path, copy: Path) -> Path:
    """What is on the disk if the process dies once the helper thread has done its work: a copy of a live log."""
    patience = time.monotonic() + 10
    while not all(found.header["closed"] for found in list_segments(directory / "log")[:-1]) or (
            list_segments(directory / "log")[-1].name in layout.NEXT_NAMES):
        assert time.monotonic() < patience, "the helper thread does not come to an end"
        time.sleep(0.002)
    shutil.copytree(directory / "log", copy / "log")
    return copy


def segment(directory: Path, first: int = 1) -> Path:
    """A segment's file."""
    return directory / "log" / layout.segment_name(first)


def change(path: Path, offset: int, new: bytes) -> None:
    """Write over some bytes of a file."""
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(new)


def flip(path: Path, bit: int) -> None:
    """Invert one bit of a file."""
    with open(path, "r+b") as file:
        file.seek(bit // 8)
        byte = file.read(1)[0]
        file.seek(bit // 8)
        file.write(bytes([byte ^ (1 << bit % 8)]))


def change_header(path: Path, **fields) -> None:
    """Set fields of a segment's header and give it the checksum that goes with them."""
    raw = bytearray(path.read_bytes()[:layout.HEADER_SIZE])
    header = np.frombuffer(raw, layout.HEADER)
    for name, value in fields.items():
        header[name] = value
    header["header_checksum"] = layout.identity_checksum(raw)
    del header
    change(path, 0, raw)


def machine_went_down(directory: Path, synced: int) -> None:
    """Make the log one that another start of the machine wrote and that was synced up to this command."""
    for found in list_segments(directory / "log"):
        change_header(found.path, boot_id=bytes(range(16)), synced=synced, closed=0)


def is_first_line(lines: np.ndarray) -> np.ndarray:
    """Which items begin a record."""
    return lines["type"] < min(LineType)


def journal(directory: Path, lines: np.ndarray, **options) -> None:
    """Append whole records to a log as a venue would: numbered, never earlier than the one before."""
    with Writer(directory, **options) as writer:
        stamped = lines.copy()
        first = is_first_line(stamped)
        stamped["sequence"][first] = np.arange(writer.sequence + 1, writer.sequence + 1 + np.count_nonzero(first))
        stamped["time"][first] = np.maximum(np.maximum.accumulate(stamped["time"][first]), writer.time)
        writer.append(stamped)
