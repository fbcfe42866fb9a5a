"""The straight way: a plain Limit order in an instrument where nothing has to be looked at closer. Rules 4 and 5, for what is nearly
every order, without saying why not.

Each function here asks, in whatever order is cheapest, everything that could make the command another case: not open, not plain, not
allowed, not found. If all is well it carries the command out. If anything is not, it has changed nothing, and gives False: the
whole of the rule (orders.pyx, replace.pyx) finds the reason. So no check stands here alone, and no reason at all:
tests/differential holds both ways against the plain engine.

apply.pyx is the one module that includes this.
"""

from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t

from pricetime.matching.accounts cimport Account
from pricetime.matching.book cimport (
    book_join, book_leave, book_match, book_remove, enter_id, foresee_level, foresee_removal, forget_from, forget_order, name_order,
)
from pricetime.matching.careful cimport work_off_closely
from pricetime.matching.coming_in cimport accept_order
from pricetime.matching.events cimport EventSink
from pricetime.matching.id_index cimport find_by_cl_ord_id, id_index_place, id_index_prefetch, id_index_remove
from pricetime.matching.memory cimport likely, unlikely
from pricetime.matching.order_pool cimport Order, order_give_back
from pricetime.matching.placing cimport end_order
from pricetime.matching.records cimport *
from pricetime.matching.reports cimport report_to, status_of
from pricetime.matching.risk cimport account_of, account_room, count_in, counts_fit, risk_remove
from pricetime.matching.state cimport (
    EngineState, Instrument, Participant, Session, divides, indicative_changes, instrument_known, level_key, quotient_of,
    side_index,
)
from pricetime.matching.words cimport HalfWord

cdef enum:
    TIME_IN_FORCE_BITS = TIME_IN_FORCE_MASK << TIME_IN_FORCE_SHIFT
    ORD_TYPE_BITS = ORD_TYPE_MASK << ORD_TYPE_SHIFT
    # The second word of a command, type, shape and attributes, and of it what a straight command says: one line, a Limit order with
    # price and quantity. HEADER_NAMED is for one that names an order.
    LINES_AT = 8
    ATTRIBUTES_AT = 16
    HEADER = 0xF << LINES_AT | (ORD_TYPE_BITS | HAS_PRICE | HAS_QUANTITY) << ATTRIBUTES_AT
    HEADER_NAMED = HEADER | (BY_ORDER_ID | HAS_EXEC_INST) << ATTRIBUTES_AT
    HEADER_SAID = 1 << LINES_AT | (LIMIT << ORD_TYPE_SHIFT | HAS_PRICE | HAS_QUANTITY) << ATTRIBUTES_AT
    # Of an order's attributes and flags, read as one word: all that is one thing only.
    FLAGS = 0xFFFF << 16
    SAME = FLAGS | SIDE_MASK << SIDE_SHIFT | ORD_TYPE_BITS | HAS_PRICE


cdef inline uint32_t header(const CommandLine* command) noexcept nogil:
    return (<const HalfWord*> &command.type)[0]


cdef inline uint32_t attributes_and_flags(const Order* order) noexcept nogil:
    return (<const HalfWord*> &order.attributes)[0]


cdef inline bint fits(const Instrument* instrument, const CommandLine* command, int64_t* tick) noexcept nogil:
    """Price and quantity, each by itself; a price above 0."""
    return divides(&instrument.tick, command.price, tick) and quotient_of(&instrument.lot, command.quantity) - 1 < instrument.lots_bound


cdef inline bint may_trade(EngineState* state, const Participant* participant, const Session* session, uint32_t number, bint new,
                           int64_t total, int64_t more) noexcept nogil:
    """Of rule 13 there are only numbers to compare with their limits, and all are kept; `more` is open than before."""
    cdef const Account* account = &state.accounts.accounts[number]
    return (session.flags & DISABLED == 0 and (participant.flags | participant.presence) == 0
            and <uint64_t> total <= <uint64_t> account.order_quantity_limit and counts_fit(participant, account, new)
            and (likely(more <= account.room) or more <= account_room(state, number)))


