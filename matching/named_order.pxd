"""The order that a cancel or replace names: finding it, refusing, and reporting its end as asked for. Rule 5."""

from libc.stdint cimport int64_t, uint8_t, uint32_t

from pricetime.matching.events cimport EventSink
from pricetime.matching.id_index cimport find_by_cl_ord_id, find_by_order_id
from pricetime.matching.memory cimport unlikely
from pricetime.matching.order_pool cimport Order
from pricetime.matching.placing cimport end_order
from pricetime.matching.records cimport *
from pricetime.matching.reports cimport event_done, event_to, status_of
from pricetime.matching.state cimport EngineState


cdef inline uint32_t find_order(EngineState* state, const CommandLine* command) noexcept nogil:
    """The live order that a command names and may touch, or 0: unknown, ended and foreign ones are all the same."""
    cdef const Order* orders = state.pool.orders
    cdef uint32_t slot
    if unlikely(command.attributes & BY_ORDER_ID):
        slot = find_by_order_id(&state.by_order_id, orders, command.target)
        if state.sessions[orders[slot].session].participant != state.sessions[command.session].participant:
            return 0
        return slot
    return find_by_cl_ord_id(&state.by_cl_ord_id, orders, command.session, <int64_t> command.target)


cdef inline void reject_change(EngineState* state, const CommandLine* command, uint32_t slot, uint8_t reason,
                        EventSink* sink) noexcept nogil:
    """OrderCancelReject [9]; `slot` is the order where it was found."""
    cdef EventRecord* event = event_to(state, sink, command.session, ORDER_CANCEL_REJECT, reason, command.cl_ord_id,
                                       command.instrument)
    cdef uint8_t status = ORDER_REJECTED
    if slot != 0:
        event.order_id = state.pool.orders[slot].order_id
        status = status_of(&state.pool.orders[slot])
    elif command.attributes & BY_ORDER_ID:
        event.order_id = command.target
    if not command.attributes & BY_ORDER_ID:
        event.orig_cl_ord_id = <int64_t> command.target
    if command.type == ORDER_CANCEL_REPLACE_REQUEST:
        status |= RESPONSE_TO_REPLACE << 4
    event.status_flags = status
    event_done(state, sink, event)


cdef inline uint8_t check_same(const Order* order, const CommandLine* command) noexcept nogil:
    """Instrument and side are the order's own."""
    if order.instrument != command.instrument:
        return INSTRUMENT_CHANGED
    if order_side(command.attributes) and order_side(command.attributes) != order_side(order.attributes):
        return SIDE_CHANGED
    return NONE


cdef inline void report_canceled(EngineState* state, const CommandLine* command, const Order* order, uint8_t reason,
                          EventSink* sink) noexcept nogil:
    """CANCELED as asked for: to the owner, and where another session asked, an unnumbered copy to that one."""
    cdef EventRecord* event
    if order.session == command.session:
        end_order(state, order, reason, command.cl_ord_id, order.cl_ord_id, sink)
        return
    end_order(state, order, reason, order.cl_ord_id, 0, sink)
    event = event_to(state, sink, 0, CANCELED, reason, command.cl_ord_id, order.instrument)
    event.session = command.session
    event.participant = state.sessions[command.session].participant
    event.status_flags = ORDER_CANCELED
    event.order_id = order.order_id
    event.price = order.price
    event.cum_qty = order.filled
    event.exec_id = state.last_exec_id
    event.attributes = order.attributes
    event_done(state, sink, event)
