"""Drive the engine, or the bare book, through its C interface: one command a call, every event handed to a second
thread that reads all of it.

The writer writes its events where the reader finds them, in the ring's slots: nothing is copied. Engine and bare book
have the same ring, the same reader (it counts kinds and adds up every 8 bytes) and the same two clocks: the wall's,
from the first command to the last event read, and the processor time of the busier of the two threads, its waiting
for the other left out. On a quiet machine they agree; on a busy one the second is without the others' turns. The
threads are pinned to two processors where the system has two.
"""

import os
from time import perf_counter_ns

from libc.stddef cimport size_t
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memset

from pricetime.bench.bare_book cimport (BareBook, BareCommand, BareReport, BareSink, bare_book_apply_reporting,
                                        bare_book_create, bare_book_destroy, bare_book_run)
from pricetime.bench.event_ring cimport (RING_FAR, RING_STRETCH, EventRing, ring_answer, ring_call, ring_close,
                                         ring_create, ring_destroy, ring_drained, ring_give_back, ring_leave,
                                         ring_next_stretch, ring_prepare, ring_publish, ring_stretch, ring_take,
                                         ring_thread_time)
from pricetime.matching.engine cimport APPLIED, Engine, EngineState, engine_apply_ahead
from pricetime.matching.events cimport EventSink
from pricetime.matching.foresight cimport Foresight, foresight_begin
from pricetime.matching.records cimport CommandLine, EventRecord, record_lines
from pricetime.matching.words cimport Word

cdef extern from "<pthread.h>" nogil:
    ctypedef unsigned long pthread_t
    int pthread_create(pthread_t* thread, const void* attributes, void* (*run)(void*) noexcept nogil, void* argument)
    int pthread_join(pthread_t thread, void** result)

cdef enum:
    SLOTS = 4096                # of the ring: half a megabyte of events, what a second cache holds
    KINDS = 64
    EVENT_TYPE_AT = 4           # bytes into an EventRecord
    BARE_KIND_AT = 0            # and into a BareReport: its lowest byte

FAR = RING_FAR                  # nanoseconds of time_line() from which the reader stays further behind

assert sizeof(BareReport) == sizeof(EventRecord), "both hand over slots of one size"

cdef struct Reading:
    EventRing* ring
    uint64_t events
    uint64_t checksum           # sum of all words
    uint64_t worked             # nanoseconds of processor time, without those that it waited
    uint64_t kinds[64]


