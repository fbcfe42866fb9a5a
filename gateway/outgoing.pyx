"""Blocks of reports, and sending them. See outgoing.pxd."""

from libc.errno cimport EAGAIN, EHOSTUNREACH
from libc.stdint cimport uint16_t
from libc.string cimport memcpy, memset

from pricetime.gateway.connections cimport NO_BLOCK, NO_CONNECTION, ROUTING_ID_BYTES, connection_release, routing_bytes
from pricetime.gateway.state cimport (
    BLOCK_BYTES, NO_FAILURE, PHASE_CHANGES, STRANGER_BYTES, TRANSPORT_FAILED, PhaseChange, fail)
from pricetime.journal.atomics cimport fence_full, store_release
from pricetime.matching.records cimport BUSINESS_MESSAGE_REJECT, EVENT_LINES, NAME_BYTES, SESSION_STATUS


cdef void note_phase(GatewayState* self, const EventRecord* event) noexcept nogil:
    """An instrument's new phase, for the operator: no session hears of a VolatilityCall."""
    cdef PhaseChange* change = &self.phases.changes[self.phases.noted % PHASE_CHANGES]
    change.time = event.time
    change.phase = <uint8_t> event.leaves_qty
    change.reason = event.reason
    memcpy(change.name, &self.engine.instrument_names[event.instrument], NAME_BYTES)
    store_release(&self.phases.noted, self.phases.noted + 1)
    fence_full()        # before the next one is written over the oldest


cdef int drain_events(EventSink* sink) noexcept nogil:
    cdef GatewayState* self = <GatewayState*> sink.context
    cdef EventRecord* event
    cdef uint32_t index
    cdef size_t i
    for i in range(sink.count):
        event = &sink.events[i]
        if event.type == SESSION_STATUS:
            note_phase(self, event)
        index = self.table.by_session[event.session]
        if index != NO_CONNECTION and not self.table.connections[index].lost:
            push_event(self, index, event)
        elif event.session == 0:
            if event.type == BUSINESS_MESSAGE_REJECT:
                self.venue_reason = event.reason
        else:
            self.counters.dropped += 1
    sink.count = 0
    return 0


cdef void publish(GatewayState* self) noexcept nogil:
    if self.unpublished and self.failure == NO_FAILURE:
        self.storage.publish(self.storage.context)
        self.unpublished = False
    if self.phases.published != self.phases.noted and self.failure == NO_FAILURE:
        store_release(&self.phases.published, self.phases.noted)


cdef void mark_lost(GatewayState* self, uint32_t index) noexcept nogil:
    if not self.table.connections[index].lost:
        self.table.connections[index].lost = True
        self.lost_count += 1


cdef char* block_start(GatewayState* self, uint32_t block) noexcept nogil:
    return self.blocks.memory + <size_t> block * BLOCK_BYTES


cdef void send_block(GatewayState* self, uint32_t index) noexcept nogil:
    cdef Connection* connection = &self.table.connections[index]
    cdef char[ROUTING_ID_BYTES] routing_id
    cdef char* start
    cdef int error
    if connection.block == NO_BLOCK:
        return
    start = block_start(self, connection.block)
    if connection.end != start and not connection.lost and self.failure == NO_FAILURE:
        publish(self)
        routing_bytes(connection.routing, routing_id)
        error = self.transport.send(self.transport.context, routing_id, ROUTING_ID_BYTES, start, connection.end - start)
        if error == 0:
            self.counters.answers += 1
        else:
            mark_lost(self, index)
            if error != EAGAIN and error != EHOSTUNREACH:
                fail(self, TRANSPORT_FAILED, error)
    connection.end = start
    connection.room = BLOCK_BYTES


cdef void give_back(GatewayState* self, uint32_t index) noexcept nogil:
    cdef Connection* connection = &self.table.connections[index]
    connection.block = NO_BLOCK
    connection.room = 0
    connection.end = NULL


cdef void send_all(GatewayState* self) noexcept nogil:
    cdef uint32_t i, index
    cdef uint16_t block
    publish(self)
    for i in range(self.blocks.used_count):
        block = self.blocks.used[i]
        index = self.blocks.owner[block]
        if index != NO_CONNECTION:
            send_block(self, index)
            give_back(self, index)
        self.blocks.free[self.blocks.free_count] = block
        self.blocks.free_count += 1
    self.blocks.used_count = 0


cdef bint make_room(GatewayState* self, uint32_t index, size_t size) noexcept nogil:
    cdef Connection* connection = &self.table.connections[index]
    cdef uint16_t block
    if connection.block != NO_BLOCK:
        send_block(self, index)
        return not connection.lost
    if self.blocks.free_count == 0:
        send_all(self)
    self.blocks.free_count -= 1
    block = self.blocks.free[self.blocks.free_count]
    self.blocks.used[self.blocks.used_count] = block
    self.blocks.used_count += 1
    self.blocks.owner[block] = index
    connection.block = block
    connection.end = block_start(self, block)
    connection.room = BLOCK_BYTES
    return True


cdef void release(GatewayState* self, uint32_t index) noexcept nogil:
    cdef Connection* connection = &self.table.connections[index]
    send_block(self, index)
    if connection.block != NO_BLOCK:
        self.blocks.owner[connection.block] = NO_CONNECTION
        give_back(self, index)
    if connection.lost:
        self.lost_count -= 1
    connection_release(&self.table, index)


cdef void answer(GatewayState* self, uint32_t index, uint8_t type, uint8_t reason, const CommandLine* record,
                 uint64_t order_id) noexcept nogil:
    cdef EventRecord event
    memset(&event, 0, sizeof(EventRecord))
    event.type = type
    event.shape = (RECORD_VERSION << 4) | EVENT_LINES
    event.reason = reason
    event.order_id = order_id
    event.time = self.now if self.now > self.engine.time else self.engine.time
    if record != NULL:
        event.cl_ord_id = record.cl_ord_id
        event.instrument = record.instrument
    if index != NO_CONNECTION:
        event.session = self.table.connections[index].session
        if not self.table.connections[index].lost:
            push_event(self, index, &event)
        return
    if self.stranger_bytes + LINE_BYTES > STRANGER_BYTES:
        send_stranger(self)
    event.shape = (RECORD_VERSION << 4) | 1
    memcpy(self.stranger + self.stranger_bytes, &event, LINE_BYTES)
    self.stranger_bytes += LINE_BYTES


cdef void send_stranger(GatewayState* self) noexcept nogil:
    cdef int error
    if self.stranger_bytes == 0:
        return
    error = self.transport.send(self.transport.context, self.stranger_routing, self.stranger_routing_bytes,
                                self.stranger, self.stranger_bytes)
    # A stranger that is gone or does not read has nothing to lose.
    if error == 0:
        self.counters.answers += 1
    elif error != EAGAIN and error != EHOSTUNREACH:
        fail(self, TRANSPORT_FAILED, error)
    self.stranger_bytes = 0
