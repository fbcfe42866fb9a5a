"""Messages -> records: exact decimals to scaled integers, names to ids, one record (bytes of whole lines) a message.

Owns the defaults of what a message leaves out. Refuses (UserError naming the field) only what a record cannot say; all
else is the engine's to judge. Never changes the directory: codec.py does.
"""

import struct
from collections.abc import Callable
from typing import Any

from pricetime.gateway import messages as m
from pricetime.gateway.decimals import scaled
from pricetime.gateway.directory import Directory, Instrument
from pricetime.gateway.field_checks import check
from pricetime.gateway.further_lines import (
    limits_lines,
    name_bytes,
    order_lines,
    risk_lines,
    terms_line,
    terms_of,
    text_lines,
)
from pricetime.gateway.layout import (
    COMMAND_LINE,
    EXEC_INST_BITS,
    NEW_EXEC_INST_BITS,
    NEW_ORD_TYPE_BITS,
    NEW_SIDE_BITS,
    ONE_LINE,
    ORD_TYPE_BITS,
    PHASES,
    RIGHTS,
    SIDE_BITS,
    TIME_IN_FORCE_BITS,
    further_line,
)
from pricetime.matching import records
from pricetime.matching.errors import UserError
from pricetime.matching.records import CommandType, LineType

ORDERS = frozenset({m.NewOrderSingle, m.OrderCancelReplaceRequest, m.OrderCancelRequest})
_pack = COMMAND_LINE.pack


