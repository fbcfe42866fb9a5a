"""The heap of ExpireTimes, and the next deadline."""

from libc.stdint cimport INT64_MAX, int64_t, uint32_t

from pricetime.matching.order_pool cimport HAS_EXTRA, TIMED
from pricetime.matching.protection cimport add_saturated
from pricetime.matching.records cimport HAS_CALL_DURATION
from pricetime.matching.state cimport EngineState, Instrument


cdef inline int64_t time_at(const EngineState* state, uint32_t place) noexcept nogil:
    return state.pool.extras[state.deadlines[place]].expire_time


cdef inline void put(EngineState* state, uint32_t place, uint32_t slot) noexcept nogil:
    state.deadlines[place] = slot
    state.pool.extras[slot].deadline = place


cdef void tell_next(EngineState* state) noexcept nogil:
    state.next_deadline = state.next_call_end
    if state.deadlines_count != 0 and time_at(state, 1) < state.next_deadline:
        state.next_deadline = time_at(state, 1)


cdef void settle(EngineState* state, uint32_t place, uint32_t slot) noexcept nogil:
    """Put an order where it belongs in the heap; `place` is free."""
    cdef int64_t time = state.pool.extras[slot].expire_time
    cdef uint32_t child
    while place > 1 and time_at(state, place // 2) > time:
        put(state, place, state.deadlines[place // 2])
        place //= 2
    while 2 * place <= state.deadlines_count:
        child = 2 * place
        if child < state.deadlines_count and time_at(state, child + 1) < time_at(state, child):
            child += 1
        if time_at(state, child) >= time:
            break
        put(state, place, state.deadlines[child])
        place = child
    put(state, place, slot)


cdef void deadline_add(EngineState* state, uint32_t slot) noexcept nogil:
    state.pool.orders[slot].flags |= HAS_EXTRA | TIMED
    state.deadlines_count += 1
    settle(state, state.deadlines_count, slot)
    tell_next(state)


cdef void deadline_remove(EngineState* state, uint32_t slot) noexcept nogil:
    cdef uint32_t place = state.pool.extras[slot].deadline, last = state.deadlines[state.deadlines_count]
    state.pool.orders[slot].flags &= ~TIMED
    state.pool.extras[slot].deadline = 0
    state.deadlines_count -= 1
    if last != slot:
        settle(state, place, last)
    tell_next(state)


cdef void call_begin(EngineState* state, Instrument* instrument) noexcept nogil:
    if not instrument.limits_presence & HAS_CALL_DURATION:
        return
    instrument.call_end = add_saturated(state.time, instrument.call_duration)
    if instrument.call_end < state.next_call_end:
        state.next_call_end = instrument.call_end
        tell_next(state)


cdef void call_over(EngineState* state, Instrument* instrument) noexcept nogil:
    if instrument.call_end != 0:
        instrument.call_end = 0
        deadlines_refresh(state)


cdef void deadlines_refresh(EngineState* state) noexcept nogil:
    cdef uint32_t id
    state.next_call_end = INT64_MAX
    for id in range(1, state.instruments_count + 1):
        if state.instruments[id].call_end != 0 and state.instruments[id].call_end < state.next_call_end:
            state.next_call_end = state.instruments[id].call_end
    tell_next(state)
