"""What a book shows: best prices, and the levels of a side, best first. Displayed quantity only; market orders have no
level and are not in it."""

from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint8_t, uint32_t

from pricetime.matching.level_tree cimport Level
from pricetime.matching.state cimport EngineState

cdef struct DepthLevel:
    int64_t price
    int64_t quantity            # displayed, of all orders here
    int64_t orders              # how many these are

cdef struct BestPrices:
    DepthLevel bid              # all 0 where has_bid is 0; a price of 0 may be legal
    DepthLevel ask
    uint8_t has_bid
    uint8_t has_ask
    uint8_t reserved[6]


cdef inline bint depth_level(const EngineState* state, const Level* level, DepthLevel* row) noexcept nogil:
    """What a level shows; False: nothing. The one place that says what is displayed."""
    row.price = state.pool.orders[level.head].price
    row.quantity = level.quantity
    row.orders = level.count
    return level.count != 0


cdef size_t depth(const EngineState* state, uint32_t instrument, int side, size_t n, DepthLevel* rows) noexcept nogil
    # At most n prices of a side (Side: BUY or SELL), best first; how many there are. An unknown instrument or side has
    # none.
cdef void best_prices(const EngineState* state, uint32_t instrument, BestPrices* best) noexcept nogil
    # The best displayed price of either side. An unknown instrument has none.
