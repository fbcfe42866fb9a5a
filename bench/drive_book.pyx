"""Drive the fast engine as the gateway does within a message, and replay: from C without the GIL, one command a call,
what the next ones need asked for ahead, events into a sink that drops them."""

from libc.stdint cimport uint64_t

from pricetime.matching.engine cimport APPLIED, DIGEST_DIFFERS, Engine, engine_apply_ahead
from pricetime.matching.events cimport EventSink
from pricetime.matching.foresight cimport Foresight, foresight_begin
from pricetime.matching.records cimport CommandLine, EventRecord, record_lines

from time import thread_time_ns

cdef enum:
    SINK_EVENTS = 128           # 16 kB: written over and over, it stays in the first cache


cdef int drop_events(EventSink* sink) noexcept nogil:
    sink.count = 0
    return 0


def time_engine(Engine engine not None, const CommandLine[::1] lines not None):
    """(nanoseconds of processor time, commands, how many of them were refused at the door) of applying all of
    `lines`, whole records that record_screen passes. Events are written, digested and dropped. RuntimeError where a
    recorded digest differs."""
    cdef EventRecord events[SINK_EVENTS]
    cdef EventSink sink
    cdef Foresight ahead
    cdef Py_ssize_t index = 0, count = lines.shape[0]
    cdef uint64_t commands = 0, refused = 0
    cdef int answer = 0
    sink.events = events
    sink.capacity = SINK_EVENTS
    sink.count = 0
    sink.drain = drop_events
    sink.context = NULL
    if count:
        foresight_begin(&ahead, &lines[0], count, 0)
    start = thread_time_ns()
    with nogil:
        while index < count:
            answer = engine_apply_ahead(engine.state, &ahead, &lines[index], &sink)
            if answer == DIGEST_DIFFERS:
                break
            refused += answer != APPLIED
            index += record_lines(&lines[index])
            commands += 1
    elapsed = thread_time_ns() - start
    if answer == DIGEST_DIFFERS:
        raise RuntimeError(f"line {index} of the flow holds another digest of events than this engine's")
    return elapsed, commands, refused
