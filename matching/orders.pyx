"""New, cancel and replace. Rules 4 and 5 of docs/rules.md, checks in the order in which they stand there."""

from libc.stdint cimport INT64_MIN, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from pricetime.matching.book cimport (
    book_available, book_match, book_remove, book_rest, foresee_removal, foresee_rest,
    forget_order, name_order,
)
from pricetime.matching.events cimport EventSink
from pricetime.matching.id_map cimport (
    id_home, id_map_find, id_map_foresee, id_map_insert, id_map_prefetch, id_map_remove,
)
from pricetime.matching.order_pool cimport Order, order_give_back, order_take
from pricetime.matching.records cimport *
from pricetime.matching.reports cimport event_done, event_to, next_exec_id, report_order, status_of
from pricetime.matching.state cimport (
    EngineState, Instrument, instrument_known, is_multiple, level_key, level_of, side_index,
)

assert sizeof(Order) == 64

cdef enum:
    # What an order keeps of its command's attributes: side, order type, time in force, and two flags.
    KEPT_ATTRIBUTES = (SIDE_MASK << SIDE_SHIFT | ORD_TYPE_MASK << ORD_TYPE_SHIFT
                       | TIME_IN_FORCE_MASK << TIME_IN_FORCE_SHIFT | HAS_PRICE | POST_ONLY)


# ------------------------------------------------------------------------------------------------ checks

cdef inline uint8_t check_instrument(const EngineState* state, const CommandLine* command) noexcept nogil:
    if not instrument_known(state, command.instrument):
        return UNKNOWN_INSTRUMENT
    if state.instruments[command.instrument].flags & DISABLED:
        return INSTRUMENT_DISABLED
    return NONE


cdef inline uint8_t check_phase(uint8_t phase, uint16_t attributes) noexcept nogil:
    """May an order with these attributes come in now?"""
    cdef uint8_t time_in_force
    if phase == CONTINUOUS:
        return NONE
    if phase == CLOSED:
        return PHASE_CLOSED
    if phase == HALTED:
        return PHASE_HALTED
    time_in_force = order_time_in_force(attributes)
    if time_in_force == IOC or time_in_force == FOK:
        return IMMEDIATE_IN_CALL
    return POST_ONLY_IN_CALL if attributes & POST_ONLY else NONE


cdef inline uint8_t check_supported(const CommandLine* command) noexcept nogil:
    """What these rules do not have yet."""
    cdef uint8_t type = order_type(command.attributes), time_in_force = order_time_in_force(command.attributes)
    cdef const AdvancedLine* line = <const AdvancedLine*> (command + 1)
    if STOP <= type <= MARKET_WITH_LEFT_OVER_AS_LIMIT or GTD <= time_in_force <= AT_THE_CLOSE:
        return UNSUPPORTED
    if record_lines(command) > 1 and line.type == ADVANCED_LINE and (line.presence or line.self_match_instruction):
        return UNSUPPORTED
    return NONE


cdef inline uint8_t check_price(const Instrument* instrument, int64_t price, int64_t* tick) noexcept nogil:
    if price <= 0 and not instrument.terms_flags & PRICE_MAY_BE_NEGATIVE:
        return PRICE_NOT_POSITIVE
    return NONE if is_multiple(&instrument.tick, price, tick) else PRICE_OFF_TICK


cdef inline uint8_t check_quantity(const Instrument* instrument, int64_t quantity) noexcept nogil:
    cdef int64_t lots
    if quantity <= 0:
        return QUANTITY_NOT_POSITIVE
    if not is_multiple(&instrument.lot, quantity, &lots):
        return QUANTITY_OFF_LOT
    return NONE if quantity <= instrument.quantity_bound else QUANTITY_TOO_LARGE


cdef inline uint8_t check_combination(uint16_t attributes) noexcept nogil:
    """What contradicts itself, of attributes that are each known."""
    cdef uint8_t time_in_force = order_time_in_force(attributes)
    if order_type(attributes) == MARKET:
        if time_in_force == GTC:
            return MARKET_TIME_IN_FORCE
        if attributes & POST_ONLY:
            return POST_ONLY_MARKET
    if attributes & POST_ONLY and (time_in_force == IOC or time_in_force == FOK):
        return POST_ONLY_IMMEDIATE
    return NONE


