"""Names and public keys of the keys that there are, as of the last command: what a KEY_DEFINITION is refused by.

The keyring (keyring.py) reads the log, behind the commands, and passes over what is no key: too late for an answer to who sent it.
So the loop asks the same here, before it journals one. Both must come to the same; tests/gateway/test_loop_keys.py compares.
"""

from libc.stddef cimport size_t
from libc.stdint cimport uint8_t

from pricetime.matching.records cimport NAME_BYTES, CommandLine

cdef enum:
    PUBLIC_BYTES = 40                   # a public key, Z85

cdef struct KeyName:
    char name[NAME_BYTES]               # zero-padded
    char public[PUBLIC_BYTES]

cdef struct KeyNames:
    KeyName* keys                       # in no order: there are few, and definitions are rare
    size_t count
    size_t room
    uint8_t kept                        # 0: the venue keeps no keys, so that nobody knows which there are

cdef uint8_t key_names_screen(KeyNames* self, const CommandLine* record) noexcept nogil
    # Why the keyring would pass over a KEY_DEFINITION, or 0; then there is room for one more key, too.
cdef void key_names_take(KeyNames* self, const CommandLine* record) noexcept nogil
    # A KEY_DEFINITION that was journaled.
cdef int key_names_put(KeyNames* self, const char* name, const char* public) noexcept nogil
    # A key that there is. 0, or -1 where memory is short.
cdef void key_names_destroy(KeyNames* self) noexcept nogil
