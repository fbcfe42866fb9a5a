"""Phase changes, days and the clock. Rule 6."""


from pricetime.matching.events cimport EventSink
from pricetime.matching.records cimport CommandLine
from pricetime.matching.state cimport EngineState

cdef void change_phase(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil
cdef void tell_indicative(EngineState* state, EventSink* sink) noexcept nogil
    # A Clock command: what an uncross would give, where that has changed.
