"""Events -> messages: what the engine said, in FIX's words; whole EVENT arrays at once."""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, get_args

import numpy as np

from pricetime.gateway import messages as m
from pricetime.gateway.decimals import decimal_of
from pricetime.gateway.decoder import ORD_TYPE_NAMES, PHASE_NAMES, SIDE_NAMES, TIME_IN_FORCE_NAMES
from pricetime.gateway.directory import Directory, Instrument
from pricetime.gateway.layout import ORD_STATUSES, names_of
from pricetime.matching import records
from pricetime.matching.errors import UserError
from pricetime.matching.records import EventType, Reason

Row = tuple[Any, ...]              # one event of an EVENT array, its fields in their order
Report = TypeVar("Report", m.ExecutionReport, m.OrderStatus)
_STATUS_NAMES = names_of(ORD_STATUSES)
# None: no reason. What is typed as having one (a rejection) has one always.
_REASON_NAMES: dict[int, Any] = {int(reason): reason.name for reason in Reason} | {0: None}
_EXEC_TYPE_NAMES = dict(enumerate(get_args(m.ExecType), EventType.NEW))
_TRADE = int(EventType.TRADE)
_UNKNOWN = Instrument(0, "")
# An engine says these only of instruments that are defined; a refused order may name any.
_OF_A_KNOWN_ONE = frozenset(_EXEC_TYPE_NAMES) - {EventType.REJECTED} | {
    EventType.ORDER_STATUS, EventType.SESSION_STATUS, EventType.INDICATIVE_PRICE,
}
_NAMES = records.EVENT.names or ()
_TYPE, _SESSION, _INSTRUMENT = (_NAMES.index(name) for name in ("type", "session", "instrument"))


