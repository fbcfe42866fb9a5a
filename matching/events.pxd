"""The one way out of the engine: events go into a sink, in the order in which they happened."""

from libc.stddef cimport size_t
from libc.stdlib cimport realloc

from pricetime.matching.records cimport EventRecord

cdef struct EventSink:
    # A block of events that its owner empties. One command may yield more events than any block: when it is full the
    # engine calls drain, which takes events[0:count], sets count to 0 and returns 0 (anything else is a broken owner:
    # the process stops). What is left after engine_apply the owner takes when it likes.
    EventRecord* events
    size_t capacity             # at least 1
    size_t count
    int (*drain)(EventSink* sink) noexcept nogil
    void* context               # the owner's


cdef inline int sink_lengthen(EventSink* sink) noexcept nogil:
    """A drain for owners who want all events in one block, from malloc: it takes none and doubles the room. -1: no
    memory."""
    cdef EventRecord* longer = <EventRecord*> realloc(sink.events, 2 * sink.capacity * sizeof(EventRecord))
    if longer is NULL:
        return -1
    sink.events = longer
    sink.capacity *= 2
    return 0