class Encoder:
    """Turns messages into records by what a directory knows. `time`: that of the last message."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.time = 0

    def record(self, message: Any) -> bytes:
        """One record, whole lines. UserError (without a line number) where it cannot say the message."""
        kind = type(message)
        if kind not in ORDERS or (
            # Only what would pass unnoticed: what cannot be packed or found fails by itself, and check() names it then.
            message.session is None or message.poss_resend is not False
            or type(message.cl_ord_id) is not int or type(message.sequence) is not int
        ):
            check(message)
        time, its_own = self.time, message.transact_time
        if its_own is not None:
            if type(its_own) is not int or its_own < 0:
                check(message)
            self.time = its_own
        try:
            return _ENCODERS[kind](self, message)
        except UserError:
            self.time = time
            raise
        except Exception as error:
            self.time = time
            check(message)
            if isinstance(error, struct.error | OverflowError):
                raise UserError(f"{kind.__name__}: a number does not fit its field") from None
            raise

    def _first(
        self, type: CommandType, message: m.Command, attributes: int = 0, instrument: int = 0, price: int = 0,
        quantity: int = 0, target: int = 0, further: tuple[bytes, ...] = (),
    ) -> bytes:
        """The record: a first line with these fields, then the further lines."""
        session = 0 if message.session is None else self.directory.sessions.named(message.session, "Session").id
        line = _pack(
            0, type, ONE_LINE + len(further), attributes, message.sequence, self.time, session, instrument,
            message.cl_ord_id, price, quantity, target,
        )
        return b"".join((line, *further)) if further else line

    def _instrument(self, symbol: str) -> Instrument:
        return self.directory.instruments.named(symbol, "Symbol")

    # -------------------------------------------------------------------------------------------- orders

    def new_order(self, message: m.NewOrderSingle) -> bytes:
        attributes = NEW_SIDE_BITS[message.side] | NEW_ORD_TYPE_BITS[message.ord_type]
        attributes |= NEW_EXEC_INST_BITS[message.exec_inst]
        return self._order(CommandType.NEW_ORDER_SINGLE, message, attributes, 0)

    def replace(self, message: m.OrderCancelReplaceRequest) -> bytes:
        attributes, target = _target(message)
        attributes |= SIDE_BITS[message.side] | ORD_TYPE_BITS[message.ord_type] | EXEC_INST_BITS[message.exec_inst]
        return self._order(CommandType.ORDER_CANCEL_REPLACE_REQUEST, message, attributes, target)

    def _order(self, type: CommandType, message: m.OrderTerms, attributes: int, target: int) -> bytes:
        instrument = self._instrument(message.symbol)
        attributes |= TIME_IN_FORCE_BITS[message.time_in_force]
        price = quantity = 0
        if message.price is not None:
            attributes |= records.HAS_PRICE
            price = scaled(message.price, instrument.price_scale, "Price")
        if message.order_qty is not None:
            attributes |= records.HAS_QUANTITY
            quantity = scaled(message.order_qty, instrument.qty_scale, "OrderQty")
        if message.poss_resend:
            attributes |= records.POSS_RESEND
        further = order_lines(message, instrument)
        return self._first(type, message, attributes, instrument.id, price, quantity, target, further)

    def cancel(self, message: m.OrderCancelRequest) -> bytes:
        attributes, target = _target(message)
        attributes |= SIDE_BITS[message.side] | (records.POSS_RESEND if message.poss_resend else 0)
        instrument, further = self._instrument(message.symbol).id, tuple(text_lines(message))
        return self._first(
            CommandType.ORDER_CANCEL_REQUEST, message, attributes, instrument, target=target, further=further
        )

    def order_status(self, message: m.OrderStatusRequest) -> bytes:
        attributes, target = _target(message)
        instrument = self._instrument(message.symbol).id
        return self._first(CommandType.ORDER_STATUS_REQUEST, message, attributes, instrument, target=target)

    def mass_cancel(self, message: m.OrderMassCancelRequest) -> bytes:
        sessions = self.directory.sessions
        target = 0 if message.target_session is None else sessions.named(message.target_session, "TargetSession").id
        instrument = 0 if message.symbol is None else self._instrument(message.symbol).id
        attributes = SIDE_BITS[message.side] | (records.POSS_RESEND if message.poss_resend else 0)
        return self._first(CommandType.ORDER_MASS_CANCEL_REQUEST, message, attributes, instrument, target=target)

    def mass_status(self, message: m.OrderMassStatusRequest) -> bytes:
        instrument = 0 if message.symbol is None else self._instrument(message.symbol).id
        return self._first(CommandType.ORDER_MASS_STATUS_REQUEST, message, instrument=instrument)

    # --------------------------------------------------------------------------------------- definitions

    def security_definition(self, message: m.SecurityDefinition) -> bytes:
        """Terms go with a new instrument always, with a known one where any is given (the others as they are)."""
        table = self.directory.instruments
        known = None
        if message.security_id:
            known = table.by_id.get(message.security_id)
        elif message.symbol is not None:
            known = table.by_name.get(message.symbol)
        terms = (
            message.price_scale, message.qty_scale, message.tick_size, message.lot_size, message.price_may_be_negative,
            message.hidden_allowed, message.iceberg_parts_max,
        )
        further = []
        if message.symbol is not None:
            name = name_bytes(message.symbol, "Symbol")
            if message.currency is None:    # it can never change, so what is known goes with the name
                currency = b"" if known is None else known.currency_bytes
            else:
                currency = name_bytes(message.currency, "Currency", 8)
            further.append(further_line(LineType.NAME_LINE, name=name, currency=currency))
        elif message.currency is not None:
            raise UserError("Symbol: missing, expected one beside Currency")
        instrument = terms_of(message, known)
        if known is None or any(term is not None for term in terms):
            further.append(terms_line(instrument))
        further += limits_lines(message, instrument)
        new = table.next_id() if known is None else known.id
        id = new if message.security_id is None else message.security_id
        attributes = records.DISABLED if message.disabled else 0
        return self._first(CommandType.SECURITY_DEFINITION, message, attributes, id, further=tuple(further))

    def party_definition(self, message: m.PartyDefinition) -> bytes:
        id, further = _named(self.directory.participants, message.participant, message.party_id, "Participant")
        attributes = records.DISABLED if message.disabled else 0
        return self._first(CommandType.PARTY_DEFINITION, message, attributes, target=id, further=further)

    def session_definition(self, message: m.SessionDefinition) -> bytes:
        table = self.directory.sessions
        id, further = _named(table, message.session_name, message.session_id, "SessionName")
        attributes = sum(RIGHTS[right] for right in set(message.rights))
        attributes |= records.DISABLED if message.disabled else 0
        attributes |= records.CANCEL_ON_DISCONNECT if message.cancel_on_disconnect else 0
        if message.participant is None and id in table.by_id:
            participant = table.by_id[id].participant
        else:
            name = message.session_name if message.participant is None else message.participant
            participant = self.directory.participants.named(name or "", "Participant").id
        return self._first(
            CommandType.SESSION_DEFINITION, message, attributes, quantity=participant, target=id, further=further
        )

    # ----------------------------------------------------------------------------------- risk and phases

    def risk_limits(self, message: m.RiskLimits) -> bytes:
        participant = self.directory.participants.named(message.participant, "Participant").id
        instrument = Instrument(0, "") if message.symbol is None else self._instrument(message.symbol)
        further = tuple(risk_lines(message, instrument.qty_scale))
        return self._first(
            CommandType.RISK_LIMITS, message, instrument=instrument.id, target=participant, further=further
        )

    def position_adjust(self, message: m.PositionAdjust) -> bytes:
        participant = self.directory.participants.named(message.participant, "Participant").id
        instrument = self._instrument(message.symbol)
        position = scaled(message.position, instrument.qty_scale, "Position")
        return self._first(
            CommandType.POSITION_ADJUST, message, instrument=instrument.id, quantity=position, target=participant
        )

    def kill_switch(self, message: m.KillSwitch) -> bytes:
        participant = self.directory.participants.named(message.participant, "Participant").id
        attributes = records.KILL_ON if message.on else 0
        return self._first(CommandType.KILL_SWITCH, message, attributes, target=participant)

    def session_status(self, message: m.TradingSessionStatus) -> bytes:
        instrument = self._instrument(message.symbol).id
        return self._first(
            CommandType.TRADING_SESSION_STATUS, message, PHASES[message.phase], instrument, quantity=message.trade_date
        )

    def key_definition(self, message: m.KeyDefinition) -> bytes:
        sessions = self.directory.sessions
        target = 0 if message.target_session is None else sessions.named(message.target_session, "TargetSession").id
        attributes = sum(RIGHTS[right] for right in set(message.rights))
        attributes |= records.DISABLED if message.disabled else 0
        further = _name_line(message.key_name, "KeyName")
        if message.public is not None:
            public = name_bytes(message.public, "Public", records.TEXT_BYTES)
            further += (further_line(LineType.TEXT_LINE, text=public),)
        return self._first(CommandType.KEY_DEFINITION, message, attributes, target=target, further=further)

    # ------------------------------------------------------------------------------ sessions and the venue

    def venue_start(self, message: m.VenueStart) -> bytes:
        version = records.RULES_VERSION if message.rules_version is None else message.rules_version
        return self._first(
            CommandType.VENUE_START, message, price=version, quantity=message.order_capacity, target=message.run
        )

    def event_digest(self, message: m.EventDigest) -> bytes:
        """The digest's low word stands where the price does, the high one where the quantity does."""
        high, low = (
            int.from_bytes(bytes.fromhex(part), "big", signed=True)
            for part in (message.digest[:16], message.digest[16:])
        )
        return self._first(CommandType.EVENT_DIGEST, message, price=low, quantity=high)

    def logon(self, message: m.Logon) -> bytes:
        attributes = records.FULL_REPORTS if message.full_reports else 0
        return self._first(
            CommandType.LOGON, message, attributes, quantity=message.heart_bt_int,
            further=_name_line(message.session_name, "SessionName"),
        )

    def heartbeat(self, message: m.Heartbeat) -> bytes:
        return self._first(CommandType.HEARTBEAT, message, target=message.test_req_id)

    def test_request(self, message: m.TestRequest) -> bytes:
        return self._first(CommandType.TEST_REQUEST, message, target=message.test_req_id)

    def resend_request(self, message: m.ResendRequest) -> bytes:
        return self._first(
            CommandType.RESEND_REQUEST, message, quantity=message.end_seq_no, target=message.begin_seq_no
        )

    def raw(self, message: m.Record) -> bytes:
        """As it is; a session and time that the message has beside its lines are not looked at."""
        size = len(message.lines)
        if size == 0 or size % records.LINE_BYTES or size != (message.lines[5] & 0xF) * records.LINE_BYTES:
            raise UserError(f"Lines: found {size} bytes, expected one record of whole {records.LINE_BYTES}-byte lines")
        return message.lines


