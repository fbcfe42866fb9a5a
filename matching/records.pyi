# Written by tests/records_stub.py from the compiled module. What it means is said in records.pxd.
from enum import IntEnum
from typing import Final

import numpy as np

class CommandType(IntEnum):
    """First byte of meaning in a command's first line (FIX MsgType [35] in brackets)."""

    NEW_ORDER_SINGLE = 1
    ORDER_CANCEL_REQUEST = 2
    ORDER_CANCEL_REPLACE_REQUEST = 3
    ORDER_MASS_CANCEL_REQUEST = 4
    ORDER_STATUS_REQUEST = 5
    ORDER_MASS_STATUS_REQUEST = 6
    SECURITY_DEFINITION = 16
    PARTY_DEFINITION = 17
    SESSION_DEFINITION = 18
    RISK_LIMITS = 19
    POSITION_ADJUST = 20
    KILL_SWITCH = 21
    TRADING_SESSION_STATUS = 22
    VENUE_START = 32
    LOGON = 33
    LOGOUT = 34
    DISCONNECT = 35
    CLOCK = 36
    EVENT_DIGEST = 37
    HEARTBEAT = 48
    TEST_REQUEST = 49
    SECURITY_LIST_REQUEST = 50
    RESEND_REQUEST = 51

class EventType(IntEnum):
    """What happened: an ExecutionReport's ExecType [150] below 16, other messages from 16 on."""

    NEW = 1
    TRADE = 2
    CANCELED = 3
    REPLACED = 4
    EXPIRED = 5
    REJECTED = 6
    TRIGGERED = 7
    RESTATED = 8
    ORDER_CANCEL_REJECT = 16
    ORDER_MASS_CANCEL_REPORT = 17
    ORDER_STATUS = 18
    SESSION_STATUS = 24
    INDICATIVE_PRICE = 25
    BUSINESS_MESSAGE_REJECT = 32
    COMMAND_ACK = 33
    LOGON_ANSWER = 34
    LOGOUT_ANSWER = 35
    REJECT = 48
    HEARTBEAT_ANSWER = 49
    RESEND_ANSWER = 50
    STATUS_ANSWER = 51
    TEST_REQUEST_EVENT = 52

class LineType(IntEnum):
    """Type byte of a command's second and further lines; each kind at most once, in this order."""

    NAME_LINE = 129
    INSTRUMENT_TERMS_LINE = 130
    INSTRUMENT_LIMITS_LINE = 131
    RISK_ORDER_LIMITS_LINE = 132
    RISK_OPEN_LIMITS_LINE = 133
    ADVANCED_LINE = 134
    ACCOUNT_LINE = 135
    TEXT_LINE = 136

class OrdStatus(IntEnum):
    """OrdStatus [39]; values are FIX's characters as hexadecimal digits."""

    ORDER_NEW = 0
    ORDER_PARTIALLY_FILLED = 1
    ORDER_FILLED = 2
    ORDER_CANCELED = 4
    ORDER_REJECTED = 8
    ORDER_EXPIRED = 12

class OrdType(IntEnum):
    """OrdType [40]; 0 is absent."""

    MARKET = 1
    LIMIT = 2
    STOP = 3
    STOP_LIMIT = 4
    MARKET_WITH_LEFT_OVER_AS_LIMIT = 5

class Phase(IntEnum):
    """Trading phase of an instrument, carried in the attributes of TRADING_SESSION_STATUS."""

    CLOSED = 1
    PRE_OPEN = 2
    OPENING_CALL = 3
    CONTINUOUS = 4
    CLOSING_CALL = 5
    VOLATILITY_CALL = 6
    HALTED = 7

