"""Every message from its bytes to its events. See intake.pxd; docs/rules.md 3 has the order of the checks.

A connection's records carry its message number, from 1 at Logon, one each, heartbeats and refused ones too. An
undecodable record takes no number: where it ends is unknown, so the rest of its message is not looked at.
"""

from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t
from libc.string cimport memcpy, memset

from pricetime.gateway.connections cimport (
    NO_CONNECTION, ROUTING_ID_BYTES, Connection, connection_find, routing_bytes, routing_home, routing_number)
from pricetime.gateway.door_table cimport key_rights
from pricetime.gateway.helpers cimport deliver, enrol, forward, is_helper, tell_result
from pricetime.gateway.internal cimport (
    DELIVER, DESK, ENROL, INTERNAL_BYTES, INTERNAL_MARKER, LINES, MESSAGE_PACK, STEWARD, SUBMIT, InternalLine,
    is_message_pack)
from pricetime.gateway.journaling cimport digest_in_turn, journal
from pricetime.gateway.key_names cimport key_names_screen
from pricetime.gateway.outgoing cimport answer, send_stranger
from pricetime.gateway.security_list cimport answer_party_list, answer_security_list, may_have_party_list
from pricetime.gateway.sessions cimport (
    end_out_of_turn, end_throttled, refuse, refuse_bytes, sender_is_known, take_logon, take_logout)
from pricetime.gateway.stat_page cimport stat_refused
from pricetime.gateway.state cimport (
    MESSAGE_BYTES_MAX, NO_FAILURE, SECOND_NS, STRANGER_SHARE, STRANGERS, TURNED_AWAY_NS, Stranger, paid)
from pricetime.gateway.world cimport clock_utc
from pricetime.matching.door cimport record_screen
from pricetime.matching.engine cimport engine_ask, engine_ask_on, engine_foresee, engine_screen
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
    DESK_KIND = 6                       # what the desk answers
    TEST_KIND = 7
    PARTY_LIST_KIND = 8

cdef enum:
    UNREAD_SECONDS = 10                 # so long the end of a session that sends too fast may take through the desk
    RECORDS_MAX = MESSAGE_BYTES_MAX // LINE_BYTES       # in one message

cdef uint8_t KINDS[256]
cdef uint16_t KEY_RIGHTS[256]           # of a type: what the sender's key needs, any one of them; 0: nothing


cdef void treat(int type, Kind kind, int rights=0) noexcept:
    KINDS[type] = <uint8_t> kind
    KEY_RIGHTS[type] = <uint16_t> rights


def _fill_kinds():
    """What the gateway does with each type; which right of a key each needs (of a session: docs/rules.md, 3)."""
    memset(KINDS, NOT_FOR_CLIENTS, sizeof(KINDS))
    for type in (NEW_ORDER_SINGLE, ORDER_CANCEL_REQUEST, ORDER_CANCEL_REPLACE_REQUEST, ORDER_MASS_CANCEL_REQUEST):
        treat(type, COMMAND_KIND, RIGHT_TRADE)
    for type in (SECURITY_DEFINITION, PARTY_DEFINITION, SESSION_DEFINITION, KEY_DEFINITION, TRADING_SESSION_STATUS, CLOCK):
        treat(type, COMMAND_KIND, RIGHT_OPERATE)
    for type in (RISK_LIMITS, POSITION_ADJUST, KILL_SWITCH):
        treat(type, COMMAND_KIND, RIGHT_RISK | RIGHT_OPERATE)
    for type in (ORDER_STATUS_REQUEST, ORDER_MASS_STATUS_REQUEST, RESEND_REQUEST):
        treat(type, DESK_KIND)
    treat(LOGON, LOGON_KIND)
    treat(LOGOUT, LOGOUT_KIND)
    treat(HEARTBEAT, HEARTBEAT_KIND)
    treat(TEST_REQUEST, TEST_KIND)
    treat(SECURITY_LIST_REQUEST, SECURITY_LIST_KIND)
    treat(PARTY_LIST_REQUEST, PARTY_LIST_KIND, RIGHT_OPERATE | RIGHT_RISK | RIGHT_DROP_COPY)