cdef inline uint8_t check_new_fields(const Instrument* instrument, const CommandLine* command,
                                     int64_t* tick) noexcept nogil:
    cdef uint8_t reason = check_supported(command)
    cdef uint16_t attributes = command.attributes
    if reason:
        return reason
    if order_side(attributes) == 0:
        return UNKNOWN_SIDE
    if order_type(attributes) != LIMIT and order_type(attributes) != MARKET:
        return UNKNOWN_ORD_TYPE
    if order_time_in_force(attributes) > FOK:
        return UNKNOWN_TIME_IN_FORCE
    if order_type(attributes) == LIMIT:
        if not attributes & HAS_PRICE:
            return PRICE_MISSING
        reason = check_price(instrument, command.price, tick)
        if reason:
            return reason
    elif attributes & HAS_PRICE:
        return PRICE_NOT_ALLOWED
    if not attributes & HAS_QUANTITY:
        return QUANTITY_MISSING
    reason = check_quantity(instrument, command.quantity)
    return reason if reason else check_combination(attributes)


cdef inline uint8_t check_enabled(const EngineState* state, uint32_t session) noexcept nogil:
    if state.sessions[session].flags & DISABLED:
        return SESSION_DISABLED
    if state.participants[state.sessions[session].participant].flags & DISABLED:
        return PARTICIPANT_DISABLED
    return NONE


cdef inline uint8_t check_book(EngineState* state, Instrument* instrument, uint16_t attributes, int64_t limit_key,
                               int64_t quantity) noexcept nogil:
    """Post-only and FOK, in Continuous; limit_key is a key of the other side."""
    cdef int other = 1 - side_index(attributes)
    cdef uint32_t best
    if attributes & POST_ONLY:
        best = instrument.ladders[other].best
        if best != 0 and state.level_pool.levels[best].key >= limit_key:
            return POST_ONLY_WOULD_TRADE
    elif order_time_in_force(attributes) == FOK:
        if book_available(state, instrument, other, limit_key, quantity) < quantity:
            return FILL_OR_KILL_UNFILLABLE
    return NONE


cdef inline int64_t opposite_limit(uint16_t attributes, int64_t tick) noexcept nogil:
    """The worst key of the other side that the order may trade with."""
    if order_type(attributes) == MARKET:
        return INT64_MIN        # the lowest key: no limit
    return level_key(1 - side_index(attributes), tick)


# --------------------------------------------------------------------------------------------- new orders

cdef void reject_new(EngineState* state, const CommandLine* command, uint8_t reason, EventSink* sink) noexcept nogil:
    cdef EventRecord* event = event_to(state, sink, command.session, REJECTED, reason, command.cl_ord_id,
                                       command.instrument)
    event.exec_id = next_exec_id(state)
    event.status_flags = ORDER_REJECTED
    event.price = command.price
    event.attributes = command.attributes & KEPT_ATTRIBUTES
    event_done(state, sink, event)


cdef inline void end_order(EngineState* state, const Order* order, uint8_t reason, int64_t cl_ord_id,
                           int64_t orig_cl_ord_id, EventSink* sink) noexcept nogil:
    """Report an order CANCELED; its quantities are those before."""
    event_done(state, sink, report_order(state, sink, order, CANCELED, ORDER_CANCELED, reason, cl_ord_id,
                                         orig_cl_ord_id, 0))


cdef inline bint work_off(EngineState* state, Instrument* instrument, uint32_t slot, int64_t tick, int64_t limit_key,
                          EventSink* sink) noexcept nogil:
    """Match an accepted order that is in no queue, rest what may rest, end what may not. True where it rests."""
    cdef Order* order = &state.pool.orders[slot]
    cdef uint8_t time_in_force
    if instrument.phase == CONTINUOUS:
        book_match(state, sink, instrument, order, limit_key)
        if order.leaves == 0:
            return False
        time_in_force = order_time_in_force(order.attributes)
        if time_in_force == IOC or time_in_force == FOK:
            end_order(state, order, IMMEDIATE_REST, order.cl_ord_id, 0, sink)
            return False
        if order_type(order.attributes) == MARKET:
            end_order(state, order, MARKET_REST, order.cl_ord_id, 0, sink)
            return False
    book_rest(state, instrument, slot, tick)
    return True