class Reason(IntEnum):
    """Why a command was refused or an order changed: one table, numbered in the order in which it is checked."""

    NONE = 0
    BAD_LENGTH = 1
    UNKNOWN_MSG_TYPE = 2
    UNKNOWN_VERSION = 3
    BAD_LINE_COUNT = 4
    BAD_FURTHER_LINE = 5
    RESERVED_NOT_ZERO = 6
    UNKNOWN_SESSION = 7
    NOT_AUTHORIZED = 8
    NOT_LOGGED_ON = 9
    INVALID_CL_ORD_ID = 10
    DUPLICATE_CL_ORD_ID = 11
    MSG_SEQ_NUM_OUT_OF_TURN = 12
    MESSAGE_TOO_LARGE = 13
    THROTTLED = 14
    LOG_FULL = 15
    NOT_LEADER = 16
    RESEND_UNAVAILABLE = 17
    UNKNOWN_INSTRUMENT = 32
    INSTRUMENT_DISABLED = 33
    PHASE_CLOSED = 34
    PHASE_HALTED = 35
    IMMEDIATE_IN_CALL = 36
    MIN_QUANTITY_IN_CALL = 37
    POST_ONLY_IN_CALL = 38
    OPENING_OVER = 39
    UNSUPPORTED = 44
    UNKNOWN_SIDE = 45
    UNKNOWN_ORD_TYPE = 46
    UNKNOWN_TIME_IN_FORCE = 47
    PRICE_MISSING = 48
    PRICE_NOT_ALLOWED = 49
    PRICE_NOT_POSITIVE = 50
    PRICE_OFF_TICK = 51
    QUANTITY_MISSING = 52
    QUANTITY_NOT_POSITIVE = 53
    QUANTITY_OFF_LOT = 54
    QUANTITY_TOO_LARGE = 55
    MARKET_TIME_IN_FORCE = 56
    POST_ONLY_MARKET = 57
    POST_ONLY_IMMEDIATE = 58
    POST_ONLY_STOP = 59
    POST_ONLY_AUCTION = 60
    STOP_TIME_IN_FORCE = 61
    STOP_PRICE_MISSING = 62
    STOP_PRICE_NOT_ALLOWED = 63
    STOP_PRICE_NOT_POSITIVE = 64
    STOP_PRICE_OFF_TICK = 65
    DISPLAY_QUANTITY_MARKET = 66
    DISPLAY_QUANTITY_IMMEDIATE = 67
    DISPLAY_QUANTITY_AUCTION = 68
    HIDDEN_NOT_ALLOWED = 69
    DISPLAY_QUANTITY_INVALID = 70
    DISPLAY_QUANTITY_TOO_SMALL = 71
    MIN_QUANTITY_NOT_IOC = 72
    MIN_QUANTITY_INVALID = 73
    EXPIRE_TIME_MISSING = 74
    EXPIRE_TIME_NOT_ALLOWED = 75
    EXPIRE_TIME_PASSED = 76
    UNKNOWN_SELF_MATCH_INSTRUCTION = 77
    LEFT_OVER_TIME_IN_FORCE = 78
    UNKNOWN_ORDER = 80
    INSTRUMENT_CHANGED = 81
    SIDE_CHANGED = 82
    ORD_TYPE_CHANGED = 83
    SESSION_DISABLED = 96
    PARTICIPANT_DISABLED = 97
    KILL_SWITCH_ON = 98
    MESSAGE_RATE = 99
    ORDER_QUANTITY_LIMIT = 100
    ORDER_NOTIONAL_LIMIT = 101
    PRICE_COLLAR = 102
    NO_REFERENCE_PRICE = 103
    OPEN_ORDERS_LIMIT = 104
    OPEN_QUANTITY_LIMIT = 105
    POSITION_LIMIT = 106
    GROSS_NOTIONAL_LIMIT = 107
    OVERFLOW = 108
    ORDER_POOL_FULL = 109
    ACCOUNTS_FULL = 110
    POST_ONLY_WOULD_TRADE = 112
    FILL_OR_KILL_UNFILLABLE = 113
    MIN_QUANTITY_UNFILLABLE = 114
    ID_OUT_OF_SEQUENCE = 128
    TABLE_FULL = 129
    LINE_MISSING = 130
    NAME_INVALID = 131
    NAME_TAKEN = 132
    UNKNOWN_PARTICIPANT = 133
    PARTICIPANT_CHANGED = 134
    SCALE_INVALID = 135
    TICK_INVALID = 136
    LOT_INVALID = 137
    TERMS_CHANGED = 138
    LIMIT_INVALID = 139
    PHASE_UNKNOWN = 140
    PHASE_UNCHANGED = 141
    TRADE_DATE_INVALID = 142
    RUN_OUT_OF_SEQUENCE = 143
    RULES_VERSION_UNKNOWN = 144
    CAPACITY_INVALID = 145
    IMMEDIATE_REST = 160
    MARKET_REST = 161
    DAY_END = 162
    SESSION_DISCONNECTED = 163
    UNCROSS_REST = 164
    TOTAL_ALREADY_FILLED = 165
    ORDER_MOVED = 166
    AUCTION_REST = 167
    KILLED = 168
    EXPIRE_TIME_REACHED = 169
    SELF_MATCH = 170
    MASS_CANCELED = 171
    VOLATILITY_INTERRUPTION = 172
    CALL_ENDED = 173
    LEFT_OVER_AS_LIMIT = 174

