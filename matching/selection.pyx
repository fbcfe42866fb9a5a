"""Live orders picked out and put into OrderID order."""

from libc.stdint cimport uint32_t
from libc.stdlib cimport qsort

from pricetime.matching.level_tree cimport Level, tree_below, tree_highest
from pricetime.matching.order_pool cimport slot_from_ends
from pricetime.matching.price_ladder cimport ladder_below
from pricetime.matching.state cimport EngineState, Instrument


cdef int by_order_id(const void* one, const void* other) noexcept nogil:
    cdef const Picked* a = <const Picked*> one
    cdef const Picked* b = <const Picked*> other
    return -1 if a.order_id < b.order_id else a.order_id > b.order_id


cdef void selection_sort(Selection* self) noexcept nogil:
    qsort(self.picked, self.count, sizeof(Picked), by_order_id)


cdef Selection select_session(EngineState* state, uint32_t session) noexcept nogil:
    cdef Selection selection
    cdef uint32_t slot, seen = 0, left = state.sessions[session].open_orders
    selection.picked = <Picked*> state.selection_room
    selection.count = 0
    while selection.count < left:       # no walk at all for a session without orders
        slot = slot_from_ends(&state.pool, seen)
        seen += 1
        if state.pool.orders[slot].session == session:
            pick(&selection, state, slot)
    selection_sort(&selection)
    return selection


cdef void pick_from(Selection* selection, const EngineState* state, uint32_t slot, uint32_t mask,
                    uint32_t attributes) noexcept nogil:
    """Of one queue, from this order on."""
    while slot != 0:
        if (state.pool.orders[slot].attributes & mask) == attributes:
            pick(selection, state, slot)
        slot = state.pool.orders[slot].next


cdef void pick_level(Selection* selection, const EngineState* state, const Level* level, uint32_t mask,
                     uint32_t attributes) noexcept nogil:
    pick_from(selection, state, level.head, mask, attributes)
    pick_from(selection, state, level.hidden_head, mask, attributes)


cdef Selection select_instrument(EngineState* state, uint32_t instrument_id, uint32_t attribute_mask,
                                 uint32_t attributes) noexcept nogil:
    cdef Selection selection
    cdef Instrument* instrument = &state.instruments[instrument_id]
    cdef const Level* level
    cdef uint32_t index
    cdef int side
    selection.picked = <Picked*> state.selection_room
    selection.count = 0
    pick_level(&selection, state, &instrument.aside, attribute_mask, attributes)
    for side in range(2):
        pick_level(&selection, state, &instrument.market[side], attribute_mask, attributes)
        index = instrument.ladders[side].best
        while index != 0:
            level = &state.level_pool.levels[index]
            pick_level(&selection, state, level, attribute_mask, attributes)
            index = ladder_below(&instrument.ladders[side], &state.level_pool, level.key)
        index = tree_highest(&instrument.stops[side], &state.level_pool)
        while index != 0:
            level = &state.level_pool.levels[index]
            pick_level(&selection, state, level, attribute_mask, attributes)
            index = tree_below(&instrument.stops[side], &state.level_pool, level.key)
    selection_sort(&selection)
    return selection
