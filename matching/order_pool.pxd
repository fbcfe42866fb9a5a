"""OrderPool: every live order in one slab, one cache line each, named by a 32-bit slot (0 is none)."""

from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free

from pricetime.matching.memory cimport prefetch, take_lines

cdef struct Order:
    # All that an order without advanced attributes needs: 64 bytes.
    uint32_t next               # in its queue, towards younger; in the pool's free list
    uint32_t prev
    uint32_t level              # its price level; 0 for a market order
    uint32_t session            # owner; 0: the slot is free
    uint32_t instrument
    uint16_t attributes         # as in a command: side, order type, time in force, HAS_PRICE, POST_ONLY
    uint16_t reserved
    int64_t price
    int64_t leaves              # open quantity
    int64_t filled              # CumQty
    uint64_t order_id
    int64_t cl_ord_id

cdef struct OrderPool:
    Order* orders               # by slot, 1 to capacity
    void* memory
    uint32_t capacity
    uint32_t live
    uint32_t free_head          # slots given back
    uint32_t touched            # highest slot ever used


cdef inline int order_pool_create(OrderPool* self, uint32_t capacity) noexcept nogil:
    self.orders = <Order*> take_lines((<size_t> capacity + 1) * sizeof(Order), &self.memory)
    self.capacity = capacity
    self.live = self.free_head = self.touched = 0
    return 0 if self.orders is not NULL else -1


cdef inline void order_pool_destroy(OrderPool* self) noexcept nogil:
    free(self.memory)
    self.memory = NULL
    self.orders = NULL


cdef inline uint32_t order_take(OrderPool* self) noexcept nogil:
    """A slot for one more order; the caller has checked that live < capacity."""
    cdef uint32_t slot = self.free_head
    if slot != 0:
        self.free_head = self.orders[slot].next
        prefetch(&self.orders[self.free_head])      # the next new order's: given back long ago, perhaps
    else:
        self.touched += 1
        slot = self.touched
    self.live += 1
    return slot


cdef inline void order_give_back(OrderPool* self, uint32_t slot) noexcept nogil:
    self.orders[slot].session = 0
    self.orders[slot].next = self.free_head
    self.free_head = slot
    self.live -= 1
