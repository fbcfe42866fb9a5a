"""OrderCancelReplaceRequest [G], past the door: one call, everything that follows from it is reported. Rule 5."""

from pricetime.matching.events cimport EventSink
from pricetime.matching.records cimport CommandLine
from pricetime.matching.state cimport EngineState

# APPLIED (0), always: engine_apply ends with the call.
cdef int replace_in_full(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil
