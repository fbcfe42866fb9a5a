"""The uncross: most executable quantity, least surplus, market pressure, nearest to the reference; then head against head.

The price is found in one walk over the levels of both sides from the highest candidate price to the lowest, keeping
two running sums: what buyers would take at this price or above, what sellers would give at it or below.
"""

from libc.stdint cimport INT64_MAX, int64_t, uint32_t, uint64_t

from pricetime.matching.book cimport fill, forget_order, report_trade
from pricetime.matching.events cimport EventSink
from pricetime.matching.level_tree cimport Level
from pricetime.matching.order_pool cimport ICEBERG, Order
from pricetime.matching.placing cimport show_next_part, take_out
from pricetime.matching.price_ladder cimport ladder_above, ladder_below, ladder_worst
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


cdef struct Turn:
    # Whose turn it is on one side, and with how much: a market order, what a displayed order shows, a hidden order, or what
    # an iceberg has behind what it shows.
    uint32_t slot
    int64_t quantity            # 0: the next one's turn
    bint behind                 # not of what is shown
    uint32_t queue              # level of the displayed queue in which `next` stands; 0: market orders
    uint32_t next               # displayed orders before it have nothing shown any more; 0: begin at the head


cdef inline int64_t price_of(const EngineState* state, uint32_t index) noexcept nogil:
    cdef const Level* level = &state.level_pool.levels[index]
    return state.pool.orders[level.head if level.head else level.hidden_head].price


cdef inline int64_t all_of(const Level* level) noexcept nogil:
    """What is open at a price, shown or not."""
    return level.quantity + level.reserve


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
        sells += all_of(&levels[index])
        index = ladder_above(&instrument.ladders[1], &state.level_pool, levels[index].key)
    best.executable = 0
    best.surplus = INT64_MAX
    best.highest = best.lowest = best.nearest = 0
    best.distance = 0
    best.buyers_left = best.sellers_left = False
    while bid != 0 or ask != 0:
        if ask == 0 or (bid != 0 and price_of(state, bid) >= price_of(state, ask)):
            price = price_of(state, bid)
            buys += all_of(&levels[bid])
            bid = ladder_below(&instrument.ladders[0], &state.level_pool, levels[bid].key)
        else:
            price = price_of(state, ask)
        weigh(&best, price, buys, sells, has_reference, reference)
        if ask != 0 and price_of(state, ask) == price:
            sells -= all_of(&levels[ask])
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


# -------------------------------------------------------------------------------------------------- trades

cdef inline int64_t shown_of(const EngineState* state, uint32_t slot) noexcept nogil:
    return state.pool.extras[slot].shown if state.pool.orders[slot].flags & ICEBERG else state.pool.orders[slot].leaves


cdef void next_turn(EngineState* state, Instrument* instrument, int side, Turn* turn) noexcept nogil:
    """Market orders, then the best price: displayed quantity by time, then what is not shown by age."""
    cdef uint32_t queue = 0, slot
    cdef Level* level = &instrument.market[side]
    if level.head == 0:
        queue = instrument.ladders[side].best
        level = &state.level_pool.levels[queue]
    turn.behind = level.quantity == 0
    if turn.behind:         # icebergs with nothing shown are alone in the displayed queue
        slot = level.head
        if slot == 0 or (level.hidden_head != 0 and state.pool.extras[level.hidden_head].age < state.pool.extras[slot].age):
            slot = level.hidden_head
        turn.quantity = state.pool.orders[slot].leaves
    else:
        slot = turn.next if turn.queue == queue and turn.next != 0 else level.head
        while shown_of(state, slot) == 0:
            slot = state.pool.orders[slot].next
        turn.quantity = shown_of(state, slot)
    turn.slot, turn.queue = slot, queue


cdef void settle_turn(EngineState* state, Instrument* instrument, int side, Turn* turn, int64_t quantity) noexcept nogil:
    """The order whose turn it is has traded: its queue follows; one with nothing left goes."""
    cdef uint32_t slot = turn.slot
    cdef Order* order = &state.pool.orders[slot]
    cdef Level* level = &state.level_pool.levels[turn.queue] if turn.queue else &instrument.market[side]
    turn.quantity -= quantity
    if turn.behind:
        level.reserve -= quantity
    else:
        level.quantity -= quantity
        if order.flags & ICEBERG:
            state.pool.extras[slot].shown -= quantity
        turn.next = order.next if turn.quantity == 0 else slot
    if order.leaves == 0:
        take_out(state, instrument, slot)
        forget_order(state, slot)


cdef void show_next_parts(EngineState* state, Level* level) noexcept nogil:
    """Icebergs of which nothing is shown any more, in queue order."""
    cdef uint32_t slot = level.head, next, left = level.count
    while left != 0:
        left -= 1
        next = state.pool.orders[slot].next
        if shown_of(state, slot) == 0:
            show_next_part(state, level, slot)
        slot = next


cdef void auction_trade(EngineState* state, Instrument* instrument, Uncross uncross, EventSink* sink) noexcept nogil:
    cdef Turn turns[2]
    cdef Order* orders[2]
    cdef int64_t quantity, left = uncross.quantity
    cdef int side
    if left == 0:
        return
    instrument.last_price = instrument.auction_price = uncross.price
    instrument.has_last_price = instrument.has_auction_price = 1
    instrument.band_sequence = 0
    for side in range(2):
        turns[side].quantity = 0
        turns[side].queue = turns[side].next = 0
    while left != 0:
        quantity = left
        for side in range(2):
            if turns[side].quantity == 0:
                next_turn(state, instrument, side, &turns[side])
            if turns[side].quantity < quantity:
                quantity = turns[side].quantity
        left -= quantity
        state.last_trd_match_id += 1
        for side in range(2):
            orders[side] = &state.pool.orders[turns[side].slot]
            fill(orders[side], quantity)
            risk_trade(state, orders[side], quantity)
        for side in range(2):
            report_trade(state, sink, orders[side], 0, uncross.price, quantity)
        for side in range(2):
            settle_turn(state, instrument, side, &turns[side], quantity)
    for side in range(2):
        if turns[side].queue != 0:
            show_next_parts(state, &state.level_pool.levels[turns[side].queue])
