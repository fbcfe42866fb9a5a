"""The rare half of risk: the message rate, notional, collars, new accounts. Rule 13 of docs/rules.md."""

from libc.stdint cimport INT64_MAX, INT64_MIN, int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcmp

from pricetime.matching.accounts cimport (
    ACCOUNTS_MAX, CURRENCY_BYTES, GROSS_TRACKED, NOTIONAL_LIMITED, POSITION_LIMITED, Account, NotionalLimits,
    account_find, account_put,
)
from pricetime.matching.memory cimport CACHE_LINE
from pricetime.matching.notional cimport NOTIONAL_END, Notional, notional_of
from pricetime.matching.order_pool cimport Order, slot_from_ends
from pricetime.matching.protection cimport moved_by_collar, reference_of
from pricetime.matching.records cimport *
from pricetime.matching.state cimport EngineState, Instrument, Participant, Session, instrument_id, side_index

assert sizeof(Participant) == CACHE_LINE and sizeof(Session) == CACHE_LINE

cdef struct RiskQuestion:
    # What check_risk is given.
    uint32_t session
    uint32_t slot
    uint16_t attributes
    int64_t price
    int64_t stop_price
    int64_t total
    int64_t open_quantity


# --------------------------------------------------------------------------------------------- the sender

cdef bint take_token(Participant* participant, int64_t now) noexcept nogil:
    """Fill the bucket up to now; False where there is no token in it."""
    cdef uint64_t elapsed = <uint64_t> now - <uint64_t> participant.rate_time
    cdef uint64_t full = <uint64_t> (participant.rate_tokens * participant.rate_interval)
    participant.rate_time = now
    if elapsed >= <uint64_t> participant.rate_interval:     # an interval fills it: and nothing below can wrap
        participant.rate_level = full
    else:
        participant.rate_level += elapsed * <uint64_t> participant.rate_tokens
        if participant.rate_level > full:
            participant.rate_level = full
    if participant.rate_level < <uint64_t> participant.rate_interval:
        return False
    participant.rate_level -= <uint64_t> participant.rate_interval
    return True


cdef uint8_t check_sender(EngineState* state, const Session* session, Participant* participant) noexcept nogil:
    if session.flags & DISABLED:
        return SESSION_DISABLED
    if participant.flags & DISABLED:
        return PARTICIPANT_DISABLED
    if participant.flags & BLOCKED:
        return KILL_SWITCH_ON
    if participant.presence & HAS_MESSAGE_RATE and not take_token(participant, state.time):
        return MESSAGE_RATE
    return NONE


# ----------------------------------------------------------------------------------------------- the price

cdef int64_t unpriced_risk(const Instrument* instrument, const RiskQuestion* question) noexcept nogil:
    cdef int type = order_type(question.attributes)
    cdef int64_t price
    if type == LIMIT or type == STOP_LIMIT:
        return question.price
    if type == STOP:
        price = question.stop_price
    elif not reference_of(instrument, &price):
        return 0
    return moved_by_collar(instrument, side_index(question.attributes), price)


cdef uint8_t check_collar(const Instrument* instrument, const RiskQuestion* question, bint notional) noexcept nogil:
    cdef int type = order_type(question.attributes), side = side_index(question.attributes)
    cdef bint collar = (instrument.limits_presence & HAS_COLLAR) != 0
    cdef int64_t reference, edge
    cdef bint known = reference_of(instrument, &reference)
    if type == LIMIT and collar and known:
        edge = moved_by_collar(instrument, side, reference)
        if question.price > edge if side == 0 else question.price < edge:
            return PRICE_COLLAR
    elif (type == MARKET or type == MARKET_WITH_LEFT_OVER_AS_LIMIT) and not known and (collar or notional):
        return NO_REFERENCE_PRICE
    return NONE


# ------------------------------------------------------------------------------------------------ notional

cdef uint32_t currency_place(const Participant* participant, const char* currency) noexcept nogil:
    cdef uint32_t i
    for i in range(participant.currencies_count):
        if memcmp(participant.currencies[i].currency, currency, CURRENCY_BYTES) == 0:
            return i + 1
    return 0


cdef inline int notional_scale(const Instrument* instrument) noexcept nogil:
    return instrument.price_scale + instrument.qty_scale


cdef inline uint32_t flags_of(uint16_t presence) noexcept nogil:
    """The Account.flags that come from notional limits."""
    return ((NOTIONAL_LIMITED if presence else 0) | (GROSS_TRACKED if presence & HAS_GROSS_NOTIONAL_LIMIT else 0))