cdef inline void read_slots(Reading* reading, size_t slot_bytes, size_t kind_at) noexcept nogil:
    """Read every word of every slot, and leave its lines to the writer. `kind_at`: the byte of a slot that is its kind."""
    cdef const uint8_t* slot
    cdef void* slots = NULL
    cdef size_t behind = ring_answer(reading.ring)
    cdef size_t ready = ring_take(reading.ring, 0, behind, &slots), i, word
    cdef uint64_t total = 0
    while ready:
        for i in range(ready):
            slot = <const uint8_t*> slots + i * slot_bytes
            reading.kinds[slot[kind_at] & (KINDS - 1)] += 1
            for word in range(slot_bytes // sizeof(Word)):
                total += (<const Word*> slot)[word]
            ring_leave(<void*> slot, slot_bytes)
        reading.events += ready
        reading.checksum = total
        ring_give_back(reading.ring, reading.events)
        ready = ring_take(reading.ring, reading.events, behind, &slots)
    reading.worked = ring_thread_time() - reading.ring.reader_waited


cdef void* read_events(void* context) noexcept nogil:
    """The second thread, behind the engine."""
    read_slots(<Reading*> context, sizeof(EventRecord), EVENT_TYPE_AT)
    return NULL


cdef void* read_reports(void* context) noexcept nogil:
    """The second thread, behind the bare book."""
    read_slots(<Reading*> context, sizeof(BareReport), BARE_KIND_AT)
    return NULL


cdef int events_on(EventSink* sink) noexcept nogil:
    """A stretch is full, in the middle of a command perhaps."""
    sink.events = <EventRecord*> ring_next_stretch(<EventRing*> sink.context)
    sink.count = 0
    return 0


cdef void reports_on(BareSink* sink) noexcept nogil:
    sink.reports = <BareReport*> ring_next_stretch(<EventRing*> sink.context)
    sink.count = 0


cdef size_t drive_engine(EngineState* engine, const CommandLine* lines, size_t count, EventRing* ring) noexcept nogil:
    """How many lines were applied: fewer than `count` where a record was refused."""
    cdef EventSink sink
    cdef Foresight ahead
    cdef size_t index = 0
    foresight_begin(&ahead, lines, count, 0)
    sink.events = <EventRecord*> ring_stretch(ring)
    sink.capacity = RING_STRETCH
    sink.count = 0
    sink.drain = events_on
    sink.context = ring
    while index < count:
        ring_prepare(ring, sink.count, sizeof(EventRecord))
        if engine_apply_ahead(engine, &ahead, &lines[index], &sink) != APPLIED:
            break
        ring_publish(ring, sink.count)
        index += record_lines(&lines[index])
    ring_publish(ring, sink.count)
    ring_drained(ring)
    return index


cdef void drive_bare(BareBook* book, const BareCommand* commands, size_t count, EventRing* ring) noexcept nogil:
    cdef BareSink sink
    cdef size_t index
    sink.reports = <BareReport*> ring_stretch(ring)
    sink.capacity = RING_STRETCH
    sink.count = 0
    sink.drain = reports_on
    sink.context = ring
    book.sink = &sink
    for index in range(count):
        ring_prepare(ring, sink.count, sizeof(BareReport))
        bare_book_apply_reporting(book, &commands[index])
        ring_publish(ring, sink.count)
    ring_drained(ring)


cdef class SecondThread:
    """A ring and the thread that reads it, each on a processor of its own where there are two."""

    cdef Reading reading
    cdef pthread_t thread
    cdef object processors
    cdef bint running

    def __cinit__(self, size_t slot_bytes):
        memset(&self.reading, 0, sizeof(Reading))
        self.reading.ring = ring_create(slot_bytes, SLOTS)
        if self.reading.ring == NULL:
            raise MemoryError("no memory for the ring")
        self.processors = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ()

    def __dealloc__(self):
        ring_destroy(self.reading.ring)

    cdef start(self, void* (*run)(void*) noexcept nogil):
        """A new thread has its maker's processors: so it gets its own, and then this one another. Both have met when
        this returns (ring_call)."""
        own, *others = sorted(self.processors) or [0]
        if others:
            os.sched_setaffinity(0, {others[0]})
        cdef int error = pthread_create(&self.thread, NULL, run, &self.reading)
        if others:
            os.sched_setaffinity(0, {own} if not error else self.processors)
        if error:
            raise OSError(error, "no second thread")
        self.running = True
        with nogil:
            ring_call(self.reading.ring)

    def stop(self):
        """All is read, and the thread has ended."""
        if self.running:
            with nogil:
                ring_close(self.reading.ring)
                pthread_join(self.thread, NULL)
            self.running = False
            if len(self.processors) > 1:
                os.sched_setaffinity(0, self.processors)

    @property
    def found(self):
        """(events, sum of all their 8-byte words, events by kind): what the thread has read."""
        kinds = {kind: self.reading.kinds[kind] for kind in range(KINDS) if self.reading.kinds[kind]}
        return self.reading.events, self.reading.checksum, kinds


def time_line():
    """Nanoseconds that a cache line takes from this thread to a second one: a few where they share a core, some tens
    within a part of a chip, 90 and more between two."""
    second = SecondThread(sizeof(BareReport))
    second.start(read_reports)
    second.stop()
    return second.reading.ring.line_time


cdef clocks(SecondThread second, uint64_t wall, uint64_t writer):
    """Nanoseconds of the wall's clock, of the writer's work, of the reader's, the second thread having stopped."""
    return wall, writer - second.reading.ring.writer_waited, second.reading.worked


def time_engine(Engine engine not None, const CommandLine[::1] lines not None):
    """((nanoseconds of the wall's clock, of the writer's work, of the reader's), (events, sum of their words, events
    by EventType)) of applying all of `lines`, whole records that
    record_screen passes. ValueError where one is refused at the door."""
    second = SecondThread(sizeof(EventRecord))
    cdef EventRing* ring = second.reading.ring
    cdef EngineState* state = engine.state
    cdef size_t count = lines.shape[0], applied = 0
    second.start(read_events)
    try:
        start, thread_start = perf_counter_ns(), ring_thread_time()
        if count:
            with nogil:
                applied = drive_engine(state, &lines[0], count, ring)
        wall, writer = perf_counter_ns() - start, ring_thread_time() - thread_start
    finally:
        second.stop()
    if applied != count:
        raise ValueError(f"line {applied} of the flow was refused at the door: not applied")
    return clocks(second, wall, writer), second.found


def time_bare(const BareCommand[::1] fill not None, const BareCommand[::1] commands not None, uint32_t ids,
              uint32_t live_max=1 << 17):
    """The same of a new bare book (ids 1 to `ids`), `fill` having gone in before the clock was started; kinds are
    BARE_ACCEPTED, TRADED, CANCELED, REPLACED: 0 to 3."""
    second = SecondThread(sizeof(BareReport))
    cdef EventRing* ring = second.reading.ring
    cdef size_t count = commands.shape[0]
    cdef BareBook* book = bare_book_create(live_max, ids)
    if book == NULL:
        raise MemoryError("no memory for the bare book")
    try:
        if fill.shape[0]:
            bare_book_run(book, &fill[0], fill.shape[0])
        second.start(read_reports)
        start, thread_start = perf_counter_ns(), ring_thread_time()
        if count:
            with nogil:
                drive_bare(book, &commands[0], count, ring)
        wall, writer = perf_counter_ns() - start, ring_thread_time() - thread_start
    finally:
        second.stop()
        bare_book_destroy(book)
    return clocks(second, wall, writer), second.found
