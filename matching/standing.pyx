"""Invariants of where orders stand, and of what an order's flags say."""

from libc.stdint cimport INT64_MAX, int64_t, uint8_t, uint32_t, uint64_t

from pricetime.matching.fields cimport attributes_are_plain
from pricetime.matching.level_tree cimport Level, tree_above, tree_below, tree_find, tree_highest
from pricetime.matching.order_pool cimport (
    ASIDE, HAS_EXTRA, HIDDEN, ICEBERG, RISK_PRICED, SELF_MATCH_ID, STOP_ELECTED, STOP_WAITING, TIMED, Extra, Order,
)
from pricetime.matching.records cimport *
from pricetime.matching.state cimport EngineState, Instrument, is_multiple, level_key, side_index

cdef struct Queue:
    # What a walk through a queue has found.
    uint32_t last
    uint32_t count
    int64_t shown
    int64_t behind
    uint64_t age                # the highest one
    uint32_t elected


cdef str where(EngineState* state, uint32_t slot):
    return f"order {state.pool.orders[slot].order_id} (slot {slot})"


cdef object walk(EngineState* state, uint32_t id, uint32_t head, uint32_t index, uint8_t* seen, Queue* queue):
    """One queue, from its head on: that it is one, that its orders are the instrument's and say that they stand here, ages."""
    cdef uint32_t slot = head
    cdef const Order* order
    cdef const Extra* extra
    queue.last = queue.count = queue.elected = 0
    queue.shown = queue.behind = 0
    queue.age = 0
    while slot != 0:
        order, extra = &state.pool.orders[slot], &state.pool.extras[slot]
        if seen[slot]:
            return f"{where(state, slot)}: stands in two queues, or a queue is a ring"
        seen[slot] = 1
        if order.prev != queue.last or order.instrument != id:
            return f"{where(state, slot)}: does not belong where it stands"
        if order.leaves <= 0 or order.filled < 0:
            return f"{where(state, slot)}: open {order.leaves}, filled {order.filled}"
        if not order.flags & ASIDE and order.level != index:
            return f"{where(state, slot)}: in level {index}, says {order.level}"
        if order.flags & HAS_EXTRA and extra.age and order.flags & (ICEBERG | HIDDEN | STOP_WAITING | ASIDE):
            if extra.age <= queue.age or extra.age > state.last_age:
                return f"{where(state, slot)}: age {extra.age} behind {queue.age}, the counter is at {state.last_age}"
            queue.age = extra.age
        if order.flags & ICEBERG and not order.flags & STOP_WAITING:
            queue.shown += extra.shown
            queue.behind += order.leaves - extra.shown
        else:
            queue.shown += order.leaves
        queue.elected += order.flags & STOP_ELECTED != 0
        queue.count += 1
        queue.last = slot
        slot = order.next
    return None


cdef object check_sums(str place, const Level* level, const Queue* shown, const Queue* hidden):
    if (shown.last != level.tail or shown.count != level.count or hidden.last != level.hidden_tail
            or hidden.count != level.hidden_count or shown.shown != level.quantity
            or shown.behind + hidden.shown != level.reserve):
        return (f"{place} level {level.key}: {shown.count} and {hidden.count} hidden orders of {shown.shown} and "
                f"{shown.behind + hidden.shown}, counted {level.count} and {level.hidden_count} of {level.quantity} and "
                f"{level.reserve}")
    return None


cdef object check_queues(EngineState* state, uint32_t id, int side, const Level* level, uint32_t index, uint8_t* seen):
    """Both queues of one level, or of market orders, or of a StopPx."""
    cdef Queue shown, hidden
    fault = walk(state, id, level.head, index, seen, &shown) or walk(state, id, level.hidden_head, index, seen, &hidden)
    return fault or check_sums(f"instrument {id} side {side}", level, &shown, &hidden)


