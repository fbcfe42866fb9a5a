/* A cache line asked for before it is stored to: one step, that log and benchmarks share. */
#ifndef PRICETIME_CACHE_LINE_H
#define PRICETIME_CACHE_LINE_H

/* From whichever cache has it, in the state that a store needs. Only a wish: any address will do. By name, as the compiler asks for
 * a line to read where it may not count on PREFETCHW; a processor that does not know it takes it for nothing. */
static inline __attribute__((always_inline)) void ask_for_line(const void *place) {
#if defined(__x86_64__)
    __asm__ volatile("prefetchw %0" : : "m"(*(const char *)place));
#else
    __builtin_prefetch(place, 1);
#endif
}

#endif
