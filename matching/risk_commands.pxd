"""RiskLimits, PositionAdjust and KillSwitch. Rule 13."""

from pricetime.matching.events cimport EventSink
from pricetime.matching.records cimport CommandLine
from pricetime.matching.state cimport EngineState

cdef void risk_limits(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil
cdef void position_adjust(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil
cdef void kill_switch(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil
