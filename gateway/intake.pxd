"""The way of a message into the log and the engine: whole lines, screened, in turn, allowed; stamped, appended,
applied.

What fails on the way is answered with its reason and moves nothing but the connection's message number.
"""

from libc.stdint cimport uint8_t, uint32_t

from pricetime.gateway.state cimport GatewayState
from pricetime.gateway.world cimport Arrival
from pricetime.matching.records cimport CommandLine

cdef void take_message(GatewayState* self, const Arrival* arrival) noexcept nogil
    # Work off one message. Its reports are in the blocks afterwards, or with the stranger who sent it.
cdef uint8_t journal(GatewayState* self, CommandLine* record) noexcept nogil
    # Stamp a record that passed the door, append it, apply it, route its events: 0, or LOG_FULL with nothing done.
cdef void end_session(GatewayState* self, uint32_t index) noexcept nogil
    # Journal the Disconnect of a connection's session, send what it has to get, forget it.
cdef void pass_time(GatewayState* self) noexcept nogil
    # Journal a Clock where something is due and no command has done it: the engine acts on commands only.
cdef int patience(GatewayState* self) noexcept nogil
    # How many milliseconds a message may be waited for: until something is due, WAIT_MS at most.
cdef void journal_digest(GatewayState* self) noexcept nogil
    # The running digest of all events so far, for readers to compare.
