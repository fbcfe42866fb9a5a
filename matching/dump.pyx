"""The canonical state as bytes. Rule 9; layout in canonical.pxd."""

from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint32_t
from libc.stdlib cimport qsort
from libc.string cimport memcpy, memset

from pricetime.matching.accounts cimport POSITION_LIMITED, Account, AccountTerms, NotionalLimits
from pricetime.matching.canonical cimport (
    AccountState, InstrumentState, NotionalLimitsState, OrderState, ParticipantState, SessionState, StateHeader,
)
from pricetime.matching.checksum cimport digest_high, digest_low
from pricetime.matching.notional cimport notional_high, notional_low
from pricetime.matching.order_pool cimport (
    ASIDE, HIDDEN, ICEBERG, RISK_PRICED, SELF_MATCH_ID, STOP_ELECTED, STOP_WAITING, TIMED, Extra, Order,
)
from pricetime.matching.level_tree cimport Level
from pricetime.matching.price_ladder cimport ladder_below
from pricetime.matching.records cimport *
from pricetime.matching.state cimport EngineState, Instrument, Participant, side_index


cdef size_t tables_size(const EngineState* state) noexcept nogil:
    return (sizeof(StateHeader) + state.participants_count * sizeof(ParticipantState)
            + currencies_of_all(state) * sizeof(NotionalLimitsState) + state.accounts.count * sizeof(AccountState)
            + state.sessions_count * sizeof(SessionState) + state.instruments_count * sizeof(InstrumentState))


cdef size_t dump_size(const EngineState* state) noexcept nogil:
    return tables_size(state) + state.pool.live * sizeof(OrderState)


cdef uint32_t currencies_of_all(const EngineState* state) noexcept nogil:
    cdef uint32_t id, count = 0
    for id in range(1, state.participants_count + 1):
        count += state.participants[id].currencies_count
    return count


cdef void dump_header(const EngineState* state, StateHeader* out) noexcept nogil:
    memcpy(out.magic, STATE_MAGIC, 8)
    out.rules_version = RULES_VERSION
    out.shard = state.shard
    out.sequence = state.sequence
    out.time = state.time
    out.last_order_id = state.last_order_id
    out.last_exec_id = state.last_exec_id
    out.last_trd_match_id = state.last_trd_match_id
    out.last_age = state.last_age
    out.run = state.run
    out.event_digest_low = digest_low(&state.event_digest)
    out.event_digest_high = digest_high(&state.event_digest)
    out.order_capacity = state.pool.capacity
    out.participants = state.participants_count
    out.notional_limits = currencies_of_all(state)
    out.accounts = state.accounts.count
    out.sessions = state.sessions_count
    out.instruments = state.instruments_count
    out.orders = state.pool.live


# ------------------------------------------------------------------------------------------------- tables

cdef ParticipantState* dump_participants(const EngineState* state, ParticipantState* out) noexcept nogil:
    cdef const Participant* participant
    cdef uint32_t id
    for id in range(1, state.participants_count + 1):
        participant = &state.participants[id]
        out.id = id
        out.flags = participant.flags
        out.presence = participant.presence
        out.open_orders_limit = participant.open_orders_limit
        out.rate_tokens = participant.rate_tokens
        out.rate_interval = participant.rate_interval
        out.rate_level = <int64_t> participant.rate_level
        out.rate_time = participant.rate_time
        memcpy(out.name, state.participant_names[id].text, NAME_BYTES)
        out += 1
    return out


cdef NotionalLimitsState* dump_currencies(const EngineState* state, NotionalLimitsState* out) noexcept nogil:
    cdef const NotionalLimits* limits
    cdef uint32_t id, i
    for id in range(1, state.participants_count + 1):
        for i in range(state.participants[id].currencies_count):
            limits = &state.participants[id].currencies[i]
            out.participant = id
            out.presence = limits.presence
            out.order_scale = limits.order_scale
            out.gross_scale = limits.gross_scale
            memcpy(out.currency, limits.currency, sizeof(out.currency))
            out.order_low, out.order_high = notional_low(limits.order_limit), notional_high(limits.order_limit)
            out.gross_low, out.gross_high = notional_low(limits.gross_limit), notional_high(limits.gross_limit)
            out += 1
    return out


cdef int by_owner(const void* one, const void* other) noexcept nogil:
    cdef const AccountState* a = <const AccountState*> one
    cdef const AccountState* b = <const AccountState*> other
    if a.participant != b.participant:
        return -1 if a.participant < b.participant else 1
    return -1 if a.instrument < b.instrument else 1


