/* Sleep until a word in shared memory changes, and wake who sleeps: Linux's futex, between processes too. Elsewhere
 * there is none: readers poll. */
#ifndef PRICETIME_WAKE_H
#define PRICETIME_WAKE_H

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#endif

static inline int wake_supported(void) {
#if defined(__linux__)
    return 1;
#else
    return 0;
#endif
}

/* Add 1 to the bell (sequentially consistent: what was stored before is there) and wake all who sleep on it. */
static inline void words_ring(void *bell) {
    (void)__atomic_fetch_add((uint64_t *)bell, 1, __ATOMIC_SEQ_CST);
#if defined(__linux__)
    syscall(SYS_futex, bell, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
#endif
}

/* Sleep while the bell is what it was, so long at most. A signal ends it early: every caller looks again. Only the
 * lower half is looked at, which on the little-endian machines that this runs on comes first. */
static inline void words_sleep(void *bell, uint64_t was, int64_t nanoseconds) {
#if defined(__linux__)
    struct timespec most = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    syscall(SYS_futex, bell, FUTEX_WAIT, (uint32_t)was, &most, NULL, 0);
#else
    (void)bell, (void)was, (void)nanoseconds;
#endif
}

/* Tell the processor that this thread only looks at a word again and again. */
static inline void processor_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static inline int64_t nanoseconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#endif