cdef inline bint meets(const EngineState* state, const Instrument* instrument, int64_t side, int64_t key) noexcept nogil:
    """Is there an order on the other side that an order with this key would trade with? (~key is the same price over there.)"""
    return state.level_pool.levels[instrument.ladders[1 - side].best].key >= ~key


# ------------------------------------------------------------------------------------------------- carried out

cdef inline bint trade_and_rest(EngineState* state, Instrument* instrument, Order* order, uint32_t slot, int64_t side, int64_t key,
                                uint32_t level, bint crosses, bint may_rest, EventSink* sink) noexcept nogil:
    """work_off of a plain Limit order, where what stands in the book is all that it can meet. True where it lives on."""
    if unlikely(crosses):
        if not book_match(state, sink, instrument, order, ~key):
            return work_off_closely(state, instrument, slot, level_key(side, key), ~key, sink)      # a key's key is its tick
        if order.leaves == 0:
            return False
    if not may_rest:
        end_order(state, order, IMMEDIATE_REST, order.cl_ord_id, 0, sink)
        return False
    book_join(state, instrument, order, slot, side, key, level)
    return True


cdef inline void take_name(EngineState* state, const CommandLine* command, Order* order, uint32_t slot,
                           uint32_t* place) noexcept nogil:
    """The command's ClOrdID, in the place of the one where the order was found."""
    id_index_remove(&state.by_cl_ord_id, place, command.session, command.target, slot)
    order.cl_ord_id = command.cl_ord_id
    enter_id(&state.by_cl_ord_id, id_index_place(&state.by_cl_ord_id, command.session, <uint64_t> command.cl_ord_id),
             command.session, <uint64_t> command.cl_ord_id, slot)


cdef inline void report_replaced(EngineState* state, const CommandLine* command, Session* session, const Order* order,
                                 EventSink* sink) noexcept nogil:
    report_to(state, sink, session, order, REPLACED, status_of(order), NONE, command.cl_ord_id, <int64_t> command.target,
              order.leaves)


# ------------------------------------------------------------------------------------------------------ commands

cdef inline bint enter(EngineState* state, const CommandLine* command, Session* session, EventSink* sink) noexcept nogil:
    """NewOrderSingle: Limit; Day, GTC or IOC; post-only too."""
    cdef Instrument* instrument = &state.instruments[command.instrument]
    cdef Order* order
    cdef uint16_t said = command.attributes
    cdef Participant* participant
    cdef Account* account
    cdef uint32_t number, slot, level
    cdef int64_t side = side_index(said)
    cdef int64_t key
    cdef bint crosses
    if unlikely(header(command) & HEADER != HEADER_SAID or order_side(said) == 0 or order_time_in_force(said) > IOC
                or not instrument_known(state, command.instrument) or instrument.watch or not fits(instrument, command, &key)):
        return False
    number = account_of(state, session, command.instrument, 0)
    account = &state.accounts.accounts[number]
    participant = &state.participants[session.participant]
    if unlikely(number == 0 or state.pool.live == state.pool.capacity
                or not may_trade(state, participant, session, number, True, command.quantity, command.quantity)):
        return False
    key = level_key(side, key)
    crosses = meets(state, instrument, side, key)
    if unlikely(said & POST_ONLY and (crosses or order_time_in_force(said) == IOC)):
        return False
    level = foresee_level(state, instrument, side, key)
    slot = accept_order(state, command, number)
    order = &state.pool.orders[slot]
    count_in(account, participant, side, command.quantity)      # no gross is tracked
    account.room -= command.quantity
    report_to(state, sink, session, order, NEW, ORDER_NEW, NONE, order.cl_ord_id, 0, order.leaves)
    if trade_and_rest(state, instrument, order, slot, side, key, level, crosses, order_time_in_force(said) != IOC, sink):
        name_order(state, slot)
        session.open_orders += 1
    else:
        risk_remove(state, order)
        order_give_back(&state.pool, slot)
    return True


