"""Live orders of a loaded state: each is checked, described, named, put where it stood, and counted. Rule 9."""

from libc.stdint cimport INT64_MAX, int64_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset

from pricetime.matching.accounts cimport GROSS_TRACKED, account_find
from pricetime.matching.book cimport name_order
from pricetime.matching.canonical cimport OrderState
from pricetime.matching.deadlines cimport deadline_add
from pricetime.matching.dump cimport is_aged
from pricetime.matching.id_index cimport cl_ord_key, find_by_cl_ord_id, find_by_order_id, id_index_prefetch
from pricetime.matching.notional cimport NOTIONAL_END
from pricetime.matching.order_pool cimport (
    HAS_EXTRA, HIDDEN, ICEBERG, RISK_PRICED, SELF_MATCH_ID, Extra, Order, order_take,
)
from pricetime.matching.placing cimport stand
from pricetime.matching.records cimport *
from pricetime.matching.risk cimport position_fits, risk_add
from pricetime.matching.state cimport (
    SHARD_SHIFT, EngineState, Instrument, instrument_known, is_multiple, session_known,
)

cdef enum:
    KEPT_ATTRIBUTES = (SIDE_MASK << SIDE_SHIFT | ORD_TYPE_MASK << ORD_TYPE_SHIFT
                       | TIME_IN_FORCE_MASK << TIME_IN_FORCE_SHIFT | HAS_PRICE | POST_ONLY)
    ORDERS_AHEAD = 16
    KEPT_PRESENCE = HAS_DISPLAY_QUANTITY | HAS_STOP_PRICE | HAS_EXPIRE_TIME | HAS_SELF_MATCH_PREVENTION


# -------------------------------------------------------------------------------------------------- checks

cdef bint are_attributes(const OrderState* data) noexcept nogil:
    """Kinds that are known and may be live, with a price where they have one."""
    cdef uint16_t attributes = data.attributes
    cdef int type = order_type(attributes), time_in_force = order_time_in_force(attributes)
    cdef bint priced = type == LIMIT or type == STOP_LIMIT
    if attributes & ~KEPT_ATTRIBUTES or order_side(attributes) == 0 or not MARKET <= type <= MARKET_WITH_LEFT_OVER_AS_LIMIT:
        return False
    if not DAY <= time_in_force <= AT_THE_CLOSE or time_in_force == IOC or time_in_force == FOK:
        return False
    if attributes & POST_ONLY and type != LIMIT:
        return False
    if data.cum_qty != 0 and (type == STOP or type == MARKET_WITH_LEFT_OVER_AS_LIMIT):      # it is another type once it traded
        return False
    return priced == ((attributes & HAS_PRICE) != 0) and (priced or data.price == 0)


cdef bint are_quantities(const EngineState* state, const Instrument* instrument, const OrderState* data) noexcept nogil:
    """In lots, and small enough that no sum of as many orders as there is room for wraps (rule 1)."""
    cdef int64_t bound = INT64_MAX // <int64_t> state.pool.capacity, lots
    return (0 < data.leaves_qty <= bound and 0 <= data.cum_qty <= bound - data.leaves_qty
            and is_multiple(&instrument.lot, data.leaves_qty, &lots) and is_multiple(&instrument.lot, data.cum_qty, &lots))


cdef bint are_ids(const EngineState* state, const OrderState* data) noexcept nogil:
    return (state.last_order_id >= data.order_id > <uint64_t> state.shard << SHARD_SHIFT
            and 0 < data.cl_ord_id <= state.sessions[data.session].mark)


cdef bint is_standing(const Instrument* instrument, const OrderState* data) noexcept nogil:
    """Stops wait; AtTheClose orders are in the book in ClosingCall only; no market order is in it in Continuous."""
    cdef int type = order_type(data.attributes), time_in_force = order_time_in_force(data.attributes)
    if type == STOP or type == STOP_LIMIT:
        return (time_in_force == DAY or time_in_force == GTC or time_in_force == GTD) and (
            data.standing == WAITING_STOP or data.standing == ELECTED_STOP and instrument.phase != CONTINUOUS)
    if data.standing == SET_ASIDE:
        return time_in_force == AT_THE_CLOSE and instrument.phase != CLOSING_CALL and instrument.phase != CLOSED
    if data.standing != IN_THE_BOOK or time_in_force == AT_THE_CLOSE and instrument.phase != CLOSING_CALL:
        return False
    return type == LIMIT or instrument.phase != CONTINUOUS


