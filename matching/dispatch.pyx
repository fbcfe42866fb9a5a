"""What is refused at the door, and every command that is no order, by its type."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memset

from pricetime.matching.administration cimport disconnect, logon, logout, venue_start
from pricetime.matching.definitions cimport define
from pricetime.matching.mass_cancel cimport mass_cancel
from pricetime.matching.phases cimport change_phase, tell_indicative
from pricetime.matching.records cimport *
from pricetime.matching.reports cimport event_header, event_room, report_command, report_outcome
from pricetime.matching.risk_commands cimport kill_switch, position_adjust, risk_limits
from pricetime.matching.state cimport session_known


cdef int refuse_at_door(EngineState* engine, const CommandLine* record, int reason, EventSink* sink) noexcept nogil:
    cdef EventRecord* event = event_room(sink)
    cdef uint32_t session = record.session if session_known(engine, record.session) else 0
    memset(event, 0, sizeof(EventRecord))
    event_header(engine, event, BUSINESS_MESSAGE_REJECT, 0, <uint8_t> reason, session, engine.sessions[session].participant,
                 record.instrument, 0)
    event.place = 0
    event.sequence = 0
    event.session = record.session
    event.cl_ord_id = record.cl_ord_id
    if reason == DUPLICATE_CL_ORD_ID:
        event.order_id = <uint64_t> engine.sessions[session].mark
    sink.count += 1
    return reason


cdef int administer(EngineState* engine, const CommandLine* record, EventSink* sink) noexcept nogil:
    cdef int type = record.type
    if type == TRADING_SESSION_STATUS:
        change_phase(engine, record, sink)
    elif type == SECURITY_DEFINITION or type == PARTY_DEFINITION or type == SESSION_DEFINITION:
        define(engine, record, sink)
    elif type == LOGON:
        logon(engine, record, sink)
    elif type == LOGOUT:
        logout(engine, record, sink)
    elif type == DISCONNECT:
        disconnect(engine, record.session, sink)
    elif type == VENUE_START:
        venue_start(engine, record, sink)
    elif type == CLOCK:
        tell_indicative(engine, sink)
        if record.session != 0:
            report_command(engine, sink, record, COMMAND_ACK, NONE)
    elif type == ORDER_MASS_CANCEL_REQUEST:
        mass_cancel(engine, record, sink)
    elif type == RISK_LIMITS:
        risk_limits(engine, record, sink)
    elif type == POSITION_ADJUST:
        position_adjust(engine, record, sink)
    elif type == KILL_SWITCH:
        kill_switch(engine, record, sink)
    elif type == KEY_DEFINITION:
        report_outcome(engine, sink, record, NONE)
    return 0
