"""From the name of a participant, session or instrument to its id: a map for each kind. Rule 7. It shows nowhere."""

from libc.stdint cimport uint32_t

from pricetime.matching.state cimport EngineState, Name

cdef Name* names_of(const EngineState* state, int kind) noexcept nogil
    # The names of a kind by id.
cdef uint32_t name_find(const EngineState* state, int kind, const char* text) noexcept nogil
    # Who of a kind (OF_PARTICIPANTS ...) has this name (NAME_BYTES, zero-padded); 0: nobody.
cdef void name_put(EngineState* state, int kind, uint32_t id, const char* text) noexcept nogil
    # The name of an id that has none yet, and which nobody has; make_room has made room for it.
cdef int names_make_room(EngineState* state, int kind, uint32_t count, uint32_t room) noexcept nogil
    # A map for names of ids below `room`, with those of the ids up to `count` in it. 0, or -1 where memory is short.
cdef void names_destroy(EngineState* state) noexcept nogil
