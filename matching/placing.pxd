"""Glue."""

from libc.stdint cimport int64_t, uint32_t

from pricetime.matching.book cimport book_rest
from pricetime.matching.events cimport EventSink
from pricetime.matching.state cimport EngineState, Instrument

cdef void cancel_order(EngineState* state, uint32_t slot, int reason, EventSink* sink) noexcept nogil

cdef inline void stand(EngineState* state, Instrument* instrument, uint32_t slot, int standing, int64_t tick) noexcept nogil:
    book_rest(state, instrument, slot, tick)
