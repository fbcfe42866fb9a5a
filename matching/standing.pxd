"""Invariants of where orders stand: queues, stops, what is set aside, the heap of deadlines; and of what an order's flags say.

Each gives None, or a readable account of the first thing that is not as it must be. `seen` is marked for each order that is met.
"""

from libc.stdint cimport uint8_t, uint32_t

from pricetime.matching.level_tree cimport Level
from pricetime.matching.state cimport EngineState

cdef object check_market(EngineState* state, uint32_t id, int side, uint8_t* seen)
cdef object check_level(EngineState* state, uint32_t id, int side, const Level* level, uint32_t index, uint8_t* seen)
cdef object check_stops(EngineState* state, uint32_t id, int side, uint8_t* seen)
cdef object check_aside(EngineState* state, uint32_t id, uint8_t* seen)
cdef object check_flags(EngineState* state, uint32_t slot)
cdef object check_deadlines(EngineState* state)
