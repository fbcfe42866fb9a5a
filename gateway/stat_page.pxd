"""What the hot thread calls to be seen from outside. stat_layout.pxd has where it goes.

    received ─► append ─► match ─► ... ─► reply handed to ZeroMQ
       │          └─ stat_command: one command in 64 ─┘       │
       └──────────── stat_batch: once a batch ────────────────┘      stat_counters: once a batch      stat_refused: each

    cdef Stat* stat = page.stat                     # of a StatPage, which must outlive it; on a file or plain memory
    stat_batch(stat, received, replied, commands)   # monotonic nanoseconds, of the loop's own clock
    stat_counters(stat, &counters, monotonic, appended, committed, connections)
    stat_refused(stat, reason)
    if stat_sampled(sequence):                      # then, around append and apply of that command
        begun = stat_ticks(stat)
        ...
        stat_command(stat, begun, appended, matched)

No system call, no lock, no allocation; nothing is read back that a reader could have spoilt.
"""

from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from pricetime.gateway.stat_layout cimport Stat
from pricetime.gateway.state cimport Counters
from pricetime.journal.atomics cimport store_relaxed
from pricetime.journal.histogram cimport histogram_add

# The processor's own counter, for stretches of some nanoseconds; where it is not known to run at one pace, the system's clock.
cdef extern from * nogil:
    """
    #include <stdint.h>
    #include <time.h>
    #if defined(__x86_64__)
    #include <cpuid.h>
    #include <x86intrin.h>
    #endif

    static inline uint64_t clock_ticks(void) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    }

    /* Whether the counter runs at one pace, whatever the processor does to save power. */
    static inline int ticks_steady(void) {
    #if defined(__x86_64__)
        unsigned a, b, c, d;
        return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d >> 8 & 1);
    #elif defined(__aarch64__)
        return 1;
    #else
        return 0;
    #endif
    }

    /* Everything before it is done when it is read. Only where ticks_steady(). */
    static inline uint64_t counter_ticks(void) {
    #if defined(__x86_64__)
        _mm_lfence();
        return __rdtsc();
    #elif defined(__aarch64__)
        uint64_t ticks;
        __asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(ticks) : : "memory");
        return ticks;
    #else
        return clock_ticks();
    #endif
    }
    """
    uint64_t counter_ticks()
    uint64_t clock_ticks()
    bint ticks_steady()

cdef enum:
    SAMPLE_SHIFT = 58                   # of 64 bits: one in 64
    TICKS_MAX = 0xFFFFFFFF              # a longer stretch counts as so long: over a second


cdef inline void stat_batch(Stat* self, int64_t received, int64_t replied, uint64_t commands) noexcept nogil:
    """A batch: when its first message was taken, when its last reply was handed over, and how many commands it had."""
    if commands:
        histogram_add(&self.reply, <uint64_t> (replied - received) if replied > received else 0, commands)


cdef inline bint stat_sampled(uint64_t sequence) noexcept nogil:
    """Whether to look at this command: one in 64, at no regular distance, or it would always be the same one of a message."""
    return sequence * <uint64_t> 0x9E3779B97F4A7C15 >> SAMPLE_SHIFT == 0


cdef inline uint64_t stat_ticks(const Stat* self) noexcept nogil:
    return counter_ticks() if self.tick_scale else clock_ticks()


cdef inline uint64_t _nanoseconds(const Stat* self, uint64_t ticks) noexcept nogil:
    if ticks > TICKS_MAX:
        ticks = TICKS_MAX
    return ticks * self.tick_scale >> 32 if self.tick_scale else ticks


cdef inline void stat_command(Stat* self, uint64_t begun, uint64_t appended, uint64_t matched) noexcept nogil:
    """A sampled command: stat_ticks before it was appended, after that, and after it was matched."""
    histogram_add(&self.append, _nanoseconds(self, appended - begun), 1)
    histogram_add(&self.match, _nanoseconds(self, matched - appended), 1)


cdef inline void stat_refused(Stat* self, uint8_t reason) noexcept nogil:
    store_relaxed(&self.refused[reason], self.refused[reason] + 1)


cdef inline void stat_counters(Stat* self, const Counters* counters, int64_t monotonic, uint64_t appended, uint64_t committed,
                               uint32_t connections) noexcept nogil:
    """All that is counted, and how far the log is; when nothing comes, too, so that `looked` tells that the thread lives."""
    cdef const uint64_t* words = <const uint64_t*> counters
    cdef size_t i
    for i in range(sizeof(Counters) // 8):
        store_relaxed(&self.counters[i], words[i])
    store_relaxed(&self.appended, appended)
    store_relaxed(&self.committed, committed)
    store_relaxed(&self.connections, connections)
    store_relaxed(&self.looked, <uint64_t> monotonic)


cdef class StatPage:
    cdef Stat* stat
    cdef size_t mapped                  # bytes; 0: plain memory
    cdef readonly object path
