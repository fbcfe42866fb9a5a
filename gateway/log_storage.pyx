"""The real storage: the log's writer, as the loop calls it. Owns nothing; the writer outlives it."""

from libc.stdint cimport uint64_t

from pricetime.gateway.stat_page cimport StatPage
from pricetime.gateway.world cimport Storage
from pricetime.journal.atomics cimport store_release
from pricetime.journal.syncer cimport syncer_listen, syncer_rest
from pricetime.journal.writer cimport LogWriter, Writer, writer_append, writer_committed, writer_publish, writer_wake
from pricetime.matching.records cimport CommandLine


cdef int log_append(void* context, const CommandLine* record) noexcept nogil:
    return writer_append(<LogWriter*> context, record)


cdef void log_publish(void* context) noexcept nogil:
    writer_publish(<LogWriter*> context)


cdef void log_wake(void* context, bint surely) noexcept nogil:
    writer_wake(<LogWriter*> context, surely)


cdef int log_committed(void* context, uint64_t* sequence) noexcept nogil:
    return writer_committed(<LogWriter*> context, sequence)


cdef bint log_listen(void* context, uint64_t known) noexcept nogil:
    """At level `process` nothing is committed later than it is published."""
    cdef LogWriter* log = <LogWriter*> context
    return log.syncer != NULL and syncer_listen(log.syncer, known)


cdef void log_rest(void* context) noexcept nogil:
    if (<LogWriter*> context).syncer != NULL:
        syncer_rest((<LogWriter*> context).syncer)


cdef class LogStorage(Storage):
    """Commands go to `writer`, a pricetime.journal.Writer, which must stay open while a loop runs on it. How long its
    syncs take is counted in `stat`."""

    cdef readonly Writer writer

    def __init__(self, Writer writer not None, StatPage stat=None):
        self.writer = writer
        if stat is not None and writer.log.syncer != NULL:
            writer.times_owner = stat
            store_release(&writer.log.syncer.times, <uint64_t> &stat.stat.sync)
        self.calls.append = log_append
        self.calls.publish = log_publish
        self.calls.wake = log_wake
        self.calls.committed = log_committed
        self.calls.listen = log_listen
        self.calls.rest = log_rest
        self.calls.context = writer.log
        self.calls.bell = writer.log.syncer.bell[0] if writer.log.syncer != NULL else -1
