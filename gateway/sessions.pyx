"""Logon, logout, silence and refusals. See sessions.pxd; docs/protocol.md says what a client sees of it."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcmp

from pricetime.gateway.connections cimport NO_CONNECTION, Connection, connection_take
from pricetime.gateway.door_table cimport key_holds, key_rights, key_speaks_for
from pricetime.gateway.journaling cimport append, apply, begin_record, journal
from pricetime.gateway.outgoing cimport answer, release, send_stranger
from pricetime.gateway.stat_page cimport stat_refused
from pricetime.gateway.state cimport HEARTBEAT_CHECK_NS, NO_FAILURE, OWED_SECONDS_MAX, SECOND_NS, mark_lost, paid
from pricetime.gateway.world cimport clock_utc
from pricetime.matching.engine cimport engine_screen
from pricetime.matching.records cimport *

cdef enum:
    NS_PER_MS = 1_000_000
    INTERVALS = 3               # of HeartBtInt in the venue's own patience, where a Logon names none
    INTERVAL_MS_MAX = 86_400_000
    ACTING = RIGHT_TRADE | RIGHT_OPERATE | RIGHT_RISK


cdef void refuse(GatewayState* self, uint8_t reason, const CommandLine* record) noexcept nogil:
    cdef uint64_t order_id = 0
    if reason == DUPLICATE_CL_ORD_ID:
        order_id = <uint64_t> self.engine.sessions[record.session].mark
    self.counters.refused += 1
    stat_refused(self.stat, reason)
    answer(self, self.current, BUSINESS_MESSAGE_REJECT, reason, record, order_id)


cdef void refuse_bytes(GatewayState* self, uint8_t reason, uint64_t offset) noexcept nogil:
    self.counters.refused += 1
    stat_refused(self.stat, reason)
    answer(self, self.current, REJECT, reason, NULL, offset)


cdef void end_out_of_turn(GatewayState* self, const CommandLine* record) noexcept nogil:
    cdef uint32_t index = self.current
    self.counters.refused += 1
    stat_refused(self.stat, MSG_SEQ_NUM_OUT_OF_TURN)
    answer(self, index, BUSINESS_MESSAGE_REJECT, MSG_SEQ_NUM_OUT_OF_TURN, record,
           1 if index == NO_CONNECTION else self.table.connections[index].message_number + 1)
    if index != NO_CONNECTION:
        end_session(self, index)
        self.current = NO_CONNECTION


cdef void end_throttled(GatewayState* self, const CommandLine* record) noexcept nogil:
    if (self.current == NO_CONNECTION or self.rates.refusals_max == 0
            or self.table.connections[self.current].refusals <= self.rates.refusals_max):
        return
    answer(self, self.current, LOGOUT_ANSWER, THROTTLED, record, 0)
    end_session(self, self.current)
    self.current = NO_CONNECTION


cdef bint sender_is_known(GatewayState* self) noexcept nogil:
    cdef bint known = self.user == 0 or key_rights(self.keys, self.user) != 0
    if known and (self.current == NO_CONNECTION or self.table.connections[self.current].user == self.user):
        return True
    refuse_bytes(self, NOT_AUTHORIZED, 0)
    if self.current != NO_CONNECTION:
        end_session(self, self.current)
        self.current = NO_CONNECTION
    return False


cdef void owe_disconnect(GatewayState* self) noexcept nogil:
    """The log has no room for it: for one that is the first a pause begins."""
    if not self.disconnects_owed:
        self.owed_pause = SECOND_NS
        wait_for_room(self)
    self.disconnects_owed = True


cdef void wait_for_room(GatewayState* self) noexcept nogil:
    self.owed_at = self.monotonic + self.owed_pause
    self.owed_behind = self.engine.sequence


cdef void end_session(GatewayState* self, uint32_t index) noexcept nogil:
    cdef CommandLine record
    begin_record(&record, DISCONNECT, self.table.connections[index].session)
    # A full log keeps the engine's session logged on without a connection: its next Logon ends it, or end_owed.
    if engine_screen(self.engine, &record) == 0 and journal(self, &record):
        owe_disconnect(self)
    self.counters.disconnects += 1
    release(self, index)


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


cdef uint8_t logon_rate_reason(GatewayState* self, uint32_t session) noexcept nogil:
    """THROTTLED where the session logs on too often, or 0: each Logon is journaled. One that is refused costs nothing, so
    whoever tries again comes in as soon as the last second's are paid for."""
    if paid(self, &self.table.paid[session].logons_until, self.rates.logon_price):
        return 0
    self.counters.throttled += 1
    if self.current != NO_CONNECTION:
        self.table.connections[self.current].refusals += 1
    return THROTTLED


cdef inline bint key_is_a_watchers(const GatewayState* self, uint32_t session) noexcept nogil:
    """Whether the message's key may only look on, and the session acts: to log on there would take it over, and end its orders."""
    return self.user and self.engine.sessions[session].flags & ACTING and not key_rights(self.keys, self.user) & ACTING


