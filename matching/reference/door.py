"""The door (docs/rules.md, 3): what a record must be to be looked at, and who may send it when.

Pure checks: they change nothing. `record_screen` looks at bytes alone, `session_screen` at the sessions of the state.
"""

from pricetime.matching import records
from pricetime.matching.records import CommandType, LineType, Reason
from pricetime.matching.reference.layout import COMMAND, FURTHER_LINES, line_count, record_version
from pricetime.matching.reference.state import Venue
from pricetime.matching.reference.tuples import Command

ORDERS = frozenset(
    {
        CommandType.NEW_ORDER_SINGLE,
        CommandType.ORDER_CANCEL_REQUEST,
        CommandType.ORDER_CANCEL_REPLACE_REQUEST,
        CommandType.ORDER_MASS_CANCEL_REQUEST,
        CommandType.ORDER_STATUS_REQUEST,
        CommandType.ORDER_MASS_STATUS_REQUEST,
    }
)
WIRE_ONLY = frozenset(
    {
        CommandType.ORDER_STATUS_REQUEST,
        CommandType.ORDER_MASS_STATUS_REQUEST,
        CommandType.HEARTBEAT,
        CommandType.TEST_REQUEST,
        CommandType.SECURITY_LIST_REQUEST,
        CommandType.RESEND_REQUEST,
        CommandType.PARTY_LIST_REQUEST,
    }
)
CONNECTION = frozenset({CommandType.LOGON, CommandType.LOGOUT, CommandType.DISCONNECT})
VENUE_ALONE = frozenset({CommandType.VENUE_START, CommandType.EVENT_DIGEST})
RIGHTS: dict[int, int] = {     # any one of them will do
    CommandType.NEW_ORDER_SINGLE: records.RIGHT_TRADE,
    CommandType.ORDER_CANCEL_REQUEST: records.RIGHT_TRADE,
    CommandType.ORDER_CANCEL_REPLACE_REQUEST: records.RIGHT_TRADE,
    CommandType.ORDER_MASS_CANCEL_REQUEST: records.RIGHT_TRADE,
    CommandType.SECURITY_DEFINITION: records.RIGHT_OPERATE,
    CommandType.PARTY_DEFINITION: records.RIGHT_OPERATE,
    CommandType.SESSION_DEFINITION: records.RIGHT_OPERATE,
    CommandType.TRADING_SESSION_STATUS: records.RIGHT_OPERATE,
    CommandType.KEY_DEFINITION: records.RIGHT_OPERATE,
    CommandType.CLOCK: records.RIGHT_OPERATE,
    CommandType.RISK_LIMITS: records.RIGHT_RISK | records.RIGHT_OPERATE,
    CommandType.POSITION_ADJUST: records.RIGHT_RISK | records.RIGHT_OPERATE,
    CommandType.KILL_SWITCH: records.RIGHT_RISK | records.RIGHT_OPERATE,
}

# Which further lines a type may have; each kind at most once, in ascending order of LineType.
LINES_OF: dict[int, set[LineType]] = {
    CommandType.NEW_ORDER_SINGLE: {LineType.ADVANCED_LINE, LineType.ACCOUNT_LINE, LineType.TEXT_LINE},
    CommandType.ORDER_CANCEL_REPLACE_REQUEST: {LineType.ADVANCED_LINE, LineType.ACCOUNT_LINE, LineType.TEXT_LINE},
    CommandType.ORDER_CANCEL_REQUEST: {LineType.ACCOUNT_LINE, LineType.TEXT_LINE},
    CommandType.PARTY_DEFINITION: {LineType.NAME_LINE},
    CommandType.SESSION_DEFINITION: {LineType.NAME_LINE},
    CommandType.LOGON: {LineType.NAME_LINE},
    CommandType.SECURITY_DEFINITION: {
        LineType.NAME_LINE, LineType.INSTRUMENT_TERMS_LINE, LineType.INSTRUMENT_LIMITS_LINE,
    },
    CommandType.RISK_LIMITS: {LineType.RISK_ORDER_LIMITS_LINE, LineType.RISK_OPEN_LIMITS_LINE},
    CommandType.KEY_DEFINITION: {LineType.NAME_LINE, LineType.TEXT_LINE},
}

# The attribute bits that a type has; of TradingSessionStatus they are the phase.
ATTRIBUTES_OF: dict[int, int] = {
    **dict.fromkeys(CommandType, 0),
    CommandType.NEW_ORDER_SINGLE: 0xFFFF,
    CommandType.ORDER_CANCEL_REQUEST: 0xFFFF,
    CommandType.ORDER_CANCEL_REPLACE_REQUEST: 0xFFFF,
    CommandType.ORDER_MASS_CANCEL_REQUEST: records.SIDE_MASK << records.SIDE_SHIFT | records.POSS_RESEND,
    CommandType.ORDER_STATUS_REQUEST: records.BY_ORDER_ID,
    CommandType.TRADING_SESSION_STATUS: 0xFFFF,
    CommandType.SECURITY_DEFINITION: records.DISABLED,
    CommandType.PARTY_DEFINITION: records.DISABLED,
    CommandType.SESSION_DEFINITION: records.DISABLED | records.CANCEL_ON_DISCONNECT | records.RIGHTS_MASK,
    CommandType.LOGON: records.FULL_REPORTS,
    CommandType.KILL_SWITCH: records.KILL_ON,
    CommandType.KEY_DEFINITION: records.DISABLED | records.RIGHTS_MASK,
}

