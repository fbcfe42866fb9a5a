"""Atomic words of the log, with their ordering (atomics.h says what each one promises)."""

from libc.stdint cimport uint64_t

cdef extern from "atomics.h" nogil:
    uint64_t load_acquire(const void* word)
    void store_release(void* word, uint64_t value)
    uint64_t load_relaxed(const void* word)
    void store_relaxed(void* word, uint64_t value)
    void fence_full()
    void touch_word(void* word)
    void ask_for_line(const void* place)
    void ask_to_read(const void* place)
    void processor_pause()