cdef inline uint32_t limits_before_opening(const EngineState* state, uint32_t participant, const Instrument* instrument) noexcept nogil:
    cdef const Participant* owner = &state.participants[participant]
    cdef uint32_t place = currency_place(owner, instrument.currency)
    return flags_of(owner.currencies[place - 1].presence) if place else 0


cdef NotionalLimits* limits_that_hold(EngineState* state, uint32_t account, uint32_t participant, const Instrument* instrument,
                                      int which) noexcept nogil:
    """The notional limits of an account (which = 0) or of its participant in the instrument's currency (1); NULL: none.
    Account 0 is one that is not open yet."""
    cdef Participant* owner = &state.participants[participant]
    cdef NotionalLimits* limits = &state.accounts.terms[account].notional
    cdef uint32_t place
    if which == 1:
        place = limits.currency_place if account else currency_place(owner, instrument.currency)
        if place == 0:
            return NULL
        limits = &owner.currencies[place - 1]
    return limits if limits.presence else NULL


cdef uint8_t check_order_notional(EngineState* state, const Instrument* instrument, uint32_t participant,
                                  const RiskQuestion* question, const RiskAnswer* answer) noexcept nogil:
    cdef const NotionalLimits* limits
    cdef int which
    for which in range(2):
        limits = limits_that_hold(state, answer.account, participant, instrument, which)
        if limits is not NULL and limits.presence & HAS_ORDER_NOTIONAL_LIMIT and notional_of(
                answer.risk_price, question.total, notional_scale(instrument), limits.order_scale) > limits.order_limit:
            return ORDER_NOTIONAL_LIMIT
    return NONE


cdef uint8_t check_gross(EngineState* state, const Instrument* instrument, uint32_t participant,
                         const RiskQuestion* question, const RiskAnswer* answer) noexcept nogil:
    cdef const NotionalLimits* limits
    cdef const Order* old = &state.pool.orders[question.slot]
    cdef Notional gross
    cdef int which, scale = notional_scale(instrument)
    for which in range(2):
        limits = limits_that_hold(state, answer.account, participant, instrument, which)
        if limits is NULL or not limits.presence & HAS_GROSS_NOTIONAL_LIMIT:
            continue
        gross = limits.gross
        if question.slot:
            gross -= notional_of(risk_price_of(state, old), old.leaves, scale, limits.gross_scale)
        gross += notional_of(answer.risk_price, question.open_quantity, scale, limits.gross_scale)
        if gross > limits.gross_limit:
            return GROSS_NOTIONAL_LIMIT
    return NONE


cdef uint8_t check_sums(EngineState* state, const Instrument* instrument, uint32_t participant,
                        const RiskQuestion* question, const RiskAnswer* answer, uint32_t flags, bint overflow) noexcept nogil:
    cdef uint8_t reason = NONE
    if overflow and flags & POSITION_LIMITED:
        return POSITION_LIMIT
    if flags & GROSS_TRACKED:
        reason = check_gross(state, instrument, participant, question, answer)
    return OVERFLOW if overflow and not reason else reason


cdef uint32_t account_sought(EngineState* state, Session* session, uint32_t instrument) noexcept nogil:
    cdef uint32_t account = account_find(&state.accounts, session.participant, instrument)
    if account != 0:
        session.account = account
        session.account_instrument = instrument
    return account


cdef uint8_t check_all(EngineState* state, Instrument* instrument, const RiskQuestion* question,
                       RiskAnswer* answer) noexcept nogil:
    """Every check, whatever is on; what answer says beside the reason."""
    cdef Session* session = &state.sessions[question.session]
    cdef Participant* participant = &state.participants[session.participant]
    cdef int type = order_type(question.attributes)
    cdef const Account* account
    cdef uint32_t flags
    cdef bint overflow = False
    cdef uint8_t reason = check_sender(state, session, participant)
    if reason:
        return reason
    answer.account = account_of(state, session, instrument_id(state, instrument), question.slot)
    account = &state.accounts.accounts[answer.account]
    flags = account.flags if answer.account else limits_before_opening(state, session.participant, instrument)
    answer.risk_price = question.price if type == LIMIT else unpriced_risk(instrument, question)
    if <uint64_t> question.total > <uint64_t> account.order_quantity_limit:
        return ORDER_QUANTITY_LIMIT
    if flags & NOTIONAL_LIMITED:
        reason = check_order_notional(state, instrument, session.participant, question, answer)
        if reason:
            return reason
    reason = check_collar(instrument, question, (flags & NOTIONAL_LIMITED) != 0)
    if not reason:
        reason = check_counts(state, participant, answer.account, question.slot == 0, state.pool.orders[question.slot].leaves,
                              side_index(question.attributes), question.open_quantity, &overflow)
    if not reason and (overflow or flags & GROSS_TRACKED):
        reason = check_sums(state, instrument, session.participant, question, answer, flags, overflow)
    if reason:
        return reason
    if question.slot == 0 and state.pool.live == state.pool.capacity:
        return ORDER_POOL_FULL
    return ACCOUNTS_FULL if answer.account == 0 and state.accounts.count == ACCOUNTS_MAX else NONE


