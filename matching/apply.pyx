"""From a record to its events: the door, the look ahead, and from a command's type to the function that carries it out.

The commands of orders are worked off here, by the straight way (straight.pxd), in one compiled module from the door on: no call
through a pointer is on their way, and all of it is one piece that the compiler sees.
"""

from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memset

from pricetime.matching.book cimport foresee_removal
from pricetime.matching.checksum cimport digest_high, digest_low
from pricetime.matching.dispatch cimport administer, refuse_at_door
from pricetime.matching.door cimport record_screen
from pricetime.matching.foresight cimport foresee_widely, foresee_widely_before, foresight_begin, keep_key, sees_widely, session_of
from pricetime.matching.id_index cimport cl_ord_key, id_index_first, id_index_prefetch
from pricetime.matching.memory cimport likely, prefetch, unlikely
from pricetime.matching.order_pool cimport Order
from pricetime.matching.orders cimport cancel_in_full, new_in_full
from pricetime.matching.phases cimport work_off_due
from pricetime.matching.records cimport *
from pricetime.matching.replace cimport replace_in_full
from pricetime.matching.rights cimport BY_VENUE, WITHOUT_CL_ORD_ID, senders_of
from pricetime.matching.state cimport Session, session_known
from pricetime.matching.straight cimport cancel, enter, replace

cdef extern from "straight.h":
    pass

cdef enum:
    LINES_FETCHED = 20              # ahead of the one that is applied
    PLACE_AHEAD = 9
    ORDER_AHEAD = 6
    REMOVAL_AHEAD = 3
    MANY_ORDERS = 8192              # half a megabyte of them: more than a second cache keeps beside all else

# --------------------------------------------------------------------------------------------------- the door

cdef inline bint may_send(const Session* session, const CommandLine* record) noexcept nogil:
    """Nearly every command: a session that is logged on sends what it may, with a ClOrdID of its own. Session 0's are 0."""
    return (session.may_send >> (record.type & 63)) & 1 and record.cl_ord_id > session.mark


cdef inline int screen(EngineState* engine, const CommandLine* record) noexcept nogil:
    cdef uint8_t senders = senders_of(record.type)
    cdef uint32_t session = record.session
    if senders == 0:
        return UNKNOWN_MSG_TYPE
    if session == 0:
        return 0 if senders & BY_VENUE else NOT_AUTHORIZED
    if not session_known(engine, session):
        return UNKNOWN_SESSION
    if not senders & engine.sessions[session].senders:
        return NOT_AUTHORIZED
    if not engine.sessions[session].logged_on and record.type != LOGON:
        return NOT_LOGGED_ON
    if senders & WITHOUT_CL_ORD_ID:
        return 0
    if record.cl_ord_id <= 0:
        return INVALID_CL_ORD_ID
    return DUPLICATE_CL_ORD_ID if record.cl_ord_id <= engine.sessions[session].mark else 0


# --------------------------------------------------------------------------------------------------- dispatch

cdef int order_new(EngineState* engine, Session* session, const CommandLine* command, EventSink* sink) noexcept nogil:
    return 0 if likely(enter(engine, command, session, sink)) else new_in_full(engine, command, sink)


cdef int order_replace(EngineState* engine, Session* session, const CommandLine* command, EventSink* sink) noexcept nogil:
    return 0 if likely(replace(engine, command, session, sink)) else replace_in_full(engine, command, sink)


cdef int order_cancel(EngineState* engine, Session* session, const CommandLine* command, EventSink* sink) noexcept nogil:
    return 0 if likely(cancel(engine, command, session, sink)) else cancel_in_full(engine, command, sink)


cdef inline int dispatch(EngineState* engine, Session* session, const CommandLine* record, EventSink* sink) noexcept nogil:
    """Whatever is called gives APPLIED: the call is the last thing that is done, a jump, for which no register is saved. The
    arguments stand where engine_apply_ahead was given them, and are not moved either."""
    if record.type == ORDER_CANCEL_REPLACE_REQUEST:
        return order_replace(engine, session, record, sink)
    if record.type == NEW_ORDER_SINGLE:
        return order_new(engine, session, record, sink)
    if record.type == ORDER_CANCEL_REQUEST:
        return order_cancel(engine, session, record, sink)
    return administer(engine, record, sink)


cdef inline void begin_at(EngineState* engine, int64_t time) noexcept nogil:
    """A command passed the door."""
    engine.sequence += 1
    engine.place = 0
    engine.time = time


cdef int apply_closely(EngineState* engine, Session* session, const CommandLine* record, EventSink* sink, int64_t time) noexcept nogil:
    """Of whatever the door has to look at twice, or before which something is due."""
    cdef int reason
    if may_send(session, record):
        session.mark = record.cl_ord_id
    else:
        reason = screen(engine, record)
        if reason:
            return refuse_at_door(engine, record, reason, sink)
        if record.type == EVENT_DIGEST and (<uint64_t> record.price != digest_low(&engine.event_digest)
                                            or <uint64_t> record.quantity != digest_high(&engine.event_digest)):
            return DIGEST_DIFFERS
    begin_at(engine, time)
    if time >= engine.next_deadline:
        work_off_due(engine, sink)
    return dispatch(engine, session, record, sink)


