"""What a client's messages consist of: records numbered and flagged on their way out, events told apart on their way
in. Owns no state."""

import numpy as np

from pricetime.gateway.field_checks import shown
from pricetime.gateway.layout import record_starts
from pricetime.matching import records
from pricetime.matching.errors import UserError
from pricetime.matching.records import COMMAND, EVENT, EVENT_LINE, EVENT_LINES, CommandType, EventType

LINES_OF_MESSAGE_MAX = 1024  # docs/protocol.md
DEFINITION_LINES = 3  # no event has so many
ORDER_COMMANDS = (
    CommandType.NEW_ORDER_SINGLE,
    CommandType.ORDER_CANCEL_REQUEST,
    CommandType.ORDER_CANCEL_REPLACE_REQUEST,
    CommandType.ORDER_MASS_CANCEL_REQUEST,
)


def _by_type(*types: int) -> np.ndarray:
    table = np.zeros(256, np.bool_)
    table[list(types)] = True
    return table


# Events that are, or may be, for the client itself.
ANSWERS = _by_type(
    EventType.HEARTBEAT_ANSWER,
    EventType.LOGON_ANSWER,
    EventType.LOGOUT_ANSWER,
    EventType.REJECT,
    EventType.BUSINESS_MESSAGE_REJECT,
    EventType.RESEND_ANSWER,
    EventType.STATUS_ANSWER,
    EventType.TEST_REQUEST_EVENT,
    EventType.ORDER_STATUS,
)
TAKES_POSS_RESEND = _by_type(*ORDER_COMMANDS)


def check_message(lines: object) -> None:
    """UserError where these are not lines that one message has room for."""
    right = isinstance(lines, np.ndarray) and lines.dtype == COMMAND and lines.ndim == 1
    if not right or not 1 <= len(lines) <= LINES_OF_MESSAGE_MAX:      # type: ignore[arg-type]
        raise UserError(f"lines: found {shown(lines)}, expected 1 to {LINES_OF_MESSAGE_MAX} COMMAND lines")


def request(kind: CommandType, cl_ord_id: int = 0, target: int = 0, quantity: int = 0) -> np.ndarray:
    """A record of one line that is about no order."""
    line = np.zeros(1, COMMAND)
    line["type"], line["shape"] = kind, records.RECORD_VERSION << 4 | 1
    line["cl_ord_id"], line["target"], line["quantity"] = cl_ord_id, target, quantity
    return line


def flagged_possible(lines: np.ndarray) -> np.ndarray:
    """The same records, with PossResend where they can have it."""
    lines = lines.copy()
    starts = record_starts(lines)
    orders = starts[TAKES_POSS_RESEND[lines["type"][starts]]]
    lines["attributes"][orders] |= records.POSS_RESEND
    return lines


def may_be_again(record: np.ndarray) -> bool:
    """Whether a record can have PossResend."""
    return bool(TAKES_POSS_RESEND[record["type"][0]])


def parted(payload: bytes, full_reports: bool) -> tuple[np.ndarray, list[bytes]]:
    """The events of one message from a venue, as EVENT_LINE or EVENT, and the definitions in it."""
    lines = np.frombuffer(payload, EVENT_LINE)
    starts = record_starts(lines)
    counts = lines["shape"][starts] & 0xF
    definitions = []
    if (counts >= DEFINITION_LINES).any():
        size = records.LINE_BYTES
        definitions = [
            payload[start * size : (start + int(lines["shape"][start] & 0xF)) * size]
            for start in starts[counts >= DEFINITION_LINES]
        ]
        starts = starts[counts < DEFINITION_LINES]
    return (whole_events if full_reports else first_lines)(lines, starts), definitions


def first_lines(lines: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The first line of each event."""
    firsts: np.ndarray = lines[starts]
    return firsts


def whole_events(lines: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Both lines of each event as one EVENT; zeros where an answer has but one."""
    events = np.zeros((len(starts), EVENT_LINES), EVENT_LINE)
    events[:, 0] = lines[starts]
    whole = (lines["shape"][starts] & 0xF) == EVENT_LINES
    events[whole, 1] = lines[starts[whole] + 1]
    whole_lines: np.ndarray = events.reshape(-1).view(EVENT)
    return whole_lines
