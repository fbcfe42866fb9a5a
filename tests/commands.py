"""Commands as bytes and events as short tuples, so that a test reads like the rule that it holds.

Each builder gives the bytes of one record; `apply` takes any number of them. Owns no rule and no expectation.
"""

from collections import namedtuple

import numpy as np

from pricetime.matching import records
from pricetime.matching.records import (
    COMMAND,
    CommandType,
    EventType,
    LineType,
    OrdStatus,
    OrdType,
    Phase,
    Reason,
    Side,
    TimeInForce,
)
from pricetime.matching.reference import layout

BUY, SELL, SELL_SHORT = int(Side.BUY), int(Side.SELL), int(Side.SELL_SHORT)
MARKET, LIMIT = int(OrdType.MARKET), int(OrdType.LIMIT)
DAY, GTC, IOC, FOK = (int(TimeInForce[name]) for name in ("DAY", "GTC", "IOC", "FOK"))
CLOSED, PRE_OPEN, OPENING_CALL, CONTINUOUS, CLOSING_CALL, VOLATILITY_CALL, HALTED = (int(phase) for phase in Phase)
TRADER = records.RIGHT_TRADE
OPERATOR = records.RIGHT_OPERATE
VENUE = 0

Event = namedtuple("Event", layout.EVENT.record._fields)


# ----------------------------------------------------------------------------------------------- commands


def record(kind: int, *further: bytes, **fields: int) -> bytes:
    """A record of any type: its first line and the further ones."""
    shape = records.RECORD_VERSION << 4 | 1 + len(further)
    return layout.COMMAND.pack(**{"type": kind, "shape": shape, **fields}) + b"".join(further)


def further(type: int, **fields: int | bytes) -> bytes:
    return layout.FURTHER_LINES[type].pack(**{"type": type, **fields})


def order_attributes(side: int, ord_type: int, tif: int, *bits: int) -> int:
    attributes = side << records.SIDE_SHIFT | ord_type << records.ORD_TYPE_SHIFT | tif << records.TIME_IN_FORCE_SHIFT
    for bit in bits:
        attributes |= bit
    return attributes


def new(session: int, cl_ord_id: int, instrument: int, side: int, quantity: int | None, price: int | None = None, *,
        tif: int = 0, ord_type: int | None = None, post_only: bool = False, lines: tuple = (), **fields: int) -> bytes:
    """NewOrderSingle: a Limit order, or a Market order where no price is given; None is absent."""
    if ord_type is None:
        ord_type = MARKET if price is None else LIMIT
    attributes = order_attributes(
        side, ord_type, tif,
        records.HAS_PRICE if price is not None else 0,
        records.HAS_QUANTITY if quantity is not None else 0,
        records.POST_ONLY if post_only else 0,
    )
    return record(CommandType.NEW_ORDER_SINGLE, *lines, **{
        "session": session, "cl_ord_id": cl_ord_id, "instrument": instrument, "attributes": attributes,
        "price": price or 0, "quantity": quantity or 0, **fields})


def named(orig: int | None, order_id: int | None) -> tuple[int, int]:
    """(target, bit): an order named by OrigClOrdID or OrderID."""
    return (order_id, records.BY_ORDER_ID) if order_id is not None else (orig, 0)


def cancel(session: int, cl_ord_id: int, instrument: int, orig: int | None = None, *, order_id: int | None = None,
           side: int = 0, **fields: int) -> bytes:
    target, bit = named(orig, order_id)
    return record(CommandType.ORDER_CANCEL_REQUEST, **{
        "session": session, "cl_ord_id": cl_ord_id, "instrument": instrument, "target": target,
        "attributes": order_attributes(side, 0, 0, bit), **fields})


def replace(session: int, cl_ord_id: int, instrument: int, orig: int | None = None, quantity: int | None = None,
            price: int | None = None, *, order_id: int | None = None, side: int = 0, ord_type: int = 0, tif: int = 0,
            post_only: bool | None = None, lines: tuple = (), **fields: int) -> bytes:
    """OrderCancelReplaceRequest: what is None or 0 is absent; `quantity` is the new total."""
    target, bit = named(orig, order_id)
    attributes = order_attributes(
        side, ord_type, tif, bit,
        records.HAS_PRICE if price is not None else 0,
        records.HAS_QUANTITY if quantity is not None else 0,
        records.HAS_EXEC_INST if post_only is not None else 0,
        records.POST_ONLY if post_only else 0,
    )
    return record(CommandType.ORDER_CANCEL_REPLACE_REQUEST, *lines, **{
        "session": session, "cl_ord_id": cl_ord_id, "instrument": instrument, "target": target,
        "attributes": attributes, "price": price or 0, "quantity": quantity or 0, **fields})


def status(phase: int, instrument: int, *, trade_date: int = 0, session: int = VENUE, cl_ord_id: int = 0,
           **fields: int) -> bytes:
    """TradingSessionStatus."""
    return record(CommandType.TRADING_SESSION_STATUS, **{
        "session": session, "cl_ord_id": cl_ord_id, "instrument": instrument, "attributes": phase,
        "quantity": trade_date, **fields})


def clock(time: int = 0, *, session: int = VENUE, cl_ord_id: int = 0) -> bytes:
    return record(CommandType.CLOCK, time=time, session=session, cl_ord_id=cl_ord_id)


