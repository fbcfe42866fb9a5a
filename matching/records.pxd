"""The record layouts that wire, log, engine and NumPy share. docs/records.md draws them; this file is their only definition.

Every record is one to eight 64-byte lines, little-endian, naturally aligned. All integers; no pointers, no padding
that is not named. A field's meaning never changes under the same RECORD_VERSION.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

cpdef enum:
    LINE_BYTES = 64
    LINES_MAX = 8               # lines in one command record
    EVENT_LINES = 2             # lines in one full event
    RECORD_VERSION = 1
    RULES_VERSION = 2           # a change of any state or event for the same commands is a new one
    NAME_BYTES = 48
    TEXT_BYTES = 56
    NO_LIMIT = -1               # of a risk limit: takes it away (a notional: all bits set)

# ------------------------------------------------------------------------------------------------ commands

cpdef enum CommandType:
    """First byte of meaning in a command's first line (FIX MsgType [35] in brackets)."""
    NEW_ORDER_SINGLE = 1                # [D]
    ORDER_CANCEL_REQUEST = 2            # [F]
    ORDER_CANCEL_REPLACE_REQUEST = 3    # [G]
    ORDER_MASS_CANCEL_REQUEST = 4       # [q]
    ORDER_STATUS_REQUEST = 5            # [H]   answered, never journaled
    ORDER_MASS_STATUS_REQUEST = 6       # [AF]  answered, never journaled
    SECURITY_DEFINITION = 16            # [d]
    PARTY_DEFINITION = 17               # [CX]
    SESSION_DEFINITION = 18
    RISK_LIMITS = 19                    # [CS]
    POSITION_ADJUST = 20                # [AL]
    KILL_SWITCH = 21
    TRADING_SESSION_STATUS = 22         # [h]
    KEY_DEFINITION = 24                 # who may come in, as the gateway reads it; of no concern to the engine
    VENUE_START = 32
    LOGON = 33                          # [A]
    LOGOUT = 34                         # [5]
    DISCONNECT = 35
    CLOCK = 36
    EVENT_DIGEST = 37                   # the writer's running digest of its events, for readers to compare
    HEARTBEAT = 48                      # [0]   wire only
    TEST_REQUEST = 49                   # [1]   wire only
    SECURITY_LIST_REQUEST = 50          # [x]   wire only: answered with SECURITY_DEFINITION records
    RESEND_REQUEST = 51                 # [2]   wire only: target is BeginSeqNo [7], quantity EndSeqNo [16] (0: all so far)
    PARTY_LIST_REQUEST = 52             # [CF]  wire only: answered with PARTY_DEFINITION and SESSION_DEFINITION records

cpdef enum LineType:
    """Type byte of a command's second and further lines; each kind at most once, in this order."""
    NAME_LINE = 129
    INSTRUMENT_TERMS_LINE = 130
    INSTRUMENT_LIMITS_LINE = 131
    RISK_ORDER_LIMITS_LINE = 132
    RISK_OPEN_LIMITS_LINE = 133
    ADVANCED_LINE = 134
    ACCOUNT_LINE = 135
    TEXT_LINE = 136

cpdef enum Side:
    """Side [54]; 0 is absent."""
    BUY = 1
    SELL = 2
    SELL_SHORT = 3                      # [54=5]

cpdef enum OrdType:
    """OrdType [40]; 0 is absent."""
    MARKET = 1
    LIMIT = 2
    STOP = 3
    STOP_LIMIT = 4
    MARKET_WITH_LEFT_OVER_AS_LIMIT = 5  # [40=K]

cpdef enum TimeInForce:
    """TimeInForce [59]; 0 is absent (Day for a new order, unchanged for a replace)."""
    DAY = 1
    GTC = 2
    IOC = 3
    FOK = 4
    GTD = 5
    AT_THE_OPENING = 6
    AT_THE_CLOSE = 7

cpdef enum SelfMatchInstruction:
    """What an incoming order does that meets its own participant's with the same SelfMatchPreventionID [2362]."""
    CANCEL_INCOMING = 1
    CANCEL_RESTING = 2
    CANCEL_BOTH = 3
    DECREMENT_BOTH = 4

cpdef enum Phase:
    """Trading phase of an instrument, carried in the attributes of TRADING_SESSION_STATUS."""
    CLOSED = 1
    PRE_OPEN = 2
    OPENING_CALL = 3
    CONTINUOUS = 4
    CLOSING_CALL = 5
    VOLATILITY_CALL = 6
    HALTED = 7

