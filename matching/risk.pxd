"""Pre-trade risk: accounts, limits, positions. Rule 13 of docs/rules.md.

An order counts in its account from risk_add to risk_remove. Between them risk_trade and risk_reduce follow each change of its
open quantity. Whoever changes Order.leaves of a live order calls one of them.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from pricetime.matching.accounts cimport (
    ACCOUNTS_MAX, GROSS_TRACKED, NOTIONAL_LIMITED, Account, account_find,
)
from pricetime.matching.notional cimport Notional
from pricetime.matching.order_pool cimport RISK_PRICED, Order
from pricetime.matching.records cimport (
    ACCOUNTS_FULL, DISABLED, HAS_COLLAR, LIMIT, NONE, OPEN_ORDERS_LIMIT, OPEN_QUANTITY_LIMIT, ORDER_POOL_FULL,
    ORDER_QUANTITY_LIMIT, POSITION_LIMIT, order_type,
)
from pricetime.matching.state cimport EngineState, Instrument, Participant, Session, side_index

cdef extern from *:
    """
    #define PRICETIME_ADD_OVERFLOWS(a, b, sum) __builtin_add_overflow((a), (b), (sum))
    """
    bint add_overflows "PRICETIME_ADD_OVERFLOWS"(int64_t a, uint64_t b, int64_t* sum) noexcept nogil

cdef struct RiskQuestion:
    # An order as it would come in, and what is found out about it.
    uint32_t session            # who asks
    uint32_t slot               # of the order that it replaces; 0: a new one
    uint16_t attributes
    int64_t price               # of an order that has one
    int64_t stop_price          # of Stop and StopLimit
    int64_t total               # OrderQty
    int64_t open_quantity
    uint32_t account            # answer: the account, or 0 where the first order will open it
    int64_t risk_price          # answer: rule 13's risk price


# What few orders need: risk.pyx.
cdef uint8_t check_sender(EngineState* state, const Session* session, Participant* participant) noexcept nogil
    # SESSION_DISABLED to MESSAGE_RATE; takes a token.
cdef int64_t unpriced_risk(const Instrument* instrument, const RiskQuestion* question) noexcept nogil
    # The risk price of what is no Limit order.
cdef uint32_t limits_before_opening(const EngineState* state, uint32_t participant, const Instrument* instrument) noexcept nogil
    # Account.flags of an account that is not open yet.
cdef uint8_t check_order_notional(EngineState* state, const Instrument* instrument, uint32_t participant,
                                  const RiskQuestion* question) noexcept nogil
cdef uint8_t check_collar(const Instrument* instrument, const RiskQuestion* question, bint notional) noexcept nogil
    # PRICE_COLLAR, NO_REFERENCE_PRICE; `notional`: a notional limit holds for the order.
cdef uint8_t check_sums(EngineState* state, const Instrument* instrument, uint32_t participant,
                        const RiskQuestion* question, uint32_t flags, bint overflow) noexcept nogil
    # POSITION_LIMIT where a sum that overflows has a limit, GROSS_NOTIONAL_LIMIT, OVERFLOW.
cdef void follow_gross(EngineState* state, const Order* order, int64_t before, int64_t after) noexcept nogil
    # The open quantity of an order has changed: of an account that is GROSS_TRACKED.
cdef uint32_t account_open(EngineState* state, uint32_t participant, uint32_t instrument) noexcept nogil
    # The account, opened where it is not there yet; check_risk has seen that there is room.

# What commands, load and invariants need of it.
cdef void set_account_flags(EngineState* state, uint32_t account) noexcept nogil
    # To be called whenever the notional limits of an account, or of its participant in its currency, have changed.
cdef uint32_t currency_place(const Participant* participant, const char* currency) noexcept nogil
    # Where a participant has its limits in a currency, from 1; 0: it has none.
cdef Notional open_notional(const EngineState* state, uint32_t participant, uint32_t instrument, const char* currency,
                            int scale) noexcept nogil
    # What the participant's live orders in the instrument (0: in all of the currency) come to; NOTIONAL_END or less.
cdef bint position_fits(const Account* account, int64_t position) noexcept nogil
    # Its size, and the worst case of either side with this position, are below 2^63.


cdef inline uint32_t account_of(EngineState* state, Session* session, uint32_t instrument) noexcept nogil:
    """The account of a session's participant, or 0; mostly the one that it used last."""
    if session.account_instrument != instrument or session.account == 0:
        session.account = account_find(&state.accounts, session.participant, instrument)
        session.account_instrument = instrument
    return session.account


