"""Events that the desk gives by itself, and how any events are said to a client, in its encoding."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from pricetime.gateway import message_pack
from pricetime.gateway.codec import Codec
from pricetime.gateway.decoder import Fields
from pricetime.gateway.desk.frames import Frame
from pricetime.gateway.internal import Encoding
from pricetime.gateway.loop import MESSAGE_BYTES
from pricetime.matching.engine import Engine
from pricetime.matching.records import (
    BY_ORDER_ID,
    EVENT,
    EVENT_LINE,
    EVENT_LINES,
    LINE_BYTES,
    RECORD_VERSION,
    EventType,
    OrdStatus,
    Reason,
)

FULL = RECORD_VERSION << 4 | EVENT_LINES
FIRST_ONLY = RECORD_VERSION << 4 | 1
_FROM_THE_ORDER = ("order_id", "instrument", "price", "leaves_qty", "cum_qty", "attributes")


def events(type: EventType, count: int, session: int, time: int, **fields: Any) -> np.ndarray:
    """Unnumbered events of one type, for a session; fields that are not named are 0."""
    made = np.zeros(count, EVENT)
    made["type"], made["shape"], made["session"], made["time"] = type, FULL, session, time
    for name, values in fields.items():
        made[name] = values
    return made


def refusal(frame: Frame, record: Fields, reason: Reason, time: int, order_id: int = 0,
            sequence: int = 0) -> np.ndarray:
    """A record that is not taken: what the loop says of one that it refuses itself. sequence: of what is why."""
    return events(
        EventType.BUSINESS_MESSAGE_REJECT, 1, frame.session, time, reason=reason, cl_ord_id=record.cl_ord_id,
        instrument=record.instrument, order_id=order_id, sequence=sequence,
    )


def resend_answer(frame: Frame, record: Fields, engine: Engine, next_number: int, sent: int,
                  reason: Reason = Reason.NONE) -> np.ndarray:
    """The end of a resend."""
    return events(
        EventType.RESEND_ANSWER, 1, frame.session, engine.time, reason=reason, sequence=engine.sequence,
        cl_ord_id=record.cl_ord_id, order_id=next_number, last_qty=sent,
    )


# --------------------------------------------------------------------------------------------------- status


def order_status(frame: Frame, record: Fields, engine: Engine) -> np.ndarray:
    """The order that a status request names, as a cancel would find it: by ClOrdID the session's own, by OrderID any of
    its participant's. Unknown, ended and foreign ones are all the same."""
    by_id = bool(record.attributes & BY_ORDER_ID)
    rows = engine.order(record.target) if by_id else engine.order_named(frame.session, signed(record.target))
    owner = _participant(engine, frame.session)
    reason = Reason.UNKNOWN_ORDER
    if len(rows) and _participant(engine, int(rows["session"][0])) == owner:
        reason = Reason.NONE if record.instrument in (0, rows["instrument"][0]) else Reason.INSTRUMENT_CHANGED
    if reason:
        known = record.instrument <= len(engine.instruments)
        return events(
            EventType.ORDER_STATUS, 1, frame.session, engine.time, reason=reason, sequence=engine.sequence,
            status_flags=OrdStatus.ORDER_REJECTED, cl_ord_id=record.cl_ord_id, participant=owner,
            instrument=record.instrument if known else 0, order_id=record.target if by_id else 0,
            orig_cl_ord_id=0 if by_id else signed(record.target),
        )
    return _statuses(rows, frame, record, engine)


def mass_status(frame: Frame, record: Fields, engine: Engine) -> np.ndarray:
    """All live orders of the session's participant in OrderID order, then their number."""
    rows = engine.orders_of(_participant(engine, frame.session), record.instrument)
    end = events(
        EventType.STATUS_ANSWER, 1, frame.session, engine.time, sequence=engine.sequence, place=len(rows),
        cl_ord_id=record.cl_ord_id, last_qty=len(rows),
    )
    return np.concatenate((_statuses(rows, frame, record, engine), end))


def _statuses(rows: np.ndarray, frame: Frame, record: Fields, engine: Engine) -> np.ndarray:
    """ORDER_STATUS of each ORDER_STATE."""
    status = np.where(rows["cum_qty"] > 0, OrdStatus.ORDER_PARTIALLY_FILLED, OrdStatus.ORDER_NEW)
    return events(
        EventType.ORDER_STATUS, len(rows), frame.session, engine.time, sequence=engine.sequence,
        place=np.arange(len(rows)), cl_ord_id=record.cl_ord_id, orig_cl_ord_id=rows["cl_ord_id"], status_flags=status,
        participant=_participant(engine, frame.session), **{name: rows[name] for name in _FROM_THE_ORDER},
    )


def _participant(engine: Engine, session: int) -> int:
    return int(engine.session(session)["participant"][0])


def signed(word: int) -> int:
    """A record's target as the ClOrdID that it is."""
    return word - (1 << 64) if word >> 63 else word


# ------------------------------------------------------------------------------------------- to the client


def payloads(frame: Frame, said: np.ndarray, codec: Codec) -> Iterator[bytes]:
    """Events as the client of a frame has them: whole lines or MessagePack, in messages of at most 64 KiB, each made
    when it is asked for."""
    maps = frame.encoding == Encoding.MESSAGE_PACK
    together = message_pack.MAPS_OF_FRAME if maps else MESSAGE_BYTES // (frame.report_lines * LINE_BYTES)
    for start in range(0, len(said), together):
        part = said[start : start + together]
        if maps:
            yield message_pack.dumps(codec.events(part))
        else:
            yield (part if frame.report_lines == EVENT_LINES else first_lines(part)).tobytes()


def first_lines(said: np.ndarray) -> np.ndarray:
    """The first line of each event, alone."""
    lines: np.ndarray = said.view(EVENT_LINE)[::EVENT_LINES].copy()
    lines["shape"] = FIRST_ONLY
    return lines