cpdef enum:
    # Attributes of an order command (16 bits): side, order type, time in force, then flags.
    SIDE_SHIFT = 0
    SIDE_MASK = 0x3
    ORD_TYPE_SHIFT = 2
    ORD_TYPE_MASK = 0xF
    TIME_IN_FORCE_SHIFT = 6
    TIME_IN_FORCE_MASK = 0xF
    HAS_PRICE = 1 << 10                 # price is present: 0 is a legal price
    HAS_QUANTITY = 1 << 11
    POST_ONLY = 1 << 12                 # ExecInst [18] = 6
    HAS_EXEC_INST = 1 << 13             # replace: POST_ONLY says what the order becomes; without it, unchanged
    BY_ORDER_ID = 1 << 14               # target is an OrderID [37], not an OrigClOrdID [41]
    POSS_RESEND = 1 << 15               # PossResend [97]
    # Attributes of definitions.
    DISABLED = 1 << 0                   # KEY_DEFINITION: revoked
    CANCEL_ON_DISCONNECT = 1 << 1       # SESSION_DEFINITION
    RIGHT_TRADE = 1 << 4                # SESSION_DEFINITION, KEY_DEFINITION: what the session, the key may do
    RIGHT_OPERATE = 1 << 5
    RIGHT_RISK = 1 << 6
    RIGHT_DROP_COPY = 1 << 7
    RIGHT_MARKET_DATA = 1 << 8
    RIGHTS_MASK = 0x1F0
    # Attributes of LOGON.
    FULL_REPORTS = 1 << 0               # both lines of each event; without it the first line only
    # Attributes of KILL_SWITCH.
    KILL_ON = 1 << 0
    # Flag of a participant in the state, beside DISABLED: its kill switch is on.
    BLOCKED = 1 << 1
    # Flags of INSTRUMENT_TERMS_LINE.
    PRICE_MAY_BE_NEGATIVE = 1 << 0      # zero too
    HIDDEN_ALLOWED = 1 << 1
    # Presence bits of INSTRUMENT_LIMITS_LINE.
    HAS_REFERENCE_PRICE = 1 << 0
    HAS_COLLAR = 1 << 1
    HAS_DYNAMIC_BAND = 1 << 2
    HAS_STATIC_BAND = 1 << 3
    HAS_CALL_DURATION = 1 << 4
    HAS_MAX_ORDER_QUANTITY = 1 << 5
    # Presence bits of ADVANCED_LINE.
    HAS_DISPLAY_QUANTITY = 1 << 0
    HAS_MIN_QUANTITY = 1 << 1
    HAS_STOP_PRICE = 1 << 2
    HAS_EXPIRE_TIME = 1 << 3
    HAS_SELF_MATCH_PREVENTION = 1 << 4
    # Presence bits of the risk lines.
    HAS_MESSAGE_RATE = 1 << 0
    HAS_ORDER_QUANTITY_LIMIT = 1 << 1
    HAS_ORDER_NOTIONAL_LIMIT = 1 << 2
    HAS_OPEN_ORDERS_LIMIT = 1 << 0
    HAS_OPEN_QUANTITY_LIMIT = 1 << 1
    HAS_POSITION_LIMIT = 1 << 2
    HAS_GROSS_NOTIONAL_LIMIT = 1 << 3


cdef struct CommandLine:
    # First line of a command. The 8 bytes at offset 0 are stored last: they make the record valid.
    uint32_t checksum           # CRC32C of the whole record with this field 0, seeded with the predecessor's checksum
    uint8_t type                # CommandType; 0 is no record
    uint8_t shape               # version in the high nibble, number of lines (1 to 8) in the low one
    uint16_t attributes
    uint64_t sequence           # log: sequence number; wire: message number of the connection [34]
    int64_t time                # UTC nanoseconds since 1970; wire: TransactTime [60], used only by a venue on flow time
    uint32_t session            # who sent it; 0 is the venue itself
    uint32_t instrument         # id; 0 is none
    int64_t cl_ord_id           # ClOrdID [11], 1 to 2^63-1
    int64_t price               # Price [44] in 10^-price_scale
    int64_t quantity            # OrderQty [38] in 10^-qty_scale; in a replace the new total
    uint64_t target             # OrigClOrdID [41] or OrderID [37]; of a definition the id that it defines

