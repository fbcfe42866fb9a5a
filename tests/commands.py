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
MARKET, LIMIT, STOP, STOP_LIMIT, LEFT_OVER = (int(ord_type) for ord_type in OrdType)    # LEFT_OVER: ...AsLimit
DAY, GTC, IOC, FOK, GTD, AT_THE_OPENING, AT_THE_CLOSE = (int(tif) for tif in TimeInForce)
CLOSED, PRE_OPEN, OPENING_CALL, CONTINUOUS, CLOSING_CALL, VOLATILITY_CALL, HALTED = (int(phase) for phase in Phase)
TRADER = records.RIGHT_TRADE
OPERATOR = records.RIGHT_OPERATE
RISK_OFFICER = records.RIGHT_RISK
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


def advanced_line(*, display: int | None = None, minimum: int | None = None, stop: int | None = None,
                  expires: int | None = None, self_match: tuple[int, int] | None = None, **fields: int) -> bytes:
    """What a plain order does not have; `self_match` is (SelfMatchPreventionID, instruction), None is absent."""
    given = {"display_quantity": display, "min_quantity": minimum, "stop_price": stop, "expire_time": expires}
    presence = 0 if self_match is None else records.HAS_SELF_MATCH_PREVENTION
    for field, value in given.items():
        presence |= 0 if value is None else getattr(records, f"HAS_{field.upper()}")
    id, instruction = self_match or (0, 0)
    present = {field: value for field, value in given.items() if value is not None}
    return further(LineType.ADVANCED_LINE, **{
        "presence": presence, "self_match_id": id, "self_match_instruction": instruction, **present, **fields})


def with_advanced(lines: tuple, advanced: dict) -> tuple:
    """The further lines of an order, with an advanced line where one of its attributes is given."""
    given = any(value is not None for value in advanced.values())
    return (advanced_line(**advanced), *lines) if given else lines