def _plain(type: CommandType) -> Callable[[Encoder, Any], bytes]:
    """The encoder of a message that has nothing but what all have."""
    return lambda encoder, message: encoder._first(type, message)


def _target(message: Any) -> tuple[int, int]:
    """Which order is meant: (attributes, target)."""
    order_id, orig_cl_ord_id = message.order_id, message.orig_cl_ord_id
    if order_id is not None and orig_cl_ord_id is not None:
        raise UserError("OrderID: found beside OrigClOrdID, expected one of the two")
    if order_id is None and orig_cl_ord_id is None:
        raise UserError("OrigClOrdID: missing, expected it or OrderID")
    attributes, target = (0, orig_cl_ord_id) if order_id is None else (records.BY_ORDER_ID, order_id)
    if type(target) is not int:
        check(message)
    return attributes, target


def _named(table: Any, name: str | None, id: int | None, field: str) -> tuple[int, tuple[bytes, ...]]:
    """The id that a definition of a participant or session is about, and its name line where a name is given."""
    if name is None:
        if id is None:
            raise UserError(f"{field}: missing, expected a name")
        return id, ()
    if id is None:
        known = table.by_name.get(name)
        id = table.next_id() if known is None else known.id
    return id, _name_line(name, field)


def _name_line(name: str | None, field: str) -> tuple[bytes, ...]:
    return () if name is None else (further_line(LineType.NAME_LINE, name=name_bytes(name, field)),)


