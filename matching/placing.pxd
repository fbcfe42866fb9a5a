"""Where a live order stands, and how it leaves: the book's queues, the stops, what is set aside. Rules 4, 6 and 10.

A plain order stands in the displayed queue of its price with all that it has (book.pxd). An iceberg stands there with what it shows;
the rest of it, and hidden orders in a queue of their own, are the level's reserve. A stop waits in a tree of its side by StopPx,
an AtTheClose order outside ClosingCall in one queue of its instrument by age.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from pricetime.matching.book cimport book_remove, book_rest
from pricetime.matching.events cimport EventSink
from pricetime.matching.level_tree cimport Level
from pricetime.matching.order_pool cimport ASIDE, HIDDEN, ICEBERG, STOP_WAITING, Order
from pricetime.matching.records cimport CANCELED, ORDER_CANCELED
from pricetime.matching.reports cimport report_order
from pricetime.matching.state cimport EngineState, Instrument, indicative_changes

cdef void rest_behind(EngineState* state, Instrument* instrument, uint32_t slot, int64_t tick) noexcept nogil
    # An iceberg or hidden order joins its queue, with a new age.
cdef void leave_elsewhere(EngineState* state, Instrument* instrument, uint32_t slot) noexcept nogil
    # An iceberg, hidden order, stop or order that is set aside leaves.
cdef void wait_as_stop(EngineState* state, Instrument* instrument, uint32_t slot) noexcept nogil
    # A Stop or StopLimit joins the stops; one that has no age yet gets one.
cdef void set_aside(EngineState* state, Instrument* instrument, uint32_t slot) noexcept nogil
    # An AtTheClose order joins those that are set aside; one that has no age yet gets one.
cdef void stand(EngineState* state, Instrument* instrument, uint32_t slot, int standing, int64_t tick) noexcept nogil
    # An order of a loaded state, fully described (Order and Extra, age and shown too; flags ICEBERG, HIDDEN, SELF_MATCH_ID and
    # RISK_PRICED), joins the back of where it stood. `tick` is its price's tick number. No event, no new age. deadline_add,
    # where it is GTD, is the caller's.
cdef void reduce_standing(EngineState* state, Instrument* instrument, uint32_t slot, int64_t quantity) noexcept nogil
    # A live order keeps its place with so much less in Order.leaves too; an iceberg gives of what is not shown first.
cdef void take_shown(EngineState* state, Instrument* instrument, uint32_t slot, int64_t quantity) noexcept nogil
    # Order.leaves is already less by `quantity`, which was its turn's: its queue follows. An order with nothing left leaves it.
cdef void show_next_part(EngineState* state, Level* level, uint32_t slot) noexcept nogil
    # An iceberg of which nothing is shown shows its next part, at the back of its queue, with a new age.
cdef void cancel_order(EngineState* state, uint32_t slot, int reason, EventSink* sink) noexcept nogil
    # End one live order unasked (CANCELED with the reason, the order's own ClOrdID).
cdef void expire_order(EngineState* state, uint32_t slot, int reason, EventSink* sink) noexcept nogil


cdef inline uint64_t next_age(EngineState* state) noexcept nogil:
    state.last_age += 1
    return state.last_age


cdef inline void rest_order(EngineState* state, Instrument* instrument, uint32_t slot, int64_t tick) noexcept nogil:
    """Put an order into the book; `tick` is its price's tick number (no matter for an order without a price)."""
    if state.pool.orders[slot].flags & (ICEBERG | HIDDEN):
        rest_behind(state, instrument, slot, tick)
    else:
        book_rest(state, instrument, slot, tick)


cdef inline void take_out(EngineState* state, Instrument* instrument, uint32_t slot) noexcept nogil:
    """Take a live order out of wherever it stands; its names, and its deadline, stay."""
    indicative_changes(state, instrument)
    if state.pool.orders[slot].flags & (ICEBERG | HIDDEN | STOP_WAITING | ASIDE):
        leave_elsewhere(state, instrument, slot)
    else:
        book_remove(state, instrument, &state.pool.orders[slot])


cdef inline void end_order(EngineState* state, const Order* order, uint8_t reason, int64_t cl_ord_id,
                           int64_t orig_cl_ord_id, EventSink* sink) noexcept nogil:
    """Report an order CANCELED; its quantities are those before."""
    report_order(state, sink, order, CANCELED, ORDER_CANCELED, reason, cl_ord_id, orig_cl_ord_id, 0)
