"""OrderCancelReplaceRequest: checks in their order; then the order is changed in place, or leaves and comes in again."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t

from pricetime.matching.book cimport book_remove, foresee_rest, forget_order, rename_order
from pricetime.matching.careful cimport opposite_limit
from pricetime.matching.coming_in cimport check_book, check_instrument, lives_on, release_elected, work_off
from pricetime.matching.deadlines cimport deadline_remove
from pricetime.matching.events cimport EventSink
from pricetime.matching.fields cimport (
    Terms, check_given, check_market_time, check_phase, check_post_only, check_replace_fields, check_terms,
    command_is_plain, keep_expire_time, keep_risk_price, keep_terms, may_stay, merge_terms, needs_price, read_terms, same_terms,
)
from pricetime.matching.id_index cimport cl_ord_key, id_index_prefetch
from pricetime.matching.memory cimport likely, unlikely
from pricetime.matching.named_order cimport check_same, find_order, reject_change, report_canceled
from pricetime.matching.order_pool cimport STOP_ELECTED, STOP_WAITING, TIMED, Extra, Order
from pricetime.matching.placing cimport reduce_standing, take_out
from pricetime.matching.records cimport *
from pricetime.matching.reports cimport report_order, status_of
from pricetime.matching.risk cimport RiskAnswer, check_risk, check_risk_closely, follow_gross, risk_reduce, risk_rewrite
from pricetime.matching.state cimport EngineState, Instrument, indicative_changes, is_multiple, level_of

cdef extern from "straight.h":
    pass

cdef struct Change:
    # The order as it will be.
    uint16_t attributes
    int64_t price
    int64_t tick
    int64_t open_quantity
    Terms* terms                # what it has beside these; NULL: the order is plain, and will be


# ------------------------------------------------------------------------------------------------ checks

cdef inline uint16_t replaced_attributes(const Order* order, const CommandLine* command) noexcept nogil:
    """The order's attributes as the command would have them."""
    cdef uint16_t attributes = order.attributes
    if order_time_in_force(command.attributes):
        attributes &= ~(TIME_IN_FORCE_MASK << TIME_IN_FORCE_SHIFT)
        attributes |= command.attributes & (TIME_IN_FORCE_MASK << TIME_IN_FORCE_SHIFT)
    if command.attributes & HAS_EXEC_INST:
        attributes = (attributes & ~POST_ONLY) | (command.attributes & POST_ONLY)
    return attributes | (command.attributes & HAS_PRICE)


cdef inline uint8_t phase_allows(const Instrument* instrument, uint16_t attributes, const Terms* terms) noexcept nogil:
    """check_phase; in Continuous a plain order may always come in."""
    if terms is NULL and instrument.phase == CONTINUOUS:
        return NONE
    return check_phase(instrument.phase, attributes, 0 if terms is NULL else terms.presence)


cdef inline uint8_t check_given_phase(const Instrument* instrument, const CommandLine* command,
                                      const Terms* terms) noexcept nogil:
    """By what the command gives: without HAS_EXEC_INST it says nothing of post-only."""
    if command.attributes & HAS_EXEC_INST:
        return phase_allows(instrument, command.attributes, terms)
    return phase_allows(instrument, command.attributes & ~POST_ONLY, terms)


cdef inline uint8_t check_whole(EngineState* state, Instrument* instrument, uint16_t old, uint16_t attributes,
                                Terms* terms) noexcept nogil:
    """The replaced order as a whole, as if it were new; a TimeInForce that it has already it may have, a triggered Stop GTC."""
    cdef uint8_t reason = phase_allows(instrument, attributes, terms)
    if reason:
        return reason
    if attributes & HAS_PRICE and not needs_price(attributes):
        return PRICE_NOT_ALLOWED
    reason = check_market_time(attributes)
    if unlikely(reason) and order_time_in_force(attributes) == order_time_in_force(old):
        reason = NONE
    if not reason:
        reason = check_post_only(attributes)
    if reason or terms is NULL:
        return reason
    return check_terms(state.time, instrument, terms)


cdef inline void report_replaced(EngineState* state, uint32_t slot, const CommandLine* command,
                                 EventSink* sink) noexcept nogil:
    """REPLACED to the owner, who is the asking session from now on; one that loses the order so is told."""
    cdef Order* order = &state.pool.orders[slot]
    cdef int64_t orig_cl_ord_id = order.cl_ord_id
    if unlikely(order.session != command.session):
        orig_cl_ord_id = 0
        report_order(state, sink, order, REPLACED, status_of(order), ORDER_MOVED, order.cl_ord_id, 0, order.leaves)
        state.sessions[order.session].open_orders -= 1
        state.sessions[command.session].open_orders += 1
    rename_order(state, slot, command.session, command.cl_ord_id)
    report_order(state, sink, order, REPLACED, status_of(order), NONE, order.cl_ord_id, orig_cl_ord_id, order.leaves)