cdef inline bint replace(EngineState* state, const CommandLine* command, Session* session, EventSink* sink) noexcept nogil:
    """OrderCancelReplaceRequest of a Limit order that stays one, its side and TimeInForce as they are."""
    cdef uint32_t* place = id_index_place(&state.by_cl_ord_id, command.session, command.target)
    cdef uint32_t slot = find_by_cl_ord_id(&state.by_cl_ord_id, state.pool.orders, command.session, <int64_t> command.target)
    cdef uint32_t level, gone
    cdef Order* order = &state.pool.orders[slot]
    cdef uint32_t difference = attributes_and_flags(order) ^ command.attributes
    cdef uint16_t said = command.attributes
    cdef Instrument* instrument = &state.instruments[command.instrument]
    cdef Account* account = &state.accounts.accounts[order.account]
    cdef int64_t side = side_index(said)
    cdef int64_t key, open_quantity, less
    cdef bint keeps_priority
    if unlikely(header(command) & HEADER_NAMED != HEADER_SAID or slot == 0 or order.instrument != command.instrument or difference & <uint32_t> SAME
                or said & TIME_IN_FORCE_BITS and difference & TIME_IN_FORCE_BITS
                or instrument.watch or not fits(instrument, command, &key) or command.quantity <= order.filled):
        return False
    key = level_key(side, key)
    open_quantity = command.quantity - order.filled
    less = order.leaves - open_quantity
    if unlikely((command.price ^ order.price | less) == 0       # nothing changes
                or order.attributes & POST_ONLY and meets(state, instrument, side, key)
                or not may_trade(state, &state.participants[session.participant], session, order.account, False, command.quantity,
                                 -less)):
        return False
    level = foresee_level(state, instrument, side, key)
    account.open_quantity[side] -= <uint64_t> less
    account.room -= -less if less < 0 else 0
    take_name(state, command, order, slot, place)
    keeps_priority = command.price == order.price and less > 0
    order.price = command.price
    order.leaves = open_quantity
    report_replaced(state, command, session, order, sink)
    if keeps_priority:          # nobody can foretell it: asked when it has been known for long
        state.level_pool.levels[order.level].quantity -= less
        return True
    gone = book_leave(state, instrument, order, side, open_quantity + less)
    level = 0 if gone == level else level
    if not trade_and_rest(state, instrument, order, slot, side, key, level, meets(state, instrument, side, key), True, sink):
        forget_order(state, slot)
    return True


cdef inline bint cancel(EngineState* state, const CommandLine* command, Session* session, EventSink* sink) noexcept nogil:
    """OrderCancelRequest of a plain order, whatever the phase."""
    cdef uint32_t* place = id_index_place(&state.by_cl_ord_id, command.session, command.target)
    cdef uint32_t slot = find_by_cl_ord_id(&state.by_cl_ord_id, state.pool.orders, command.session, <int64_t> command.target)
    cdef Order* order = &state.pool.orders[slot]
    cdef uint16_t said = command.attributes
    foresee_removal(state, order)
    id_index_prefetch(&state.by_order_id, order.order_id)
    if unlikely(slot == 0 or order.instrument != command.instrument or order.flags or said & BY_ORDER_ID
                or order_side(said) and order_side(said) != order_side(order.attributes)):
        return False
    report_to(state, sink, session, order, CANCELED, ORDER_CANCELED, NONE, command.cl_ord_id, order.cl_ord_id, 0)
    indicative_changes(state, &state.instruments[command.instrument])
    book_remove(state, &state.instruments[command.instrument], order)
    forget_from(state, slot, session, place)
    return True
