"""The canonical state, read back: nothing in it is believed before it is checked. Rule 9; layout in canonical.pxd.

What passes here breaks nothing in the engine's memory. That the bytes are the canonical ones (order, reserved bytes) shows when the
loaded state is dumped again: Engine.load does; a snapshot, whose checksum was right, was dumped by an engine.
"""

from libc.stddef cimport size_t
from libc.stdint cimport INT64_MAX, int64_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcmp, memcpy

from pricetime.matching.accounts cimport (
    ACCOUNTS_MAX, CURRENCIES_MAX, CURRENCY_BYTES, Account, NotionalLimits, account_find, set_open_orders_limit,
    set_position_limit,
)
from pricetime.matching.administration cimport make_room, prepare_instrument, take_order_memory
from pricetime.matching.canonical cimport (
    AccountState, InstrumentState, NotionalLimitsState, OrderState, ParticipantState, SessionState, StateHeader,
)
from pricetime.matching.deadlines cimport deadlines_refresh
from pricetime.matching.definitions cimport SCALE_MAX, is_name, is_price
from pricetime.matching.dump cimport HAS_AUCTION_PRICE, HAS_LAST_PRICE, HAS_REPORTED_PRICE, STATE_MAGIC
from pricetime.matching.load_orders cimport load_orders
from pricetime.matching.names cimport name_find, name_put
from pricetime.matching.notional cimport NOTIONAL_END, NOTIONAL_SCALE_MAX, Notional, notional_join
from pricetime.matching.records cimport *
from pricetime.matching.risk cimport account_open, currency_place, position_fits, set_account_flags
from pricetime.matching.rights cimport set_senders
from pricetime.matching.state cimport (
    OF_INSTRUMENTS, OF_PARTICIPANTS, OF_SESSIONS, ORDER_CAPACITY_MAX, SHARD_SHIFT, TABLE_MAX, EngineState, Instrument,
    Participant, instrument_known, set_watch,
)

cdef struct Sections:
    # Where each part of the bytes begins.
    const ParticipantState* participants
    const NotionalLimitsState* currencies
    const AccountState* accounts
    const SessionState* sessions
    const InstrumentState* instruments
    const OrderState* orders


# ------------------------------------------------------------------------------------------------- header

cdef const char* check_header(const StateHeader* header, size_t size) noexcept nogil:
    if size < sizeof(StateHeader) or memcmp(header.magic, STATE_MAGIC, 8) != 0:
        return b"not a state: it does not begin with PTSTATE2"
    if header.rules_version != RULES_VERSION:
        return b"a state under another rules version"
    if not 0 < header.order_capacity <= ORDER_CAPACITY_MAX or header.orders > header.order_capacity:
        return b"order capacity out of range"
    if (header.participants > TABLE_MAX or header.sessions > TABLE_MAX or header.instruments > TABLE_MAX
            or header.accounts > ACCOUNTS_MAX or header.notional_limits > CURRENCIES_MAX * header.participants):
        return b"a table is too long"
    if size != (sizeof(StateHeader) + header.participants * sizeof(ParticipantState)
                + header.notional_limits * sizeof(NotionalLimitsState) + header.accounts * sizeof(AccountState)
                + header.sessions * sizeof(SessionState) + header.instruments * sizeof(InstrumentState)
                + header.orders * sizeof(OrderState)):
        return b"its length is not what its header says"
    if (header.shard > 255 or header.last_order_id >> SHARD_SHIFT != header.shard
            or header.last_exec_id >> SHARD_SHIFT != header.shard or header.last_trd_match_id >> SHARD_SHIFT != header.shard):
        return b"a counter is not of its shard"
    return NULL


cdef Sections sections_of(const StateHeader* header) noexcept nogil:
    cdef Sections sections
    sections.participants = <const ParticipantState*> (header + 1)
    sections.currencies = <const NotionalLimitsState*> (sections.participants + header.participants)
    sections.accounts = <const AccountState*> (sections.currencies + header.notional_limits)
    sections.sessions = <const SessionState*> (sections.accounts + header.accounts)
    sections.instruments = <const InstrumentState*> (sections.sessions + header.sessions)
    sections.orders = <const OrderState*> (sections.instruments + header.instruments)
    return sections


