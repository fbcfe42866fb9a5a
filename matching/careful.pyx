"""Matching that looks closer, and what becomes of an order that was matched so. Self-match prevention: rule 11 of docs/rules.md."""

from libc.stdint cimport INT64_MAX, INT64_MIN, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from pricetime.matching.book cimport forget_order, trade
from pricetime.matching.deadlines cimport call_begin
from pricetime.matching.events cimport EventSink
from pricetime.matching.fields cimport Terms, is_stop, keep_risk_price
from pricetime.matching.level_tree cimport Level
from pricetime.matching.order_pool cimport ICEBERG, SELF_MATCH_ID, Order
from pricetime.matching.placing cimport (
    cancel_order, end_order, next_age, rest_order, set_aside, take_shown, wait_as_stop,
)
from pricetime.matching.price_ladder cimport PriceLadder, ladder_below
from pricetime.matching.protection cimport Bands, bands_of
from pricetime.matching.records cimport *
from pricetime.matching.reports cimport event_done, event_to, report_order, status_of
from pricetime.matching.risk cimport risk_price_of, risk_reduce
from pricetime.matching.state cimport (
    WATCH_BANDS, WATCH_STOPS, WATCH_TRADED, EngineState, Instrument, indicative_changes, instrument_id, is_multiple,
    set_watch, side_index,
)

cdef struct Question:
    # How much could an order trade at once?
    int side                    # of the orders that it would meet
    int64_t limit_key           # the worst key of theirs
    uint32_t session
    uint8_t self_match_instruction
    uint64_t self_match_id

cdef enum Outcome:
    MATCHED                     # as far as it goes
    INTERRUPTED                 # a trade would have been outside a band
    ENDED                       # self-match prevention (rule 11) has ended the order


# -------------------------------------------------------------------------------------------- who meets whom

cdef inline uint32_t head_of(const Level* level) noexcept nogil:
    """Who is met first at a price: the oldest displayed order, else the oldest hidden one."""
    return level.head if level.head else level.hidden_head


cdef inline int64_t turn_of(const EngineState* state, uint32_t slot) noexcept nogil:
    """How much of a resting order an incoming one meets before it meets the next."""
    return state.pool.extras[slot].shown if state.pool.orders[slot].flags & ICEBERG else state.pool.orders[slot].leaves


cdef inline bint is_own(const EngineState* state, uint32_t slot, uint32_t session, uint64_t self_match_id) noexcept nogil:
    """Rule 11: is the resting order one that an incoming one with this id must not trade with?"""
    cdef const Order* resting = &state.pool.orders[slot]
    return (self_match_id != 0 and resting.flags & SELF_MATCH_ID != 0
            and state.pool.extras[slot].self_match_id == self_match_id
            and state.sessions[resting.session].participant == state.sessions[session].participant)


cdef inline bint is_inside(const Bands* bands, int64_t price) noexcept nogil:
    return bands.lowest <= price <= bands.highest


cdef inline Bands watched_bands(const EngineState* state, Instrument* instrument) noexcept nogil:
    cdef Bands bands
    if instrument.watch & WATCH_BANDS:
        return bands_of(state, instrument)
    bands.lowest = INT64_MIN
    bands.highest = INT64_MAX
    return bands


# -------------------------------------------------------------------------------------------------- at once

cdef int64_t at_level(const EngineState* state, const Level* level, const Question* question, bint* met) noexcept nogil:
    """What an order with a SelfMatchPreventionID could trade at one price; *met: it gets no further, one of its own is there."""
    cdef bint passes = question.self_match_instruction == CANCEL_RESTING
    cdef int64_t in_turn = 0, in_full = 0
    cdef uint32_t slot = level.head
    while slot != 0:
        if not is_own(state, slot, question.session, question.self_match_id):
            in_turn += turn_of(state, slot)
            in_full += state.pool.orders[slot].leaves
        elif not passes:
            met[0] = True
            return in_turn
        slot = state.pool.orders[slot].next
    slot = level.hidden_head        # all that is displayed comes first, with what icebergs have behind
    while slot != 0 and not met[0]:
        if not is_own(state, slot, question.session, question.self_match_id):
            in_full += state.pool.orders[slot].leaves
        elif not passes:
            met[0] = True
        slot = state.pool.orders[slot].next
    return in_full


