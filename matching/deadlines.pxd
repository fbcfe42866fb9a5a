"""What is due by itself: a heap of GTD orders by ExpireTime, and the ends of VolatilityCalls. Rule 2.

state.next_deadline is the earliest of both, so that a command asks with one comparison. The heap's room is taken with the order
pool's; an order knows its place there (Extra.deadline), so that one that ends leaves without a search.
"""

from libc.stdint cimport uint32_t

from pricetime.matching.state cimport EngineState, Instrument

cdef void deadline_add(EngineState* state, uint32_t slot) noexcept nogil
    # A live GTD order whose ExpireTime is set; it is TIMED from now on.
cdef void deadline_remove(EngineState* state, uint32_t slot) noexcept nogil
    # A TIMED order ends, or has no ExpireTime any more.
cdef void call_begin(EngineState* state, Instrument* instrument) noexcept nogil
    # A VolatilityCall begins now: it ends call_duration later, where the instrument has one.
cdef void call_over(EngineState* state, Instrument* instrument) noexcept nogil
    # It is over, whatever ended it.
cdef void deadlines_refresh(EngineState* state) noexcept nogil
    # Find the next deadline anew, calls included: after instruments were loaded.
