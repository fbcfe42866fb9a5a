"""What an order may be that is more than a plain one: StopPx, DisplayQty, MinQty, ExpireTime, self-match prevention."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset

from pricetime.matching.deadlines cimport deadline_add, deadline_remove
from pricetime.matching.order_pool cimport HAS_EXTRA, HIDDEN, ICEBERG, RISK_PRICED, SELF_MATCH_ID, TIMED, Extra, Order
from pricetime.matching.records cimport *
from pricetime.matching.state cimport EngineState, Instrument, is_multiple

cdef enum:
    # What a live order can have: the MinQty of an IOC never lives.
    KEPT_PRESENCE = HAS_DISPLAY_QUANTITY | HAS_STOP_PRICE | HAS_EXPIRE_TIME | HAS_SELF_MATCH_PREVENTION

assert sizeof(Extra) == 64


cdef void read_terms(const CommandLine* command, Terms* terms) noexcept nogil:
    cdef const AdvancedLine* line = <const AdvancedLine*> (command + 1)
    memset(terms, 0, sizeof(Terms))
    terms.attributes = command.attributes
    terms.total = terms.open_quantity = command.quantity
    if record_lines(command) == 1 or line.type != ADVANCED_LINE:
        return
    terms.presence = line.presence
    if line.presence & HAS_DISPLAY_QUANTITY:
        terms.display_quantity = line.display_quantity
    if line.presence & HAS_MIN_QUANTITY:
        terms.min_quantity = line.min_quantity
    if line.presence & HAS_STOP_PRICE:
        terms.stop_price = line.stop_price
    if line.presence & HAS_EXPIRE_TIME:
        terms.expire_time = line.expire_time
    if line.presence & HAS_SELF_MATCH_PREVENTION:
        terms.self_match_instruction = line.self_match_instruction
        terms.self_match_id = line.self_match_id


# ----------------------------------------------------------------------------------------- each by itself

cdef uint8_t check_stop_price(const Instrument* instrument, const Terms* terms) noexcept nogil:
    cdef int64_t tick
    if not terms.presence & HAS_STOP_PRICE:
        return NONE
    if terms.stop_price <= 0 and not instrument.terms_flags & PRICE_MAY_BE_NEGATIVE:
        return STOP_PRICE_NOT_POSITIVE
    return NONE if is_multiple(&instrument.tick, terms.stop_price, &tick) else STOP_PRICE_OFF_TICK


cdef uint8_t check_display_quantity(const Instrument* instrument, const Terms* terms) noexcept nogil:
    cdef int64_t lots
    if not terms.presence & HAS_DISPLAY_QUANTITY:
        return NONE
    if terms.display_quantity == 0:
        return NONE if instrument.terms_flags & HIDDEN_ALLOWED else HIDDEN_NOT_ALLOWED
    if terms.display_quantity < 0 or not is_multiple(&instrument.lot, terms.display_quantity, &lots):
        return DISPLAY_QUANTITY_INVALID
    return NONE


cdef uint8_t check_self_match(const Terms* terms) noexcept nogil:
    if terms.self_match_instruction > DECREMENT_BOTH or (terms.self_match_id != 0 and terms.self_match_instruction == 0):
        return UNKNOWN_SELF_MATCH_INSTRUCTION
    return NONE


cdef uint8_t check_given(const Instrument* instrument, const Terms* terms) noexcept nogil:
    cdef uint8_t reason = check_stop_price(instrument, terms)
    if not reason:
        reason = check_display_quantity(instrument, terms)
    return reason if reason else check_self_match(terms)


# -------------------------------------------------------------------------------------------- combinations

cdef uint8_t check_stop(const Instrument* instrument, const Terms* terms) noexcept nogil:
    if not is_stop(terms.attributes):
        return STOP_PRICE_NOT_ALLOWED if terms.presence & HAS_STOP_PRICE else NONE
    if not may_stay(terms.attributes):
        return STOP_TIME_IN_FORCE
    if not terms.presence & HAS_STOP_PRICE:
        return STOP_PRICE_MISSING
    return check_stop_price(instrument, terms)


cdef uint8_t check_display(const Instrument* instrument, const Terms* terms) noexcept nogil:
    cdef uint8_t time_in_force = order_time_in_force(terms.attributes), reason
    if not terms.presence & HAS_DISPLAY_QUANTITY:
        return NONE
    if not needs_price(terms.attributes):
        return DISPLAY_QUANTITY_MARKET
    if time_in_force == IOC or time_in_force == FOK:
        return DISPLAY_QUANTITY_IMMEDIATE
    if time_in_force >= AT_THE_OPENING:
        return DISPLAY_QUANTITY_AUCTION
    reason = check_display_quantity(instrument, terms)
    if reason or terms.display_quantity == 0:
        return reason
    # The same as display_quantity * iceberg_parts_max < total, which could overflow.
    return DISPLAY_QUANTITY_TOO_SMALL if terms.display_quantity <= (terms.total - 1) // instrument.iceberg_parts_max else NONE


cdef uint8_t check_min_quantity(const Instrument* instrument, const Terms* terms) noexcept nogil:
    cdef int64_t lots
    if not terms.presence & HAS_MIN_QUANTITY:
        return NONE
    if order_time_in_force(terms.attributes) != IOC:
        return MIN_QUANTITY_NOT_IOC
    if (terms.min_quantity <= 0 or not is_multiple(&instrument.lot, terms.min_quantity, &lots)
            or terms.min_quantity > terms.open_quantity):
        return MIN_QUANTITY_INVALID
    return NONE


cdef uint8_t check_expire_time(int64_t now, const Terms* terms) noexcept nogil:
    cdef bint given = (terms.presence & HAS_EXPIRE_TIME) != 0
    if order_time_in_force(terms.attributes) != GTD:
        return EXPIRE_TIME_NOT_ALLOWED if given else NONE
    if not given:
        return EXPIRE_TIME_MISSING
    return EXPIRE_TIME_PASSED if terms.expire_time <= now else NONE


cdef uint8_t check_terms(int64_t now, const Instrument* instrument, Terms* terms) noexcept nogil:
    cdef uint8_t reason = check_stop(instrument, terms)
    if not reason:
        reason = check_display(instrument, terms)
    if not reason:
        reason = check_min_quantity(instrument, terms)
    if not reason:
        reason = check_expire_time(now, terms)
    if not reason:
        reason = check_self_match(terms)
    if not reason and order_type(terms.attributes) == MARKET_WITH_LEFT_OVER_AS_LIMIT and not may_stay(terms.attributes):
        reason = LEFT_OVER_TIME_IN_FORCE
    if terms.self_match_id == 0:
        terms.self_match_instruction = 0
        terms.presence &= ~HAS_SELF_MATCH_PREVENTION
    return reason


# ----------------------------------------------------------------------------------------------- an order's own

cdef void merge_terms(const Order* order, const Extra* extra, Terms* terms) noexcept nogil:
    cdef uint16_t absent
    if not order.flags & HAS_EXTRA:
        return
    absent = extra.presence & ~terms.presence
    if order_time_in_force(terms.attributes) != GTD:
        absent &= ~HAS_EXPIRE_TIME
    if absent & HAS_DISPLAY_QUANTITY:
        terms.display_quantity = extra.display_quantity
    if absent & HAS_STOP_PRICE:
        terms.stop_price = extra.stop_price
    if absent & HAS_EXPIRE_TIME:
        terms.expire_time = extra.expire_time
    if absent & HAS_SELF_MATCH_PREVENTION:
        terms.self_match_instruction = extra.self_match_instruction
        terms.self_match_id = extra.self_match_id
    terms.presence |= absent


cdef bint same_terms(const Order* order, const Extra* extra, const Terms* terms) noexcept nogil:
    cdef uint16_t presence = terms.presence & ~HAS_EXPIRE_TIME
    if not order.flags & HAS_EXTRA:
        return presence == 0
    if presence != extra.presence & ~HAS_EXPIRE_TIME:
        return False
    return (terms.display_quantity == extra.display_quantity and terms.stop_price == extra.stop_price
            and terms.self_match_id == extra.self_match_id
            and terms.self_match_instruction == extra.self_match_instruction)


cdef Extra* extra_of(EngineState* state, uint32_t slot) noexcept nogil:
    """The order's Extra, zeroed where it had none."""
    if not state.pool.orders[slot].flags & HAS_EXTRA:
        memset(&state.pool.extras[slot], 0, sizeof(Extra))
        state.pool.orders[slot].flags |= HAS_EXTRA
    return &state.pool.extras[slot]


