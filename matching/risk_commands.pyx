"""RiskLimits, PositionAdjust and KillSwitch: checks in the order in which rule 13 has them, then what they set."""

from libc.stdint cimport INT64_MAX, UINT64_MAX, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc
from libc.string cimport memcmp, memcpy

from pricetime.matching.accounts cimport (
    ACCOUNTS_MAX, CURRENCIES_MAX, CURRENCY_BYTES, Account, AccountTerms, NotionalLimits, account_find,
    set_open_orders_limit, set_position_limit,
)
from pricetime.matching.definitions cimport find_line
from pricetime.matching.events cimport EventSink
from pricetime.matching.mass_cancel cimport select_participant
from pricetime.matching.notional cimport NOTIONAL_END, NOTIONAL_SCALE_MAX, Notional, notional_join
from pricetime.matching.placing cimport cancel_order
from pricetime.matching.records cimport *
from pricetime.matching.reports cimport report_outcome
from pricetime.matching.risk cimport account_open, account_room, currency_place, open_notional, position_fits, set_account_flags
from pricetime.matching.selection cimport Selection
from pricetime.matching.state cimport EngineState, Instrument, Participant, instrument_known

cdef enum:
    PARTICIPANT_ORDER_LIMITS = HAS_MESSAGE_RATE | HAS_ORDER_NOTIONAL_LIMIT
    PARTICIPANT_OPEN_LIMITS = HAS_OPEN_ORDERS_LIMIT | HAS_GROSS_NOTIONAL_LIMIT
    ACCOUNT_ORDER_LIMITS = HAS_ORDER_QUANTITY_LIMIT | HAS_ORDER_NOTIONAL_LIMIT

cdef struct NotionalGiven:
    # What a line says of a notional limit.
    bint given
    bint taken_away
    Notional limit
    uint8_t scale
    char currency[8]

cdef struct LimitsGiven:
    # Both lines of a RiskLimits, absent ones as lines without any presence bit.
    uint32_t participant
    uint32_t instrument         # 0: the participant's own limits
    RiskOrderLimitsLine order
    RiskOpenLimitsLine open
    NotionalGiven order_notional
    NotionalGiven gross_notional


# ------------------------------------------------------------------------------------------------- reading

cdef NotionalGiven read_notional(bint given, uint64_t low, uint64_t high, uint8_t scale, const char* currency) noexcept nogil:
    cdef NotionalGiven notional
    notional.given = given
    notional.taken_away = low == UINT64_MAX and high == UINT64_MAX
    notional.limit = notional_join(low, high)
    notional.scale = scale
    memcpy(notional.currency, currency, CURRENCY_BYTES)
    return notional


cdef LimitsGiven read_limits(const CommandLine* command) noexcept nogil:
    cdef const RiskOrderLimitsLine* order = <const RiskOrderLimitsLine*> find_line(command, RISK_ORDER_LIMITS_LINE)
    cdef const RiskOpenLimitsLine* open = <const RiskOpenLimitsLine*> find_line(command, RISK_OPEN_LIMITS_LINE)
    cdef LimitsGiven given
    given.participant = <uint32_t> command.target
    given.instrument = command.instrument
    given.order.presence = given.open.presence = 0
    given.order_notional.given = given.gross_notional.given = False
    if order is not NULL:
        given.order = order[0]
        given.order_notional = read_notional((order.presence & HAS_ORDER_NOTIONAL_LIMIT) != 0, order.order_notional_low,
                                             order.order_notional_high, order.notional_scale, order.currency)
    if open is not NULL:
        given.open = open[0]
        given.gross_notional = read_notional((open.presence & HAS_GROSS_NOTIONAL_LIMIT) != 0, open.gross_notional_low,
                                             open.gross_notional_high, open.notional_scale, open.currency)
    return given


# -------------------------------------------------------------------------------------------------- checks

