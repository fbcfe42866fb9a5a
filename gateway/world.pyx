"""What a transport and a storage are to Python: holders of the calls that the loop makes. See world.pxd."""

from libc.stdint cimport int64_t

from pricetime.journal.atomics cimport store_release


cdef int64_t clock_believable(Clock* clock, int64_t utc) noexcept nogil:
    cdef int64_t monotonic = clock_monotonic(clock), counted
    if clock.last == 0:
        clock.begun_utc, clock.begun_monotonic = utc, monotonic
        return utc
    counted = clock.begun_utc + (monotonic - clock.begun_monotonic)
    if utc - counted <= clock.ahead_max:        # nobody had looked for so long
        return utc
    store_release(&clock.disbelieved, clock.disbelieved + 1)
    return counted if counted > clock.last else clock.last


cdef class Transport:
    """Where messages come from and reports go to. Subclasses fill in the calls: ZmqTransport, SimulatedTransport."""


cdef class Storage:
    """Where commands are kept. Subclasses fill in the calls: LogStorage, SimulatedStorage."""
