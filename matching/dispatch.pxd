"""From a command that the door let in to the function that carries it out, by its type. Each gives 0 (engine.pxd, APPLIED): the
call of one is the last thing that engine_apply does."""

from pricetime.matching.events cimport EventSink
from pricetime.matching.records cimport NEW_ORDER_SINGLE, ORDER_CANCEL_REPLACE_REQUEST, ORDER_CANCEL_REQUEST, CommandLine
from pricetime.matching.state cimport EngineState
from pricetime.matching.straight cimport order_cancel, order_new, order_replace

cdef int refuse_at_door(EngineState* engine, const CommandLine* record, int reason, EventSink* sink) noexcept nogil
    # One event without a sequence number, that is in no digest. The reason.
cdef int after_what_is_due(EngineState* engine, const CommandLine* record, EventSink* sink) noexcept nogil
    # dispatch, with what is due by itself before it.
cdef int administer(EngineState* engine, const CommandLine* record, EventSink* sink) noexcept nogil
    # Everything but orders.


cdef inline int dispatch(EngineState* engine, const CommandLine* record, EventSink* sink) noexcept nogil:
    if record.type == ORDER_CANCEL_REPLACE_REQUEST:
        return order_replace(engine, record, sink)
    if record.type == NEW_ORDER_SINGLE:
        return order_new(engine, record, sink)
    if record.type == ORDER_CANCEL_REQUEST:
        return order_cancel(engine, record, sink)
    return administer(engine, record, sink)
