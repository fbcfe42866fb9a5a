"""Log and engine as a venue has them, one thread, at a given rate: each command has a time at which it should come.

    due ─► append ─► apply ─► ... what else is due by now, up to a bound ... ─► publish ─► events read ─► done

A command's latency is from the time at which it was to come, not from when it was taken up: what waits because the
one before took long has waited (no coordinated omission). Taken up together is what is due already, as the gateway
does with what waits on its socket; what is not due is not looked at, not even ahead.
"""

from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint32_t, uint64_t
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec

from pricetime.bench.bare_book cimport (BARE_SILENT, BareBook, BareCommand, bare_apply, bare_book_create, bare_book_destroy,
                                        bare_book_run)
from pricetime.journal.writer cimport LogWriter, Writer, writer_append, writer_await, writer_committed, writer_publish
from pricetime.matching.engine cimport APPLIED, Engine, EngineState, engine_apply_ahead
from pricetime.matching.events cimport EventSink
from pricetime.matching.foresight cimport Foresight, foresight_begin
from pricetime.matching.records cimport LINE_BYTES, CommandLine, EventRecord
from pricetime.matching.words cimport Word

import os
from time import thread_time_ns

import numpy as np

from pricetime.bench.curves import room

cdef extern from "bare_journal.h" nogil:
    uint32_t bare_append_line(char* place, const char* line, uint32_t seed)

cdef enum:
    SINK_EVENTS = 256
    BATCH_MAX = 64              # commands that are published together at most
    AREA_BYTES = 64 << 20       # where the yardstick copies to, over and over
    WAIT_MS = 1000              # for the disk, before it is asked again

cdef struct Reading:
    uint64_t checksum           # sum of all words of all events
    uint64_t events


cdef inline int64_t now() noexcept nogil:
    cdef timespec time
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * <int64_t> 1_000_000_000 + time.tv_nsec


cdef int read_events(EventSink* sink) noexcept nogil:
    """Every word of every event, by whoever wants them; then the sink is empty."""
    cdef Reading* reading = <Reading*> sink.context
    cdef const Word* words = <const Word*> sink.events
    cdef size_t word
    cdef uint64_t total = reading.checksum
    for word in range(sink.count * (sizeof(EventRecord) // sizeof(Word))):
        total += words[word]
    reading.checksum = total
    reading.events += sink.count
    sink.count = 0
    return 0


cdef int go(EngineState* engine, LogWriter* log, const CommandLine* lines, size_t count, int64_t interval,
            int64_t* latencies, EventSink* sink, int* refused) noexcept nogil:
    """All of `lines`, single-line records numbered on from the log's and the engine's last; 0 or errno of the log."""
    cdef Foresight ahead
    cdef size_t at = 0, end, index
    cdef int64_t start = now(), done
    cdef int error = 0
    while at < count:
        done = now() - start
        while done < <int64_t> at * interval:
            done = now() - start
        end = count if interval == 0 else <size_t> (done // interval) + 1
        end = min(end, min(at + BATCH_MAX, count))
        foresight_begin(&ahead, &lines[at], end - at, 0)
        for index in range(at, end):
            error = writer_append(log, &lines[index])
            if error:
                return error
            refused[0] += engine_apply_ahead(engine, &ahead, &lines[index], sink) != APPLIED
        writer_publish(log)
        read_events(sink)
        if latencies != NULL:
            done = now() - start
            for index in range(at, end):
                latencies[index] = done - <int64_t> index * interval
        at = end
    return 0


cdef int await_disk(LogWriter* log, uint64_t last) noexcept nogil:
    """Until all up to `last` is committed; 0 or the errno of a sync that failed."""
    cdef uint64_t committed = 0
    cdef int error = writer_committed(log, &committed)
    while error == 0 and committed < last:
        writer_await(log, committed, WAIT_MS)
        error = writer_committed(log, &committed)
    return error


def run_pipeline(Engine engine not None, Writer writer not None, const CommandLine[::1] lines not None,
                 int64_t interval=0, bint timed=True):
    """(nanoseconds until all is committed and read, this thread's processor time for it, latency of each command as an
    int64 array) of `lines`, one each `interval` nanoseconds; 0: as fast as it goes, and then `timed` is to be False. OSError where the log took one not,
    ValueError where the engine refused one."""
    cdef EventRecord events[SINK_EVENTS]
    cdef EventSink sink
    cdef Reading reading
    cdef LogWriter* log = writer.log
    cdef EngineState* state = engine.state
    cdef size_t count = lines.shape[0]
    cdef int error, refused = 0
    cdef int64_t elapsed
    taken = room(count if timed else 0)
    cdef int64_t[::1] latencies = taken
    cdef int64_t* place = &latencies[0] if timed else NULL
    reading.checksum = reading.events = 0
    sink.events = events
    sink.capacity = SINK_EVENTS
    sink.count = 0
    sink.drain = read_events
    sink.context = &reading
    worked = thread_time_ns()
    with nogil:
        elapsed = now()
        error = go(state, log, &lines[0], count, interval, place, &sink, &refused)
        if error == 0:
            error = await_disk(log, lines[count - 1].sequence)
        elapsed = now() - elapsed
    worked = thread_time_ns() - worked
    if error:
        raise OSError(error, os.strerror(error))
    if refused:
        raise ValueError(f"{refused} commands of the flow were refused at the door")
    return elapsed, worked, taken


cdef class BarePipeline:
    """The yardstick: memcpy with CRC32C into plain memory and the bare book, in the same loop, at the same rate."""

    cdef BareBook* book
    cdef char[::1] area
    cdef size_t used
    cdef uint32_t crc

    def __init__(self, const BareCommand[::1] fill not None, size_t ids, uint32_t live_max=1 << 17):
        self.book = bare_book_create(live_max, <uint32_t> ids + 1)
        if self.book == NULL:
            raise MemoryError("no memory for the bare book")
        self.area = np.ones(AREA_BYTES, np.int8)
        self.crc = 0xFFFFFFFF
        bare_book_run(self.book, &fill[0], fill.shape[0])

    def __dealloc__(self):
        bare_book_destroy(self.book)

    def run(self, const CommandLine[::1] lines not None, const BareCommand[::1] commands not None, int64_t interval):
        """The latency of each command as an int64 array, one each `interval` nanoseconds."""
        cdef size_t count = lines.shape[0]
        if <size_t> commands.shape[0] != count or count == 0:
            raise ValueError(f"{commands.shape[0]} commands for {count} lines")
        taken = room(count)
        cdef int64_t[::1] latencies = taken
        with nogil:
            self.go(&lines[0], &commands[0], count, interval, &latencies[0])
        return taken

    cdef void go(self, const CommandLine* lines, const BareCommand* commands, size_t count, int64_t interval,
                 int64_t* latencies) noexcept nogil:
        cdef size_t at = 0, end, index
        cdef int64_t start = now(), done
        while at < count:
            done = now() - start
            while done < <int64_t> at * interval:
                done = now() - start
            end = min(<size_t> (done // interval) + 1, min(at + BATCH_MAX, count))
            for index in range(at, end):
                self.crc = bare_append_line(&self.area[0] + self.used, <const char*> &lines[index], self.crc)
                self.used = (self.used + LINE_BYTES) % AREA_BYTES
                bare_apply(self.book, &commands[index], BARE_SILENT)
            done = now() - start
            for index in range(at, end):
                latencies[index] = done - <int64_t> index * interval
            at = end
