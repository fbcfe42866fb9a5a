"""IdMap: from an id that a client or the engine gave to the slot of its order. Buckets of one cache line, 8 entries of 8 bytes.

    bucket   = hash of (session, id / 8): consecutive ids share a line, so a session that counts its ClOrdIDs touches one line
               for 8 orders
    place    = id mod 8 where that is free: found, put and removed without a search
    overflow = how many entries of full buckets went past this one; a search goes on while it is not 0, once round at most:
               ids chosen for it could leave every count above 0

An entry holds the home position (32 bits of hash) and the slot; the caller says whether the order in that slot is the one.
Removing an entry clears it: nothing moves. Where an id stands shows nowhere, so the hash's multiplier may be anybody's secret.
"""

from libc.stdint cimport uint32_t, uint64_t

from pricetime.matching.memory cimport folded_product

cdef enum:
    BUCKET = 8

cdef struct IdEntry:
    uint32_t home               # where the id would stand in a map of 2^32 entries
    uint32_t slot               # 0: empty

cdef struct IdMap:
    IdEntry* entries            # on a cache line's boundary
    uint32_t* overflow          # by bucket
    uint64_t multiplier         # of the hash; odd
    uint32_t mask               # entries - 1; a power of two, at least twice the orders

cdef int id_map_create(IdMap* self, uint32_t orders, uint64_t multiplier) noexcept nogil
    # Room for `orders` ids at a load of at most one half. 0, or -1 where memory is short.
cdef void id_map_destroy(IdMap* self) noexcept nogil
cdef uint32_t id_map_search(const IdMap* self, uint32_t home, uint32_t slot, uint32_t skip) noexcept nogil
    # Slot of entry number `skip` with this home (and this slot, unless 0), or 0. Preferred place, its bucket, later ones.
cdef void id_map_overflow(IdMap* self, uint32_t home, uint32_t slot) noexcept nogil
cdef void id_map_remove_displaced(IdMap* self, uint32_t home, uint32_t slot) noexcept nogil


cdef inline uint32_t id_home(const IdMap* self, uint32_t session, uint64_t id) noexcept nogil:
    """A hash of the group of 8 above the id's place in it: both halves of the 128-bit product with a multiplier, folded (Wang
    Yi's wyhash), so that with one that nobody knows ids cannot be chosen to collide, not by their upper bits either; nor can
    those of several sessions, as what a session adds is such a product too."""
    cdef uint64_t salt = folded_product(session * <uint64_t> 0x9E3779B97F4A7C15, self.multiplier)
    cdef uint64_t group = folded_product((id >> 3) + salt, self.multiplier)
    return (<uint32_t> (group >> 32) & ~<uint32_t> (BUCKET - 1)) | (<uint32_t> id & (BUCKET - 1))


cdef inline uint32_t id_map_find(const IdMap* self, uint32_t home, uint32_t skip) noexcept nogil:
    """The slot of a candidate: entry number `skip` with this home; 0 where there are no more. A first one is nearly always
    the only one, and in its place."""
    cdef const IdEntry* entry = &self.entries[home & self.mask]
    if skip == 0 and entry.home == home and entry.slot != 0:
        return entry.slot
    return id_map_search(self, home, 0, skip)


cdef inline void id_map_insert(IdMap* self, uint32_t home, uint32_t slot) noexcept nogil:
    """Add a pair that is not there yet."""
    cdef IdEntry* entry = &self.entries[home & self.mask]
    if entry.slot == 0:
        entry.home = home
        entry.slot = slot
    else:
        id_map_overflow(self, home, slot)


cdef inline void id_map_remove(IdMap* self, uint32_t home, uint32_t slot) noexcept nogil:
    """Take out a pair that is there."""
    cdef IdEntry* entry = &self.entries[home & self.mask]
    if entry.slot == slot:
        entry.slot = 0
    else:
        id_map_remove_displaced(self, home, slot)
