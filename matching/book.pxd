"""The book: queues at price levels, and matching a plain order against plain ones. Rules 4 and 5, price-time priority.

Plain is an order whose flags are 0. What has more to it is in placing.pxd (where it stands) and careful.pxd (how it trades).
All functions work on either side: `side` is 0 for buy and 1 for sell, and a ladder's highest key is its best price.
"""

from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t

from pricetime.matching.deadlines cimport deadline_remove
from pricetime.matching.events cimport EventSink
from pricetime.matching.id_index cimport SLOTS_A_LINE, IdIndex, id_index_insert, id_index_place, id_index_remove
from pricetime.matching.memory cimport likely, prefetch, unlikely
from pricetime.matching.level_tree cimport Level, level_is_empty, tree_find
from pricetime.matching.order_pool cimport TIMED, Order, order_give_back
from pricetime.matching.price_ladder cimport (
    PriceLadder, ladder_add, ladder_below, ladder_find, ladder_near, ladder_remove,
)
from pricetime.matching.records cimport AGGRESSOR, HAS_PRICE, ORDER_FILLED, TRADE
from pricetime.matching.reports cimport status_of, write_report
from pricetime.matching.risk cimport risk_remove, risk_trade
from pricetime.matching.state cimport EngineState, Instrument, Session, level_key, side_index


cdef inline void queue_push(EngineState* state, Level* level, Order* order, uint32_t slot) noexcept nogil:
    """Join the back of a queue. Slot 0 is nobody's: what is written to it is never read, so that nothing here branches."""
    cdef uint32_t tail = level.tail, head = level.head
    level.quantity += order.leaves
    order.next = 0
    order.prev = tail
    state.pool.orders[tail].next = slot
    level.head = head if tail else slot
    level.tail = slot
    level.count += 1


cdef inline void queue_remove(EngineState* state, Level* level, const Order* order, int64_t quantity) noexcept nogil:
    """Leave a queue, from wherever in it, with what its level shows of the order."""
    cdef uint32_t next = order.next, prev = order.prev, head = level.head, tail = level.tail
    level.quantity -= quantity
    state.pool.orders[prev].next = next
    state.pool.orders[next].prev = prev
    level.head = head if prev else next
    level.tail = tail if next else prev
    level.count -= 1


cdef inline Level* level_to_join(EngineState* state, Instrument* instrument, Order* order, int64_t tick) noexcept nogil:
    """The queue of an order's price (`tick` is its tick number), or of market orders; the order says that it is there."""
    cdef int64_t side = side_index(order.attributes)
    cdef int64_t key
    if not order.attributes & HAS_PRICE:
        order.level = 0
        return &instrument.market[side]
    key = level_key(side, tick)
    order.level = ladder_find(&instrument.ladders[side], &state.level_pool, key)
    if order.level == 0:
        order.level = ladder_add(&instrument.ladders[side], &state.level_pool, key)
    return &state.level_pool.levels[order.level]


cdef inline void book_rest(EngineState* state, Instrument* instrument, uint32_t slot, int64_t tick) noexcept nogil:
    """Put an order that shows all that it has into its queue."""
    cdef Order* order = &state.pool.orders[slot]
    queue_push(state, level_to_join(state, instrument, order, tick), order, slot)


cdef inline void book_rest_at(EngineState* state, Instrument* instrument, uint32_t slot, int64_t tick,
                              uint32_t level) noexcept nogil:
    """book_rest with the level that foresee_rest found, before anything else joined one. It is there still if it holds orders:
    a level that empties goes away, and none was added. (Spares a second search: 20 instructions.)"""
    if level != 0 and not level_is_empty(&state.level_pool.levels[level]):
        state.pool.orders[slot].level = level
        queue_push(state, &state.level_pool.levels[level], &state.pool.orders[slot], slot)
    else:
        book_rest(state, instrument, slot, tick)


cdef inline void book_join(EngineState* state, Instrument* instrument, Order* order, uint32_t slot, int64_t side, int64_t key,
                           uint32_t index) noexcept nogil:
    """Join the level with this key: `index`, or where no level was near (0) one that is far, or a new one."""
    cdef PriceLadder* ladder = &instrument.ladders[side]
    if index == 0:
        index = tree_find(&ladder.far, &state.level_pool, key) if ladder.far.count else 0
        if index == 0:
            index = ladder_add(ladder, &state.level_pool, key)
    order.level = index
    queue_push(state, &state.level_pool.levels[index], order, slot)