_ENCODERS: dict[type, Callable[[Encoder, Any], bytes]] = {
    m.NewOrderSingle: Encoder.new_order,
    m.OrderCancelReplaceRequest: Encoder.replace,
    m.OrderCancelRequest: Encoder.cancel,
    m.OrderStatusRequest: Encoder.order_status,
    m.OrderMassCancelRequest: Encoder.mass_cancel,
    m.OrderMassStatusRequest: Encoder.mass_status,
    m.SecurityDefinition: Encoder.security_definition,
    m.PartyDefinition: Encoder.party_definition,
    m.SessionDefinition: Encoder.session_definition,
    m.RiskLimits: Encoder.risk_limits,
    m.PositionAdjust: Encoder.position_adjust,
    m.KillSwitch: Encoder.kill_switch,
    m.TradingSessionStatus: Encoder.session_status,
    m.KeyDefinition: Encoder.key_definition,
    m.VenueStart: Encoder.venue_start,
    m.Logon: Encoder.logon,
    m.Logout: _plain(CommandType.LOGOUT),
    m.Disconnect: _plain(CommandType.DISCONNECT),
    m.Clock: _plain(CommandType.CLOCK),
    m.EventDigest: Encoder.event_digest,
    m.Heartbeat: Encoder.heartbeat,
    m.TestRequest: Encoder.test_request,
    m.SecurityListRequest: _plain(CommandType.SECURITY_LIST_REQUEST),
    m.ResendRequest: Encoder.resend_request,
    m.PartyListRequest: _plain(CommandType.PARTY_LIST_REQUEST),
    m.Record: Encoder.raw,
}
