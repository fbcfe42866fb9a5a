"""The straight way of the three commands for orders, and from there to the whole of the rule. Each gives 0 (dispatch.pxd)."""

from pricetime.matching.events cimport EventSink
from pricetime.matching.records cimport CommandLine
from pricetime.matching.state cimport EngineState

cdef int order_new(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil
    # NewOrderSingle [D]. Rule 4.
cdef int order_replace(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil
    # OrderCancelReplaceRequest [G]. Rule 5.
cdef int order_cancel(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil
    # OrderCancelRequest [F]. Rule 5.