cdef void load_header(EngineState* state, const StateHeader* header) noexcept nogil:
    state.shard = header.shard
    state.sequence = header.sequence
    state.time = header.time
    state.last_order_id = header.last_order_id
    state.last_exec_id = header.last_exec_id
    state.last_trd_match_id = header.last_trd_match_id
    state.last_age = header.last_age
    state.run = header.run
    state.event_digest.lanes[0] = <uint32_t> header.event_digest_low
    state.event_digest.lanes[1] = <uint32_t> (header.event_digest_low >> 32)
    state.event_digest.lanes[2] = <uint32_t> header.event_digest_high
    state.event_digest.lanes[3] = <uint32_t> (header.event_digest_high >> 32)
    state.participants_count = header.participants
    state.sessions_count = header.sessions
    state.instruments_count = header.instruments


cdef bint load_name(EngineState* state, int kind, uint32_t id, const char* text) noexcept nogil:
    """False where another one has it."""
    if name_find(state, kind, text) != 0:
        return False
    name_put(state, kind, id, text)
    return True


# ------------------------------------------------------------------------------------------ participants

cdef bint is_bucket(const ParticipantState* data, int64_t now) noexcept nogil:
    cdef int64_t tokens = data.rate_tokens, interval = data.rate_interval
    if data.presence == 0:
        return (tokens | interval | data.rate_level | data.rate_time) == 0
    return (data.presence == HAS_MESSAGE_RATE and tokens > 0 and interval > 0 and tokens <= INT64_MAX // interval
            and 0 <= data.rate_level <= tokens * interval and data.rate_time <= now)


cdef const char* load_participants(EngineState* state, const ParticipantState* data) noexcept nogil:
    cdef Participant* participant
    cdef uint32_t id
    for id in range(1, state.participants_count + 1):
        participant = &state.participants[id]
        if not is_name(data.name) or data.flags & ~(DISABLED | BLOCKED):
            return b"a participant has no name, or a flag that is none"
        if data.open_orders_limit < NO_LIMIT or not is_bucket(data, state.time):
            return b"a participant has a limit that cannot be"
        participant.flags = data.flags
        participant.presence = data.presence
        participant.open_orders_limit = data.open_orders_limit
        participant.rate_tokens = data.rate_tokens
        participant.rate_interval = data.rate_interval
        participant.rate_level = <uint64_t> data.rate_level
        participant.rate_time = data.rate_time
        if not load_name(state, OF_PARTICIPANTS, id, data.name):
            return b"two participants have the same name"
        data += 1
    return NULL


cdef bint load_notional(NotionalLimits* limits, uint16_t presence, int order_scale, int gross_scale, Notional order_limit,
                        Notional gross_limit) noexcept nogil:
    """False where they cannot be."""
    if presence & ~(HAS_ORDER_NOTIONAL_LIMIT | HAS_GROSS_NOTIONAL_LIMIT) or order_limit >= NOTIONAL_END \
            or gross_limit >= NOTIONAL_END or order_scale > NOTIONAL_SCALE_MAX or gross_scale > NOTIONAL_SCALE_MAX:
        return False
    if not presence & HAS_ORDER_NOTIONAL_LIMIT and (order_limit != 0 or order_scale != 0):      # what is not set is 0
        return False
    if not presence & HAS_GROSS_NOTIONAL_LIMIT and (gross_limit != 0 or gross_scale != 0):
        return False
    limits.presence = presence
    limits.order_scale = order_scale
    limits.gross_scale = gross_scale
    limits.order_limit = order_limit
    limits.gross_limit = gross_limit
    return True


cdef const char* load_currencies(EngineState* state, const NotionalLimitsState* data, uint32_t count) noexcept nogil:
    cdef Participant* participant
    cdef NotionalLimits* limits
    cdef uint32_t i
    for i in range(count):
        if not 0 < data[i].participant <= state.participants_count:
            return b"notional limits of an unknown participant"
        participant = &state.participants[data[i].participant]
        if participant.currencies_count == CURRENCIES_MAX or currency_place(participant, data[i].currency):
            return b"a participant has limits in too many currencies, or in one twice"
        if participant.currencies is NULL:
            participant.currencies = <NotionalLimits*> calloc(CURRENCIES_MAX, sizeof(NotionalLimits))
            if participant.currencies is NULL:
                return b"no memory for it"
        limits = &participant.currencies[participant.currencies_count]
        if not load_notional(limits, data[i].presence, data[i].order_scale, data[i].gross_scale,
                             notional_join(data[i].order_low, data[i].order_high),
                             notional_join(data[i].gross_low, data[i].gross_high)):
            return b"a participant has a notional limit that cannot be"
        memcpy(limits.currency, data[i].currency, CURRENCY_BYTES)
        participant.currencies_count += 1
    return NULL


# ------------------------------------------------------------------------------------------------ accounts

