"""Memory of the tables, sessions, and the start of the venue. Rule 7. None of it is on an order's path."""

from libc.stdint cimport uint32_t

from pricetime.matching.events cimport EventSink
from pricetime.matching.records cimport CommandLine
from pricetime.matching.state cimport EngineState, Instrument

cdef void venue_start(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil
cdef void logon(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil
cdef void logout(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil
cdef void disconnect(EngineState* state, uint32_t session, EventSink* sink) noexcept nogil
cdef int take_order_memory(EngineState* state, uint32_t capacity) noexcept nogil
    # Pools and maps for `capacity` live orders in place of what was there. 0, or -1 where memory is short: nothing changed.
cdef void give_back_order_memory(EngineState* state) noexcept nogil
cdef int make_room(EngineState* state, int kind, uint32_t count) noexcept nogil
    # Tables with room for at least `count` entries of a kind (OF_PARTICIPANTS ...), zeroed; and for their names. 0 or -1.
cdef int prepare_instrument(EngineState* state, Instrument* instrument) noexcept nogil
    # Ladders, divisors and bound of an instrument whose terms and limits are set. 0 or -1.
cdef void set_quantity_bound(const EngineState* state, Instrument* instrument) noexcept nogil
