"""What a transport and a storage are to Python: holders of the calls that the loop makes. See world.pxd."""

from libc.stdint cimport int64_t

from pricetime.journal.atomics cimport load_relaxed, store_relaxed, store_release


cdef inline int64_t believable(const Clock* clock, int64_t utc, int64_t monotonic, int64_t last) noexcept nogil:
    """`utc`, where it is no more than ahead_max ahead of what was believed last, or of what the monotonic clock has counted since;
    else that, but never less than what was believed last."""
    cdef int64_t counted = <int64_t> load_relaxed(&clock.counted_from) + monotonic
    if clock.ahead_max == 0 or utc - last <= clock.ahead_max or utc - counted <= clock.ahead_max:
        return utc
    return counted if counted > last else last


cdef int64_t clock_doubted(Clock* clock, int64_t utc) noexcept nogil:
    cdef int64_t monotonic = clock_monotonic(clock), believed
    if clock.last == 0:                 # the first look: a clock that is behind the log may well be set right later
        store_relaxed(&clock.counted_from, <uint64_t> ((utc if utc > clock.log_time else clock.log_time) - monotonic))
        return utc
    believed = believable(clock, utc, monotonic, clock.last)
    if believed != utc:
        # Where it was believed to be further than the other one has counted, that one counts on from there.
        store_relaxed(&clock.counted_from, <uint64_t> (believed - monotonic))
        store_release(&clock.disbelieved, clock.disbelieved + 1)
    return believed


cdef int64_t clock_seen(const Clock* clock, int64_t utc) noexcept nogil:
    cdef int64_t last = <int64_t> load_relaxed(&clock.last)
    return believable(clock, utc, clock_monotonic(clock), last) if last else utc


cdef class Transport:
    """Where messages come from and reports go to. Subclasses fill in the calls: ZmqTransport, SimulatedTransport."""


cdef class Storage:
    """Where commands are kept. Subclasses fill in the calls: LogStorage, SimulatedStorage."""
