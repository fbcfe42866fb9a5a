"""The canonical state as bytes. Layout: canonical.pxd; the way back: load.pxd."""

from libc.stddef cimport size_t
from libc.stdint cimport uint16_t

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

cdef inline bint is_aged(uint16_t attributes, uint16_t flags) noexcept nogil:
    """An order that takes its place where ages are looked at (rule 1)."""
    return ((flags & (ICEBERG | HIDDEN | STOP_WAITING | ASIDE)) != 0
            or order_time_in_force(attributes) == AT_THE_CLOSE)
