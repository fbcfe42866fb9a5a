/* A ring between two threads: one writes slots, one reads them, neither locks nor calls the system on the way.
 *
 *   published   slots written so far; stored by the writer with release after each command, so that whoever loads it
 *               with acquire sees the slots below it whole, and nobody waits for a further command to see an event
 *   taken       slots read so far, and left (ring_leave); stored by the reader with release, so that the writer, who
 *               loads it with acquire, writes only where nothing is read any more
 *   closed      the writer is done; stored with release after the last `published`
 *
 *   call, answer  before all that: the threads meet (ring_call, ring_answer), and how long a line takes from one to the
 *               other says how far behind the reader stays
 *
 * published and taken count up for ever (2^64 slots); a slot's place is its number modulo the capacity. Each thread's words have cache
 * lines of their own, and the writer looks at `taken` only when the room that it knows of is used up. A reader that
 * finds few slots looks away for some hundred nanoseconds (RING_PAUSES), at most RING_LOOKS times: each look costs the
 * writer a cache line, and one that reads close behind takes the lines that are about to be written.
 *
 * Each thread counts the processor time that it waits, so that the rest of its processor time is its work. */
#ifndef PRICETIME_EVENT_RING_H
#define PRICETIME_EVENT_RING_H

#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "atomics.h"

enum {
    RING_LINE = 64,
    RING_STRETCH = 256,     /* slots that the writer asks for, and the reader gives back, at once */
    RING_AHEAD = 8,         /* slots that the writer asks for before it writes them */
    RING_BEHIND = 16,       /* slots that a reader waits for: more than its processor fetches ahead of what it reads; */
    RING_FAR_BEHIND = 256,  /* where lines take long from one processor to the other; */
    RING_LOOKS = 8,         /* in both cases unless it has looked so often and there is one */
    RING_FAR = 100,         /* nanoseconds that a line takes: 30 to 60 within a chip's part, 90 to 190 between two (EPYC) */
    RING_MEETINGS = 16,     /* times that the threads measure it, the shortest counts: in the others one of them was interrupted */
    RING_CALLS = 32,        /* there and back in each */
    RING_PAUSES = 64,       /* between two looks */
    RING_PATIENCE = 64      /* looks in vain after which a thread lets others have the core at each */
};

typedef struct {
    _Alignas(RING_LINE) uint64_t published;
    uint64_t closed, call;
    _Alignas(RING_LINE) uint64_t taken;
    uint64_t answer;
    _Alignas(RING_LINE) uint64_t written;       /* the writer's own: slots before the stretch that it is writing */
    uint64_t asked;                             /* slots that it has asked for (ring_prepare) */
    uint64_t writer_waited;                     /* nanoseconds of processor time */
    _Alignas(RING_LINE) uint64_t reader_waited; /* the reader's own */
    uint64_t line_time;                         /* nanoseconds; the writer's until its last call */
    _Alignas(RING_LINE) char *slots;            /* from here on never changed */
    size_t slot_bytes;
    uint64_t capacity;                          /* a power of two, a multiple of RING_STRETCH */
} EventRing;

