"""Glue."""

from libc.stdint cimport uint32_t

from pricetime.matching.state cimport EngineState

cdef inline void deadline_add(EngineState* state, uint32_t slot) noexcept nogil:
    pass

cdef inline void deadlines_refresh(EngineState* state) noexcept nogil:
    pass
