"""Drive the log's writer as the gateway does, from C without the GIL: append record by record, publish once a batch."""

from libc.stddef cimport size_t

from pricetime.journal.writer cimport LogWriter, Writer, writer_append, writer_publish
from pricetime.matching.records cimport CommandLine

import os
from time import perf_counter_ns


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
