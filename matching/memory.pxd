"""What the machine has for memory and words: zeroed blocks on a boundary, huge pages, prefetching, folded products,
counting zeros, likely branches."""

from libc.stddef cimport size_t
from libc.stdint cimport uint64_t, uintptr_t
from libc.stdlib cimport calloc

cdef enum:
    CACHE_LINE = 64
    HUGE_PAGE = 1 << 21
    PAGE_BYTES = 4096

cdef extern from *:
    """
    #include <sys/mman.h>
    static inline void pricetime_want_huge_pages(void *memory, size_t size) {
    #ifdef MADV_HUGEPAGE
        madvise(memory, size, MADV_HUGEPAGE);   /* a wish: where it is not granted nothing is wrong */
    #endif
    }
    #define PRICETIME_PREFETCH(address) __builtin_prefetch((address), 1)
    static inline uint64_t pricetime_folded_product(uint64_t a, uint64_t b) {
        unsigned __int128 product = (unsigned __int128) a * b;
        return (uint64_t) product ^ (uint64_t) (product >> 64);
    }
    """
    void want_huge_pages "pricetime_want_huge_pages"(void* memory, size_t size) noexcept nogil
    void prefetch "PRICETIME_PREFETCH"(const void* address) noexcept nogil
    uint64_t folded_product "pricetime_folded_product"(uint64_t, uint64_t) noexcept nogil
    int count_trailing_zeros "__builtin_ctzll"(uint64_t) noexcept nogil     # undefined for 0
    int count_leading_zeros "__builtin_clzll"(uint64_t) noexcept nogil
    # Cython's own: the compiler moves what is unlikely out of the straight way, and spares that its registers.
    bint likely(bint) noexcept nogil
    bint unlikely(bint) noexcept nogil


cdef inline void* take_lines(size_t size, void** memory) noexcept nogil:
    """`size` zeroed bytes, or NULL. On a cache line's boundary, so that a 64-byte struct is one line; what is as large as a
    huge page begins on one's boundary. *memory is what free takes. Large blocks cost nothing until touched."""
    cdef size_t boundary = HUGE_PAGE if size >= HUGE_PAGE else CACHE_LINE
    memory[0] = calloc(size + boundary, 1)
    if memory[0] is NULL:
        return NULL
    return <void*> ((<uintptr_t> memory[0] + boundary - 1) & ~<uintptr_t> (boundary - 1))


cdef inline void touch_pages(void* memory, size_t size) noexcept nogil:
    """Write each page of a block with what it holds; huge pages where the system has them."""
    cdef volatile char* bytes = <volatile char*> memory
    cdef size_t at = 0
    if size >= HUGE_PAGE:
        want_huge_pages(memory, size & ~<size_t> (HUGE_PAGE - 1))
    while at < size:
        bytes[at] = bytes[at]
        at += PAGE_BYTES
