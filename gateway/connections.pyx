"""Take and release connections: the table's cold half. See connections.pxd."""

from libc.stdlib cimport calloc, free
from posix.stdlib cimport posix_memalign
from libc.string cimport memset

from pricetime.matching.records cimport LINE_BYTES


cdef int connections_create(ConnectionTable* self, uint32_t capacity, uint32_t sessions) noexcept nogil:
    cdef uint64_t size = 16
    while size < 2 * <uint64_t> capacity:
        size *= 2
    memset(self, 0, sizeof(ConnectionTable))
    self.capacity = capacity
    self.mask = <uint32_t> (size - 1)
    if posix_memalign(<void**> &self.connections, LINE_BYTES, (<size_t> capacity + 1) * sizeof(Connection)):
        self.connections = NULL
    self.slots = <uint32_t*> calloc(size, sizeof(uint32_t))
    self.by_session = <uint32_t*> calloc(<size_t> sessions + 1, sizeof(uint32_t))
    self.paid = <Paid*> calloc(<size_t> sessions + 1, sizeof(Paid))
    if self.connections == NULL or self.slots == NULL or self.by_session == NULL or self.paid == NULL:
        connections_destroy(self)
        return -1
    memset(self.connections, 0, (<size_t> capacity + 1) * sizeof(Connection))
    return 0


cdef void connections_destroy(ConnectionTable* self) noexcept nogil:
    free(self.connections)
    free(self.slots)
    free(self.by_session)
    free(self.paid)
    memset(self, 0, sizeof(ConnectionTable))


cdef uint32_t connection_take(ConnectionTable* self, uint32_t routing, uint32_t session) noexcept nogil:
    cdef uint32_t index = self.first_free
    cdef uint32_t slot = routing_home(routing) & self.mask
    cdef Connection* connection
    if index:
        self.first_free = self.connections[index].next_free
    elif self.highest < self.capacity:
        self.highest += 1
        index = self.highest
    else:
        return NO_CONNECTION
    while self.slots[slot]:
        slot = (slot + 1) & self.mask
    self.slots[slot] = index
    self.by_session[session] = index
    self.count += 1
    connection = &self.connections[index]
    memset(connection, 0, sizeof(Connection))
    connection.routing = routing
    connection.session = session
    connection.block = NO_BLOCK
    connection.report_lines = 1
    connection.messages_until = self.paid[session].messages_until
    connection.orders_until = self.paid[session].orders_until
    return index


cdef void connection_release(ConnectionTable* self, uint32_t index) noexcept nogil:
    cdef Connection* connection = &self.connections[index]
    cdef uint32_t slot = routing_home(connection.routing) & self.mask
    cdef uint32_t hole, home
    while self.slots[slot] != index:
        slot = (slot + 1) & self.mask
    # Shift back what probing had pushed beyond the hole: no tombstones.
    hole = slot
    while True:
        slot = (slot + 1) & self.mask
        if self.slots[slot] == 0:
            break
        home = routing_home(self.connections[self.slots[slot]].routing) & self.mask
        if ((slot - home) & self.mask) >= ((slot - hole) & self.mask):
            self.slots[hole] = self.slots[slot]
            hole = slot
    self.slots[hole] = 0
    if self.by_session[connection.session] == index:
        self.by_session[connection.session] = 0
    self.paid[connection.session].messages_until = connection.messages_until
    self.paid[connection.session].orders_until = connection.orders_until
    connection.session = 0
    connection.next_free = self.first_free
    self.first_free = index
    self.count -= 1
