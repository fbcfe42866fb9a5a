"""Phase changes, days, the clock, and what is due by itself. Rules 2 and 6."""

from libc.stdint cimport int64_t, uint8_t, uint32_t

from pricetime.matching.auction cimport Uncross, auction_price, auction_trade
from pricetime.matching.careful cimport become_limit
from pricetime.matching.deadlines cimport call_begin, call_over, deadline_remove
from pricetime.matching.events cimport EventSink
from pricetime.matching.placing cimport cancel_order, expire_order, rest_order, set_aside, take_out
from pricetime.matching.records cimport *
from pricetime.matching.reports cimport event_done, event_to, report_command
from pricetime.matching.selection cimport Picked, Selection, pick, select_instrument, selection_sort
from pricetime.matching.state cimport (
    EngineState, Instrument, indicative_changes, instrument_known, is_multiple, set_watch,
)
from pricetime.matching.stops cimport release_at_start

cdef enum:
    OF_TIME_IN_FORCE = TIME_IN_FORCE_MASK << TIME_IN_FORCE_SHIFT
    OF_DAY = DAY << TIME_IN_FORCE_SHIFT
    OF_THE_OPENING = AT_THE_OPENING << TIME_IN_FORCE_SHIFT
    OF_THE_CLOSE = AT_THE_CLOSE << TIME_IN_FORCE_SHIFT

assert AT_THE_OPENING == 6 and AT_THE_CLOSE == 7, "OF_AUCTIONS picks both, and nothing else, by two bits"

cdef enum:
    OF_AUCTIONS = OF_THE_OPENING & OF_THE_CLOSE