cdef inline int apply(EngineState* engine, const CommandLine* record, EventSink* sink) noexcept nogil:
    """Every way out of here is a jump, too (dispatch)."""
    cdef Session* session = engine.sessions
    cdef int64_t time = record.time if record.time > engine.time else engine.time
    if likely(record.session <= engine.sessions_count):
        session += record.session
    if unlikely(time >= engine.next_deadline or not may_send(session, record)):
        return apply_closely(engine, session, record, sink, time)
    session.mark = record.cl_ord_id
    begin_at(engine, time)
    return dispatch(engine, session, record, sink)


# ---------------------------------------------------------------------------------------------- the look ahead

cdef inline void foresee_lines(const CommandLine* record) noexcept nogil:
    """Commands in a row come from memory, and the processor fetches ahead by itself only up to the end of a page: without this the
    first look at a line was a seventh of the time. There may be nothing there: that is nothing to ask for, and no fault."""
    prefetch(record + LINES_FETCHED)


cdef inline void foresee(EngineState* engine, Foresight* ahead, const CommandLine* record) noexcept nogil:
    """Nine lines ahead the id's place, six ahead the order that stands there, and with many of them three ahead what its removal
    touches: each step reads what the one before asked for, three commands ago, which is as long as the third cache takes. Types
    cannot be foretold, and are not asked: a line that is no cancel or replace only asks for what nobody needs."""
    cdef const CommandLine* ninth = record + PLACE_AHEAD if record + PLACE_AHEAD < ahead.end else record
    cdef uint64_t key = cl_ord_key(&engine.by_cl_ord_id, session_of(ahead, ninth), <int64_t> ninth.target)
    cdef const Order* order
    cdef const uint32_t* kept = keep_key(ahead, record, <uint32_t> key)
    id_index_prefetch(&engine.by_cl_ord_id, key)
    prefetch(&engine.pool.orders[id_index_first(&engine.by_cl_ord_id, kept[-(PLACE_AHEAD - ORDER_AHEAD)])])
    if engine.pool.touched > MANY_ORDERS:
        order = &engine.pool.orders[id_index_first(&engine.by_cl_ord_id, kept[-(PLACE_AHEAD - REMOVAL_AHEAD)])]
        foresee_removal(engine, order)
        id_index_prefetch(&engine.by_order_id, order.order_id)


# ------------------------------------------------------------------------------------------- the C contract

cdef int engine_screen(EngineState* engine, const CommandLine* record) noexcept nogil:
    cdef const Session* session = &engine.sessions[record.session if session_known(engine, record.session) else 0]
    # As in apply(): session 0 may nothing so.
    if likely(may_send(session, record)):
        return 0
    return screen(engine, record)


cdef void engine_foresee(EngineState* engine, Foresight* ahead, const CommandLine* record) noexcept nogil:
    if sees_widely(engine):
        foresee_widely(engine, ahead, record)
    else:
        foresee(engine, ahead, record)


cdef void engine_ask(const EngineState* engine, uint32_t session, const CommandLine* record) noexcept nogil:
    prefetch(&engine.sessions[session])
    id_index_prefetch(&engine.by_cl_ord_id, cl_ord_key(&engine.by_cl_ord_id, session, <int64_t> record.target))
    id_index_prefetch(&engine.by_cl_ord_id, cl_ord_key(&engine.by_cl_ord_id, session, record.cl_ord_id))


cdef void engine_ask_on(const EngineState* engine, uint32_t session, const CommandLine* record) noexcept nogil:
    cdef const Session* sender = &engine.sessions[session]
    cdef uint64_t target = cl_ord_key(&engine.by_cl_ord_id, session, <int64_t> record.target)
    prefetch(&engine.participants[sender.participant])
    prefetch(&engine.accounts.accounts[sender.account])
    prefetch(&engine.pool.orders[id_index_first(&engine.by_cl_ord_id, target)])


cdef int engine_apply(EngineState* engine, const CommandLine* record, EventSink* sink) noexcept nogil:
    return apply(engine, record, sink)


cdef int engine_apply_ahead(EngineState* engine, Foresight* ahead, const CommandLine* record, EventSink* sink) noexcept nogil:
    foresee_lines(record)
    if unlikely(sees_widely(engine)):
        return foresee_widely_before(engine, ahead, record, sink, engine_apply)
    foresee(engine, ahead, record)
    return apply(engine, record, sink)


cdef LinesApplied engine_apply_lines(EngineState* engine, const CommandLine* lines, size_t available,
                                     EventSink* sink) noexcept nogil:
    cdef LinesApplied done
    cdef Foresight ahead
    cdef const CommandLine* record
    memset(&done, 0, sizeof(done))
    foresight_begin(&ahead, lines, available, 0)
    while done.lines < available:
        record = &lines[done.lines]
        done.status = record_screen(record, available - done.lines, &done.offset)
        if done.status:
            break
        if record.sequence != 0 and record.sequence != engine.sequence + 1:
            done.status = OUT_OF_SEQUENCE
            break
        if engine_apply_ahead(engine, &ahead, record, sink) == DIGEST_DIFFERS:
            done.status = DIGEST_DIFFERS
            break
        done.records += 1
        done.lines += record_lines(record)
    return done
