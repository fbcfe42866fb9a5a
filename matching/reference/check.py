"""Every invariant of a venue between two commands. A failure is a bug of the engine, and says which order or table."""

from collections.abc import Iterable
from itertools import pairwise

from pricetime.matching import records
from pricetime.matching.records import OrdType, Phase, SelfMatchInstruction, Standing, TimeInForce
from pricetime.matching.reference.book import BookSide
from pricetime.matching.reference.definitions import LIMITS, are_limits, check_terms, is_name
from pricetime.matching.reference.fields import AUCTION, RESTING
from pricetime.matching.reference.limits import CURRENCIES_MAX, NOTIONAL_MAX, NOTIONAL_SCALE_MAX
from pricetime.matching.reference.phases import CALLS
from pricetime.matching.reference.risk import gross_notional, orders_in, worst_case
from pricetime.matching.reference.state import (
    INT64_MAX,
    PRICED,
    SHARD_SHIFT,
    Account,
    Instrument,
    NotionalLimits,
    Order,
    Participant,
    Session,
    Venue,
)

SESSION_FLAGS = records.DISABLED | records.CANCEL_ON_DISCONNECT | records.RIGHTS_MASK
TERMS_FLAGS = records.PRICE_MAY_BE_NEGATIVE | records.HIDDEN_ALLOWED


def must(holds: bool, what: str) -> None:
    """An AssertionError that also an optimized Python raises."""
    if not holds:
        raise AssertionError(what)


def check(venue: Venue) -> None:
    """Raise AssertionError where the state contradicts itself or the rules."""
    for table in (venue.participants, venue.sessions, venue.instruments):
        must(list(table) == list(range(1, len(table) + 1)), f"ids are not 1, 2, 3 ... : {list(table)}")
        names = [entry.name for entry in table.values()]
        must(len(set(names)) == len(names), f"a name is given twice: {names}")
    must(len(venue.orders) <= venue.order_capacity, f"{len(venue.orders)} live orders, room for {venue.order_capacity}")
    for counter in (venue.last_order_id, venue.last_exec_id, venue.last_trd_match_id):
        must(counter >> SHARD_SHIFT == venue.shard, f"counter {counter} is not of shard {venue.shard}")
    check_tables(venue)
    for participant in venue.participants.values():
        check_participant(venue, participant)
    for session in venue.sessions.values():
        check_session(session)
    for instrument in venue.instruments.values():
        check_terms_and_limits(instrument)
    for order in venue.orders.values():
        check_order(venue, order)
    for instrument in venue.instruments.values():
        check_instrument(venue, instrument)


def check_tables(venue: Venue) -> None:
    """Every live order is in each table that names orders, and no other is."""
    participants, ids = venue.participants.values(), sorted(venue.orders)
    for what, orders in (
        ("sessions name", [order for session in venue.sessions.values() for order in session.orders.values()]),
        ("accounts have", [order for participant in participants for order in participant.orders()]),
        ("instruments have", [order for instrument in venue.instruments.values() for order in instrument.orders()]),
    ):
        must(sorted(order.order_id for order in orders) == ids, f"the orders that {what} are not the live ones")
    timed = {order.order_id for order in venue.orders.values() if order.expire_time is not None}
    must(venue.timed.keys() == timed, f"GTD orders are {sorted(timed)}, deadlines of {sorted(venue.timed)}")
    calls = {instrument.id for instrument in venue.instruments.values() if instrument.call_end}
    must(venue.calls.keys() == calls, f"calls that end are of {sorted(calls)}, deadlines of {sorted(venue.calls)}")
    ages = [order.age for order in venue.orders.values() if order.age]
    must(len(set(ages)) == len(ages) and max(ages, default=0) <= venue.last_age, "an age is given twice, or never was")


# ------------------------------------------------------------------------------------------- participants


def check_participant(venue: Venue, participant: Participant) -> None:
    """Rule 13: the rate's bucket, the table of currencies, the accounts."""
    name, rate = participant.name.decode(errors="replace"), participant.rate
    must(is_name(participant.name) and not participant.flags & ~records.DISABLED,
         f"{participant.name!r} is no name, or {participant.flags:#06x} no flags of a participant")
    must((participant.open_orders_limit or 0) >= 0, f"{name}: a limit of {participant.open_orders_limit}")
    must(len(participant.notional) <= CURRENCIES_MAX, f"{name}: limits in {len(participant.notional)} currencies")
    if rate is not None:
        bucket = rate.tokens * rate.interval
        must(rate.tokens > 0 and rate.interval > 0 and bucket <= INT64_MAX, f"{name}: impossible rate {rate}")
        must(0 <= rate.level <= bucket and rate.time <= venue.time, f"{name}: impossible bucket {rate}")
    must(not participant.blocked or not list(participant.orders()), f"{name} is blocked and has live orders")
    for currency, limits in participant.notional.items():
        check_notional(name, limits, orders_in(participant, currency))
    for account in participant.accounts.values():
        check_account(account)


