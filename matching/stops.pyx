"""Stops: which are elected, and their release, round by round.

Trades note the highest and the lowest price (Instrument.traded_high, traded_low); what is elected then is one end of each
side's tree, and nobody looks for it before the command is done. A round is written down before it begins, so that what its own
trades elect waits for the next; until its turn comes a stop stays in its tree.
"""

from libc.stdint cimport int64_t, uint16_t, uint32_t

from pricetime.matching.book cimport forget_order
from pricetime.matching.careful cimport opposite_limit, work_off_closely
from pricetime.matching.events cimport EventSink
from pricetime.matching.level_tree cimport Level, tree_below, tree_highest
from pricetime.matching.order_pool cimport STOP_ELECTED, Extra, Order
from pricetime.matching.placing cimport end_order, take_out
from pricetime.matching.protection cimport beyond_collar, reference_of
from pricetime.matching.records cimport *
from pricetime.matching.reports cimport report_order, status_of
from pricetime.matching.selection cimport Picked
from pricetime.matching.state cimport (
    WATCH_TRADED, EngineState, Instrument, is_multiple, level_key, side_index,
)

cdef struct Prices:
    # What elects: buys up to the highest, sells down to the lowest.
    bint known
    int64_t highest
    int64_t lowest

cdef struct Round:
    # The stops to be released, each side in its order: slots in `picked`, with their ages.
    Picked* picked
    uint32_t at[2]
    uint32_t end[2]


cdef inline int64_t last_key(Instrument* instrument, int side, const Prices* prices) noexcept nogil:
    """The lowest key of a side's stops that these prices elect."""
    cdef int64_t tick = 0
    is_multiple(&instrument.tick, prices.highest if side == 0 else prices.lowest, &tick)
    return level_key(1 - side, tick)


cdef inline bint reaches(Instrument* instrument, const Order* order, const Extra* extra, int64_t price) noexcept nogil:
    return price >= extra.stop_price if side_index(order.attributes) == 0 else price <= extra.stop_price


cdef void elect(EngineState* state, Instrument* instrument, int side, uint32_t slot) noexcept nogil:
    """A stop waits elected from now on."""
    if not state.pool.orders[slot].flags & STOP_ELECTED:
        state.pool.orders[slot].flags |= STOP_ELECTED
        instrument.elected[side] += 1


cdef uint32_t gather_level(EngineState* state, const Level* level, bint all, Picked* picked) noexcept nogil:
    """Write down the elected stops of one StopPx, all of them or those that were elected before; how many."""
    cdef uint32_t slot = level.head, count = 0
    while slot != 0:
        if all or state.pool.orders[slot].flags & STOP_ELECTED:
            picked[count].order_id = state.pool.extras[slot].age
            picked[count].slot = slot
            count += 1
        slot = state.pool.orders[slot].next
    return count


cdef uint32_t gather_side(EngineState* state, Instrument* instrument, int side, const Prices* prices,
                          Picked* picked) noexcept nogil:
    """The elected stops of a side in the order of their release; how many."""
    cdef int64_t end = last_key(instrument, side, prices) if prices.known else 0
    cdef uint32_t index = tree_highest(&instrument.stops[side], &state.level_pool), count = 0
    cdef const Level* level
    cdef bint all
    while index != 0:
        level = &state.level_pool.levels[index]
        all = prices.known and level.key >= end
        if not all and instrument.elected[side] == 0:
            break
        count += gather_level(state, level, all, &picked[count])
        index = tree_below(&instrument.stops[side], &state.level_pool, level.key)
    return count


cdef Round gather(EngineState* state, Instrument* instrument, const Prices* prices) noexcept nogil:
    cdef Round round
    cdef int side
    cdef uint32_t end = 0
    round.picked = <Picked*> state.selection_room
    for side in range(2):
        round.at[side] = end
        end += gather_side(state, instrument, side, prices, &round.picked[end])
        round.end[side] = end
    return round


cdef uint32_t next_of(Round* round) noexcept nogil:
    """Whose turn it is, or 0: between the first buy and the first sell the older."""
    cdef int side = 0
    if round.at[0] == round.end[0] or (round.at[1] != round.end[1] and round.picked[round.at[1]].order_id
                                       < round.picked[round.at[0]].order_id):
        side = 1
    if round.at[side] == round.end[side]:
        return 0
    round.at[side] += 1
    return round.picked[round.at[side] - 1].slot


cdef void release(EngineState* state, Instrument* instrument, uint32_t slot, EventSink* sink) noexcept nogil:
    """One stop: TRIGGERED, and then it is worked off as what it has become."""
    cdef Order* order = &state.pool.orders[slot]
    cdef Extra* extra = &state.pool.extras[slot]
    cdef int64_t tick = 0
    cdef uint16_t type = LIMIT if order.attributes & HAS_PRICE else MARKET
    take_out(state, instrument, slot)
    order.attributes = (order.attributes & ~(ORD_TYPE_MASK << ORD_TYPE_SHIFT)) | type << ORD_TYPE_SHIFT
    extra.presence &= ~HAS_STOP_PRICE
    extra.stop_price = 0
    extra.age = 0
    report_order(state, sink, order, TRIGGERED, status_of(order), NONE, order.cl_ord_id, 0, order.leaves)
    if type == LIMIT and beyond_collar(instrument, side_index(order.attributes), order.price):
        end_order(state, order, PRICE_COLLAR, order.cl_ord_id, 0, sink)
        forget_order(state, slot)
        return
    is_multiple(&instrument.tick, order.price, &tick)
    if not work_off_closely(state, instrument, slot, tick, opposite_limit(instrument, order.attributes, tick), sink):
        forget_order(state, slot)


cdef void run(EngineState* state, Instrument* instrument, Round* round, EventSink* sink) noexcept nogil:
    """Release a round, as long as the phase is Continuous; those that are left wait elected."""
    cdef uint32_t slot = next_of(round)
    while slot != 0:
        if instrument.phase == CONTINUOUS:
            release(state, instrument, slot, sink)
        else:
            elect(state, instrument, side_index(state.pool.orders[slot].attributes), slot)
        slot = next_of(round)


cdef void run_and_follow(EngineState* state, Instrument* instrument, Round* round, EventSink* sink) noexcept nogil:
    """A round, and those that the trades elect, until nothing is elected or the phase is another."""
    cdef Prices prices
    while True:
        run(state, instrument, round, sink)
        if not instrument.watch & WATCH_TRADED:
            return
        instrument.watch &= ~WATCH_TRADED
        prices.known = True
        prices.highest, prices.lowest = instrument.traded_high, instrument.traded_low
        round[0] = gather(state, instrument, &prices)


cdef void release_stops(EngineState* state, Instrument* instrument, uint32_t slot, EventSink* sink) noexcept nogil:
    cdef Round round
    cdef int64_t price
    round.picked = <Picked*> state.selection_room
    round.at[0] = round.at[1] = round.end[0] = round.end[1] = 0
    if slot != 0 and instrument.phase == CONTINUOUS and reference_of(instrument, &price) \
            and reaches(instrument, &state.pool.orders[slot], &state.pool.extras[slot], price):
        round.picked[0].slot = slot
        round.end[0] = 1
    run_and_follow(state, instrument, &round, sink)


cdef void release_at_start(EngineState* state, Instrument* instrument, EventSink* sink) noexcept nogil:
    cdef Round round
    cdef Prices prices
    prices.known = reference_of(instrument, &prices.highest)
    prices.lowest = prices.highest
    round = gather(state, instrument, &prices)
    run_and_follow(state, instrument, &round, sink)
