"""The straight way: a plain Limit order in an instrument where nothing has to be looked at closer. Rules 4 and 5, for what is nearly
every order, without saying why not.

Each function here asks, in whatever order is cheapest, everything that could make the command another case: not open, not plain, not
allowed, not found. If all is well it carries the command out. If anything is not, it has changed nothing, and hands the command to
the whole of the rule (orders.pyx, replace.pyx), which finds the reason. So no check stands here alone, and no reason at all:
tests/differential holds both ways against the plain engine.
"""

from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t

from pricetime.matching.accounts cimport GROSS_TRACKED, NOTIONAL_LIMITED, Account, account_find
from pricetime.matching.book cimport (
    book_match, book_remove, book_rest_at, foresee_removal, foresee_rest, forget_order, name_order, rename_order,
)
from pricetime.matching.careful cimport work_off_closely
from pricetime.matching.coming_in cimport accept_order
from pricetime.matching.events cimport EventSink
from pricetime.matching.fields cimport KEPT_ATTRIBUTES, check_price, check_quantity
from pricetime.matching.id_index cimport cl_ord_key, id_index_first, id_index_prefetch
from pricetime.matching.memory cimport likely, unlikely
from pricetime.matching.order_pool cimport Order, order_give_back
from pricetime.matching.orders cimport cancel_in_full, new_in_full
from pricetime.matching.placing cimport end_order
from pricetime.matching.records cimport *
from pricetime.matching.replace cimport replace_in_full
from pricetime.matching.reports cimport event_done, report_order, status_of
from pricetime.matching.risk cimport check_counts, risk_add, risk_remove
from pricetime.matching.state cimport EngineState, Instrument, Participant, Session, instrument_known, level_key, side_index

cdef extern from "straight.h":
    pass

cdef enum:
    TIME_IN_FORCE_BITS = TIME_IN_FORCE_MASK << TIME_IN_FORCE_SHIFT
    # What a straight order's command says: a Limit order with price and quantity.
    SAID = ORD_TYPE_MASK << ORD_TYPE_SHIFT | HAS_PRICE | HAS_QUANTITY
    LIMIT_SAID = LIMIT << ORD_TYPE_SHIFT | HAS_PRICE | HAS_QUANTITY
    # Where they stand in the word that identity() reads.
    INSTRUMENT_AT = 16
    ATTRIBUTES_AT = 32


cdef inline uint64_t identity(const Order* order) noexcept nogil:
    """Session, instrument, attributes and flags, read as one word."""
    return (<const uint64_t*> &order.session)[0]


cdef inline uint64_t identity_said(const CommandLine* command) noexcept nogil:
    """As the command would have them: its own session and instrument, its attributes, no flags."""
    return (command.session | <uint64_t> command.instrument << INSTRUMENT_AT
            | <uint64_t> (command.attributes & KEPT_ATTRIBUTES) << ATTRIBUTES_AT)


cdef inline bint fits(const Instrument* instrument, const CommandLine* command, int64_t* tick) noexcept nogil:
    """Price and quantity, each by itself."""
    return (check_price(instrument, command.price, tick) == NONE
            and check_quantity(instrument, command.quantity) == NONE)


cdef inline bint may_trade(const EngineState* state, const Session* session, const Account* account, uint32_t slot, int side,
                           int64_t total, int64_t open_quantity) noexcept nogil:
    """Of rule 13 there are only numbers to compare with their limits, and all are kept. Account 0, nobody's, never may."""
    cdef const Participant* participant = &state.participants[session.participant]
    cdef bint overflow = False
    return (session.flags & DISABLED == 0 and (participant.flags | participant.presence) == 0
            and account.flags & (NOTIONAL_LIMITED | GROSS_TRACKED) == 0
            and <uint64_t> total <= <uint64_t> account.order_quantity_limit
            and check_counts(state, participant, account, slot, side, open_quantity, &overflow) == NONE and not overflow)


cdef inline bint meets(const EngineState* state, const Instrument* instrument, int side, int64_t tick) noexcept nogil:
    """Is there an order on the other side that an order at this price would trade with?"""
    cdef uint32_t best = instrument.ladders[1 - side].best
    return best != 0 and state.level_pool.levels[best].key >= level_key(1 - side, tick)


# ------------------------------------------------------------------------------------------------- carried out

cdef inline bint trade_and_rest(EngineState* state, Instrument* instrument, uint32_t slot, int64_t tick, uint32_t level, bint crosses,
                                EventSink* sink) noexcept nogil:
    """work_off of a plain Limit order, where what stands in the book is all that it can meet. True where it lives on."""
    cdef Order* order = &state.pool.orders[slot]
    cdef int64_t limit_key
    if unlikely(crosses):
        limit_key = level_key(1 - side_index(order.attributes), tick)
        if not book_match(state, sink, instrument, order, limit_key):
            return work_off_closely(state, instrument, slot, tick, limit_key, sink)
        if order.leaves == 0:
            return False
    if order_time_in_force(order.attributes) == IOC:
        end_order(state, order, IMMEDIATE_REST, order.cl_ord_id, 0, sink)
        return False
    book_rest_at(state, instrument, slot, tick, level)
    return True


cdef inline void report_replaced(EngineState* state, const CommandLine* command, uint32_t slot, EventSink* sink) noexcept nogil:
    cdef Order* order = &state.pool.orders[slot]
    rename_order(state, slot, command.session, command.cl_ord_id)
    event_done(state, sink, report_order(state, sink, order, REPLACED, status_of(order), NONE, command.cl_ord_id,
                                         <int64_t> command.target, order.leaves))


