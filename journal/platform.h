/* What Linux and macOS do differently with files and pages. Every function returns 0 or a positive errno. */
#ifndef PRICETIME_PLATFORM_H
#define PRICETIME_PLATFORM_H

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/eventfd.h>
#endif

#include "atomics.h"

#define PAGE_STEP 4096

/* Give an empty file its size, on Linux with blocks behind it. */
static inline int file_reserve(int file, size_t bytes) {
#if defined(__linux__)
    int error;
    do error = posix_fallocate(file, 0, (off_t)bytes);
    while (error == EINTR);
    return error;
#else
    return ftruncate(file, (off_t)bytes) ? errno : 0;
#endif
}

/* Write zeros over a whole file that nobody else has yet. Afterwards a store to its map cannot fail for want of room
 * and finds large pages in the cache: one fault for many. */
static inline int file_fill(int file, size_t bytes) {
    static const char zeros[1 << 18];
    for (size_t offset = 0; offset < bytes;) {
        size_t size = bytes - offset < sizeof zeros ? bytes - offset : sizeof zeros;
        ssize_t written = pwrite(file, zeros, size, (off_t)offset);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        if (written == 0) return ENOSPC;
        offset += (size_t)written;
    }
    return 0;
}

/* Room on the disk for all of a small file, before it is mapped: a store to a page without it kills the process. One
 * that is long enough may have holes, as a sparse copy has: on Linux they get blocks, and what it holds stays. */
static inline int file_room(int file, size_t present, size_t bytes) {
#if !defined(__linux__)
    if (present >= bytes) return 0;     /* ftruncate would cut a longer one */
#endif
    int error = file_reserve(file, bytes);
    return error || present >= bytes ? error : file_fill(file, bytes);
}

/* Data and what is needed to find it are on the disk when this returns 0. Not retried: a second try may succeed
 * falsely. */
static inline int file_sync(int file) {
#if defined(__APPLE__)
    return fcntl(file, F_FULLFSYNC) == -1 ? errno : 0;
#else
    return fdatasync(file) ? errno : 0;
#endif
}

/* Ask for a range to be written soon and wait for that; no promise of durability, only less left for file_sync. */
static inline int file_flush(int file, size_t offset, size_t bytes) {
#if defined(__linux__)
    unsigned how = SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    if (sync_file_range(file, (off_t)offset, (off_t)bytes, how) == 0) return 0;
    return errno == ENOSYS || errno == EINVAL ? 0 : errno;
#else
    (void)file, (void)offset, (void)bytes;
    return 0;
#endif
}

/* A bell between two threads: bell[0] is readable once bell[1] was rung, until it is silenced. Both are the same file where the system has
 * such files. */
static inline int bell_create(int bell[2]) {
#if defined(__linux__)
    bell[0] = bell[1] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return bell[0] < 0 ? errno : 0;
#else
    if (pipe(bell)) return errno;
    for (int i = 0; i < 2; i++) {
        fcntl(bell[i], F_SETFL, O_NONBLOCK);
        fcntl(bell[i], F_SETFD, FD_CLOEXEC);
    }
    return 0;
#endif
}

static inline void bell_destroy(int bell[2]) {
    if (bell[0] >= 0) close(bell[0]);
    if (bell[1] >= 0 && bell[1] != bell[0]) close(bell[1]);
    bell[0] = bell[1] = -1;
}

/* Full already: it rings. */
static inline void bell_ring(int bell) {
    uint64_t one = 1;
    ssize_t written = write(bell, &one, sizeof one);
    (void)written;
}

static inline void bell_silence(int bell) {
    uint64_t rung;
    while (read(bell, &rung, sizeof rung) > 0) {}
}

/* Until it rings, at most so long; a signal may end it early. */
static inline void bell_wait(int bell, int wait_ms) {
    struct pollfd one = {.fd = bell, .events = POLLIN};
    poll(&one, 1, wait_ms);
}

/* Have the pages of a shared map there and writable before someone stores to them. Changes nothing in them. */
static inline void pages_populate(char *map, size_t offset, size_t bytes) {
#if defined(__linux__)
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14; an older kernel answers EINVAL, and the pages are touched */
#endif
    if (madvise(map + offset, bytes, MADV_POPULATE_WRITE) == 0) return;
#endif
    for (size_t page = offset; page < offset + bytes; page += PAGE_STEP) touch_word(map + page);
}

/* Let go of the pages of a shared map. What was stored is in the file's pages, and whoever looks again finds it. Before a
 * file is written out: of each page that is still mapped the system takes the right to write to it, and interrupts every
 * processor that this program runs on, page by page. */
static inline void pages_release(char *map, size_t bytes) {
#if defined(__linux__)
    madvise(map, bytes, MADV_DONTNEED);
#else
    (void)map, (void)bytes;
#endif
}
#endif
