"""How an order comes in: new, or again after a replace. Rule 4, checks 1 and 8, and the working off; the plain way, inline."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from pricetime.matching.book cimport book_available, book_crosses, book_match, book_rest_at
from pricetime.matching.careful cimport check_book_closely, work_off_closely
from pricetime.matching.deadlines cimport deadline_add
from pricetime.matching.events cimport EventSink
from pricetime.matching.fields cimport KEPT_ATTRIBUTES, Terms
from pricetime.matching.memory cimport unlikely
from pricetime.matching.order_pool cimport STOP_WAITING, Order, order_take
from pricetime.matching.placing cimport end_order
from pricetime.matching.records cimport *
from pricetime.matching.state cimport (
    WATCH_STOPS, WATCH_TRADED, EngineState, Instrument, indicative_changes, instrument_known, side_index,
)
from pricetime.matching.stops cimport release_stops
from pricetime.matching.words cimport Word


cdef inline uint8_t check_instrument(const EngineState* state, const CommandLine* command) noexcept nogil:
    if not instrument_known(state, command.instrument):
        return UNKNOWN_INSTRUMENT
    if state.instruments[command.instrument].flags & DISABLED:
        return INSTRUMENT_DISABLED
    return NONE


cdef inline uint8_t check_book(EngineState* state, Instrument* instrument, uint32_t session, uint16_t attributes,
                               int64_t limit_key, int64_t open_quantity, const Terms* terms) noexcept nogil:
    """Post-only, FOK and MinQty, in Continuous; limit_key is a key of the other side, terms NULL for a plain order."""
    cdef uint32_t best
    if not attributes & POST_ONLY and order_time_in_force(attributes) < IOC:
        return NONE         # GTD and the auctions: not in Continuous, or nothing to ask
    if terms is not NULL or instrument.watch:
        return check_book_closely(state, instrument, session, attributes, limit_key, open_quantity, terms)
    if attributes & POST_ONLY:
        best = instrument.ladders[1 - side_index(attributes)].best
        if best != 0 and state.level_pool.levels[best].key >= limit_key:
            return POST_ONLY_WOULD_TRADE
    elif order_time_in_force(attributes) == FOK:
        if book_available(state, instrument, 1 - side_index(attributes), limit_key, open_quantity) < open_quantity:
            return FILL_OR_KILL_UNFILLABLE
    return NONE


cdef inline uint32_t accept_order(EngineState* state, const CommandLine* command, uint32_t account) noexcept nogil:
    """A slot for a new order that passed all checks, as its command's first line says it. It stands nowhere yet."""
    cdef uint16_t attributes = command.attributes
    cdef uint32_t slot = order_take(&state.pool)
    cdef Order* order = &state.pool.orders[slot]
    if order_time_in_force(attributes) == 0:
        attributes |= DAY << TIME_IN_FORCE_SHIFT
    state.last_order_id += 1
    order.account = account
    # Session, instrument, attributes and flags (0) in one store: an event reads them back as words, which four would hold up.
    (<Word*> &order.session)[0] = (command.session | <uint64_t> command.instrument << 16
                                       | <uint64_t> (attributes & KEPT_ATTRIBUTES) << 32)
    order.price = command.price if attributes & HAS_PRICE else 0
    order.leaves = command.quantity
    order.filled = 0
    order.order_id = state.last_order_id
    order.cl_ord_id = command.cl_ord_id
    return slot


cdef inline bint work_off(EngineState* state, Instrument* instrument, uint32_t slot, int64_t tick, uint32_t level,
                          int64_t limit_key, bint plain, EventSink* sink) noexcept nogil:
    """Match an accepted order that stands nowhere, rest what may rest, end what may not. True where it lives on. `level` is
    what foresee_rest gave."""
    cdef Order* order = &state.pool.orders[slot]
    cdef uint8_t time_in_force
    if not plain or unlikely(instrument.watch):
        return work_off_closely(state, instrument, slot, tick, limit_key, sink)
    if instrument.phase == CONTINUOUS:
        if book_crosses(state, instrument, order, limit_key) \
                and not book_match(state, sink, instrument, order, limit_key):
            return work_off_closely(state, instrument, slot, tick, limit_key, sink)
        if order.leaves == 0:
            return False
        time_in_force = order_time_in_force(order.attributes)
        if time_in_force == IOC or time_in_force == FOK:
            end_order(state, order, IMMEDIATE_REST, order.cl_ord_id, 0, sink)
            return False
        if order_type(order.attributes) == MARKET:
            end_order(state, order, MARKET_REST, order.cl_ord_id, 0, sink)
            return False
    else:
        indicative_changes(state, instrument)
    book_rest_at(state, instrument, slot, tick, level)
    return True


cdef inline void lives_on(EngineState* state, uint32_t slot, bint plain) noexcept nogil:
    """An order that came in is live, and named: a GTD order gets its deadline."""
    if not plain and order_time_in_force(state.pool.orders[slot].attributes) == GTD:
        deadline_add(state, slot)


cdef inline void release_elected(EngineState* state, Instrument* instrument, uint32_t slot, EventSink* sink) noexcept nogil:
    """The command is worked off; `slot`: the order that came in, where it may be a stop with a new StopPx; else 0."""
    if unlikely(instrument.watch & (WATCH_STOPS | WATCH_TRADED)):
        release_stops(state, instrument, slot if state.pool.orders[slot].flags & STOP_WAITING else 0, sink)