cdef int64_t available(EngineState* state, Instrument* instrument, const Question* question, int64_t wanted) noexcept nogil:
    """How much of `wanted` the order could trade at once; stops counting at `wanted`."""
    cdef PriceLadder* ladder = &instrument.ladders[question.side]
    cdef const Level* level
    cdef Bands bands = watched_bands(state, instrument)
    cdef int64_t sum = 0
    cdef bint met = False
    cdef uint32_t index = ladder.best
    while index != 0 and sum < wanted and not met:
        level = &state.level_pool.levels[index]
        if level.key < question.limit_key:
            break
        if not is_inside(&bands, state.pool.orders[head_of(level)].price):
            if question.self_match_id == 0 or at_level(state, level, question, &met) != 0:
                break       # a trade there would interrupt; where all are its own and are passed there is none
        elif question.self_match_id:
            sum += at_level(state, level, question, &met)
        else:
            sum += level.quantity + level.reserve
        index = ladder_below(ladder, &state.level_pool, level.key)
    return sum if sum < wanted else wanted


cdef uint8_t check_book_closely(EngineState* state, Instrument* instrument, uint32_t session, uint16_t attributes,
                                int64_t limit_key, int64_t open_quantity, const Terms* terms) noexcept nogil:
    cdef Question question
    cdef int side = 1 - side_index(attributes)
    cdef uint32_t best = instrument.ladders[side].best
    if attributes & POST_ONLY:
        return POST_ONLY_WOULD_TRADE if best != 0 and state.level_pool.levels[best].key >= limit_key else NONE
    question.side, question.limit_key, question.session = side, limit_key, session
    question.self_match_id = terms.self_match_id if terms is not NULL else 0
    question.self_match_instruction = terms.self_match_instruction if terms is not NULL else 0
    if order_time_in_force(attributes) == FOK:
        if available(state, instrument, &question, open_quantity) < open_quantity:
            return FILL_OR_KILL_UNFILLABLE
    elif terms is not NULL and terms.presence & HAS_MIN_QUANTITY:
        if available(state, instrument, &question, terms.min_quantity) < terms.min_quantity:
            return MIN_QUANTITY_UNFILLABLE
    return NONE


# ------------------------------------------------------------------------------------------------- matching

cdef void restate(EngineState* state, EventSink* sink, const Order* order, uint8_t reason) noexcept nogil:
    report_order(state, sink, order, RESTATED, status_of(order), reason, order.cl_ord_id, 0, order.leaves)


cdef void decrement(EngineState* state, EventSink* sink, Order* order, int64_t quantity) noexcept nogil:
    """So much comes off an order without a trade; what is left is told."""
    order.leaves -= quantity
    risk_reduce(state, order, quantity)
    if order.leaves == 0:
        end_order(state, order, SELF_MATCH, order.cl_ord_id, 0, sink)
    else:
        restate(state, sink, order, SELF_MATCH)


cdef bint prevent(EngineState* state, EventSink* sink, Instrument* instrument, uint32_t incoming, uint32_t slot,
                  int64_t quantity) noexcept nogil:
    """Rule 11: two orders that must not trade have met, and would have traded `quantity`. False where the incoming one has ended."""
    cdef Order* order = &state.pool.orders[incoming]
    cdef uint8_t instruction = state.pool.extras[incoming].self_match_instruction
    if instruction == DECREMENT_BOTH:
        decrement(state, sink, &state.pool.orders[slot], quantity)
        decrement(state, sink, order, quantity)
        settle(state, instrument, slot, quantity)
        return order.leaves != 0
    if instruction == CANCEL_RESTING or instruction == CANCEL_BOTH:
        cancel_order(state, slot, SELF_MATCH, sink)
    if instruction == CANCEL_RESTING:
        return True
    end_order(state, order, SELF_MATCH, order.cl_ord_id, 0, sink)
    return False


cdef void settle(EngineState* state, Instrument* instrument, uint32_t slot, int64_t quantity) noexcept nogil:
    """A resting order has lost `quantity` of its turn: its queue follows, and one that has nothing left is forgotten."""
    take_shown(state, instrument, slot, quantity)
    if state.pool.orders[slot].leaves == 0:
        forget_order(state, slot)


cdef inline void note_trade(Instrument* instrument) noexcept nogil:
    """A trade may elect stops; they are looked at when the command is done."""
    if not instrument.watch & WATCH_TRADED:
        instrument.watch |= WATCH_TRADED
        instrument.traded_high = instrument.traded_low = instrument.last_price
    elif instrument.last_price > instrument.traded_high:
        instrument.traded_high = instrument.last_price
    elif instrument.last_price < instrument.traded_low:
        instrument.traded_low = instrument.last_price