cdef inline uint8_t check_risk(EngineState* state, Instrument* instrument, RiskQuestion* question) noexcept nogil:
    """SESSION_DISABLED to OVERFLOW, in their order; takes a token where it gets that far. ORDER_POOL_FULL and ACCOUNTS_FULL of
    new orders too. Changes nothing else."""
    cdef Session* session = &state.sessions[question.session]
    cdef Participant* participant = &state.participants[session.participant]
    cdef const Order* old = &state.pool.orders[question.slot]   # slot 0 is nobody's, and has nothing open
    cdef bint new = question.slot == 0, overflow
    cdef int side = side_index(question.attributes), type = order_type(question.attributes)
    cdef const Account* account
    cdef uint32_t flags
    cdef uint64_t open_here
    cdef int64_t worst = 0
    cdef uint8_t reason
    if (session.flags & DISABLED) | participant.flags | participant.presence:
        reason = check_sender(state, session, participant)
        if reason:
            return reason
    question.account = account_of(state, session, <uint32_t> (instrument - state.instruments))
    account = &state.accounts.accounts[question.account]
    flags = account.flags if question.account else limits_before_opening(state, session.participant, instrument)
    question.risk_price = question.price if type == LIMIT else unpriced_risk(instrument, question)
    if <uint64_t> question.total > <uint64_t> account.order_quantity_limit:
        return ORDER_QUANTITY_LIMIT
    if flags & NOTIONAL_LIMITED:
        reason = check_order_notional(state, instrument, session.participant, question)
        if reason:
            return reason
    if instrument.limits_presence & HAS_COLLAR or type != LIMIT:
        reason = check_collar(instrument, question, (flags & NOTIONAL_LIMITED) != 0)
        if reason:
            return reason
    if <uint64_t> (participant.open_orders + new) > <uint64_t> participant.open_orders_limit \
            or account.open_orders + new > account.open_orders_limit:
        return OPEN_ORDERS_LIMIT
    open_here = account.open_quantity[side] - <uint64_t> old.leaves + <uint64_t> question.open_quantity
    if open_here + account.open_quantity[1 - side] > <uint64_t> account.open_quantity_limit:
        return OPEN_QUANTITY_LIMIT
    overflow = add_overflows((account.position ^ -<int64_t> side) + side, open_here, &worst)
    if not overflow and worst > account.position_limit:
        return POSITION_LIMIT
    if overflow or flags & GROSS_TRACKED:
        reason = check_sums(state, instrument, session.participant, question, flags, overflow)
        if reason:
            return reason
    if new and state.pool.live == state.pool.capacity:
        return ORDER_POOL_FULL
    if question.account == 0 and state.accounts.count == ACCOUNTS_MAX:
        return ACCOUNTS_FULL
    return NONE


cdef inline int64_t risk_price_of(const EngineState* state, const Order* order) noexcept nogil:
    """Of a live order: its price, unless it has one of its own."""
    return state.pool.extras[order - state.pool.orders].risk_price if order.flags & RISK_PRICED else order.price


cdef inline void risk_add(EngineState* state, const Order* order) noexcept nogil:
    """order.account, quantities, attributes and risk price are set."""
    cdef Account* account = &state.accounts.accounts[order.account]
    account.open_quantity[side_index(order.attributes)] += <uint64_t> order.leaves
    account.open_orders += 1
    state.participants[account.participant].open_orders += 1
    if account.flags & GROSS_TRACKED:
        follow_gross(state, order, 0, order.leaves)


cdef inline void risk_reduce(EngineState* state, const Order* order, int64_t quantity) noexcept nogil:
    """order.leaves is already less by quantity, without a trade."""
    cdef Account* account = &state.accounts.accounts[order.account]
    account.open_quantity[side_index(order.attributes)] -= <uint64_t> quantity
    if account.flags & GROSS_TRACKED:
        follow_gross(state, order, order.leaves + quantity, order.leaves)


cdef inline void risk_trade(EngineState* state, const Order* order, int64_t quantity) noexcept nogil:
    """order.leaves is already less by quantity, which traded."""
    cdef int64_t side = side_index(order.attributes)
    state.accounts.accounts[order.account].position += (quantity ^ -side) + side
    risk_reduce(state, order, quantity)


cdef inline void risk_remove(EngineState* state, const Order* order) noexcept nogil:
    """It ends, or leaves to come in again, with order.leaves (may be 0) open."""
    cdef Account* account = &state.accounts.accounts[order.account]
    account.open_quantity[side_index(order.attributes)] -= <uint64_t> order.leaves
    account.open_orders -= 1
    state.participants[account.participant].open_orders -= 1
    if account.flags & GROSS_TRACKED:
        follow_gross(state, order, order.leaves, 0)
