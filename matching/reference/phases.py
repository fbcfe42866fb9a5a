"""Phases of instruments, days and auctions: what happens when a phase changes. Rule 6 of docs/rules.md."""

from collections.abc import Iterable

from pricetime.matching.records import CommandType, EventType, OrdType, Phase, Reason, Standing, TimeInForce
from pricetime.matching.reference.auction import uncross, uncross_of
from pricetime.matching.reference.ending import cancel_all, expire_all
from pricetime.matching.reference.fields import AUCTION
from pricetime.matching.reference.matching import become_limit
from pricetime.matching.reference.protection import set_phase
from pricetime.matching.reference.reports import Reports
from pricetime.matching.reference.state import Instrument, Order, Session, Venue, by_order_id
from pricetime.matching.reference.stops import elect
from pricetime.matching.reference.tuples import Command

CALLS = (Phase.PRE_OPEN, Phase.OPENING_CALL, Phase.CLOSING_CALL, Phase.VOLATILITY_CALL)

# ----------------------------------------------------------------------------------------- by command


def check_status(venue: Venue, command: Command) -> Reason:
    """Rule 6: instrument, phase and TradeDate of a TradingSessionStatus."""
    if command.instrument not in venue.instruments:
        return Reason.UNKNOWN_INSTRUMENT
    instrument = venue.instruments[command.instrument]
    if command.attributes not in list(Phase):
        return Reason.PHASE_UNKNOWN
    if command.attributes == instrument.phase:
        return Reason.PHASE_UNCHANGED
    if command.quantity and not (is_date(command.quantity) and command.quantity >= instrument.trade_date):
        return Reason.TRADE_DATE_INVALID
    return Reason.NONE


def is_date(number: int) -> bool:
    """yyyymmdd, the year 1 to 9999, the month 1 to 12, the day 1 to 31."""
    year, month, day = number // 10000, number // 100 % 100, number % 100
    return 1 <= year <= 9999 and 1 <= month <= 12 and 1 <= day <= 31


def trading_session_status(venue: Venue, reports: Reports, command: Command, record: bytes) -> None:
    """TradingSessionStatus [h]. Rule 6: the date first, then the phase changes."""
    session = venue.sessions.get(command.session)
    if reason := check_status(venue, command):
        reports.answer(EventType.BUSINESS_MESSAGE_REJECT, session, command, reason)
        return
    instrument = venue.instruments[command.instrument]
    if command.quantity > instrument.trade_date:
        if instrument.trade_date:       # the first date ends no day
            end_day_orders(venue, reports, instrument)
        instrument.trade_date = command.quantity
    change_phase(venue, reports, instrument, command.attributes, session, cl_ord_id=command.cl_ord_id)


def clock(venue: Venue, reports: Reports, command: Command, record: bytes) -> None:
    """Clock. Rule 6: an INDICATIVE_PRICE for each call whose price or quantity changed since it was last reported."""
    for instrument in venue.instruments.values():
        if instrument.phase not in CALLS:
            continue
        indicative = uncross_of(instrument) or (0, 0)
        if indicative != instrument.reported:
            instrument.reported = indicative
            reports.write(EventType.INDICATIVE_PRICE, None, instrument=instrument.id, last_px=indicative[0],
                          last_qty=indicative[1])
    if command.session:
        reports.answer(EventType.COMMAND_ACK, venue.sessions[command.session], command)


# ------------------------------------------------------------------------------------- what happens then


def change_phase(venue: Venue, reports: Reports, instrument: Instrument, phase: int, session: Session | None,
                 cl_ord_id: int = 0, reason: Reason = Reason.NONE) -> None:
    """Rule 6, 2 to 9, but for the release of the stops that are elected (rule 10)."""
    before = instrument.phase
    if phase == Phase.CLOSING_CALL:
        join_the_call(venue, instrument)
    uncrosses = phase == Phase.CONTINUOUS or (before, phase) == (Phase.CLOSING_CALL, Phase.CLOSED)
    crossing = uncross_of(instrument) if uncrosses else None
    price, quantity = crossing or (0, 0)
    set_phase(venue, instrument, phase)
    reports.write(EventType.SESSION_STATUS, session, reason=reason, cl_ord_id=cl_ord_id, instrument=instrument.id,
                  last_px=price, last_qty=quantity, leaves_qty=phase)
    if crossing is not None:
        uncross(venue, reports, instrument, price)
    if uncrosses:
        settle_market_orders(venue, reports, instrument)
    if phase == Phase.CONTINUOUS:
        cancel_all(venue, reports, of_auction(instrument, TimeInForce.AT_THE_OPENING), Reason.AUCTION_REST)
    if before == Phase.CLOSING_CALL and phase != Phase.CLOSED:
        set_aside(venue, instrument)
    if phase == Phase.CLOSED:
        close_day(venue, reports, instrument)
    if phase == Phase.CONTINUOUS and instrument.reference is not None:
        elect(instrument, instrument.reference)


def of_auction(instrument: Instrument, *times_in_force: TimeInForce) -> list[Order]:
    return [order for order in instrument.orders() if order.time_in_force in times_in_force]


def join_the_call(venue: Venue, instrument: Instrument) -> None:
    """Rule 6, 2: AtTheClose orders that were set aside join their queues, by age."""
    move(venue, sorted(instrument.aside.values(), key=lambda order: order.age), Standing.IN_THE_BOOK)


def set_aside(venue: Venue, instrument: Instrument) -> None:
    """Rule 6, 7: AtTheClose orders leave the book again."""
    move(venue, of_auction(instrument, TimeInForce.AT_THE_CLOSE), Standing.SET_ASIDE)


def move(venue: Venue, orders: Iterable[Order], standing: Standing) -> None:
    """Into the book, or out of it."""
    for order in orders:
        venue.remove(order)
        order.standing = int(standing)
        venue.add(order)


def settle_market_orders(venue: Venue, reports: Reports, instrument: Instrument) -> None:
    """Rule 6, 5: what an uncross left of market orders becomes a Limit order, or is cancelled; in OrderID order."""
    for order in by_order_id([order for order in instrument.book.orders() if order.is_market]):
        venue.remove(order)
        if order.ord_type == OrdType.MARKET_WITH_LEFT_OVER_AS_LIMIT and order.filled:
            become_limit(reports, order)
            venue.add(order)
        else:
            reports.canceled(order, Reason.UNCROSS_REST)


def close_day(venue: Venue, reports: Reports, instrument: Instrument) -> None:
    """Rule 6, 8: the day's orders end, the last trade becomes the reference."""
    end_day_orders(venue, reports, instrument)
    instrument.reference_price = instrument.reference
    instrument.last_price = None


def end_day_orders(venue: Venue, reports: Reports, instrument: Instrument) -> None:
    """Rule 6, 1 and 8: what was only for the day's auctions ends, then Day orders, stops too; in OrderID order."""
    cancel_all(venue, reports, of_auction(instrument, *AUCTION), Reason.AUCTION_REST)
    day_orders = [order for order in instrument.orders() if order.time_in_force == TimeInForce.DAY]
    expire_all(venue, reports, day_orders, Reason.DAY_END)


HANDLERS = {
    CommandType.TRADING_SESSION_STATUS: trading_session_status,
    CommandType.CLOCK: clock,
}
