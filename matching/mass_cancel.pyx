"""OrderMassCancelRequest: a participant's live orders, in OrderID order. Rule 5."""

from libc.stdint cimport uint8_t, uint32_t

from pricetime.matching.events cimport EventSink
from pricetime.matching.order_pool cimport Order, slot_from_ends
from pricetime.matching.placing cimport cancel_order
from pricetime.matching.records cimport *
from pricetime.matching.reports cimport event_done, event_to
from pricetime.matching.selection cimport Picked, Selection, pick, selection_sort
from pricetime.matching.state cimport EngineState, instrument_known, side_index


cdef Selection select_participant(EngineState* state, uint32_t participant, uint32_t instrument, int side,
                                  uint32_t session) noexcept nogil:
    cdef Selection selection
    cdef const Order* order
    cdef uint32_t slot, seen = 0, left = state.participants[participant].open_orders
    selection.picked = <Picked*> state.selection_room
    selection.count = 0
    while left != 0:        # no walk at all for a participant without orders
        slot = slot_from_ends(&state.pool, seen)
        seen += 1
        order = &state.pool.orders[slot]
        if order.session == 0 or state.sessions[order.session].participant != participant:
            continue
        left -= 1
        if ((instrument == 0 or order.instrument == instrument) and (session == 0 or order.session == session)
                and (side == 0 or side_index(order.attributes) == (side != BUY))):
            pick(&selection, state, slot)
    selection_sort(&selection)
    return selection


cdef uint8_t check_mass_cancel(const EngineState* state, const CommandLine* command) noexcept nogil:
    if command.instrument != 0 and not instrument_known(state, command.instrument):
        return UNKNOWN_INSTRUMENT
    if command.target != 0 and (
            command.target > state.sessions_count
            or state.sessions[command.target].participant != state.sessions[command.session].participant):
        return UNKNOWN_SESSION
    return NONE


cdef void mass_cancel(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil:
    """OrderMassCancelRequest [q]: each owner is told, then the asking session how many there were."""
    cdef uint8_t reason = check_mass_cancel(state, command)
    cdef EventRecord* event
    cdef Selection orders
    cdef uint32_t i
    orders.count = 0
    if not reason:
        orders = select_participant(state, state.sessions[command.session].participant, command.instrument,
                                    order_side(command.attributes), <uint32_t> command.target)
        for i in range(orders.count):
            cancel_order(state, orders.picked[i].slot, MASS_CANCELED, sink)
    event = event_to(state, sink, command.session, ORDER_MASS_CANCEL_REPORT, reason, command.cl_ord_id, command.instrument)
    event.last_qty = orders.count
    event_done(state, sink, event)