_fill_kinds()


# ------------------------------------------------------------------------------------------------------ records

cdef uint8_t rate_reason(GatewayState* self, Connection* connection, uint8_t kind) noexcept nogil:
    """THROTTLED where the session sends too fast, or 0. What keeps a session alive or ends it is always taken."""
    if kind == LOGOUT_KIND or kind == HEARTBEAT_KIND or kind == TEST_KIND:
        return 0
    if self.unpaid:
        self.unpaid = False
        self.throttled = not paid(self, &connection.messages_until, self.rates.message_price)
    if not self.throttled and (kind != COMMAND_KIND or self.rates.order_price == 0
                               or paid(self, &connection.orders_until, self.rates.order_price)):
        return 0
    self.counters.throttled += 1
    connection.refusals += 1
    return THROTTLED


cdef inline bint for_desk(const GatewayState* self, uint8_t kind, uint8_t reason, const CommandLine* record) noexcept nogil:
    """What the desk answers: requests, and a duplicate that says it may be one."""
    if reason == 0:
        return kind == DESK_KIND
    return (reason == DUPLICATE_CL_ORD_ID and record.type <= ORDER_MASS_CANCEL_REQUEST
            and record.attributes & POSS_RESEND and self.helpers.wanted_secret)


cdef inline uint8_t sender_reason(GatewayState* self, Connection* connection, uint8_t kind, CommandLine* record) noexcept nogil:
    """Why the record's sender may not send it now, or 0."""
    cdef uint8_t reason = 0
    if kind == NOT_FOR_CLIENTS:
        return NOT_AUTHORIZED
    if self.user and KEY_RIGHTS[record.type] and not KEY_RIGHTS[record.type] & key_rights(self.keys, self.user):
        return NOT_AUTHORIZED
    if kind == COMMAND_KIND or kind == LOGOUT_KIND:
        reason = <uint8_t> engine_screen(self.engine, record)
        if reason == 0 and record.type == KEY_DEFINITION:
            reason = key_names_screen(&self.key_names, record)
    elif kind == PARTY_LIST_KIND and not may_have_party_list(self, connection.session):
        reason = NOT_AUTHORIZED
    elif (kind == SECURITY_LIST_KIND or kind == PARTY_LIST_KIND) and self.listed:
        reason = THROTTLED          # answers that are much larger than their question: one in a message
    elif kind == DESK_KIND and not self.helpers.wanted_secret:
        reason = UNSUPPORTED        # there will be no desk
    if reason == 0 and (self.rates.order_price or self.throttled or self.unpaid):
        reason = rate_reason(self, connection, kind)
    return reason


cdef void take_request(GatewayState* self, uint8_t kind, CommandLine* record) noexcept nogil:
    """What is no command, from a session that may ask."""
    if kind == LOGOUT_KIND:
        take_logout(self, record)
    elif kind == TEST_KIND:
        answer(self, self.current, HEARTBEAT_ANSWER, NONE, record, record.target)
    elif kind == SECURITY_LIST_KIND:
        self.listed = True
        answer_security_list(self, self.current, record.instrument)
    elif kind == PARTY_LIST_KIND:
        self.listed = True
        answer_party_list(self, self.current, record.target)


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
    reason = sender_reason(self, connection, kind, record)
    if record.sequence != connection.message_number + 1:
        if reason:
            refuse(self, reason, record)
        end_out_of_turn(self, record)
        return
    connection.message_number += 1
    if reason == 0 and kind == COMMAND_KIND:
        reason = journal(self, record)
        if reason == 0:
            return
    if for_desk(self, kind, reason, record):
        reason = 0 if forward(self, <const char*> record, record_lines(record) * LINE_BYTES) else THROTTLED
    if reason == 0:
        take_request(self, kind, record)
        return
    refuse(self, reason, record)
    if reason == THROTTLED:
        end_throttled(self, record)


