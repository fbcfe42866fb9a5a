"""Segment files: created under a name of their own, then named by their first sequence number once their header is
durable."""

from libc.errno cimport errno
from libc.stddef cimport size_t
from libc.stdio cimport snprintf
from posix.fcntl cimport O_CLOEXEC, O_CREAT, O_RDWR, O_TRUNC, openat
from posix.mman cimport MAP_FAILED, MAP_SHARED, MS_SYNC, PROT_READ, PROT_WRITE, mmap, msync, munmap
from posix.unistd cimport close, fsync

from pricetime.journal.atomics cimport load_relaxed, store_release
from pricetime.journal.layout cimport HEADER_BYTES, SegmentHeader, closed_mark

cdef extern from "platform.h" nogil:
    int file_fill(int file, size_t bytes)
    int file_reserve(int file, size_t bytes)

cdef extern from "<unistd.h>" nogil:
    int unlinkat(int directory, const char* name, int flags)

cdef extern from "<stdio.h>" nogil:
    int renameat(int old_directory, const char* old_name, int new_directory, const char* new_name)


cdef inline const char* next_name(int slot) noexcept nogil:
    """Of a segment that has no number yet. Two, so that one can be made while the one before still waits for its
    number."""
    return b"next-1.segment" if slot else b"next-0.segment"


cdef int segment_create(int directory, int slot, size_t capacity, Segment* segment) noexcept nogil:
    cdef int error = 0
    cdef void* map = NULL
    cdef int file = openat(directory, next_name(slot), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    if file < 0:
        return errno
    error = file_reserve(file, capacity)
    if error == 0:
        error = file_sync(file)         # the size; the zeros that follow need not be durable
    if error == 0:
        error = file_fill(file, capacity)
    if error == 0:
        map = mmap(NULL, capacity, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
        if map == MAP_FAILED:
            error = errno
    if error:
        unlinkat(directory, next_name(slot), 0)     # the first error is the one to tell
        close(file)
        return error
    segment.map = <char*> map
    segment.capacity = capacity
    segment.file = file
    segment.slot = slot
    segment.named = False
    segment.populated = 0
    segment.flushed = 0
    return 0


cdef int segment_name(int directory, Segment* segment) noexcept nogil:
    cdef char name[64]
    cdef SegmentHeader* header = <SegmentHeader*> segment.map
    if msync(segment.map, HEADER_BYTES, MS_SYNC):
        return errno
    snprintf(name, 64, b"%020llu.segment", <unsigned long long> header.first_sequence)
    if renameat(directory, next_name(segment.slot), directory, name):
        return errno
    if fsync(directory):
        return errno
    segment.named = True
    return 0


cdef int segment_seal(int file, SegmentHeader* header, uint64_t last_sequence, uint64_t mark) noexcept nogil:
    cdef int error = file_sync(file)
    if error == 0 and load_relaxed(&header.committed.value) != last_sequence:
        # At level `power`, where the syncer was stopped before it came to this. The mark's checksum covers the positions, and a page
        # that is torn has sectors of both ages: what is not in the mark's own is on the disk before the mark.
        store_release(&header.committed.value, last_sequence)
        error = file_sync(file)
    if error == 0:
        store_release(&header.synced.value, last_sequence)
        store_release(&header.closed.value, closed_mark(header, mark))
    return error


cdef int segment_close(Segment* segment) noexcept nogil:
    cdef int error = 0
    if segment.map == NULL:
        return 0
    if munmap(segment.map, segment.capacity):
        error = errno
    if close(segment.file) and error == 0:
        error = errno
    segment.map = NULL
    return error


cdef int segment_drop(int directory, Segment* segment) noexcept nogil:
    cdef int error = segment_close(segment)
    if error == 0 and unlinkat(directory, next_name(segment.slot), 0):
        error = errno
    return error
