"""Every message from its bytes to its events. See intake.pxd; docs/rules.md 3 has the order of the checks.

A connection's records carry its message number, from 1 at Logon, one each, heartbeats and refused ones too. An
undecodable record takes no number: where it ends is unknown, so the rest of its message is not looked at.
"""

from libc.errno cimport EDQUOT, EFBIG, EINVAL, EMFILE, ENFILE, ENOSPC
from libc.stddef cimport size_t
from libc.stdint cimport INT64_MAX, int64_t, uint64_t
from libc.string cimport memcmp, memcpy, memset

from pricetime.gateway.connections cimport (
    NO_CONNECTION, ROUTING_ID_BYTES, Connection, connection_find, connection_take, routing_number)
from pricetime.gateway.outgoing cimport answer, drain_events, release, send_stranger
from pricetime.gateway.security_list cimport answer_security_list
from pricetime.gateway.state cimport (
    ENGINE_REFUSED, LOG_FAILED, LOG_OUT_OF_STEP, MESSAGE_BYTES_MAX, NO_FAILURE, WAIT_MS, fail)
from pricetime.gateway.world cimport CLOCK_FLOW, clock_utc
from pricetime.matching.checksum cimport digest_high, digest_low
from pricetime.matching.door cimport record_screen
from pricetime.matching.engine cimport APPLIED, engine_apply, engine_foresee, engine_screen
from pricetime.matching.foresight cimport Foresight, foresight_begin
from pricetime.matching.records cimport *

cdef enum Kind:
    # What the gateway does with a record that a client sent.
    NOT_FOR_CLIENTS = 0
    COMMAND_KIND = 1
    LOGON_KIND = 2
    LOGOUT_KIND = 3
    HEARTBEAT_KIND = 4
    SECURITY_LIST_KIND = 5
    STATUS_KIND = 6

cdef uint8_t KINDS[256]

cdef enum:
    ONE_LINE = (RECORD_VERSION << 4) | 1
    NS_PER_MS = 1_000_000


cdef void treat(int type, Kind kind) noexcept:
    KINDS[type] = <uint8_t> kind


def _fill_kinds():
    memset(KINDS, NOT_FOR_CLIENTS, sizeof(KINDS))
    treat(NEW_ORDER_SINGLE, COMMAND_KIND)
    treat(ORDER_CANCEL_REQUEST, COMMAND_KIND)
    treat(ORDER_CANCEL_REPLACE_REQUEST, COMMAND_KIND)
    treat(ORDER_MASS_CANCEL_REQUEST, COMMAND_KIND)
    treat(ORDER_STATUS_REQUEST, STATUS_KIND)
    treat(ORDER_MASS_STATUS_REQUEST, STATUS_KIND)
    treat(SECURITY_DEFINITION, COMMAND_KIND)
    treat(PARTY_DEFINITION, COMMAND_KIND)
    treat(SESSION_DEFINITION, COMMAND_KIND)
    treat(RISK_LIMITS, COMMAND_KIND)
    treat(POSITION_ADJUST, COMMAND_KIND)
    treat(KILL_SWITCH, COMMAND_KIND)
    treat(TRADING_SESSION_STATUS, COMMAND_KIND)
    treat(CLOCK, COMMAND_KIND)
    treat(LOGON, LOGON_KIND)
    treat(LOGOUT, LOGOUT_KIND)
    treat(HEARTBEAT, HEARTBEAT_KIND)
    treat(TEST_REQUEST, HEARTBEAT_KIND)
    treat(SECURITY_LIST_REQUEST, SECURITY_LIST_KIND)


_fill_kinds()


# -------------------------------------------------------------------------------------------- into log and engine

cdef inline bint may_pass(int error) noexcept nogil:
    """What the log's next try may not meet: a full disk, or no file to be had because connections (a hostile client's, say)
    have them all."""
    return error == ENOSPC or error == EDQUOT or error == EFBIG or error == EMFILE or error == ENFILE


