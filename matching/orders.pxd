"""New orders and cancels, past the door. Each is one call: everything that follows from it, trades included, is reported."""

from pricetime.matching.events cimport EventSink
from pricetime.matching.records cimport CommandLine
from pricetime.matching.state cimport EngineState

# APPLIED (0), always: engine_apply ends with the call.
cdef int new_in_full(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil
cdef int cancel_in_full(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil
