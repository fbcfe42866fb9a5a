"""Definitions, sessions and the start of the venue. Rule 7."""

from libc.stdint cimport INT64_MAX, INT64_MIN, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memcmp, memcpy, memset

from pricetime.matching.events cimport EventSink
from pricetime.matching.id_map cimport id_map_create, id_map_destroy
from pricetime.matching.order_pool cimport order_pool_create, order_pool_destroy
from pricetime.matching.orders cimport cancel_order
from pricetime.matching.price_ladder cimport ladder_create, ladder_destroy, level_pool_create, level_pool_destroy
from pricetime.matching.records cimport *
from pricetime.matching.reports cimport event_done, event_room, event_header, report_command
from pricetime.matching.selection cimport Picked, Selection, select_session
from pricetime.matching.state cimport (
    ORDER_CAPACITY_MAX, TABLE_MAX, Divisor, EngineState, Instrument, Name, Participant, Session, set_senders,
)

cdef enum:
    FIRST_ROOM = 16             # entries in a new table
    SCALE_MAX = 18
    ICEBERG_PARTS_DEFAULT = 100
    SUPPORTED_LIMITS = HAS_REFERENCE_PRICE | HAS_MAX_ORDER_QUANTITY

# ------------------------------------------------------------------------------------------------ memory

cdef int take_order_memory(EngineState* state, uint32_t capacity) noexcept nogil:
    cdef EngineState fresh
    memset(&fresh, 0, sizeof(EngineState))
    fresh.selection_room = calloc(capacity, sizeof(Picked))
    if (fresh.selection_room is NULL or order_pool_create(&fresh.pool, capacity) != 0
            or level_pool_create(&fresh.level_pool, capacity) != 0
            or id_map_create(&fresh.by_cl_ord_id, capacity, state.id_multiplier) != 0
            or id_map_create(&fresh.by_order_id, capacity, state.id_multiplier) != 0):
        give_back_order_memory(&fresh)
        return -1
    give_back_order_memory(state)
    state.selection_room = fresh.selection_room
    state.pool = fresh.pool
    state.level_pool = fresh.level_pool
    state.by_cl_ord_id = fresh.by_cl_ord_id
    state.by_order_id = fresh.by_order_id
    return 0


cdef void give_back_order_memory(EngineState* state) noexcept nogil:
    free(state.selection_room)
    state.selection_room = NULL
    order_pool_destroy(&state.pool)
    level_pool_destroy(&state.level_pool)
    id_map_destroy(&state.by_cl_ord_id)
    id_map_destroy(&state.by_order_id)


cdef int grow(void** table, uint32_t room, uint32_t new_room, size_t size) noexcept nogil:
    """Lengthen a table; what is new is zeroed."""
    cdef char* longer = <char*> realloc(table[0], new_room * size)
    if longer is NULL:
        return -1
    memset(longer + room * size, 0, (new_room - room) * size)
    table[0] = longer
    return 0