cdef inline uint8_t append(GatewayState* self, CommandLine* record) noexcept nogil:
    """Stamp and append. 0, or LOG_FULL with nothing done."""
    cdef int error
    record.sequence = self.engine.sequence + 1
    if self.clock.mode != CLOCK_FLOW:
        record.time = self.now
    if record.time < self.engine.time:
        record.time = self.engine.time
    error = self.storage.append(self.storage.context, record)
    if error == 0:
        self.unpublished = True
        return 0
    if error == EINVAL:
        fail(self, LOG_OUT_OF_STEP, error)
    elif not may_pass(error):
        fail(self, LOG_FAILED, error)
    self.counters.log_errors += 1
    self.last_log_error = <uint8_t> error
    return LOG_FULL


cdef inline void apply(GatewayState* self, const CommandLine* record) noexcept nogil:
    """Apply what was appended, and route its events."""
    cdef int result = engine_apply(self.engine, record, &self.sink)
    if result != APPLIED:
        fail(self, ENGINE_REFUSED, result)
    if self.sink.count:
        drain_events(&self.sink)
    self.counters.commands += 1
    self.since_digest += 1


cdef uint8_t journal(GatewayState* self, CommandLine* record) noexcept nogil:
    cdef uint8_t reason = append(self, record)
    if reason == 0:
        apply(self, record)
    return reason


cdef void begin_record(CommandLine* record, uint8_t type, uint32_t session) noexcept nogil:
    """A record of the gateway's own."""
    memset(record, 0, sizeof(CommandLine))
    record.type = type
    record.shape = ONE_LINE
    record.session = session


cdef void end_session(GatewayState* self, uint32_t index) noexcept nogil:
    cdef CommandLine record
    begin_record(&record, DISCONNECT, self.table.connections[index].session)
    # A full log keeps the engine's session logged on without a connection; its next Logon ends it.
    if engine_screen(self.engine, &record) == 0:
        journal(self, &record)
    self.counters.disconnects += 1
    release(self, index)


cdef void journal_digest(GatewayState* self) noexcept nogil:
    cdef CommandLine record
    begin_record(&record, EVENT_DIGEST, 0)
    record.price = <int64_t> digest_low(&self.engine.event_digest)
    record.quantity = <int64_t> digest_high(&self.engine.event_digest)
    if journal(self, &record) == 0:
        self.since_digest = 0


cdef inline void digest_in_turn(GatewayState* self) noexcept nogil:
    if self.digest_every and self.since_digest >= self.digest_every and self.failure == NO_FAILURE:
        journal_digest(self)


# ------------------------------------------------------------------------------------------------------- time

cdef inline bint time_matters(GatewayState* self) noexcept nogil:
    """On flow time only commands bring time, and each does itself what is due by then."""
    return self.engine.next_deadline != INT64_MAX and self.clock.mode != CLOCK_FLOW


cdef void pass_time(GatewayState* self) noexcept nogil:
    cdef CommandLine record
    self.time_stands = False
    if not time_matters(self) or self.failure != NO_FAILURE:
        return
    self.now = clock_utc(&self.clock)
    if self.now >= self.engine.next_deadline:
        begin_record(&record, CLOCK, 0)
        self.time_stands = journal(self, &record) != 0
        digest_in_turn(self)


