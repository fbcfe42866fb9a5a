"""Where a live order stands, and how it leaves: what only some orders need."""

from libc.stdint cimport int64_t, uint32_t

from pricetime.matching.book cimport book_rest, forget_order, level_left, level_to_join, queue_push, queue_remove
from pricetime.matching.events cimport EventSink
from pricetime.matching.fields cimport attributes_are_plain
from pricetime.matching.level_tree cimport Level, level_give_back, level_take, tree_find, tree_insert, tree_remove
from pricetime.matching.order_pool cimport ASIDE, HAS_EXTRA, HIDDEN, ICEBERG, STOP_ELECTED, STOP_WAITING, Extra, Order
from pricetime.matching.records cimport ELECTED_STOP, EXPIRED, IN_THE_BOOK, ORDER_EXPIRED, SET_ASIDE
from pricetime.matching.reports cimport report_order
from pricetime.matching.state cimport EngineState, Instrument, is_multiple, level_key, level_of, set_watch, side_index

# ------------------------------------------------------------------------------- icebergs and hidden orders

cdef void join_shown(EngineState* state, Level* level, uint32_t slot) noexcept nogil:
    """An iceberg joins the back of the displayed queue with what Extra.shown says."""
    cdef Order* order = &state.pool.orders[slot]
    cdef int64_t behind = order.leaves - state.pool.extras[slot].shown
    queue_push(state, level, order, slot)
    level.quantity -= behind
    level.reserve += behind


cdef void leave_shown(EngineState* state, Level* level, uint32_t slot) noexcept nogil:
    cdef int64_t shown = state.pool.extras[slot].shown
    queue_remove(state, level, &state.pool.orders[slot], shown)
    level.reserve -= state.pool.orders[slot].leaves - shown


cdef void join_hidden(EngineState* state, Level* level, uint32_t slot) noexcept nogil:
    cdef Order* order = &state.pool.orders[slot]
    order.next = 0
    order.prev = level.hidden_tail
    state.pool.orders[level.hidden_tail].next = slot
    level.hidden_head = level.hidden_head if level.hidden_tail else slot
    level.hidden_tail = slot
    level.hidden_count += 1
    level.reserve += order.leaves


cdef void leave_hidden(EngineState* state, Level* level, uint32_t slot) noexcept nogil:
    cdef Order* order = &state.pool.orders[slot]
    state.pool.orders[order.prev].next = order.next
    state.pool.orders[order.next].prev = order.prev
    level.hidden_head = level.hidden_head if order.prev else order.next
    level.hidden_tail = level.hidden_tail if order.next else order.prev
    level.hidden_count -= 1
    level.reserve -= order.leaves


cdef inline int64_t next_part(const Order* order, const Extra* extra) noexcept nogil:
    return extra.display_quantity if extra.display_quantity < order.leaves else order.leaves


cdef void rest_behind(EngineState* state, Instrument* instrument, uint32_t slot, int64_t tick) noexcept nogil:
    cdef Order* order = &state.pool.orders[slot]
    cdef Extra* extra = &state.pool.extras[slot]
    cdef Level* level = level_to_join(state, instrument, order, tick)
    extra.age = next_age(state)
    if order.flags & HIDDEN:
        join_hidden(state, level, slot)
    else:
        extra.shown = next_part(order, extra)
        join_shown(state, level, slot)


cdef void show_next_part(EngineState* state, Level* level, uint32_t slot) noexcept nogil:
    cdef Extra* extra = &state.pool.extras[slot]
    leave_shown(state, level, slot)
    extra.shown = next_part(&state.pool.orders[slot], extra)
    extra.age = next_age(state)
    join_shown(state, level, slot)


cdef void take_shown(EngineState* state, Instrument* instrument, uint32_t slot, int64_t quantity) noexcept nogil:
    cdef Order* order = &state.pool.orders[slot]
    cdef Level* level = level_of(state, instrument, order)
    if order.flags & HIDDEN:
        level.reserve -= quantity
    else:
        level.quantity -= quantity
        if order.flags & ICEBERG:
            state.pool.extras[slot].shown -= quantity
    if order.leaves == 0:
        take_out(state, instrument, slot)
    elif order.flags & ICEBERG and state.pool.extras[slot].shown == 0:
        show_next_part(state, level, slot)


# --------------------------------------------------------------------------------------------- out of the book

cdef void join_by_age(EngineState* state, Level* level, uint32_t slot) noexcept nogil:
    """Join a queue that is in order of age; what is young has no way to go."""
    cdef Order* order = &state.pool.orders[slot]
    cdef uint32_t before = level.tail, after
    while before != 0 and state.pool.extras[before].age > state.pool.extras[slot].age:
        before = state.pool.orders[before].prev
    if before == level.tail:
        queue_push(state, level, order, slot)
        return
    after = state.pool.orders[before].next if before else level.head
    order.prev, order.next = before, after
    state.pool.orders[before].next = slot
    state.pool.orders[after].prev = slot
    level.head = level.head if before else slot
    level.quantity += order.leaves
    level.count += 1


cdef inline int64_t stop_key(Instrument* instrument, int side, int64_t stop_price) noexcept nogil:
    """A key of the stops of a side: the lowest StopPx of buys, the highest of sells, is the highest key."""
    cdef int64_t tick = 0
    is_multiple(&instrument.tick, stop_price, &tick)
    return level_key(1 - side, tick)