class EventDecoder:
    """Turns events into messages by what a directory knows."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory

    def messages(self, events: np.ndarray) -> list[m.Event]:
        """One message for each event of an EVENT array, in order. KeyError: an event type that this version lacks.
        UserError: prices and quantities of an instrument whose scales nobody has said."""
        sessions, instruments = self.directory.sessions.by_id, self.directory.instruments.by_id
        made = []
        for row in events.tolist():
            session = sessions.get(row[_SESSION])
            instrument = instruments.get(row[_INSTRUMENT])
            if instrument is None:
                if row[_INSTRUMENT] and row[_TYPE] in _OF_A_KNOWN_ONE:
                    raise UserError(
                        f"SecurityID: found {row[_INSTRUMENT]}, expected an instrument whose definition this codec has "
                        "seen: encode or decode() the definitions with it first, or directory.load(engine)"
                    )
                instrument = _UNKNOWN
            made.append(_DECODERS[row[_TYPE]](self, row, None if session is None else session.name, instrument))
        return made

    def execution_report(self, row: Row, session: str | None, instrument: Instrument) -> m.ExecutionReport:
        return self._order(m.ExecutionReport, row, session, instrument, _EXEC_TYPE_NAMES[row[_TYPE]])

    def order_status(self, row: Row, session: str | None, instrument: Instrument) -> m.OrderStatus:
        return self._order(m.OrderStatus, row, session, instrument, None)

    def _order(self, message: Callable[..., Report], row: Row, session: str | None, instrument: Instrument,
               exec_type: m.ExecType | None) -> Report:
        (
            place, type, _, status_flags, reason, sequence, report_number, cl_ord_id, order_id, last_px, last_qty,
            leaves_qty, _, _, time, price, cum_qty, exec_id, trd_match_id, orig_cl_ord_id, participant, attributes, _,
        ) = row
        price_scale, qty_scale = instrument.price_scale, instrument.qty_scale
        side, ord_type, time_in_force, exec_inst, has_price = _terms(attributes)
        owner = self.directory.participants.by_id.get(participant)
        trade = type == _TRADE
        return message(
            sequence=sequence,
            place=place,
            session=session,
            report_number=report_number,
            transact_time=time,
            exec_type=exec_type,
            ord_status=_STATUS_NAMES[status_flags & 0xF],
            reason=_REASON_NAMES[reason],
            cl_ord_id=cl_ord_id,
            orig_cl_ord_id=orig_cl_ord_id,
            order_id=order_id,
            exec_id=exec_id,
            symbol=instrument.symbol or None,
            side=side,
            ord_type=ord_type,
            time_in_force=time_in_force,
            exec_inst=exec_inst,
            price=decimal_of(price, price_scale) if has_price else None,
            last_px=decimal_of(last_px, price_scale) if trade else None,
            last_qty=decimal_of(last_qty, qty_scale) if trade else None,
            trd_match_id=trd_match_id,
            aggressor_indicator=bool(status_flags >> 4 & records.AGGRESSOR) if trade else None,
            leaves_qty=decimal_of(leaves_qty, qty_scale),
            cum_qty=decimal_of(cum_qty, qty_scale),
            participant=None if owner is None else owner.name,
        )

    def session_status(self, row: Row, session: str | None, instrument: Instrument) -> m.TradingSessionStatusReport:
        event = dict(zip(_NAMES, row, strict=True))
        return m.TradingSessionStatusReport(
            **_common(event, session), symbol=instrument.symbol, phase=PHASE_NAMES[event["leaves_qty"]],
            reason=_REASON_NAMES[event["reason"]], cl_ord_id=event["cl_ord_id"],
            **_auction(event, instrument, "auction_price", "auction_qty"),
        )

    def indicative_price(self, row: Row, session: str | None, instrument: Instrument) -> m.IndicativePrice:
        event = dict(zip(_NAMES, row, strict=True))
        return m.IndicativePrice(
            **_common(event, session), symbol=instrument.symbol,
            **_auction(event, instrument, "indicative_px", "indicative_qty"),
        )

    def cancel_reject(self, row: Row, session: str | None, instrument: Instrument) -> m.OrderCancelReject:
        event = dict(zip(_NAMES, row, strict=True))
        flags = event["status_flags"] >> 4
        return m.OrderCancelReject(
            **_common(event, session), reason=_REASON_NAMES[event["reason"]], cl_ord_id=event["cl_ord_id"],
            orig_cl_ord_id=event["orig_cl_ord_id"], order_id=event["order_id"],
            ord_status=_STATUS_NAMES[event["status_flags"] & 0xF], symbol=instrument.symbol or None,
            response_to="Replace" if flags & records.RESPONSE_TO_REPLACE else "Cancel",
        )

    def mass_cancel_report(self, row: Row, session: str | None, instrument: Instrument) -> m.OrderMassCancelReport:
        """The count of orders stands where LastQty does."""
        event = dict(zip(_NAMES, row, strict=True))
        return m.OrderMassCancelReport(
            **_common(event, session), cl_ord_id=event["cl_ord_id"], total_affected_orders=event["last_qty"],
            symbol=instrument.symbol or None, reason=_REASON_NAMES[event["reason"]],
        )

    def business_reject(self, row: Row, session: str | None, instrument: Instrument) -> m.BusinessMessageReject:
        event = dict(zip(_NAMES, row, strict=True))
        return m.BusinessMessageReject(
            **_common(event, session), reason=_REASON_NAMES[event["reason"]], cl_ord_id=event["cl_ord_id"],
            symbol=instrument.symbol or None, mark=event["order_id"],
        )

    def command_ack(self, row: Row, session: str | None, instrument: Instrument) -> m.CommandAck:
        event = dict(zip(_NAMES, row, strict=True))
        return m.CommandAck(**_common(event, session), cl_ord_id=event["cl_ord_id"])

    def logon_answer(self, row: Row, session: str | None, instrument: Instrument) -> m.LogonAnswer:
        event = dict(zip(_NAMES, row, strict=True))
        return m.LogonAnswer(**_common(event, session), mark=event["cl_ord_id"], next_report_number=event["order_id"])

    def logout_answer(self, row: Row, session: str | None, instrument: Instrument) -> m.LogoutAnswer:
        event = dict(zip(_NAMES, row, strict=True))
        return m.LogoutAnswer(**_common(event, session), reason=_REASON_NAMES[event["reason"]])

    def reject(self, row: Row, session: str | None, instrument: Instrument) -> m.Reject:
        event = dict(zip(_NAMES, row, strict=True))
        return m.Reject(**_common(event, session), reason=_REASON_NAMES[event["reason"]])

    def heartbeat(self, row: Row, session: str | None, instrument: Instrument) -> m.HeartbeatAnswer:
        event = dict(zip(_NAMES, row, strict=True))
        return m.HeartbeatAnswer(**_common(event, session), test_req_id=event["order_id"])

    def test_request(self, row: Row, session: str | None, instrument: Instrument) -> m.TestRequestEvent:
        event = dict(zip(_NAMES, row, strict=True))
        return m.TestRequestEvent(**_common(event, session), test_req_id=event["order_id"])

    def resend_answer(self, row: Row, session: str | None, instrument: Instrument) -> m.ResendAnswer:
        event = dict(zip(_NAMES, row, strict=True))
        return m.ResendAnswer(
            **_common(event, session), next_report_number=event["order_id"], reports=event["last_qty"],
            reason=_REASON_NAMES[event["reason"]],
        )

    def status_answer(self, row: Row, session: str | None, instrument: Instrument) -> m.StatusAnswer:
        event = dict(zip(_NAMES, row, strict=True))
        return m.StatusAnswer(**_common(event, session), tot_num_reports=event["last_qty"])


@cache      # of 16 bits
def _terms(attributes: int) -> tuple[m.Side | None, m.OrdType | None, m.TimeInForce | None, m.ExecInst | None, bool]:
    """Side, OrdType, TimeInForce, ExecInst, and whether there is a price."""
    return (
        SIDE_NAMES[attributes >> records.SIDE_SHIFT & records.SIDE_MASK],
        ORD_TYPE_NAMES.get(attributes >> records.ORD_TYPE_SHIFT & records.ORD_TYPE_MASK),
        TIME_IN_FORCE_NAMES.get(attributes >> records.TIME_IN_FORCE_SHIFT & records.TIME_IN_FORCE_MASK),
        "PostOnly" if attributes & records.POST_ONLY else None,
        bool(attributes & records.HAS_PRICE),
    )


def _common(event: dict[str, int], session: str | None) -> dict[str, Any]:
    return {
        "sequence": event["sequence"],
        "place": event["place"],
        "session": session,
        "report_number": event["report_number"],
        "transact_time": event["time"],
    }


def _auction(event: dict[str, int], instrument: Instrument, price: str, quantity: str) -> dict[str, Any]:
    """Price and quantity of an uncross; nothing where it trades nothing."""
    if not event["last_qty"]:
        return {}
    return {
        price: decimal_of(event["last_px"], instrument.price_scale),
        quantity: decimal_of(event["last_qty"], instrument.qty_scale),
    }


_DECODERS: dict[int, Callable[[EventDecoder, Row, str | None, Instrument], Any]] = {
    **dict.fromkeys(_EXEC_TYPE_NAMES, EventDecoder.execution_report),
    EventType.ORDER_CANCEL_REJECT: EventDecoder.cancel_reject,
    EventType.ORDER_MASS_CANCEL_REPORT: EventDecoder.mass_cancel_report,
    EventType.ORDER_STATUS: EventDecoder.order_status,
    EventType.SESSION_STATUS: EventDecoder.session_status,
    EventType.INDICATIVE_PRICE: EventDecoder.indicative_price,
    EventType.BUSINESS_MESSAGE_REJECT: EventDecoder.business_reject,
    EventType.COMMAND_ACK: EventDecoder.command_ack,
    EventType.LOGON_ANSWER: EventDecoder.logon_answer,
    EventType.LOGOUT_ANSWER: EventDecoder.logout_answer,
    EventType.REJECT: EventDecoder.reject,
    EventType.HEARTBEAT_ANSWER: EventDecoder.heartbeat,
    EventType.TEST_REQUEST_EVENT: EventDecoder.test_request,
    EventType.RESEND_ANSWER: EventDecoder.resend_answer,
    EventType.STATUS_ANSWER: EventDecoder.status_answer,
}