cdef void keep_terms(EngineState* state, uint32_t slot, const Terms* terms) noexcept nogil:
    cdef Order* order = &state.pool.orders[slot]
    cdef Extra* extra = extra_of(state, slot)
    cdef bint stays = (extra.presence & terms.presence & HAS_STOP_PRICE) != 0 and extra.stop_price == terms.stop_price
    cdef uint64_t age = extra.age if stays else 0
    memset(extra, 0, sizeof(Extra))
    extra.presence = terms.presence & KEPT_PRESENCE
    extra.self_match_instruction = terms.self_match_instruction
    extra.self_match_id = terms.self_match_id
    extra.display_quantity = terms.display_quantity
    extra.stop_price = terms.stop_price
    extra.expire_time = terms.expire_time
    extra.age = age
    order.flags = HAS_EXTRA
    if terms.self_match_id:
        order.flags |= SELF_MATCH_ID
    if terms.presence & HAS_DISPLAY_QUANTITY:
        order.flags |= ICEBERG if terms.display_quantity else HIDDEN


cdef void keep_expire_time(EngineState* state, uint32_t slot, const Terms* terms) noexcept nogil:
    cdef Extra* extra
    if state.pool.orders[slot].flags & TIMED:
        deadline_remove(state, slot)
    elif not terms.presence & HAS_EXPIRE_TIME:
        return
    extra = extra_of(state, slot)
    extra.expire_time = terms.expire_time
    extra.presence = (extra.presence & ~HAS_EXPIRE_TIME) | (terms.presence & HAS_EXPIRE_TIME)
    if terms.presence & HAS_EXPIRE_TIME:
        deadline_add(state, slot)


cdef void keep_risk_price(EngineState* state, uint32_t slot, int64_t risk_price) noexcept nogil:
    cdef Order* order = &state.pool.orders[slot]
    if risk_price != order.price:
        extra_of(state, slot).risk_price = risk_price
        order.flags |= RISK_PRICED
    elif order.flags & RISK_PRICED:
        state.pool.extras[slot].risk_price = 0
        order.flags &= ~RISK_PRICED