def check_session(session: Session) -> None:
    """Name, flags and mark."""
    must(is_name(session.name) and not session.flags & ~SESSION_FLAGS and session.mark >= 0,
         f"{session.name!r} is no name, {session.flags:#06x} no flags or {session.mark} no mark of a session")


def check_notional(of: str, limits: NotionalLimits, orders: Iterable[Order]) -> None:
    """Rule 13: a value below 2^127, a scale up to 36, and nothing open that reaches 2^127 at it."""
    for limit in (limits.order, limits.gross):
        must(limit is None or (limit.amount <= NOTIONAL_MAX and limit.scale <= NOTIONAL_SCALE_MAX),
             f"{of}: impossible limit {limit}")
    must(limits.gross is None or gross_notional(orders, limits.gross.scale) <= NOTIONAL_MAX,
         f"{of}: gross open notional reaches 2^127")


def check_account(account: Account) -> None:
    """Rule 13: limits that can be, and nothing reaches 2^63."""
    orders = account.orders.values()
    limits = (account.order_quantity_limit, account.open_orders_limit, account.open_quantity_limit,
              account.position_limit)
    must(all(limit is None or limit >= 0 for limit in limits), f"an account has the limits {limits}")
    check_notional("an account", account.notional, orders)
    worst = max(worst_case(account, True, orders), worst_case(account, False, orders), abs(account.position))
    must(worst <= INT64_MAX, f"participant {account.participant.id} in instrument {account.instrument.id}: position "
         f"{account.position} and what is open reach {worst}")
    must(all(order.participant is account.participant and order.instrument is account.instrument for order in orders),
         f"an order in the account of another: {account}")


# -------------------------------------------------------------------------------------------------- orders


def check_order(venue: Venue, order: Order) -> None:
    """Names, quantities, attributes that fit each other, and the standing that they ask for."""
    must(venue.orders[order.order_id] is order, f"{order} is not the one of its OrderID")
    must(order.session.orders[order.cl_ord_id] is order, f"{order} is not the one of its ClOrdID")
    given = venue.shard << SHARD_SHIFT < order.order_id <= venue.last_order_id
    must(given, f"{order} has an OrderID that was never given")
    must(1 <= order.cl_ord_id <= order.session.mark, f"{order} has a ClOrdID above the mark")
    must(order.leaves > 0 and order.filled >= 0, f"{order} lives with nothing open")
    check_multiples(venue, order)
    must(not order.post_only or order.ord_type == OrdType.LIMIT, f"{order} is post-only")
    must((order.price is not None) == (order.ord_type in PRICED), f"{order}: a price where none is, or none")
    must(order.time_in_force in (*RESTING, *AUCTION), f"{order} may not rest")
    must(order.min_quantity is None, f"{order} rests with a MinQty")
    must(order.ord_type not in (OrdType.MARKET_WITH_LEFT_OVER_AS_LIMIT, OrdType.STOP) or not order.filled,
         f"{order} has traded and is no Limit order yet")
    timed = order.time_in_force == TimeInForce.GTD
    must(timed == (order.expire_time is not None), f"{order}: an ExpireTime where none is, or none")
    must(order.expire_time is None or order.expire_time > venue.time,
         f"{order} should have expired at {order.expire_time}")
    guards = list(SelfMatchInstruction) if order.self_match_id else [0]
    must(order.self_match_instruction in guards,
         f"{order}: self-match prevention {order.self_match_id}, {order.self_match_instruction}")
    check_standing(order)


def check_multiples(venue: Venue, order: Order) -> None:
    """Rule 1: prices are on the tick, quantities in lots and within the bound."""
    tick, lot = order.instrument.tick_size, order.instrument.lot_size
    must((order.price or 0) % tick == 0 and (order.stop_price or 0) % tick == 0, f"{order} has a price off the tick")
    quantities = (order.leaves, order.filled, order.display_quantity or 0, order.shown)
    must(not any(quantity % lot for quantity in quantities) and order.total <= venue.quantity_bound,
         f"{order} has a quantity off the lot, or too large")


