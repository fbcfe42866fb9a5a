"""The engine's C contract: commands in by pointer, events out through a sink; no GIL, no Python object, one thread.

    cdef EngineState* engine = engine_create(0)
    engine_apply(engine, record, &sink)
    engine_destroy(engine)

What works commands off is declared in apply.pxd, and to be had from here too: engine_apply, engine_apply_ahead, engine_apply_lines,
engine_ask, engine_ask_on, engine_foresee, engine_screen; APPLIED, DIGEST_DIFFERS, OUT_OF_SEQUENCE, LinesApplied.
"""

from libc.stdint cimport uint32_t

from pricetime.matching.apply cimport (
    APPLIED, DIGEST_DIFFERS, OUT_OF_SEQUENCE, LinesApplied, engine_apply, engine_apply_ahead, engine_apply_lines, engine_ask,
    engine_ask_on, engine_foresee, engine_screen,
)
from pricetime.matching.state cimport EngineState

cdef EngineState* engine_create(uint32_t shard) noexcept nogil
    # NULL where memory is short. To be destroyed by engine_destroy.
cdef EngineState* engine_create_sized(uint32_t shard, uint32_t order_capacity) noexcept nogil
    # The same, with room for so many live orders, 1 to ORDER_CAPACITY_MAX; shard is 0 to 255.
cdef void engine_destroy(EngineState* engine) noexcept nogil

cdef class Engine:
    cdef EngineState* state
