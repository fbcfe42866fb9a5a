"""The connections that are logged on: found by libzmq's routing id or by session, all memory taken at start.

A routing id that libzmq gave is 5 bytes, a zero and a number that counts up, so its low bits are a place of its own in
a table twice the size of what it holds; the full number is checked there. A connection is here from its Logon to its
end, no longer: nothing that is known of a routing id outlives it.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

cdef enum:
    ROUTING_ID_BYTES = 5
    CONNECTIONS_MAX = 1 << 20
    NO_CONNECTION = 0
    NO_BLOCK = 0xFFFF

cdef struct Connection:
    # Two cache lines: the second is for what not every message touches.
    uint32_t routing            # the number in the routing id, as its 4 bytes stand in memory
    uint32_t session            # 0: not in use
    uint64_t message_number     # last one taken
    int64_t heard               # monotonic time of the last message
    char* end                   # behind the last report in the outgoing block
    uint32_t room               # bytes left there; 0 where it has no block
    uint16_t block              # NO_BLOCK: none
    uint8_t report_lines        # 1, or 2 with FULL_REPORTS
    uint8_t lost                # unroutable, not reading or silent: disconnected at the end of the batch
    uint32_t refusals           # THROTTLED in its present burst
    uint32_t sealed             # bytes of the block that were given up to be sent: what is behind them is still open
    uint32_t spare              # bytes left behind them where `room` is 0 since they were sealed
    uint16_t user               # key that its Logon came with; 0: none. Nobody with another one speaks here
    uint8_t encoding
    uint8_t asked               # it was silent, and a TestRequest has been sent
    int64_t told                # monotonic time of the last message to it
    int64_t interval            # HeartBtInt [108] in nanoseconds; 0: none, and silence is nothing
    int64_t patience            # so long a silence ends it
    int64_t messages_until      # its messages are paid for until then (monotonic), at Rates.message_price each
    int64_t orders_until        # its orders likewise
    uint32_t next_free
    uint32_t late               # messages of MessagePack in its present burst that came too fast; more than Rates.refusals_max: its
                                # end is on its way through the desk
    uint32_t reserved[2]
    int64_t asked_at            # monotonic time of that TestRequest
    int64_t turned_away         # monotonic time when it heard that the desk has no room, or when its end went to the desk

cdef struct Paid:
    # What a session's last connection had sent, as its next one has to begin with; and its Logons, whoever sent them.
    int64_t messages_until
    int64_t orders_until
    int64_t logons_until        # they are paid for until then, at Rates.logon_price each

cdef struct ConnectionTable:
    Connection* connections     # 1 to capacity; [0] is no connection
    uint32_t* slots             # open addressing by routing number: index into connections, 0 is empty
    uint32_t mask
    uint32_t capacity
    uint32_t count
    uint32_t first_free
    uint32_t highest            # no index above it was ever in use
    uint32_t* by_session        # session id -> connection, 0 where none
    Paid* paid                  # by session id: who logs on again has sent what it has sent

cdef int connections_create(ConnectionTable* self, uint32_t capacity, uint32_t sessions) noexcept nogil
    # 0, or -1 where memory is short. Session ids 0 to `sessions`.
cdef void connections_destroy(ConnectionTable* self) noexcept nogil
cdef uint32_t connection_take(ConnectionTable* self, uint32_t routing, uint32_t session) noexcept nogil
    # A new connection for a routing number that has none and a session that has none, or NO_CONNECTION where all are
    # in use.
cdef void connection_release(ConnectionTable* self, uint32_t index) noexcept nogil


cdef inline uint32_t routing_home(uint32_t routing) noexcept nogil:
    """libzmq writes the number most significant byte first: consecutive ones differ in the last byte."""
    return ((routing >> 24) & 0xFF) | ((routing >> 8) & 0xFF00) | ((routing << 8) & 0xFF0000) | (routing << 24)

cdef inline uint32_t routing_number(const char* routing_id) noexcept nogil:
    cdef uint32_t routing
    memcpy(&routing, routing_id + 1, 4)
    return routing

cdef inline void routing_bytes(uint32_t routing, char* routing_id) noexcept nogil:
    routing_id[0] = 0
    memcpy(routing_id + 1, &routing, 4)

cdef inline uint32_t connection_find(const ConnectionTable* self, uint32_t routing) noexcept nogil:
    """The connection of a routing number, or NO_CONNECTION where it is not logged on."""
    cdef uint32_t slot = routing_home(routing) & self.mask
    cdef uint32_t index = self.slots[slot]
    while index and self.connections[index].routing != routing:
        slot = (slot + 1) & self.mask
        index = self.slots[slot]
    return index
