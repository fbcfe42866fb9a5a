"""The risk checks of new orders and replaces, in the order of the table. Rule 13 of docs/rules.md; limits: limits.py.

Nothing is counted on the way: open orders, quantities and notional are added up over the live orders when they are
asked for. That is slow, and cannot be wrong; the fast engine's running counters are held against it.
"""

from collections.abc import Iterable

from pricetime.matching import records
from pricetime.matching.records import OrdType, Reason
from pricetime.matching.reference.protection import by_the_collar, is_beyond_collar
from pricetime.matching.reference.state import (
    ACCOUNTS_MAX,
    INT64_MAX,
    Account,
    NotionalLimits,
    Order,
    Participant,
    Session,
    Venue,
)

NO_LIMITS = NotionalLimits()


def check_risk(venue: Venue, order: Order, replaces: Order | None) -> Reason:
    """Rule 13: the table, as if the order that it replaces were gone. Sets the order's risk price; may take a token."""
    participant, instrument = order.participant, order.instrument
    account = participant.accounts.get(instrument.id) or Account(participant, instrument)
    order.risk_price = risk_price(order)
    return (
        check_enabled(order.session)
        or (Reason.KILL_SWITCH_ON if participant.blocked else Reason.NONE)
        or (Reason.NONE if takes_token(participant, venue.time) else Reason.MESSAGE_RATE)
        or check_order_size(order, account)
        or check_price(order, account)
        or check_open(order, account, replaces)
        or check_position(order, account, replaces)
        or check_gross_notional(order, account, replaces)
        or check_overflow(venue, order, account, replaces)
    )


def check_room(venue: Venue, order: Order) -> Reason:
    """Rule 4, 7: room for a new order, and for its account where it has none yet."""
    if len(venue.orders) >= venue.order_capacity:
        return Reason.ORDER_POOL_FULL
    has_account = order.instrument.id in order.participant.accounts
    return Reason.NONE if has_account or venue.accounts < ACCOUNTS_MAX else Reason.ACCOUNTS_FULL


def check_enabled(session: Session) -> Reason:
    """Session and participant are enabled."""
    if session.flags & records.DISABLED:
        return Reason.SESSION_DISABLED
    return Reason.PARTICIPANT_DISABLED if session.participant.flags & records.DISABLED else Reason.NONE


def takes_token(participant: Participant, now: int) -> bool:
    """The message rate: fill the bucket up to now; take a token if there is one."""
    rate = participant.rate
    if rate is None:
        return True
    rate.level = min(rate.level + (now - rate.time) * rate.tokens, rate.tokens * rate.interval)
    rate.time = now
    if rate.level < rate.interval:
        return False
    rate.level -= rate.interval
    return True


def check_order_size(order: Order, account: Account) -> Reason:
    """Quantity and notional of the order by itself; of a replace those of the total."""
    if is_above(order.total, account.order_quantity_limit):
        return Reason.ORDER_QUANTITY_LIMIT
    for limits in limits_that_count(account):
        if limits.order is not None and notional(order, order.total, limits.order.scale) > limits.order.amount:
            return Reason.ORDER_NOTIONAL_LIMIT
    return Reason.NONE


def check_price(order: Order, account: Account) -> Reason:
    """Rule 12: a Limit order's price within the collar; a market order with a reference where something needs one."""
    if is_beyond_collar(order):
        return Reason.PRICE_COLLAR
    if not order.is_market or order.instrument.reference is not None:
        return Reason.NONE
    has_notional_limit = any(limits.order or limits.gross for limits in limits_that_count(account))
    needs_reference = order.instrument.collar is not None or has_notional_limit
    return Reason.NO_REFERENCE_PRICE if needs_reference else Reason.NONE