cdef inline bint keeps_priority(EngineState* state, uint32_t slot, uint16_t attributes, int64_t price, int64_t open_quantity,
                                const Terms* terms) noexcept nogil:
    """Open quantity does not rise and nothing changes but TimeInForce among Day, GTC and GTD, and ExpireTime."""
    cdef const Order* order = &state.pool.orders[slot]
    cdef uint16_t changed = attributes ^ order.attributes
    if open_quantity > order.leaves or price != order.price:
        return False
    if changed and (changed & ~(TIME_IN_FORCE_MASK << TIME_IN_FORCE_SHIFT)
                    or not may_stay(attributes) or not may_stay(order.attributes)):
        return False
    return terms is NULL or same_terms(order, &state.pool.extras[slot], terms)


cdef inline bint only_lowers(const EngineState* state, uint32_t slot, const Change* change) noexcept nogil:
    """Of an order that keeps its priority: it loses open quantity, and TimeInForce and ExpireTime stay too."""
    cdef const Order* order = &state.pool.orders[slot]
    if change.open_quantity >= order.leaves or change.attributes != order.attributes:
        return False
    return (change.terms is NULL or order_time_in_force(order.attributes) != GTD
            or change.terms.expire_time == state.pool.extras[slot].expire_time)


cdef inline uint8_t check_named(const Order* order, const CommandLine* command) noexcept nogil:
    """What the command says of the order that it has found is so."""
    cdef uint8_t reason
    # Mostly it says again what the order is: one comparison.
    if likely((command.attributes ^ order.attributes) & (SIDE_MASK << SIDE_SHIFT | ORD_TYPE_MASK << ORD_TYPE_SHIFT) == 0
              and order.instrument == command.instrument):
        return NONE
    reason = check_same(order, command)
    if not reason and order_type(command.attributes) and order_type(command.attributes) != order_type(order.attributes):
        return ORD_TYPE_CHANGED
    return reason


cdef inline void read_change(const Instrument* instrument, const CommandLine* command, Order* order, const Extra* extra,
                             Change* change) noexcept nogil:
    """What the command does not give is the order's; the price that it gives has its tick number already."""
    cdef Terms* terms = change.terms
    change.attributes = replaced_attributes(order, command)
    change.open_quantity = command.quantity - order.filled if command.attributes & HAS_QUANTITY else order.leaves
    change.price = command.price if command.attributes & HAS_PRICE else order.price
    if not command.attributes & HAS_PRICE:
        is_multiple(&instrument.tick, change.price, &change.tick)
    if terms is NULL:
        return
    terms.attributes = change.attributes
    terms.open_quantity = change.open_quantity
    terms.total = change.open_quantity + order.filled
    merge_terms(order, extra, terms)


cdef inline uint8_t check_staying(EngineState* state, const CommandLine* command, uint32_t slot,
                                  const Change* change) noexcept nogil:
    """Risk of an order that keeps its priority; one that only loses quantity passes it like a cancel."""
    cdef const Order* order = &state.pool.orders[slot]
    if likely(only_lowers(state, slot, change)):
        return NONE
    return <uint8_t> check_risk_closely(
        state, command.instrument, command.session, slot, order.attributes, order.price,
        0 if change.terms is NULL else change.terms.stop_price, change.open_quantity + order.filled, change.open_quantity).reason


cdef inline uint8_t check_coming_in(EngineState* state, const CommandLine* command, uint32_t slot, const Change* change,
                                    int64_t limit_key, int64_t* risk_price) noexcept nogil:
    """Risk and book, as if the old order were gone."""
    cdef Instrument* instrument = &state.instruments[command.instrument]
    cdef RiskAnswer answer = check_risk(
        state, command.instrument, command.session, slot, change.attributes, change.price,
        0 if change.terms is NULL else change.terms.stop_price, change.open_quantity + state.pool.orders[slot].filled,
        change.open_quantity)
    risk_price[0] = answer.risk_price
    if unlikely(answer.reason) or instrument.phase != CONTINUOUS:
        return <uint8_t> answer.reason
    return check_book(state, instrument, command.session, change.attributes, limit_key, change.open_quantity, change.terms)


# -------------------------------------------------------------------------------------------- carried out

cdef inline void change_in_place(EngineState* state, Instrument* instrument, uint32_t slot,
                                 const Change* change) noexcept nogil:
    """The order keeps its priority."""
    cdef Order* order = &state.pool.orders[slot]
    cdef int64_t less = order.leaves - change.open_quantity
    if change.terms is NULL:
        level_of(state, instrument, order).quantity -= less
        order.leaves = change.open_quantity
    else:
        reduce_standing(state, instrument, slot, less)
        keep_expire_time(state, slot, change.terms)
    order.attributes = change.attributes
    indicative_changes(state, instrument)
    risk_reduce(state, order, less)


