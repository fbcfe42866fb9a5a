"""The canonical state as bytes, and back. Rule 9; layout in canonical.pxd."""

from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy, memset

from pricetime.matching.administration cimport make_room, prepare_instrument, take_order_memory
from pricetime.matching.book cimport book_rest, name_order
from pricetime.matching.canonical cimport InstrumentState, OrderState, ParticipantState, SessionState, StateHeader
from pricetime.matching.checksum cimport digest_high, digest_low
from pricetime.matching.order_pool cimport Order, order_take
from pricetime.matching.price_ladder cimport ladder_below
from pricetime.matching.records cimport NAME_BYTES, RULES_VERSION
from pricetime.matching.state cimport (
    ORDER_CAPACITY_MAX, TABLE_MAX, EngineState, Instrument, Session, instrument_known, is_multiple, session_known,
    set_senders,
)

cdef enum:
    HAS_LAST_PRICE = 1 << 0     # bits of InstrumentState.presence
    HAS_REPORTED_PRICE = 1 << 1


cdef size_t dump_size(const EngineState* state) noexcept nogil:
    return (sizeof(StateHeader) + state.participants_count * sizeof(ParticipantState)
            + state.sessions_count * sizeof(SessionState) + state.instruments_count * sizeof(InstrumentState)
            + state.pool.live * sizeof(OrderState))


cdef void dump_header(const EngineState* state, StateHeader* out) noexcept nogil:
    memcpy(out.magic, b"PTSTATE1", 8)
    out.rules_version = RULES_VERSION
    out.shard = state.shard
    out.sequence = state.sequence
    out.time = state.time
    out.last_order_id = state.last_order_id
    out.last_exec_id = state.last_exec_id
    out.last_trd_match_id = state.last_trd_match_id
    out.run = state.run
    out.event_digest_low = digest_low(&state.event_digest)
    out.event_digest_high = digest_high(&state.event_digest)
    out.order_capacity = state.pool.capacity
    out.participants = state.participants_count
    out.sessions = state.sessions_count
    out.instruments = state.instruments_count
    out.orders = state.pool.live


cdef void dump_instrument(const EngineState* state, uint32_t id, InstrumentState* out) noexcept nogil:
    cdef const Instrument* instrument = &state.instruments[id]
    out.id = id
    out.flags = instrument.flags
    out.terms_flags = instrument.terms_flags
    out.price_scale = instrument.price_scale
    out.qty_scale = instrument.qty_scale
    out.phase = instrument.phase
    if instrument.has_last_price:
        out.presence |= HAS_LAST_PRICE
        out.last_price = instrument.last_price
    if instrument.reported_quantity:
        out.presence |= HAS_REPORTED_PRICE
        out.reported_price = instrument.reported_price
        out.reported_quantity = instrument.reported_quantity
    out.limits_presence = instrument.limits_presence
    out.iceberg_parts_max = instrument.iceberg_parts_max
    out.tick_size = instrument.tick_size
    out.lot_size = instrument.lot_size
    out.reference_price = instrument.reference_price
    out.max_order_quantity = instrument.max_order_quantity
    out.trade_date = instrument.trade_date
    memcpy(out.currency, instrument.currency, sizeof(out.currency))
    memcpy(out.name, state.instrument_names[id].text, NAME_BYTES)


cdef OrderState* dump_queue(const EngineState* state, uint32_t slot, OrderState* out) noexcept nogil:
    """One queue from its oldest order on; returns where the next goes."""
    cdef const Order* order
    while slot != 0:
        order = &state.pool.orders[slot]
        out.order_id = order.order_id
        out.cl_ord_id = order.cl_ord_id
        out.session = order.session
        out.instrument = order.instrument
        out.price = order.price
        out.leaves_qty = order.leaves
        out.cum_qty = order.filled
        out.attributes = order.attributes
        out += 1
        slot = order.next
    return out


cdef void dump_orders(EngineState* state, OrderState* out) noexcept nogil:
    cdef Instrument* instrument
    cdef uint32_t id, index
    cdef int side
    for id in range(1, state.instruments_count + 1):
        instrument = &state.instruments[id]
        for side in range(2):
            out = dump_queue(state, instrument.market[side].head, out)
            index = instrument.ladders[side].best
            while index != 0:
                out = dump_queue(state, state.level_pool.levels[index].head, out)
                index = ladder_below(&instrument.ladders[side], &state.level_pool, state.level_pool.levels[index].key)


cdef void dump_state(EngineState* state, char* out) noexcept nogil:
    cdef uint32_t id
    cdef ParticipantState* participant
    cdef SessionState* session
    cdef InstrumentState* instrument
    memset(out, 0, dump_size(state))
    dump_header(state, <StateHeader*> out)
    participant = <ParticipantState*> (out + sizeof(StateHeader))
    for id in range(1, state.participants_count + 1):
        participant.id = id
        participant.flags = state.participants[id].flags
        memcpy(participant.name, state.participant_names[id].text, NAME_BYTES)
        participant += 1
    session = <SessionState*> participant
    for id in range(1, state.sessions_count + 1):
        session.id = id
        session.participant = state.sessions[id].participant
        session.flags = state.sessions[id].flags
        session.logged_on = state.sessions[id].logged_on
        session.mark = state.sessions[id].mark
        session.report_number = state.sessions[id].report_number
        memcpy(session.name, state.session_names[id].text, NAME_BYTES)
        session += 1
    instrument = <InstrumentState*> session
    for id in range(1, state.instruments_count + 1):
        dump_instrument(state, id, instrument)
        instrument += 1
    dump_orders(state, <OrderState*> instrument)


# --------------------------------------------------------------------------------------------------- load

