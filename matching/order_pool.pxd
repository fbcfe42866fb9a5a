"""OrderPool: every live order in one slab, one cache line each, named by a 32-bit slot (0 is none).

What only some orders have (stop price, display quantity, ...) is in a second slab by the same slot, which nobody touches for an
order whose `flags` are 0.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from pricetime.matching.memory cimport give_lines_back, prefetch, take_lines

cdef enum:
    # Order.flags: what makes an order more than a plain one; 0 is plain: Market or Limit, Day, GTC, IOC or FOK, nothing advanced.
    HAS_EXTRA = 1 << 0          # its Extra is written; set with any other flag
    ICEBERG = 1 << 1            # DisplayQty above 0
    HIDDEN = 1 << 2             # DisplayQty 0
    STOP_WAITING = 1 << 3       # in the stops of its instrument, not in the book
    STOP_ELECTED = 1 << 4       # with STOP_WAITING: waits for Continuous
    ASIDE = 1 << 5              # AtTheClose, not in the book
    SELF_MATCH_ID = 1 << 6      # has a SelfMatchPreventionID
    TIMED = 1 << 7              # GTD: in the heap of deadlines
    RISK_PRICED = 1 << 8        # its risk price is not its price: Extra.risk_price

cdef struct Order:
    # All that an order without advanced attributes needs: 64 bytes.
    uint32_t next               # in its queue, towards younger; in the pool's free list
    uint32_t prev
    uint32_t level              # its price level; 0 for a market order
    uint32_t account            # of its participant in its instrument (risk.pxd)
    uint16_t session            # owner; 0: the slot is free
    uint16_t instrument
    uint16_t attributes         # as in a command: side, order type, time in force, HAS_PRICE, POST_ONLY
    uint16_t flags
    int64_t price
    int64_t leaves              # open quantity
    int64_t filled              # CumQty
    uint64_t order_id
    int64_t cl_ord_id

cdef struct Extra:
    # By the same slot: 64 bytes.
    uint16_t presence           # of AdvancedLine
    uint8_t self_match_instruction
    uint8_t reserved_byte
    uint32_t deadline           # TIMED: its place in the heap of deadlines, from 1
    int64_t display_quantity
    int64_t shown               # ICEBERG in the book: what its queue shows of it
    int64_t stop_price
    int64_t expire_time
    uint64_t self_match_id
    uint64_t age                # rule 1
    int64_t risk_price          # RISK_PRICED

cdef struct OrderPool:
    Order* orders               # by slot, 1 to capacity
    Extra* extras
    uint32_t capacity
    uint32_t live
    uint32_t free_head          # slots given back
    uint32_t touched            # highest slot ever used


cdef inline int order_pool_create(OrderPool* self, uint32_t capacity) noexcept nogil:
    self.orders = <Order*> take_lines((<size_t> capacity + 1) * sizeof(Order))
    self.extras = <Extra*> take_lines((<size_t> capacity + 1) * sizeof(Extra))
    self.capacity = capacity
    self.live = self.free_head = self.touched = 0
    if self.orders is NULL or self.extras is NULL:
        return -1
    self.orders[0].flags = HAS_EXTRA    # nobody: who meets it at the head of a queue has to look closer
    return 0


cdef inline void order_pool_destroy(OrderPool* self) noexcept nogil:
    give_lines_back(self.orders)
    give_lines_back(self.extras)
    self.orders = NULL
    self.extras = NULL


cdef inline uint32_t slot_from_ends(const OrderPool* self, uint32_t number) noexcept nogil:
    """Slot number 0, 1, 2 ... of a walk from both ends by turns: the last one ever used, the first, the last but one. Whoever looks
    for orders and knows how many there are finds the newest soon, and the oldest."""
    return (number >> 1) + 1 if number & 1 else self.touched - (number >> 1)


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
