"""Keys at the door: what each may do and which sessions it may speak for. One thread writes, the loop reads.

A key has a number from 1 to KEYS_MAX - 1, which libzmq tells with each of its messages (User-Id) and which is never used again in
one run. Number 0 is whoever came by an endpoint without CURVE: this machine.

    rights[number]      0: unknown or revoked
    grants              open addressing: number << 32 | session
"""

from libc.stdint cimport uint16_t, uint32_t, uint64_t

from pricetime.journal.atomics cimport load_acquire

cdef enum:
    KEYS_MAX = 65536
    GRANTS_BITS = 18
    GRANTS = 1 << GRANTS_BITS           # places: half of them may be in use
    GRANT_GONE = 1                      # a place that was in use: the search goes on behind it

cdef struct KeyTable:
    uint16_t rights[KEYS_MAX]           # RIGHTS_MASK of a key
    uint64_t grants[GRANTS]

cdef class DoorTable:
    cdef KeyTable* table
    cdef readonly int grants            # places that were ever used
    cdef int _place(self, uint32_t key, uint32_t session)


cdef inline uint32_t grant_home(uint64_t grant) noexcept nogil:
    return <uint32_t> ((grant * <uint64_t> 0x9E3779B97F4A7C15) >> (64 - GRANTS_BITS))

cdef inline uint16_t key_rights(const KeyTable* table, uint32_t key) noexcept nogil:
    """RIGHTS_MASK bits; 0: unknown or revoked."""
    return table.rights[key] if key < KEYS_MAX else 0

cdef inline bint key_speaks_for(const KeyTable* table, uint32_t key, uint32_t session) noexcept nogil:
    cdef uint64_t grant = (<uint64_t> key << 32) | session
    cdef uint64_t found
    cdef uint32_t place = grant_home(grant)
    while True:
        found = load_acquire(&table.grants[place])
        if found == grant:
            return True
        if found == 0:
            return False
        place = (place + 1) & (GRANTS - 1)

cdef inline bint key_holds(const KeyTable* table, uint32_t key, uint32_t session) noexcept nogil:
    """Whether a key is one still, and may speak for the session."""
    return key_rights(table, key) != 0 and key_speaks_for(table, key, session)
