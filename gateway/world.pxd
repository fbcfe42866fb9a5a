"""All that the loop sees of the world: a transport, a storage and a clock, each with a real and a simulated side.

The same compiled loop runs on both, so that a test can lose, double and reorder messages, make peers unroutable and
fill the disk, from a seed. Real: zmq_transport, log_storage, the machine's clocks. Simulated: simulated.
"""

from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint32_t, uint64_t
from posix.time cimport CLOCK_MONOTONIC, CLOCK_REALTIME, clock_gettime, timespec

from pricetime.journal.atomics cimport store_relaxed
from pricetime.matching.records cimport CommandLine

cdef enum:
    ROUTING_ID_MAX = 255            # bytes, of libzmq

cdef struct Arrival:
    # One message as it came. The memory is the transport's, valid until the next receive.
    const char* routing_id
    size_t routing_id_bytes
    const char* payload
    size_t payload_bytes
    bint more_frames                # it had more than routing id and payload; those are gone
    uint32_t user                   # number of the key that its sender has proven (ZAP's User-Id); 0: none

cdef struct TransportCalls:
    # receive: 0 and one message, EAGAIN where none came within `wait_ms` (0: where none waits) or before `bell` rang (a file that
    # is readable then; -1: none), or another errno, after which the transport is of no use. send: 0, EAGAIN (that peer does not
    # read), EHOSTUNREACH (there is no such peer), or another errno, likewise. The payload is copied. Neither ever blocks but
    # receive with `wait_ms`.
    int (*receive)(void* context, Arrival* arrival, int wait_ms, int bell) noexcept nogil
    int (*send)(void* context, const char* routing_id, size_t routing_id_bytes, const char* payload,
                size_t payload_bytes) noexcept nogil
    void* context

cdef struct StorageCalls:
    # append: 0 or errno with nothing appended. publish: what was appended is to be committed. wake:
    # whoever sleeps until something is published, after the reports have left; surely: nobody is overlooked. committed: the last sequence number that
    # is; reports of it and of what is before it may leave; or the errno of a storage that will commit nothing more. listen: have
    # `bell` ring when more than `known` is committed; False: more is already (or never will be). rest: no bell any more.
    int (*append)(void* context, const CommandLine* record) noexcept nogil
    void (*publish)(void* context) noexcept nogil
    void (*wake)(void* context, bint surely) noexcept nogil
    int (*committed)(void* context, uint64_t* sequence) noexcept nogil
    bint (*listen)(void* context, uint64_t known) noexcept nogil
    void (*rest)(void* context) noexcept nogil
    void* context
    int bell

cdef enum ClockMode:
    CLOCK_MACHINE = 0               # the machine's UTC clock
    CLOCK_FLOW = 1                  # each record brings its time (TransactTime)
    CLOCK_SET = 2                   # what a test has set

cdef struct Clock:
    ClockMode mode
    int64_t set_utc                 # CLOCK_SET
    int64_t set_monotonic
    int64_t ahead_max               # nanoseconds that it may go ahead at once; 0: any time is believed
    int64_t log_time                # the log's, at the start: it was that late then, whatever the machine's clock says
    int64_t last                    # UTC that was believed last; 0: none yet. Another thread loads it, and what follows
    int64_t counted_from            # what the monotonic clock counts on from: UTC when that one is 0
    uint64_t disbelieved            # times that it was further ahead


cdef inline int64_t _read(int id) noexcept nogil:
    cdef timespec time
    clock_gettime(<int> id, &time)
    return time.tv_sec * <int64_t> 1_000_000_000 + time.tv_nsec

cdef int64_t clock_doubted(Clock* clock, int64_t utc) noexcept nogil
    # What to make of `utc`, which is more than ahead_max ahead of what was believed last.
cdef int64_t clock_seen(const Clock* clock, int64_t utc) noexcept nogil
    # What clock_utc() would make of what the machine's clock says now, for another thread.

cdef inline int64_t clock_said(const Clock* clock) noexcept nogil:
    return clock.set_utc if clock.mode == CLOCK_SET else _read(CLOCK_REALTIME)


cdef inline int64_t clock_utc(Clock* clock) noexcept nogil:
    """Nanoseconds since 1970 that stamp what comes now; with CLOCK_FLOW 0, so that the record's own time counts. What the log has
    once it has for ever, and its time never goes back: one look at a wrong clock would expire every order. Rule 7."""
    cdef int64_t utc
    if clock.mode == CLOCK_FLOW:
        return 0
    utc = clock_said(clock)
    if clock.ahead_max and utc - clock.last > clock.ahead_max:
        utc = clock_doubted(clock, utc)
    store_relaxed(&clock.last, <uint64_t> utc)
    return utc

cdef inline int64_t clock_monotonic(const Clock* clock) noexcept nogil:
    """Nanoseconds that only ever grow, for timeouts; never in the log."""
    return clock.set_monotonic if clock.mode == CLOCK_SET else _read(CLOCK_MONOTONIC)


cdef class Transport:
    cdef TransportCalls calls

cdef class Storage:
    cdef StorageCalls calls
