"""New orders and cancels, past the door. Each is one call: everything that follows from it, trades included, is reported."""

from pricetime.matching.events cimport EventSink
from pricetime.matching.records cimport CommandLine
from pricetime.matching.state cimport EngineState

cdef void order_new(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil
cdef void order_cancel(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil
