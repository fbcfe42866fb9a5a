"""The layout of a venue's stat page, DIR/stat: the only definition of it.

       0 ┌──────────────────────────────────────────────┐
         │ identity: written when the venue starts      │  magic (stored last), byte order, version, size, names, run, start,
      64 ├──────────────────────────────────────────────┤  process, end
         │ length of a tick                             │
     128 ├──────────────────────────────────────────────┤
         │ now: positions, connections                  │  the hot thread's, after each batch
     192 ├──────────────────────────────────────────────┤
         │ counters, as Counters in state.pxd has them  │  the hot thread's, after each batch; zeros behind the last
     704 ├──────────────────────────────────────────────┤
         │ refused records, by reason: 256 words        │  the hot thread's, when it happens
    2752 ├──────────────────────────────────────────────┤
         │ histogram: received to reply handed over     │  the hot thread's: a batch's duration, once for each of its commands
   10448 │ histogram: append                            │  the hot thread's: one command in 64
   18144 │ histogram: match                             │  the same ones
   25840 │ histogram: sync                              │  the log's syncer's: one a sync; empty at level `process`
   33536 ├──────────────────────────────────────────────┤
         │ refused handshakes, by reason: 16 words      │  the door's threads', one at a time, as HANDSHAKES has them; zeros behind
   33664 └──────────────────────────────────────────────┘

All words are 8 bytes but two of the identity, aligned, little-endian or as `byte_order` says; each has one writer, which stores it whole. A
reader takes each word as of some moment, and looks at `magic`, `run` and `started` before and after: where they differ the venue was started
anew meanwhile.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from pricetime.journal.histogram cimport Histogram

cdef enum:
    STAT_VERSION = 2
    STAT_BYTE_ORDER = 0x01020304
    STAT_COUNTERS = 64                  # room for so many
    STAT_REASONS = 256
    STAT_HANDSHAKES = 16                # room for so many reasons

cdef struct Stat:
    uint64_t magic                      # STAT_MAGIC, or 0: a venue is about to start here
    uint32_t byte_order
    uint32_t version
    uint64_t bytes                      # of all this
    uint64_t names                      # CRC32C of the counters' names and of HANDSHAKES: another pricetime may have others
    uint64_t run                        # number of this start of the venue
    int64_t started                     # UTC nanoseconds since 1970
    uint64_t process                    # the venue's
    int64_t ended                       # UTC; 0: it runs, or was killed
    uint64_t tick_scale                 # nanoseconds of a tick times 2^32; 0: a tick is a nanosecond of the system's clock
    uint64_t zeros[7]
    uint64_t looked                     # monotonic nanoseconds of the machine, when the following was stored
    uint64_t appended                   # last sequence number
    uint64_t committed
    uint64_t connections                # logged on
    uint64_t more_zeros[4]
    uint64_t counters[STAT_COUNTERS]
    uint64_t refused[STAT_REASONS]
    Histogram reply
    Histogram append
    Histogram match
    Histogram sync
    uint64_t handshakes[STAT_HANDSHAKES]

cdef inline uint64_t stat_magic() noexcept nogil:
    return 0x544154534D495450           # the bytes "PTIMSTAT"
