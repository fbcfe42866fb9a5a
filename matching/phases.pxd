"""Phase changes, days, the clock, and what is due by itself. Rules 2 and 6."""

from libc.stdint cimport uint8_t

from pricetime.matching.events cimport EventSink
from pricetime.matching.records cimport CLOSING_CALL, OPENING_CALL, PRE_OPEN, VOLATILITY_CALL, CommandLine
from pricetime.matching.state cimport EngineState

cdef void change_phase(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil
cdef void tell_indicative(EngineState* state, EventSink* sink) noexcept nogil
    # A Clock command: what an uncross would give, where that has changed.
cdef void work_off_due(EngineState* state, EventSink* sink) noexcept nogil
    # Before a command whose time has reached state.next_deadline: GTD orders expire, VolatilityCalls end.


cdef inline bint is_call(uint8_t phase) noexcept nogil:
    return phase == PRE_OPEN or phase == OPENING_CALL or phase == CLOSING_CALL or phase == VOLATILITY_CALL
