/* Words that two threads or two processes look at. Each function says which ordering it has; nothing else in journal/
 * reads or writes such a word. C11 memory model through the compiler's builtins, which take plain (mapped) memory. */
#ifndef PRICETIME_ATOMICS_H
#define PRICETIME_ATOMICS_H

#include "cache_line.h"
#include <stddef.h>
#include <stdint.h>

/* Acquire: what the other side stored before its release of this value is seen after it. */
static inline uint64_t load_acquire(const void *word) {
    return __atomic_load_n((const uint64_t *)word, __ATOMIC_ACQUIRE);
}

/* Release: everything stored before is seen by whoever acquires this value. A plain store on x86-64. */
static inline void store_release(void *word, uint64_t value) {
    __atomic_store_n((uint64_t *)word, value, __ATOMIC_RELEASE);
}

/* Relaxed: the word is not torn; no order with anything else. */
static inline uint64_t load_relaxed(const void *word) {
    return __atomic_load_n((const uint64_t *)word, __ATOMIC_RELAXED);
}
static inline void store_relaxed(void *word, uint64_t value) {
    __atomic_store_n((uint64_t *)word, value, __ATOMIC_RELAXED);
}

/* Sequentially consistent fence: a store before it is seen by others before a load after it is made. */
static inline void fence_full(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

/* Touch a page for writing and change nothing in it, whoever may write to it at the same time (relaxed). */
static inline void touch_word(void *word) { (void)__atomic_fetch_or((uint64_t *)word, 0, __ATOMIC_RELAXED); }

/* Ask for a line that will be read. Only a wish, like ask_for_line of cache_line.h. */
static inline void ask_to_read(const void *place) { __builtin_prefetch(place, 0); }

/* Tell the processor that this thread only looks at a word again and again. */
static inline void processor_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#endif
