"""How events are written: each goes to its sink, gets its report number, and into the event digest. Rules 1, 8 and 9."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport abort

from pricetime.matching.checksum cimport crc32c_word, digest_event
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


cdef inline Word first_word(const EngineState* state, uint8_t type, uint8_t status_flags, uint8_t reason) noexcept nogil:
    return (state.place | <uint64_t> type << 32 | <uint64_t> ((RECORD_VERSION << 4) | EVENT_LINES) << 40
            | <uint64_t> status_flags << 48 | <uint64_t> reason << 56)


cdef inline void event_header(EngineState* state, EventRecord* event, uint8_t type, uint8_t status_flags, uint8_t reason,
                              uint32_t session, uint32_t participant, uint32_t instrument, uint16_t attributes) noexcept nogil:
    """The fields that share words, written as whole words: the digest reads words, and a word that is read right after
    its bytes were written one by one costs a dozen cycles."""
    cdef Word* words = <Word*> event
    words[0] = first_word(state, type, status_flags, reason)
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


cdef inline uint64_t put_word(Word* words, int number, Word value, uint64_t lane) noexcept nogil:
    """A word of an event, stored and digested at once: the digest need not read it back."""
    words[number] = value
    return crc32c_word(lane, value)


cdef inline void write_report(EngineState* state, EventSink* sink, Session* owner, const Order* order, uint8_t type,
                              uint8_t status_flags, uint8_t reason, int64_t cl_ord_id, int64_t orig_cl_ord_id, int64_t leaves,
                              int64_t last_px, int64_t last_qty, uint64_t trd_match_id) noexcept nogil:
    """An execution report, numbered, to the order's owner: word by word as EventRecord has them, by the lanes of digest_event."""
    cdef Word* words = <Word*> event_room(sink)
    cdef uint64_t report_number = next_report_number(owner), exec_id = next_exec_id(state)
    cdef uint32_t* lanes = state.event_digest.lanes
    cdef uint64_t a = lanes[0], b = lanes[1], c = lanes[2], d = lanes[3]
    a = put_word(words, 0, first_word(state, type, status_flags, reason), a)
    b = put_word(words, 1, state.sequence, b)
    c = put_word(words, 2, report_number, c)
    d = put_word(words, 3, <Word> cl_ord_id, d)
    a = put_word(words, 4, order.order_id, a)
    b = put_word(words, 5, <Word> last_px, b)
    c = put_word(words, 6, <Word> last_qty, c)
    d = put_word(words, 7, <Word> leaves, d)
    a = put_word(words, 8, order.session | <Word> order.instrument << 32, a)
    b = put_word(words, 9, <Word> state.time, b)
    c = put_word(words, 10, <Word> order.price, c)
    d = put_word(words, 11, <Word> order.filled, d)
    a = put_word(words, 12, exec_id, a)
    b = put_word(words, 13, trd_match_id, b)
    c = put_word(words, 14, <Word> orig_cl_ord_id, c)
    d = put_word(words, 15, owner.participant | <Word> order.attributes << 32, d)
    lanes[0] = <uint32_t> a
    lanes[1] = <uint32_t> b
    lanes[2] = <uint32_t> c
    lanes[3] = <uint32_t> d
    state.place += 1
    sink.count += 1


cdef inline void report_to(EngineState* state, EventSink* sink, Session* owner, const Order* order, uint8_t type,
                           uint8_t status_flags, uint8_t reason, int64_t cl_ord_id, int64_t orig_cl_ord_id,
                           int64_t leaves) noexcept nogil:
    """write_report, of what is no trade."""
    write_report(state, sink, owner, order, type, status_flags, reason, cl_ord_id, orig_cl_ord_id, leaves, 0, 0, 0)


cdef inline void report_order(EngineState* state, EventSink* sink, const Order* order, uint8_t type, uint8_t status_flags,
                              uint8_t reason, int64_t cl_ord_id, int64_t orig_cl_ord_id, int64_t leaves) noexcept nogil:
    """report_to, of whoever has the order alone."""
    report_to(state, sink, &state.sessions[order.session], order, type, status_flags, reason, cl_ord_id, orig_cl_ord_id, leaves)


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
