"""What is refused at the door, and every command that is no order."""

from pricetime.matching.events cimport EventSink
from pricetime.matching.records cimport CommandLine
from pricetime.matching.state cimport EngineState

cdef int refuse_at_door(EngineState* engine, const CommandLine* record, int reason, EventSink* sink) noexcept nogil
    # One event without a sequence number, that is in no digest. The reason.
cdef int administer(EngineState* engine, const CommandLine* record, EventSink* sink) noexcept nogil
    # Everything but orders.
