"""One segment file: create, map, sync and close it. Cold code; every function returns 0 or a positive errno."""

from libc.errno cimport EDQUOT, EFBIG, EIO, ENOSPC
from libc.stddef cimport size_t
from libc.stdint cimport uint64_t

from pricetime.journal.layout cimport SegmentHeader

cdef extern from "platform.h" nogil:
    int file_sync(int file)
    int file_flush(int file, size_t offset, size_t bytes)
    void bell_wait(int bell, int wait_ms)
    void pages_populate(char* map, size_t offset, size_t bytes)
    void pages_release(char* map, size_t bytes)

cdef struct Segment:
    char* map                       # NULL: none
    size_t capacity                 # bytes
    int file                        # descriptor
    int slot                        # 0 or 1: which of the two names of segments without a number it has or had
    bint named                      # it has its number for a name
    size_t populated                # bytes whose pages are there
    size_t flushed                  # bytes handed to the disk, of a retired one
    uint64_t last_sequence          # of a retired one

cdef int segment_create(int directory, int slot, size_t capacity, Segment* segment) noexcept nogil
    # Makes next-<slot>.segment in the directory: filled with zeros, mapped, its size durable. On an error nothing is
    # left behind.
cdef int segment_name(int directory, Segment* segment) noexcept nogil
    # The header is complete: make it durable, then give the file its name, then make that durable.
cdef int segment_seal(int file, SegmentHeader* header, uint64_t last_sequence, uint64_t mark) noexcept nogil
    # It ends with this command and nobody appends to it any more: have all of it on the disk, then its last positions and the mark
    # that says so stored (not synced).
cdef int segment_close(Segment* segment) noexcept nogil
    # Unmap and close, where there is one. What was stored stays in the file.
cdef int segment_drop(int directory, Segment* segment) noexcept nogil
    # Close one that was never used, and remove its file.


cdef inline int lasting(int error) noexcept nogil:
    """The errno of a sync or a name that failed: that a disk was full (a quota, a file system that finds room late) sounds as if room
    would mend it, and who appends would try for ever."""
    return EIO if error == ENOSPC or error == EDQUOT or error == EFBIG else error