cdef const char* check_header(const StateHeader* header, size_t size) noexcept nogil:
    if size < sizeof(StateHeader) or memcmp(header.magic, b"PTSTATE1", 8) != 0:
        return b"not a state: it does not begin with PTSTATE1"
    if header.rules_version != RULES_VERSION:
        return b"a state under another rules version"
    if not 0 < header.order_capacity <= ORDER_CAPACITY_MAX or header.orders > header.order_capacity:
        return b"order capacity out of range"
    if header.participants > TABLE_MAX or header.sessions > TABLE_MAX or header.instruments > TABLE_MAX:
        return b"a table is too long"
    if size != (sizeof(StateHeader) + header.participants * sizeof(ParticipantState)
                + header.sessions * sizeof(SessionState) + header.instruments * sizeof(InstrumentState)
                + header.orders * sizeof(OrderState)):
        return b"its length is not what its header says"
    return NULL


cdef void load_header(EngineState* state, const StateHeader* header) noexcept nogil:
    state.shard = header.shard
    state.sequence = header.sequence
    state.time = header.time
    state.last_order_id = header.last_order_id
    state.last_exec_id = header.last_exec_id
    state.last_trd_match_id = header.last_trd_match_id
    state.run = header.run
    state.event_digest.lanes[0] = <uint32_t> header.event_digest_low
    state.event_digest.lanes[1] = <uint32_t> (header.event_digest_low >> 32)
    state.event_digest.lanes[2] = <uint32_t> header.event_digest_high
    state.event_digest.lanes[3] = <uint32_t> (header.event_digest_high >> 32)
    state.participants_count = header.participants
    state.sessions_count = header.sessions
    state.instruments_count = header.instruments


cdef void load_session(Session* session, const SessionState* data) noexcept nogil:
    session.participant = data.participant
    session.flags = data.flags
    set_senders(session)
    session.logged_on = data.logged_on
    session.mark = data.mark
    session.report_number = data.report_number


cdef int load_instrument(EngineState* state, Instrument* instrument, const InstrumentState* data) noexcept nogil:
    instrument.flags = data.flags
    instrument.terms_flags = data.terms_flags
    instrument.price_scale = data.price_scale
    instrument.qty_scale = data.qty_scale
    instrument.phase = data.phase
    instrument.has_last_price = data.presence & HAS_LAST_PRICE
    instrument.last_price = data.last_price
    instrument.reported_price = data.reported_price
    instrument.reported_quantity = data.reported_quantity
    instrument.limits_presence = data.limits_presence
    instrument.iceberg_parts_max = data.iceberg_parts_max
    instrument.tick_size = data.tick_size
    instrument.lot_size = data.lot_size
    instrument.reference_price = data.reference_price
    instrument.max_order_quantity = data.max_order_quantity
    instrument.trade_date = data.trade_date
    memcpy(instrument.currency, data.currency, sizeof(data.currency))
    return -1 if data.tick_size < 1 or data.lot_size < 1 else prepare_instrument(state, instrument)


cdef const char* load_orders(EngineState* state, const OrderState* data, uint64_t count) noexcept nogil:
    cdef Order* order
    cdef uint64_t i
    cdef uint32_t slot
    cdef int64_t tick
    for i in range(count):
        if not instrument_known(state, data[i].instrument) or not session_known(state, data[i].session):
            return b"an order names an unknown instrument or session"
        if not is_multiple(&state.instruments[data[i].instrument].tick, data[i].price, &tick) or data[i].leaves_qty <= 0:
            return b"an order has a price off the tick, or nothing open"
        slot = order_take(&state.pool)
        order = &state.pool.orders[slot]
        order.session = data[i].session
        order.instrument = data[i].instrument
        order.attributes = data[i].attributes
        order.price = data[i].price
        order.leaves = data[i].leaves_qty
        order.filled = data[i].cum_qty
        order.order_id = data[i].order_id
        order.cl_ord_id = data[i].cl_ord_id
        book_rest(state, &state.instruments[order.instrument], slot, tick)
        name_order(state, slot)
        state.sessions[order.session].open_orders += 1
    return NULL


cdef const char* load_state(EngineState* state, const char* data, size_t size) noexcept nogil:
    cdef const StateHeader* header = <const StateHeader*> data
    cdef const ParticipantState* participant = <const ParticipantState*> (data + sizeof(StateHeader))
    cdef const SessionState* session
    cdef const InstrumentState* instrument
    cdef const char* fault = check_header(header, size)
    cdef uint32_t id
    if fault is not NULL:
        return fault
    if (take_order_memory(state, <uint32_t> header.order_capacity) != 0 or make_room(state, 0, header.participants) != 0
            or make_room(state, 1, header.sessions) != 0 or make_room(state, 2, header.instruments) != 0):
        return b"no memory for it"
    load_header(state, header)
    for id in range(1, header.participants + 1):
        state.participants[id].flags = participant.flags
        memcpy(state.participant_names[id].text, participant.name, NAME_BYTES)
        participant += 1
    session = <const SessionState*> participant
    for id in range(1, header.sessions + 1):
        if not 0 < session.participant <= header.participants:
            return b"a session names an unknown participant"
        load_session(&state.sessions[id], session)
        memcpy(state.session_names[id].text, session.name, NAME_BYTES)
        session += 1
    instrument = <const InstrumentState*> session
    for id in range(1, header.instruments + 1):
        if load_instrument(state, &state.instruments[id], instrument) != 0:
            return b"an instrument has an impossible tick or lot, or no memory for it"
        memcpy(state.instrument_names[id].text, instrument.name, NAME_BYTES)
        instrument += 1
    return load_orders(state, <const OrderState*> instrument, header.orders)
