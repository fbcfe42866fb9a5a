"""Memory of the tables, sessions, and the start of the venue. Rule 7."""

from libc.stddef cimport size_t
from libc.stdint cimport INT64_MAX, INT64_MIN, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free
from libc.string cimport memcpy, memset

from pricetime.matching.events cimport EventSink
from pricetime.matching.id_index cimport id_index_create, id_index_destroy
from pricetime.matching.memory cimport CACHE_LINE, give_lines_back, take_lines
from pricetime.matching.names cimport names_make_room
from pricetime.matching.order_pool cimport order_pool_create, order_pool_destroy
from pricetime.matching.placing cimport cancel_order
from pricetime.matching.price_ladder cimport ladder_create, ladder_destroy, level_pool_create, level_pool_destroy
from pricetime.matching.records cimport *
from pricetime.matching.reports cimport event_done, event_room, event_header, report_command
from pricetime.matching.selection cimport Picked, Selection, select_session
from pricetime.matching.rights cimport set_senders
from pricetime.matching.state cimport (
    KINDS, ORDER_CAPACITY_MAX, Divisor, EngineState, Instrument, Name, Participant, Session,
)

cdef extern from "stdlib.h" nogil:
    void* aligned_alloc(size_t boundary, size_t size)

cdef enum:
    FIRST_ROOM = 16             # entries in a new table

# ------------------------------------------------------------------------------------------------ memory

