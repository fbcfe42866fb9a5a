"""How live orders end that nobody asked for one by one: cancelled or expired together, in OrderID order."""

from collections.abc import Iterable

from pricetime.matching.records import EventType, OrdStatus, Reason
from pricetime.matching.reference.reports import Reports
from pricetime.matching.reference.state import Order, Venue, by_order_id


def cancel_all(venue: Venue, reports: Reports, orders: Iterable[Order], reason: Reason) -> None:
    """CANCELED, with each order's own ClOrdID."""
    for order in by_order_id(orders):
        reports.canceled(order, reason)
        venue.remove(order)


def expire_all(venue: Venue, reports: Reports, orders: Iterable[Order], reason: Reason) -> None:
    """EXPIRED, with each order's own ClOrdID."""
    for order in by_order_id(orders):
        reports.execution(EventType.EXPIRED, order, OrdStatus.ORDER_EXPIRED, reason, leaves=0)
        venue.remove(order)
