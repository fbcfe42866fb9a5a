"""OrderIds: from an OrderID to the slot of its order. An array at OrderID modulo its length, a map for whose place is taken.

OrderIDs are counted up, so 16 orders that came in one after the other share a cache line, and nothing is hashed. A place is taken
only where an order as many OrderIDs older as the array is long still lives; the map (id_map.pxd) keeps that case, however many
there are of it, at a hash and a line.
"""

from libc.stdint cimport uint32_t, uint64_t

from pricetime.matching.id_map cimport (
    IdMap, id_home, id_map_create, id_map_destroy, id_map_find, id_map_insert, id_map_remove, id_map_search,
)
from pricetime.matching.memory cimport Lines, give_lines_back, prefetch, take_lines, unlikely
from pricetime.matching.order_pool cimport Order

cdef enum:
    SLOTS_A_LINE = 16

cdef struct OrderIds:
    uint32_t* slots             # by OrderID & mask; 0: nobody
    uint32_t mask
    uint32_t reserved
    IdMap others                # whose place was taken when they came
    Lines lines


cdef inline int order_ids_create(OrderIds* self, uint32_t orders, uint64_t multiplier) noexcept nogil:
    """Room for `orders`. 0, or -1 where memory is short."""
    cdef uint64_t size = SLOTS_A_LINE
    while size < 2 * <uint64_t> orders:
        size *= 2
    self.mask = <uint32_t> (size - 1)
    self.slots = <uint32_t*> take_lines(&self.lines, size * sizeof(uint32_t))
    # Hardly any go past the array: the map holds all at a load of 1, not of one half.
    return -1 if self.slots is NULL else id_map_create(&self.others, (orders + 1) // 2, multiplier)


cdef inline void order_ids_destroy(OrderIds* self) noexcept nogil:
    give_lines_back(&self.lines)
    self.slots = NULL
    id_map_destroy(&self.others)


cdef inline void order_ids_prefetch(const OrderIds* self, uint64_t order_id) noexcept nogil:
    prefetch(&self.slots[order_id & self.mask])


cdef inline uint32_t order_ids_find(const OrderIds* self, const Order* orders, uint64_t order_id) noexcept nogil:
    """The slot of the live order with this OrderID, or 0."""
    cdef uint32_t slot = self.slots[order_id & self.mask], home, skip = 0
    if slot != 0 and orders[slot].order_id == order_id:
        return slot
    home = id_home(&self.others, 0, order_id)
    while True:
        slot = id_map_find(&self.others, home, skip)
        if slot == 0 or orders[slot].order_id == order_id:
            return slot
        skip += 1


cdef inline void order_ids_insert(OrderIds* self, uint64_t order_id, uint32_t slot) noexcept nogil:
    cdef uint32_t* place = &self.slots[order_id & self.mask]
    if unlikely(place[0] != 0):
        id_map_insert(&self.others, id_home(&self.others, 0, order_id), slot)
    else:
        place[0] = slot


cdef inline void order_ids_remove(OrderIds* self, uint64_t order_id, uint32_t slot) noexcept nogil:
    """Take out a pair that is there."""
    cdef uint32_t* place = &self.slots[order_id & self.mask]
    if unlikely(place[0] != slot):
        id_map_remove(&self.others, id_home(&self.others, 0, order_id), slot)
    else:
        place[0] = 0


cdef inline bint order_ids_has(const OrderIds* self, uint64_t order_id, uint32_t slot) noexcept nogil:
    """Is the pair there, for invariants."""
    return (self.slots[order_id & self.mask] == slot
            or id_map_search(&self.others, id_home(&self.others, 0, order_id), slot, 0) == slot)
