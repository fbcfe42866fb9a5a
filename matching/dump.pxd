"""The canonical state as bytes. Layout: canonical.pxd; the way back: load.pxd."""

from libc.stddef cimport size_t
from libc.stdint cimport uint16_t, uint32_t

from pricetime.matching.canonical cimport OrderState, SessionState
from pricetime.matching.order_pool cimport ASIDE, HIDDEN, ICEBERG, STOP_WAITING
from pricetime.matching.records cimport AT_THE_CLOSE, order_time_in_force
from pricetime.matching.state cimport EngineState

cdef extern from *:
    """
    #define PRICETIME_STATE_MAGIC "PTSTATE2"
    """
    const char* STATE_MAGIC "PRICETIME_STATE_MAGIC"

cdef enum:
    # Bits of InstrumentState.presence.
    HAS_LAST_PRICE = 1 << 0
    HAS_REPORTED_PRICE = 1 << 1
    HAS_AUCTION_PRICE = 1 << 2

cdef size_t tables_size(const EngineState* state) noexcept nogil
cdef void dump_tables(const EngineState* state, char* out) noexcept nogil
    # Write tables_size bytes: the header and all tables, which is everything but the orders behind them.
cdef size_t dump_size(const EngineState* state) noexcept nogil
cdef void dump_state(EngineState* state, char* out) noexcept nogil
    # Write dump_size bytes: equal states, equal bytes.
cdef void dump_session(const EngineState* state, uint32_t id, SessionState* out) noexcept nogil
    # A session that is known, into zeros.
cdef void dump_order(const EngineState* state, uint32_t slot, OrderState* out) noexcept nogil
    # A live order.
cdef OrderState* dump_orders_of(const EngineState* state, uint32_t participant, uint32_t instrument,
                                OrderState* out) noexcept nogil
    # A participant's live orders, in one instrument or (0) all, as they lie in the pool; the end of what was written.

cdef inline bint is_aged(uint16_t attributes, uint16_t flags) noexcept nogil:
    """An order that takes its place where ages are looked at (rule 1)."""
    return ((flags & (ICEBERG | HIDDEN | STOP_WAITING | ASIDE)) != 0
            or order_time_in_force(attributes) == AT_THE_CLOSE)
