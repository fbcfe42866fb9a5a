"""Phase changes, days, the clock, and what is due by itself. Rules 2 and 6."""

from pricetime.matching.events cimport EventSink
from pricetime.matching.records cimport CommandLine
from pricetime.matching.state cimport EngineState

cdef void change_phase(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil
cdef void tell_indicative(EngineState* state, EventSink* sink) noexcept nogil
    # A Clock command: what an uncross would give, where that has changed.
cdef void work_off_due(EngineState* state, EventSink* sink) noexcept nogil
    # Before a command whose time has reached state.next_deadline: GTD orders expire, VolatilityCalls end.