cdef bint is_shown(const Instrument* instrument, const OrderState* data) noexcept nogil:
    """Display quantity, and what an iceberg in the book shows of itself."""
    cdef int type = order_type(data.attributes)
    cdef int64_t lots
    if not data.presence & HAS_DISPLAY_QUANTITY:
        return True
    if data.display_quantity < 0 or type != LIMIT and type != STOP_LIMIT or order_time_in_force(data.attributes) == AT_THE_CLOSE:
        return False
    if data.display_quantity == 0 or data.standing != IN_THE_BOOK:
        return data.shown_quantity == 0 and is_multiple(&instrument.lot, data.display_quantity, &lots)
    return (0 < data.shown_quantity <= data.display_quantity and data.shown_quantity <= data.leaves_qty
            and is_multiple(&instrument.lot, data.display_quantity, &lots)
            and is_multiple(&instrument.lot, data.shown_quantity, &lots))


cdef bint are_extras(const EngineState* state, const Instrument* instrument, const OrderState* data) noexcept nogil:
    cdef int64_t tick
    if data.presence & ~KEPT_PRESENCE or data.min_quantity != 0 or not is_shown(instrument, data):
        return False
    if ((data.presence & HAS_STOP_PRICE) != 0) != (data.standing == WAITING_STOP or data.standing == ELECTED_STOP):
        return False
    if data.presence & HAS_STOP_PRICE and not is_multiple(&instrument.tick, data.stop_price, &tick):
        return False
    if ((data.presence & HAS_EXPIRE_TIME) != 0) != (order_time_in_force(data.attributes) == GTD):
        return False
    if data.presence & HAS_EXPIRE_TIME and data.expire_time <= state.time:
        return False
    if data.presence & HAS_SELF_MATCH_PREVENTION and (
            data.self_match_id == 0 or not CANCEL_INCOMING <= data.self_match_instruction <= DECREMENT_BOTH):
        return False
    return data.age <= state.last_age


cdef bint is_named(const EngineState* state, uint32_t session, int64_t cl_ord_id, uint64_t order_id) noexcept nogil:
    """Another order has this ClOrdID of the session, or this OrderID."""
    return (find_by_order_id(&state.by_order_id, state.pool.orders, order_id) != 0
            or find_by_cl_ord_id(&state.by_cl_ord_id, state.pool.orders, session, cl_ord_id) != 0)


cdef const char* check_order(const EngineState* state, const OrderState* data, int64_t* tick) noexcept nogil:
    cdef const Instrument* instrument
    if not instrument_known(state, data.instrument) or not session_known(state, data.session):
        return b"an order names an unknown instrument or session"
    if state.participants[state.sessions[data.session].participant].flags & BLOCKED:
        return b"an order of a blocked participant"
    instrument = &state.instruments[data.instrument]
    if not are_attributes(data) or not is_standing(instrument, data):
        return b"an order has attributes that cannot be"
    if not is_multiple(&instrument.tick, data.price, tick) or not are_quantities(state, instrument, data):
        return b"an order has a price off the tick, or a quantity that cannot be"
    if not are_extras(state, instrument, data):
        return b"an order has an advanced attribute that cannot be"
    if not are_ids(state, data):
        return b"an order has an id above its counter"
    if is_named(state, data.session, data.cl_ord_id, data.order_id):
        return b"two orders have the same id"
    return NULL


# --------------------------------------------------------------------------------------------------- orders

cdef uint16_t flags_of(const OrderState* data) noexcept nogil:
    """Those that say what the order is; `stand` adds where it is."""
    cdef uint16_t flags = 0
    if data.presence & HAS_DISPLAY_QUANTITY:
        flags |= ICEBERG if data.display_quantity else HIDDEN
    if data.presence & HAS_SELF_MATCH_PREVENTION:
        flags |= SELF_MATCH_ID
    if data.risk_price != data.price:
        flags |= RISK_PRICED
    if flags or data.standing != IN_THE_BOOK or data.presence & HAS_EXPIRE_TIME or is_aged(data.attributes, flags):
        flags |= HAS_EXTRA
    return flags