def check_standing(order: Order) -> None:
    """Where the order stands, what is shown of it there, and whether it has an age."""
    in_book = order.standing == Standing.IN_THE_BOOK
    waits = order.standing in (Standing.WAITING_STOP, Standing.ELECTED_STOP)
    must(order.is_stop == waits == (order.stop_price is not None), f"{order}: a stop waits, no other order does")
    if order.is_iceberg and in_book:
        must(0 < order.shown <= min(order.leaves, order.display_quantity or 0), f"{order} shows {order.shown}")
    else:
        must(order.shown == 0, f"{order} shows {order.shown}")
    at_the_close = order.time_in_force == TimeInForce.AT_THE_CLOSE
    in_closing_call = order.instrument.phase == Phase.CLOSING_CALL
    must((order.standing == Standing.SET_ASIDE) == (at_the_close and not in_closing_call),
         f"{order} is not set aside, or should not be")
    aged = waits or at_the_close or order.display_quantity is not None
    must(aged == (order.age > 0), f"{order} has the age {order.age}")
    must(order.display_quantity is None or order.display_quantity >= 0, f"{order} displays {order.display_quantity}")


# ---------------------------------------------------------------------------------------------- instruments


def check_instrument(venue: Venue, instrument: Instrument) -> None:
    """The book, the phase and what it forbids, deadlines, positions."""
    book, name, phase = instrument.book, instrument.name.decode(errors="replace"), instrument.phase
    for side in (book.buy, book.sell):
        check_side(instrument, side)
    gone: list[TimeInForce] = []
    if phase == Phase.CONTINUOUS:
        must(not book.buy.market and not book.sell.market, f"{name}: market orders rest in Continuous")
        bid, ask = book.buy.best(), book.sell.best()
        must(bid is None or ask is None or bid.limit < ask.limit, f"{name}: crossed in Continuous: {bid} and {ask}")
        elected = [stop for stop in instrument.stops.values() if stop.standing == Standing.ELECTED_STOP]
        must(not elected, f"{name}: elected stops wait in Continuous: {[str(stop) for stop in elected]}")
        gone.append(TimeInForce.AT_THE_OPENING)
    if phase == Phase.CLOSED:
        gone += [*AUCTION, TimeInForce.DAY]
    left = [str(order) for order in instrument.orders() if order.time_in_force in gone]
    must(not left, f"{name}: orders that should have ended: {left}")
    must(phase != Phase.CLOSED or instrument.last_price is None, f"{name}: a last trade while Closed")
    must(not instrument.reported[1] or phase in CALLS, f"{name}: an IndicativePrice stands outside of a call")
    must(not instrument.call_end or phase == Phase.VOLATILITY_CALL, f"{name}: the end of a call outside of one")
    must(not instrument.call_end or instrument.call_end > venue.time or venue.time == INT64_MAX,
         f"{name}: the call should have ended at {instrument.call_end}")
    positions = sum(participant.accounts[instrument.id].position for participant in venue.participants.values()
                    if instrument.id in participant.accounts)
    must((positions - instrument.position_adjusted) % (1 << 64) == 0,
         f"{name}: positions add up to {positions}, adjusted were {instrument.position_adjusted}")


def check_terms_and_limits(instrument: Instrument) -> None:
    """Rule 7: name, flags, terms and limits, and prices on the tick."""
    name, flags = instrument.name, (instrument.flags, instrument.terms_flags)
    must(is_name(name) and not flags[0] & ~records.DISABLED and not flags[1] & ~TERMS_FLAGS,
         f"{name!r} is no name, or {flags} no flags of an instrument")
    must(not check_terms(instrument) and instrument.iceberg_parts_max >= 1, f"{name!r} has terms that cannot be")
    given = {field: getattr(instrument, field) for field in LIMITS.values()}
    given = {field: limit for field, limit in given.items() if limit is not None}
    must(are_limits(given, instrument.tick_size, instrument.terms_flags, None), f"{name!r} has the limits {given}")
    prices = (instrument.last_price, instrument.auction_price)
    must(not any((price or 0) % instrument.tick_size for price in prices), f"{name!r} traded off the tick: {prices}")
    must(instrument.reported[1] >= 0, f"{name!r} has reported {instrument.reported}")


def check_side(instrument: Instrument, side: BookSide) -> None:
    """Levels in order, each order in its queue, icebergs and hidden orders by age."""
    name, keys = instrument.name.decode(errors="replace"), list(side.levels)
    must(all(first < second for first, second in pairwise(keys)), f"{name}: levels out of order: {keys}")
    must(all(order.is_market for order in side.market.values()), f"{name}: a priced order among market orders")
    for key, level in side.levels.items():
        must(bool(level.displayed or level.hidden), f"{name}: an empty level at {side.price(key)}")
        for order in level.orders():
            right = order.price == side.price(key) and order.instrument.book.side(order) is side
            must(right and order.order_id in level.queue(order), f"{order} in a wrong queue")
        for queue in (level.displayed, level.hidden):
            ages = [order.age for order in queue.values() if order.display_quantity is not None]
            must(ages == sorted(ages), f"{name}: a queue at {side.price(key)} is not by age: {ages}")
