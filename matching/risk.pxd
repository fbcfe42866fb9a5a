"""Pre-trade risk: accounts, limits, positions. Rule 13 of docs/rules.md.

An order counts in its account from risk_add to risk_remove. Between them risk_trade and risk_reduce follow each change of its
open quantity. Whoever changes Order.leaves of a live order calls one of them.

Account.room is by how much its open quantity may grow on either side, for certain: one comparison then says what limits on open
quantity, limits on the position and 63 bits are three sums to ask. What comes in spends it, what goes out does not give it back (a
trade moves no worst case of its own side, and betters the other's); where it does not reach it is worked out anew, and so
whenever limits or the position are set. With a limit on notional there is none.
"""

from libc.stdint cimport INT64_MIN, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from pricetime.matching.accounts cimport GROSS_TRACKED, NOTIONAL_LIMITED, Account
from pricetime.matching.memory cimport unlikely
from pricetime.matching.notional cimport Notional
from pricetime.matching.order_pool cimport RISK_PRICED, Order
from pricetime.matching.records cimport (
    DISABLED, HAS_COLLAR, LIMIT, NONE, OPEN_ORDERS_LIMIT, OPEN_QUANTITY_LIMIT, ORDER_POOL_FULL, ORDER_QUANTITY_LIMIT,
    POSITION_LIMIT, order_type,
)
from pricetime.matching.state cimport EngineState, Participant, Session, side_index

cdef extern from *:
    """
    /* The second way is the general one; the first, for a b that is a signed number too, is an addition and a flag. */
    static inline int pricetime_add_overflows(int64_t a, uint64_t b, int64_t *sum) {
        if (__builtin_expect((int64_t)b >= 0, 1)) return __builtin_add_overflow(a, (int64_t)b, sum);
        return __builtin_add_overflow(a, b, sum);
    }
    """
    bint add_overflows "pricetime_add_overflows"(int64_t a, uint64_t b, int64_t* sum) noexcept nogil

cdef struct RiskAnswer:
    # 16 bytes: they come back in registers.
    uint32_t reason             # NONE: it may come in
    uint32_t account            # or 0 where the first order will open it
    int64_t risk_price          # rule 13


# What few orders need: risk.pyx.
cdef RiskAnswer check_risk_closely(EngineState* state, uint32_t instrument, uint32_t session, uint32_t slot,
                                   uint16_t attributes, int64_t price, int64_t stop_price, int64_t total,
                                   int64_t open_quantity) noexcept nogil
    # check_risk of whatever risk_is_plain does not hold for.
cdef void follow_gross(EngineState* state, const Order* order, int64_t before, int64_t after) noexcept nogil
    # The open quantity of an order has changed: of an account that is GROSS_TRACKED.
cdef uint32_t account_sought(EngineState* state, Session* session, uint32_t instrument) noexcept nogil
    # account_of where it is not the account that the session used last.
cdef uint32_t account_open(EngineState* state, uint32_t participant, uint32_t instrument) noexcept nogil
    # The account, opened where it is not there yet; check_risk has seen that there is room.

cdef int64_t account_room(EngineState* state, uint32_t number) noexcept nogil
    # The account's room, anew: from its limits, its position and what is open.

# What commands, load and invariants need of it.
cdef void set_account_flags(EngineState* state, uint32_t account) noexcept nogil
    # To be called whenever limits of an account, or on notional of its participant in its currency, have changed: its flags and room.
cdef uint32_t currency_place(const Participant* participant, const char* currency) noexcept nogil
    # Where a participant has its limits in a currency, from 1; 0: it has none.
cdef Notional open_notional(const EngineState* state, uint32_t participant, uint32_t instrument, const char* currency,
                            int scale) noexcept nogil
    # What the participant's live orders in the instrument (0: in all of the currency) come to; NOTIONAL_END or less.
cdef bint position_fits(const Account* account, int64_t position) noexcept nogil
    # Its size, and the worst case of either side with this position, are below 2^63.


cdef inline uint32_t account_of(EngineState* state, Session* session, uint32_t instrument, uint32_t slot) noexcept nogil:
    """The account of a session's participant, or 0: that of the order that it replaces, or mostly the one that it used last."""
    if slot != 0:
        return state.pool.orders[slot].account
    return session.account if session.account_instrument == instrument else account_sought(state, session, instrument)


cdef inline bint risk_is_plain(const EngineState* state, const Session* session, uint32_t number, uint32_t instrument,
                               uint16_t attributes) noexcept nogil:
    """A Limit order in an account that is open, and of the rest of rule 13 nothing is on: five numbers are compared with their
    limits, and that is all."""
    cdef const Participant* participant = &state.participants[session.participant]
    cdef const Account* account = &state.accounts.accounts[number]
    return (((session.flags & DISABLED) | participant.flags | participant.presence
             | (account.flags & (NOTIONAL_LIMITED | GROSS_TRACKED))
             | (state.instruments[instrument].limits_presence & HAS_COLLAR)) == 0
            and order_type(attributes) == LIMIT and number != 0)


cdef inline bint counts_fit(const Participant* participant, const Account* account, bint new) noexcept nogil:
    """Nothing that OPEN_ORDERS_LIMIT says."""
    return (<uint64_t> (participant.open_orders + new) <= <uint64_t> participant.open_orders_limit
            and account.open_orders + new <= account.open_orders_limit)


