"""Counts of durations in buckets that grow with them: any percentile to within 1.6%, from 1 ns to 17 s, in 7.7 KB.

    below 64 ns     a bucket a nanosecond
    then            32 buckets for each doubling: a bucket is 1/32 of where it begins wide at most
    2^34 ns on      counted in the last one

One thread adds, with plain stores of whole words; anybody may read meanwhile, and sees each count as it was at some moment. Owns where a
bucket begins; what is measured, and where the memory is, is the caller's. gateway/stats.py reads them.
"""

from libc.stdint cimport uint32_t, uint64_t

from pricetime.journal.atomics cimport store_relaxed
from pricetime.matching.memory cimport count_leading_zeros

cdef enum:
    HISTOGRAM_BUCKETS = 960
    EXACT_BELOW = 64                # nanoseconds
    STEPS_BITS = 5                  # 32 buckets for each doubling
    TOP_BITS = 34

cdef struct Histogram:
    uint64_t sum                    # nanoseconds
    uint64_t longest
    uint64_t counts[HISTOGRAM_BUCKETS]


cdef inline uint32_t histogram_bucket(uint64_t nanoseconds) noexcept nogil:
    cdef uint32_t shift
    if nanoseconds < EXACT_BELOW:
        return <uint32_t> nanoseconds
    if nanoseconds >> TOP_BITS:
        return HISTOGRAM_BUCKETS - 1
    shift = 63 - STEPS_BITS - count_leading_zeros(nanoseconds)
    return (shift << STEPS_BITS) + <uint32_t> (nanoseconds >> shift)


cdef inline uint64_t histogram_lowest(uint32_t bucket) noexcept nogil:
    """Where a bucket begins; the next one begins where it ends."""
    if bucket < EXACT_BELOW:
        return bucket
    return (<uint64_t> (bucket & 31) + 32) << ((bucket >> STEPS_BITS) - 1)


cdef inline void histogram_add(Histogram* self, uint64_t nanoseconds, uint64_t count) noexcept nogil:
    """So many events took so long, each."""
    cdef uint64_t* place = &self.counts[histogram_bucket(nanoseconds)]
    store_relaxed(place, place[0] + count)
    store_relaxed(&self.sum, self.sum + nanoseconds * count)
    if nanoseconds > self.longest:
        store_relaxed(&self.longest, nanoseconds)
