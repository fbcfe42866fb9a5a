"""IdIndex: from an id to the slot of its order. An array at the id modulo its length, and a map for whose place is taken.

OrderIDs are counted up, and so are most sessions' ClOrdIDs: 16 orders that came in one after the other share a cache line, and
nothing is hashed. A place is taken where two ids are the array's length apart, or where the ids of two sessions meet; the map
(id_map.pxd) keeps that case, however many there are of it, at a hash and a line. Its hash is a secret one: nobody's ids cost more.

The index holds no ids: a slot is a candidate, and the caller looks whether its order is the one. Slot 0, nobody's, is none.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from pricetime.matching.id_map cimport (
    IdMap, id_home, id_map_create, id_map_destroy, id_map_find, id_map_insert, id_map_remove, id_map_search,
)
from pricetime.matching.memory cimport give_lines_back, prefetch, take_lines, unlikely
from pricetime.matching.order_pool cimport Order

cdef enum:
    SLOTS_A_LINE_BITS = 4
    SLOTS_A_LINE = 1 << SLOTS_A_LINE_BITS

cdef struct IdIndex:
    uint32_t* slots             # by key & mask; 0: nobody
    uint32_t mask
    uint32_t stride             # what lies between the ids of two sessions
    IdMap others                # whose place was taken when they came


cdef inline int id_index_create(IdIndex* self, uint32_t orders, uint32_t expected, uint64_t multiplier) noexcept nogil:
    """Room for `orders`, of which `expected`, half of them at least, may go past the array with the map's load at one half; at
    worst it is full but for one. 0, or -1 where memory is short."""
    cdef uint64_t size = SLOTS_A_LINE
    while size < 2 * <uint64_t> orders:
        size *= 2
    self.mask = <uint32_t> (size - 1)
    self.stride = <uint32_t> (size * 618034 // 1000000) | 1
    self.slots = <uint32_t*> take_lines(size * sizeof(uint32_t))
    return -1 if self.slots is NULL else id_map_create(&self.others, expected, multiplier)


cdef inline void id_index_destroy(IdIndex* self) noexcept nogil:
    give_lines_back(self.slots)
    self.slots = NULL
    id_map_destroy(&self.others)


# ---------------------------------------------------------------------------- by key: an OrderID, or cl_ord_key

cdef inline uint64_t cl_ord_key(const IdIndex* self, uint32_t session, int64_t cl_ord_id) noexcept nogil:
    """Sessions' ids begin far apart: multiples of the golden ratio, as parts of the array, leave each a stretch of it, however many
    there are. (Their upper bits: the lower ones of such a product lie anywhere.)"""
    return session * self.stride + <uint64_t> cl_ord_id


cdef inline void id_index_prefetch(const IdIndex* self, uint64_t key) noexcept nogil:
    prefetch(&self.slots[key & self.mask])


cdef inline uint32_t id_index_first(const IdIndex* self, uint64_t key) noexcept nogil:
    """The first candidate, nearly always the only one; or 0."""
    return self.slots[key & self.mask]


# -------------------------------------------------------------------------- by session and ClOrdID; 0 and OrderID

cdef inline uint32_t id_index_other(const IdIndex* self, uint32_t session, uint64_t id, uint32_t skip) noexcept nogil:
    """Candidate number `skip` of those behind the first; 0: there are no more."""
    return id_map_find(&self.others, id_home(&self.others, session, id), skip)


cdef inline uint32_t* id_index_place(IdIndex* self, uint32_t session, uint64_t id) noexcept nogil:
    """Where the pair stands if nobody else does: for whoever needs it twice. Kept as long as the engine."""
    return &self.slots[cl_ord_key(self, session, id) & self.mask]


cdef inline void id_index_insert(IdIndex* self, uint32_t* place, uint32_t session, uint64_t id, uint32_t slot) noexcept nogil:
    """Put in a pair that is not there; `place` is its."""
    if unlikely(place[0] != 0):
        id_map_insert(&self.others, id_home(&self.others, session, id), slot)
    else:
        place[0] = slot


cdef inline void id_index_remove(IdIndex* self, uint32_t* place, uint32_t session, uint64_t id, uint32_t slot) noexcept nogil:
    """Take out a pair that is there; `place` is its."""
    if unlikely(place[0] != slot):
        id_map_remove(&self.others, id_home(&self.others, session, id), slot)
    else:
        place[0] = 0


cdef inline bint id_index_has(const IdIndex* self, uint32_t session, uint64_t id, uint32_t slot) noexcept nogil:
    """Is the pair there, for invariants."""
    return (self.slots[cl_ord_key(self, session, id) & self.mask] == slot
            or id_map_search(&self.others, id_home(&self.others, session, id), slot, 0) == slot)


# ------------------------------------------------------------------------------------------------- by what it is

cdef inline uint32_t find_by_order_id(const IdIndex* self, const Order* orders, uint64_t order_id) noexcept nogil:
    """The slot of the live order with this OrderID, or 0."""
    cdef uint32_t slot = id_index_first(self, order_id), skip = 0
    if slot != 0 and orders[slot].order_id == order_id:
        return slot
    while True:
        slot = id_index_other(self, 0, order_id, skip)
        if slot == 0 or orders[slot].order_id == order_id:
            return slot
        skip += 1


cdef inline uint32_t find_by_cl_ord_id(const IdIndex* self, const Order* orders, uint32_t session,
                                       int64_t cl_ord_id) noexcept nogil:
    """The slot of the session's live order with this ClOrdID, or 0."""
    cdef uint64_t key = cl_ord_key(self, session, cl_ord_id)
    cdef uint32_t slot = id_index_first(self, key), skip = 0
    if orders[slot].session == session and orders[slot].cl_ord_id == cl_ord_id:
        return slot
    while True:
        slot = id_index_other(self, session, <uint64_t> cl_ord_id, skip)
        if slot == 0 or (orders[slot].session == session and orders[slot].cl_ord_id == cl_ord_id):
            return slot
        skip += 1