cdef inline void level_left(EngineState* state, Instrument* instrument, const Order* order) noexcept nogil:
    """An order has left its queue: an empty level goes away."""
    if order.level != 0 and level_is_empty(&state.level_pool.levels[order.level]):
        ladder_remove(&instrument.ladders[side_index(order.attributes)], &state.level_pool, order.level)


cdef inline uint32_t book_leave(EngineState* state, Instrument* instrument, const Order* order, int64_t side,
                                int64_t quantity) noexcept nogil:
    """book_remove of an order that has a price; its level shows `quantity` of it. The level if it went away, else 0."""
    cdef Level* level = &state.level_pool.levels[order.level]
    queue_remove(state, level, order, quantity)
    if level_is_empty(level):
        ladder_remove(&instrument.ladders[side], &state.level_pool, order.level)
        return order.level
    return 0


cdef inline void book_remove(EngineState* state, Instrument* instrument, const Order* order) noexcept nogil:
    """Take an order that shows all that it has out of its queue; an empty level goes away."""
    cdef int64_t side = side_index(order.attributes)
    if unlikely(order.level == 0):
        queue_remove(state, &instrument.market[side], order, order.leaves)
    else:
        book_leave(state, instrument, order, side, order.leaves)


cdef inline void enter_id(IdIndex* ids, uint32_t* place, uint32_t session, uint64_t id, uint32_t slot) noexcept nogil:
    """Make a live order findable by an id. The line of the ids after it is asked for, whose turn comes soon where they are
    counted up: without this every sixteenth insertion waits for a line that was touched last when the index was there before."""
    id_index_insert(ids, place, session, id, slot)
    prefetch(place + SLOTS_A_LINE)


cdef inline void name_by_client(EngineState* state, uint32_t session, int64_t cl_ord_id, uint32_t slot) noexcept nogil:
    enter_id(&state.by_cl_ord_id, id_index_place(&state.by_cl_ord_id, session, <uint64_t> cl_ord_id), session,
             <uint64_t> cl_ord_id, slot)


cdef inline void forget_id(IdIndex* ids, uint32_t session, uint64_t id, uint32_t slot) noexcept nogil:
    id_index_remove(ids, id_index_place(ids, session, id), session, id, slot)


cdef inline void rename_order(EngineState* state, uint32_t slot, uint32_t session, int64_t cl_ord_id) noexcept nogil:
    """A live order's owner and ClOrdID are these from now on."""
    cdef Order* order = &state.pool.orders[slot]
    forget_id(&state.by_cl_ord_id, order.session, <uint64_t> order.cl_ord_id, slot)
    order.session = <uint16_t> session
    order.cl_ord_id = cl_ord_id
    name_by_client(state, session, cl_ord_id, slot)


cdef inline void name_order(EngineState* state, uint32_t slot) noexcept nogil:
    """Make a live order findable by OrderID and ClOrdID."""
    cdef Order* order = &state.pool.orders[slot]
    enter_id(&state.by_order_id, id_index_place(&state.by_order_id, 0, order.order_id), 0, order.order_id, slot)
    name_by_client(state, order.session, order.cl_ord_id, slot)


cdef inline void forget_from(EngineState* state, uint32_t slot, Session* session, uint32_t* place) noexcept nogil:
    """forget_order of an order without ExpireTime, its session and the place of its ClOrdID being at hand."""
    cdef Order* order = &state.pool.orders[slot]
    risk_remove(state, order)
    forget_id(&state.by_order_id, 0, order.order_id, slot)
    id_index_remove(&state.by_cl_ord_id, place, order.session, <uint64_t> order.cl_ord_id, slot)
    session.open_orders -= 1
    order_give_back(&state.pool, slot)


cdef inline void forget_order(EngineState* state, uint32_t slot) noexcept nogil:
    """An order ended: its names and its slot are free. It is in no queue any more."""
    cdef Order* order = &state.pool.orders[slot]
    if unlikely(order.flags & TIMED):
        deadline_remove(state, slot)
    forget_from(state, slot, &state.sessions[order.session],
                id_index_place(&state.by_cl_ord_id, order.session, <uint64_t> order.cl_ord_id))


cdef inline void report_trade(EngineState* state, EventSink* sink, const Order* order, uint32_t flags, int64_t price,
                              int64_t quantity) noexcept nogil:
    """One side's report of a trade; the order's quantities are already those after it."""
    write_report(state, sink, &state.sessions[order.session], order, TRADE,
                 (ORDER_FILLED if order.leaves == 0 else status_of(order)) | (flags << 4), 0, order.cl_ord_id, 0, order.leaves,
                 price, quantity, state.last_trd_match_id)