def name_line(name: str | bytes, currency: bytes = b"") -> bytes:
    name = name.encode() if isinstance(name, str) else name
    return further(LineType.NAME_LINE, name=name, currency=currency)


def terms_line(tick: int = 1, lot: int = 1, *, negative: bool = False, **fields: int) -> bytes:
    flags = records.PRICE_MAY_BE_NEGATIVE if negative else 0
    return further(LineType.INSTRUMENT_TERMS_LINE, **{"tick_size": tick, "lot_size": lot, "flags": flags, **fields})


def limits_line(**fields: int) -> bytes:
    """What is given is present; `presence` overrides that."""
    presence = 0
    for field in fields:
        presence |= getattr(records, f"HAS_{field.upper()}", 0)
    return further(LineType.INSTRUMENT_LIMITS_LINE, **{"presence": presence, **fields})


def define_participant(id: int, name: str | bytes | None, **fields: int) -> bytes:
    lines = () if name is None else (name_line(name),)
    return record(CommandType.PARTY_DEFINITION, *lines, **{"target": id, **fields})


def define_session(id: int, name: str | bytes | None, participant: int, attributes: int = TRADER,
                   **fields: int) -> bytes:
    lines = () if name is None else (name_line(name),)
    return record(CommandType.SESSION_DEFINITION, *lines, **{
        "target": id, "quantity": participant, "attributes": attributes, **fields})


def define_instrument(id: int, name: str | bytes | None, terms: bytes | None = b"", limits: bytes | None = None,
                      currency: bytes = b"", **fields: int) -> bytes:
    """SecurityDefinition; without `terms` a tick and a lot of 1, with None no terms line."""
    lines = [] if name is None else [name_line(name, currency)]
    lines += [] if terms is None else [terms or terms_line()]
    lines += [] if limits is None else [limits]
    return record(CommandType.SECURITY_DEFINITION, *lines, **{"instrument": id, **fields})


def venue_start(run: int, *, rules_version: int = records.RULES_VERSION, capacity: int = 0, **fields: int) -> bytes:
    return record(CommandType.VENUE_START, **{"target": run, "price": rules_version, "quantity": capacity, **fields})


def logon(session: int, **fields: int) -> bytes:
    return record(CommandType.LOGON, session=session, **fields)


def logout(session: int, **fields: int) -> bytes:
    return record(CommandType.LOGOUT, session=session, **fields)


def disconnect(session: int, **fields: int) -> bytes:
    return record(CommandType.DISCONNECT, session=session, **fields)


def event_digest(low: int, high: int, **fields: int) -> bytes:
    as_signed = [half - (1 << 64) if half >> 63 else half for half in (low, high)]
    return record(CommandType.EVENT_DIGEST, **{"price": as_signed[0], "quantity": as_signed[1], **fields})


# ------------------------------------------------------------------------------------------------- events


def apply(engine: object, *commands: bytes) -> list[Event]:
    """Apply the commands; every event as a named tuple of integers."""
    lines = np.frombuffer(b"".join(commands), dtype=COMMAND)
    return [Event._make(event) for event in engine.apply(lines).tolist()]


def brief(event: Event) -> tuple:
    """What a client would say of an event, and the reason's name where there is one."""
    kind = EventType(event.type).name
    reason = (Reason(event.reason).name,) if event.reason else ()
    if kind == "TRADE":
        return kind, event.cl_ord_id, event.last_px, event.last_qty, event.leaves_qty
    if kind in ("NEW", "REPLACED"):
        return kind, event.cl_ord_id, event.leaves_qty, *reason
    if kind == "SESSION_STATUS":
        return kind, Phase(event.leaves_qty).name, event.last_px, event.last_qty
    if kind == "INDICATIVE_PRICE":
        return kind, event.instrument, event.last_px, event.last_qty
    if kind == "LOGON_ANSWER":
        return kind, event.cl_ord_id, event.order_id
    return kind, event.cl_ord_id, *reason


def told(engine: object, *commands: bytes) -> list[tuple]:
    """Apply the commands; what was reported, briefly."""
    return [brief(event) for event in apply(engine, *commands)]


def refused(engine: object, command: bytes) -> str:
    """The reason why a command was refused; it must have no other event and leave the orders as they were."""
    before = [engine.orders(id).tobytes() for id in engine.instruments["id"].tolist()]
    events = apply(engine, command)
    assert len(events) == 1, f"a refusal is one event, this gave {[brief(event) for event in events]}"
    kinds = ("REJECTED", "ORDER_CANCEL_REJECT", "BUSINESS_MESSAGE_REJECT")
    assert EventType(events[0].type).name in kinds, f"not refused: {brief(events[0])}"
    assert [engine.orders(id).tobytes() for id in engine.instruments["id"].tolist()] == before
    return Reason(events[0].reason).name


def status_of(event: Event) -> str:
    return OrdStatus(event.status_flags & 0xF).name


def flags_of(event: Event) -> int:
    return event.status_flags >> 4


def queue(engine: object, instrument: int) -> list[tuple[int, int | None, int]]:
    """(ClOrdID, price, open quantity) of every order in queue order, buys first; None is a market order."""
    rows = []
    for order in engine.orders(instrument):
        has_price = int(order["attributes"]) & records.HAS_PRICE
        rows.append((int(order["cl_ord_id"]), int(order["price"]) if has_price else None, int(order["leaves_qty"])))
    return rows
