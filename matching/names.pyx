"""Names in an IdMap: its hash is of the name, its slot the id."""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcmp, memcpy

from pricetime.matching.id_map cimport IdMap, id_map_create, id_map_destroy, id_map_find, id_map_insert
from pricetime.matching.memory cimport folded_product
from pricetime.matching.records cimport NAME_BYTES
from pricetime.matching.state cimport KINDS, OF_PARTICIPANTS, OF_SESSIONS, EngineState, Name

cdef enum:
    NAME_WORDS = NAME_BYTES // 8

assert sizeof(Name) == NAME_BYTES == NAME_WORDS * 8


cdef Name* names_of(const EngineState* state, int kind) noexcept nogil:
    if kind == OF_PARTICIPANTS:
        return state.participant_names
    return state.session_names if kind == OF_SESSIONS else state.instrument_names


cdef uint32_t name_home(const IdMap* self, const char* text) noexcept nogil:
    cdef uint64_t words[NAME_WORDS]
    cdef uint64_t hash = NAME_BYTES
    cdef int i
    memcpy(words, text, NAME_BYTES)
    for i in range(NAME_WORDS):
        hash = folded_product(hash + words[i], self.multiplier) + words[i]
    return <uint32_t> (folded_product(hash, self.multiplier) >> 32)


cdef uint32_t name_find(const EngineState* state, int kind, const char* text) noexcept nogil:
    cdef const IdMap* ids = &state.ids_by_name[kind]
    cdef const Name* names = names_of(state, kind)
    cdef uint32_t home, id, skip = 0
    home = name_home(ids, text)
    id = id_map_find(ids, home, skip)
    while id != 0 and memcmp(names[id].text, text, NAME_BYTES) != 0:
        skip += 1
        id = id_map_find(ids, home, skip)
    return id


cdef void name_put(EngineState* state, int kind, uint32_t id, const char* text) noexcept nogil:
    memcpy(names_of(state, kind)[id].text, text, NAME_BYTES)
    id_map_insert(&state.ids_by_name[kind], name_home(&state.ids_by_name[kind], text), id)


cdef int names_make_room(EngineState* state, int kind, uint32_t count, uint32_t room) noexcept nogil:
    cdef IdMap longer
    cdef uint32_t id
    if id_map_create(&longer, room, state.id_multiplier) != 0:
        id_map_destroy(&longer)
        return -1
    for id in range(1, count + 1):
        id_map_insert(&longer, name_home(&longer, names_of(state, kind)[id].text), id)
    id_map_destroy(&state.ids_by_name[kind])
    state.ids_by_name[kind] = longer
    return 0


cdef void names_destroy(EngineState* state) noexcept nogil:
    cdef int kind
    for kind in range(KINDS):
        id_map_destroy(&state.ids_by_name[kind])
