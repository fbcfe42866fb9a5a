"""Drive the fast engine as the gateway does, from C without the GIL: one command a call, events into a sink that drops them."""

from libc.stddef cimport size_t
from libc.stdint cimport uint64_t

from pricetime.matching.engine cimport Engine, engine_apply
from pricetime.matching.events cimport EventSink
from pricetime.matching.records cimport CommandLine, EventRecord, record_lines

from time import perf_counter_ns

cdef enum:
    SINK_EVENTS = 128           # 16 kB: written over and over, it stays in the first cache


cdef int drop_events(EventSink* sink) noexcept nogil:
    sink.count = 0
    return 0


def time_engine(Engine engine not None, const CommandLine[::1] lines not None):
    """(nanoseconds, commands) of applying all of `lines` (whole records that record_screen passes). Events are written, digested
    and dropped. RuntimeError where the engine would not take one: a flow is to be valid at the door."""
    cdef EventRecord events[SINK_EVENTS]
    cdef EventSink sink
    cdef Py_ssize_t index = 0, count = lines.shape[0]
    cdef uint64_t commands = 0
    cdef int answer = 0
    sink.events = events
    sink.capacity = SINK_EVENTS
    sink.count = 0
    sink.drain = drop_events
    sink.context = NULL
    start = perf_counter_ns()
    with nogil:
        while index < count:
            answer = engine_apply(engine.state, &lines[index], &sink)
            if answer:
                break
            index += record_lines(&lines[index])
            commands += 1
    elapsed = perf_counter_ns() - start
    if answer:
        raise RuntimeError(f"the engine refused line {index} of the flow: {answer}")
    return elapsed, commands
