"""Zeroed memory on a cache line's boundary, so that a 64-byte struct is one line and not parts of two."""

from libc.stddef cimport size_t
from libc.stdint cimport uintptr_t
from libc.stdlib cimport calloc

cdef enum:
    CACHE_LINE = 64


cdef inline void* take_lines(size_t size, void** memory) noexcept nogil:
    """`size` zeroed bytes on a line's boundary, or NULL. *memory is what free takes. Large blocks cost nothing until touched."""
    memory[0] = calloc(size + CACHE_LINE, 1)
    if memory[0] is NULL:
        return NULL
    return <void*> ((<uintptr_t> memory[0] + CACHE_LINE - 1) & ~<uintptr_t> (CACHE_LINE - 1))
