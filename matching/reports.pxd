"""How events are written: each goes to its sink, gets its report number, and into the event digest. Rules 1, 8 and 9."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport abort

from pricetime.matching.checksum cimport digest_event
from pricetime.matching.events cimport EventSink
from pricetime.matching.order_pool cimport Order
from pricetime.matching.records cimport (
    BUSINESS_MESSAGE_REJECT, COMMAND_ACK, EVENT_LINES, NONE, ORDER_NEW, ORDER_PARTIALLY_FILLED, RECORD_VERSION, CommandLine,
    EventRecord,
)
from pricetime.matching.state cimport EngineState, Session
from pricetime.matching.words cimport Word


cdef inline EventRecord* event_room(EventSink* sink) noexcept nogil:
    """Where the next event goes; a full sink is drained first. The room is counted by event_done."""
    if sink.count == sink.capacity:
        if sink.drain(sink) != 0:
            abort()             # the owner broke its promise: nothing that follows could be true
    return &sink.events[sink.count]


cdef inline void event_header(EngineState* state, EventRecord* event, uint8_t type, uint8_t status_flags, uint8_t reason,
                              uint32_t session, uint32_t participant, uint32_t instrument, uint16_t attributes) noexcept nogil:
    """The fields that share words, written as whole words: the digest reads words, and a word that is read right after
    its bytes were written one by one costs a dozen cycles."""
    cdef Word* words = <Word*> event
    words[0] = (state.place | <uint64_t> type << 32 | <uint64_t> ((RECORD_VERSION << 4) | EVENT_LINES) << 40
                | <uint64_t> status_flags << 48 | <uint64_t> reason << 56)
    words[8] = session | <uint64_t> instrument << 32
    words[15] = participant | <uint64_t> attributes << 32
    event.sequence = state.sequence
    event.time = state.time


cdef inline uint64_t next_report_number(Session* session) noexcept nogil:
    cdef uint64_t number = session.report_number + 1
    session.report_number = number      # a value kept needs no reading back
    return number


cdef inline uint64_t next_exec_id(EngineState* state) noexcept nogil:
    state.last_exec_id += 1
    return state.last_exec_id


cdef inline void event_done(EngineState* state, EventSink* sink, EventRecord* event) noexcept nogil:
    digest_event(&state.event_digest, event)
    state.place += 1
    sink.count += 1


cdef inline uint8_t status_of(const Order* order) noexcept nogil:
    """OrdStatus of a live order."""
    return ORDER_NEW if order.filled == 0 else ORDER_PARTIALLY_FILLED


cdef inline EventRecord* report_to(EngineState* state, EventSink* sink, Session* owner, const Order* order, uint8_t type,
                                   uint8_t status_flags, uint8_t reason, int64_t cl_ord_id, int64_t orig_cl_ord_id,
                                   int64_t leaves) noexcept nogil:
    """An execution report, numbered, to the order's owner. Returned so that a trade can add LastPx, LastQty, TrdMatchID
    before event_done, which the caller must call."""
    cdef EventRecord* event = event_room(sink)
    event_header(state, event, type, status_flags, reason, order.session, owner.participant, order.instrument, order.attributes)
    event.report_number = next_report_number(owner)
    event.cl_ord_id = cl_ord_id
    event.order_id = order.order_id
    event.last_px = 0
    event.last_qty = 0
    event.leaves_qty = leaves
    event.price = order.price
    event.cum_qty = order.filled
    event.exec_id = next_exec_id(state)
    event.trd_match_id = 0
    event.orig_cl_ord_id = orig_cl_ord_id
    return event


cdef inline EventRecord* report_order(EngineState* state, EventSink* sink, const Order* order, uint8_t type,
                                      uint8_t status_flags, uint8_t reason, int64_t cl_ord_id, int64_t orig_cl_ord_id,
                                      int64_t leaves) noexcept nogil:
    """report_to, of whoever has the order alone."""
    return report_to(state, sink, &state.sessions[order.session], order, type, status_flags, reason, cl_ord_id, orig_cl_ord_id, leaves)


cdef inline EventRecord* event_to(EngineState* state, EventSink* sink, uint32_t session, uint8_t type,
                                  uint8_t reason, int64_t cl_ord_id, uint32_t instrument) noexcept nogil:
    """An event that is no execution report, numbered where a session gets it; all else 0. The caller fills in what it has
    and calls event_done."""
    cdef EventRecord* event = event_room(sink)
    cdef Session* owner = &state.sessions[session]
    event_header(state, event, type, 0, reason, session, owner.participant, instrument, 0)
    event.report_number = 0 if session == 0 else next_report_number(owner)
    event.cl_ord_id = cl_ord_id
    event.order_id = 0
    event.last_px = event.last_qty = event.leaves_qty = event.price = event.cum_qty = event.orig_cl_ord_id = 0
    event.exec_id = event.trd_match_id = 0
    return event


cdef inline void report_command(EngineState* state, EventSink* sink, const CommandLine* command, uint8_t type,
                                uint8_t reason) noexcept nogil:
    """The answer to an administrative command: COMMAND_ACK or BUSINESS_MESSAGE_REJECT."""
    cdef EventRecord* event = event_to(state, sink, command.session, type, reason, command.cl_ord_id, command.instrument)
    event_done(state, sink, event)


cdef inline void report_outcome(EngineState* state, EventSink* sink, const CommandLine* command,
                                uint8_t reason) noexcept nogil:
    """Refused with a reason, or carried out: the venue itself is told of refusals only."""
    if reason:
        report_command(state, sink, command, BUSINESS_MESSAGE_REJECT, reason)
    elif command.session != 0:
        report_command(state, sink, command, COMMAND_ACK, NONE)