cdef void take_lines(GatewayState* self, size_t size) noexcept nogil:
    """The records in the inbox, in order."""
    cdef size_t offset = 0
    cdef uint32_t place = 0, session = 0
    cdef int reason
    cdef CommandLine* record
    cdef Foresight ahead
    cdef bint several = size > LINE_BYTES
    if self.current != NO_CONNECTION:
        session = self.table.connections[self.current].session
    if several:
        foresight_begin(&ahead, <CommandLine*> self.inbox, size // LINE_BYTES, session)
    else:                           # nothing is behind it: what it needs itself comes while it is screened and appended
        engine_ask(self.engine, session, <CommandLine*> self.inbox)
    while offset < size and self.failure == NO_FAILURE:
        record = <CommandLine*> (self.inbox + offset)
        reason = record_screen(record, (size - offset) // LINE_BYTES, &place)
        if reason:
            refuse_bytes(self, <uint8_t> reason, offset + place)
            break
        if several:
            engine_foresee(self.engine, &ahead, record)
        else:
            engine_ask_on(self.engine, session, record)
        offset += record_lines(record) * LINE_BYTES
        take_record(self, record)


# -------------------------------------------------------------------------------------------- not from a client's lines

cdef void take_of_venue(GatewayState* self, size_t size) noexcept nogil:
    """Commands of the venue itself, in the inbox: the steward hears the reason of each, 0 where it was carried out."""
    cdef size_t offset = 0
    cdef uint32_t place = 0, count = 0
    cdef int reason = 0
    cdef CommandLine* record
    cdef char[RECORDS_MAX] reasons
    while offset < size and self.failure == NO_FAILURE:
        record = <CommandLine*> (self.inbox + offset)
        reason = record_screen(record, (size - offset) // LINE_BYTES, &place)
        if reason == 0:
            offset += record_lines(record) * LINE_BYTES
            record.session = 0
            reason = engine_screen(self.engine, record)
            self.venue_reason = 0
            if reason == 0:
                reason = journal(self, record)
            if reason == 0:
                reason = self.venue_reason
        else:
            offset = size           # where it ends is unknown
        reasons[count] = <char> reason
        count += 1
    tell_result(self, STEWARD, reasons, count)


cdef void take_submitted(GatewayState* self, const InternalLine* line, const char* payload, bint steward) noexcept nogil:
    """Records that a helper has made: of the venue, or as if the client had sent them as lines."""
    memcpy(self.inbox, payload, line.payload_bytes)
    if line.routing == 0:
        if steward:
            take_of_venue(self, line.payload_bytes)
        return
    self.routing = line.routing
    self.user = line.user
    self.encoding = MESSAGE_PACK
    self.throttled = line.reason == THROTTLED
    routing_bytes(line.routing, self.stranger_routing)
    self.current = connection_find(&self.table, self.routing)
    if self.keys != NULL and not sender_is_known(self):
        return
    if line.payload_bytes:
        take_lines(self, line.payload_bytes)
    elif self.throttled and is_cut(self):
        refuse_too_fast(self)


cdef bint take_internal(GatewayState* self, const Arrival* arrival) noexcept nogil:
    """A frame of a helper. False: it is from nobody who may send one."""
    cdef InternalLine line
    cdef bint desk = is_helper(self, self.routing, DESK), steward = is_helper(self, self.routing, STEWARD)
    if arrival.payload_bytes < INTERNAL_BYTES:
        return False
    memcpy(&line, arrival.payload, INTERNAL_BYTES)      # it lies in libzmq's buffer anywhere, on no boundary
    if arrival.payload_bytes != INTERNAL_BYTES + line.payload_bytes:
        return False
    if line.kind == ENROL:
        return enrol(self, &line)
    if not desk and not steward:
        return False
    if line.kind == DELIVER and desk:
        deliver(self, &line, arrival.payload + INTERNAL_BYTES)
    elif line.kind == SUBMIT and line.payload_bytes <= MESSAGE_BYTES_MAX and line.payload_bytes % LINE_BYTES == 0:
        take_submitted(self, &line, arrival.payload + INTERNAL_BYTES, steward)
    return True


cdef bint is_cut(const GatewayState* self) noexcept nogil:
    """Whether nobody reads what the session sends any more: its end is on its way through the desk."""
    return self.current != NO_CONNECTION and self.table.connections[self.current].late > self.rates.refusals_max


cdef bint goes_unread(GatewayState* self) noexcept nogil:
    """Whether a message is not to be read. One that came too fast is: the desk makes records of it, so that each is refused as itself,
    takes its number, and what is always taken is. But when another second's worth has come so, the session ends behind what came
    before, which is carried out: an empty array goes to the desk in the message's place and comes back in its turn."""
    cdef Connection* connection = &self.table.connections[self.current]
    if is_cut(self):
        if self.monotonic - connection.turned_away > UNREAD_SECONDS * <int64_t> SECOND_NS:
            refuse_too_fast(self)       # the desk died, and the end with it
        else:
            self.counters.throttled += 1
            self.counters.refused += 1
            stat_refused(self.stat, THROTTLED)
        return True
    if not self.throttled:
        return False
    connection.late += 1
    if not is_cut(self):
        return False
    connection.turned_away = self.monotonic
    if not forward(self, b"\x90", 1):
        refuse_too_fast(self)
    return True


cdef void refuse_too_fast(GatewayState* self) noexcept nogil:
    """Of what nobody reads: the session ends, as it will where so many records are refused."""
    self.counters.throttled += 1
    self.table.connections[self.current].refusals = self.rates.refusals_max + 1
    refuse_bytes(self, THROTTLED, 0)
    end_throttled(self, NULL)


cdef void turn_away(GatewayState* self) noexcept nogil:
    """The desk has no room for more. The answer goes by way of the desk itself: not one for each message of a flood."""
    cdef Connection* connection
    if self.current != NO_CONNECTION:
        connection = &self.table.connections[self.current]
        if connection.turned_away and self.monotonic - connection.turned_away < TURNED_AWAY_NS:
            self.counters.refused += 1
            return
        connection.turned_away = self.monotonic
    refuse_bytes(self, THROTTLED, 0)


cdef bint stranger_may_ask(GatewayState* self, size_t size) noexcept nogil:
    """Whether a connection that is not logged on may have the desk read so much more: it is no session's, so that no session's
    limits bound it. False: nobody reads it, and its sender hears so once a second."""
    cdef Stranger* stranger = &self.strangers[routing_home(self.routing) & (STRANGERS - 1)]
    if paid(self, &stranger.paid_until, self.rates.stranger_price * <int64_t> (1 + size // STRANGER_SHARE)):
        return True
    self.counters.throttled += 1
    if stranger.told == 0 or self.monotonic - stranger.told >= SECOND_NS:
        stranger.told = self.monotonic
        refuse_bytes(self, THROTTLED, 0)
    else:
        self.counters.refused += 1
        stat_refused(self.stat, THROTTLED)
    return False


cdef void take_message_pack(GatewayState* self, const Arrival* arrival) noexcept nogil:
    """To the desk as it is: it comes back as records, or its sender hears what cannot be read."""
    if self.current != NO_CONNECTION and self.table.connections[self.current].encoding != MESSAGE_PACK:
        refuse_bytes(self, BAD_LENGTH, 0)       # lines from its Logon to its end
        return
    self.encoding = MESSAGE_PACK
    if self.current == NO_CONNECTION and self.rates.stranger_price and not stranger_may_ask(self, arrival.payload_bytes):
        return
    if arrival.payload_bytes > MESSAGE_BYTES_MAX:
        refuse_bytes(self, MESSAGE_TOO_LARGE, MESSAGE_BYTES_MAX)
    elif arrival.more_frames:
        refuse_bytes(self, BAD_LENGTH, 0)
    elif self.current != NO_CONNECTION and goes_unread(self):
        return
    elif not forward(self, arrival.payload, arrival.payload_bytes):
        turn_away(self)


# ----------------------------------------------------------------------------------------------------- messages

cdef bint may_be_keyless(GatewayState* self, const Arrival* arrival) noexcept nogil:
    """Without an endpoint for this machine only the venue's own helpers come without a key, and they say who they are."""
    if self.user or self.local or (arrival.payload_bytes and <uint8_t> arrival.payload[0] == INTERNAL_MARKER):
        return True
    refuse_bytes(self, NOT_AUTHORIZED, 0)
    return False


cdef bint begin_message(GatewayState* self, const Arrival* arrival) noexcept nogil:
    """Who sent it? False: answered, nothing more to do."""
    self.now = clock_utc(&self.clock)
    self.counters.messages += 1
    self.stranger_routing_bytes = arrival.routing_id_bytes
    memcpy(self.stranger_routing, arrival.routing_id, arrival.routing_id_bytes)
    self.current = NO_CONNECTION
    self.listed = self.throttled = self.unpaid = self.logon = False
    self.encoding = LINES
    self.user = 0
    if arrival.routing_id_bytes != ROUTING_ID_BYTES or arrival.routing_id[0] != 0:
        refuse_bytes(self, NOT_AUTHORIZED, 0)       # a routing id of the client's own choice
        return False
    self.routing = routing_number(arrival.routing_id)
    self.current = connection_find(&self.table, self.routing)
    if self.keys != NULL:
        self.user = arrival.user
        if not sender_is_known(self) or not may_be_keyless(self, arrival):
            return False
    if self.current != NO_CONNECTION:
        hear(self, &self.table.connections[self.current])
    return True


cdef inline void hear(GatewayState* self, Connection* connection) noexcept nogil:
    """A sign of life; and whether the session sends messages too fast."""
    connection.heard = self.monotonic
    connection.asked = False
    # Looked at before this message is paid for: behind it the session always owes something.
    if (connection.refusals or connection.late) and not is_cut(self) and connection.messages_until <= self.monotonic \
            and connection.orders_until <= self.monotonic:
        connection.refusals = connection.late = 0       # it has been slow enough since
    if self.rates.message_price:
        self.throttled = not paid(self, &connection.messages_until, self.rates.message_price)


cdef inline bint whole_lines(GatewayState* self, const Arrival* arrival) noexcept nogil:
    """Whether the message is whole lines, in the inbox then. False: it was something else, or is answered."""
    cdef size_t size = arrival.payload_bytes
    cdef uint8_t first = <uint8_t> arrival.payload[0] if size else 0
    if first == INTERNAL_MARKER and take_internal(self, arrival):
        return False
    if is_message_pack(first):
        take_message_pack(self, arrival)
    elif self.current != NO_CONNECTION and self.table.connections[self.current].encoding != LINES:
        refuse_bytes(self, BAD_LENGTH, 0)
    elif size > MESSAGE_BYTES_MAX:
        refuse_bytes(self, MESSAGE_TOO_LARGE, MESSAGE_BYTES_MAX)
    elif size == 0 or size % LINE_BYTES or arrival.more_frames:
        refuse_bytes(self, BAD_LENGTH, size - size % LINE_BYTES)
    else:
        memcpy(self.inbox, arrival.payload, size)
        return True
    return False


cdef void take_message(GatewayState* self, const Arrival* arrival) noexcept nogil:
    if begin_message(self, arrival) and whole_lines(self, arrival):
        take_lines(self, arrival.payload_bytes)
    if self.stranger_bytes:
        send_stranger(self)
    digest_in_turn(self)
