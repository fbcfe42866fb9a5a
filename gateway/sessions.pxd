"""Who speaks for a session, from Logon to its end; heartbeats; and what is answered to what is not taken."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from pricetime.gateway.state cimport GatewayState
from pricetime.matching.records cimport CommandLine

cdef void refuse(GatewayState* self, uint8_t reason, const CommandLine* record) noexcept nogil
    # A decodable record that is not taken: one unnumbered BUSINESS_MESSAGE_REJECT; of a duplicate it tells the mark.
cdef void refuse_bytes(GatewayState* self, uint8_t reason, uint64_t offset) noexcept nogil
    # Bytes that are no record: REJECT with the offset in the message.
cdef void end_session(GatewayState* self, uint32_t index) noexcept nogil
    # Journal the Disconnect of a connection's session, send what it has to get, forget it.
cdef void end_out_of_turn(GatewayState* self, const CommandLine* record) noexcept nogil
    # A message was lost, doubled or overtaken: the session ends, and its client is told which number was due.
cdef void end_throttled(GatewayState* self, const CommandLine* record) noexcept nogil
    # Where the connection in work has sent too fast for too long: LOGOUT_ANSWER with THROTTLED, and its session ends.
cdef bint sender_is_known(GatewayState* self) noexcept nogil
    # Whether the message in work comes with a key that is not revoked, and with that of its connection's Logon. False: that
    # connection's session has ended, and NOT_AUTHORIZED was the answer.
cdef void take_logon(GatewayState* self, CommandLine* record) noexcept nogil
    # A new beginning for this connection: number 1, one session. Whoever spoke for the session before is forgotten.
cdef void take_logout(GatewayState* self, CommandLine* record) noexcept nogil
cdef void find_silent(GatewayState* self) noexcept nogil
    # Heartbeats where nothing was sent for a while, TestRequests where nothing came; who does not answer those is lost.
