"""Every invariant of a venue between two commands. A failure is a bug of the engine, and says which order or table."""

from itertools import pairwise

from pricetime.matching.records import Phase, TimeInForce
from pricetime.matching.reference.book import BookSide
from pricetime.matching.reference.state import SHARD_SHIFT, Instrument, Order, Venue


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
    named = [order for session in venue.sessions.values() for order in session.orders.values()]
    queued = [order for instrument in venue.instruments.values() for order in instrument.book.orders()]
    ids = sorted(venue.orders)
    must(sorted(order.order_id for order in named) == ids, "the orders that sessions name are not the live ones")
    must(sorted(order.order_id for order in queued) == ids, "the orders in the books are not the live ones")
    for order in venue.orders.values():
        check_order(venue, order)
    for instrument in venue.instruments.values():
        check_book(instrument)


def check_order(venue: Venue, order: Order) -> None:
    must(venue.orders[order.order_id] is order, f"{order} is not the one of its OrderID")
    must(order.session.orders[order.cl_ord_id] is order, f"{order} is not the one of its ClOrdID")
    must(order.order_id <= venue.last_order_id, f"{order} has an OrderID that was never given")
    must(1 <= order.cl_ord_id <= order.session.mark, f"{order} has a ClOrdID above the mark")
    must(order.leaves > 0 and order.filled >= 0, f"{order} lives with nothing open")
    must((order.price is None) == order.is_market, f"{order}: a market order has no price, all others have one")
    must(order.time_in_force in (TimeInForce.DAY, TimeInForce.GTC), f"{order} may not rest")


def check_book(instrument: Instrument) -> None:
    book, name = instrument.book, instrument.name.decode()
    for side in (book.buy, book.sell):
        check_side(instrument, side)
    if instrument.phase == Phase.CONTINUOUS:
        must(not book.buy.market and not book.sell.market, f"{name}: market orders rest in Continuous")
        bid, ask = book.buy.best(), book.sell.best()
        must(bid is None or ask is None or bid.limit < ask.limit, f"{name}: crossed in Continuous: {bid} and {ask}")


def check_side(instrument: Instrument, side: BookSide) -> None:
    name, keys = instrument.name.decode(), list(side.levels)
    must(all(first < second for first, second in pairwise(keys)), f"{name}: levels out of order: {keys}")
    must(all(side.levels.values()), f"{name}: an empty level")
    for key, level in side.levels.items():
        for order in level.values():
            must(
                order.price == side.price(key) and order.instrument.book.side(order) is side,
                f"{order} in a wrong queue",
            )
