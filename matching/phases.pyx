"""Phase changes, days and the clock. Rule 6."""

from libc.stdint cimport int64_t, uint8_t, uint32_t

from pricetime.matching.auction cimport Uncross, auction_price, auction_trade
from pricetime.matching.book cimport book_remove, forget_order
from pricetime.matching.events cimport EventSink
from pricetime.matching.placing cimport cancel_order
from pricetime.matching.records cimport *
from pricetime.matching.reports cimport event_done, event_to, report_command, report_order
from pricetime.matching.selection cimport Selection, select_instrument
from pricetime.matching.state cimport EngineState, Instrument, instrument_known


cdef inline bint is_call(uint8_t phase) noexcept nogil:
    return phase == PRE_OPEN or phase == OPENING_CALL or phase == CLOSING_CALL or phase == VOLATILITY_CALL


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
    if phase == VOLATILITY_CALL:
        return UNSUPPORTED
    if phase == instrument.phase:
        return PHASE_UNCHANGED
    if command.quantity != 0 and (not is_date(command.quantity) or command.quantity < instrument.trade_date):
        return TRADE_DATE_INVALID
    return NONE


cdef void expire_day_orders(EngineState* state, uint32_t instrument, EventSink* sink) noexcept nogil:
    cdef Selection day = select_instrument(state, instrument, TIME_IN_FORCE_MASK << TIME_IN_FORCE_SHIFT,
                                           DAY << TIME_IN_FORCE_SHIFT)
    cdef uint32_t i, slot
    for i in range(day.count):
        slot = day.picked[i].slot
        event_done(state, sink, report_order(state, sink, &state.pool.orders[slot], EXPIRED, ORDER_EXPIRED, DAY_END,
                                             state.pool.orders[slot].cl_ord_id, 0, 0))
        book_remove(state, &state.instruments[instrument], slot)
        forget_order(state, slot)


cdef void cancel_market_orders(EngineState* state, uint32_t instrument, EventSink* sink) noexcept nogil:
    cdef Selection market = select_instrument(state, instrument, ORD_TYPE_MASK << ORD_TYPE_SHIFT,
                                              MARKET << ORD_TYPE_SHIFT)
    cdef uint32_t i
    for i in range(market.count):
        cancel_order(state, market.picked[i].slot, UNCROSS_REST, sink)


cdef void report_phase(EngineState* state, const CommandLine* command, Uncross uncross, EventSink* sink) noexcept nogil:
    cdef EventRecord* event = event_to(state, sink, command.session, SESSION_STATUS, NONE, command.cl_ord_id,
                                       command.instrument)
    event.last_px = uncross.price
    event.last_qty = uncross.quantity
    event.leaves_qty = command.attributes
    event_done(state, sink, event)


cdef void change_phase(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil:
    """TradingSessionStatus [h]: new day, status, uncross, market rest, end of day, in this order."""
    cdef Instrument* instrument
    cdef Uncross uncross
    cdef int phase = command.attributes
    cdef bint uncrosses
    cdef uint8_t reason = check_status(state, command)
    if reason:
        report_command(state, sink, command, BUSINESS_MESSAGE_REJECT, reason)
        return
    instrument = &state.instruments[command.instrument]
    if command.quantity > instrument.trade_date:
        expire_day_orders(state, command.instrument, sink)
        instrument.trade_date = command.quantity
    uncrosses = phase == CONTINUOUS or (phase == CLOSED and instrument.phase == CLOSING_CALL)
    uncross.price = uncross.quantity = 0
    if uncrosses:
        uncross = auction_price(state, instrument)
        if uncross.quantity == 0:
            uncross.price = 0
        else:
            instrument.has_auction_price = 1
            instrument.auction_price = uncross.price
    instrument.phase = <uint8_t> phase
    instrument.reported_price = instrument.reported_quantity = 0
    report_phase(state, command, uncross, sink)
    if uncrosses:
        auction_trade(state, instrument, uncross, sink)
        cancel_market_orders(state, command.instrument, sink)
    if phase == CLOSED:
        expire_day_orders(state, command.instrument, sink)
        if instrument.has_last_price:
            instrument.reference_price = instrument.last_price
            instrument.limits_presence |= HAS_REFERENCE_PRICE
            instrument.last_price = 0
            instrument.has_last_price = 0


cdef void tell_indicative(EngineState* state, EventSink* sink) noexcept nogil:
    cdef Instrument* instrument
    cdef EventRecord* event
    cdef Uncross uncross
    cdef uint32_t id
    for id in range(1, state.instruments_count + 1):
        instrument = &state.instruments[id]
        if not is_call(instrument.phase):
            continue
        uncross = auction_price(state, instrument)
        if uncross.quantity == 0:
            uncross.price = 0
        if uncross.price == instrument.reported_price and uncross.quantity == instrument.reported_quantity:
            continue
        instrument.reported_price = uncross.price
        instrument.reported_quantity = uncross.quantity
        event = event_to(state, sink, 0, INDICATIVE_PRICE, NONE, 0, id)
        event.last_px = uncross.price
        event.last_qty = uncross.quantity
        event_done(state, sink, event)