cdef object check_booked(EngineState* state, uint32_t slot, int side, bint hidden, bint priced):
    """An order that stands in the book: of this side, in the right one of two queues, in its time."""
    cdef const Order* order = &state.pool.orders[slot]
    cdef const Extra* extra = &state.pool.extras[slot]
    cdef uint8_t phase = state.instruments[order.instrument].phase, time_in_force = order_time_in_force(order.attributes)
    if side_index(order.attributes) != side or ((order.flags & HIDDEN) != 0) != hidden:
        return f"{where(state, slot)}: in the wrong queue"
    if ((order.attributes & HAS_PRICE) != 0) != priced or order_type(order.attributes) == STOP \
            or order_type(order.attributes) == STOP_LIMIT:
        return f"{where(state, slot)}: of type {order_type(order.attributes)} in the book"
    if order.flags & (STOP_WAITING | ASIDE):
        return f"{where(state, slot)}: in the book, and says that it is not"
    if order.flags & ICEBERG and not 0 < extra.shown <= min(extra.display_quantity, order.leaves):
        return f"{where(state, slot)}: shows {extra.shown} of {order.leaves}"
    if order.flags & (ICEBERG | HIDDEN) and extra.age == 0:
        return f"{where(state, slot)}: has no age"
    if (time_in_force == AT_THE_CLOSE and phase != CLOSING_CALL) or (time_in_force == AT_THE_OPENING and phase == CONTINUOUS):
        return f"{where(state, slot)}: AtTheOpening or AtTheClose in phase {phase}"
    return None


cdef object check_market(EngineState* state, uint32_t id, int side, uint8_t* seen):
    cdef const Level* level = &state.instruments[id].market[side]
    cdef uint32_t slot = level.head
    fault = check_queues(state, id, side, level, 0, seen)
    while slot != 0 and not fault:
        fault = check_booked(state, slot, side, False, False)
        slot = state.pool.orders[slot].next
    return fault


cdef object check_level(EngineState* state, uint32_t id, int side, const Level* level, uint32_t index, uint8_t* seen):
    cdef int64_t tick = 0
    cdef int hidden
    cdef uint32_t slot
    fault = check_queues(state, id, side, level, index, seen)
    for hidden in range(2):
        slot = level.hidden_head if hidden else level.head
        while slot != 0 and not fault:
            fault = check_booked(state, slot, side, hidden, True)
            if not is_multiple(&state.instruments[id].tick, state.pool.orders[slot].price, &tick) \
                    or level_key(side, tick) != level.key:
                return f"{where(state, slot)}: price {state.pool.orders[slot].price} at level {level.key}"
            slot = state.pool.orders[slot].next
    return fault


cdef object check_stop(EngineState* state, uint32_t slot, int side, int64_t key):
    cdef const Order* order = &state.pool.orders[slot]
    cdef int64_t tick = 0
    if order_type(order.attributes) != STOP and order_type(order.attributes) != STOP_LIMIT:
        return f"{where(state, slot)}: of type {order_type(order.attributes)}, waits as a stop"
    if not order.flags & STOP_WAITING or side_index(order.attributes) != side or state.pool.extras[slot].age == 0:
        return f"{where(state, slot)}: does not know that it waits"
    if not is_multiple(&state.instruments[order.instrument].tick, state.pool.extras[slot].stop_price, &tick) \
            or level_key(1 - side, tick) != key:
        return f"{where(state, slot)}: StopPx {state.pool.extras[slot].stop_price} at {key}"
    return None


cdef object check_stops(EngineState* state, uint32_t id, int side, uint8_t* seen):
    cdef Instrument* instrument = &state.instruments[id]
    cdef uint32_t index = tree_highest(&instrument.stops[side], &state.level_pool), last = 0, count = 0, slot, elected = 0
    cdef Level* level
    while index != 0:
        level = &state.level_pool.levels[index]
        if (tree_find(&instrument.stops[side], &state.level_pool, level.key) != index or level.block != 0
                or tree_above(&instrument.stops[side], &state.level_pool, level.key) != last or level.count == 0):
            return f"instrument {id} side {side}: stops at {level.key} are lost"
        fault = check_queues(state, id, side, level, index, seen)
        slot = level.head
        while slot != 0 and not fault:
            fault = check_stop(state, slot, side, level.key)
            elected += state.pool.orders[slot].flags & STOP_ELECTED != 0
            slot = state.pool.orders[slot].next
        if fault:
            return fault
        count += 1
        last = index
        index = tree_below(&instrument.stops[side], &state.level_pool, level.key)
    if count != instrument.stops[side].count or elected != instrument.elected[side]:
        return (f"instrument {id} side {side}: stops at {count} prices, {elected} elected, counted "
                f"{instrument.stops[side].count} and {instrument.elected[side]}")
    return None


