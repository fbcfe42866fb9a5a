"""Glue."""

from libc.stdint cimport uint8_t, uint32_t

from pricetime.matching.book cimport book_remove, forget_order
from pricetime.matching.events cimport EventSink
from pricetime.matching.order_pool cimport Order
from pricetime.matching.records cimport CANCELED, ORDER_CANCELED
from pricetime.matching.reports cimport event_done, report_order
from pricetime.matching.state cimport EngineState

cdef void cancel_order(EngineState* state, uint32_t slot, int reason, EventSink* sink) noexcept nogil:
    cdef Order* order = &state.pool.orders[slot]
    event_done(state, sink, report_order(state, sink, order, CANCELED, ORDER_CANCELED, <uint8_t> reason, order.cl_ord_id, 0, 0))
    book_remove(state, &state.instruments[order.instrument], slot)
    forget_order(state, slot)
