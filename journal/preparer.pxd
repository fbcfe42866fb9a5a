"""The log's helper thread: what the hot thread must not wait for (pages, next segment, renaming, syncing of full segments).

Two sides share one struct. `state` says whose turn `next` is:

    PREPARING ──helper──► READY ──hot thread, at a roll──► TAKEN ──helper: name it, sync the old one──► PREPARING
        └───────helper──► FAILED ──hot thread, at its next append──► PREPARING
"""

from libc.stddef cimport size_t
from libc.stdint cimport uint64_t

from pricetime.journal.layout cimport SegmentHeader

cdef extern from "<pthread.h>" nogil:
    ctypedef struct pthread_mutex_t:
        pass
    ctypedef struct pthread_cond_t:
        pass

cdef enum PreparerState:
    PREPARING = 0
    READY = 1
    TAKEN = 2
    FAILED = 3

cdef enum:
    STEP_BYTES = 1 << 20            # the hot thread reports its progress, and pages are populated, in these steps
    AHEAD_BYTES = 16 << 20          # how far ahead of the hot thread pages are kept populated

cdef struct Segment:
    char* map                       # NULL: none
    size_t capacity                 # bytes
    int file                        # descriptor
    size_t populated                # bytes whose pages are there
    size_t flushed                  # bytes handed to the disk, of a retired one

cdef struct Preparer:
    # Words that both sides look at, each side's on cache lines of its own.
    uint64_t state                  # PreparerState
    uint64_t error                  # errno of FAILED
    uint64_t fatal                  # errno of a sync that failed: nothing is appended any more
    uint64_t parked                 # 1: the helper sleeps until it is woken
    uint64_t zeros[12]
    uint64_t progress               # offset that the hot thread has reached in the current segment
    uint64_t stop                   # 1: end the thread
    uint64_t more_zeros[14]
    # The helper's own, but for next.map and next.capacity, which the hot thread reads when READY.
    Segment current
    Segment next
    Segment retired
    SegmentHeader identity          # what all segments of this run have in their headers
    int directory                   # descriptor of DIR/log
    pthread_mutex_t mutex
    pthread_cond_t wake

cdef void preparer_run(Preparer* preparer) noexcept nogil
    # The thread's body: returns after preparer_stop.
cdef void preparer_stop(Preparer* preparer) noexcept nogil
cdef void preparer_wake(Preparer* preparer) noexcept nogil
    # Ends the helper's sleep, if it sleeps. A system call only then.
