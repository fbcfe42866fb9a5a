"""The rare half of IdMap: entries that are not in the place of their own."""

from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport calloc, free

from pricetime.matching.memory cimport CACHE_LINE, give_lines_back, take_lines

assert sizeof(IdEntry) * BUCKET == CACHE_LINE


cdef int id_map_create(IdMap* self, uint32_t orders, uint64_t multiplier) noexcept nogil:
    cdef uint64_t size = 2 * BUCKET
    while size < 2 * <uint64_t> orders:
        size *= 2
    self.mask = <uint32_t> (size - 1)
    self.multiplier = multiplier | 1
    self.overflow = <uint32_t*> calloc(size // BUCKET, sizeof(uint32_t))
    self.entries = <IdEntry*> take_lines(size * sizeof(IdEntry))
    return 0 if self.entries is not NULL and self.overflow is not NULL else -1


cdef void id_map_destroy(IdMap* self) noexcept nogil:
    give_lines_back(self.entries)
    free(self.overflow)
    self.entries = NULL
    self.overflow = NULL


cdef inline uint32_t next_bucket(const IdMap* self, uint32_t bucket) noexcept nogil:
    return (bucket + BUCKET) & self.mask


cdef uint32_t id_map_search(const IdMap* self, uint32_t home, uint32_t slot, uint32_t skip) noexcept nogil:
    cdef uint32_t preferred = home & self.mask, bucket = preferred & ~<uint32_t> (BUCKET - 1), i
    cdef const IdEntry* entry = &self.entries[preferred]
    if entry.slot != 0 and entry.home == home and (slot == 0 or entry.slot == slot):
        if skip == 0:
            return entry.slot
        skip -= 1
    while True:
        for i in range(bucket, bucket + BUCKET):
            entry = &self.entries[i]
            if i == preferred or entry.slot == 0 or entry.home != home or (slot != 0 and entry.slot != slot):
                continue
            if skip == 0:
                return entry.slot
            skip -= 1
        if self.overflow[bucket // BUCKET] == 0:
            return 0
        bucket = next_bucket(self, bucket)
        if bucket == preferred & ~<uint32_t> (BUCKET - 1):
            return 0


cdef void id_map_overflow(IdMap* self, uint32_t home, uint32_t slot) noexcept nogil:
    """Put a pair whose place is taken into the next free one; full buckets on the way count it."""
    cdef uint32_t bucket = home & self.mask & ~<uint32_t> (BUCKET - 1), i
    while True:
        for i in range(bucket, bucket + BUCKET):
            if self.entries[i].slot == 0:
                self.entries[i].home = home
                self.entries[i].slot = slot
                return
        self.overflow[bucket // BUCKET] += 1
        bucket = next_bucket(self, bucket)


cdef void id_map_remove_displaced(IdMap* self, uint32_t home, uint32_t slot) noexcept nogil:
    cdef uint32_t bucket = home & self.mask & ~<uint32_t> (BUCKET - 1), i
    while True:
        for i in range(bucket, bucket + BUCKET):
            if self.entries[i].slot == slot:
                self.entries[i].slot = 0
                return
        self.overflow[bucket // BUCKET] -= 1
        bucket = next_bucket(self, bucket)
