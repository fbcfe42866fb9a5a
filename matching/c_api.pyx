"""The table itself, in a capsule that PyCapsule_Import finds by the name `pricetime.matching.c_api._C_API`."""

from cpython.pycapsule cimport PyCapsule_New

from pricetime.matching.checksum cimport digest_high, digest_low
from pricetime.matching.depth cimport best_prices, depth
from pricetime.matching.door cimport record_screen
from pricetime.matching.engine cimport engine_apply_ahead, engine_apply_lines, engine_create_sized, engine_destroy
from pricetime.matching.events cimport sink_lengthen
from pricetime.matching.foresight cimport Foresight, foresight_begin
from pricetime.matching.state cimport ORDER_CAPACITY_MAX, SHARD_SHIFT

assert sizeof(Foresight) <= sizeof(Ahead)


cdef EngineState* create(uint32_t shard, uint32_t order_capacity) noexcept nogil:
    if shard >> (64 - SHARD_SHIFT) or not 0 < order_capacity <= ORDER_CAPACITY_MAX:
        return NULL
    return engine_create_sized(shard, order_capacity)


cdef uint64_t sequence(const EngineState* engine) noexcept nogil:
    return engine.sequence


cdef int64_t time(const EngineState* engine) noexcept nogil:
    return engine.time


cdef void event_digest(const EngineState* engine, uint64_t* halves) noexcept nogil:
    halves[0] = digest_low(&engine.event_digest)
    halves[1] = digest_high(&engine.event_digest)


cdef void begin(Ahead* ahead, const CommandLine* lines, size_t count) noexcept nogil:
    foresight_begin(<Foresight*> ahead, lines, count, 0)


cdef int apply_screened(EngineState* engine, Ahead* ahead, const CommandLine* record, EventSink* sink) noexcept nogil:
    return engine_apply_ahead(engine, <Foresight*> ahead, record, sink)


cdef Api API
API.api_version = API_VERSION
API.size = sizeof(Api)
API.create = create
API.destroy = engine_destroy
API.apply = engine_apply_lines
API.best_prices = best_prices
API.depth = depth
API.sequence = sequence
API.time = time
API.event_digest = event_digest
API.lengthen = sink_lengthen
API.screen = record_screen
API.begin = begin
API.apply_screened = apply_screened

_C_API = PyCapsule_New(&API, "pricetime.matching.c_api._C_API", NULL)
