"""Price protection: the reference, the collar's edge, the bands. Rule 12; sums stop at the ends of 64 bits."""

from libc.stdint cimport INT64_MAX, INT64_MIN, int64_t

from pricetime.matching.records cimport HAS_COLLAR, HAS_DYNAMIC_BAND, HAS_REFERENCE_PRICE, HAS_STATIC_BAND
from pricetime.matching.state cimport EngineState, Instrument, level_key

cdef struct Bands:
    # The prices at which trades may happen.
    int64_t lowest
    int64_t highest


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


cdef inline bint beyond_collar(const Instrument* instrument, int side, int64_t price) noexcept nogil:
    """Is a limit price further from the reference than the collar allows?"""
    cdef int64_t reference
    if not instrument.limits_presence & HAS_COLLAR or not reference_of(instrument, &reference):
        return False
    reference = moved_by_collar(instrument, side, reference)
    return price > reference if side == 0 else price < reference


cdef inline int64_t collar_limit(const Instrument* instrument, int side) noexcept nogil:
    """The worst key of the other side that an order of `side` without a price may trade with."""
    cdef int64_t edge, tick
    if not instrument.limits_presence & HAS_COLLAR or not reference_of(instrument, &edge):
        return INT64_MIN            # the lowest key: no limit
    edge = moved_by_collar(instrument, side, edge)
    tick = edge // instrument.tick_size     # towards zero
    if tick * instrument.tick_size != edge and (edge < 0) == (side == 0):
        tick += -1 if side == 0 else 1      # the last tick inside
    return level_key(1 - side, tick)


cdef inline void narrow(Bands* bands, int64_t middle, int64_t width) noexcept nogil:
    cdef int64_t lowest = subtract_saturated(middle, width), highest = add_saturated(middle, width)
    bands.lowest = lowest if lowest > bands.lowest else bands.lowest
    bands.highest = highest if highest < bands.highest else bands.highest


cdef inline Bands bands_of(const EngineState* state, Instrument* instrument) noexcept nogil:
    """Where trades may happen now. The dynamic band's middle is fixed by the first question of a command, which comes before
    the command's first trade; an uncross that trades unfixes it."""
    cdef Bands bands
    bands.lowest = INT64_MIN
    bands.highest = INT64_MAX
    if instrument.limits_presence & HAS_DYNAMIC_BAND:
        if instrument.band_sequence != state.sequence:
            instrument.band_sequence = state.sequence
            instrument.has_band_middle = instrument.has_last_price
            instrument.band_middle = instrument.last_price
        if instrument.has_band_middle:
            narrow(&bands, instrument.band_middle, instrument.dynamic_band)
    if instrument.limits_presence & HAS_STATIC_BAND:
        if instrument.has_auction_price:
            narrow(&bands, instrument.auction_price, instrument.static_band)
        elif instrument.limits_presence & HAS_REFERENCE_PRICE:
            narrow(&bands, instrument.reference_price, instrument.static_band)
    return bands