cdef object check_aside(EngineState* state, uint32_t id, uint8_t* seen):
    cdef Instrument* instrument = &state.instruments[id]
    cdef uint32_t slot = instrument.aside.head
    fault = check_queues(state, id, 0, &instrument.aside, 0, seen)
    while slot != 0 and not fault:
        if (not state.pool.orders[slot].flags & ASIDE or state.pool.extras[slot].age == 0
                or order_time_in_force(state.pool.orders[slot].attributes) != AT_THE_CLOSE):
            return f"{where(state, slot)}: set aside, and does not know it"
        slot = state.pool.orders[slot].next
    if instrument.aside.head and (instrument.phase == CLOSING_CALL or instrument.phase == CLOSED):
        return f"instrument {id}: orders are set aside in phase {instrument.phase}"
    return fault


cdef object check_flags(EngineState* state, uint32_t slot):
    """A live order's flags say what its attributes and its Extra do."""
    cdef const Order* order = &state.pool.orders[slot]
    cdef const Extra* extra = &state.pool.extras[slot]
    cdef bint gtd = order_time_in_force(order.attributes) == GTD
    cdef bint is_stop = order_type(order.attributes) == STOP or order_type(order.attributes) == STOP_LIMIT
    if not order.flags & HAS_EXTRA:
        if order.flags or not attributes_are_plain(order.attributes):
            return f"{where(state, slot)}: flags {order.flags} without an Extra"
        return None
    expected = HAS_EXTRA
    if extra.presence & HAS_DISPLAY_QUANTITY:
        expected |= ICEBERG if extra.display_quantity else HIDDEN
    if extra.presence & HAS_SELF_MATCH_PREVENTION:
        expected |= SELF_MATCH_ID
    if gtd:
        expected |= TIMED
    if order.flags & RISK_PRICED and extra.risk_price == order.price:
        return f"{where(state, slot)}: its risk price is its price, and said to be another"
    if order.flags & (HAS_EXTRA | ICEBERG | HIDDEN | SELF_MATCH_ID | TIMED) != expected:
        return f"{where(state, slot)}: flags {order.flags}, its attributes say {expected}"
    if ((extra.presence & HAS_EXPIRE_TIME) != 0) != gtd or ((extra.presence & HAS_STOP_PRICE) != 0) != is_stop:
        return f"{where(state, slot)}: presence {extra.presence} on attributes {order.attributes}"
    if (order.flags & STOP_WAITING != 0) != is_stop or (order.flags & SELF_MATCH_ID != 0) != (extra.self_match_id != 0):
        return f"{where(state, slot)}: flags {order.flags} on attributes {order.attributes}"
    return None


cdef object check_deadlines(EngineState* state):
    cdef uint32_t place, slot, timed = 0, id
    cdef int64_t time, call_end = INT64_MAX
    for place in range(1, state.deadlines_count + 1):
        slot = state.deadlines[place]
        time = state.pool.extras[slot].expire_time
        if not state.pool.orders[slot].flags & TIMED or state.pool.extras[slot].deadline != place or time <= state.time:
            return f"{where(state, slot)}: place {place} among the deadlines, time {time}"
        if place > 1 and time < state.pool.extras[state.deadlines[place // 2]].expire_time:
            return f"{where(state, slot)}: due before the one above it"
    for slot in range(1, state.pool.touched + 1):
        timed += state.pool.orders[slot].session != 0 and state.pool.orders[slot].flags & TIMED != 0
    if timed != state.deadlines_count:
        return f"{timed} orders have an ExpireTime, {state.deadlines_count} are among the deadlines"
    for id in range(1, state.instruments_count + 1):
        if state.instruments[id].call_end:
            call_end = min(call_end, state.instruments[id].call_end)
    time = call_end
    if state.deadlines_count:
        time = min(time, state.pool.extras[state.deadlines[1]].expire_time)
    if state.next_call_end != call_end or state.next_deadline != time:
        return f"the next deadline is {time}, a call ends at {call_end}; kept {state.next_deadline} and {state.next_call_end}"
    return None