cdef void leave_with_terms(EngineState* state, Instrument* instrument, uint32_t slot, const Terms* terms) noexcept nogil:
    """An order leaves to come in again as its new terms say. A stop whose StopPx stays keeps its age and stays elected: it keeps
    its place too, because finding it by age again would be a walk along all the stops at its StopPx."""
    cdef Order* order = &state.pool.orders[slot]
    cdef uint16_t waiting = 0
    if order.flags & STOP_WAITING and state.pool.extras[slot].stop_price == terms.stop_price:
        waiting = order.flags & (STOP_WAITING | STOP_ELECTED)
        state.level_pool.levels[order.level].quantity += terms.open_quantity - order.leaves
    else:
        take_out(state, instrument, slot)
    if order.flags & TIMED:
        deadline_remove(state, slot)
    keep_terms(state, slot, terms)
    order.flags |= waiting


cdef inline void leave_changed(EngineState* state, Instrument* instrument, uint32_t slot, const Change* change,
                               int64_t risk_price) noexcept nogil:
    """The order leaves, and is what it will come in again as."""
    cdef Order* order = &state.pool.orders[slot]
    cdef bint gross = risk_rewrite(state, order, change.open_quantity)
    if change.terms is NULL:
        book_remove(state, instrument, &state.pool.orders[slot])
    else:
        leave_with_terms(state, instrument, slot, change.terms)
    order.attributes = change.attributes
    order.price = change.price
    order.leaves = change.open_quantity
    if unlikely(risk_price != change.price):
        keep_risk_price(state, slot, risk_price)
    if unlikely(gross):
        follow_gross(state, order, 0, change.open_quantity)


cdef inline void replace_found(EngineState* state, Instrument* instrument, const CommandLine* command, uint32_t slot,
                               const Change* change, EventSink* sink) noexcept nogil:
    """Steps 5 to 7, and what comes of them."""
    cdef int64_t limit_key = 0, risk_price
    cdef uint32_t level = 0
    cdef bint stays = False, new_stop_price
    cdef uint8_t reason = check_whole(state, instrument, state.pool.orders[slot].attributes, change.attributes,
                                      change.terms)
    if not reason:
        stays = keeps_priority(state, slot, change.attributes, change.price, change.open_quantity, change.terms)
    if not reason and stays:
        reason = check_staying(state, command, slot, change)
    elif not reason:
        limit_key = opposite_limit(instrument, change.attributes, change.tick)
        reason = check_coming_in(state, command, slot, change, limit_key, &risk_price)
    if unlikely(reason):
        reject_change(state, command, slot, reason, sink)
        return
    if stays:
        change_in_place(state, instrument, slot, change)
    else:
        level = foresee_rest(state, instrument, change.attributes, change.tick)
        leave_changed(state, instrument, slot, change, risk_price)
    report_replaced(state, slot, command, sink)
    if stays:
        return
    new_stop_price = change.terms is not NULL and state.pool.extras[slot].age == 0
    if work_off(state, instrument, slot, change.tick, level, limit_key, change.terms is NULL, sink):
        lives_on(state, slot, change.terms is NULL)
    else:
        forget_order(state, slot)
        new_stop_price = False
    release_elected(state, instrument, slot if new_stop_price else 0, sink)


cdef void cancel_filled(EngineState* state, const CommandLine* command, uint32_t slot, EventSink* sink) noexcept nogil:
    """The new total is filled already."""
    report_canceled(state, command, &state.pool.orders[slot], TOTAL_ALREADY_FILLED, sink)
    take_out(state, &state.instruments[command.instrument], slot)
    forget_order(state, slot)


cdef inline int replace(EngineState* state, const CommandLine* command, Terms* terms, EventSink* sink) noexcept nogil:
    """Compiled twice, for plain orders and commands (terms NULL) without all that only others need."""
    cdef Instrument* instrument
    cdef Order* order
    cdef Change change
    cdef uint32_t slot = 0
    cdef uint8_t reason = check_instrument(state, command)
    change.tick = 0
    change.terms = terms
    if not reason:
        instrument = &state.instruments[command.instrument]
        reason = check_given_phase(instrument, command, terms)
    if not reason:
        reason = check_replace_fields(instrument, command, terms is NULL, &change.tick)
    if not reason and terms is not NULL:
        reason = check_given(instrument, terms)
    if not reason:
        id_index_prefetch(&state.by_cl_ord_id, cl_ord_key(&state.by_cl_ord_id, command.session, command.cl_ord_id))
        slot = find_order(state, command)
        order = &state.pool.orders[slot]
        reason = check_named(order, command) if slot else UNKNOWN_ORDER
    if unlikely(reason):
        reject_change(state, command, slot, reason, sink)
        return 0
    if unlikely(command.attributes & HAS_QUANTITY and command.quantity <= order.filled):
        cancel_filled(state, command, slot, sink)
        return 0
    if terms is NULL and unlikely(order.flags):     # a plain command, but not a plain order: nothing was done yet
        return replace_with_terms(state, command, sink)
    read_change(instrument, command, order, &state.pool.extras[slot], &change)
    replace_found(state, instrument, command, slot, &change, sink)
    return 0


cdef int replace_with_terms(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil:
    cdef Terms terms
    read_terms(command, &terms)
    return replace(state, command, &terms, sink)


cdef int replace_in_full(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil:
    if unlikely(not command_is_plain(command)):
        return replace_with_terms(state, command, sink)
    return replace(state, command, NULL, sink)
