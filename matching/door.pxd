"""What a record must be to be looked at: whole lines, known type and version, the further lines that its type wants."""

from libc.stddef cimport size_t
from libc.stdint cimport uint32_t

from pricetime.matching.records cimport CommandLine

cdef int record_screen(const CommandLine* record, size_t lines_available, uint32_t* offset) noexcept nogil
    # 0, or the Reason (BAD_LENGTH to RESERVED_NOT_ZERO) why the bytes at `record` are no command; *offset is then the
    # byte within the record that is wrong. Looks at no more than lines_available lines. Wire-only types pass.
