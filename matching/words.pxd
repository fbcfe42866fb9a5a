"""Words that lie over the fields of a struct (words.h). Everything else in matching/ is read as the type that it was written as:
the compiler is told so (setup.py), and need not load a pointer again after every number that it has stored."""

from libc.stdint cimport uint32_t, uint64_t

cdef extern from "words.h" nogil:
    ctypedef uint64_t Word
    ctypedef uint32_t HalfWord
