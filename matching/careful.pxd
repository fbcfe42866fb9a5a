"""Matching that looks closer: collars, bands, icebergs, hidden orders, self-match prevention, trades that elect stops.

Rules 4 and 10 to 12. The plain way is in book.pxd. An order comes here where its instrument is watched (Instrument.watch),
where it has Terms of its own, or where it meets an order that is not plain.
"""

from libc.stdint cimport INT64_MIN, int64_t, uint8_t, uint16_t, uint32_t

from pricetime.matching.events cimport EventSink
from pricetime.matching.fields cimport Terms
from pricetime.matching.protection cimport collar_limit
from pricetime.matching.records cimport HAS_PRICE
from pricetime.matching.state cimport WATCH_COLLAR, EngineState, Instrument, level_key, side_index

cdef uint8_t check_book_closely(EngineState* state, Instrument* instrument, uint32_t session, uint16_t attributes,
                                int64_t limit_key, int64_t open_quantity, const Terms* terms) noexcept nogil
    # Post-only, FOK and MinQty, in Continuous; limit_key is a key of the other side, terms NULL for a plain order.
cdef bint work_off_closely(EngineState* state, Instrument* instrument, uint32_t slot, int64_t tick, int64_t limit_key,
                           EventSink* sink) noexcept nogil
    # Rule 4: match an accepted order that stands nowhere, rest what may rest, end what may not. True where it lives on.
cdef void become_limit(EngineState* state, Instrument* instrument, uint32_t slot, int64_t price, EventSink* sink) noexcept nogil
    # A MarketWithLeftOverAsLimit that stands nowhere becomes a Limit order and rests: RESTATED.


cdef inline int64_t opposite_limit(const Instrument* instrument, uint16_t attributes, int64_t tick) noexcept nogil:
    """The worst key of the other side that the order may trade with; `tick` is its price's tick number."""
    if attributes & HAS_PRICE:
        return level_key(1 - side_index(attributes), tick)
    if instrument.watch & WATCH_COLLAR:
        return collar_limit(instrument, side_index(attributes))
    return INT64_MIN        # the lowest key: no limit
