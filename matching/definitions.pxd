"""Definitions of participants, sessions and instruments. Rule 7. None of it is on an order's path."""

from libc.stdint cimport int64_t, uint16_t

from pricetime.matching.events cimport EventSink
from pricetime.matching.records cimport CommandLine
from pricetime.matching.state cimport EngineState

cdef enum:
    SCALE_MAX = 18

cdef void define(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil
    # PartyDefinition, SessionDefinition, SecurityDefinition.
cdef const void* find_line(const CommandLine* command, int type) noexcept nogil
    # The command's further line of this type, or NULL.
cdef bint is_name(const char* text) noexcept nogil
    # 1 to 48 bytes of UTF-8 without control characters, zero-padded.
cdef bint is_price(int64_t price, int64_t tick_size, uint16_t terms_flags) noexcept nogil
    # A multiple of the tick, and positive where it must be.
