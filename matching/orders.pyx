"""New orders and cancels. Rules 4 and 5 of docs/rules.md, checks in the order in which they stand there."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t

from pricetime.matching.book cimport foresee_removal, foresee_rest, forget_order, name_order
from pricetime.matching.careful cimport opposite_limit
from pricetime.matching.coming_in cimport accept_order, check_book, check_instrument, lives_on, release_elected, work_off
from pricetime.matching.events cimport EventSink
from pricetime.matching.fields cimport (
    KEPT_ATTRIBUTES, Terms, check_new_fields, check_phase, check_terms, command_is_plain, keep_risk_price, keep_terms,
    read_terms,
)
from pricetime.matching.memory cimport unlikely
from pricetime.matching.named_order cimport check_same, find_order, reject_change, report_canceled
from pricetime.matching.id_index cimport id_index_prefetch
from pricetime.matching.order_pool cimport Order, order_give_back
from pricetime.matching.placing cimport take_out
from pricetime.matching.records cimport *
from pricetime.matching.reports cimport event_done, event_to, next_exec_id, report_order
from pricetime.matching.risk cimport RiskAnswer, account_open, check_risk, risk_add, risk_remove
from pricetime.matching.state cimport EngineState, Instrument, instrument_known

cdef extern from "straight.h":
    pass

assert sizeof(Order) == 64


# --------------------------------------------------------------------------------------------- new orders

cdef void reject_new(EngineState* state, const CommandLine* command, uint8_t reason, EventSink* sink) noexcept nogil:
    cdef EventRecord* event = event_to(state, sink, command.session, REJECTED, reason, command.cl_ord_id,
                                       command.instrument)
    event.exec_id = next_exec_id(state)
    event.status_flags = ORDER_REJECTED
    event.price = command.price
    event.attributes = command.attributes & KEPT_ATTRIBUTES
    event_done(state, sink, event)


cdef inline uint32_t accept_new(EngineState* state, const CommandLine* command, RiskAnswer risk, const Terms* terms) noexcept nogil:
    """The slot of a new order that passed all checks; terms NULL for a plain one."""
    cdef uint32_t slot
    if unlikely(risk.account == 0):
        risk.account = account_open(state, state.sessions[command.session].participant, command.instrument)
    slot = accept_order(state, command, risk.account)
    if terms is not NULL:
        keep_terms(state, slot, terms)
    if unlikely(risk.risk_price != state.pool.orders[slot].price):
        keep_risk_price(state, slot, risk.risk_price)
    risk_add(state, &state.pool.orders[slot])
    return slot


cdef inline uint8_t check_new(EngineState* state, const CommandLine* command, Terms* terms, int64_t* tick, int64_t* limit_key,
                              RiskAnswer* risk) noexcept nogil:
    """The checks of rule 4 in their order; terms NULL for a plain order."""
    cdef Instrument* instrument
    cdef uint16_t attributes = command.attributes
    cdef uint8_t reason = check_instrument(state, command)
    if unlikely(reason):
        return reason
    instrument = &state.instruments[command.instrument]
    reason = check_phase(instrument.phase, attributes, 0 if terms is NULL else terms.presence)
    if not reason:
        reason = check_new_fields(instrument, command, tick)
    if not reason and terms is not NULL:
        reason = check_terms(state.time, instrument, terms)
    if unlikely(reason):
        return reason
    risk[0] = check_risk(state, command.instrument, command.session, 0, attributes,
                         command.price if attributes & HAS_PRICE else 0, 0 if terms is NULL else terms.stop_price,
                         command.quantity, command.quantity)
    if unlikely(risk.reason):
        return <uint8_t> risk.reason
    limit_key[0] = opposite_limit(instrument, attributes, tick[0])
    if instrument.phase != CONTINUOUS:
        return NONE
    return check_book(state, instrument, command.session, attributes, limit_key[0], command.quantity, terms)


cdef inline int enter(EngineState* state, const CommandLine* command, Terms* terms, EventSink* sink) noexcept nogil:
    """A new order. Compiled twice, for plain orders (terms NULL) without all that only others need."""
    cdef Instrument* instrument
    cdef Order* order
    cdef RiskAnswer risk
    cdef uint32_t slot, level
    cdef int64_t tick = 0, limit_key = 0
    cdef uint8_t reason = check_new(state, command, terms, &tick, &limit_key, &risk)
    if unlikely(reason):
        reject_new(state, command, reason, sink)
        return 0
    instrument = &state.instruments[command.instrument]
    level = foresee_rest(state, instrument, command.attributes, tick)
    slot = accept_new(state, command, risk, terms)
    order = &state.pool.orders[slot]
    report_order(state, sink, order, NEW, ORDER_NEW, NONE, order.cl_ord_id, 0, order.leaves)
    if work_off(state, instrument, slot, tick, level, limit_key, terms is NULL, sink):
        name_order(state, slot)
        state.sessions[order.session].open_orders += 1
        lives_on(state, slot, terms is NULL)
    else:
        risk_remove(state, order)
        order_give_back(&state.pool, slot)
        slot = 0
    release_elected(state, instrument, slot, sink)
    return 0


cdef int enter_with_terms(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil:
    cdef Terms terms
    read_terms(command, &terms)
    return enter(state, command, &terms, sink)


cdef int new_in_full(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil:
    """NewOrderSingle [D]. Rule 4."""
    if unlikely(not command_is_plain(command)):
        return enter_with_terms(state, command, sink)
    return enter(state, command, NULL, sink)


# ------------------------------------------------------------------------------------------------- cancel

cdef int cancel_in_full(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil:
    """OrderCancelRequest [F]. Rule 5."""
    cdef uint32_t slot = 0
    cdef uint8_t reason = NONE
    if not instrument_known(state, command.instrument):
        reason = UNKNOWN_INSTRUMENT
    else:
        slot = find_order(state, command)
        foresee_removal(state, &state.pool.orders[slot])
        id_index_prefetch(&state.by_order_id, state.pool.orders[slot].order_id)
        reason = check_same(&state.pool.orders[slot], command) if slot else UNKNOWN_ORDER
    if unlikely(reason):
        reject_change(state, command, slot, reason, sink)
        return 0
    report_canceled(state, command, &state.pool.orders[slot], NONE, sink)
    take_out(state, &state.instruments[command.instrument], slot)
    forget_order(state, slot)
    return 0
