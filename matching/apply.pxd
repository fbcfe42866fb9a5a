"""The half of the engine's C contract (engine.pxd) that works: a command in, events out through a sink."""

from libc.stddef cimport size_t
from libc.stdint cimport uint32_t

from pricetime.matching.events cimport EventSink
from pricetime.matching.foresight cimport Foresight
from pricetime.matching.records cimport CommandLine
from pricetime.matching.state cimport EngineState

cdef enum:
    APPLIED = 0
    DIGEST_DIFFERS = -1         # an EVENT_DIGEST record does not hold this engine's digest; nothing was changed
    OUT_OF_SEQUENCE = -2        # a record's sequence is neither 0 nor the engine's next

cdef struct LinesApplied:
    # How far a run of lines came.
    size_t records              # worked off; also a command that the door refused with an event
    size_t lines                # of these records: where the next one begins
    int status                  # APPLIED: all. Else why the next one was not: DIGEST_DIFFERS, OUT_OF_SEQUENCE, a Reason
    uint32_t offset             # the byte of the next record that the Reason is about; else 0

cdef int engine_screen(EngineState* engine, const CommandLine* record) noexcept nogil
    # The door (docs/rules.md, 3): 0, or the Reason why this decodable record may not be journaled. Changes nothing.
cdef void engine_foresee(EngineState* engine, Foresight* ahead, const CommandLine* record) noexcept nogil
    # For whoever has the next records ready, before each engine_apply: begins to load what they will touch. Changes nothing but
    # *ahead, which foresight_begin (foresight.pxd) made.
cdef void engine_ask(const EngineState* engine, uint32_t session, const CommandLine* record) noexcept nogil
    # For whoever has one record alone, of this session (one that there is, or 0), as early as it can: begins to load what its
    # names lead to. Changes nothing.
cdef void engine_ask_on(const EngineState* engine, uint32_t session, const CommandLine* record) noexcept nogil
    # The second step, of the same record, a little later and before engine_apply: what the first one asked for is read.
cdef int engine_apply(EngineState* engine, const CommandLine* record, EventSink* sink) noexcept nogil
    # Work off one command that record_screen passed. APPLIED, a door Reason (one unnumbered event, nothing changed) or
    # DIGEST_DIFFERS. The record is only read.
cdef int engine_apply_ahead(EngineState* engine, Foresight* ahead, const CommandLine* record, EventSink* sink) noexcept nogil
    # Both in one call.
cdef LinesApplied engine_apply_lines(EngineState* engine, const CommandLine* lines, size_t available,
                                     EventSink* sink) noexcept nogil
    # Work off whole records, one after another, until the `available` lines are done or a record cannot be taken.
