"""The canonical state, read back. Layout: canonical.pxd."""

from libc.stddef cimport size_t

from pricetime.matching.state cimport EngineState

cdef const char* load_state(EngineState* state, const char* data, size_t size) noexcept nogil
    # Fill a newly created state. NULL, or what is wrong with the bytes; the state is then only good for destruction.
