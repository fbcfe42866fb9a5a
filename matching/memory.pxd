"""What the machine has for memory and words: zeroed blocks on a boundary, huge pages, prefetching, folded products,
counting zeros, likely branches."""

from libc.stddef cimport size_t
from libc.stdint cimport uint64_t, uintptr_t
from libc.stdlib cimport calloc, free

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
    /* What was written before huge pages were wished for lies in small ones, which are to become one (Linux 6.1). */
    static inline void pricetime_collapse(void *memory, size_t size) {
    #if defined(__linux__) && !defined(MADV_COLLAPSE)
    #define MADV_COLLAPSE 25
    #endif
    #ifdef MADV_COLLAPSE
        madvise(memory, size, MADV_COLLAPSE);
    #endif
    }
    /* How many bytes were mapped: 0 where there are none to have, or a sanitizer is to see the ends of blocks. */
    static inline size_t pricetime_map_pages(size_t size, void **memory) {
    #if defined(MAP_ANONYMOUS) && !defined(__SANITIZE_ADDRESS__)
        *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (*memory != MAP_FAILED) return size;
    #endif
        *memory = NULL;
        return 0;
    }
    #define PRICETIME_PREFETCH(address) __builtin_prefetch((address), 1)
    static inline uint64_t pricetime_folded_product(uint64_t a, uint64_t b) {
        unsigned __int128 product = (unsigned __int128) a * b;
        return (uint64_t) product ^ (uint64_t) (product >> 64);
    }
    """
    void want_huge_pages "pricetime_want_huge_pages"(void* memory, size_t size) noexcept nogil
    void collapse_pages "pricetime_collapse"(void* memory, size_t size) noexcept nogil
    size_t map_pages "pricetime_map_pages"(size_t size, void** memory) noexcept nogil
    int unmap_pages "munmap"(void* memory, size_t size) noexcept nogil
    void prefetch "PRICETIME_PREFETCH"(const void* address) noexcept nogil
    uint64_t folded_product "pricetime_folded_product"(uint64_t, uint64_t) noexcept nogil
    int count_trailing_zeros "__builtin_ctzll"(uint64_t) noexcept nogil     # undefined for 0
    int count_leading_zeros "__builtin_clzll"(uint64_t) noexcept nogil
    # Cython's own: the compiler moves what is unlikely out of the straight way, and spares that its registers.
    bint likely(bint) noexcept nogil
    bint unlikely(bint) noexcept nogil


cdef struct Slab:
    # What stands before the first byte of a block, for give_lines_back and touch_lines.
    size_t size
    void* taken                 # what the system gave
    size_t mapped               # bytes of it; 0: calloc gave it


cdef inline void* take_lines(size_t size) noexcept nogil:
    """`size` zeroed bytes on a cache line's boundary, on a huge page's where they are as many; or NULL. Large blocks come fresh
    from the system: they cost nothing until touched. To be given back by give_lines_back."""
    cdef size_t boundary = HUGE_PAGE if size >= HUGE_PAGE else CACHE_LINE
    cdef size_t mapped = 0
    cdef void* taken = NULL
    cdef char* first
    if size >= HUGE_PAGE:
        mapped = map_pages(size + CACHE_LINE + boundary, &taken)
    if mapped == 0:
        taken = calloc(size + CACHE_LINE + boundary, 1)
    if taken is NULL:
        return NULL
    first = <char*> ((<uintptr_t> taken + CACHE_LINE + boundary - 1) & ~<uintptr_t> (boundary - 1))
    (<Slab*> first - 1)[0] = Slab(size, taken, mapped)
    return first


cdef inline void give_lines_back(void* first) noexcept nogil:
    """NULL is nothing."""
    cdef Slab slab
    if first is NULL:
        return
    slab = (<Slab*> first - 1)[0]
    if slab.mapped:
        unmap_pages(slab.taken, slab.mapped)
    else:
        free(slab.taken)


cdef inline void touch_lines(void* first, size_t parts) noexcept nogil:
    """Write each page of a block's first `parts`-th (1: of all of it) with what it holds; huge pages where the system has them."""
    touch_bytes(first, (<Slab*> first - 1).size // parts)


cdef inline void touch_bytes(void* first, size_t size) noexcept nogil:
    """The same of so many bytes of a block."""
    cdef volatile char* bytes = <volatile char*> first
    cdef size_t at = 0
    if size >= HUGE_PAGE:
        want_huge_pages(first, size & ~<size_t> (HUGE_PAGE - 1))
    while at < size:
        bytes[at] = bytes[at]
        at += PAGE_BYTES
    if size >= HUGE_PAGE:
        collapse_pages(first, size & ~<size_t> (HUGE_PAGE - 1))
