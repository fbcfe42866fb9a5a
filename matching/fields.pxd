"""What an order may be: each field by itself, then what contradicts itself. Rules 4 and 5, in the order of the checks.

What a plain order has is checked here, inline. Terms hold the rest, and are read only for an order that has more: another
OrdType than Market and Limit, another TimeInForce than Day, GTC, IOC and FOK, or an ADVANCED_LINE that says something.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from pricetime.matching.order_pool cimport Extra, Order
from pricetime.matching.records cimport *
from pricetime.matching.state cimport EngineState, Instrument, is_multiple

cdef enum:
    # What an order keeps of its command's attributes: side, order type, time in force, and two flags.
    KEPT_ATTRIBUTES = (SIDE_MASK << SIDE_SHIFT | ORD_TYPE_MASK << ORD_TYPE_SHIFT
                       | TIME_IN_FORCE_MASK << TIME_IN_FORCE_SHIFT | HAS_PRICE | POST_ONLY)

cdef struct Terms:
    # What an order has beside its price; as a new order's command says it, or as a replace would have it.
    uint16_t attributes
    uint16_t presence           # of AdvancedLine: which of these are there
    uint8_t self_match_instruction
    int64_t total               # OrderQty
    int64_t open_quantity
    int64_t display_quantity
    int64_t min_quantity
    int64_t stop_price
    int64_t expire_time
    uint64_t self_match_id

cdef void read_terms(const CommandLine* command, Terms* terms) noexcept nogil
    # What the command gives.
cdef uint8_t check_given(const Instrument* instrument, const Terms* terms) noexcept nogil
    # Of a replace: StopPx, DisplayQty and self-match prevention, each by itself.
cdef void merge_terms(const Order* order, const Extra* extra, Terms* terms) noexcept nogil
    # Of a replace, with terms.attributes as the order will have them: what the command does not give is the order's.
cdef uint8_t check_terms(int64_t now, const Instrument* instrument, Terms* terms) noexcept nogil
    # Combinations from STOP_TIME_IN_FORCE on. A self-match prevention with id 0 is none, and is dropped.
cdef bint same_terms(const Order* order, const Extra* extra, const Terms* terms) noexcept nogil
    # Nothing changes, ExpireTime aside.
cdef void keep_terms(EngineState* state, uint32_t slot, const Terms* terms) noexcept nogil
    # Write them into an order that stands nowhere: flags and Extra. A stop with the same StopPx keeps its age.
cdef void keep_expire_time(EngineState* state, uint32_t slot, const Terms* terms) noexcept nogil
    # A live order that keeps its priority: its ExpireTime is the terms'.
cdef void keep_risk_price(EngineState* state, uint32_t slot, int64_t risk_price) noexcept nogil
    # The order's price is set: a risk price that is another one is written down.


cdef inline bint attributes_are_plain(uint16_t attributes) noexcept nogil:
    return order_type(attributes) <= LIMIT and order_time_in_force(attributes) <= FOK


cdef inline bint command_is_plain(const CommandLine* command) noexcept nogil:
    """Does the command say nothing that Terms are needed for?"""
    cdef const AdvancedLine* line = <const AdvancedLine*> (command + 1)
    return (attributes_are_plain(command.attributes)
            and (record_lines(command) == 1 or line.type != ADVANCED_LINE or line.presence == 0))


cdef inline bint may_stay(uint16_t attributes) noexcept nogil:
    """Day (also where absent), GTC, GTD."""
    cdef uint8_t time_in_force = order_time_in_force(attributes)
    return time_in_force <= GTC or time_in_force == GTD


cdef inline bint needs_price(uint16_t attributes) noexcept nogil:
    return order_type(attributes) == LIMIT or order_type(attributes) == STOP_LIMIT


cdef inline bint is_stop(uint16_t attributes) noexcept nogil:
    return order_type(attributes) == STOP or order_type(attributes) == STOP_LIMIT


cdef inline uint8_t check_phase(uint8_t phase, uint16_t attributes, uint16_t presence) noexcept nogil:
    """May an order with these attributes come in now?"""
    cdef uint8_t time_in_force = order_time_in_force(attributes)
    if phase == CONTINUOUS:
        return OPENING_OVER if time_in_force == AT_THE_OPENING else NONE
    if phase == CLOSED:
        return PHASE_CLOSED
    if phase == HALTED:
        return PHASE_HALTED
    if time_in_force == IOC or time_in_force == FOK:
        return IMMEDIATE_IN_CALL
    if presence & HAS_MIN_QUANTITY:
        return MIN_QUANTITY_IN_CALL
    if attributes & POST_ONLY:
        return POST_ONLY_IN_CALL
    return OPENING_OVER if time_in_force == AT_THE_OPENING and phase != PRE_OPEN and phase != OPENING_CALL else NONE


cdef inline uint8_t check_price(const Instrument* instrument, int64_t price, int64_t* tick) noexcept nogil:
    if price <= 0 and not instrument.terms_flags & PRICE_MAY_BE_NEGATIVE:
        return PRICE_NOT_POSITIVE
    return NONE if is_multiple(&instrument.tick, price, tick) else PRICE_OFF_TICK


cdef inline uint8_t check_quantity(const Instrument* instrument, int64_t quantity) noexcept nogil:
    cdef int64_t lots
    if quantity <= 0:
        return QUANTITY_NOT_POSITIVE
    if not is_multiple(&instrument.lot, quantity, &lots):
        return QUANTITY_OFF_LOT
    return NONE if <uint64_t> lots <= instrument.lots_bound else QUANTITY_TOO_LARGE


# The first combinations, of attributes that are each known:

cdef inline uint8_t check_market_time(uint16_t attributes) noexcept nogil:
    if order_type(attributes) != MARKET:
        return NONE
    return MARKET_TIME_IN_FORCE if order_time_in_force(attributes) == GTC or order_time_in_force(attributes) == GTD else NONE


cdef inline uint8_t check_post_only(uint16_t attributes) noexcept nogil:
    cdef uint8_t time_in_force = order_time_in_force(attributes), type = order_type(attributes)
    if not attributes & POST_ONLY:
        return NONE
    if type == MARKET or type == MARKET_WITH_LEFT_OVER_AS_LIMIT:
        return POST_ONLY_MARKET
    if time_in_force == IOC or time_in_force == FOK:
        return POST_ONLY_IMMEDIATE
    if is_stop(attributes):
        return POST_ONLY_STOP
    return POST_ONLY_AUCTION if time_in_force >= AT_THE_OPENING else NONE


cdef inline uint8_t check_new_fields(const Instrument* instrument, const CommandLine* command,
                                     int64_t* tick) noexcept nogil:
    """The fields of a new order up to its quantity, and the first combinations."""
    cdef uint16_t attributes = command.attributes
    cdef uint8_t reason
    if order_side(attributes) == 0:
        return UNKNOWN_SIDE
    if order_type(attributes) == 0 or order_type(attributes) > MARKET_WITH_LEFT_OVER_AS_LIMIT:
        return UNKNOWN_ORD_TYPE
    if order_time_in_force(attributes) > AT_THE_CLOSE:
        return UNKNOWN_TIME_IN_FORCE
    if needs_price(attributes):
        if not attributes & HAS_PRICE:
            return PRICE_MISSING
        reason = check_price(instrument, command.price, tick)
        if reason:
            return reason
    elif attributes & HAS_PRICE:
        return PRICE_NOT_ALLOWED
    if not attributes & HAS_QUANTITY:
        return QUANTITY_MISSING
    reason = check_quantity(instrument, command.quantity)
    if not reason:
        reason = check_market_time(attributes)
    return reason if reason else check_post_only(attributes)


cdef inline uint8_t check_replace_fields(const Instrument* instrument, const CommandLine* command,
                                         bint plain, int64_t* tick) noexcept nogil:
    """Each field of the first line that a replace gives, by itself; types of a plain command are known ones."""
    cdef uint8_t reason
    if not plain and order_type(command.attributes) > MARKET_WITH_LEFT_OVER_AS_LIMIT:
        return UNKNOWN_ORD_TYPE
    if not plain and order_time_in_force(command.attributes) > AT_THE_CLOSE:
        return UNKNOWN_TIME_IN_FORCE
    if command.attributes & HAS_PRICE:
        reason = check_price(instrument, command.price, tick)
        if reason:
            return reason
    return check_quantity(instrument, command.quantity) if command.attributes & HAS_QUANTITY else NONE
