"""Records -> messages: ids to names, scaled integers to exact decimals, one message a record.

Never guesses: a record that no message says completely becomes a Record message with its bytes, so that every log can
be printed and taken again without loss. Never changes the directory: codec.py does.
"""

from collections.abc import Callable
from typing import Any

from pricetime.gateway import messages as m
from pricetime.gateway.decimals import decimal_of, decimals_of
from pricetime.gateway.directory import Directory, Instrument
from pricetime.gateway.layout import (
    COMMAND_LINE,
    ORD_TYPES,
    PHASES,
    RIGHTS,
    SELF_MATCH_INSTRUCTIONS,
    SIDES,
    TIMES_IN_FORCE,
    further_lines,
    names_of,
    offset_of,
    text_of,
)
from pricetime.matching import records
from pricetime.matching.records import CommandType, LineType

SIDE_NAMES = {0: None} | names_of(SIDES)
ORD_TYPE_NAMES = {0: None} | names_of(ORD_TYPES)
TIME_IN_FORCE_NAMES = {0: None} | names_of(TIMES_IN_FORCE)
PHASE_NAMES = names_of(PHASES)
_INSTRUCTION_NAMES = {0: None} | names_of(SELF_MATCH_INSTRUCTIONS)
_LINES_OFFSET = offset_of(records.COMMAND, "shape")


class Fields:
    """The first line of a record, unpacked, with its names; built anew for each record."""

    __slots__ = (
        "checksum", "type", "shape", "attributes", "sequence", "time", "session", "instrument", "cl_ord_id", "price",
        "quantity", "target",
    )

    def __init__(self, record: bytes) -> None:
        (
            self.checksum, self.type, self.shape, self.attributes, self.sequence, self.time, self.session,
            self.instrument, self.cl_ord_id, self.price, self.quantity, self.target,
        ) = COMMAND_LINE.unpack_from(record)


def record_size(lines: bytes, start: int = 0) -> int:
    """Bytes of the record that starts here."""
    return (lines[start + _LINES_OFFSET] & 0xF) * records.LINE_BYTES