# The presence or flag bits that a further line has.
BITS_OF: dict[int, int] = {
    LineType.NAME_LINE: 0,
    LineType.INSTRUMENT_TERMS_LINE: records.PRICE_MAY_BE_NEGATIVE | records.HIDDEN_ALLOWED,
    LineType.INSTRUMENT_LIMITS_LINE: records.HAS_REFERENCE_PRICE | records.HAS_COLLAR | records.HAS_DYNAMIC_BAND
    | records.HAS_STATIC_BAND | records.HAS_CALL_DURATION | records.HAS_MAX_ORDER_QUANTITY,
    LineType.RISK_ORDER_LIMITS_LINE: records.HAS_MESSAGE_RATE | records.HAS_ORDER_QUANTITY_LIMIT
    | records.HAS_ORDER_NOTIONAL_LIMIT,
    LineType.RISK_OPEN_LIMITS_LINE: records.HAS_OPEN_ORDERS_LIMIT | records.HAS_OPEN_QUANTITY_LIMIT
    | records.HAS_POSITION_LIMIT | records.HAS_GROSS_NOTIONAL_LIMIT,
    LineType.ADVANCED_LINE: records.HAS_DISPLAY_QUANTITY | records.HAS_MIN_QUANTITY | records.HAS_STOP_PRICE
    | records.HAS_EXPIRE_TIME | records.HAS_SELF_MATCH_PREVENTION,
    LineType.ACCOUNT_LINE: 0,
    LineType.TEXT_LINE: 0,
}
MUST_BE_ZERO = ("zero", "zero_byte", "reserved", "reserved_short")
TEXTS = ("name", "currency", "text")     # zero-padded; of risk lines the currency too


def record_screen(data: bytes, offset: int) -> tuple[Reason, int]:
    """(NONE, 0), or why the bytes at `offset` are no command and which byte of the record is wrong.

    Looks at no more than `data` has. Types that only the wire knows pass.
    """
    available = (len(data) - offset) // records.LINE_BYTES
    if available < 1:
        return Reason.BAD_LENGTH, 0
    command = COMMAND.unpack(data, offset)
    if command.type not in ATTRIBUTES_OF:
        return Reason.UNKNOWN_MSG_TYPE, COMMAND.offsets["type"]
    if record_version(command) != records.RECORD_VERSION:
        return Reason.UNKNOWN_VERSION, COMMAND.offsets["shape"]
    if not 1 <= line_count(command) <= min(available, records.LINES_MAX):
        return Reason.BAD_LINE_COUNT, COMMAND.offsets["shape"]
    previous, allowed = 0, LINES_OF.get(command.type, set())
    for line in range(1, line_count(command)):
        at = line * records.LINE_BYTES + COMMAND.offsets["type"]
        line_type = data[offset + at]
        if line_type not in allowed or line_type <= previous:
            return Reason.BAD_FURTHER_LINE, at
        previous = line_type
    if undefined := command.attributes & ~ATTRIBUTES_OF[command.type]:
        return Reason.RESERVED_NOT_ZERO, COMMAND.offsets["attributes"] + first_byte(undefined.to_bytes(2, "little"))
    for line in range(1, line_count(command)):
        wrong = reserved_not_zero(data, offset + line * records.LINE_BYTES)
        if wrong is not None:
            return Reason.RESERVED_NOT_ZERO, line * records.LINE_BYTES + wrong
    return Reason.NONE, 0


def reserved_not_zero(data: bytes, offset: int) -> int | None:
    """The first byte of a further line that should be zero and is not."""
    line_type = data[offset + COMMAND.offsets["type"]]
    codec = FURTHER_LINES[line_type]
    for name, (at, size) in codec.fields.items():
        value = data[offset + at:offset + at + size]
        if name in ("presence", "flags"):
            value = (int.from_bytes(value, "little") & ~BITS_OF[line_type]).to_bytes(size, "little")
        elif name in TEXTS:
            value = bytes(len(value.split(b"\0")[0])) + value[len(value.split(b"\0")[0]):]
        elif name not in MUST_BE_ZERO:
            continue
        if any(value):
            return at + first_byte(value)
    return None


def first_byte(value: bytes) -> int:
    """Where the first byte that is not zero stands."""
    return len(value) - len(value.lstrip(b"\0"))


def session_screen(venue: Venue, command: Command) -> Reason:
    """NONE, or why this decodable record may not be journaled. Changes nothing."""
    if command.type in WIRE_ONLY:
        return Reason.UNKNOWN_MSG_TYPE
    if command.session == 0:
        forbidden = command.type in ORDERS or command.type in CONNECTION
        return Reason.NOT_AUTHORIZED if forbidden else Reason.NONE
    if command.session not in venue.sessions:
        return Reason.UNKNOWN_SESSION
    session = venue.sessions[command.session]
    if command.type in VENUE_ALONE:
        return Reason.NOT_AUTHORIZED
    right = RIGHTS.get(command.type, 0)
    if right and not session.flags & right:
        return Reason.NOT_AUTHORIZED
    if not session.logged_on and command.type != CommandType.LOGON:
        return Reason.NOT_LOGGED_ON
    if command.type in CONNECTION:
        return Reason.NONE
    if command.cl_ord_id < 1:
        return Reason.INVALID_CL_ORD_ID
    if command.cl_ord_id <= session.mark:
        return Reason.DUPLICATE_CL_ORD_ID
    return Reason.NONE