cdef struct NameLine:
    uint32_t zero
    uint8_t type
    uint8_t zero_byte
    uint16_t presence           # reserved, 0
    char name[48]               # UTF-8, zero-padded: Symbol [55], participant or session
    char currency[8]            # Currency [15] of an instrument, zero-padded

cdef struct InstrumentTermsLine:
    # What never changes once defined.
    uint32_t zero
    uint8_t type
    uint8_t zero_byte
    uint16_t flags              # PRICE_MAY_BE_NEGATIVE, HIDDEN_ALLOWED
    uint8_t price_scale         # 0 to 18
    uint8_t qty_scale           # 0 to 18
    uint16_t reserved_short
    uint32_t iceberg_parts_max  # 0: the default, 100
    int64_t tick_size           # in price units, at least 1
    int64_t lot_size            # in quantity units, at least 1
    int64_t reserved[4]

cdef struct InstrumentLimitsLine:
    # What may change while orders rest.
    uint32_t zero
    uint8_t type
    uint8_t zero_byte
    uint16_t presence
    int64_t reference_price
    int64_t collar
    int64_t dynamic_band
    int64_t static_band
    int64_t call_duration       # nanoseconds
    int64_t max_order_quantity
    int64_t reserved

cdef struct RiskOrderLimitsLine:
    uint32_t zero
    uint8_t type
    uint8_t zero_byte
    uint16_t presence
    int64_t rate_tokens         # orders per rate_interval
    int64_t rate_interval       # nanoseconds
    int64_t order_quantity
    uint64_t order_notional_low     # 128 bits, in the scale stated
    uint64_t order_notional_high
    char currency[8]
    uint8_t notional_scale
    uint8_t reserved[7]

cdef struct RiskOpenLimitsLine:
    uint32_t zero
    uint8_t type
    uint8_t zero_byte
    uint16_t presence
    int64_t open_orders
    int64_t open_quantity
    int64_t position
    uint64_t gross_notional_low
    uint64_t gross_notional_high
    char currency[8]
    uint8_t notional_scale
    uint8_t reserved[7]

cdef struct AdvancedLine:
    uint32_t zero
    uint8_t type
    uint8_t self_match_instruction  # SelfMatchInstruction, counted with HAS_SELF_MATCH_PREVENTION
    uint16_t presence
    int64_t display_quantity    # DisplayQty [1138]
    int64_t min_quantity        # MinQty [110]
    int64_t stop_price          # StopPx [99]
    int64_t expire_time         # ExpireTime [126]
    uint64_t self_match_id      # SelfMatchPreventionID [2362]
    int64_t reserved[2]

cdef struct TextLine:
    # ACCOUNT_LINE (Account [1]) and TEXT_LINE (Text [58]): carried, never looked at.
    uint32_t zero
    uint8_t type
    uint8_t zero_byte
    uint16_t presence           # reserved, 0
    char text[56]               # UTF-8, zero-padded

# -------------------------------------------------------------------------------------------------- events

cpdef enum EventType:
    """What happened: an ExecutionReport's ExecType [150] below 16, other messages from 16 on."""
    NEW = 1
    TRADE = 2
    CANCELED = 3
    REPLACED = 4
    EXPIRED = 5
    REJECTED = 6
    TRIGGERED = 7
    RESTATED = 8
    ORDER_CANCEL_REJECT = 16            # [9]
    ORDER_MASS_CANCEL_REPORT = 17       # [r]
    ORDER_STATUS = 18                   # ExecutionReport with ExecType I
    SESSION_STATUS = 24                 # TradingSessionStatus [h]
    INDICATIVE_PRICE = 25
    BUSINESS_MESSAGE_REJECT = 32        # [j]
    COMMAND_ACK = 33                    # an administrative command was carried out
    LOGON_ANSWER = 34                   # [A]
    LOGOUT_ANSWER = 35                  # [5]
    REJECT = 48                         # [3], wire only: not decodable
    HEARTBEAT_ANSWER = 49               # [0], wire only
    RESEND_ANSWER = 50                  # wire only: the end of what a RESEND_REQUEST asked for
    STATUS_ANSWER = 51                  # wire only: the end of what an ORDER_MASS_STATUS_REQUEST asked for
    TEST_REQUEST_EVENT = 52             # [1], wire only: the venue asks whether the client is there

