"""The writing side of the keys at the door. See door_table.pxd.

What is written is seen by the loop at its next message. One thread at a time writes.
"""

from libc.stdint cimport uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free

from pricetime.journal.atomics cimport store_release
from pricetime.matching.records cimport RIGHTS_MASK

KEY_NUMBERS = KEYS_MAX - 1
GRANTS_MAX = GRANTS // 2


cdef class DoorTable:
    """What each key may do, in plain memory; a Loop that was given it must not outlive it."""

    def __cinit__(self):
        self.table = <KeyTable*> calloc(1, sizeof(KeyTable))
        if self.table == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.table)

    cdef int _place(self, uint32_t key, uint32_t session):
        """Where the grant is, or -1."""
        cdef uint64_t grant = (<uint64_t> key << 32) | session
        cdef uint32_t place = grant_home(grant)
        while self.table.grants[place] != 0:
            if self.table.grants[place] == grant:
                return place
            place = (place + 1) & (GRANTS - 1)
        return -1

    def allow(self, uint32_t key, uint16_t rights):
        """Give a key its rights (bits of RIGHTS_MASK); 0 revokes it. ValueError out of bounds."""
        if not 0 < key < KEYS_MAX or rights & ~RIGHTS_MASK:
            raise ValueError(f"key {key}, rights {rights:#x}: expected 1 to {KEYS_MAX - 1} and bits of {int(RIGHTS_MASK):#x}")
        self.table.rights[key] = rights

    def grant(self, uint32_t key, uint32_t session):
        """Let a key speak for a session. OverflowError where GRANTS_MAX are in use or were."""
        cdef uint64_t grant = (<uint64_t> key << 32) | session
        cdef uint32_t place = grant_home(grant)
        if not 0 < key < KEYS_MAX or session == 0:
            raise ValueError(f"key {key}, session {session}: expected 1 to {KEYS_MAX - 1}, and a session")
        if self._place(key, session) >= 0:
            return
        while self.table.grants[place] > GRANT_GONE:
            place = (place + 1) & (GRANTS - 1)
        if self.table.grants[place] == 0:
            if self.grants >= GRANTS // 2:
                raise OverflowError(f"{self.grants} grants of keys since the start: start the venue anew")
            self.grants += 1
        store_release(&self.table.grants[place], grant)

    def withdraw(self, uint32_t key, uint32_t session):
        """Let a key speak for a session no longer; nothing where it did not."""
        cdef int place = self._place(key, session)
        if place >= 0:
            store_release(&self.table.grants[place], GRANT_GONE)

    def rights(self, uint32_t key) -> int:
        """The rights of a key; 0: unknown or revoked."""
        return key_rights(self.table, key)

    def speaks_for(self, uint32_t key, uint32_t session) -> bool:
        """Whether a key may speak for a session."""
        return key_speaks_for(self.table, key, session)
