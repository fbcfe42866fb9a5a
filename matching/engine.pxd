"""The engine's C contract: commands in by pointer, events out through a sink; no GIL, no Python object, one thread.

    cdef EngineState* engine = engine_create(0)
    engine_apply(engine, record, &sink)
    engine_destroy(engine)
"""

from libc.stdint cimport uint32_t

from pricetime.matching.events cimport EventSink
from pricetime.matching.records cimport CommandLine
from pricetime.matching.state cimport EngineState

cdef enum:
    APPLIED = 0
    DIGEST_DIFFERS = -1         # an EVENT_DIGEST record does not hold this engine's digest; nothing was changed

cdef struct Foresight:
    uint32_t homes[2]           # where the ClOrdIDs that the 4th and 5th line from here name stand in the map
    uint32_t slots[2]           # of the orders that the 2nd and 3rd name

cdef EngineState* engine_create(uint32_t shard) noexcept nogil
    # NULL where memory is short. To be destroyed by engine_destroy.
cdef void engine_destroy(EngineState* engine) noexcept nogil
cdef int engine_screen(EngineState* engine, const CommandLine* record) noexcept nogil
    # The door (docs/rules.md, 3): 0, or the Reason why this decodable record may not be journaled. Changes nothing.
cdef void engine_foresee(EngineState* engine, Foresight* ahead, const CommandLine* record, size_t available,
                         uint32_t session) noexcept nogil
    # For whoever has the next records ready, before each engine_apply: begins to load what they will touch. `available` lines
    # begin at `record`, all of `session` (0: each of its own). Changes nothing but *ahead, which is zero at first.
cdef int engine_apply(EngineState* engine, const CommandLine* record, EventSink* sink) noexcept nogil
    # Work off one command that record_screen passed. APPLIED, a door Reason (one unnumbered event, nothing changed) or
    # DIGEST_DIFFERS. The record is only read.

cdef class Engine:
    cdef EngineState* state