def check_open(order: Order, account: Account, replaces: Order | None) -> Reason:
    """Open orders and open quantity, with this one."""
    participant = order.participant
    if participant.open_orders_limit is not None:
        count = sum(1 for _ in others(participant.orders(), replaces))
        if count + 1 > participant.open_orders_limit:
            return Reason.OPEN_ORDERS_LIMIT
    if is_above(len(account.orders) + (replaces is None), account.open_orders_limit):
        return Reason.OPEN_ORDERS_LIMIT
    if account.open_quantity_limit is not None:
        quantity = sum(each.leaves for each in others(account.orders.values(), replaces))
        if quantity + order.leaves > account.open_quantity_limit:
            return Reason.OPEN_QUANTITY_LIMIT
    return Reason.NONE


def check_position(order: Order, account: Account, replaces: Order | None) -> Reason:
    """The worst-case position of the order's side, with this one."""
    if account.position_limit is None:
        return Reason.NONE
    worst = worst_case_with(order, account, replaces)
    return Reason.POSITION_LIMIT if worst > account.position_limit else Reason.NONE


def check_gross_notional(order: Order, account: Account, replaces: Order | None) -> Reason:
    """What is open in value, with this one: of the account, and of the participant in the instrument's currency."""
    own, of_participant = limits_that_count(account)
    for limits, orders in ((own, account.orders.values()), (of_participant, in_currency(account))):
        if limits.gross is not None:
            gross = gross_notional(others(orders, replaces), limits.gross.scale)
            if gross + notional(order, order.leaves, limits.gross.scale) > limits.gross.amount:
                return Reason.GROSS_NOTIONAL_LIMIT
    return Reason.NONE


def check_overflow(venue: Venue, order: Order, account: Account, replaces: Order | None) -> Reason:
    """The worst-case position below 2^63, limit or not."""
    # No order is above the bound of rule 1: in most accounts that alone shows that 2^63 is far.
    if abs(account.position) + (len(account.orders) + 1) * venue.quantity_bound <= INT64_MAX:
        return Reason.NONE
    return Reason.OVERFLOW if worst_case_with(order, account, replaces) > INT64_MAX else Reason.NONE


def worst_case_with(order: Order, account: Account, replaces: Order | None) -> int:
    return order.leaves + worst_case(account, order.is_buy, others(account.orders.values(), replaces))


def worst_case(account: Account, buys: bool, orders: Iterable[Order]) -> int:
    """Position plus the open buys among the orders; or less the position, plus the open sells."""
    position = account.position if buys else -account.position
    return position + sum(order.leaves for order in orders if order.is_buy == buys)


# ---------------------------------------------------------------------------------------------- notional


def risk_price(order: Order) -> int:
    """Rule 13: the price at which an order counts; of a market order without a reference 0."""
    instrument = order.instrument
    if order.price is not None:
        return order.price
    price = order.stop_price if order.ord_type == OrdType.STOP else instrument.reference
    return 0 if price is None else by_the_collar(instrument, order.is_buy, price)


def notional(order: Order, quantity: int, scale: int) -> int:
    """|risk price| x quantity in units of 10^-scale of the currency, rounded up."""
    value: int = abs(order.risk_price) * quantity * 10**scale
    unit: int = 10 ** (order.instrument.price_scale + order.instrument.qty_scale)
    return -(-value // unit)


def gross_notional(orders: Iterable[Order], scale: int) -> int:
    """What the orders have open, each rounded by itself."""
    return sum(notional(order, order.leaves, scale) for order in orders)


def in_currency(account: Account) -> Iterable[Order]:
    """The participant's live orders that count towards the same currency as this account's."""
    return orders_in(account.participant, account.instrument.currency)


def orders_in(participant: Participant, currency: bytes) -> Iterable[Order]:
    return (order for order in participant.orders() if order.instrument.currency == currency)


def limits_that_count(account: Account) -> tuple[NotionalLimits, NotionalLimits]:
    """The account's limits of value, and the participant's in the instrument's currency."""
    return account.notional, account.participant.notional.get(account.instrument.currency, NO_LIMITS)


def is_above(value: int, limit: int | None) -> bool:
    return limit is not None and value > limit


def others(orders: Iterable[Order], replaces: Order | None) -> Iterable[Order]:
    """All but the order that is replaced."""
    return (order for order in orders if order is not replaces)
