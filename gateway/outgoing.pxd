"""Reports on their way out: gathered in a block per connection, sent as one message each when their commands are
committed (held.pxd).

A send that fails marks the connection lost, and nothing more: it may happen in the middle of a command.
"""

from libc.stddef cimport size_t
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from pricetime.gateway.connections cimport Connection
from pricetime.gateway.state cimport GatewayState
from pricetime.matching.events cimport EventSink
from pricetime.matching.records cimport LINE_BYTES, RECORD_VERSION, CommandLine, EventRecord

cdef int drain_events(EventSink* sink) noexcept nogil
    # The sink's way out: each event to its session's connection, or dropped where there is none. Always 0.
cdef bint make_room(GatewayState* self, uint32_t index, size_t size) noexcept nogil
    # A block with room for `size` bytes (at most BLOCK_BYTES) for the connection. False: it is lost, or the loop has failed.
cdef void send_all(GatewayState* self) noexcept nogil
    # The end of a batch: publish, one part per connection, and send what is committed.
cdef void release(GatewayState* self, uint32_t index) noexcept nogil
    # Forget the connection; what it still has to get follows when its commands are committed.
cdef void answer(GatewayState* self, uint32_t index, uint8_t type, uint8_t reason, const CommandLine* record,
                 uint64_t order_id) noexcept nogil
    # An unnumbered event of the gateway's own, to a connection or, with NO_CONNECTION, to the stranger whose message is
    # in work. order_id: the mark of a duplicate, the byte of a
    # REJECT, the message number that was due, what a TEST_REQUEST has in `target`; record NULL: unreadable.
cdef void send_stranger(GatewayState* self) noexcept nogil
    # Send the stranger its answers.


cdef inline void push_event(GatewayState* self, uint32_t index, const EventRecord* event) noexcept nogil:
    """Copy one event, or its first line, to the end of a connection's block."""
    cdef Connection* connection = &self.table.connections[index]
    cdef size_t size = connection.report_lines * LINE_BYTES
    if connection.room < size:
        if not make_room(self, index, size):
            return
    memcpy(connection.end, event, LINE_BYTES)
    if size > LINE_BYTES:
        memcpy(connection.end + LINE_BYTES, <const char*> event + LINE_BYTES, LINE_BYTES)
    (<EventRecord*> connection.end).shape = (RECORD_VERSION << 4) | connection.report_lines
    connection.end += size
    connection.room -= <uint32_t> size
    self.counters.reports += 1
