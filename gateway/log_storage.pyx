"""The real storage: the log's writer, as the loop calls it. Owns nothing; the writer outlives it."""


from pricetime.gateway.world cimport Storage
from pricetime.journal.writer cimport LogWriter, Writer, writer_append, writer_publish
from pricetime.matching.records cimport CommandLine


cdef int log_append(void* context, const CommandLine* record) noexcept nogil:
    return writer_append(<LogWriter*> context, record)


cdef void log_publish(void* context) noexcept nogil:
    writer_publish(<LogWriter*> context)


cdef class LogStorage(Storage):
    """Commands go to `writer`, a pricetime.journal.Writer, which must stay open while a loop runs on it."""

    cdef readonly Writer writer

    def __init__(self, Writer writer not None):
        self.writer = writer
        self.calls.append = log_append
        self.calls.publish = log_publish
        self.calls.context = writer.log