cdef int make_room(EngineState* state, int kind, uint32_t count) noexcept nogil:
    cdef uint32_t* rooms[3]
    cdef void** tables[3]
    cdef void** names[3]
    cdef size_t sizes[3]
    cdef uint32_t room
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
            or grow(names[kind], rooms[kind][0], room, sizeof(Name)) != 0:
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
    self.inverse = <int64_t> inverse
    self.low_bits = (<uint64_t> 1 << self.shift) - 1
    self.highest = <int64_t> (<uint64_t> INT64_MAX // odd)
    self.lowest = INT64_MIN // <int64_t> odd      # C division: towards zero


cdef void set_quantity_bound(const EngineState* state, Instrument* instrument) noexcept nogil:
    instrument.quantity_bound = INT64_MAX // <int64_t> state.pool.capacity
    if instrument.limits_presence & HAS_MAX_ORDER_QUANTITY \
            and instrument.max_order_quantity < instrument.quantity_bound:
        instrument.quantity_bound = instrument.max_order_quantity


cdef int prepare_instrument(EngineState* state, Instrument* instrument) noexcept nogil:
    set_divisor(&instrument.tick, instrument.tick_size)
    set_divisor(&instrument.lot, instrument.lot_size)
    set_quantity_bound(state, instrument)
    if ladder_create(&instrument.ladders[0]) != 0 or ladder_create(&instrument.ladders[1]) != 0:
        ladder_destroy(&instrument.ladders[0])
        return -1
    return 0


# ------------------------------------------------------------------------------------------------- names

cdef const void* find_line(const CommandLine* command, int type) noexcept nogil:
    """The command's further line of this type, or NULL."""
    cdef const NameLine* line = <const NameLine*> command
    cdef uint32_t i
    for i in range(1, record_lines(command)):
        if line[i].type == type:
            return &line[i]
    return NULL


cdef int character_length(const uint8_t* text, int left) noexcept nogil:
    """Bytes of the UTF-8 character at `text`; 0 where there is none, or a control character."""
    cdef uint8_t a = text[0]
    if a < 0x80:
        return 0 if a < 0x20 or a == 0x7F else 1
    if a < 0xC2 or a > 0xF4:
        return 0
    if left < 2 or text[1] & 0xC0 != 0x80:
        return 0
    if a < 0xE0:
        return 0 if a == 0xC2 and text[1] < 0xA0 else 2
    if left < 3 or text[2] & 0xC0 != 0x80:
        return 0
    if a < 0xF0:
        return 0 if (a == 0xE0 and text[1] < 0xA0) or (a == 0xED and text[1] >= 0xA0) else 3
    if left < 4 or text[3] & 0xC0 != 0x80 or (a == 0xF0 and text[1] < 0x90) or (a == 0xF4 and text[1] >= 0x90):
        return 0
    return 4


cdef bint is_name(const char* text) noexcept nogil:
    """1 to 48 bytes of UTF-8 without control characters."""
    cdef const uint8_t* bytes = <const uint8_t*> text
    cdef int i = 0, length
    while i < NAME_BYTES and bytes[i] != 0:
        length = character_length(&bytes[i], NAME_BYTES - i)
        if length == 0:
            return False
        i += length
    return i > 0


cdef bint is_taken(const Name* names, uint32_t count, const char* text) noexcept nogil:
    cdef uint32_t id
    for id in range(1, count + 1):
        if memcmp(names[id].text, text, NAME_BYTES) == 0:
            return True
    return False


cdef uint8_t check_new_name(const CommandLine* command, const Name* names, uint32_t count) noexcept nogil:
    cdef const NameLine* line = <const NameLine*> find_line(command, NAME_LINE)
    if line is NULL:
        return LINE_MISSING
    if not is_name(line.name):
        return NAME_INVALID
    return NAME_TAKEN if is_taken(names, count, line.name) else NONE


cdef uint8_t check_same_name(const CommandLine* command, const Name* name) noexcept nogil:
    cdef const NameLine* line = <const NameLine*> find_line(command, NAME_LINE)
    if line is NULL or memcmp(line.name, name.text, NAME_BYTES) == 0:
        return NONE
    return NAME_TAKEN if is_name(line.name) else NAME_INVALID


cdef uint8_t check_id(uint64_t id, uint32_t count) noexcept nogil:
    """Is this the next id to be defined?"""
    if id != <uint64_t> count + 1:
        return ID_OUT_OF_SEQUENCE
    return TABLE_FULL if count == TABLE_MAX else NONE


cdef void keep_name(Name* name, const CommandLine* command) noexcept nogil:
    memcpy(name.text, (<const NameLine*> find_line(command, NAME_LINE)).name, NAME_BYTES)


# ------------------------------------------------------------------------------------------- definitions

cdef uint8_t define_participant(EngineState* state, const CommandLine* command) noexcept nogil:
    cdef uint32_t id
    cdef uint8_t reason
    if 0 < command.target <= state.participants_count:
        id = <uint32_t> command.target
        reason = check_same_name(command, &state.participant_names[id])
    else:
        id = state.participants_count + 1
        reason = check_id(command.target, state.participants_count)
        if not reason:
            reason = check_new_name(command, state.participant_names, state.participants_count)
        if not reason and make_room(state, 0, id) != 0:
            reason = TABLE_FULL
        if not reason:
            keep_name(&state.participant_names[id], command)
            state.participants_count = id
    if not reason:
        state.participants[id].flags = command.attributes
    return reason


cdef uint8_t define_session(EngineState* state, const CommandLine* command) noexcept nogil:
    cdef uint32_t id
    cdef uint8_t reason
    if 0 < command.target <= state.sessions_count:
        id = <uint32_t> command.target
        reason = check_same_name(command, &state.session_names[id])
        if not reason and command.quantity != state.sessions[id].participant:
            reason = PARTICIPANT_CHANGED
    else:
        id = state.sessions_count + 1
        reason = check_id(command.target, state.sessions_count)
        if not reason:
            reason = check_new_name(command, state.session_names, state.sessions_count)
        if not reason and not 0 < command.quantity <= state.participants_count:
            reason = UNKNOWN_PARTICIPANT
        if not reason and make_room(state, 1, id) != 0:
            reason = TABLE_FULL
        if not reason:
            keep_name(&state.session_names[id], command)
            state.sessions_count = id
            state.sessions[id].participant = <uint32_t> command.quantity
            state.sessions[id].logged_on = state.run == 0
    if not reason:
        state.sessions[id].flags = command.attributes
        set_senders(&state.sessions[id])
    return reason


cdef uint8_t check_terms(const InstrumentTermsLine* terms) noexcept nogil:
    if terms is NULL:
        return LINE_MISSING
    if terms.price_scale > SCALE_MAX or terms.qty_scale > SCALE_MAX:
        return SCALE_INVALID
    if terms.tick_size < 1:
        return TICK_INVALID
    return LOT_INVALID if terms.lot_size < 1 else NONE


cdef inline uint32_t parts_max(const InstrumentTermsLine* terms) noexcept nogil:
    return terms.iceberg_parts_max if terms.iceberg_parts_max else ICEBERG_PARTS_DEFAULT


cdef uint8_t check_same_terms(const Instrument* instrument, const CommandLine* command) noexcept nogil:
    cdef const InstrumentTermsLine* terms = <const InstrumentTermsLine*> find_line(command, INSTRUMENT_TERMS_LINE)
    cdef const NameLine* name = <const NameLine*> find_line(command, NAME_LINE)
    if name is not NULL and memcmp(name.currency, instrument.currency, sizeof(instrument.currency)) != 0:
        return TERMS_CHANGED
    if terms is NULL:
        return NONE
    if (terms.price_scale != instrument.price_scale or terms.qty_scale != instrument.qty_scale
            or terms.tick_size != instrument.tick_size or terms.lot_size != instrument.lot_size
            or terms.flags != instrument.terms_flags or parts_max(terms) != instrument.iceberg_parts_max):
        return TERMS_CHANGED
    return NONE


cdef uint8_t check_limits(const InstrumentLimitsLine* limits, int64_t tick_size, uint16_t terms_flags) noexcept nogil:
    if limits is NULL:
        return NONE
    if limits.presence & ~SUPPORTED_LIMITS:
        return UNSUPPORTED
    if limits.presence & HAS_REFERENCE_PRICE and (
            limits.reference_price % tick_size != 0
            or (limits.reference_price <= 0 and not terms_flags & PRICE_MAY_BE_NEGATIVE)):
        return LIMIT_INVALID
    if limits.presence & HAS_MAX_ORDER_QUANTITY and limits.max_order_quantity < 1:
        return LIMIT_INVALID
    return NONE


cdef void keep_terms(Instrument* instrument, const CommandLine* command) noexcept nogil:
    cdef const InstrumentTermsLine* terms = <const InstrumentTermsLine*> find_line(command, INSTRUMENT_TERMS_LINE)
    cdef const NameLine* name = <const NameLine*> find_line(command, NAME_LINE)
    memcpy(instrument.currency, name.currency, sizeof(instrument.currency))
    instrument.price_scale, instrument.qty_scale = terms.price_scale, terms.qty_scale
    instrument.tick_size, instrument.lot_size = terms.tick_size, terms.lot_size
    instrument.terms_flags = terms.flags
    instrument.iceberg_parts_max = parts_max(terms)


cdef void keep_limits(EngineState* state, Instrument* instrument, const InstrumentLimitsLine* limits) noexcept nogil:
    if limits is NULL:
        return
    instrument.limits_presence |= limits.presence
    if limits.presence & HAS_REFERENCE_PRICE:
        instrument.reference_price = limits.reference_price
    if limits.presence & HAS_MAX_ORDER_QUANTITY:
        instrument.max_order_quantity = limits.max_order_quantity
        set_quantity_bound(state, instrument)


cdef uint8_t define_instrument(EngineState* state, const CommandLine* command) noexcept nogil:
    cdef const InstrumentTermsLine* terms = <const InstrumentTermsLine*> find_line(command, INSTRUMENT_TERMS_LINE)
    cdef const InstrumentLimitsLine* limits = <const InstrumentLimitsLine*> find_line(command, INSTRUMENT_LIMITS_LINE)
    cdef Instrument* instrument
    cdef uint32_t id = command.instrument
    cdef uint8_t reason
    if 0 < id <= state.instruments_count:
        instrument = &state.instruments[id]
        reason = check_same_name(command, &state.instrument_names[id])
        if not reason:
            reason = check_same_terms(instrument, command)
        if not reason:
            reason = check_limits(limits, instrument.tick_size, instrument.terms_flags)
    else:
        reason = check_id(id, state.instruments_count)
        if not reason:
            reason = check_new_name(command, state.instrument_names, state.instruments_count)
        if not reason:
            reason = check_terms(terms)
        if not reason:
            reason = check_limits(limits, terms.tick_size, terms.flags)
        if not reason and make_room(state, 2, id) != 0:
            reason = TABLE_FULL
        if not reason:
            instrument = &state.instruments[id]
            keep_terms(instrument, command)
            if prepare_instrument(state, instrument) != 0:
                reason = TABLE_FULL
        if not reason:
            keep_name(&state.instrument_names[id], command)
            instrument.phase = CLOSED if state.run else CONTINUOUS
            state.instruments_count = id
    if not reason:
        instrument.flags = command.attributes
        keep_limits(state, instrument, limits)
    return reason


cdef void define(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil:
    cdef uint8_t reason
    if command.type == PARTY_DEFINITION:
        reason = define_participant(state, command)
    elif command.type == SESSION_DEFINITION:
        reason = define_session(state, command)
    else:
        reason = define_instrument(state, command)
    if reason:
        report_command(state, sink, command, BUSINESS_MESSAGE_REJECT, reason)
    elif command.session != 0:
        report_command(state, sink, command, COMMAND_ACK, NONE)


# ---------------------------------------------------------------------------------------------- sessions

cdef void answer_session(EngineState* state, uint32_t session, uint8_t type, EventSink* sink) noexcept nogil:
    """LOGON_ANSWER (mark, next report number) or LOGOUT_ANSWER: not numbered."""
    cdef EventRecord* event = event_room(sink)
    memset(event, 0, sizeof(EventRecord))
    event_header(state, event, type, 0, NONE, session, 0, 0)
    if type == LOGON_ANSWER:
        event.cl_ord_id = state.sessions[session].mark
        event.order_id = state.sessions[session].report_number + 1
    event_done(state, sink, event)


cdef void disconnect(EngineState* state, uint32_t session, EventSink* sink) noexcept nogil:
    cdef Selection orders
    cdef uint32_t i
    if state.run != 0:
        state.sessions[session].logged_on = 0
    if state.sessions[session].flags & CANCEL_ON_DISCONNECT:
        orders = select_session(state, session)
        for i in range(orders.count):
            cancel_order(state, orders.picked[i].slot, SESSION_DISCONNECTED, sink)


cdef void logon(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil:
    if state.sessions[command.session].logged_on:
        disconnect(state, command.session, sink)
    state.sessions[command.session].logged_on = 1
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
