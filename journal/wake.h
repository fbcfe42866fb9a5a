/* Sleep until a word in shared memory changes, and wake who sleeps: Linux's futex, between processes too. Elsewhere
 * there is none: readers poll. */
#ifndef PRICETIME_WAKE_H
#define PRICETIME_WAKE_H

#include <errno.h>
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

/* Wake one who sleeps on the bell, if there is one. */
static inline void words_wake_one(void *bell) {
#if defined(__linux__)
    syscall(SYS_futex, bell, FUTEX_WAKE, 1, NULL, NULL, 0);
#else
    (void)bell;
#endif
}

/* Add 1 to the bell (sequentially consistent: what was stored before is there) and wake one who sleeps on it. */
static inline void words_ring(void *bell) {
    (void)__atomic_fetch_add((uint64_t *)bell, 1, __ATOMIC_SEQ_CST);
    words_wake_one(bell);
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

static inline int64_t nanoseconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#endif