class SelfMatchInstruction(IntEnum):
    """What an incoming order does that meets its own participant's with the same SelfMatchPreventionID [2362]."""

    CANCEL_INCOMING = 1
    CANCEL_RESTING = 2
    CANCEL_BOTH = 3
    DECREMENT_BOTH = 4

class Side(IntEnum):
    """Side [54]; 0 is absent."""

    BUY = 1
    SELL = 2
    SELL_SHORT = 3

class Standing(IntEnum):
    """Where a live order is; a field of the canonical state."""

    IN_THE_BOOK = 0
    WAITING_STOP = 1
    ELECTED_STOP = 2
    SET_ASIDE = 3

class TimeInForce(IntEnum):
    """TimeInForce [59]; 0 is absent (Day for a new order, unchanged for a replace)."""

    DAY = 1
    GTC = 2
    IOC = 3
    FOK = 4
    GTD = 5
    AT_THE_OPENING = 6
    AT_THE_CLOSE = 7

AGGRESSOR: Final = 1
BLOCKED: Final = 2
BY_ORDER_ID: Final = 16384
CANCEL_ON_DISCONNECT: Final = 2
DISABLED: Final = 1
EVENT_LINES: Final = 2
FULL_REPORTS: Final = 1
HAS_CALL_DURATION: Final = 16
HAS_COLLAR: Final = 2
HAS_DISPLAY_QUANTITY: Final = 1
HAS_DYNAMIC_BAND: Final = 4
HAS_EXEC_INST: Final = 8192
HAS_EXPIRE_TIME: Final = 8
HAS_GROSS_NOTIONAL_LIMIT: Final = 8
HAS_MAX_ORDER_QUANTITY: Final = 32
HAS_MESSAGE_RATE: Final = 1
HAS_MIN_QUANTITY: Final = 2
HAS_OPEN_ORDERS_LIMIT: Final = 1
HAS_OPEN_QUANTITY_LIMIT: Final = 2
HAS_ORDER_NOTIONAL_LIMIT: Final = 4
HAS_ORDER_QUANTITY_LIMIT: Final = 2
HAS_POSITION_LIMIT: Final = 4
HAS_PRICE: Final = 1024
HAS_QUANTITY: Final = 2048
HAS_REFERENCE_PRICE: Final = 1
HAS_SELF_MATCH_PREVENTION: Final = 16
HAS_STATIC_BAND: Final = 8
HAS_STOP_PRICE: Final = 4
HIDDEN_ALLOWED: Final = 2
KILL_ON: Final = 1
LINES_MAX: Final = 8
LINE_BYTES: Final = 64
NAME_BYTES: Final = 48
NO_LIMIT: Final = -1
ORD_TYPE_MASK: Final = 15
ORD_TYPE_SHIFT: Final = 2
POSS_RESEND: Final = 32768
POST_ONLY: Final = 4096
PRICE_MAY_BE_NEGATIVE: Final = 1
RECORD_VERSION: Final = 1
RESPONSE_TO_REPLACE: Final = 2
RIGHTS_MASK: Final = 496
RIGHT_DROP_COPY: Final = 128
RIGHT_MARKET_DATA: Final = 256
RIGHT_OPERATE: Final = 32
RIGHT_RISK: Final = 64
RIGHT_TRADE: Final = 16
RULES_VERSION: Final = 2
SIDE_MASK: Final = 3
SIDE_SHIFT: Final = 0
TEXT_BYTES: Final = 56
TIME_IN_FORCE_MASK: Final = 15
TIME_IN_FORCE_SHIFT: Final = 6

ACCOUNT_STATE: Final[np.dtype[np.void]]
ADVANCED: Final[np.dtype[np.void]]
COMMAND: Final[np.dtype[np.void]]
EVENT: Final[np.dtype[np.void]]
EVENT_LINE: Final[np.dtype[np.void]]
INSTRUMENT_LIMITS: Final[np.dtype[np.void]]
INSTRUMENT_STATE: Final[np.dtype[np.void]]
INSTRUMENT_TERMS: Final[np.dtype[np.void]]
NAME: Final[np.dtype[np.void]]
NOTIONAL_LIMITS_STATE: Final[np.dtype[np.void]]
ORDER_STATE: Final[np.dtype[np.void]]
PARTICIPANT_STATE: Final[np.dtype[np.void]]
RISK_OPEN_LIMITS: Final[np.dtype[np.void]]
RISK_ORDER_LIMITS: Final[np.dtype[np.void]]
SESSION_STATE: Final[np.dtype[np.void]]
STATE_HEADER: Final[np.dtype[np.void]]
TEXT: Final[np.dtype[np.void]]