cdef const char* load_account(EngineState* state, const AccountState* data) noexcept nogil:
    cdef Account* account
    cdef uint32_t number
    if not 0 < data.participant <= state.participants_count or not instrument_known(state, data.instrument):
        return b"an account of an unknown participant or instrument"
    if account_find(&state.accounts, data.participant, data.instrument):
        return b"an account stands there twice"
    if (data.order_quantity_limit < NO_LIMIT or data.open_orders_limit < NO_LIMIT or data.open_quantity_limit < NO_LIMIT
            or data.position_limit < NO_LIMIT):
        return b"an account has a limit that cannot be"
    number = account_open(state, data.participant, data.instrument)
    account = &state.accounts.accounts[number]
    account.position = data.position
    account.order_quantity_limit = data.order_quantity_limit
    state.accounts.terms[number].open_quantity_limit = data.open_quantity_limit
    set_open_orders_limit(account, &state.accounts.terms[number], data.open_orders_limit)
    set_position_limit(account, data.position_limit)
    if not load_notional(&state.accounts.terms[number].notional, data.presence, data.order_scale, data.gross_scale,
                         notional_join(data.order_low, data.order_high), notional_join(data.gross_low, data.gross_high)):
        return b"an account has a notional limit that cannot be"
    if not position_fits(account, account.position):
        return b"an account's position does not fit 63 bits"
    set_account_flags(state, number)
    return NULL


cdef const char* check_positions(const EngineState* state) noexcept nogil:
    """Positions of all in an instrument add up to what PositionAdjust has put there."""
    cdef uint64_t* sums = <uint64_t*> calloc(<size_t> state.instruments_count + 1, sizeof(uint64_t))
    cdef const char* fault = NULL
    cdef uint32_t i
    if sums is NULL:
        return b"no memory for it"
    for i in range(1, state.accounts.count + 1):
        sums[state.accounts.accounts[i].instrument] += <uint64_t> state.accounts.accounts[i].position
    for i in range(1, state.instruments_count + 1):
        if sums[i] != state.instruments[i].position_adjusted:
            fault = b"an instrument's positions do not add up"
    free(sums)
    return fault


cdef const char* load_accounts(EngineState* state, const AccountState* data, uint64_t count) noexcept nogil:
    cdef const char* fault
    cdef uint64_t i
    for i in range(count):
        fault = load_account(state, &data[i])
        if fault is not NULL:
            return fault
    return check_positions(state)


# ------------------------------------------------------------------------------------ sessions, instruments

cdef const char* load_sessions(EngineState* state, const SessionState* data) noexcept nogil:
    cdef uint32_t id
    for id in range(1, state.sessions_count + 1):
        if not 0 < data.participant <= state.participants_count:
            return b"a session names an unknown participant"
        if (not is_name(data.name) or data.flags & ~(DISABLED | CANCEL_ON_DISCONNECT | RIGHTS_MASK) or data.logged_on > 1
                or data.mark < 0):
            return b"a session has no name, or a flag or mark that cannot be"
        state.sessions[id].participant = data.participant
        state.sessions[id].flags = data.flags
        state.sessions[id].logged_on = data.logged_on
        set_senders(&state.sessions[id])
        state.sessions[id].mark = data.mark
        state.sessions[id].report_number = data.report_number
        if not load_name(state, OF_SESSIONS, id, data.name):
            return b"two sessions have the same name"
        data += 1
    return NULL


cdef bint are_terms(const InstrumentState* data) noexcept nogil:
    return (data.price_scale <= SCALE_MAX and data.qty_scale <= SCALE_MAX and data.tick_size >= 1 and data.lot_size >= 1
            and data.iceberg_parts_max >= 1 and not data.terms_flags & ~(PRICE_MAY_BE_NEGATIVE | HIDDEN_ALLOWED)
            and CLOSED <= data.phase <= HALTED and not data.flags & ~DISABLED and is_name(data.name))


cdef bint are_limits(const InstrumentState* data) noexcept nogil:
    cdef uint16_t given = data.limits_presence
    if given & ~(HAS_REFERENCE_PRICE | HAS_COLLAR | HAS_DYNAMIC_BAND | HAS_STATIC_BAND | HAS_CALL_DURATION | HAS_MAX_ORDER_QUANTITY):
        return False
    if given & HAS_REFERENCE_PRICE and not is_price(data.reference_price, data.tick_size, data.terms_flags):
        return False
    if (data.collar < 0 or data.dynamic_band < 0 or data.static_band < 0 or data.call_duration < 0
            or data.max_order_quantity < 0):
        return False
    if (not given & HAS_REFERENCE_PRICE and data.reference_price or not given & HAS_COLLAR and data.collar
            or not given & HAS_DYNAMIC_BAND and data.dynamic_band or not given & HAS_STATIC_BAND and data.static_band):
        return False        # what is not set is 0
    if given & (HAS_DYNAMIC_BAND | HAS_STATIC_BAND) and not given & HAS_CALL_DURATION:
        return False
    return (data.call_duration > 0) == ((given & HAS_CALL_DURATION) != 0) \
        and (data.max_order_quantity > 0) == ((given & HAS_MAX_ORDER_QUANTITY) != 0)