cdef RiskAnswer check_risk_closely(EngineState* state, uint32_t instrument, uint32_t session, uint32_t slot,
                                   uint16_t attributes, int64_t price, int64_t stop_price, int64_t total,
                                   int64_t open_quantity) noexcept nogil:
    cdef RiskQuestion question = RiskQuestion(session, slot, attributes, price, stop_price, total, open_quantity)
    cdef RiskAnswer answer = RiskAnswer(NONE, 0, price)
    answer.reason = check_all(state, &state.instruments[instrument], &question, &answer)
    return answer


cdef void follow_gross(EngineState* state, const Order* order, int64_t before, int64_t after) noexcept nogil:
    cdef const Instrument* instrument = &state.instruments[order.instrument]
    cdef uint32_t participant = state.accounts.accounts[order.account].participant
    cdef int64_t price = risk_price_of(state, order)
    cdef NotionalLimits* limits
    cdef int which, scale = notional_scale(instrument)
    for which in range(2):
        limits = limits_that_hold(state, order.account, participant, instrument, which)
        if limits is not NULL and limits.presence & HAS_GROSS_NOTIONAL_LIMIT:
            limits.gross += notional_of(price, after, scale, limits.gross_scale)
            limits.gross -= notional_of(price, before, scale, limits.gross_scale)


cdef Notional open_notional(const EngineState* state, uint32_t participant, uint32_t instrument, const char* currency,
                            int scale) noexcept nogil:
    cdef Notional sum = 0
    cdef const Order* order
    cdef uint32_t slot, seen = 0, left = state.participants[participant].open_orders
    while left != 0:
        slot = slot_from_ends(&state.pool, seen)
        seen += 1
        order = &state.pool.orders[slot]
        if order.session == 0 or state.sessions[order.session].participant != participant:
            continue
        left -= 1
        if instrument != 0 and order.instrument != instrument or instrument == 0 and memcmp(
                state.instruments[order.instrument].currency, currency, CURRENCY_BYTES) != 0:
            continue
        sum += notional_of(risk_price_of(state, order), order.leaves,
                           notional_scale(&state.instruments[order.instrument]), scale)
        if sum >= NOTIONAL_END:
            return NOTIONAL_END
    return sum


# ------------------------------------------------------------------------------------------------ accounts

cdef void set_account_flags(EngineState* state, uint32_t account) noexcept nogil:
    cdef Account* hot = &state.accounts.accounts[account]
    cdef NotionalLimits* own = &state.accounts.terms[account].notional
    cdef Participant* participant = &state.participants[hot.participant]
    own.currency_place = <uint8_t> currency_place(participant, state.instruments[hot.instrument].currency)
    hot.flags = (hot.flags & POSITION_LIMITED) | flags_of(own.presence)
    if own.currency_place:
        hot.flags |= flags_of(participant.currencies[own.currency_place - 1].presence)
    account_room(state, account)


cdef uint32_t account_open(EngineState* state, uint32_t participant, uint32_t instrument) noexcept nogil:
    cdef uint32_t account = account_find(&state.accounts, participant, instrument)
    if account == 0:
        account = account_put(&state.accounts, participant, instrument)
        set_account_flags(state, account)
    return account


cdef int64_t account_room(EngineState* state, uint32_t number) noexcept nogil:
    cdef Account* account = &state.accounts.accounts[number]
    cdef uint64_t open_quantity = account.open_quantity[0] + account.open_quantity[1]
    cdef uint64_t limit = <uint64_t> state.accounts.terms[number].open_quantity_limit
    cdef int64_t worst = 0, side, left
    account.room = INT64_MIN
    if account.flags & (NOTIONAL_LIMITED | GROSS_TRACKED) or open_quantity > limit:
        return INT64_MIN
    left = <int64_t> min(limit - open_quantity, <uint64_t> INT64_MAX)
    for side in range(2):
        if add_overflows((account.position ^ -side) + side, account.open_quantity[side], &worst) or worst > account.position_limit:
            return INT64_MIN
        if worst > account.position_limit - left:       # both ends of this difference are 0 or more
            left = account.position_limit - worst
    account.room = left
    return left


cdef bint position_fits(const Account* account, int64_t position) noexcept nogil:
    cdef int64_t worst
    return (position >= -INT64_MAX and not add_overflows(position, account.open_quantity[0], &worst)
            and not add_overflows(-position, account.open_quantity[1], &worst))