cdef inline bint is_date(int64_t date) noexcept nogil:
    """yyyymmdd"""
    return (0 < date <= 99991231 and 1 <= date // 100 % 100 <= 12 and 1 <= date % 100 <= 31 and date >= 10101)


cdef uint8_t check_status(const EngineState* state, const CommandLine* command) noexcept nogil:
    cdef const Instrument* instrument
    cdef int phase = command.attributes
    if not instrument_known(state, command.instrument):
        return UNKNOWN_INSTRUMENT
    instrument = &state.instruments[command.instrument]
    if phase < CLOSED or phase > HALTED:
        return PHASE_UNKNOWN
    if phase == instrument.phase:
        return PHASE_UNCHANGED
    if command.quantity != 0 and (not is_date(command.quantity) or command.quantity < instrument.trade_date):
        return TRADE_DATE_INVALID
    return NONE


# ------------------------------------------------------------------------------------- orders that end or move

cdef void end_day_orders(EngineState* state, uint32_t instrument, EventSink* sink) noexcept nogil:
    """The day is over: what was only for its auctions, then Day orders."""
    cdef Selection day
    cdef uint32_t i
    cancel_auction_orders(state, instrument, OF_AUCTIONS, OF_AUCTIONS, sink)
    day = select_instrument(state, instrument, OF_TIME_IN_FORCE, OF_DAY)
    for i in range(day.count):
        expire_order(state, day.picked[i].slot, DAY_END, sink)


cdef void cancel_auction_orders(EngineState* state, uint32_t instrument, int mask, int which, EventSink* sink) noexcept nogil:
    """What is left AtTheOpening, or AtTheOpening and AtTheClose together."""
    cdef Selection left = select_instrument(state, instrument, mask, which)
    cdef uint32_t i
    for i in range(left.count):
        cancel_order(state, left.picked[i].slot, AUCTION_REST, sink)


cdef void end_market_orders(EngineState* state, uint32_t id, Uncross uncross, EventSink* sink) noexcept nogil:
    """What the uncross has left of the market orders: one that may become a Limit order and has traded does."""
    cdef Instrument* instrument = &state.instruments[id]
    cdef Selection market
    cdef uint32_t i, slot
    cdef int side
    market.picked = <Picked*> state.selection_room
    market.count = 0
    for side in range(2):
        slot = instrument.market[side].head
        while slot != 0:
            pick(&market, state, slot)
            slot = state.pool.orders[slot].next
    selection_sort(&market)
    for i in range(market.count):
        slot = market.picked[i].slot
        if order_type(state.pool.orders[slot].attributes) == MARKET_WITH_LEFT_OVER_AS_LIMIT and state.pool.orders[slot].filled:
            take_out(state, instrument, slot)
            become_limit(state, instrument, slot, uncross.price, sink)
        else:
            cancel_order(state, slot, UNCROSS_REST, sink)


cdef void join_closing(EngineState* state, Instrument* instrument) noexcept nogil:
    """The AtTheClose orders that were set aside join their queues, by age."""
    cdef uint32_t slot = instrument.aside.head
    cdef int64_t tick = 0
    while slot != 0:
        take_out(state, instrument, slot)
        is_multiple(&instrument.tick, state.pool.orders[slot].price, &tick)
        rest_order(state, instrument, slot, tick)
        slot = instrument.aside.head


cdef void leave_closing(EngineState* state, uint32_t id) noexcept nogil:
    """AtTheClose orders leave the book and are set aside again, by age."""
    cdef Instrument* instrument = &state.instruments[id]
    cdef Selection closing = select_instrument(state, id, OF_TIME_IN_FORCE, OF_THE_CLOSE)
    cdef uint32_t i
    for i in range(closing.count):
        closing.picked[i].order_id = state.pool.extras[closing.picked[i].slot].age
    selection_sort(&closing)
    for i in range(closing.count):
        take_out(state, instrument, closing.picked[i].slot)
        set_aside(state, instrument, closing.picked[i].slot)


# -------------------------------------------------------------------------------------------- phase changes

cdef void report_phase(EngineState* state, uint32_t id, const CommandLine* command, Uncross uncross,
                       EventSink* sink) noexcept nogil:
    """SESSION_STATUS to who asked for it; without a command: to the venue, a call is over."""
    cdef EventRecord* event
    if command is not NULL:
        event = event_to(state, sink, command.session, SESSION_STATUS, NONE, command.cl_ord_id, id)
    else:
        event = event_to(state, sink, 0, SESSION_STATUS, CALL_ENDED, 0, id)
    event.last_px = uncross.price
    event.last_qty = uncross.quantity
    event.leaves_qty = state.instruments[id].phase
    event_done(state, sink, event)


cdef void take_phase(EngineState* state, Instrument* instrument, uint8_t phase) noexcept nogil:
    """The phase itself, and what hangs on it alone."""
    if instrument.phase == VOLATILITY_CALL:
        call_over(state, instrument)
    instrument.phase = phase
    set_watch(instrument)
    if phase == VOLATILITY_CALL:
        call_begin(state, instrument)
    instrument.reported_price = instrument.reported_quantity = 0
    indicative_changes(state, instrument)


cdef void end_day(EngineState* state, uint32_t id, EventSink* sink) noexcept nogil:
    """Into Closed: the day's orders end; the last trade becomes the reference."""
    cdef Instrument* instrument = &state.instruments[id]
    end_day_orders(state, id, sink)
    if instrument.has_last_price:
        instrument.reference_price = instrument.last_price
        instrument.limits_presence |= HAS_REFERENCE_PRICE
        instrument.last_price = 0
        instrument.has_last_price = 0


cdef void enter_phase(EngineState* state, uint32_t id, uint8_t phase, const CommandLine* command,
                      EventSink* sink) noexcept nogil:
    """Rule 6, what happens from 2 on; `command` is NULL where a VolatilityCall ends by itself."""
    cdef Instrument* instrument = &state.instruments[id]
    cdef uint8_t before = instrument.phase
    cdef bint uncrosses = phase == CONTINUOUS or (phase == CLOSED and before == CLOSING_CALL)
    cdef Uncross uncross
    if phase == CLOSING_CALL:
        join_closing(state, instrument)
    uncross.price = uncross.quantity = 0
    if uncrosses:
        uncross = auction_price(state, instrument)
        if uncross.quantity == 0:
            uncross.price = 0
    take_phase(state, instrument, phase)
    report_phase(state, id, command, uncross, sink)
    if uncrosses:
        auction_trade(state, instrument, uncross, sink)
        end_market_orders(state, id, uncross, sink)
    if phase == CONTINUOUS:
        cancel_auction_orders(state, id, OF_TIME_IN_FORCE, OF_THE_OPENING, sink)
    if before == CLOSING_CALL and phase != CLOSED:
        leave_closing(state, id)
    if phase == CLOSED:
        end_day(state, id, sink)
    if phase == CONTINUOUS:
        release_at_start(state, instrument, sink)


cdef void change_phase(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil:
    """TradingSessionStatus [h]."""
    cdef Instrument* instrument
    cdef uint8_t reason = check_status(state, command)
    if reason:
        report_command(state, sink, command, BUSINESS_MESSAGE_REJECT, reason)
        return
    instrument = &state.instruments[command.instrument]
    if command.quantity > instrument.trade_date:
        if instrument.trade_date != 0:      # the first date ends no day
            end_day_orders(state, command.instrument, sink)
        instrument.trade_date = command.quantity
    enter_phase(state, command.instrument, <uint8_t> command.attributes, command, sink)


# --------------------------------------------------------------------------------------------- what is due

cdef void work_off_due(EngineState* state, EventSink* sink) noexcept nogil:
    cdef Selection due
    cdef uint32_t i, slot, id
    due.picked = <Picked*> state.selection_room
    due.count = 0
    while state.deadlines_count != 0 and state.pool.extras[state.deadlines[1]].expire_time <= state.time:
        slot = state.deadlines[1]
        deadline_remove(state, slot)
        pick(&due, state, slot)
    selection_sort(&due)
    for i in range(due.count):
        expire_order(state, due.picked[i].slot, EXPIRE_TIME_REACHED, sink)
    if state.next_call_end > state.time:
        return
    for id in range(1, state.instruments_count + 1):
        if state.instruments[id].call_end != 0 and state.instruments[id].call_end <= state.time:
            enter_phase(state, id, CONTINUOUS, NULL, sink)


cdef void tell_indicative(EngineState* state, EventSink* sink) noexcept nogil:
    cdef Instrument* instrument
    cdef EventRecord* event
    cdef Uncross uncross
    cdef uint32_t id
    for id in range(1, state.instruments_count + 1):
        instrument = &state.instruments[id]
        if not is_call(instrument.phase) or instrument.indicative_known:
            continue
        uncross = auction_price(state, instrument)
        if uncross.quantity == 0:
            uncross.price = 0
        instrument.indicative_known = 1
        state.indicatives_known += 1
        if uncross.price == instrument.reported_price and uncross.quantity == instrument.reported_quantity:
            continue
        instrument.reported_price = uncross.price
        instrument.reported_quantity = uncross.quantity
        event = event_to(state, sink, 0, INDICATIVE_PRICE, NONE, 0, id)
        event.last_px = uncross.price
        event.last_qty = uncross.quantity
        event_done(state, sink, event)
