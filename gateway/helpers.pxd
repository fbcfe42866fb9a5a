"""The loop's own helpers as peers of its socket: who has enrolled, what is sent to them, what they have sent to clients.

    client ──► loop ──FORWARD──► desk ──SUBMIT──► loop ──► log, engine          MessagePack: what it asks for
    client ◄── loop ◄──DELIVER── desk                                           resends, statuses, what is not readable
    client ◄── loop ◄──DELIVER── desk ◄──TRANSLATE── loop ◄── reports           MessagePack: what it gets

The desk may be away (it starts when it is first asked, and again when it died): what is for it waits in order, up to a bound.
"""

from libc.stddef cimport size_t
from libc.stdint cimport uint32_t

from pricetime.gateway.internal cimport InternalLine
from pricetime.gateway.state cimport GatewayState

cdef bint is_helper(const GatewayState* self, uint32_t routing, int role) noexcept nogil
    # Whether it is who has enrolled in that role.
cdef bint enrol(GatewayState* self, const InternalLine* line) noexcept nogil
    # The sender of the message in work becomes a helper, if it knows the secret of this start. False: it does not.
cdef bint forward(GatewayState* self, const char* payload, size_t size) noexcept nogil
    # A payload of the message in work to the desk. False: nothing more may wait for it.
cdef bint translate(GatewayState* self, uint32_t routing, const char* lines, size_t size) noexcept nogil
    # Reports to the desk, for a client that speaks MessagePack. False: likewise.
cdef void deliver(GatewayState* self, const InternalLine* line, const char* payload) noexcept nogil
    # What the desk has for a client. One that does not read is lost.
cdef void tell_result(GatewayState* self, int role, const char* reasons, size_t count) noexcept nogil
    # RESULT to a helper.
cdef void send_waiting(GatewayState* self) noexcept nogil
    # To the desk, what waits for it.
