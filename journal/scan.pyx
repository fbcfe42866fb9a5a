"""Walk the records of a mapped segment and check them: shape, sequence, time, checksum. Fast, without the GIL,
changes nothing."""

from libc.stddef cimport size_t
from libc.stdint cimport INT64_MAX, int64_t, uint32_t, uint64_t

from pricetime.journal.atomics cimport ask_to_read, load_acquire
from pricetime.matching.checksum cimport record_checksum
from pricetime.matching.records cimport LINES_MAX, LINE_BYTES, RECORD_VERSION, CommandLine, record_lines, record_version
from pricetime.matching.words cimport Word

cpdef enum ScanEnd:
    """Why a scan stopped; from BAD_SHAPE on the bytes at `offset` are no good record."""
    LIMIT = 0               # the sequence number, the offset or the time asked for
    HOLE = 1                # the first 8 bytes are zero: no record here
    FULL = 2                # the segment's end
    BAD_SHAPE = 3
    BAD_VERSION = 4
    BAD_SEQUENCE = 5
    BAD_TIME = 6
    BAD_CHECKSUM = 7

EXPLANATION = {
    ScanEnd.HOLE: "no record is there",
    ScanEnd.FULL: "the segment ends",
    ScanEnd.BAD_SHAPE: "what is there is no record",
    ScanEnd.BAD_VERSION: f"the record has another version than {RECORD_VERSION}",
    ScanEnd.BAD_SEQUENCE: "the record has another sequence number",
    ScanEnd.BAD_TIME: "the record's time is before its predecessor's",
    ScanEnd.BAD_CHECKSUM: "the record's checksum is wrong",
}

cdef enum:
    LATER = 100             # of one step: the record is too late
    ONE_LINE = RECORD_VERSION << 4 | 1      # the shape of nearly all records
    LINES_AHEAD = 32        # asked for before they are read: the processor by itself stops at the end of each page

cdef struct Place:
    size_t offset
    uint64_t sequence
    int64_t time
    uint32_t checksum


cdef ScanEnd walk(const char* map, size_t capacity, size_t stop, uint64_t until, int64_t until_time, bint verify,
                  Place* place) noexcept nogil:
    """Go on from `place`, which moves behind each good record, until it is at `stop` bytes or sequence `until`, or a
    record is later."""
    cdef Place here = place[0]      # a copy, so that it stays in registers
    cdef int end = LIMIT
    while here.sequence < until and here.offset < stop:
        if until - here.sequence > LINES_AHEAD:     # not what is behind the last one: a writer is about to store to it
            ask_to_read(map + here.offset + LINES_AHEAD * LINE_BYTES)
        end = step(map, capacity, until_time, verify, &here)
        if end != LIMIT:
            break
    place[0] = here
    return LIMIT if end == LATER else <ScanEnd> end


cdef inline int step(const char* map, size_t capacity, int64_t until_time, bint verify,
                         Place* here) noexcept nogil:
    """Move over one good record. LIMIT where it was one, another ScanEnd, or LATER."""
    cdef const CommandLine* record = <const CommandLine*> (map + here.offset)
    cdef uint32_t lines, stored
    cdef size_t size
    cdef bint good
    if here.offset + LINE_BYTES > capacity:
        return FULL
    # Acquire: where this word is there, all of its record is.
    if load_acquire(record) == 0:
        return HOLE
    stored = record.checksum
    # Nearly all records have one line: a guess, which the processor makes without waiting for this one's length.
    if record.shape == ONE_LINE and record.type != 0:
        size = LINE_BYTES
        good = not verify or record_checksum(record, 1, here.checksum) == stored
    else:
        lines = record_lines(record)
        size = lines * LINE_BYTES
        if record.type == 0 or not 1 <= lines <= LINES_MAX or here.offset + size > capacity:
            return BAD_SHAPE
        if record_version(record) != RECORD_VERSION:
            return BAD_VERSION
        good = not verify or record_checksum(record, lines, here.checksum) == stored
    # Seeded with the stored checksum of the predecessor, which was checked: so one need not wait for the other.
    if not good:
        return BAD_CHECKSUM
    if record.sequence != here.sequence + 1:
        return BAD_SEQUENCE
    if record.time < here.time:
        return BAD_TIME
    if record.time > until_time:
        return LATER
    here.checksum = stored
    here.sequence = record.sequence
    here.time = record.time
    here.offset += size
    return LIMIT


cdef class Scan:
    """A place in a segment: `offset` in bytes of the next record; sequence, time and checksum of the one before it."""

    cdef Place place

    def __init__(self, size_t offset, uint64_t sequence, int64_t time, uint32_t checksum):
        self.place = Place(offset, sequence, time, checksum)

    @property
    def offset(self) -> int:
        return self.place.offset

    @property
    def sequence(self) -> int:
        return self.place.sequence

    @property
    def time(self) -> int:
        return self.place.time

    @property
    def checksum(self) -> int:
        return self.place.checksum

    def go(self, const unsigned char[::1] segment not None, uint64_t until, size_t stop=<size_t> -1, bint verify=True,
           int64_t until_time=INT64_MAX):
        """Move over good records: up to sequence number `until`, before the first that begins at or behind byte `stop`
        or is later than `until_time`.

        `segment`: the whole mapped segment. Returns a ScanEnd; the place is behind the last good record then.
        """
        cdef ScanEnd end
        cdef size_t capacity = segment.shape[0]
        if capacity == 0:
            raise ValueError("an empty segment has no records")
        with nogil:
            end = walk(<const char*> &segment[0], capacity, stop, until, until_time, verify, &self.place)
        return ScanEnd(end)


def first_not_zero(const unsigned char[::1] segment not None, size_t offset):
    """The offset of the first byte at or behind `offset` that is not zero, in steps of 8; None where all are zero."""
    cdef size_t capacity = segment.shape[0]
    cdef const char* map
    if offset % 8 or capacity % 8:
        raise ValueError(f"offset {offset} and size {capacity} must be multiples of 8")
    if offset >= capacity:
        return None
    map = <const char*> &segment[0]
    with nogil:
        while offset < capacity and (<const Word*> (map + offset))[0] == 0:
            offset += 8
    return None if offset == capacity else offset


def ends_with(const unsigned char[::1] segment not None, uint64_t sequence, int64_t time, uint32_t checksum):
    """Whether the last record of a segment that was full, so that not eight lines more went into it, is this one."""
    cdef size_t capacity = segment.shape[0], tried = 0, at
    cdef const CommandLine* record
    while tried < 2 * LINES_MAX and tried * LINE_BYTES < capacity:
        tried += 1
        at = capacity - tried * LINE_BYTES
        record = <const CommandLine*> &segment[at]
        if record.sequence == sequence and record.checksum == checksum and record.time == time:
            return 1 <= record_lines(record) <= LINES_MAX and at + record_lines(record) * LINE_BYTES <= capacity
    return False
