"""The uncross: most executable quantity, least surplus, market pressure, nearest to the reference; then head against head.

The price is found in one walk over the levels of both sides from the highest candidate price to the lowest, keeping
two running sums: what buyers would take at this price or above, what sellers would give at it or below.
"""

from libc.stdint cimport INT64_MAX, int64_t, uint32_t, uint64_t

from pricetime.matching.book cimport fill, forget_order, queue_remove, report_trade
from pricetime.matching.events cimport EventSink
from pricetime.matching.order_pool cimport Order
from pricetime.matching.price_ladder cimport Level, ladder_above, ladder_below, ladder_remove, ladder_worst
from pricetime.matching.protection cimport reference_of
from pricetime.matching.risk cimport risk_trade
from pricetime.matching.state cimport EngineState, Instrument

cdef struct Best:
    # The prices that are equally good so far.
    int64_t executable
    int64_t surplus             # absolute
    int64_t highest
    int64_t lowest
    bint buyers_left            # the surplus is on the buy side at all of them
    bint sellers_left
    int64_t nearest             # to the reference, the higher of two
    uint64_t distance


cdef inline int64_t price_of(const EngineState* state, uint32_t level) noexcept nogil:
    return state.pool.orders[state.level_pool.levels[level].head].price


cdef inline void weigh(Best* best, int64_t price, int64_t buys, int64_t sells, bint has_reference,
                       int64_t reference) noexcept nogil:
    """Compare one candidate with the best so far; candidates come from the highest price down."""
    cdef int64_t executable = buys if buys < sells else sells
    cdef int64_t surplus = buys - sells if buys > sells else sells - buys
    cdef uint64_t distance = 0
    if has_reference:
        distance = <uint64_t> price - <uint64_t> reference if price > reference else <uint64_t> reference - <uint64_t> price
    if executable < best.executable or (executable == best.executable and surplus > best.surplus):
        return
    if executable > best.executable or surplus < best.surplus:
        best.executable, best.surplus = executable, surplus
        best.highest = best.nearest = price
        best.distance = distance
        best.buyers_left = best.sellers_left = True
    elif distance < best.distance:
        best.nearest, best.distance = price, distance
    best.lowest = price
    best.buyers_left = best.buyers_left and buys > sells
    best.sellers_left = best.sellers_left and sells > buys


cdef Uncross auction_price(EngineState* state, Instrument* instrument) noexcept nogil:
    cdef Uncross uncross
    cdef Best best
    cdef Level* levels = state.level_pool.levels
    cdef uint32_t bid = instrument.ladders[0].best, ask = ladder_worst(&instrument.ladders[1], &state.level_pool), index
    cdef int64_t buys = instrument.market[0].quantity, sells = instrument.market[1].quantity, price, reference = 0
    cdef bint has_reference = reference_of(instrument, &reference)
    uncross.price = uncross.quantity = 0
    if bid == 0 and ask == 0:
        if has_reference:
            uncross.price = reference
            uncross.quantity = buys if buys < sells else sells
        return uncross
    index = ask
    while index != 0:
        sells += levels[index].quantity
        index = ladder_above(&instrument.ladders[1], &state.level_pool, levels[index].key)
    best.executable = 0
    best.surplus = INT64_MAX
    best.highest = best.lowest = best.nearest = 0
    best.distance = 0
    best.buyers_left = best.sellers_left = False
    while bid != 0 or ask != 0:
        if ask == 0 or (bid != 0 and price_of(state, bid) >= price_of(state, ask)):
            price = price_of(state, bid)
            buys += levels[bid].quantity
            bid = ladder_below(&instrument.ladders[0], &state.level_pool, levels[bid].key)
        else:
            price = price_of(state, ask)
        weigh(&best, price, buys, sells, has_reference, reference)
        if ask != 0 and price_of(state, ask) == price:
            sells -= levels[ask].quantity
            ask = ladder_above(&instrument.ladders[1], &state.level_pool, levels[ask].key)
    if best.executable == 0:
        return uncross
    uncross.quantity = best.executable
    if best.buyers_left:
        uncross.price = best.highest
    elif best.sellers_left:
        uncross.price = best.lowest
    else:
        uncross.price = best.nearest if has_reference else best.highest
    return uncross


cdef inline uint32_t auction_head(EngineState* state, Instrument* instrument, int side, Level** level) noexcept nogil:
    """The order whose turn it is on one side, and its queue: market orders, then the best price, the oldest first."""
    level[0] = &instrument.market[side]
    if level[0].head == 0:
        level[0] = &state.level_pool.levels[instrument.ladders[side].best]
    return level[0].head


cdef inline void auction_settle(EngineState* state, Instrument* instrument, int side, Level* level,
                                uint32_t slot) noexcept nogil:
    """Take a filled order away."""
    cdef Order* order = &state.pool.orders[slot]
    if order.leaves != 0:
        return
    queue_remove(state, level, slot)
    if level.count == 0 and order.level != 0:
        ladder_remove(&instrument.ladders[side], &state.level_pool, order.level)
    forget_order(state, slot)


cdef void auction_trade(EngineState* state, Instrument* instrument, Uncross uncross, EventSink* sink) noexcept nogil:
    cdef Level* buy_level
    cdef Level* sell_level
    cdef uint32_t buy, sell
    cdef Order* buyer
    cdef Order* seller
    cdef int64_t quantity, left = uncross.quantity
    if left == 0:
        return
    instrument.last_price = uncross.price
    instrument.has_last_price = 1
    while left != 0:
        buy = auction_head(state, instrument, 0, &buy_level)
        sell = auction_head(state, instrument, 1, &sell_level)
        buyer = &state.pool.orders[buy]
        seller = &state.pool.orders[sell]
        quantity = buyer.leaves if buyer.leaves < seller.leaves else seller.leaves
        if quantity > left:
            quantity = left
        left -= quantity
        state.last_trd_match_id += 1
        buy_level.quantity -= quantity
        sell_level.quantity -= quantity
        fill(buyer, quantity)
        fill(seller, quantity)
        risk_trade(state, buyer, quantity)
        risk_trade(state, seller, quantity)
        report_trade(state, sink, buyer, 0, uncross.price, quantity)
        report_trade(state, sink, seller, 0, uncross.price, quantity)
        auction_settle(state, instrument, 0, buy_level, buy)
        auction_settle(state, instrument, 1, sell_level, sell)
