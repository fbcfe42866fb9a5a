"""Stops: which are elected, and their release, round by round. Rule 10."""

from libc.stdint cimport uint32_t

from pricetime.matching.events cimport EventSink
from pricetime.matching.state cimport EngineState, Instrument

cdef void release_stops(EngineState* state, Instrument* instrument, uint32_t slot, EventSink* sink) noexcept nogil
    # A command, or what was due before it, is worked off: release what its trades have elected. `slot`: a stop that has come in
    # with a new StopPx, which the last price may have reached already; 0: none.
cdef void release_at_start(EngineState* state, Instrument* instrument, EventSink* sink) noexcept nogil
    # Continuous begins: release what waits elected, and what the last price elects.
