"""Price protection: the reference, the collar's edge, the bands. Rule 12; sums stop at the ends of 64 bits."""

from libc.stdint cimport INT64_MAX, INT64_MIN, int64_t

from pricetime.matching.records cimport HAS_COLLAR, HAS_REFERENCE_PRICE
from pricetime.matching.state cimport Instrument


cdef inline int64_t add_saturated(int64_t a, int64_t b) noexcept nogil:
    """a + b for a b of 0 or more, at most 2^63 - 1."""
    return INT64_MAX if a > INT64_MAX - b else a + b


cdef inline int64_t subtract_saturated(int64_t a, int64_t b) noexcept nogil:
    """a - b for a b of 0 or more, at least -2^63."""
    return INT64_MIN if a < INT64_MIN + b else a - b


cdef inline bint reference_of(const Instrument* instrument, int64_t* reference) noexcept nogil:
    """Last trade, else the reference price; False where there is neither."""
    reference[0] = instrument.last_price if instrument.has_last_price else instrument.reference_price
    return instrument.has_last_price or (instrument.limits_presence & HAS_REFERENCE_PRICE) != 0


cdef inline int64_t moved_by_collar(const Instrument* instrument, int side, int64_t price) noexcept nogil:
    """`price` plus (buy, side 0) or less (sell) the collar, where the instrument has one."""
    if not instrument.limits_presence & HAS_COLLAR:
        return price
    return add_saturated(price, instrument.collar) if side == 0 else subtract_saturated(price, instrument.collar)
