"""Run the log's yardstick, memcpy plus CRC32C (bare_journal.h), over prepared lines."""

from libc.stddef cimport size_t
from libc.stdint cimport uint32_t, uint64_t

from time import perf_counter_ns

cdef extern from "bare_journal.h" nogil:
    uint32_t bare_append_chained(char* area, const char* lines, size_t count)
    uint32_t bare_append_unchained(char* area, const char* lines, size_t count)
    uint32_t bare_read(const char* lines, size_t count)
    uint64_t bare_sum(const char* lines, size_t count)


def time_bare_append(unsigned char[::1] area not None, const unsigned char[::1] lines not None, bint chained=True):
    """(nanoseconds, last checksum or the exclusive or of all) for copying `lines` (whole 64-byte lines) into `area`
    with checksums.

    The caller has touched every page of `area` before.
    """
    cdef size_t count = lines.shape[0] // 64
    cdef uint32_t crc
    if lines.shape[0] == 0 or lines.shape[0] % 64 or area.shape[0] < lines.shape[0]:
        raise ValueError(f"{lines.shape[0]} bytes of lines for an area of {area.shape[0]}")
    start = perf_counter_ns()
    with nogil:
        if chained:
            crc = bare_append_chained(<char*> &area[0], <const char*> &lines[0], count)
        else:
            crc = bare_append_unchained(<char*> &area[0], <const char*> &lines[0], count)
    return perf_counter_ns() - start, crc


def time_bare_read(const unsigned char[::1] lines not None, bint checksums=True):
    """(nanoseconds, the exclusive or of all checksums, or the sum of all words) for reading `lines` (whole 64-byte lines)
    where they are."""
    cdef size_t count = lines.shape[0] // 64
    cdef uint64_t result
    if lines.shape[0] == 0 or lines.shape[0] % 64:
        raise ValueError(f"{lines.shape[0]} bytes are not whole lines")
    start = perf_counter_ns()
    with nogil:
        if checksums:
            result = bare_read(<const char*> &lines[0], count)
        else:
            result = bare_sum(<const char*> &lines[0], count)
    return perf_counter_ns() - start, result
