"""IdMap: from an id that a client or the engine gave to the slot of its order. Open addressing, 8 bytes an entry.

Consecutive ids share a cache line: the map hashes groups of 8 ids and keeps the last 3 bits in place, so that a session
that counts its ClOrdIDs touches one line for 8 orders. Entries hold the home position and the slot; the caller says
whether the order in that slot is the one (docs/architecture.md). Deleting shifts back: no tombstones, no rehashing.
"""

from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport calloc, free

cdef struct IdEntry:
    uint32_t home               # hash of the group, last 3 bits of the id
    uint32_t slot               # 0: empty

cdef struct IdMap:
    IdEntry* entries
    uint32_t mask               # entries - 1; a power of two, at least twice the orders


cdef inline int id_map_create(IdMap* self, uint32_t orders) noexcept nogil:
    """Room for `orders` ids at a load of at most one half. 0, or -1 where memory is short."""
    cdef uint64_t size = 16
    while size < 2 * <uint64_t> orders:
        size *= 2
    self.entries = <IdEntry*> calloc(size, sizeof(IdEntry))
    self.mask = <uint32_t> (size - 1)
    return 0 if self.entries is not NULL else -1


cdef inline void id_map_destroy(IdMap* self) noexcept nogil:
    free(self.entries)
    self.entries = NULL


cdef inline uint32_t id_home(uint32_t session, uint64_t id) noexcept nogil:
    """Where an id would stand in a map of 2^32 entries: its group by a multiplicative hash, its place in the group as it is."""
    cdef uint64_t group = ((id >> 3) + session * <uint64_t> 0x9E3779B97F4A7C15) * <uint64_t> 0xD6E8FEB86659FD93
    return (<uint32_t> (group >> 32) & ~<uint32_t> 7) | (<uint32_t> id & 7)


cdef inline void id_map_insert(IdMap* self, uint32_t home, uint32_t slot) noexcept nogil:
    """Add a pair that is not there yet."""
    cdef uint32_t i = home & self.mask
    while self.entries[i].slot != 0:
        i = (i + 1) & self.mask
    self.entries[i].home = home
    self.entries[i].slot = slot


cdef inline void id_map_remove(IdMap* self, uint32_t home, uint32_t slot) noexcept nogil:
    """Take out a pair that is there, and close the gap."""
    cdef uint32_t hole = home & self.mask, i, mask = self.mask
    while self.entries[hole].slot != slot:
        hole = (hole + 1) & mask
    i = hole
    while True:
        i = (i + 1) & mask
        if self.entries[i].slot == 0:
            break
        # An entry may move back into the hole unless its home lies behind the hole.
        if ((i - self.entries[i].home) & mask) >= ((i - hole) & mask):
            self.entries[hole] = self.entries[i]
            hole = i
    self.entries[hole].slot = 0