cdef AccountState* dump_accounts(const EngineState* state, AccountState* out) noexcept nogil:
    """In the order of their numbers, then sorted where they lie."""
    cdef AccountState* first = out
    cdef const Account* account
    cdef const AccountTerms* terms
    cdef uint32_t i
    for i in range(1, state.accounts.count + 1):
        account = &state.accounts.accounts[i]
        terms = &state.accounts.terms[i]
        out.participant = account.participant
        out.instrument = account.instrument
        out.position = account.position
        out.order_quantity_limit = account.order_quantity_limit
        out.open_orders_limit = terms.open_orders_limit
        out.open_quantity_limit = terms.open_quantity_limit
        out.position_limit = account.position_limit if account.flags & POSITION_LIMITED else NO_LIMIT
        out.presence = terms.notional.presence
        out.order_scale = terms.notional.order_scale
        out.gross_scale = terms.notional.gross_scale
        out.order_low, out.order_high = notional_low(terms.notional.order_limit), notional_high(terms.notional.order_limit)
        out.gross_low, out.gross_high = notional_low(terms.notional.gross_limit), notional_high(terms.notional.gross_limit)
        out += 1
    qsort(first, state.accounts.count, sizeof(AccountState), by_owner)
    return out


cdef void dump_session(const EngineState* state, uint32_t id, SessionState* out) noexcept nogil:
    out.id = id
    out.participant = state.sessions[id].participant
    out.flags = state.sessions[id].flags
    out.logged_on = state.sessions[id].logged_on
    out.mark = state.sessions[id].mark
    out.report_number = state.sessions[id].report_number
    memcpy(out.name, state.session_names[id].text, NAME_BYTES)


cdef SessionState* dump_sessions(const EngineState* state, SessionState* out) noexcept nogil:
    cdef uint32_t id
    for id in range(1, state.sessions_count + 1):
        dump_session(state, id, out)
        out += 1
    return out


cdef void dump_prices(const Instrument* instrument, InstrumentState* out) noexcept nogil:
    if instrument.has_last_price:
        out.presence |= HAS_LAST_PRICE
        out.last_price = instrument.last_price
    if instrument.reported_quantity:
        out.presence |= HAS_REPORTED_PRICE
        out.reported_price = instrument.reported_price
        out.reported_quantity = instrument.reported_quantity
    if instrument.has_auction_price:
        out.presence |= HAS_AUCTION_PRICE
        out.auction_price = instrument.auction_price


cdef InstrumentState* dump_instruments(const EngineState* state, InstrumentState* out) noexcept nogil:
    cdef const Instrument* instrument
    cdef uint32_t id
    for id in range(1, state.instruments_count + 1):
        instrument = &state.instruments[id]
        out.id = id
        out.flags = instrument.flags
        out.terms_flags = instrument.terms_flags
        out.price_scale = instrument.price_scale
        out.qty_scale = instrument.qty_scale
        out.phase = instrument.phase
        dump_prices(instrument, out)
        out.limits_presence = instrument.limits_presence
        out.iceberg_parts_max = instrument.iceberg_parts_max
        out.tick_size = instrument.tick_size
        out.lot_size = instrument.lot_size
        out.reference_price = instrument.reference_price
        out.collar = instrument.collar
        out.dynamic_band = instrument.dynamic_band
        out.static_band = instrument.static_band
        out.call_duration = instrument.call_duration
        out.max_order_quantity = instrument.max_order_quantity
        out.trade_date = instrument.trade_date
        out.call_end = instrument.call_end
        out.position_adjusted = instrument.position_adjusted
        memcpy(out.currency, instrument.currency, sizeof(out.currency))
        memcpy(out.name, state.instrument_names[id].text, NAME_BYTES)
        out += 1
    return out


# ------------------------------------------------------------------------------------------------- orders

cdef void dump_extra(const Order* order, const Extra* extra, OrderState* out) noexcept nogil:
    """What makes an order more than a plain one."""
    if order.flags & (ICEBERG | HIDDEN):
        out.presence |= HAS_DISPLAY_QUANTITY
        out.display_quantity = extra.display_quantity
    if order.flags & STOP_WAITING:
        out.presence |= HAS_STOP_PRICE
        out.stop_price = extra.stop_price
        out.standing = ELECTED_STOP if order.flags & STOP_ELECTED else WAITING_STOP
    elif order.flags & ASIDE:
        out.standing = SET_ASIDE
    elif order.flags & ICEBERG:
        out.shown_quantity = extra.shown
    if order.flags & TIMED:
        out.presence |= HAS_EXPIRE_TIME
        out.expire_time = extra.expire_time
    if order.flags & SELF_MATCH_ID:
        out.presence |= HAS_SELF_MATCH_PREVENTION
        out.self_match_id = extra.self_match_id
        out.self_match_instruction = extra.self_match_instruction
    if is_aged(order.attributes, order.flags):
        out.age = extra.age
    if order.flags & RISK_PRICED:
        out.risk_price = extra.risk_price


