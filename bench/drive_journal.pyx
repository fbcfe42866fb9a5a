"""Drive the log's writer as the gateway does, from C without the GIL: append record by record, publish once a batch."""

from libc.stddef cimport size_t
from libc.stdint cimport int64_t
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec

from pricetime.journal.writer cimport LogWriter, Writer, writer_append, writer_publish, writer_wake
from pricetime.matching.records cimport CommandLine

import os
from time import perf_counter_ns

from pricetime.bench.curves import room


def time_writer(Writer writer not None, const CommandLine[::1] lines not None, size_t batch):
    """Nanoseconds for appending `lines`, single-line records numbered on from the writer's, published every
    `batch`. OSError where one was not appended."""
    cdef LogWriter* log = writer.log
    cdef size_t index, count = lines.shape[0], until_publish = batch
    cdef int error = 0
    start = perf_counter_ns()
    with nogil:
        for index in range(count):
            error = writer_append(log, &lines[index])
            if error:
                break
            until_publish -= 1
            if until_publish == 0:
                writer_publish(log)
                until_publish = batch
        writer_publish(log)
    elapsed = perf_counter_ns() - start
    if error:
        raise OSError(error, os.strerror(error))
    return elapsed


cdef inline int64_t now() noexcept nogil:
    cdef timespec time
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * <int64_t> 1_000_000_000 + time.tv_nsec


def time_batches(Writer writer not None, const CommandLine[::1] lines not None, size_t batch, int64_t pace):
    """Append `lines`, single-line records numbered on from the writer's, `batch` at a time, publish and wake readers,
    a batch each `pace` nanoseconds at the earliest. (nanoseconds of each batch, segments begun before and in it).
    OSError where one was not appended."""
    cdef LogWriter* log = writer.log
    cdef size_t count = lines.shape[0] // batch, at, index
    cdef int64_t start, due
    cdef int error = 0
    taken = room(count)
    rolls = room(count)
    cdef int64_t[::1] times = taken, begun = rolls
    with nogil:
        due = now()
        for at in range(count):
            start = now()
            while start < due:
                start = now()
            due += pace
            for index in range(at * batch, (at + 1) * batch):
                error = writer_append(log, &lines[index])
                if error:
                    break
            writer_publish(log)
            writer_wake(log, False)      # as the loop does it while more waits
            times[at] = now() - start
            begun[at] = <int64_t> log.rolls
            if error:
                break
        writer_wake(log, True)
    if error:
        raise OSError(error, os.strerror(error))
    return taken, rolls