/* Nanoseconds of processor time that this thread has had. */
static inline uint64_t ring_thread_time(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Nanoseconds since some moment. */
static inline uint64_t ring_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* After `looks` looks in vain: rest a moment; after many let others have the core, where there may be but one. */
static inline void ring_wait(uint64_t looks, int pauses) {
    if (looks >= RING_PATIENCE) sched_yield();
    for (int i = 0; i < pauses; i++) processor_pause();
}

static inline void ring_destroy(EventRing *ring) {
    if (ring) free(ring->slots);
    free(ring);
}

/* NULL where memory is short. Every page is touched. */
static inline EventRing *ring_create(size_t slot_bytes, uint64_t capacity) {
    EventRing *ring = (EventRing *)aligned_alloc(RING_LINE, sizeof(EventRing));
    if (!ring) return NULL;
    memset(ring, 0, sizeof *ring);
    ring->slot_bytes = slot_bytes;
    ring->capacity = capacity;
    ring->slots = (char *)aligned_alloc(4096, slot_bytes * capacity);
    if (!ring->slots) {
        ring_destroy(ring);
        return NULL;
    }
    memset(ring->slots, 0, slot_bytes * capacity);
    return ring;
}

/* Until `word` is `value`. */
static inline void ring_wait_until(const uint64_t *word, uint64_t value) {
    for (uint64_t looks = 0; __atomic_load_n(word, __ATOMIC_ACQUIRE) != value; looks++) ring_wait(looks, 1);
}

/* Writer, before its first slot: nanoseconds that a line takes from one processor to the other. The reader answers each call but the
 * last (ring_answer). Two processors of one machine may be near or far by turns: a virtual one moves from place to place. */
static inline uint64_t ring_call(EventRing *ring) {
    uint64_t call = 0, shortest = UINT64_MAX;
    for (int meeting = 0; meeting < RING_MEETINGS; meeting++) {
        uint64_t since = ring_now(), took;
        for (int i = 0; i < RING_CALLS; i++) {
            __atomic_store_n(&ring->call, ++call, __ATOMIC_RELEASE);
            ring_wait_until(&ring->answer, call);
        }
        took = ring_now() - since;
        if (took < shortest) shortest = took;
    }
    ring->line_time = shortest / (2 * RING_CALLS);
    __atomic_store_n(&ring->call, call + 1, __ATOMIC_RELEASE);
    return ring->line_time;
}

/* Reader, before its first slot: the other side of ring_call. How many slots it stays behind the writer (ring_take): one that reads
 * close behind, or its processor, which fetches ahead, takes lines that are about to be written, and the writer waits for each until
 * it has come back. Staying further behind costs freshness, so it is done where that is long: a command of the engine takes 93 ns
 * with RING_BEHIND there and 41 with RING_FAR_BEHIND, the bare book's 40 and 39; where lines are near, 42 to 46 and 39 to 42, and 21 to
 * 25 and 17. */
static inline size_t ring_answer(EventRing *ring) {
    uint64_t since = ring_thread_time(), call = 0;
    while (++call <= RING_MEETINGS * RING_CALLS) {
        ring_wait_until(&ring->call, call);
        __atomic_store_n(&ring->answer, call, __ATOMIC_RELEASE);
    }
    ring_wait_until(&ring->call, call);
    ring->reader_waited += ring_thread_time() - since;
    return ring->line_time < RING_FAR ? RING_BEHIND : RING_FAR_BEHIND;
}

static __attribute__((noinline)) void ring_wait_for_room(EventRing *ring) {
    uint64_t since = ring_thread_time();
    for (uint64_t looks = 0; ring->written + RING_STRETCH - __atomic_load_n(&ring->taken, __ATOMIC_ACQUIRE) > ring->capacity;
         looks++)
        ring_wait(looks, 1);
    ring->writer_waited += ring_thread_time() - since;
}

/* Writer: a stretch of RING_STRETCH free slots in a row; waits until the reader is done with it. */
static inline void *ring_stretch(EventRing *ring) {
    if (ring->written + RING_STRETCH - __atomic_load_n(&ring->taken, __ATOMIC_ACQUIRE) > ring->capacity)
        ring_wait_for_room(ring);
    return ring->slots + (ring->written & (ring->capacity - 1)) * ring->slot_bytes;
}

/* Writer: the first `count` slots of the stretch are whole. */
static inline void ring_publish(EventRing *ring, size_t count) {
    __atomic_store_n(&ring->published, ring->written + count, __ATOMIC_RELEASE);
}

/* Writer, of whose stretch `count` slots are whole: a command comes. The lines that it will write were read by the other thread the last
 * time round; each is asked for once, RING_AHEAD slots before it is written. */
static inline void ring_prepare(EventRing *ring, size_t count, size_t slot_bytes) {
    ask_for_line(&ring->published);
    for (uint64_t until = ring->written + count + RING_AHEAD; ring->asked < until; ring->asked++) {
        const char *slot = ring->slots + (ring->asked & (ring->capacity - 1)) * slot_bytes;
        for (size_t i = 0; i < slot_bytes; i += RING_LINE) ask_for_line(slot + i);
    }
}

/* Writer: the whole stretch is; the next one. */
static inline void *ring_next_stretch(EventRing *ring) {
    ring_publish(ring, RING_STRETCH);
    ring->written += RING_STRETCH;
    return ring_stretch(ring);
}

/* Writer: no more slots. */
static inline void ring_close(EventRing *ring) { __atomic_store_n(&ring->closed, 1, __ATOMIC_RELEASE); }

/* Writer: wait until the reader has taken all that was published. */
static inline void ring_drained(EventRing *ring) {
    uint64_t since = ring_thread_time();
    for (uint64_t looks = 0; __atomic_load_n(&ring->taken, __ATOMIC_ACQUIRE) != ring->published; looks++)
        ring_wait(looks, 1);
    ring->writer_waited += ring_thread_time() - since;
}

/* Reader, who has taken `taken` slots: waits for `behind` more, or after a while for one. 0: closed, and all are taken. */
static __attribute__((noinline)) uint64_t ring_wait_for_slots(EventRing *ring, uint64_t taken, size_t behind) {
    uint64_t since = ring_thread_time(), ready = 0;
    for (uint64_t looks = 0;; looks++) {
        int closed = (int)__atomic_load_n(&ring->closed, __ATOMIC_ACQUIRE);     /* before `published`: it came after */
        ready = __atomic_load_n(&ring->published, __ATOMIC_ACQUIRE) - taken;
        if (closed || ready >= behind || (ready && looks >= RING_LOOKS)) break;
        ring_wait(looks, RING_PAUSES);
    }
    ring->reader_waited += ring_thread_time() - since;
    return ready;
}

/* Reader, who has taken `taken` slots and stays `behind`: how many more are there in a row, from *slot on, at most
 * RING_STRETCH. Waits for some (ring_wait_for_slots); 0: closed, and all are taken. */
static inline size_t ring_take(EventRing *ring, uint64_t taken, size_t behind, void **slot) {
    uint64_t at = taken & (ring->capacity - 1);
    uint64_t ready = __atomic_load_n(&ring->published, __ATOMIC_ACQUIRE) - taken;
    if (ready < behind) ready = ring_wait_for_slots(ring, taken, behind);
    *slot = ring->slots + at * ring->slot_bytes;
    if (ready > RING_STRETCH) ready = RING_STRETCH;
    return ready < ring->capacity - at ? ready : ring->capacity - at;
}

/* Reader, who has read a slot: write to its lines. A line that was only read is in both caches, and before the writer may write to it
 * again every cache of the machine is asked; one that the reader has written to is in one, and comes from there. (A command of the
 * engine: 59 to 52 ns, of the bare book 25 to 23. FastForward, PPoPP 2008, has a consumer that clears its slots.) */
static inline void ring_leave(void *slot, size_t slot_bytes) {
    for (size_t i = 0; i < slot_bytes; i += RING_LINE) memset((char *)slot + i, 0, sizeof(uint64_t));
}

/* Reader: it is done with all slots before number `taken`. */
static inline void ring_give_back(EventRing *ring, uint64_t taken) {
    __atomic_store_n(&ring->taken, taken, __ATOMIC_RELEASE);
}
#endif
