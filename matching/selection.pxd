"""Live orders picked out and put into OrderID order: what expiry and disconnects work through."""

from libc.stdint cimport uint32_t, uint64_t

from pricetime.matching.state cimport EngineState

cdef struct Picked:
    uint64_t order_id
    uint32_t slot

cdef struct Selection:
    Picked* picked              # room for every live order, taken with the pool
    uint32_t count

cdef inline void pick(Selection* self, const EngineState* state, uint32_t slot) noexcept nogil:
    self.picked[self.count].order_id = state.pool.orders[slot].order_id
    self.picked[self.count].slot = slot
    self.count += 1

cdef Selection select_session(EngineState* state, uint32_t session) noexcept nogil
    # All live orders of a session, by OrderID. One selection at a time: they share their room.
cdef Selection select_instrument(EngineState* state, uint32_t instrument, uint32_t attribute_mask,
                                 uint32_t attributes) noexcept nogil
    # The instrument's live orders whose masked attributes are these, by OrderID.
cdef void selection_sort(Selection* self) noexcept nogil
    # Into OrderID order.
