"""Pre-trade risk: accounts, limits, positions. Rule 13 of docs/rules.md.

An order counts in its account from risk_add to risk_remove. Between them risk_trade and risk_reduce follow each change of its
open quantity. Whoever changes Order.leaves of a live order calls one of them.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t

from pricetime.matching.order_pool cimport Order
from pricetime.matching.state cimport EngineState, Instrument

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

cdef uint8_t check_risk(EngineState* state, Instrument* instrument, RiskQuestion* question) noexcept nogil
    # SESSION_DISABLED to OVERFLOW, in their order; takes a token where it gets that far. ORDER_POOL_FULL and ACCOUNTS_FULL
    # of new orders too. Changes nothing else.
cdef uint32_t account_open(EngineState* state, uint32_t participant, uint32_t instrument) noexcept nogil
    # The account, opened where it is not there yet; check_risk has seen that there is room.
cdef void risk_add(EngineState* state, const Order* order) noexcept nogil
    # order.account, quantities, attributes and risk price are set.
cdef void risk_trade(EngineState* state, const Order* order, int64_t quantity) noexcept nogil
    # order.leaves is already less by quantity.
cdef void risk_reduce(EngineState* state, const Order* order, int64_t quantity) noexcept nogil
    # The same, without a trade.
cdef void risk_remove(EngineState* state, const Order* order) noexcept nogil
    # It ends, or leaves to come in again, with order.leaves (may be 0) open.