def new(session: int, cl_ord_id: int, instrument: int, side: int, quantity: int | None, price: int | None = None, *,
        tif: int = 0, ord_type: int | None = None, post_only: bool = False, display: int | None = None,
        minimum: int | None = None, stop: int | None = None, expires: int | None = None,
        self_match: tuple[int, int] | None = None, lines: tuple = (), **fields: int) -> bytes:
    """NewOrderSingle; None is absent. The OrdType follows from price and stop (StopPx) where it is not given."""
    if ord_type is None:
        ord_type = (MARKET if price is None else LIMIT) if stop is None else (STOP if price is None else STOP_LIMIT)
    attributes = order_attributes(
        side, ord_type, tif,
        records.HAS_PRICE if price is not None else 0,
        records.HAS_QUANTITY if quantity is not None else 0,
        records.POST_ONLY if post_only else 0,
    )
    advanced = {"display": display, "minimum": minimum, "stop": stop, "expires": expires, "self_match": self_match}
    return record(CommandType.NEW_ORDER_SINGLE, *with_advanced(lines, advanced), **{
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
            post_only: bool | None = None, display: int | None = None, minimum: int | None = None,
            stop: int | None = None, expires: int | None = None, self_match: tuple[int, int] | None = None,
            lines: tuple = (), **fields: int) -> bytes:
    """OrderCancelReplaceRequest: what is None or 0 is absent; `quantity` is the new total."""
    target, bit = named(orig, order_id)
    attributes = order_attributes(
        side, ord_type, tif, bit,
        records.HAS_PRICE if price is not None else 0,
        records.HAS_QUANTITY if quantity is not None else 0,
        records.HAS_EXEC_INST if post_only is not None else 0,
        records.POST_ONLY if post_only else 0,
    )
    advanced = {"display": display, "minimum": minimum, "stop": stop, "expires": expires, "self_match": self_match}
    return record(CommandType.ORDER_CANCEL_REPLACE_REQUEST, *with_advanced(lines, advanced), **{
        "session": session, "cl_ord_id": cl_ord_id, "instrument": instrument, "target": target,
        "attributes": attributes, "price": price or 0, "quantity": quantity or 0, **fields})


def mass_cancel(session: int, cl_ord_id: int, instrument: int = 0, *, side: int = 0, of_session: int = 0,
                **fields: int) -> bytes:
    """OrderMassCancelRequest: 0 is all."""
    return record(CommandType.ORDER_MASS_CANCEL_REQUEST, **{
        "session": session, "cl_ord_id": cl_ord_id, "instrument": instrument, "target": of_session,
        "attributes": order_attributes(side, 0, 0), **fields})


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


def terms_line(tick: int = 1, lot: int = 1, *, negative: bool = False, hidden: bool = False, **fields: int) -> bytes:
    flags = (records.PRICE_MAY_BE_NEGATIVE if negative else 0) | (records.HIDDEN_ALLOWED if hidden else 0)
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


def in_halves(value: int) -> tuple[int, int]:
    """Low and high 64 bits of a notional; NO_LIMIT has all bits set."""
    value &= (1 << 128) - 1
    return value & (1 << 64) - 1, value >> 64


def order_limits_line(*, rate: tuple[int, int] | None = None, quantity: int | None = None, notional: int | None = None,
                      currency: bytes = b"", scale: int = 0, **fields: int) -> bytes:
    """RISK_ORDER_LIMITS_LINE: limits on each order; `rate` is (tokens, interval), None is absent."""
    presence = records.HAS_MESSAGE_RATE if rate is not None else 0
    presence |= records.HAS_ORDER_QUANTITY_LIMIT if quantity is not None else 0
    presence |= records.HAS_ORDER_NOTIONAL_LIMIT if notional is not None else 0
    tokens, interval = rate or (0, 0)
    low, high = in_halves(notional or 0)
    return further(LineType.RISK_ORDER_LIMITS_LINE, **{
        "presence": presence, "rate_tokens": tokens, "rate_interval": interval, "order_quantity": quantity or 0,
        "order_notional_low": low, "order_notional_high": high, "currency": currency, "notional_scale": scale,
        **fields})


def open_limits_line(*, orders: int | None = None, quantity: int | None = None, position: int | None = None,
                     gross: int | None = None, currency: bytes = b"", scale: int = 0, **fields: int) -> bytes:
    """RISK_OPEN_LIMITS_LINE: limits on what is open; None is absent."""
    presence = records.HAS_OPEN_ORDERS_LIMIT if orders is not None else 0
    presence |= records.HAS_OPEN_QUANTITY_LIMIT if quantity is not None else 0
    presence |= records.HAS_POSITION_LIMIT if position is not None else 0
    presence |= records.HAS_GROSS_NOTIONAL_LIMIT if gross is not None else 0
    low, high = in_halves(gross or 0)
    return further(LineType.RISK_OPEN_LIMITS_LINE, **{
        "presence": presence, "open_orders": orders or 0, "open_quantity": quantity or 0, "position": position or 0,
        "gross_notional_low": low, "gross_notional_high": high, "currency": currency, "notional_scale": scale,
        **fields})


def risk_limits(participant: int, instrument: int = 0, *lines: bytes, **fields: int) -> bytes:
    """RiskLimits of a participant, or of its account in an instrument."""
    return record(CommandType.RISK_LIMITS, *lines, **{"target": participant, "instrument": instrument, **fields})


def position_adjust(participant: int, instrument: int, position: int, **fields: int) -> bytes:
    return record(CommandType.POSITION_ADJUST, **{
        "target": participant, "instrument": instrument, "quantity": position, **fields})


def kill_switch(participant: int, on: bool = True, **fields: int) -> bytes:
    return record(CommandType.KILL_SWITCH, **{
        "target": participant, "attributes": records.KILL_ON if on else 0, **fields})


def define_key(name: str | bytes | None, public: bytes | None, target: int = 0, rights: int = TRADER,
               **fields: int) -> bytes:
    """`target`: the session for which the key may speak."""
    lines = () if name is None else (name_line(name),)
    lines += () if public is None else (further(LineType.TEXT_LINE, text=public),)
    return record(CommandType.KEY_DEFINITION, *lines, **{"target": target, "attributes": rights, **fields})


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
    if kind == "TRIGGERED":
        return kind, event.cl_ord_id, event.price, *reason
    if kind == "RESTATED":
        return kind, event.cl_ord_id, event.price, event.leaves_qty, *reason
    if kind == "ORDER_MASS_CANCEL_REPORT":
        return kind, event.cl_ord_id, event.last_qty, *reason
    if kind == "SESSION_STATUS":
        return kind, Phase(event.leaves_qty).name, event.last_px, event.last_qty, *reason
    if kind == "INDICATIVE_PRICE":
        return kind, event.instrument, event.last_px, event.last_qty
    if kind == "LOGON_ANSWER":
        return kind, event.cl_ord_id, event.order_id
    return kind, event.cl_ord_id, *reason


def told(engine: object, *commands: bytes) -> list[tuple]:
    """Apply the commands; what was reported, briefly."""
    return [brief(event) for event in apply(engine, *commands)]


def refused(engine: object, command: bytes) -> str:
    """The reason why a command was refused; it must have no other event and leave orders and accounts as they were."""
    before = lasting(engine)
    events = apply(engine, command)
    assert len(events) == 1, f"a refusal is one event, this gave {[brief(event) for event in events]}"
    kinds = ("REJECTED", "ORDER_CANCEL_REJECT", "BUSINESS_MESSAGE_REJECT", "ORDER_MASS_CANCEL_REPORT")
    assert EventType(events[0].type).name in kinds and events[0].reason, f"not refused: {brief(events[0])}"
    assert lasting(engine) == before
    return Reason(events[0].reason).name


def lasting(engine: object) -> bytes:
    """The canonical state but for what every command moves: header, sessions, and the tokens of participants."""
    state = engine.dump()
    header = np.frombuffer(state, records.STATE_HEADER, 1)[0]
    at = records.STATE_HEADER.itemsize + int(header["participants"]) * records.PARTICIPANT_STATE.itemsize
    sessions = at + int(header["notional_limits"]) * records.NOTIONAL_LIMITS_STATE.itemsize
    sessions += int(header["accounts"]) * records.ACCOUNT_STATE.itemsize
    counters = [int(header[name]) for name in ("last_order_id", "last_trd_match_id", "last_age")]
    after = sessions + int(header["sessions"]) * records.SESSION_STATE.itemsize
    return b"%r" % counters + state[at:sessions] + state[after:]


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