cdef bint is_rate(int64_t tokens, int64_t interval) noexcept nogil:
    return tokens == NO_LIMIT or (tokens > 0 and interval > 0 and tokens <= INT64_MAX // interval)


cdef bint is_notional(const NotionalGiven* notional, const Instrument* instrument) noexcept nogil:
    """`instrument`: of an account, whose currency is the instrument's; NULL: a participant's."""
    cdef const char* none = b"\0\0\0\0\0\0\0"
    if notional.scale > NOTIONAL_SCALE_MAX or (not notional.taken_away and notional.limit >= NOTIONAL_END):
        return False
    return (instrument is NULL or memcmp(notional.currency, instrument.currency, CURRENCY_BYTES) == 0
            or memcmp(notional.currency, none, CURRENCY_BYTES) == 0)


cdef uint8_t check_limits(const EngineState* state, const LimitsGiven* given) noexcept nogil:
    cdef const Instrument* instrument = &state.instruments[given.instrument] if given.instrument else NULL
    cdef uint16_t order = given.order.presence, open = given.open.presence
    if given.instrument == 0 and (order & ~PARTICIPANT_ORDER_LIMITS or open & ~PARTICIPANT_OPEN_LIMITS):
        return LIMIT_INVALID
    if given.instrument != 0 and order & ~ACCOUNT_ORDER_LIMITS:
        return LIMIT_INVALID
    if (order & HAS_MESSAGE_RATE and not is_rate(given.order.rate_tokens, given.order.rate_interval)
            or order & HAS_ORDER_QUANTITY_LIMIT and given.order.order_quantity < NO_LIMIT
            or order & HAS_ORDER_NOTIONAL_LIMIT and not is_notional(&given.order_notional, instrument)
            or open & HAS_OPEN_ORDERS_LIMIT and given.open.open_orders < NO_LIMIT
            or open & HAS_OPEN_QUANTITY_LIMIT and given.open.open_quantity < NO_LIMIT
            or open & HAS_POSITION_LIMIT and given.open.position < NO_LIMIT
            or open & HAS_GROSS_NOTIONAL_LIMIT and not is_notional(&given.gross_notional, instrument)):
        return LIMIT_INVALID
    return NONE


cdef uint32_t new_currencies(const Participant* participant, const LimitsGiven* given) noexcept nogil:
    cdef const NotionalGiven* order = &given.order_notional
    cdef const NotionalGiven* gross = &given.gross_notional
    cdef bint first = order.given and currency_place(participant, order.currency) == 0
    cdef bint second = gross.given and currency_place(participant, gross.currency) == 0
    if first and second and memcmp(order.currency, gross.currency, CURRENCY_BYTES) == 0:
        return 1
    return first + second


cdef inline bint has_room(const EngineState* state, uint32_t participant, uint32_t instrument) noexcept nogil:
    """For the account, where it is not open yet."""
    return state.accounts.count < ACCOUNTS_MAX or account_find(&state.accounts, participant, instrument) != 0


cdef uint8_t check_room(EngineState* state, const LimitsGiven* given) noexcept nogil:
    """There is a place for all that the command opens; a participant's first currency takes their memory."""
    cdef Participant* participant = &state.participants[given.participant]
    cdef uint32_t count
    if given.instrument != 0:
        return NONE if has_room(state, given.participant, given.instrument) else TABLE_FULL
    count = new_currencies(participant, given)
    if participant.currencies_count + count > CURRENCIES_MAX:
        return TABLE_FULL
    if count and participant.currencies is NULL:
        participant.currencies = <NotionalLimits*> calloc(CURRENCIES_MAX, sizeof(NotionalLimits))
        if participant.currencies is NULL:
            return TABLE_FULL
    return NONE


cdef uint8_t check_risk_limits(EngineState* state, const CommandLine* command, const LimitsGiven* given,
                               Notional* gross) noexcept nogil:
    cdef uint8_t reason
    if given.instrument != 0 and not instrument_known(state, given.instrument):
        return UNKNOWN_INSTRUMENT
    if not 0 < command.target <= state.participants_count:
        return UNKNOWN_PARTICIPANT
    reason = check_limits(state, given)
    if not reason:
        reason = check_room(state, given)
    if reason or not given.gross_notional.given or given.gross_notional.taken_away:
        return reason
    gross[0] = open_notional(state, given.participant, given.instrument, given.gross_notional.currency,
                             given.gross_notional.scale)
    return OVERFLOW if gross[0] >= NOTIONAL_END else NONE


# ------------------------------------------------------------------------------------------------ RiskLimits

cdef void set_order_notional(NotionalLimits* limits, const NotionalGiven* given) noexcept nogil:
    limits.presence &= ~HAS_ORDER_NOTIONAL_LIMIT
    limits.order_limit = 0
    limits.order_scale = 0
    if not given.taken_away:
        limits.presence |= HAS_ORDER_NOTIONAL_LIMIT
        limits.order_limit = given.limit
        limits.order_scale = given.scale


cdef void set_gross_notional(NotionalLimits* limits, const NotionalGiven* given, Notional gross) noexcept nogil:
    limits.presence &= ~HAS_GROSS_NOTIONAL_LIMIT
    limits.gross_limit = limits.gross = 0
    limits.gross_scale = 0
    if not given.taken_away:
        limits.presence |= HAS_GROSS_NOTIONAL_LIMIT
        limits.gross_limit = given.limit
        limits.gross_scale = given.scale
        limits.gross = gross


cdef NotionalLimits* open_currency(Participant* participant, const char* currency) noexcept nogil:
    """The participant's limits in a currency; check_room has seen that there is a place."""
    cdef uint32_t place = currency_place(participant, currency)
    if place == 0:
        participant.currencies_count += 1
        place = participant.currencies_count
        memcpy(participant.currencies[place - 1].currency, currency, CURRENCY_BYTES)
    return &participant.currencies[place - 1]


cdef void set_rate(Participant* participant, int64_t tokens, int64_t interval, int64_t now) noexcept nogil:
    participant.presence = 0 if tokens == NO_LIMIT else HAS_MESSAGE_RATE
    participant.rate_tokens = participant.rate_interval = participant.rate_time = 0
    participant.rate_level = 0
    if tokens != NO_LIMIT:
        participant.rate_tokens = tokens
        participant.rate_interval = interval
        participant.rate_level = <uint64_t> (tokens * interval)
        participant.rate_time = now


cdef void limit_participant(EngineState* state, const LimitsGiven* given, Notional gross) noexcept nogil:
    cdef Participant* participant = &state.participants[given.participant]
    cdef uint32_t account
    if given.order.presence & HAS_MESSAGE_RATE:
        set_rate(participant, given.order.rate_tokens, given.order.rate_interval, state.time)
    if given.open.presence & HAS_OPEN_ORDERS_LIMIT:
        participant.open_orders_limit = given.open.open_orders
    if given.order_notional.given:
        set_order_notional(open_currency(participant, given.order_notional.currency), &given.order_notional)
    if given.gross_notional.given:
        set_gross_notional(open_currency(participant, given.gross_notional.currency), &given.gross_notional, gross)
    if given.order_notional.given or given.gross_notional.given:
        for account in range(1, state.accounts.count + 1):
            if state.accounts.accounts[account].participant == given.participant:
                set_account_flags(state, account)


cdef void set_account_limits(Account* account, AccountTerms* terms, const LimitsGiven* given) noexcept nogil:
    if given.order.presence & HAS_ORDER_QUANTITY_LIMIT:
        account.order_quantity_limit = given.order.order_quantity
    if given.open.presence & HAS_OPEN_ORDERS_LIMIT:
        set_open_orders_limit(account, terms, given.open.open_orders)
    if given.open.presence & HAS_OPEN_QUANTITY_LIMIT:
        terms.open_quantity_limit = given.open.open_quantity
    if given.open.presence & HAS_POSITION_LIMIT:
        set_position_limit(account, given.open.position)


cdef void limit_account(EngineState* state, const LimitsGiven* given, Notional gross) noexcept nogil:
    cdef uint32_t account = account_open(state, given.participant, given.instrument)
    cdef NotionalLimits* limits = &state.accounts.terms[account].notional
    set_account_limits(&state.accounts.accounts[account], &state.accounts.terms[account], given)
    if given.order_notional.given:
        set_order_notional(limits, &given.order_notional)
    if given.gross_notional.given:
        set_gross_notional(limits, &given.gross_notional, gross)
    set_account_flags(state, account)


cdef void risk_limits(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil:
    """RiskLimits [CS]."""
    cdef LimitsGiven given = read_limits(command)
    cdef Notional gross = 0
    cdef uint8_t reason = check_risk_limits(state, command, &given, &gross)
    if not reason:
        if given.instrument:
            limit_account(state, &given, gross)
        else:
            limit_participant(state, &given, gross)
    report_outcome(state, sink, command, reason)


# -------------------------------------------------------------------------------------------- PositionAdjust

cdef uint8_t check_position(const EngineState* state, const CommandLine* command) noexcept nogil:
    if not instrument_known(state, command.instrument):
        return UNKNOWN_INSTRUMENT
    if not 0 < command.target <= state.participants_count:
        return UNKNOWN_PARTICIPANT
    if not has_room(state, <uint32_t> command.target, command.instrument):
        return TABLE_FULL
    # Where there is no account yet its number is 0, and account 0 has nothing open.
    if not position_fits(&state.accounts.accounts[account_find(&state.accounts, <uint32_t> command.target, command.instrument)],
                         command.quantity):
        return OVERFLOW
    return NONE


cdef void position_adjust(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil:
    """PositionAdjust [AL]: the position is this from now on."""
    cdef uint8_t reason = check_position(state, command)
    cdef Account* account
    cdef uint32_t number
    if not reason:
        number = account_open(state, <uint32_t> command.target, command.instrument)
        account = &state.accounts.accounts[number]
        state.instruments[command.instrument].position_adjusted += <uint64_t> command.quantity - <uint64_t> account.position
        account.position = command.quantity
        account_room(state, number)
    report_outcome(state, sink, command, reason)


# ------------------------------------------------------------------------------------------------ KillSwitch

cdef void kill_switch(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil:
    """KillSwitch: block a participant and cancel all its orders, or lift the block."""
    cdef Participant* participant
    cdef Selection orders
    cdef uint32_t i
    if not 0 < command.target <= state.participants_count:
        report_outcome(state, sink, command, UNKNOWN_PARTICIPANT)
        return
    participant = &state.participants[command.target]
    participant.flags &= ~BLOCKED
    if command.attributes & KILL_ON:
        participant.flags |= BLOCKED
        orders = select_participant(state, <uint32_t> command.target, 0, 0, 0)
        for i in range(orders.count):
            cancel_order(state, orders.picked[i].slot, KILLED, sink)
    report_outcome(state, sink, command, NONE)