cdef uint8_t logon_reason(GatewayState* self, CommandLine* record) noexcept nogil:
    """Why this Logon may not be, or 0. The session's old connection makes room for the new one."""
    cdef uint8_t reason
    record.session = named_session(self, record)
    if record.session == 0:
        return UNKNOWN_SESSION
    if self.user and not key_speaks_for(self.keys, self.user, record.session):
        return NOT_AUTHORIZED
    reason = <uint8_t> engine_screen(self.engine, record)
    if reason == 0 and key_is_a_watchers(self, record.session):
        return NOT_AUTHORIZED
    if reason == 0 and self.current == NO_CONNECTION and self.table.count == self.table.capacity:
        if self.table.by_session[record.session] == NO_CONNECTION:
            return THROTTLED
    if reason == 0 and self.rates.logon_price:
        reason = logon_rate_reason(self, record.session)
    return reason


cdef void set_interval(GatewayState* self, Connection* connection, int64_t milliseconds) noexcept nogil:
    """HeartBtInt [108] of a Logon. FIX: after so long without a message a Heartbeat, after a fifth more a TestRequest, after as
    long again without an answer the session ends. Without one, and where it is longer, the venue's own patience counts."""
    connection.interval = self.heartbeat_timeout // INTERVALS
    connection.patience = self.heartbeat_timeout
    if 0 < milliseconds <= INTERVAL_MS_MAX and (
            connection.interval == 0 or milliseconds * NS_PER_MS < connection.interval):
        connection.interval = milliseconds * NS_PER_MS
        connection.patience = connection.interval * 12 // 5


cdef void take_logon(GatewayState* self, CommandLine* record) noexcept nogil:
    cdef uint8_t reason
    cdef uint32_t old
    cdef Connection* connection
    if record.sequence != 1:
        end_out_of_turn(self, record)
        return
    if self.logon:                  # each looks through all names, or ends and begins a session: one in a message
        refuse(self, THROTTLED, record)
        return
    self.logon = True
    reason = logon_reason(self, record)
    if reason:
        refuse(self, reason, record)
        if reason == THROTTLED:
            end_throttled(self, record)
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
    self.unpaid = self.current == NO_CONNECTION and self.rates.message_price != 0
    send_stranger(self)             # what it was told before comes before what it is told now
    self.current = connection_take(&self.table, self.routing, record.session)
    connection = &self.table.connections[self.current]
    connection.message_number = 1
    connection.heard = connection.told = self.monotonic
    connection.user = <uint16_t> self.user
    connection.encoding = self.encoding
    connection.report_lines = EVENT_LINES if record.attributes & FULL_REPORTS or self.encoding else 1
    set_interval(self, connection, record.quantity)
    apply(self, record)


cdef void take_logout(GatewayState* self, CommandLine* record) noexcept nogil:
    cdef uint8_t reason = journal(self, record)
    if reason:
        refuse(self, reason, record)
        return
    release(self, self.current)
    self.current = NO_CONNECTION


# ------------------------------------------------------------------------------------------------------ silence

cdef void look_at_silence(GatewayState* self, uint32_t index) noexcept nogil:
    """Nobody is gone who was not asked: where the venue itself stood still (suspended, or waiting for its disk), what came
    meanwhile is still to be read."""
    cdef Connection* connection = &self.table.connections[index]
    cdef int64_t silence = self.monotonic - connection.heard
    if silence > connection.patience and connection.asked and self.monotonic - connection.asked_at >= connection.interval // 2:
        mark_lost(self, index)
        return
    if silence > connection.interval * 6 // 5 and not connection.asked:
        connection.asked = True
        connection.asked_at = connection.told = self.monotonic
        answer(self, index, TEST_REQUEST_EVENT, NONE, NULL, 0)
    elif self.monotonic - connection.told > connection.interval:
        connection.told = self.monotonic
        answer(self, index, HEARTBEAT_ANSWER, NONE, NULL, 0)


cdef inline bint key_is_gone(const GatewayState* self, const Connection* connection) noexcept nogil:
    """Whether the connection's key was revoked since its Logon, or may speak for its session no longer."""
    return connection.user and not key_holds(self.keys, connection.user, connection.session)


cdef void end_owed(GatewayState* self) noexcept nogil:
    """Disconnect the sessions that lost their connection while the log had no room; what still has to wait is owed still."""
    cdef CommandLine record
    cdef uint32_t id
    cdef uint64_t before = self.engine.sequence
    self.disconnects_owed = False
    self.now = clock_utc(&self.clock)
    self.again = True
    for id in range(1, self.engine.sessions_count + 1):
        if self.table.by_session[id] == NO_CONNECTION and self.engine.sessions[id].logged_on:
            begin_record(&record, DISCONNECT, id)
            if journal(self, &record):
                self.disconnects_owed = True
                self.owed_pause = min(2 * self.owed_pause, OWED_SECONDS_MAX * <int64_t> SECOND_NS)
                if self.engine.sequence != before:
                    self.owed_pause = SECOND_NS
                wait_for_room(self)
                break
    self.again = False


cdef void find_silent(GatewayState* self) noexcept nogil:
    cdef uint32_t index
    if self.monotonic < self.next_heartbeat_check:
        return
    self.next_heartbeat_check = self.monotonic + HEARTBEAT_CHECK_NS
    # Whoever's command the log has taken meanwhile, there is room: they come at once then.
    if self.disconnects_owed and self.failure == NO_FAILURE and (
            self.monotonic >= self.owed_at or self.engine.sequence != self.owed_behind):
        end_owed(self)
    for index in range(1, self.table.highest + 1):
        if self.table.connections[index].session and not self.table.connections[index].lost:
            if self.keys != NULL and key_is_gone(self, &self.table.connections[index]):
                mark_lost(self, index)
            elif self.table.connections[index].interval:
                look_at_silence(self, index)
