"""The layout of a log segment: the only definition of it. docs/log-format.md has it byte by byte.

    DIR/log/<first sequence number, 20 digits>.segment

       0 ┌──────────────────────────────────────────────┐
         │ identity: written once, checksummed          │  magic, versions, log id, run, epoch, first sequence number,
     128 ├──────────────────────────────────────────────┤  the checksum that the first record is seeded with
         │ zeros                                        │
     256 ├──────────────────────────────────────────────┤
         │ appended   (a line of its own, zeros behind) │  positions that the writer publishes: the sequence number of
     384 │ committed                                    │  the last command appended, committed, synced
     512 │ synced                                       │
     640 │ closed                                       │  0, or a mark (full, closed) and a checksum of the positions
     768 ├──────────────────────────────────────────────┤
         │ zeros                                        │
    4096 ├──────────────────────────────────────────────┤
         │ records: 1 to 8 lines of 64 bytes, one right │  each record's checksum is seeded with its predecessor's, on
         │ behind the other                             │  across segments; its first 8 bytes are stored last
         ├──────────────────────────────────────────────┤
         │ zeros up to the capacity                     │  the first 8 bytes being zero: no record here yet
         └──────────────────────────────────────────────┘

A segment is complete when the one that begins with its last sequence number plus 1 is there.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from pricetime.matching.checksum cimport crc32c_bytes, crc32c_word

cdef enum:
    HEADER_BYTES = 4096
    IDENTITY_BYTES = 128
    FORMAT_VERSION = 1
    BYTE_ORDER_MARK = 0x01020304            # reads 0x04030201 on a machine of the other byte order

cdef enum Durability:
    # What "committed" means. POWER (synced) and REPLICATED (held by the standbys) have their place here and are refused
    # so far.
    PROCESS = 1                             # appended: survives the death of the process, not of the machine
    POWER = 2
    REPLICATED = 3

cdef struct Position:
    # A sequence number with 128 bytes of its own, so that no reader's look disturbs a neighbour's writer.
    uint64_t value
    uint64_t zeros[15]

cdef struct SegmentHeader:
    uint64_t magic              # MAGIC, stored last: without it the segment was never used
    uint32_t byte_order         # BYTE_ORDER_MARK
    uint16_t format_version
    uint16_t rules_version      # under which the engine matched these commands
    uint8_t log_id[16]          # random, given when the log begins; the same in all its segments
    uint8_t boot_id[16]         # of the machine's start that wrote it: another one, and what was not synced may be gone
    uint64_t run                # the venue's start that wrote it
    uint64_t epoch              # of the writer among its standbys; 0 so far
    uint64_t first_sequence     # of the first record here
    int64_t previous_time       # time of the record before it
    uint64_t capacity           # bytes of the file
    int64_t created             # UTC nanoseconds since 1970, by the machine's clock; for people
    uint32_t checksum_seed      # checksum of the record before the first one here
    uint32_t shard              # 0 so far
    uint32_t reserved[5]
    uint32_t header_checksum    # CRC32C (raw steps, seeded with all ones) of the 124 bytes before it
    uint64_t zeros[16]
    Position appended
    Position committed
    Position synced
    Position closed

cdef inline uint64_t segment_magic() noexcept nogil:
    return 0x474F4C454D495450               # the bytes "PTIMELOG"

cdef inline uint32_t header_checksum(const SegmentHeader* header) noexcept nogil:
    """Of the identity, as if the magic were already there."""
    cdef uint32_t crc = crc32c_word(0xFFFFFFFF, segment_magic())
    return crc32c_bytes(crc, <const char*> header + 8, IDENTITY_BYTES - 12)

cdef enum:
    # The upper half of `closed`. Both say: every record up to the positions is here and synced.
    MARK_FULL = 0x46554C4C                  # "FULL": and the log goes on in the next segment, which is there
    MARK_CLOSED = 0x434C5344                # "CLSD": and the log ended here when its writer closed it

cdef inline uint64_t closed_mark(const SegmentHeader* header, uint64_t mark) noexcept nogil:
    """The value of `closed` that goes with the three positions as they are."""
    cdef uint32_t crc = crc32c_word(header.header_checksum, header.appended.value)
    crc = crc32c_word(crc, header.committed.value)
    crc = crc32c_word(crc, header.synced.value)
    return (mark << 32) | crc

cdef inline uint32_t first_seed(const uint8_t* log_id) noexcept nogil:
    """What the first record of a log is seeded with."""
    return crc32c_bytes(0xFFFFFFFF, log_id, 16)
