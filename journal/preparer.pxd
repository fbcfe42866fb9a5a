"""The log's helper thread: what the hot thread must not wait for (pages, next segment, renaming, syncing of full
segments).

Two sides share one struct. `state` says whose turn `next` is:

    PREPARING ──helper──► READY ──hot thread, at a roll──► TAKEN ──helper: retire the old one──► PREPARING
        └───────helper──► FAILED ──hot thread, at its next append──► PREPARING
"""

from libc.stddef cimport size_t
from libc.stdint cimport uint64_t

from pricetime.journal.layout cimport SegmentHeader
from pricetime.journal.segment cimport Segment
from pricetime.journal.syncer cimport Syncer
from pricetime.journal.threads cimport Parking

cdef enum PreparerState:
    PREPARING = 0
    READY = 1
    TAKEN = 2
    FAILED = 3

cdef enum:
    STEP_BYTES = 1 << 20            # the hot thread reports its progress, and pages are populated, in these steps
    AHEAD_BYTES = 16 << 20          # how far ahead of the hot thread pages are kept populated
    RETIRED_MAX = 8                 # more, and rolling waits for the disk. With the current and the next one fewer than BEGUN_MAX

cdef struct Preparer:
    # Words that both sides look at, each side's on cache lines of its own.
    uint64_t state                  # PreparerState
    uint64_t error                  # errno of FAILED
    uint64_t fatal                  # errno of a sync that failed: nothing is appended any more
    uint64_t zeros[13]
    uint64_t progress               # offset that the hot thread has reached in the current segment
    uint64_t stop                   # 1: end the thread
    uint64_t more_zeros[14]
    # The helper's own, but for next.map and next.capacity, which the hot thread reads when READY.
    Segment current
    Segment next
    Segment retired[8]              # RETIRED_MAX full ones that wait for their sync, the oldest first
    size_t retired_count
    uint64_t let_go                 # segments of this run that were retired and are closed
    Syncer* syncer                  # NULL but at level `power`; it uses a segment until it has passed it
    SegmentHeader identity          # what all segments of this run have in their headers
    int directory                   # descriptor of DIR/log
    Parking parking                 # the helper sleeps until it is woken

cdef int preparer_init(Preparer* preparer, int directory, const SegmentHeader* identity, Syncer* syncer) noexcept nogil
    # Sets everything up, without a segment. 0 or errno.
cdef int preparer_next(Preparer* preparer) noexcept nogil
    # Makes `next` ready: file, map, identity in its header but for what only a roll knows, pages. 0 or errno.
cdef int preparer_take_over(Preparer* preparer) noexcept nogil
    # `next` was taken: the current segment retires, the next one is current. 0 or errno.
cdef int preparer_name(Preparer* preparer) noexcept nogil
    # Give the current segment its number for a name, once. 0 or errno.
cdef void preparer_run(Preparer* preparer) noexcept nogil
    # The thread's body: returns after preparer_stop.
cdef void preparer_stop(Preparer* preparer) noexcept nogil
cdef void preparer_wake(Preparer* preparer) noexcept nogil
    # Ends the helper's sleep, if it sleeps. A system call only then.
cdef int preparer_finish(Preparer* preparer) noexcept nogil
    # After the thread has ended: what it left undone, so that only `current` remains. 0 or errno.
cdef void preparer_free(Preparer* preparer) noexcept nogil
    # Unmaps what is left.
cdef void preparer_nap() noexcept nogil
    # A short sleep, for whoever has to wait for the other side.