class Decoder:
    """Turns records into messages by what a directory knows. LookupError, UnicodeDecodeError: none says this."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory

    def message(self, record: bytes) -> m.Command:
        """The message of one record."""
        first = Fields(record)
        further = further_lines(record) if len(record) > records.LINE_BYTES else {}
        message: m.Command = _DECODERS[first.type](self, first, further)
        message.sequence = first.sequence
        message.cl_ord_id = first.cl_ord_id
        message.transact_time = first.time
        return message

    def _session(self, first: Fields) -> str | None:
        return self.directory.sessions.by_id[first.session].name if first.session else None

    def _sender(self, first: Fields) -> dict[str, Any]:
        """The session of what only a session sends; none is shown as none."""
        return {"session": self._session(first)}

    def _instrument(self, first: Fields) -> Instrument:
        return self.directory.instruments.by_id[first.instrument]

    def _symbol(self, first: Fields) -> str | None:
        return self._instrument(first).symbol if first.instrument else None

    def _participant(self, id: int) -> str:
        return self.directory.participants.by_id[id].name

    # -------------------------------------------------------------------------------------------- orders

    def new_order(self, first: Fields, further: dict[int, Any]) -> m.NewOrderSingle:
        post_only: m.ExecInst | None = "PostOnly" if first.attributes & records.POST_ONLY else None
        return m.NewOrderSingle(exec_inst=post_only, **self._order(first, further))

    def replace(self, first: Fields, further: dict[int, Any]) -> m.OrderCancelReplaceRequest:
        exec_inst: m.ExecInst | None = None
        if first.attributes & records.HAS_EXEC_INST:
            exec_inst = "PostOnly" if first.attributes & records.POST_ONLY else "None"
        return m.OrderCancelReplaceRequest(exec_inst=exec_inst, **_target(first), **self._order(first, further))

    def _order(self, first: Fields, further: dict[int, Any]) -> dict[str, Any]:
        instrument, attributes = self._instrument(first), first.attributes
        fields = {
            "session": self._session(first),
            "cl_ord_id": first.cl_ord_id,
            "symbol": instrument.symbol,
            "side": SIDE_NAMES[attributes >> records.SIDE_SHIFT & records.SIDE_MASK],
            "ord_type": ORD_TYPE_NAMES[attributes >> records.ORD_TYPE_SHIFT & records.ORD_TYPE_MASK],
            "time_in_force": TIME_IN_FORCE_NAMES[
                attributes >> records.TIME_IN_FORCE_SHIFT & records.TIME_IN_FORCE_MASK
            ],
            "poss_resend": bool(attributes & records.POSS_RESEND),
        }
        if attributes & records.HAS_PRICE:
            fields["price"] = decimal_of(first.price, instrument.price_scale)
        if attributes & records.HAS_QUANTITY:
            fields["order_qty"] = decimal_of(first.quantity, instrument.qty_scale)
        return fields | _order_lines(further, instrument) if further else fields

    def _order_named(self, first: Fields) -> dict[str, Any]:
        """Fields that a cancel and a status request share."""
        return _target(first) | {
            "session": self._session(first),
            "cl_ord_id": first.cl_ord_id,
            "symbol": self._instrument(first).symbol,
        }

    def cancel(self, first: Fields, further: dict[int, Any]) -> m.OrderCancelRequest:
        side = SIDE_NAMES[first.attributes >> records.SIDE_SHIFT & records.SIDE_MASK]
        resend = bool(first.attributes & records.POSS_RESEND)
        texts = _texts(further)
        return m.OrderCancelRequest(side=side, poss_resend=resend, **texts, **self._order_named(first))

    def order_status(self, first: Fields, further: dict[int, Any]) -> m.OrderStatusRequest:
        return m.OrderStatusRequest(**self._order_named(first))

    def mass_cancel(self, first: Fields, further: dict[int, Any]) -> m.OrderMassCancelRequest:
        return m.OrderMassCancelRequest(
            **self._sender(first), cl_ord_id=first.cl_ord_id, symbol=self._symbol(first),
            side=SIDE_NAMES[first.attributes >> records.SIDE_SHIFT & records.SIDE_MASK],
            target_session=self.directory.sessions.by_id[first.target].name if first.target else None,
            poss_resend=bool(first.attributes & records.POSS_RESEND),
        )

    def mass_status(self, first: Fields, further: dict[int, Any]) -> m.OrderMassStatusRequest:
        return m.OrderMassStatusRequest(**self._sender(first), symbol=self._symbol(first))

    # --------------------------------------------------------------------------------------- definitions

    def security_definition(self, first: Fields, further: dict[int, Any]) -> m.SecurityDefinition:
        name, terms = further.get(LineType.NAME_LINE), further.get(LineType.INSTRUMENT_TERMS_LINE)
        fields: dict[str, Any] = {
            "security_id": first.instrument,
            "disabled": bool(first.attributes & records.DISABLED),
        }
        if name is not None:
            fields |= {"symbol": name["name"].decode(), "currency": text_of(name["currency"]) or None}
        if terms is not None:
            price_scale, qty_scale = int(terms["price_scale"]), int(terms["qty_scale"])
            fields |= {
                "price_scale": price_scale,
                "qty_scale": qty_scale,
                "tick_size": decimal_of(int(terms["tick_size"]), price_scale),
                "lot_size": decimal_of(int(terms["lot_size"]), qty_scale),
                "price_may_be_negative": bool(terms["flags"] & records.PRICE_MAY_BE_NEGATIVE),
                "hidden_allowed": bool(terms["flags"] & records.HIDDEN_ALLOWED),
                "iceberg_parts_max": int(terms["iceberg_parts_max"]) or None,    # 0: absent
            }
        else:
            known = self._instrument(first)
            price_scale, qty_scale = known.price_scale, known.qty_scale
        limits = further.get(LineType.INSTRUMENT_LIMITS_LINE)
        if limits is not None:
            fields |= _limits(limits, price_scale, qty_scale)
        return m.SecurityDefinition(session=self._session(first), **fields)

    def party_definition(self, first: Fields, further: dict[int, Any]) -> m.PartyDefinition:
        return m.PartyDefinition(
            session=self._session(first), participant=_name(further), party_id=first.target,
            disabled=bool(first.attributes & records.DISABLED),
        )

    def session_definition(self, first: Fields, further: dict[int, Any]) -> m.SessionDefinition:
        return m.SessionDefinition(
            session=self._session(first), session_name=_name(further), session_id=first.target,
            participant=self._participant(first.quantity),
            rights=tuple(right for right, bit in RIGHTS.items() if first.attributes & bit),
            cancel_on_disconnect=bool(first.attributes & records.CANCEL_ON_DISCONNECT),
            disabled=bool(first.attributes & records.DISABLED),
        )

    # ------------------------------------------------------------------------ risk, phases, sessions, venue

    def risk_limits(self, first: Fields, further: dict[int, Any]) -> m.RiskLimits:
        qty_scale = self._instrument(first).qty_scale if first.instrument else 0
        return m.RiskLimits(
            session=self._session(first), participant=self._participant(first.target), symbol=self._symbol(first),
            **_risk(further, qty_scale),
        )

    def position_adjust(self, first: Fields, further: dict[int, Any]) -> m.PositionAdjust:
        instrument = self._instrument(first)
        return m.PositionAdjust(
            session=self._session(first), participant=self._participant(first.target), symbol=instrument.symbol,
            position=decimal_of(first.quantity, instrument.qty_scale),
        )

    def kill_switch(self, first: Fields, further: dict[int, Any]) -> m.KillSwitch:
        on = bool(first.attributes & records.KILL_ON)
        return m.KillSwitch(session=self._session(first), participant=self._participant(first.target), on=on)

    def session_status(self, first: Fields, further: dict[int, Any]) -> m.TradingSessionStatus:
        return m.TradingSessionStatus(
            session=self._session(first), symbol=self._instrument(first).symbol, phase=PHASE_NAMES[first.attributes],
            trade_date=first.quantity,
        )

    def key_definition(self, first: Fields, further: dict[int, Any]) -> m.KeyDefinition:
        return m.KeyDefinition(
            session=self._session(first), key_name=further[LineType.NAME_LINE]["name"].decode(),
            public=further[LineType.TEXT_LINE]["text"].decode() if LineType.TEXT_LINE in further else None,
            target_session=self.directory.sessions.by_id[first.target].name if first.target else None,
            rights=tuple(right for right, bit in RIGHTS.items() if first.attributes & bit),
            disabled=bool(first.attributes & records.DISABLED),
        )

    def venue_start(self, first: Fields, further: dict[int, Any]) -> m.VenueStart:
        return m.VenueStart(
            session=self._session(first), run=first.target, rules_version=first.price, order_capacity=first.quantity
        )

    def event_digest(self, first: Fields, further: dict[int, Any]) -> m.EventDigest:
        high, low = first.quantity & (2**64 - 1), first.price & (2**64 - 1)
        return m.EventDigest(session=self._session(first), digest=f"{high:016x}{low:016x}")

    def logon(self, first: Fields, further: dict[int, Any]) -> m.Logon:
        full = bool(first.attributes & records.FULL_REPORTS)
        return m.Logon(
            session=self._session(first), session_name=_name(further), full_reports=full, heart_bt_int=first.quantity
        )

    def resend_request(self, first: Fields, further: dict[int, Any]) -> m.ResendRequest:
        return m.ResendRequest(**self._sender(first), begin_seq_no=first.target, end_seq_no=first.quantity)

    def clock(self, first: Fields, further: dict[int, Any]) -> m.Clock:
        return m.Clock(session=self._session(first), transact_time=first.time)


def _plain(message: type) -> Callable[[Decoder, Fields, dict[int, Any]], Any]:
    """The decoder of a message that has nothing but what all have."""
    return lambda decoder, first, further: message(session=decoder._session(first))


def _echo(message: type) -> Callable[[Decoder, Fields, dict[int, Any]], Any]:
    """The decoder of a message with a TestReqID."""
    return lambda decoder, first, further: message(session=decoder._session(first), test_req_id=first.target)


def _target(first: Fields) -> dict[str, Any]:
    return {"order_id" if first.attributes & records.BY_ORDER_ID else "orig_cl_ord_id": first.target}


def _name(further: dict[int, Any]) -> str | None:
    line = further.get(LineType.NAME_LINE)
    return None if line is None else line["name"].decode()


def _texts(further: dict[int, Any]) -> dict[str, Any]:
    lines = (("account", LineType.ACCOUNT_LINE), ("text", LineType.TEXT_LINE))
    return {name: further[type]["text"].decode() for name, type in lines if type in further}


def _order_lines(further: dict[int, Any], instrument: Instrument) -> dict[str, Any]:
    fields: dict[str, Any] = _texts(further)
    line = further.get(LineType.ADVANCED_LINE)
    if line is None:
        return fields
    presence = int(line["presence"])
    for name, bit, field, scale in (
        ("display_qty", records.HAS_DISPLAY_QUANTITY, "display_quantity", instrument.qty_scale),
        ("min_qty", records.HAS_MIN_QUANTITY, "min_quantity", instrument.qty_scale),
        ("stop_px", records.HAS_STOP_PRICE, "stop_price", instrument.price_scale),
    ):
        if presence & bit:
            fields[name] = decimal_of(int(line[field]), scale)
    if presence & records.HAS_EXPIRE_TIME:
        fields["expire_time"] = int(line["expire_time"])
    if presence & records.HAS_SELF_MATCH_PREVENTION:
        fields["self_match_prevention_id"] = int(line["self_match_id"])
        fields["self_match_prevention_instruction"] = _INSTRUCTION_NAMES[int(line["self_match_instruction"])]
    return fields


def _limits(line: Any, price_scale: int, qty_scale: int) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    presence = int(line["presence"])
    for name, bit in (
        ("reference_price", records.HAS_REFERENCE_PRICE), ("collar", records.HAS_COLLAR),
        ("dynamic_band", records.HAS_DYNAMIC_BAND), ("static_band", records.HAS_STATIC_BAND),
    ):
        if presence & bit:
            fields[name] = decimal_of(int(line[name]), price_scale)
    if presence & records.HAS_CALL_DURATION:
        fields["call_duration"] = int(line["call_duration"])
    if presence & records.HAS_MAX_ORDER_QUANTITY:
        fields["max_order_qty"] = decimal_of(int(line["max_order_quantity"]), qty_scale)
    return fields


def _signed128(high: int, low: int) -> int:
    return int.from_bytes(high.to_bytes(8, "big") + low.to_bytes(8, "big"), "big", signed=True)


def _risk(further: dict[int, Any], qty_scale: int) -> dict[str, Any]:
    """The limits of both lines. NotionalScale only where it is not what the notional limits themselves need."""
    fields: dict[str, Any] = {}
    stated = False
    for type, limits in _RISK_FIELDS.items():
        line = further.get(type)
        if line is None:
            continue
        scale, needed = int(line["notional_scale"]), 0
        for name, bit, field, kind in limits:
            if not int(line["presence"]) & bit:
                continue
            if kind == "notional":
                units = _signed128(int(line[f"{field}_high"]), int(line[f"{field}_low"]))
                fields[name] = None if units == records.NO_LIMIT else decimal_of(units, scale)
                needed = 0 if fields[name] is None else decimals_of(fields[name])
            else:
                fields[name] = _limit(int(line[field]), qty_scale if kind == "quantity" else None)
        fields["currency"] = text_of(line["currency"]) or None
        if scale != needed:
            fields["notional_scale"], stated = scale, True
        elif not stated:
            fields["notional_scale"] = None
    order_line = further.get(LineType.RISK_ORDER_LIMITS_LINE)
    if order_line is not None and "rate_tokens" in fields:
        interval = int(order_line["rate_interval"])
        fields["rate_interval"] = interval if interval or fields["rate_tokens"] is not None else None
    return fields


def _limit(units: int, scale: int | None) -> Any:
    """A limit in units of 10^-scale, or as a whole number; None: taken away."""
    if units == records.NO_LIMIT:
        return None
    return units if scale is None else decimal_of(units, scale)


_RISK_FIELDS = {
    LineType.RISK_ORDER_LIMITS_LINE: (
        ("rate_tokens", records.HAS_MESSAGE_RATE, "rate_tokens", "count"),
        ("max_order_qty", records.HAS_ORDER_QUANTITY_LIMIT, "order_quantity", "quantity"),
        ("max_order_notional", records.HAS_ORDER_NOTIONAL_LIMIT, "order_notional", "notional"),
    ),
    LineType.RISK_OPEN_LIMITS_LINE: (
        ("max_open_orders", records.HAS_OPEN_ORDERS_LIMIT, "open_orders", "count"),
        ("max_open_qty", records.HAS_OPEN_QUANTITY_LIMIT, "open_quantity", "quantity"),
        ("max_position", records.HAS_POSITION_LIMIT, "position", "quantity"),
        ("max_gross_notional", records.HAS_GROSS_NOTIONAL_LIMIT, "gross_notional", "notional"),
    ),
}

_DECODERS: dict[int, Callable[[Decoder, Fields, dict[int, Any]], Any]] = {
    CommandType.NEW_ORDER_SINGLE: Decoder.new_order,
    CommandType.ORDER_CANCEL_REQUEST: Decoder.cancel,
    CommandType.ORDER_CANCEL_REPLACE_REQUEST: Decoder.replace,
    CommandType.ORDER_MASS_CANCEL_REQUEST: Decoder.mass_cancel,
    CommandType.ORDER_STATUS_REQUEST: Decoder.order_status,
    CommandType.ORDER_MASS_STATUS_REQUEST: Decoder.mass_status,
    CommandType.SECURITY_DEFINITION: Decoder.security_definition,
    CommandType.PARTY_DEFINITION: Decoder.party_definition,
    CommandType.SESSION_DEFINITION: Decoder.session_definition,
    CommandType.RISK_LIMITS: Decoder.risk_limits,
    CommandType.POSITION_ADJUST: Decoder.position_adjust,
    CommandType.KILL_SWITCH: Decoder.kill_switch,
    CommandType.TRADING_SESSION_STATUS: Decoder.session_status,
    CommandType.KEY_DEFINITION: Decoder.key_definition,
    CommandType.VENUE_START: Decoder.venue_start,
    CommandType.LOGON: Decoder.logon,
    CommandType.LOGOUT: _plain(m.Logout),
    CommandType.DISCONNECT: _plain(m.Disconnect),
    CommandType.CLOCK: Decoder.clock,
    CommandType.EVENT_DIGEST: Decoder.event_digest,
    CommandType.HEARTBEAT: _echo(m.Heartbeat),
    CommandType.TEST_REQUEST: _echo(m.TestRequest),
    CommandType.SECURITY_LIST_REQUEST: _plain(m.SecurityListRequest),
    CommandType.RESEND_REQUEST: Decoder.resend_request,
    CommandType.PARTY_LIST_REQUEST: _plain(m.PartyListRequest),
}
