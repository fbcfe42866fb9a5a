"""The ring of event_ring.h, which hands events to a second thread, for Cython. That header says how."""

from libc.stddef cimport size_t
from libc.stdint cimport uint64_t

cdef extern from "event_ring.h" nogil:
    enum:
        RING_FAR
        RING_STRETCH

    ctypedef struct EventRing:
        uint64_t writer_waited
        uint64_t reader_waited
        uint64_t line_time

    uint64_t ring_thread_time()
    EventRing* ring_create(size_t slot_bytes, uint64_t capacity)
    void ring_destroy(EventRing* ring)
    uint64_t ring_call(EventRing* ring)
    size_t ring_answer(EventRing* ring)
    void* ring_stretch(EventRing* ring)
    void* ring_next_stretch(EventRing* ring)
    void ring_prepare(EventRing* ring, size_t count, size_t slot_bytes)
    void ring_publish(EventRing* ring, size_t count)
    void ring_close(EventRing* ring)
    void ring_drained(EventRing* ring)
    size_t ring_take(EventRing* ring, uint64_t taken, size_t behind, void** slot)
    void ring_give_back(EventRing* ring, uint64_t taken)
    void ring_leave(void* slot, size_t slot_bytes)