cdef inline uint8_t check_counts(const EngineState* state, const Participant* participant, uint32_t number, bint new,
                                 int64_t old_quantity, int64_t side, int64_t open_quantity, bint* overflow) noexcept nogil:
    """OPEN_ORDERS_LIMIT to POSITION_LIMIT; *overflow: the worst case of its side is no number. old_quantity is open in the order
    that it replaces: 0 for a new one."""
    cdef const Account* account = &state.accounts.accounts[number]
    cdef uint64_t open_here
    cdef int64_t worst = 0
    if not counts_fit(participant, account, new):
        return OPEN_ORDERS_LIMIT
    open_here = account.open_quantity[side] - <uint64_t> old_quantity + <uint64_t> open_quantity
    if open_here + account.open_quantity[1 - side] > <uint64_t> state.accounts.terms[number].open_quantity_limit:
        return OPEN_QUANTITY_LIMIT
    if unlikely(add_overflows((account.position ^ -side) + side, open_here, &worst)):
        overflow[0] = True
        return NONE
    return POSITION_LIMIT if worst > account.position_limit else NONE


cdef inline RiskAnswer check_risk(EngineState* state, uint32_t instrument, uint32_t session, uint32_t slot, uint16_t attributes,
                                  int64_t price, int64_t stop_price, int64_t total, int64_t open_quantity) noexcept nogil:
    """SESSION_DISABLED to OVERFLOW, in their order; takes a token where it gets that far. ORDER_POOL_FULL and ACCOUNTS_FULL of
    new orders too. Changes nothing else.

    Of an order as it would come in: who asks; the slot of the order that it replaces (0: a new one); price and stop_price where
    it has them; total is OrderQty. Each by itself, not in a struct: of a plain order nothing need be in memory.
    """
    cdef Session* sender = &state.sessions[session]
    cdef uint32_t number = account_of(state, sender, instrument, slot)
    cdef const Account* account = &state.accounts.accounts[number]
    cdef RiskAnswer answer
    cdef bint overflow = False
    if unlikely(not risk_is_plain(state, sender, number, instrument, attributes)):
        return check_risk_closely(state, instrument, session, slot, attributes, price, stop_price, total, open_quantity)
    answer.reason = NONE
    answer.account = number
    answer.risk_price = price
    if unlikely(<uint64_t> total > <uint64_t> account.order_quantity_limit):
        answer.reason = ORDER_QUANTITY_LIMIT
        return answer
    answer.reason = check_counts(state, &state.participants[sender.participant], number, slot == 0, state.pool.orders[slot].leaves,
                                 side_index(attributes), open_quantity, &overflow)
    if unlikely(overflow):
        return check_risk_closely(state, instrument, session, slot, attributes, price, stop_price, total, open_quantity)
    if answer.reason == NONE and slot == 0 and unlikely(state.pool.live == state.pool.capacity):
        answer.reason = ORDER_POOL_FULL
    return answer


cdef inline int64_t risk_price_of(const EngineState* state, const Order* order) noexcept nogil:
    """Of a live order: its price, unless it has one of its own."""
    return state.pool.extras[order - state.pool.orders].risk_price if order.flags & RISK_PRICED else order.price


cdef inline void count_in(Account* account, Participant* participant, int64_t side, int64_t quantity) noexcept nogil:
    """One order more, with `quantity` open."""
    account.open_quantity[side] += <uint64_t> quantity
    account.open_orders += 1
    participant.open_orders += 1


cdef inline void spend_room(Account* account, int64_t more) noexcept nogil:
    """What is open grows by `more`, above 0."""
    account.room = account.room - more if more <= account.room else INT64_MIN


cdef inline void risk_add(EngineState* state, const Order* order) noexcept nogil:
    """order.account, quantities, attributes and risk price are set."""
    cdef Account* account = &state.accounts.accounts[order.account]
    count_in(account, &state.participants[account.participant], side_index(order.attributes), order.leaves)
    spend_room(account, order.leaves)
    if unlikely(account.flags & GROSS_TRACKED):
        follow_gross(state, order, 0, order.leaves)


cdef inline bint risk_rewrite(EngineState* state, const Order* order, int64_t open_quantity) noexcept nogil:
    """A replaced order, still as it was, will come in again with `open_quantity`: one number in the place of risk_remove and
    risk_add. True where the caller is to call follow_gross(state, order, 0, open_quantity) when the order is rewritten."""
    cdef Account* account = &state.accounts.accounts[order.account]
    account.open_quantity[side_index(order.attributes)] += <uint64_t> open_quantity - <uint64_t> order.leaves
    if open_quantity > order.leaves:
        spend_room(account, open_quantity - order.leaves)
    if unlikely(account.flags & GROSS_TRACKED):
        follow_gross(state, order, order.leaves, 0)
        return True
    return False


cdef inline void risk_reduce(EngineState* state, const Order* order, int64_t quantity) noexcept nogil:
    """order.leaves is already less by quantity, without a trade."""
    cdef Account* account = &state.accounts.accounts[order.account]
    account.open_quantity[side_index(order.attributes)] -= <uint64_t> quantity
    if unlikely(account.flags & GROSS_TRACKED):
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
    if unlikely(account.flags & GROSS_TRACKED):
        follow_gross(state, order, order.leaves, 0)