# ------------------------------------------------------------------------------------------------------ commands

cdef inline bint enter(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil:
    """NewOrderSingle: Limit; Day, GTC or IOC; post-only too."""
    cdef Session* session = &state.sessions[command.session]
    cdef Instrument* instrument = &state.instruments[command.instrument]
    cdef Order* order
    cdef uint16_t said = command.attributes
    cdef uint32_t account = session.account, slot, level
    cdef int side = side_index(said)
    cdef int64_t tick
    cdef bint crosses
    if unlikely(said & SAID != LIMIT_SAID or order_side(said) == 0 or order_time_in_force(said) > IOC
                or record_lines(command) != 1 or not instrument_known(state, command.instrument) or instrument.watch
                or not fits(instrument, command, &tick)):
        return False
    if unlikely(state.accounts.accounts[account].instrument != command.instrument):
        session.account = account = account_find(&state.accounts, session.participant, command.instrument)
    if unlikely(account == 0 or state.pool.live == state.pool.capacity
                or not may_trade(state, session, &state.accounts.accounts[account], 0, side, command.quantity, command.quantity)):
        return False
    crosses = meets(state, instrument, side, tick)
    if unlikely(said & POST_ONLY and (crosses or order_time_in_force(said) == IOC)):
        return False
    level = foresee_rest(state, instrument, said, tick)
    slot = accept_order(state, command, account)
    order = &state.pool.orders[slot]
    risk_add(state, order)
    event_done(state, sink, report_order(state, sink, order, NEW, ORDER_NEW, NONE, order.cl_ord_id, 0, order.leaves))
    if trade_and_rest(state, instrument, slot, tick, level, crosses, sink):
        name_order(state, slot)
        session.open_orders += 1
    else:
        risk_remove(state, order)
        order_give_back(&state.pool, slot)
    return True


cdef inline bint replace(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil:
    """OrderCancelReplaceRequest of a Limit order that stays one, its side and TimeInForce as they are."""
    cdef uint32_t slot = id_index_first(&state.by_cl_ord_id, cl_ord_key(command.session, <int64_t> command.target)), level
    cdef Order* order = &state.pool.orders[slot]
    cdef uint64_t difference = identity(order) ^ identity_said(command)
    cdef uint16_t said = command.attributes
    cdef Instrument* instrument = &state.instruments[command.instrument]
    cdef Account* account = &state.accounts.accounts[order.account]
    cdef int side = side_index(said)
    cdef int64_t tick, open_quantity, less
    cdef bint crosses
    if unlikely(said & (SAID | BY_ORDER_ID | HAS_EXEC_INST) != LIMIT_SAID or record_lines(command) != 1
                or difference & ~(<uint64_t> (TIME_IN_FORCE_BITS | POST_ONLY) << ATTRIBUTES_AT)
                or said & TIME_IN_FORCE_BITS and difference & <uint64_t> TIME_IN_FORCE_BITS << ATTRIBUTES_AT
                or order.cl_ord_id != <int64_t> command.target or not instrument_known(state, command.instrument)
                or instrument.watch or not fits(instrument, command, &tick) or command.quantity <= order.filled):
        return False
    id_index_prefetch(&state.by_cl_ord_id, cl_ord_key(command.session, command.cl_ord_id))
    open_quantity = command.quantity - order.filled
    less = order.leaves - open_quantity
    if command.price == order.price and less >= 0:      # it keeps its priority
        if unlikely(less == 0 or account.flags & GROSS_TRACKED):
            return False
        state.level_pool.levels[order.level].quantity -= less
        order.leaves = open_quantity
        account.open_quantity[side] -= <uint64_t> less
        report_replaced(state, command, slot, sink)
        return True
    crosses = meets(state, instrument, side, tick)
    if unlikely(crosses and order.attributes & POST_ONLY
                or not may_trade(state, &state.sessions[command.session], account, slot, side, command.quantity, open_quantity)):
        return False
    level = foresee_rest(state, instrument, said, tick)
    account.open_quantity[side] -= <uint64_t> less
    book_remove(state, instrument, slot)
    order.price = command.price
    order.leaves = open_quantity
    report_replaced(state, command, slot, sink)
    if not trade_and_rest(state, instrument, slot, tick, level, crosses, sink):
        forget_order(state, slot)
    return True


cdef inline bint cancel(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil:
    """OrderCancelRequest of a plain order, whatever the phase."""
    cdef uint32_t slot = id_index_first(&state.by_cl_ord_id, cl_ord_key(command.session, <int64_t> command.target))
    cdef Order* order = &state.pool.orders[slot]
    cdef uint16_t said = command.attributes
    foresee_removal(state, order)
    id_index_prefetch(&state.by_order_id, order.order_id)
    if unlikely((identity(order) ^ identity_said(command)) & ~(<uint64_t> 0xFFFF << ATTRIBUTES_AT)
                or order_side(said) and order_side(said) != order_side(order.attributes) or said & BY_ORDER_ID
                or order.cl_ord_id != <int64_t> command.target or not instrument_known(state, command.instrument)):
        return False
    end_order(state, order, NONE, command.cl_ord_id, order.cl_ord_id, sink)
    book_remove(state, &state.instruments[command.instrument], slot)
    forget_order(state, slot)
    return True


cdef int order_new(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil:
    return 0 if likely(enter(state, command, sink)) else new_in_full(state, command, sink)


cdef int order_replace(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil:
    return 0 if likely(replace(state, command, sink)) else replace_in_full(state, command, sink)


cdef int order_cancel(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil:
    return 0 if likely(cancel(state, command, sink)) else cancel_in_full(state, command, sink)