cdef void load_prices(Instrument* instrument, const InstrumentState* data) noexcept nogil:
    instrument.has_last_price = (data.presence & HAS_LAST_PRICE) != 0
    instrument.last_price = data.last_price
    instrument.has_auction_price = (data.presence & HAS_AUCTION_PRICE) != 0
    instrument.auction_price = data.auction_price
    instrument.reported_price = data.reported_price
    instrument.reported_quantity = data.reported_quantity


cdef void load_limits(Instrument* instrument, const InstrumentState* data) noexcept nogil:
    instrument.limits_presence = data.limits_presence
    instrument.reference_price = data.reference_price
    instrument.collar = data.collar
    instrument.dynamic_band = data.dynamic_band
    instrument.static_band = data.static_band
    instrument.call_duration = data.call_duration
    instrument.max_order_quantity = data.max_order_quantity


cdef const char* load_instrument(EngineState* state, Instrument* instrument, const InstrumentState* data) noexcept nogil:
    if not are_terms(data) or not are_limits(data):
        return b"an instrument has a name, terms or limits that cannot be"
    if (data.presence & ~(HAS_LAST_PRICE | HAS_REPORTED_PRICE | HAS_AUCTION_PRICE) or data.reported_quantity < 0
            or data.last_price % data.tick_size != 0 or data.auction_price % data.tick_size != 0
            or data.presence & HAS_LAST_PRICE and data.phase == CLOSED
            or data.call_end != 0 and (data.phase != VOLATILITY_CALL or data.call_end <= state.time)):
        return b"an instrument has a price or an end of a call that cannot be"
    instrument.flags = data.flags
    instrument.terms_flags = data.terms_flags
    instrument.price_scale, instrument.qty_scale = data.price_scale, data.qty_scale
    instrument.tick_size, instrument.lot_size = data.tick_size, data.lot_size
    instrument.iceberg_parts_max = data.iceberg_parts_max
    instrument.phase = data.phase
    instrument.trade_date = data.trade_date
    instrument.call_end = data.call_end
    instrument.position_adjusted = data.position_adjusted
    memcpy(instrument.currency, data.currency, CURRENCY_BYTES)
    load_prices(instrument, data)
    load_limits(instrument, data)
    set_watch(instrument)
    if prepare_instrument(state, instrument) != 0:
        return b"no memory for it"
    return NULL


cdef const char* load_instruments(EngineState* state, const InstrumentState* data) noexcept nogil:
    cdef const char* fault
    cdef uint32_t id
    for id in range(1, state.instruments_count + 1):
        fault = load_instrument(state, &state.instruments[id], data)
        if fault is not NULL:
            return fault
        if not load_name(state, OF_INSTRUMENTS, id, data.name):
            return b"two instruments have the same name"
        data += 1
    return NULL


# --------------------------------------------------------------------------------------------------- state

cdef const char* load_state(EngineState* state, const char* data, size_t size) noexcept nogil:
    cdef const StateHeader* header = <const StateHeader*> data
    cdef Sections sections
    cdef const char* fault = check_header(header, size)
    if fault is not NULL:
        return fault
    if (take_order_memory(state, <uint32_t> header.order_capacity) != 0
            or make_room(state, OF_PARTICIPANTS, header.participants) != 0
            or make_room(state, OF_SESSIONS, header.sessions) != 0
            or make_room(state, OF_INSTRUMENTS, header.instruments) != 0):
        return b"no memory for it"
    sections = sections_of(header)
    load_header(state, header)
    fault = load_participants(state, sections.participants)
    if fault is NULL:
        fault = load_currencies(state, sections.currencies, header.notional_limits)
    if fault is NULL:
        fault = load_sessions(state, sections.sessions)
    if fault is NULL:
        fault = load_instruments(state, sections.instruments)
    if fault is NULL:
        fault = load_accounts(state, sections.accounts, header.accounts)
    if fault is NULL:
        fault = load_orders(state, sections.orders, header.orders)
    if fault is NULL:
        deadlines_refresh(state)
    return fault
