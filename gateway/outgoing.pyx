"""What goes into the blocks: events, and the gateway's own answers. See outgoing.pxd; when it leaves: held.pxd."""

from libc.errno cimport EAGAIN, EHOSTUNREACH
from libc.stdint cimport int64_t
from libc.string cimport memcpy, memset

from pricetime.gateway.connections cimport NO_BLOCK, NO_CONNECTION, connection_release
from pricetime.gateway.held cimport (
    all_may_leave, detach, forget_parts, hold_for_stranger, publish, reopen, seal, seal_all, send_committed, send_used, take_block)
from pricetime.gateway.helpers cimport translate
from pricetime.gateway.internal cimport MESSAGE_PACK
from pricetime.gateway.state cimport PHASE_CHANGES, STRANGER_BYTES, TRANSPORT_FAILED, PhaseChange, fail
from pricetime.journal.atomics cimport fence_full, store_release
from pricetime.matching.records cimport BUSINESS_MESSAGE_REJECT, EVENT_LINES, HEARTBEAT_ANSWER, NAME_BYTES, SESSION_STATUS


cdef void note_phase(GatewayState* self, const EventRecord* event) noexcept nogil:
    """An instrument's new phase, for the operator: no session hears of a VolatilityCall."""
    cdef PhaseChange* change = &self.phases.changes[self.phases.noted % PHASE_CHANGES]
    change.sequence = event.sequence
    change.time = event.time
    change.instrument = event.instrument
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


cdef void send_all(GatewayState* self) noexcept nogil:
    publish(self)
    if all_may_leave(self):
        send_used(self)
        return
    seal_all(self)
    send_committed(self)


cdef bint make_room(GatewayState* self, uint32_t index, size_t size) noexcept nogil:
    cdef Connection* connection = &self.table.connections[index]
    if connection.block != NO_BLOCK:
        if reopen(self, index, size):
            return True
        seal(self, index)
        detach(self, index)
        publish(self)
        send_committed(self)        # the middle of a long command, perhaps: what may leave need not wait for its end
    return not connection.lost and take_block(self, index)


cdef void release(GatewayState* self, uint32_t index) noexcept nogil:
    cdef Connection* connection = &self.table.connections[index]
    seal(self, index)
    detach(self, index)
    if connection.lost:
        forget_parts(self, index)
        self.lost_count -= 1
    else:
        publish(self)
        send_committed(self)
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
        if type == HEARTBEAT_ANSWER:        # so that a client notices that it lacks the last one
            event.leaves_qty = <int64_t> (self.engine.sessions[event.session].report_number + 1)
        if not self.table.connections[index].lost:
            push_event(self, index, &event)
        return
    if self.stranger_bytes + LINE_BYTES > STRANGER_BYTES:
        return
    event.shape = (RECORD_VERSION << 4) | 1
    memcpy(self.stranger + self.stranger_bytes, &event, LINE_BYTES)
    self.stranger_bytes += LINE_BYTES


cdef void send_stranger(GatewayState* self) noexcept nogil:
    cdef int error
    if self.stranger_bytes == 0:
        return
    if self.held.first != self.held.end and hold_for_stranger(self):
        self.stranger_bytes = 0
        return
    if self.encoding == MESSAGE_PACK:
        error = 0 if translate(self, self.routing, self.stranger, self.stranger_bytes) else EAGAIN
    else:
        error = self.transport.send(self.transport.context, self.stranger_routing, self.stranger_routing_bytes,
                                    self.stranger, self.stranger_bytes)
    # A stranger that is gone or does not read has nothing to lose.
    if error == 0:
        self.counters.answers += 1
    elif error != EAGAIN and error != EHOSTUNREACH:
        fail(self, TRANSPORT_FAILED, error)
    self.stranger_bytes = 0