cdef void describe(EngineState* state, uint32_t slot, const OrderState* data) noexcept nogil:
    cdef Order* order = &state.pool.orders[slot]
    cdef Extra* extra = &state.pool.extras[slot]
    order.session = <uint16_t> data.session
    order.instrument = <uint16_t> data.instrument
    order.attributes = data.attributes
    order.flags = flags_of(data)
    order.price = data.price
    order.leaves = data.leaves_qty
    order.filled = data.cum_qty
    order.order_id = data.order_id
    order.cl_ord_id = data.cl_ord_id
    if order.flags & HAS_EXTRA:
        memset(extra, 0, sizeof(Extra))
        extra.presence = data.presence
        extra.self_match_instruction = data.self_match_instruction
        extra.display_quantity = data.display_quantity
        extra.shown = data.shown_quantity
        extra.stop_price = data.stop_price
        extra.expire_time = data.expire_time
        extra.self_match_id = data.self_match_id
        extra.age = data.age
        extra.risk_price = data.risk_price


cdef const char* count_order(EngineState* state, uint32_t slot) noexcept nogil:
    """In its account, whose sums must hold."""
    cdef Order* order = &state.pool.orders[slot]
    cdef uint32_t participant = state.sessions[order.session].participant, place
    order.account = account_find(&state.accounts, participant, order.instrument)
    if order.account == 0:
        return b"an order has no account"
    risk_add(state, order)
    if not position_fits(&state.accounts.accounts[order.account], state.accounts.accounts[order.account].position):
        return b"an account's position and open quantity do not fit 63 bits"
    if state.accounts.accounts[order.account].flags & GROSS_TRACKED:
        place = state.accounts.terms[order.account].notional.currency_place
        if state.accounts.terms[order.account].notional.gross >= NOTIONAL_END or (
                place and state.participants[participant].currencies[place - 1].gross >= NOTIONAL_END):
            return b"a gross notional does not fit 127 bits"
    return NULL


cdef const char* load_order(EngineState* state, const OrderState* data) noexcept nogil:
    cdef int64_t tick = 0
    cdef uint32_t slot
    cdef const char* fault = check_order(state, data, &tick)
    if fault is not NULL:
        return fault
    slot = order_take(&state.pool)
    describe(state, slot, data)
    name_order(state, slot)
    state.sessions[data.session].open_orders += 1
    stand(state, &state.instruments[data.instrument], slot, data.standing, tick)
    if data.presence & HAS_EXPIRE_TIME:
        deadline_add(state, slot)
    return count_order(state, slot)


cdef const char* check_crossed(const EngineState* state) noexcept nogil:
    """No book is crossed in Continuous."""
    cdef const Instrument* instrument
    cdef uint32_t id, bid, ask
    for id in range(1, state.instruments_count + 1):
        instrument = &state.instruments[id]
        bid, ask = instrument.ladders[0].best, instrument.ladders[1].best
        if instrument.phase == CONTINUOUS and bid and ask and (
                state.level_pool.levels[bid].key >= ~state.level_pool.levels[ask].key):
            return b"a book is crossed in Continuous"
    return NULL


cdef inline void foresee_order(const EngineState* state, const OrderState* data) noexcept nogil:
    """Where its ids stand, in tables too large for a cache. Nothing of it is checked yet: any number has a place there."""
    id_index_prefetch(&state.by_order_id, data.order_id)
    id_index_prefetch(&state.by_cl_ord_id, cl_ord_key(&state.by_cl_ord_id, data.session, data.cl_ord_id))


cdef const char* load_orders(EngineState* state, const OrderState* data, uint64_t count) noexcept nogil:
    cdef const char* fault
    cdef uint64_t i
    for i in range(count):
        if i + ORDERS_AHEAD < count:
            foresee_order(state, &data[i + ORDERS_AHEAD])
        fault = load_order(state, &data[i])
        if fault is not NULL:
            return fault
    return check_crossed(state)