cdef inline void foresee_removal(EngineState* state, const Order* order) noexcept nogil:
    """Ask at once for all that taking an order out will touch, so that the waits overlap."""
    prefetch(&state.pool.orders[order.prev])
    prefetch(&state.pool.orders[order.next])
    prefetch(&state.level_pool.levels[order.level])


cdef inline uint32_t foresee_level(EngineState* state, Instrument* instrument, int64_t side, int64_t key) noexcept nogil:
    """Ask at once for the level that an order with this key would join. It, or 0: for book_rest_at, book_join."""
    cdef uint32_t index = ladder_near(&instrument.ladders[side], &state.level_pool, key)
    prefetch(&state.level_pool.levels[index])
    return index


cdef inline uint32_t foresee_rest(EngineState* state, Instrument* instrument, uint16_t attributes, int64_t tick) noexcept nogil:
    """foresee_level of an order that has a price; else 0."""
    cdef int64_t side = side_index(attributes)
    return foresee_level(state, instrument, side, level_key(side, tick)) if likely(attributes & HAS_PRICE) else 0


cdef inline void fill(Order* order, int64_t quantity) noexcept nogil:
    order.leaves -= quantity
    order.filled += quantity


cdef inline void trade(EngineState* state, EventSink* sink, Instrument* instrument, Order* resting, Order* incoming,
                       int64_t quantity) noexcept nogil:
    """A trade at the resting order's price; what its queue shows is the caller's."""
    state.last_trd_match_id += 1
    fill(resting, quantity)
    fill(incoming, quantity)
    risk_trade(state, resting, quantity)
    risk_trade(state, incoming, quantity)
    instrument.last_price = resting.price
    instrument.has_last_price = 1
    report_trade(state, sink, resting, 0, resting.price, quantity)
    report_trade(state, sink, incoming, AGGRESSOR, resting.price, quantity)


cdef inline int64_t book_available(EngineState* state, Instrument* instrument, int side, int64_t limit_key,
                                   int64_t wanted) noexcept nogil:
    """How much of `wanted` an order of the other side could trade here down to limit_key; stops counting at `wanted`."""
    cdef PriceLadder* ladder = &instrument.ladders[side]
    cdef uint32_t index = ladder.best
    cdef int64_t available = 0
    while index != 0 and state.level_pool.levels[index].key >= limit_key and available < wanted:
        available += state.level_pool.levels[index].quantity + state.level_pool.levels[index].reserve
        index = ladder_below(ladder, &state.level_pool, state.level_pool.levels[index].key)
    return available if available < wanted else wanted


cdef inline bint book_crosses(EngineState* state, Instrument* instrument, const Order* incoming,
                              int64_t limit_key) noexcept nogil:
    """Is there a level that book_match would trade at? Most orders rest: for them its loop is out of the way."""
    cdef uint32_t best = instrument.ladders[1 - side_index(incoming.attributes)].best
    return best != 0 and state.level_pool.levels[best].key >= limit_key


cdef inline bint book_match(EngineState* state, EventSink* sink, Instrument* instrument, Order* incoming,
                            int64_t limit_key) noexcept nogil:
    """Trade an incoming order, in no queue yet, against the other side down to limit_key (a key of that side).

    Best price first, at one price the oldest first, at the resting order's price. For each trade the resting side's report
    comes first. False where it met an order that is not plain: whoever called goes on from there.
    """
    cdef int resting_side = 1 - side_index(incoming.attributes)
    cdef PriceLadder* ladder = &instrument.ladders[resting_side]
    cdef Level* level
    cdef Order* resting
    cdef uint32_t slot
    cdef int64_t quantity
    while incoming.leaves != 0 and ladder.best != 0:
        level = &state.level_pool.levels[ladder.best]
        if level.key < limit_key:
            break
        slot = level.head
        resting = &state.pool.orders[slot]
        if resting.flags:           # slot 0's too: nothing is displayed here
            return False
        quantity = resting.leaves if resting.leaves < incoming.leaves else incoming.leaves
        level.quantity -= quantity
        trade(state, sink, instrument, resting, incoming, quantity)
        if resting.leaves == 0:
            queue_remove(state, level, resting, 0)
            level_left(state, instrument, resting)
            forget_order(state, slot)
    return True
