"""The segment header for Python: its dtype (made from layout.pxd, so it cannot differ), its checksums, and reading the
positions.

Constants and names of files too. The picture is in layout.pxd.
"""

import numpy as np

from pricetime.journal.atomics cimport load_acquire
from pricetime.matching.records cimport LINES_MAX, LINE_BYTES, RULES_VERSION

HEADER_SIZE = HEADER_BYTES
PAGE_BYTES = 4096                   # of memory, at least: what is on two pages is fetched apart
IDENTITY_SIZE = IDENTITY_BYTES
FORMAT = FORMAT_VERSION
BYTE_ORDER = BYTE_ORDER_MARK
RULES = RULES_VERSION               # what this engine matches under; in the header of each segment that it writes
MAGIC = segment_magic()
SEQUENCE_MAX = 2**64 - 1
SEGMENT_BYTES_MIN = HEADER_BYTES + 4096
POSITIONS = ("appended", "committed", "synced")
NEXT_NAMES = ("next-0.segment", "next-1.segment")   # without a number yet; one counts as soon as its magic is there
DURABILITIES = {"process": PROCESS, "power": POWER, "replicated": REPLICATED}
assert LINES_MAX * LINE_BYTES <= SEGMENT_BYTES_MIN - HEADER_BYTES


def segment_name(first_sequence: int) -> str:
    """The file name of the segment that begins with this sequence number."""
    return f"{first_sequence:020d}.segment"


def _header_dtype():
    cdef SegmentHeader header
    fields = np.asarray(<SegmentHeader[:1]> &header).dtype.fields
    names = [name for name in fields if name not in ("zeros", "reserved")]
    formats = ["V16" if name.endswith("_id") else "<u8" if "value" in (fields[name][0].names or ()) else fields[name][0]
               for name in names]
    return np.dtype({"names": names, "formats": formats, "offsets": [fields[name][1] for name in names],
                     "itemsize": HEADER_BYTES})


HEADER = _header_dtype()
assert HEADER.fields["header_checksum"][1] == IDENTITY_BYTES - 4
assert [HEADER.fields[name][1] for name in (*POSITIONS, "closed")] == [256, 384, 512, 640]


def identity_checksum(const unsigned char[::1] header not None):
    """What header_checksum must be for the identity in these bytes (at least 128)."""
    if header.shape[0] < IDENTITY_BYTES:
        raise ValueError(f"header has {header.shape[0]} bytes, expected at least {IDENTITY_BYTES}")
    return header_checksum(<const SegmentHeader*> &header[0])


FULL, CLOSED = MARK_FULL, MARK_CLOSED


def mark_of_close(const unsigned char[::1] header not None, uint64_t mark):
    """What `closed` must be, with this mark (FULL, CLOSED), for the positions in these header bytes."""
    if <size_t> header.shape[0] < sizeof(SegmentHeader):
        raise ValueError(f"header has {header.shape[0]} bytes, expected at least {sizeof(SegmentHeader)}")
    return closed_mark(<const SegmentHeader*> &header[0], mark)


def seed_of_log(const unsigned char[::1] log_id not None):
    """The checksum that the first record of a log with this id (16 bytes) is seeded with."""
    if log_id.shape[0] != 16:
        raise ValueError(f"log id has {log_id.shape[0]} bytes, expected 16")
    return first_seed(&log_id[0])


def committed(const unsigned char[::1] segment not None):
    """The committed position in a mapped segment, as its writer has published it last (acquire)."""
    return load_acquire(&(<const SegmentHeader*> &segment[0]).committed.value)