cdef int patience(GatewayState* self) noexcept nogil:
    cdef int64_t left
    if self.time_stands or not time_matters(self):
        return WAIT_MS
    left = self.engine.next_deadline - clock_utc(&self.clock)
    if left >= WAIT_MS * <int64_t> NS_PER_MS:
        return WAIT_MS
    return 0 if left <= 0 else <int> ((left + NS_PER_MS - 1) // NS_PER_MS)     # never early: that would be a second wait


# --------------------------------------------------------------------------------------------------- refusals

cdef void refuse(GatewayState* self, uint8_t reason, const CommandLine* record) noexcept nogil:
    """A decodable record that is not taken: one unnumbered BUSINESS_MESSAGE_REJECT; of a duplicate it tells the
    mark."""
    cdef uint64_t order_id = 0
    if reason == DUPLICATE_CL_ORD_ID:
        order_id = <uint64_t> self.engine.sessions[record.session].mark
    self.counters.refused += 1
    answer(self, self.current, BUSINESS_MESSAGE_REJECT, reason, record, order_id)


cdef void refuse_bytes(GatewayState* self, uint8_t reason, uint64_t offset) noexcept nogil:
    """Bytes that are no record: REJECT with the offset in the message."""
    self.counters.refused += 1
    answer(self, self.current, REJECT, reason, NULL, offset)


cdef void end_out_of_turn(GatewayState* self, const CommandLine* record) noexcept nogil:
    """A message was lost, doubled or overtaken: the session ends, and its client is told which number was due."""
    cdef uint32_t index = self.current
    self.counters.refused += 1
    answer(self, index, BUSINESS_MESSAGE_REJECT, MSG_SEQ_NUM_OUT_OF_TURN, record,
           1 if index == NO_CONNECTION else self.table.connections[index].message_number + 1)
    if index != NO_CONNECTION:
        end_session(self, index)
        self.current = NO_CONNECTION


# ----------------------------------------------------------------------------------------------------- sessions

cdef uint32_t named_session(GatewayState* self, const CommandLine* record) noexcept nogil:
    """The session that a Logon is for, by NAME line, by id, or by both where they agree; 0 where there is none."""
    cdef const NameLine* name = <const NameLine*> (record + 1)
    cdef uint32_t id
    if record_lines(record) == 1:
        return record.session
    for id in range(1, self.engine.sessions_count + 1):
        if memcmp(&self.engine.session_names[id], name.name, NAME_BYTES) == 0:
            return id if record.session == 0 or record.session == id else 0
    return 0


cdef uint8_t logon_reason(GatewayState* self, CommandLine* record) noexcept nogil:
    """Why this Logon may not be, or 0. The session's old connection makes room for the new one."""
    cdef uint8_t reason
    record.session = named_session(self, record)
    if record.session == 0:
        return UNKNOWN_SESSION
    reason = <uint8_t> engine_screen(self.engine, record)
    if reason == 0 and self.current == NO_CONNECTION and self.table.count == self.table.capacity:
        if self.table.by_session[record.session] == NO_CONNECTION:
            return THROTTLED
    return reason


cdef void take_logon(GatewayState* self, CommandLine* record) noexcept nogil:
    """A new beginning for this connection: number 1, one session. Whoever spoke for the session before is forgotten."""
    cdef uint8_t reason
    cdef uint32_t old
    cdef Connection* connection
    if record.sequence != 1:
        end_out_of_turn(self, record)
        return
    reason = logon_reason(self, record)
    if reason:
        refuse(self, reason, record)
        return
    if self.current != NO_CONNECTION and self.table.connections[self.current].session != record.session:
        end_session(self, self.current)
        self.current = NO_CONNECTION
    reason = append(self, record)
    if reason:
        refuse(self, reason, record)
        return
    old = self.table.by_session[record.session]
    if old != NO_CONNECTION:
        release(self, old)
    if self.current != NO_CONNECTION and self.current != old:
        release(self, self.current)
    send_stranger(self)             # what it was told before comes before what it is told now
    self.current = connection_take(&self.table, self.routing, record.session)
    connection = &self.table.connections[self.current]
    connection.message_number = 1
    connection.heard = self.monotonic
    connection.report_lines = EVENT_LINES if record.attributes & FULL_REPORTS else 1
    apply(self, record)


cdef void take_logout(GatewayState* self, CommandLine* record) noexcept nogil:
    cdef uint8_t reason = journal(self, record)
    if reason:
        refuse(self, reason, record)
        return
    release(self, self.current)
    self.current = NO_CONNECTION


# ------------------------------------------------------------------------------------------------------ records

cdef inline uint8_t sender_reason(GatewayState* self, uint8_t kind, CommandLine* record) noexcept nogil:
    """Why the record's sender may not send it now, or 0."""
    if kind == COMMAND_KIND or kind == LOGOUT_KIND:
        return <uint8_t> engine_screen(self.engine, record)
    if kind == NOT_FOR_CLIENTS:
        return NOT_AUTHORIZED
    if kind == SECURITY_LIST_KIND and self.listed:
        return THROTTLED            # the one answer that is much larger than its question: once a message
    return UNSUPPORTED if kind == STATUS_KIND else 0


cdef inline void take_record(GatewayState* self, CommandLine* record) noexcept nogil:
    """One decodable record of the message in work."""
    cdef uint8_t kind = KINDS[record.type]
    cdef uint8_t reason
    cdef Connection* connection
    if kind == LOGON_KIND:
        take_logon(self, record)
        return
    if self.current == NO_CONNECTION:
        refuse(self, NOT_LOGGED_ON, record)
        return
    connection = &self.table.connections[self.current]
    record.session = connection.session
    reason = sender_reason(self, kind, record)
    if record.sequence != connection.message_number + 1:
        if reason:
            refuse(self, reason, record)
        end_out_of_turn(self, record)
        return
    connection.message_number += 1
    if reason == 0 and kind == COMMAND_KIND:
        reason = journal(self, record)
    if reason:
        refuse(self, reason, record)
    elif kind == LOGOUT_KIND:
        take_logout(self, record)
    elif kind == HEARTBEAT_KIND:
        answer(self, self.current, HEARTBEAT_ANSWER, NONE, record, record.target)
    elif kind == SECURITY_LIST_KIND:
        self.listed = True
        answer_security_list(self, self.current, record.instrument)


cdef bint begin_message(GatewayState* self, const Arrival* arrival) noexcept nogil:
    """Who sent it, and is it whole lines? False: answered, nothing more to do."""
    cdef size_t size = arrival.payload_bytes
    self.now = clock_utc(&self.clock)
    self.counters.messages += 1
    self.stranger_routing_bytes = arrival.routing_id_bytes
    memcpy(self.stranger_routing, arrival.routing_id, arrival.routing_id_bytes)
    self.current = NO_CONNECTION
    self.listed = False
    if arrival.routing_id_bytes != ROUTING_ID_BYTES or arrival.routing_id[0] != 0:
        refuse_bytes(self, NOT_AUTHORIZED, 0)       # a routing id of the client's own choice
        return False
    self.routing = routing_number(arrival.routing_id)
    self.current = connection_find(&self.table, self.routing)
    if self.current != NO_CONNECTION:
        self.table.connections[self.current].heard = self.monotonic
    if size > MESSAGE_BYTES_MAX:
        refuse_bytes(self, MESSAGE_TOO_LARGE, MESSAGE_BYTES_MAX)
    elif size == 0 or size % LINE_BYTES or arrival.more_frames:
        refuse_bytes(self, BAD_LENGTH, size - size % LINE_BYTES)
    else:
        memcpy(self.inbox, arrival.payload, size)
        return True
    return False


cdef void take_message(GatewayState* self, const Arrival* arrival) noexcept nogil:
    cdef size_t offset = 0
    cdef uint32_t place = 0, session = 0
    cdef int reason
    cdef CommandLine* record
    cdef Foresight ahead
    if begin_message(self, arrival):
        if self.current != NO_CONNECTION:
            session = self.table.connections[self.current].session
        foresight_begin(&ahead, <CommandLine*> self.inbox, arrival.payload_bytes // LINE_BYTES, session)
        while offset < arrival.payload_bytes and self.failure == NO_FAILURE:
            record = <CommandLine*> (self.inbox + offset)
            reason = record_screen(record, (arrival.payload_bytes - offset) // LINE_BYTES, &place)
            if reason:
                refuse_bytes(self, <uint8_t> reason, offset + place)
                break
            engine_foresee(self.engine, &ahead, record)
            offset += record_lines(record) * LINE_BYTES
            take_record(self, record)
    if self.stranger_bytes:
        send_stranger(self)
    digest_in_turn(self)