cdef void wait_as_stop(EngineState* state, Instrument* instrument, uint32_t slot) noexcept nogil:
    cdef Order* order = &state.pool.orders[slot]
    cdef Extra* extra = &state.pool.extras[slot]
    cdef int side = side_index(order.attributes)
    cdef int64_t key
    if order.flags & STOP_WAITING:      # a replace that kept its place
        return
    key = stop_key(instrument, side, extra.stop_price)
    order.flags |= HAS_EXTRA | STOP_WAITING
    if extra.age == 0:
        extra.age = next_age(state)
    if order.flags & STOP_ELECTED:
        instrument.elected[side] += 1
    order.level = tree_find(&instrument.stops[side], &state.level_pool, key)
    if order.level == 0:
        order.level = level_take(&state.level_pool, key)
        tree_insert(&instrument.stops[side], &state.level_pool, order.level)
        set_watch(instrument)
    join_by_age(state, &state.level_pool.levels[order.level], slot)


cdef void leave_stops(EngineState* state, Instrument* instrument, uint32_t slot) noexcept nogil:
    cdef Order* order = &state.pool.orders[slot]
    cdef Level* level = &state.level_pool.levels[order.level]
    cdef int side = side_index(order.attributes)
    queue_remove(state, level, order, order.leaves)
    if level.count == 0:
        tree_remove(&instrument.stops[side], &state.level_pool, order.level)
        level_give_back(&state.level_pool, order.level)
        set_watch(instrument)
    if order.flags & STOP_ELECTED:
        instrument.elected[side] -= 1
    order.flags &= ~(STOP_WAITING | STOP_ELECTED)


cdef void set_aside(EngineState* state, Instrument* instrument, uint32_t slot) noexcept nogil:
    cdef Extra* extra = &state.pool.extras[slot]
    state.pool.orders[slot].flags |= HAS_EXTRA | ASIDE
    if extra.age == 0:
        extra.age = next_age(state)
    join_by_age(state, &instrument.aside, slot)


cdef void leave_elsewhere(EngineState* state, Instrument* instrument, uint32_t slot) noexcept nogil:
    cdef Order* order = &state.pool.orders[slot]
    if order.flags & STOP_WAITING:
        leave_stops(state, instrument, slot)
    elif order.flags & ASIDE:
        queue_remove(state, &instrument.aside, order, order.leaves)
        order.flags &= ~ASIDE
    else:
        if order.flags & HIDDEN:
            leave_hidden(state, level_of(state, instrument, order), slot)
        else:
            leave_shown(state, level_of(state, instrument, order), slot)
        level_left(state, instrument, order)


# ----------------------------------------------------------------------------------- wherever an order stands

cdef void stand(EngineState* state, Instrument* instrument, uint32_t slot, int standing, int64_t tick) noexcept nogil:
    cdef Order* order = &state.pool.orders[slot]
    if not attributes_are_plain(order.attributes):
        order.flags |= HAS_EXTRA        # its Extra is zeroed, or written
    if standing == SET_ASIDE:
        set_aside(state, instrument, slot)
    elif standing != IN_THE_BOOK:
        if standing == ELECTED_STOP:
            order.flags |= STOP_ELECTED
        wait_as_stop(state, instrument, slot)
    elif order.flags & HIDDEN:
        join_hidden(state, level_to_join(state, instrument, order, tick), slot)
    elif order.flags & ICEBERG:
        join_shown(state, level_to_join(state, instrument, order, tick), slot)
    else:
        book_rest(state, instrument, slot, tick)


cdef void reduce_standing(EngineState* state, Instrument* instrument, uint32_t slot, int64_t quantity) noexcept nogil:
    cdef Order* order = &state.pool.orders[slot]
    cdef Extra* extra = &state.pool.extras[slot]
    cdef int64_t behind
    cdef Level* level = &instrument.aside if order.flags & ASIDE else level_of(state, instrument, order)
    order.leaves -= quantity
    if order.flags & (STOP_WAITING | ASIDE) or not order.flags & (ICEBERG | HIDDEN):
        level.quantity -= quantity
    elif order.flags & HIDDEN:
        level.reserve -= quantity
    else:
        behind = order.leaves + quantity - extra.shown
        if behind > quantity:
            behind = quantity
        level.reserve -= behind
        level.quantity -= quantity - behind
        extra.shown -= quantity - behind


cdef void cancel_order(EngineState* state, uint32_t slot, int reason, EventSink* sink) noexcept nogil:
    cdef Order* order = &state.pool.orders[slot]
    end_order(state, order, <uint8_t> reason, order.cl_ord_id, 0, sink)
    take_out(state, &state.instruments[order.instrument], slot)
    forget_order(state, slot)


cdef void expire_order(EngineState* state, uint32_t slot, int reason, EventSink* sink) noexcept nogil:
    cdef Order* order = &state.pool.orders[slot]
    report_order(state, sink, order, EXPIRED, ORDER_EXPIRED, <uint8_t> reason, order.cl_ord_id, 0, 0)
    take_out(state, &state.instruments[order.instrument], slot)
    forget_order(state, slot)