cdef void dump_order(const EngineState* state, uint32_t slot, OrderState* out) noexcept nogil:
    cdef const Order* order = &state.pool.orders[slot]
    memset(out, 0, sizeof(OrderState))
    out.order_id = order.order_id
    out.cl_ord_id = order.cl_ord_id
    out.session = order.session
    out.instrument = order.instrument
    out.price = order.price
    out.leaves_qty = order.leaves
    out.cum_qty = order.filled
    out.attributes = order.attributes
    out.risk_price = order.price
    if order.flags:
        dump_extra(order, &state.pool.extras[slot], out)


cdef OrderState* dump_orders_of(const EngineState* state, uint32_t participant, uint32_t instrument,
                                OrderState* out) noexcept nogil:
    cdef const Order* order
    cdef uint32_t slot
    for slot in range(1, state.pool.touched + 1):
        order = &state.pool.orders[slot]
        if order.session != 0 and state.sessions[order.session].participant == participant and (
                instrument == 0 or order.instrument == instrument):
            dump_order(state, slot, out)
            out += 1
    return out


cdef OrderState* dump_queue(const EngineState* state, uint32_t slot, OrderState* out) noexcept nogil:
    """One queue from its oldest order on; returns where the next goes."""
    while slot != 0:
        dump_order(state, slot, out)
        out += 1
        slot = state.pool.orders[slot].next
    return out


cdef OrderState* dump_book(EngineState* state, Instrument* instrument, OrderState* out) noexcept nogil:
    cdef const Level* level
    cdef uint32_t index
    cdef int side
    for side in range(2):
        out = dump_queue(state, instrument.market[side].head, out)
        index = instrument.ladders[side].best
        while index != 0:
            level = &state.level_pool.levels[index]
            out = dump_queue(state, level.head, out)
            out = dump_queue(state, level.hidden_head, out)
            index = ladder_below(&instrument.ladders[side], &state.level_pool, level.key)
    return out


cdef int by_wait(const void* one, const void* other) noexcept nogil:
    """Orders outside the book: by instrument; stops, buys from the lowest StopPx, sells from the highest; what is set aside;
    each by age."""
    cdef const OrderState* a = <const OrderState*> one
    cdef const OrderState* b = <const OrderState*> other
    cdef int kind = (a.standing == SET_ASIDE) - (b.standing == SET_ASIDE)
    cdef int side = side_index(a.attributes) - side_index(b.attributes)
    if a.instrument != b.instrument:
        return -1 if a.instrument < b.instrument else 1
    if kind != 0:
        return kind
    if a.standing != SET_ASIDE:
        if side != 0:
            return side
        if a.stop_price != b.stop_price:
            return -1 if (a.stop_price < b.stop_price) == (side_index(a.attributes) == 0) else 1
    return -1 if a.age < b.age else a.age > b.age


cdef OrderState* dump_outside(const EngineState* state, OrderState* end) noexcept nogil:
    """All orders outside the books, sorted, up to `end`; returns the first."""
    cdef OrderState* first = end
    cdef uint32_t slot
    for slot in range(1, state.pool.touched + 1):
        if state.pool.orders[slot].session != 0 and state.pool.orders[slot].flags & (STOP_WAITING | ASIDE):
            first -= 1
            dump_order(state, slot, first)
    qsort(first, end - first, sizeof(OrderState), by_wait)
    return first


cdef void dump_orders(EngineState* state, OrderState* out) noexcept nogil:
    """Each instrument's book, then its orders outside. These wait at the end of the room until the books before them are in."""
    cdef OrderState* end = out + state.pool.live
    cdef OrderState* outside = dump_outside(state, end)
    cdef uint32_t id
    for id in range(1, state.instruments_count + 1):
        out = dump_book(state, &state.instruments[id], out)
        while outside != end and outside.instrument == id:
            out[0] = outside[0]
            out += 1
            outside += 1


cdef void dump_tables(const EngineState* state, char* out) noexcept nogil:
    cdef ParticipantState* participants = <ParticipantState*> (out + sizeof(StateHeader))
    cdef NotionalLimitsState* currencies
    cdef AccountState* accounts
    cdef SessionState* sessions
    memset(out, 0, tables_size(state))
    dump_header(state, <StateHeader*> out)
    currencies = <NotionalLimitsState*> dump_participants(state, participants)
    accounts = <AccountState*> dump_currencies(state, currencies)
    sessions = <SessionState*> dump_accounts(state, accounts)
    dump_instruments(state, <InstrumentState*> dump_sessions(state, sessions))


cdef void dump_state(EngineState* state, char* out) noexcept nogil:
    dump_tables(state, out)
    dump_orders(state, <OrderState*> (out + tables_size(state)))