cdef void interrupt(EngineState* state, EventSink* sink, Instrument* instrument) noexcept nogil:
    cdef EventRecord* event
    instrument.phase = VOLATILITY_CALL
    set_watch(instrument)
    call_begin(state, instrument)
    event = event_to(state, sink, 0, SESSION_STATUS, VOLATILITY_INTERRUPTION, 0, instrument_id(state, instrument))
    event.leaves_qty = VOLATILITY_CALL
    event_done(state, sink, event)


cdef Outcome match_closely(EngineState* state, EventSink* sink, Instrument* instrument, uint32_t slot,
                           int64_t limit_key) noexcept nogil:
    """As book_match, of any order against any."""
    cdef Order* incoming = &state.pool.orders[slot]
    cdef PriceLadder* ladder = &instrument.ladders[1 - side_index(incoming.attributes)]
    cdef uint64_t self_match_id = state.pool.extras[slot].self_match_id if incoming.flags & SELF_MATCH_ID else 0
    cdef Bands bands = watched_bands(state, instrument)
    cdef Level* level
    cdef uint32_t head
    cdef int64_t quantity
    while incoming.leaves != 0 and ladder.best != 0:
        level = &state.level_pool.levels[ladder.best]
        if level.key < limit_key:
            break
        head = head_of(level)
        quantity = turn_of(state, head)
        quantity = quantity if quantity < incoming.leaves else incoming.leaves
        if is_own(state, head, incoming.session, self_match_id):
            if not prevent(state, sink, instrument, slot, head, quantity):
                return ENDED
            continue
        if not is_inside(&bands, state.pool.orders[head].price):
            interrupt(state, sink, instrument)
            return INTERRUPTED
        trade(state, sink, instrument, &state.pool.orders[head], incoming, quantity)
        if instrument.watch & WATCH_STOPS:
            note_trade(instrument)
        settle(state, instrument, head, quantity)
    return MATCHED


# --------------------------------------------------------------------------------------------- working off

cdef void become_limit(EngineState* state, Instrument* instrument, uint32_t slot, int64_t price,
                       EventSink* sink) noexcept nogil:
    cdef Order* order = &state.pool.orders[slot]
    cdef int64_t tick = 0, risk_price = risk_price_of(state, order)
    is_multiple(&instrument.tick, price, &tick)
    order.attributes = (order.attributes & ~(ORD_TYPE_MASK << ORD_TYPE_SHIFT)) | LIMIT << ORD_TYPE_SHIFT | HAS_PRICE
    order.price = price
    keep_risk_price(state, slot, risk_price)        # also the 0 of an order that came in without a reference
    restate(state, sink, order, LEFT_OVER_AS_LIMIT)
    rest_order(state, instrument, slot, tick)


cdef bint rest_of_match(EngineState* state, Instrument* instrument, uint32_t slot, int64_t tick, bint interrupted,
                        EventSink* sink) noexcept nogil:
    """What becomes of an order that was matched and has something left."""
    cdef Order* order = &state.pool.orders[slot]
    cdef uint8_t time_in_force = order_time_in_force(order.attributes), type = order_type(order.attributes)
    if time_in_force == IOC or time_in_force == FOK:
        end_order(state, order, VOLATILITY_INTERRUPTION if interrupted else IMMEDIATE_REST, order.cl_ord_id, 0, sink)
        return False
    if type == MARKET_WITH_LEFT_OVER_AS_LIMIT and order.filled != 0:
        become_limit(state, instrument, slot, instrument.last_price, sink)
        return True
    if not order.attributes & HAS_PRICE and not interrupted:
        end_order(state, order, MARKET_REST, order.cl_ord_id, 0, sink)
        return False
    rest_order(state, instrument, slot, tick)
    return True


cdef bint work_off_closely(EngineState* state, Instrument* instrument, uint32_t slot, int64_t tick, int64_t limit_key,
                           EventSink* sink) noexcept nogil:
    cdef Order* order = &state.pool.orders[slot]
    cdef Outcome outcome
    if is_stop(order.attributes):
        wait_as_stop(state, instrument, slot)
        return True
    if order_time_in_force(order.attributes) == AT_THE_CLOSE:
        state.pool.extras[slot].age = next_age(state)
        if instrument.phase != CLOSING_CALL:
            set_aside(state, instrument, slot)
            return True
    if instrument.phase != CONTINUOUS:
        indicative_changes(state, instrument)
        rest_order(state, instrument, slot, tick)
        return True
    outcome = match_closely(state, sink, instrument, slot, limit_key)
    if outcome == ENDED or order.leaves == 0:
        return False
    return rest_of_match(state, instrument, slot, tick, outcome == INTERRUPTED, sink)
