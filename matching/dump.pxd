"""The canonical state as bytes, and back. Layout: canonical.pxd."""

from libc.stddef cimport size_t

from pricetime.matching.state cimport EngineState

cdef size_t dump_size(const EngineState* state) noexcept nogil
cdef void dump_state(EngineState* state, char* out) noexcept nogil
    # Write dump_size bytes: equal states, equal bytes.
cdef const char* load_state(EngineState* state, const char* data, size_t size) noexcept nogil
    # Fill a newly created state. NULL, or what is wrong with the bytes; the state is then only good for destruction.