cdef int take_order_memory(EngineState* state, uint32_t capacity) noexcept nogil:
    cdef EngineState fresh
    memset(&fresh, 0, sizeof(EngineState))
    fresh.selection_room = take_lines(capacity * sizeof(Picked))
    fresh.deadlines = <uint32_t*> take_lines((<size_t> capacity + 1) * sizeof(uint32_t))
    if (fresh.selection_room is NULL or fresh.deadlines is NULL or order_pool_create(&fresh.pool, capacity) != 0
            or level_pool_create(&fresh.level_pool, capacity) != 0
            or id_index_create(&fresh.by_cl_ord_id, capacity, capacity, state.id_multiplier) != 0
            or id_index_create(&fresh.by_order_id, capacity, (capacity + 1) // 2, state.id_multiplier) != 0):
        give_back_order_memory(&fresh)
        return -1
    give_back_order_memory(state)
    state.selection_room = fresh.selection_room
    state.deadlines = fresh.deadlines
    state.pool = fresh.pool
    state.level_pool = fresh.level_pool
    state.by_cl_ord_id = fresh.by_cl_ord_id
    state.by_order_id = fresh.by_order_id
    return 0


cdef void give_back_order_memory(EngineState* state) noexcept nogil:
    give_lines_back(state.selection_room)
    give_lines_back(state.deadlines)
    state.selection_room = NULL
    state.deadlines = NULL
    order_pool_destroy(&state.pool)
    level_pool_destroy(&state.level_pool)
    id_index_destroy(&state.by_cl_ord_id)
    id_index_destroy(&state.by_order_id)


cdef int grow(void** table, uint32_t room, uint32_t new_room, size_t size) noexcept nogil:
    """Lengthen a table; what is new is zeroed. It begins on a cache line, so that an entry of 64 bytes is one."""
    cdef char* longer = <char*> aligned_alloc(CACHE_LINE, (new_room * size + CACHE_LINE - 1) & ~<size_t> (CACHE_LINE - 1))
    if longer is NULL:
        return -1
    if room:
        memcpy(longer, table[0], room * size)
        free(table[0])
    memset(longer + room * size, 0, (new_room - room) * size)
    table[0] = longer
    return 0


cdef int make_room(EngineState* state, int kind, uint32_t count) noexcept nogil:
    cdef uint32_t* rooms[<int> KINDS]
    cdef uint32_t counts[<int> KINDS]
    cdef void** tables[<int> KINDS]
    cdef void** names[<int> KINDS]
    cdef size_t sizes[<int> KINDS]
    cdef uint32_t room
    counts[0], counts[1], counts[2] = state.participants_count, state.sessions_count, state.instruments_count
    rooms[0], rooms[1], rooms[2] = &state.participants_room, &state.sessions_room, &state.instruments_room
    tables[0], tables[1] = <void**> &state.participants, <void**> &state.sessions
    tables[2] = <void**> &state.instruments
    names[0], names[1] = <void**> &state.participant_names, <void**> &state.session_names
    names[2] = <void**> &state.instrument_names
    sizes[0], sizes[1], sizes[2] = sizeof(Participant), sizeof(Session), sizeof(Instrument)
    room = rooms[kind][0] if rooms[kind][0] else FIRST_ROOM
    while room < count + 1:             # [0] stands for none
        room *= 2
    if room == rooms[kind][0]:
        return 0
    if grow(tables[kind], rooms[kind][0], room, sizes[kind]) != 0 \
            or grow(names[kind], rooms[kind][0], room, sizeof(Name)) != 0 \
            or names_make_room(state, kind, counts[kind], room) != 0:
        return -1
    rooms[kind][0] = room
    return 0


cdef void set_divisor(Divisor* self, int64_t value) noexcept nogil:
    cdef uint64_t odd, inverse
    self.shift = 0
    while (value >> self.shift) & 1 == 0:
        self.shift += 1
    odd = <uint64_t> (value >> self.shift)
    inverse = odd                       # Newton: each step doubles the number of correct bits, from 3
    while odd * inverse != 1:
        inverse *= 2 - odd * inverse
    self.inverse = inverse
    self.low_bits = (<uint64_t> 1 << self.shift) - 1
    self.highest = <uint64_t> (INT64_MAX // value)
    self.lowest = INT64_MIN // <int64_t> odd      # C division: towards zero


cdef void set_quantity_bound(const EngineState* state, Instrument* instrument) noexcept nogil:
    cdef int64_t quantity = INT64_MAX // <int64_t> state.pool.capacity
    if instrument.limits_presence & HAS_MAX_ORDER_QUANTITY and instrument.max_order_quantity < quantity:
        quantity = instrument.max_order_quantity
    instrument.lots_bound = <uint64_t> (quantity // instrument.lot_size)


cdef int prepare_instrument(EngineState* state, Instrument* instrument) noexcept nogil:
    set_divisor(&instrument.tick, instrument.tick_size)
    set_divisor(&instrument.lot, instrument.lot_size)
    set_quantity_bound(state, instrument)
    if ladder_create(&instrument.ladders[0]) != 0 or ladder_create(&instrument.ladders[1]) != 0:
        ladder_destroy(&instrument.ladders[0])
        return -1
    return 0


# ---------------------------------------------------------------------------------------------- sessions

cdef void answer_session(EngineState* state, uint32_t session, uint8_t type, EventSink* sink) noexcept nogil:
    """LOGON_ANSWER (mark, next report number) or LOGOUT_ANSWER: not numbered."""
    cdef EventRecord* event = event_room(sink)
    memset(event, 0, sizeof(EventRecord))
    event_header(state, event, type, 0, NONE, session, state.sessions[session].participant, 0, 0)
    if type == LOGON_ANSWER:
        event.cl_ord_id = state.sessions[session].mark
        event.order_id = state.sessions[session].report_number + 1
    event_done(state, sink, event)


cdef void disconnect(EngineState* state, uint32_t session, EventSink* sink) noexcept nogil:
    cdef Selection orders
    cdef uint32_t i
    if state.run != 0:
        state.sessions[session].logged_on = 0
        set_senders(&state.sessions[session])
    if state.sessions[session].flags & CANCEL_ON_DISCONNECT:
        orders = select_session(state, session)
        for i in range(orders.count):
            cancel_order(state, orders.picked[i].slot, SESSION_DISCONNECTED, sink)


cdef void logon(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil:
    if state.sessions[command.session].logged_on:
        disconnect(state, command.session, sink)
    state.sessions[command.session].logged_on = 1
    set_senders(&state.sessions[command.session])
    answer_session(state, command.session, LOGON_ANSWER, sink)


cdef void logout(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil:
    disconnect(state, command.session, sink)
    answer_session(state, command.session, LOGOUT_ANSWER, sink)


cdef uint8_t check_start(const EngineState* state, const CommandLine* command) noexcept nogil:
    if command.target != state.run + 1:
        return RUN_OUT_OF_SEQUENCE
    if command.price != RULES_VERSION:
        return RULES_VERSION_UNKNOWN
    if command.quantity == 0 or command.quantity == state.pool.capacity:
        return NONE
    if not 0 < command.quantity <= ORDER_CAPACITY_MAX or state.run != 0 or state.instruments_count != 0:
        return CAPACITY_INVALID
    return NONE


cdef void venue_start(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil:
    cdef uint32_t session, capacity = state.pool.capacity
    cdef uint8_t reason = check_start(state, command)
    if not reason and command.quantity != 0 and command.quantity != capacity:
        # No instrument, so no order: the pools are empty.
        if take_order_memory(state, <uint32_t> command.quantity) != 0:
            reason = CAPACITY_INVALID
    if reason:
        report_command(state, sink, command, BUSINESS_MESSAGE_REJECT, reason)
        return
    state.run = command.target
    for session in range(1, state.sessions_count + 1):
        if state.sessions[session].logged_on:
            disconnect(state, session, sink)
