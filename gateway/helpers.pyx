"""Frames to and from the desk and the steward. See helpers.pxd and internal.pxd."""

from libc.errno cimport EAGAIN, EHOSTUNREACH
from libc.stdint cimport uint8_t, uint64_t
from libc.string cimport memcmp, memcpy, memmove, memset

from pricetime.gateway.connections cimport NO_CONNECTION, ROUTING_ID_BYTES, connection_find, routing_bytes
from pricetime.gateway.door_table cimport key_holds
from pricetime.gateway.internal cimport (
    DESK, FORWARD, INTERNAL_BYTES, INTERNAL_MARKER, RESULT, SECRET_BYTES, STEWARD, TRANSLATE, is_message_pack)
from pricetime.gateway.stat_page cimport stat_refused
from pricetime.gateway.state cimport ASKED_BYTES_MAX, TRANSPORT_FAILED, WAITING_BYTES_MAX, fail, mark_lost
from pricetime.journal.atomics cimport store_release
from pricetime.matching.records cimport THROTTLED


cdef bint is_helper(const GatewayState* self, uint32_t routing, int role) noexcept nogil:
    return self.helpers.there[role] and self.helpers.routing[role] == routing


cdef bint enrol(GatewayState* self, const InternalLine* line) noexcept nogil:
    if not self.helpers.wanted_secret or line.role < DESK or line.role > STEWARD:
        return False
    if memcmp(line.secret, self.helpers.secret, SECRET_BYTES) != 0:
        return False
    self.helpers.routing[line.role] = self.routing
    self.helpers.there[line.role] = True
    tell_result(self, line.role, NULL, 0)
    if line.role == DESK:
        store_release(&self.helpers.desk_wanted, 0)
        send_waiting(self)
    return True


cdef int send_frame(GatewayState* self, int role, const char* frame, size_t size) noexcept nogil:
    """0, or why it did not leave: EAGAIN, EHOSTUNREACH. A helper that is gone is one no longer."""
    cdef char[ROUTING_ID_BYTES] routing_id
    cdef int error
    if not self.helpers.there[role]:
        return EHOSTUNREACH
    routing_bytes(self.helpers.routing[role], routing_id)
    error = self.transport.send(self.transport.context, routing_id, ROUTING_ID_BYTES, frame, size)
    if error == EHOSTUNREACH:
        self.helpers.there[role] = False
    elif error != 0 and error != EAGAIN:
        fail(self, TRANSPORT_FAILED, error)
    return error


cdef void send_waiting(GatewayState* self) noexcept nogil:
    """Frames wait one behind the other, each behind its size; those that have left make room."""
    cdef size_t offset = 0
    cdef uint64_t size
    while offset < self.helpers.waiting_bytes:
        memcpy(&size, self.helpers.waiting + offset, sizeof(size))
        if send_frame(self, DESK, self.helpers.waiting + offset + sizeof(size), size) != 0:
            break
        offset += sizeof(size) + size
    if offset:
        self.helpers.waiting_bytes -= offset
        memmove(self.helpers.waiting, self.helpers.waiting + offset, self.helpers.waiting_bytes)


cdef bint to_desk(GatewayState* self, InternalLine* line, const char* payload, size_t size, size_t most) noexcept nogil:
    """Now, if it is there and nothing waits; else behind what waits, up to so many bytes."""
    cdef char* frame = self.helpers.frame
    cdef uint64_t whole = INTERNAL_BYTES + size
    line.marker = INTERNAL_MARKER
    line.sequence = self.engine.sequence
    line.payload_bytes = <uint32_t> size
    memcpy(frame, line, INTERNAL_BYTES)
    memcpy(frame + INTERNAL_BYTES, payload, size)
    if self.helpers.waiting_bytes == 0 and send_frame(self, DESK, frame, whole) == 0:
        return True
    if not self.helpers.wanted_secret or self.helpers.waiting_bytes + sizeof(whole) + whole > most:
        return False
    if not self.helpers.there[<int> DESK]:
        store_release(&self.helpers.desk_wanted, 1)
    memcpy(self.helpers.waiting + self.helpers.waiting_bytes, &whole, sizeof(whole))
    memcpy(self.helpers.waiting + self.helpers.waiting_bytes + sizeof(whole), frame, whole)
    self.helpers.waiting_bytes += sizeof(whole) + whole
    return True


cdef bint forward(GatewayState* self, const char* payload, size_t size) noexcept nogil:
    cdef InternalLine line
    memset(&line, 0, sizeof(line))
    line.kind = FORWARD
    line.encoding = self.encoding
    line.routing = self.routing
    line.user = self.user
    if self.throttled and is_message_pack(<uint8_t> payload[0]):
        line.reason = THROTTLED         # a record of it: the desk's answer to one that is let through is no refusal
    if self.current != NO_CONNECTION:
        line.session = self.table.connections[self.current].session
        line.report_lines = self.table.connections[self.current].report_lines
    return to_desk(self, &line, payload, size, ASKED_BYTES_MAX)


cdef bint translate(GatewayState* self, uint32_t routing, const char* lines, size_t size) noexcept nogil:
    cdef InternalLine line
    memset(&line, 0, sizeof(line))
    line.kind = TRANSLATE
    line.routing = routing
    # A stranger's answers wait where its questions do: whoever floods takes no room from a session's reports.
    return to_desk(self, &line, lines, size,
                   WAITING_BYTES_MAX if connection_find(&self.table, routing) != NO_CONNECTION else ASKED_BYTES_MAX)


cdef void deliver(GatewayState* self, const InternalLine* line, const char* payload) noexcept nogil:
    cdef char[ROUTING_ID_BYTES] routing_id
    cdef uint32_t index = connection_find(&self.table, line.routing)
    cdef int error
    if line.reason:
        self.counters.refused += 1
        stat_refused(self.stat, line.reason)
    if index != NO_CONNECTION and self.table.connections[index].lost:
        return
    if line.user and line.session and not key_holds(self.keys, line.user, line.session):
        return                          # revoked since it asked
    routing_bytes(line.routing, routing_id)
    error = self.transport.send(self.transport.context, routing_id, ROUTING_ID_BYTES, payload, line.payload_bytes)
    if error == 0:
        self.counters.answers += 1
    elif error == EAGAIN or error == EHOSTUNREACH:
        if index != NO_CONNECTION:
            mark_lost(self, index)
    else:
        fail(self, TRANSPORT_FAILED, error)


cdef void tell_result(GatewayState* self, int role, const char* reasons, size_t count) noexcept nogil:
    cdef InternalLine* line = <InternalLine*> self.helpers.frame
    memset(line, 0, sizeof(InternalLine))
    line.marker = INTERNAL_MARKER
    line.kind = RESULT
    line.sequence = self.engine.sequence
    line.payload_bytes = <uint32_t> count
    if count:
        memcpy(self.helpers.frame + INTERNAL_BYTES, reasons, count)
    send_frame(self, role, self.helpers.frame, INTERNAL_BYTES + count)
