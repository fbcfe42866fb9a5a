"""Live orders of a loaded state."""

from libc.stdint cimport uint64_t

from pricetime.matching.canonical cimport OrderState
from pricetime.matching.state cimport EngineState

cdef const char* load_orders(EngineState* state, const OrderState* data, uint64_t count) noexcept nogil
    # NULL, or what is wrong with one of them. Tables, accounts and limits are loaded already.
