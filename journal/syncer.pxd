"""The log's second helper thread, at durability level `power` alone: it syncs what was appended, a group at a time, and moves the
committed position behind it. The hot thread goes on with the next group meanwhile; so groups grow with the load.

    hot thread: append, append, publish ──► target ──► syncer: fdatasync of each segment that may hold some of it
    hot thread: reports leave ◄── committed ◄──────────── positions in their headers

Each side writes words of its own, on cache lines of their own. A segment is begun before anything of it is asked for, so whoever has seen
the target sees every segment that it reaches.
"""

from libc.stdint cimport uint64_t

from pricetime.journal.atomics cimport store_release
from pricetime.journal.histogram cimport Histogram
from pricetime.journal.layout cimport SegmentHeader
from pricetime.journal.threads cimport Parking, parking_wake
from pricetime.journal.wake cimport WakeWords

cdef enum:
    BEGUN_MAX = 16                  # segments that are not passed yet: more than the preparer keeps open

cdef struct BegunSegment:
    SegmentHeader* header
    int file
    uint64_t before                 # last sequence number before it

cdef struct Syncer:
    # The hot thread's.
    uint64_t target                 # last sequence number that is to be committed
    uint64_t begun                  # segments begun in this run
    uint64_t listening              # 1: it sleeps until committed moves, and wants the bell
    uint64_t stop                   # 1: end the thread
    BegunSegment segments[BEGUN_MAX]    # number n at n % BEGUN_MAX
    uint64_t zeros[16]
    # The syncer's.
    uint64_t committed              # last sequence number that is on the disk
    uint64_t passed                 # segments that it needs no more: the preparer may let go of them
    uint64_t fatal                  # errno of a sync that failed: what is on the disk is not known any more
    uint64_t groups                 # syncs so far
    uint64_t more_zeros[12]
    WakeWords* readers              # of readers in other processes that sleep; NULL: none can
    Histogram* times                # how long each sync takes is counted there; NULL: nowhere. Set once, at any time
    int bell[2]
    Parking parking                 # it sleeps until it is asked

cdef int syncer_init(Syncer* syncer, uint64_t sequence, WakeWords* wake) noexcept nogil
    # For a log that is on the disk up to `sequence`. 0 or errno.
cdef void syncer_begin(Syncer* syncer, SegmentHeader* header, int file) noexcept nogil
    # Hot thread: the segment that the next record begins. There is always room for it: see preparer_take_over.
cdef void syncer_run(Syncer* syncer) noexcept nogil
    # The thread's body: until syncer_stop, or a sync that failed.
cdef void syncer_stop(Syncer* syncer) noexcept nogil
cdef void syncer_free(Syncer* syncer) noexcept nogil
    # After the thread has ended.
cdef bint syncer_listen(Syncer* syncer, uint64_t known) noexcept nogil
    # Hot thread: have the bell rung when committed moves on from `known`. False: it has already, or the syncer failed.
cdef void syncer_rest(Syncer* syncer) noexcept nogil
    # Hot thread: no bell any more.


cdef inline void syncer_ask(Syncer* syncer, uint64_t sequence) noexcept nogil:
    """Hot thread: have everything up to `sequence` committed. A system call only where the syncer sleeps."""
    store_release(&syncer.target, sequence)
    parking_wake(&syncer.parking)