cdef void order_new(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil:
    """NewOrderSingle [D]. Rule 4."""
    cdef Instrument* instrument
    cdef Order* order
    cdef uint32_t slot
    cdef int64_t tick = 0, limit_key
    cdef uint16_t attributes = command.attributes
    cdef uint8_t reason = check_instrument(state, command)
    if not reason:
        instrument = &state.instruments[command.instrument]
        reason = check_phase(instrument.phase, attributes)
    if not reason:
        reason = check_new_fields(instrument, command, &tick)
    if not reason:
        reason = check_enabled(state, command.session)
    if not reason and state.pool.live == state.pool.capacity:
        reason = ORDER_POOL_FULL
    if not reason:
        limit_key = opposite_limit(attributes, tick)
        if instrument.phase == CONTINUOUS:
            reason = check_book(state, instrument, attributes, limit_key, command.quantity)
    if reason:
        reject_new(state, command, reason, sink)
        return
    foresee_rest(state, instrument, attributes, tick)
    if order_time_in_force(attributes) == 0:
        attributes |= DAY << TIME_IN_FORCE_SHIFT
    slot = order_take(&state.pool)
    order = &state.pool.orders[slot]
    state.last_order_id += 1
    # Session and instrument in one store: the event's word of both is read back as one, which two would hold up (itch: 3 ns).
    (<uint64_t*> &order.session)[0] = command.session | <uint64_t> command.instrument << 32
    order.attributes = attributes & KEPT_ATTRIBUTES
    order.price = command.price if attributes & HAS_PRICE else 0
    order.leaves = command.quantity
    order.filled = 0
    order.order_id = state.last_order_id
    order.cl_ord_id = command.cl_ord_id
    event_done(state, sink, report_order(state, sink, order, NEW, ORDER_NEW, NONE, order.cl_ord_id, 0, order.leaves))
    if work_off(state, instrument, slot, tick, limit_key, sink):
        name_order(state, slot)
        state.sessions[order.session].open_orders += 1
    else:
        order_give_back(&state.pool, slot)


# ------------------------------------------------------------------------------------------------- cancel

cdef inline uint32_t find_order(EngineState* state, const CommandLine* command, uint32_t* home_found) noexcept nogil:
    """The live order that a command names and may touch, or 0: unknown, ended and foreign ones are all the same. *home_found
    is where its ClOrdID stands."""
    cdef uint32_t slot, home, skip = 0
    cdef Order* order
    if command.attributes & BY_ORDER_ID:
        home = id_home(&state.by_order_id, 0, command.target)
        while True:
            slot = id_map_find(&state.by_order_id, home, skip)
            order = &state.pool.orders[slot]
            if slot == 0 or order.order_id == command.target:
                break
            skip += 1
        if slot and state.sessions[order.session].participant != state.sessions[command.session].participant:
            return 0
        home_found[0] = id_home(&state.by_cl_ord_id, order.session, order.cl_ord_id)
        return slot
    home_found[0] = home = id_home(&state.by_cl_ord_id, command.session, command.target)
    while True:
        slot = id_map_find(&state.by_cl_ord_id, home, skip)
        order = &state.pool.orders[slot]
        if slot == 0 or (order.cl_ord_id == <int64_t> command.target and order.session == command.session):
            return slot
        skip += 1


cdef void reject_change(EngineState* state, const CommandLine* command, uint32_t slot, uint8_t reason,
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


cdef void report_canceled(EngineState* state, const CommandLine* command, const Order* order, uint8_t reason,
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


cdef void cancel_order(EngineState* state, uint32_t slot, int reason, EventSink* sink) noexcept nogil:
    cdef Order* order = &state.pool.orders[slot]
    end_order(state, order, <uint8_t> reason, order.cl_ord_id, 0, sink)
    book_remove(state, &state.instruments[order.instrument], slot)
    forget_order(state, slot)


cdef void order_cancel(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil:
    """OrderCancelRequest [F]. Rule 5."""
    cdef uint32_t slot = 0, home = 0
    cdef uint8_t reason = NONE
    if not instrument_known(state, command.instrument):
        reason = UNKNOWN_INSTRUMENT
    else:
        slot = find_order(state, command, &home)
        foresee_removal(state, &state.pool.orders[slot])
        id_map_prefetch(&state.by_order_id, id_home(&state.by_order_id, 0, state.pool.orders[slot].order_id))
        reason = check_same(&state.pool.orders[slot], command) if slot else UNKNOWN_ORDER
    if reason:
        reject_change(state, command, slot, reason, sink)
        return
    report_canceled(state, command, &state.pool.orders[slot], NONE, sink)
    book_remove(state, &state.instruments[command.instrument], slot)
    forget_order(state, slot)


# ------------------------------------------------------------------------------------------------ replace

cdef inline uint8_t check_replace_fields(const Instrument* instrument, const CommandLine* command,
                                         int64_t* tick) noexcept nogil:
    """Each field that is given, by itself."""
    cdef uint8_t reason = check_supported(command)
    if reason:
        return reason
    if order_type(command.attributes) > MARKET_WITH_LEFT_OVER_AS_LIMIT:
        return UNKNOWN_ORD_TYPE
    if order_time_in_force(command.attributes) > FOK:
        return UNKNOWN_TIME_IN_FORCE
    if command.attributes & HAS_PRICE:
        reason = check_price(instrument, command.price, tick)
        if reason:
            return reason
    return check_quantity(instrument, command.quantity) if command.attributes & HAS_QUANTITY else NONE


cdef inline uint16_t replaced_attributes(const Order* order, const CommandLine* command) noexcept nogil:
    """The order's attributes as the command would have them."""
    cdef uint16_t attributes = order.attributes
    if order_time_in_force(command.attributes):
        attributes &= ~(TIME_IN_FORCE_MASK << TIME_IN_FORCE_SHIFT)
        attributes |= command.attributes & (TIME_IN_FORCE_MASK << TIME_IN_FORCE_SHIFT)
    if command.attributes & HAS_EXEC_INST:
        attributes = (attributes & ~POST_ONLY) | (command.attributes & POST_ONLY)
    return attributes | (command.attributes & HAS_PRICE)


cdef inline uint8_t check_whole(EngineState* state, Instrument* instrument, uint16_t attributes, uint32_t session,
                                int64_t tick, int64_t open_quantity) noexcept nogil:
    """The replaced order as a whole, as if it were new and the old one gone."""
    cdef uint8_t reason = check_phase(instrument.phase, attributes)
    if reason:
        return reason
    if order_type(attributes) == MARKET and attributes & HAS_PRICE:
        return PRICE_NOT_ALLOWED
    reason = check_combination(attributes)
    if reason:
        return reason
    reason = check_enabled(state, session)
    if reason or instrument.phase != CONTINUOUS:
        return reason
    return check_book(state, instrument, attributes, opposite_limit(attributes, tick), open_quantity)


cdef inline void rename_order(EngineState* state, uint32_t slot, const CommandLine* command, uint32_t old_home,
                              uint32_t new_home) noexcept nogil:
    """The replace's ClOrdID and session name the order from now on; it stood at old_home, and will at new_home."""
    cdef Order* order = &state.pool.orders[slot]
    id_map_remove(&state.by_cl_ord_id, old_home, slot)
    if order.session != command.session:
        state.sessions[order.session].open_orders -= 1
        state.sessions[command.session].open_orders += 1
        order.session = command.session
    order.cl_ord_id = command.cl_ord_id
    id_map_insert(&state.by_cl_ord_id, new_home, slot)


cdef inline void report_replaced(EngineState* state, uint32_t slot, const CommandLine* command, uint32_t old_home,
                                 uint32_t new_home, EventSink* sink) noexcept nogil:
    """REPLACED to the owner, who is the asking session from now on; one that loses the order so is told."""
    cdef Order* order = &state.pool.orders[slot]
    cdef int64_t orig_cl_ord_id = order.cl_ord_id
    if order.session != command.session:
        orig_cl_ord_id = 0
        event_done(state, sink, report_order(state, sink, order, REPLACED, status_of(order), ORDER_MOVED,
                                             order.cl_ord_id, 0, order.leaves))
    rename_order(state, slot, command, old_home, new_home)
    event_done(state, sink, report_order(state, sink, order, REPLACED, status_of(order), NONE, order.cl_ord_id,
                                         orig_cl_ord_id, order.leaves))


cdef inline bint keeps_priority(const Order* order, uint16_t attributes, int64_t price,
                                int64_t open_quantity) noexcept nogil:
    """Open quantity does not rise and nothing changes but TimeInForce between Day and GTC."""
    cdef uint8_t time_in_force = order_time_in_force(attributes)
    cdef uint16_t changed = (attributes ^ order.attributes) & ~(TIME_IN_FORCE_MASK << TIME_IN_FORCE_SHIFT)
    return (open_quantity <= order.leaves and price == order.price and changed == 0
            and (time_in_force == DAY or time_in_force == GTC))


cdef void order_replace(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil:
    """OrderCancelReplaceRequest [G]. Rule 5."""
    cdef Instrument* instrument
    cdef Order* order
    cdef uint32_t slot = 0
    cdef int64_t tick = 0, price, open_quantity
    cdef uint16_t attributes
    cdef uint8_t reason = check_instrument(state, command)
    cdef uint32_t old_home = 0, new_home = id_home(&state.by_cl_ord_id, command.session, command.cl_ord_id)
    id_map_prefetch(&state.by_cl_ord_id, new_home)
    id_map_foresee(&state.by_cl_ord_id, command.session, command.cl_ord_id)
    if not reason:
        instrument = &state.instruments[command.instrument]
        # Without HAS_EXEC_INST the command says nothing of post-only.
        attributes = command.attributes if command.attributes & HAS_EXEC_INST else command.attributes & ~POST_ONLY
        reason = check_phase(instrument.phase, attributes)
    if not reason:
        reason = check_replace_fields(instrument, command, &tick)
    if not reason:
        slot = find_order(state, command, &old_home)
        if not slot:
            reason = UNKNOWN_ORDER
        else:
            order = &state.pool.orders[slot]
            reason = check_same(order, command)
            if not reason and order_type(command.attributes) \
                    and order_type(command.attributes) != order_type(order.attributes):
                reason = ORD_TYPE_CHANGED
    if reason:
        reject_change(state, command, slot, reason, sink)
        return
    if command.attributes & HAS_QUANTITY and command.quantity <= order.filled:
        report_canceled(state, command, order, TOTAL_ALREADY_FILLED, sink)
        book_remove(state, instrument, slot)
        forget_order(state, slot)
        return
    attributes = replaced_attributes(order, command)
    open_quantity = command.quantity - order.filled if command.attributes & HAS_QUANTITY else order.leaves
    price = command.price if command.attributes & HAS_PRICE else order.price
    if not command.attributes & HAS_PRICE:
        is_multiple(&instrument.tick, price, &tick)
    reason = check_whole(state, instrument, attributes, command.session, tick, open_quantity)
    if reason:
        reject_change(state, command, slot, reason, sink)
        return
    foresee_rest(state, instrument, attributes, tick)
    if keeps_priority(order, attributes, price, open_quantity):
        level_of(state, instrument, order).quantity -= order.leaves - open_quantity
        order.leaves = open_quantity
        order.attributes = attributes
        report_replaced(state, slot, command, old_home, new_home, sink)
        return
    book_remove(state, instrument, slot)
    order.attributes = attributes
    order.price = price
    order.leaves = open_quantity
    report_replaced(state, slot, command, old_home, new_home, sink)
    if not work_off(state, instrument, slot, tick, opposite_limit(attributes, tick), sink):
        forget_order(state, slot)