cpdef enum OrdStatus:
    """OrdStatus [39]; values are FIX's characters as hexadecimal digits."""
    ORDER_NEW = 0
    ORDER_PARTIALLY_FILLED = 1
    ORDER_FILLED = 2
    ORDER_CANCELED = 4
    ORDER_REJECTED = 8
    ORDER_EXPIRED = 12

cpdef enum Standing:
    """Where a live order is; a field of the canonical state."""
    IN_THE_BOOK = 0
    WAITING_STOP = 1
    ELECTED_STOP = 2            # elected, and waits for Continuous
    SET_ASIDE = 3               # AtTheClose outside ClosingCall

cpdef enum:
    AGGRESSOR = 1 << 0                  # event flag: this side came in and met a resting order (AggressorIndicator [1057])
    RESPONSE_TO_REPLACE = 1 << 1        # event flag of ORDER_CANCEL_REJECT: CxlRejResponseTo [434] = 2

cdef struct EventRecord:
    # First line: what clients act on.
    uint32_t place              # place among the events of its command, from 0
    uint8_t type                # EventType
    uint8_t shape               # version in the high nibble, lines that follow here (1 or 2) in the low one
    uint8_t status_flags        # OrdStatus in the low nibble, event flags in the high one
    uint8_t reason              # Reason; 0 is none
    uint64_t sequence           # of the command that caused it
    uint64_t report_number      # of the session that it goes to, from 1 without gaps; 0: not numbered
    int64_t cl_ord_id           # ClOrdID [11]; of LOGON_ANSWER the session's mark
    uint64_t order_id           # OrderID [37]; of LOGON_ANSWER the next report number
    int64_t last_px             # LastPx [31]; of SESSION_STATUS and INDICATIVE_PRICE the auction price
    int64_t last_qty            # LastQty [32]; of SESSION_STATUS and INDICATIVE_PRICE the auction quantity
    int64_t leaves_qty          # LeavesQty [151]; of SESSION_STATUS the phase
    # Second line: the rest.
    uint32_t session            # to whom it goes; 0: the venue itself
    uint32_t instrument
    int64_t time                # TransactTime [60]
    int64_t price               # Price [44]
    int64_t cum_qty             # CumQty [14]
    uint64_t exec_id            # ExecID [17]
    uint64_t trd_match_id       # TrdMatchID [880]; both sides of a trade have the same
    int64_t orig_cl_ord_id      # OrigClOrdID [41]
    uint32_t participant
    uint16_t attributes         # side, order type, time in force, HAS_PRICE, POST_ONLY as in a command
    uint16_t reserved

# ------------------------------------------------------------------------------------------------- reasons

cpdef enum Reason:
    """Why a command was refused or an order changed: one table, numbered in the order in which it is checked."""
    NONE = 0
    # At the door: answered, never journaled.
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
    # Instrument known.
    UNKNOWN_INSTRUMENT = 32
    INSTRUMENT_DISABLED = 33
    # Phase allows it.
    PHASE_CLOSED = 34
    PHASE_HALTED = 35
    IMMEDIATE_IN_CALL = 36
    MIN_QUANTITY_IN_CALL = 37
    POST_ONLY_IN_CALL = 38
    OPENING_OVER = 39
    # Fields valid.
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
    # Live order found.
    UNKNOWN_ORDER = 80
    INSTRUMENT_CHANGED = 81
    SIDE_CHANGED = 82
    ORD_TYPE_CHANGED = 83
    # Risk.
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
    # Book.
    POST_ONLY_WOULD_TRADE = 112
    FILL_OR_KILL_UNFILLABLE = 113
    MIN_QUANTITY_UNFILLABLE = 114
    # Administration: each line of a definition in turn, so an instrument's LINE_MISSING may be of its terms.
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
    # Why an accepted order changed or ended.
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


cdef inline uint8_t record_lines(const CommandLine* line) noexcept nogil:
    return line.shape & 0xF

cdef inline uint8_t record_version(const CommandLine* line) noexcept nogil:
    return line.shape >> 4

cdef inline uint8_t order_side(uint16_t attributes) noexcept nogil:
    return attributes & SIDE_MASK

cdef inline uint8_t order_type(uint16_t attributes) noexcept nogil:
    return (attributes >> ORD_TYPE_SHIFT) & ORD_TYPE_MASK

cdef inline uint8_t order_time_in_force(uint16_t attributes) noexcept nogil:
    return (attributes >> TIME_IN_FORCE_SHIFT) & TIME_IN_FORCE_MASK
