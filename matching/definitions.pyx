"""Definitions of participants, sessions and instruments: names, terms, limits. Rule 7."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy

from pricetime.matching.administration cimport make_room, prepare_instrument, set_quantity_bound
from pricetime.matching.events cimport EventSink
from pricetime.matching.names cimport name_find, name_put
from pricetime.matching.records cimport *
from pricetime.matching.reports cimport report_outcome
from pricetime.matching.rights cimport set_senders
from pricetime.matching.state cimport (
    OF_INSTRUMENTS, OF_PARTICIPANTS, OF_SESSIONS, TABLE_MAX, EngineState, Instrument, Name, indicative_changes,
    set_watch,
)

cdef enum:
    ICEBERG_PARTS_DEFAULT = 100

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
    for length in range(i, NAME_BYTES):
        if bytes[length] != 0:
            return False
    return i > 0


cdef uint8_t check_new_name(const EngineState* state, int kind, const CommandLine* command) noexcept nogil:
    cdef const NameLine* line = <const NameLine*> find_line(command, NAME_LINE)
    if line is NULL:
        return LINE_MISSING
    if not is_name(line.name):
        return NAME_INVALID
    return NAME_TAKEN if name_find(state, kind, line.name) else NONE


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


cdef void keep_name(EngineState* state, int kind, uint32_t id, const CommandLine* command) noexcept nogil:
    name_put(state, kind, id, (<const NameLine*> find_line(command, NAME_LINE)).name)


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
            reason = check_new_name(state, OF_PARTICIPANTS, command)
        if not reason and make_room(state, OF_PARTICIPANTS, id) != 0:
            reason = TABLE_FULL
        if not reason:
            keep_name(state, OF_PARTICIPANTS, id, command)
            state.participants[id].open_orders_limit = NO_LIMIT
            state.participants_count = id
    if not reason:
        state.participants[id].flags = (state.participants[id].flags & BLOCKED) | command.attributes
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
            reason = check_new_name(state, OF_SESSIONS, command)
        if not reason and not 0 < command.quantity <= state.participants_count:
            reason = UNKNOWN_PARTICIPANT
        if not reason and make_room(state, OF_SESSIONS, id) != 0:
            reason = TABLE_FULL
        if not reason:
            keep_name(state, OF_SESSIONS, id, command)
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


cdef bint is_price(int64_t price, int64_t tick_size, uint16_t terms_flags) noexcept nogil:
    return price % tick_size == 0 and (price > 0 or terms_flags & PRICE_MAY_BE_NEGATIVE)


cdef uint8_t check_limits(const InstrumentLimitsLine* limits, int64_t tick_size, uint16_t terms_flags,
                          uint16_t known) noexcept nogil:
    """`known`: the limits that the instrument has already."""
    cdef uint16_t given
    if limits is NULL:
        return NONE
    given = limits.presence
    if (given & HAS_REFERENCE_PRICE and not is_price(limits.reference_price, tick_size, terms_flags)
            or given & HAS_MAX_ORDER_QUANTITY and limits.max_order_quantity < 1
            or given & HAS_COLLAR and limits.collar < 0
            or given & HAS_DYNAMIC_BAND and limits.dynamic_band < 0
            or given & HAS_STATIC_BAND and limits.static_band < 0
            or given & HAS_CALL_DURATION and limits.call_duration < 1):
        return LIMIT_INVALID
    if given & (HAS_DYNAMIC_BAND | HAS_STATIC_BAND) and not (given | known) & HAS_CALL_DURATION:
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
    if limits.presence & HAS_COLLAR:
        instrument.collar = limits.collar
    if limits.presence & HAS_DYNAMIC_BAND:
        instrument.dynamic_band = limits.dynamic_band
    if limits.presence & HAS_STATIC_BAND:
        instrument.static_band = limits.static_band
    if limits.presence & HAS_CALL_DURATION:
        instrument.call_duration = limits.call_duration
    if limits.presence & HAS_MAX_ORDER_QUANTITY:
        instrument.max_order_quantity = limits.max_order_quantity
        set_quantity_bound(state, instrument)
    indicative_changes(state, instrument)


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
            reason = check_limits(limits, instrument.tick_size, instrument.terms_flags, instrument.limits_presence)
    else:
        reason = check_id(id, state.instruments_count)
        if not reason:
            reason = check_new_name(state, OF_INSTRUMENTS, command)
        if not reason:
            reason = check_terms(terms)
        if not reason:
            reason = check_limits(limits, terms.tick_size, terms.flags, 0)
        if not reason and make_room(state, OF_INSTRUMENTS, id) != 0:
            reason = TABLE_FULL
        if not reason:
            instrument = &state.instruments[id]
            keep_terms(instrument, command)
            if prepare_instrument(state, instrument) != 0:
                reason = TABLE_FULL
        if not reason:
            keep_name(state, OF_INSTRUMENTS, id, command)
            instrument.phase = CLOSED if state.run else CONTINUOUS
            state.instruments_count = id
    if not reason:
        instrument.flags = command.attributes
        keep_limits(state, instrument, limits)
        set_watch(instrument)
    return reason


cdef void define(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil:
    cdef uint8_t reason
    if command.type == PARTY_DEFINITION:
        reason = define_participant(state, command)
    elif command.type == SESSION_DEFINITION:
        reason = define_session(state, command)
    else:
        reason = define_instrument(state, command)
    report_outcome(state, sink, command, reason)
