"""What a KEY_DEFINITION comes to, as keyring.py has it, without the GIL. See key_names.pxd."""

from libc.stddef cimport size_t
from libc.stdint cimport UINT32_MAX, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memchr, memcmp, memcpy

from pricetime.matching.definitions cimport find_line, is_name
from pricetime.matching.records cimport (
    DISABLED, LINE_MISSING, NAME_BYTES, NAME_INVALID, NAME_LINE, NAME_TAKEN, NONE, RIGHTS_MASK, TABLE_FULL, TEXT_BYTES,
    TEXT_LINE, UNKNOWN_SESSION, UNSUPPORTED, CommandLine, NameLine, TextLine)
from pricetime.matching.state cimport TABLE_MAX

cdef extern from "Python.h" nogil:
    bint is_printable "Py_UNICODE_ISPRINTABLE"(uint32_t character)      # a table of constants: it takes no GIL

cdef enum:
    ROOM_FIRST = 64                     # keys
    Z85_DIGITS = 85
    Z85_GROUP = 5                       # digits of 32 bits

cdef const char* DIGITS = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"


cdef bint can_be_printed(const char* name) noexcept nogil:
    """As str.isprintable() has it."""
    cdef const uint8_t* text = <const uint8_t*> name
    cdef uint32_t character
    cdef int i = 0, more
    if not is_name(name):
        return False
    while i < NAME_BYTES and text[i] != 0:
        more = 0 if text[i] < 0x80 else 1 if text[i] < 0xE0 else 2 if text[i] < 0xF0 else 3
        character = text[i] & (0x3F >> more) if more else text[i]
        i += 1
        while more > 0:
            character = character << 6 | (text[i] & 0x3F)
            i += 1
            more -= 1
        if not is_printable(character):
            return False
    return True


cdef bint is_public(const char* text) noexcept nogil:
    """40 characters of Z85, zero-padded: eight numbers of 32 bits."""
    cdef const char* digit
    cdef uint64_t number = 0
    cdef int i
    for i in range(PUBLIC_BYTES):
        digit = <const char*> memchr(DIGITS, text[i], Z85_DIGITS)
        if digit == NULL:
            return False
        number = (0 if i % Z85_GROUP == 0 else number) * Z85_DIGITS + <uint64_t> (digit - DIGITS)
        if number > UINT32_MAX:
            return False
    for i in range(PUBLIC_BYTES, TEXT_BYTES):
        if text[i] != 0:
            return False
    return True


cdef size_t find_name(const KeyNames* self, const char* name) noexcept nogil:
    """The place of a name; `count`: it is no key's."""
    cdef size_t place = 0
    while place < self.count and memcmp(self.keys[place].name, name, NAME_BYTES) != 0:
        place += 1
    return place


cdef size_t find_public(const KeyNames* self, const char* public) noexcept nogil:
    cdef size_t place = 0
    while place < self.count and memcmp(self.keys[place].public, public, PUBLIC_BYTES) != 0:
        place += 1
    return place


cdef int make_room(KeyNames* self) noexcept nogil:
    cdef size_t room = self.room * 2 if self.room else ROOM_FIRST
    cdef KeyName* keys
    if self.count < self.room:
        return 0
    keys = <KeyName*> realloc(self.keys, room * sizeof(KeyName))
    if keys == NULL:
        return -1
    self.keys, self.room = keys, room
    return 0


cdef uint8_t key_names_screen(KeyNames* self, const CommandLine* record) noexcept nogil:
    cdef const NameLine* name = <const NameLine*> find_line(record, NAME_LINE)
    cdef const TextLine* public = <const TextLine*> find_line(record, TEXT_LINE)
    cdef size_t place
    if not self.kept:
        return NONE
    if record.target > TABLE_MAX:
        return UNKNOWN_SESSION
    if name == NULL:
        return LINE_MISSING
    if record.attributes & DISABLED:
        return NONE if find_name(self, name.name) < self.count else NAME_INVALID
    if not can_be_printed(name.name):
        return NAME_INVALID
    if public == NULL:
        return LINE_MISSING
    if not is_public(public.text) or not record.attributes & RIGHTS_MASK:
        return UNSUPPORTED
    place = find_public(self, public.text)
    if place < self.count and memcmp(self.keys[place].name, name.name, NAME_BYTES) != 0:
        return NAME_TAKEN
    return NONE if make_room(self) == 0 else TABLE_FULL


cdef void key_names_take(KeyNames* self, const CommandLine* record) noexcept nogil:
    cdef const NameLine* name = <const NameLine*> find_line(record, NAME_LINE)
    cdef size_t place
    if not self.kept or key_names_screen(self, record) != NONE:
        return
    if not record.attributes & DISABLED:
        key_names_put(self, name.name, (<const TextLine*> find_line(record, TEXT_LINE)).text)
    elif record.target == 0:            # of one session: it stays a key
        place = find_name(self, name.name)
        self.count -= 1
        self.keys[place] = self.keys[self.count]


cdef int key_names_put(KeyNames* self, const char* name, const char* public) noexcept nogil:
    cdef size_t place = find_name(self, name)
    if place == self.count:
        if make_room(self) != 0:
            return -1
        memcpy(self.keys[place].name, name, NAME_BYTES)
        self.count += 1
    memcpy(self.keys[place].public, public, PUBLIC_BYTES)
    return 0


cdef void key_names_destroy(KeyNames* self) noexcept nogil:
    free(self.keys)
