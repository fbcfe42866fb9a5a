"""What the venue's statistics write, in the loop's own pattern and with nothing else: the functions of stat_page.pxd that
the hot thread calls, for commands in batches of a size.

The same pattern without the writes stands beside it. The page cannot be left out of a loop: it would have to ask for one
at each command then.
"""

from libc.stdint cimport int64_t, uint64_t
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec

from pricetime.gateway.stat_page cimport StatPage, stat_batch, stat_command, stat_counters, stat_sampled, stat_ticks
from pricetime.gateway.state cimport Counters

cdef extern from *:
    """
    /* What is counted is somewhere else by now, as far as the compiler knows: it neither leaves the pattern out nor folds it. */
    #define forget(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")
    """
    void forget(void* pointer) noexcept nogil


cdef inline int64_t now() noexcept nogil:
    cdef timespec time
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * <int64_t> 1_000_000_000 + time.tv_nsec


cdef void pattern(StatPage page, uint64_t commands, uint64_t batch, bint write) noexcept nogil:
    """Commands in batches, as loop_round() and journal() have them; without `write` the loops and counters alone."""
    cdef Counters counters
    cdef uint64_t sequence = 0, begun, appended, told = 0, i
    cdef int64_t monotonic = 1, time = 1
    counters.commands = 0
    while sequence < commands:
        time += 1000                        # the loop's own look at the clock is not the statistics'
        if write:
            stat_batch(page.stat, monotonic, time, counters.commands - told)
        told, monotonic = counters.commands, time
        for i in range(batch):
            sequence += 1
            if write and stat_sampled(sequence):
                begun = stat_ticks(page.stat)
                appended = stat_ticks(page.stat)
                stat_command(page.stat, begun, appended, stat_ticks(page.stat))
            counters.commands += 1
            forget(&counters)
        if write:
            stat_counters(page.stat, &counters, monotonic, sequence, sequence, 1)
        forget(&counters)


def pattern_time(StatPage page not None, uint64_t commands, uint64_t batch, bint write) -> float:
    """Nanoseconds a command."""
    cdef int64_t begun, ended
    with nogil:
        begun = now()
        pattern(page, commands, batch, write)
        ended = now()
    return float(ended - begun) / float(commands)
