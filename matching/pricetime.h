// The engine in C: records, events, and the table of functions that pricetime_embed.h finds. docs/c.md says how.
//
// Written by tests/c_header.py from the .pxd files beside it. Constants begin with PRICETIME_, types with Pricetime; in
// comments they stand without. C11 and C++.
#ifndef PRICETIME_H
#define PRICETIME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct PricetimeEngine PricetimeEngine;     // its inside is nobody's business

enum {
    PRICETIME_LINE_BYTES = 64,
    PRICETIME_LINES_MAX = 8,                        // lines in one command record
    PRICETIME_EVENT_LINES = 2,                      // lines in one full event
    PRICETIME_RECORD_VERSION = 1,
    PRICETIME_RULES_VERSION = 2,                    // a change of any state or event for the same commands is a new one
    PRICETIME_NAME_BYTES = 48,
    PRICETIME_TEXT_BYTES = 56,
    PRICETIME_NO_LIMIT = -1,                        // of a risk limit: takes it away (a notional: all bits set)
};

// First byte of meaning in a command's first line (FIX MsgType [35] in brackets).
typedef enum PricetimeCommandType {
    PRICETIME_NEW_ORDER_SINGLE = 1,                 // [D]
    PRICETIME_ORDER_CANCEL_REQUEST = 2,             // [F]
    PRICETIME_ORDER_CANCEL_REPLACE_REQUEST = 3,     // [G]
    PRICETIME_ORDER_MASS_CANCEL_REQUEST = 4,        // [q]
    PRICETIME_ORDER_STATUS_REQUEST = 5,             // [H]   answered, never journaled
    PRICETIME_ORDER_MASS_STATUS_REQUEST = 6,        // [AF]  answered, never journaled
    PRICETIME_SECURITY_DEFINITION = 16,             // [d]
    PRICETIME_PARTY_DEFINITION = 17,                // [CX]
    PRICETIME_SESSION_DEFINITION = 18,
    PRICETIME_RISK_LIMITS = 19,                     // [CS]
    PRICETIME_POSITION_ADJUST = 20,                 // [AL]
    PRICETIME_KILL_SWITCH = 21,
    PRICETIME_TRADING_SESSION_STATUS = 22,          // [h]
    PRICETIME_KEY_DEFINITION = 24,                  // who may come in, as the gateway reads it; of no concern to the
                                                    // engine
    PRICETIME_VENUE_START = 32,
    PRICETIME_LOGON = 33,                           // [A]
    PRICETIME_LOGOUT = 34,                          // [5]
    PRICETIME_DISCONNECT = 35,
    PRICETIME_CLOCK = 36,
    PRICETIME_EVENT_DIGEST = 37,                    // the writer's running digest of its events, for readers to compare
    PRICETIME_HEARTBEAT = 48,                       // [0]   wire only
    PRICETIME_TEST_REQUEST = 49,                    // [1]   wire only
    PRICETIME_SECURITY_LIST_REQUEST = 50,           // [x]   wire only: answered with SECURITY_DEFINITION records
    PRICETIME_RESEND_REQUEST = 51,                  // [2]   wire only: target is BeginSeqNo [7], quantity EndSeqNo [16]
                                                    // (0: all so far)
    PRICETIME_PARTY_LIST_REQUEST = 52,              // [CF]  wire only: answered with PARTY_DEFINITION and
                                                    // SESSION_DEFINITION records
} PricetimeCommandType;

// Type byte of a command's second and further lines; each kind at most once, in this order.
typedef enum PricetimeLineType {
    PRICETIME_NAME_LINE = 129,
    PRICETIME_INSTRUMENT_TERMS_LINE = 130,
    PRICETIME_INSTRUMENT_LIMITS_LINE = 131,
    PRICETIME_RISK_ORDER_LIMITS_LINE = 132,
    PRICETIME_RISK_OPEN_LIMITS_LINE = 133,
    PRICETIME_ADVANCED_LINE = 134,
    PRICETIME_ACCOUNT_LINE = 135,
    PRICETIME_TEXT_LINE = 136,
} PricetimeLineType;

// Side [54]; 0 is absent.
typedef enum PricetimeSide {
    PRICETIME_BUY = 1,
    PRICETIME_SELL = 2,
    PRICETIME_SELL_SHORT = 3,                       // [54=5]
} PricetimeSide;

// OrdType [40]; 0 is absent.
typedef enum PricetimeOrdType {
    PRICETIME_MARKET = 1,
    PRICETIME_LIMIT = 2,
    PRICETIME_STOP = 3,
    PRICETIME_STOP_LIMIT = 4,
    PRICETIME_MARKET_WITH_LEFT_OVER_AS_LIMIT = 5,   // [40=K]
} PricetimeOrdType;

// TimeInForce [59]; 0 is absent (Day for a new order, unchanged for a replace).
typedef enum PricetimeTimeInForce {
    PRICETIME_DAY = 1,
    PRICETIME_GTC = 2,
    PRICETIME_IOC = 3,
    PRICETIME_FOK = 4,
    PRICETIME_GTD = 5,
    PRICETIME_AT_THE_OPENING = 6,
    PRICETIME_AT_THE_CLOSE = 7,
} PricetimeTimeInForce;

// What an incoming order does that meets its own participant's with the same SelfMatchPreventionID [2362].
typedef enum PricetimeSelfMatchInstruction {
    PRICETIME_CANCEL_INCOMING = 1,
    PRICETIME_CANCEL_RESTING = 2,
    PRICETIME_CANCEL_BOTH = 3,
    PRICETIME_DECREMENT_BOTH = 4,
} PricetimeSelfMatchInstruction;

// Trading phase of an instrument, carried in the attributes of TRADING_SESSION_STATUS.
typedef enum PricetimePhase {
    PRICETIME_CLOSED = 1,
    PRICETIME_PRE_OPEN = 2,
    PRICETIME_OPENING_CALL = 3,
    PRICETIME_CONTINUOUS = 4,
    PRICETIME_CLOSING_CALL = 5,
    PRICETIME_VOLATILITY_CALL = 6,
    PRICETIME_HALTED = 7,
} PricetimePhase;

enum {
    // Attributes of an order command (16 bits): side, order type, time in force, then flags.
    PRICETIME_SIDE_SHIFT = 0,
    PRICETIME_SIDE_MASK = 0x3,
    PRICETIME_ORD_TYPE_SHIFT = 2,
    PRICETIME_ORD_TYPE_MASK = 0xF,
    PRICETIME_TIME_IN_FORCE_SHIFT = 6,
    PRICETIME_TIME_IN_FORCE_MASK = 0xF,
    PRICETIME_HAS_PRICE = 1 << 10,                  // price is present: 0 is a legal price
    PRICETIME_HAS_QUANTITY = 1 << 11,
    PRICETIME_POST_ONLY = 1 << 12,                  // ExecInst [18] = 6
    PRICETIME_HAS_EXEC_INST = 1 << 13,              // replace: POST_ONLY says what the order becomes; without it,
                                                    // unchanged
    PRICETIME_BY_ORDER_ID = 1 << 14,                // target is an OrderID [37], not an OrigClOrdID [41]
    PRICETIME_POSS_RESEND = 1 << 15,                // PossResend [97]
    // Attributes of definitions.
    PRICETIME_DISABLED = 1 << 0,                    // KEY_DEFINITION: revoked
    PRICETIME_CANCEL_ON_DISCONNECT = 1 << 1,        // SESSION_DEFINITION
    PRICETIME_RIGHT_TRADE = 1 << 4,                 // SESSION_DEFINITION, KEY_DEFINITION: what the session, the key may
                                                    // do
    PRICETIME_RIGHT_OPERATE = 1 << 5,
    PRICETIME_RIGHT_RISK = 1 << 6,
    PRICETIME_RIGHT_DROP_COPY = 1 << 7,
    PRICETIME_RIGHT_MARKET_DATA = 1 << 8,
    PRICETIME_RIGHTS_MASK = 0x1F0,
    // Attributes of LOGON.
    PRICETIME_FULL_REPORTS = 1 << 0,                // both lines of each event; without it the first line only
    // Attributes of KILL_SWITCH.
    PRICETIME_KILL_ON = 1 << 0,
    // Flag of a participant in the state, beside DISABLED: its kill switch is on.
    PRICETIME_BLOCKED = 1 << 1,
    // Flags of INSTRUMENT_TERMS_LINE.
    PRICETIME_PRICE_MAY_BE_NEGATIVE = 1 << 0,       // zero too
    PRICETIME_HIDDEN_ALLOWED = 1 << 1,
    // Presence bits of INSTRUMENT_LIMITS_LINE.
    PRICETIME_HAS_REFERENCE_PRICE = 1 << 0,
    PRICETIME_HAS_COLLAR = 1 << 1,
    PRICETIME_HAS_DYNAMIC_BAND = 1 << 2,
    PRICETIME_HAS_STATIC_BAND = 1 << 3,
    PRICETIME_HAS_CALL_DURATION = 1 << 4,
    PRICETIME_HAS_MAX_ORDER_QUANTITY = 1 << 5,
    // Presence bits of ADVANCED_LINE.
    PRICETIME_HAS_DISPLAY_QUANTITY = 1 << 0,
    PRICETIME_HAS_MIN_QUANTITY = 1 << 1,
    PRICETIME_HAS_STOP_PRICE = 1 << 2,
    PRICETIME_HAS_EXPIRE_TIME = 1 << 3,
    PRICETIME_HAS_SELF_MATCH_PREVENTION = 1 << 4,
    // Presence bits of the risk lines.
    PRICETIME_HAS_MESSAGE_RATE = 1 << 0,
    PRICETIME_HAS_ORDER_QUANTITY_LIMIT = 1 << 1,
    PRICETIME_HAS_ORDER_NOTIONAL_LIMIT = 1 << 2,
    PRICETIME_HAS_OPEN_ORDERS_LIMIT = 1 << 0,
    PRICETIME_HAS_OPEN_QUANTITY_LIMIT = 1 << 1,
    PRICETIME_HAS_POSITION_LIMIT = 1 << 2,
    PRICETIME_HAS_GROSS_NOTIONAL_LIMIT = 1 << 3,
};

typedef struct PricetimeCommandLine PricetimeCommandLine;
struct PricetimeCommandLine {
    // First line of a command. The 8 bytes at offset 0 are stored last: they make the record valid.
    uint32_t checksum;                              // CRC32C of the whole record with this field 0, seeded with the
                                                    // predecessor's checksum
    uint8_t type;                                   // CommandType; 0 is no record
    uint8_t shape;                                  // version in the high nibble, number of lines (1 to 8) in the low
                                                    // one
    uint16_t attributes;
    uint64_t sequence;                              // log: sequence number; wire: message number of the connection [34]
    int64_t time;                                   // UTC nanoseconds since 1970; wire: TransactTime [60], used only by
                                                    // a venue on flow time
    uint32_t session;                               // who sent it; 0 is the venue itself
    uint32_t instrument;                            // id; 0 is none
    int64_t cl_ord_id;                              // ClOrdID [11], 1 to 2^63-1
    int64_t price;                                  // Price [44] in 10^-price_scale
    int64_t quantity;                               // OrderQty [38] in 10^-qty_scale; in a replace the new total
    uint64_t target;                                // OrigClOrdID [41] or OrderID [37]; of a definition the id that it
                                                    // defines
};

typedef struct PricetimeNameLine PricetimeNameLine;
struct PricetimeNameLine {
    uint32_t zero;
    uint8_t type;
    uint8_t zero_byte;
    uint16_t presence;                              // reserved, 0
    char name[48];                                  // UTF-8, zero-padded: Symbol [55], participant or session
    char currency[8];                               // Currency [15] of an instrument, zero-padded
};

typedef struct PricetimeInstrumentTermsLine PricetimeInstrumentTermsLine;
struct PricetimeInstrumentTermsLine {
    // What never changes once defined.
    uint32_t zero;
    uint8_t type;
    uint8_t zero_byte;
    uint16_t flags;                                 // PRICE_MAY_BE_NEGATIVE, HIDDEN_ALLOWED
    uint8_t price_scale;                            // 0 to 18
    uint8_t qty_scale;                              // 0 to 18
    uint16_t reserved_short;
    uint32_t iceberg_parts_max;                     // 0: the default, 100
    int64_t tick_size;                              // in price units, at least 1
    int64_t lot_size;                               // in quantity units, at least 1
    int64_t reserved[4];
};

typedef struct PricetimeInstrumentLimitsLine PricetimeInstrumentLimitsLine;
struct PricetimeInstrumentLimitsLine {
    // What may change while orders rest.
    uint32_t zero;
    uint8_t type;
    uint8_t zero_byte;
    uint16_t presence;
    int64_t reference_price;
    int64_t collar;
    int64_t dynamic_band;
    int64_t static_band;
    int64_t call_duration;                          // nanoseconds
    int64_t max_order_quantity;
    int64_t reserved;
};

typedef struct PricetimeRiskOrderLimitsLine PricetimeRiskOrderLimitsLine;
struct PricetimeRiskOrderLimitsLine {
    uint32_t zero;
    uint8_t type;
    uint8_t zero_byte;
    uint16_t presence;
    int64_t rate_tokens;                            // orders per rate_interval
    int64_t rate_interval;                          // nanoseconds
    int64_t order_quantity;
    uint64_t order_notional_low;                    // 128 bits, in the scale stated
    uint64_t order_notional_high;
    char currency[8];
    uint8_t notional_scale;
    uint8_t reserved[7];
};

typedef struct PricetimeRiskOpenLimitsLine PricetimeRiskOpenLimitsLine;
struct PricetimeRiskOpenLimitsLine {
    uint32_t zero;
    uint8_t type;
    uint8_t zero_byte;
    uint16_t presence;
    int64_t open_orders;
    int64_t open_quantity;
    int64_t position;
    uint64_t gross_notional_low;
    uint64_t gross_notional_high;
    char currency[8];
    uint8_t notional_scale;
    uint8_t reserved[7];
};

typedef struct PricetimeAdvancedLine PricetimeAdvancedLine;
struct PricetimeAdvancedLine {
    uint32_t zero;
    uint8_t type;
    uint8_t self_match_instruction;                 // SelfMatchInstruction, counted with HAS_SELF_MATCH_PREVENTION
    uint16_t presence;
    int64_t display_quantity;                       // DisplayQty [1138]
    int64_t min_quantity;                           // MinQty [110]
    int64_t stop_price;                             // StopPx [99]
    int64_t expire_time;                            // ExpireTime [126]
    uint64_t self_match_id;                         // SelfMatchPreventionID [2362]
    int64_t reserved[2];
};

typedef struct PricetimeTextLine PricetimeTextLine;
struct PricetimeTextLine {
    // ACCOUNT_LINE (Account [1]) and TEXT_LINE (Text [58]): carried, never looked at.
    uint32_t zero;
    uint8_t type;
    uint8_t zero_byte;
    uint16_t presence;                              // reserved, 0
    char text[56];                                  // UTF-8, zero-padded
};

// What happened: an ExecutionReport's ExecType [150] below 16, other messages from 16 on.
typedef enum PricetimeEventType {
    PRICETIME_NEW = 1,
    PRICETIME_TRADE = 2,
    PRICETIME_CANCELED = 3,
    PRICETIME_REPLACED = 4,
    PRICETIME_EXPIRED = 5,
    PRICETIME_REJECTED = 6,
    PRICETIME_TRIGGERED = 7,
    PRICETIME_RESTATED = 8,
    PRICETIME_ORDER_CANCEL_REJECT = 16,             // [9]
    PRICETIME_ORDER_MASS_CANCEL_REPORT = 17,        // [r]
    PRICETIME_ORDER_STATUS = 18,                    // ExecutionReport with ExecType I
    PRICETIME_SESSION_STATUS = 24,                  // TradingSessionStatus [h]
    PRICETIME_INDICATIVE_PRICE = 25,
    PRICETIME_BUSINESS_MESSAGE_REJECT = 32,         // [j]
    PRICETIME_COMMAND_ACK = 33,                     // an administrative command was carried out
    PRICETIME_LOGON_ANSWER = 34,                    // [A]
    PRICETIME_LOGOUT_ANSWER = 35,                   // [5]
    PRICETIME_REJECT = 48,                          // [3], wire only: not decodable
    PRICETIME_HEARTBEAT_ANSWER = 49,                // [0], wire only
    PRICETIME_RESEND_ANSWER = 50,                   // wire only: the end of what a RESEND_REQUEST asked for
    PRICETIME_STATUS_ANSWER = 51,                   // wire only: the end of what an ORDER_MASS_STATUS_REQUEST asked for
    PRICETIME_TEST_REQUEST_EVENT = 52,              // [1], wire only: the venue asks whether the client is there
} PricetimeEventType;

// OrdStatus [39]; values are FIX's characters as hexadecimal digits.
typedef enum PricetimeOrdStatus {
    PRICETIME_ORDER_NEW = 0,
    PRICETIME_ORDER_PARTIALLY_FILLED = 1,
    PRICETIME_ORDER_FILLED = 2,
    PRICETIME_ORDER_CANCELED = 4,
    PRICETIME_ORDER_REJECTED = 8,
    PRICETIME_ORDER_EXPIRED = 12,
} PricetimeOrdStatus;

// Where a live order is; a field of the canonical state.
typedef enum PricetimeStanding {
    PRICETIME_IN_THE_BOOK = 0,
    PRICETIME_WAITING_STOP = 1,
    PRICETIME_ELECTED_STOP = 2,                     // elected, and waits for Continuous
    PRICETIME_SET_ASIDE = 3,                        // AtTheClose outside ClosingCall
} PricetimeStanding;

enum {
    PRICETIME_AGGRESSOR = 1 << 0,                   // event flag: this side came in and met a resting order
                                                    // (AggressorIndicator [1057])
    PRICETIME_RESPONSE_TO_REPLACE = 1 << 1,         // event flag of ORDER_CANCEL_REJECT: CxlRejResponseTo [434] = 2
};

typedef struct PricetimeEventRecord PricetimeEventRecord;
struct PricetimeEventRecord {
    // First line: what clients act on.
    uint32_t place;                                 // place among the events of its command, from 0
    uint8_t type;                                   // EventType
    uint8_t shape;                                  // version in the high nibble, lines that follow here (1 or 2) in
                                                    // the low one
    uint8_t status_flags;                           // OrdStatus in the low nibble, event flags in the high one
    uint8_t reason;                                 // Reason; 0 is none
    uint64_t sequence;                              // of the command that caused it
    uint64_t report_number;                         // of the session that it goes to, from 1 without gaps; 0: not
                                                    // numbered
    int64_t cl_ord_id;                              // ClOrdID [11]; of LOGON_ANSWER the session's mark
    uint64_t order_id;                              // OrderID [37]; of LOGON_ANSWER the next report number
    int64_t last_px;                                // LastPx [31]; of SESSION_STATUS and INDICATIVE_PRICE the auction
                                                    // price
    int64_t last_qty;                               // LastQty [32]; of SESSION_STATUS and INDICATIVE_PRICE the auction
                                                    // quantity
    int64_t leaves_qty;                             // LeavesQty [151]; of SESSION_STATUS the phase
    // Second line: the rest.
    uint32_t session;                               // to whom it goes; 0: the venue itself
    uint32_t instrument;
    int64_t time;                                   // TransactTime [60]
    int64_t price;                                  // Price [44]
    int64_t cum_qty;                                // CumQty [14]
    uint64_t exec_id;                               // ExecID [17]
    uint64_t trd_match_id;                          // TrdMatchID [880]; both sides of a trade have the same
    int64_t orig_cl_ord_id;                         // OrigClOrdID [41]
    uint32_t participant;
    uint16_t attributes;                            // side, order type, time in force, HAS_PRICE, POST_ONLY as in a
                                                    // command
    uint16_t reserved;
};

// Why a command was refused or an order changed: one table, numbered in the order in which it is checked.
typedef enum PricetimeReason {
    PRICETIME_NONE = 0,
    // At the door: answered, never journaled.
    PRICETIME_BAD_LENGTH = 1,
    PRICETIME_UNKNOWN_MSG_TYPE = 2,
    PRICETIME_UNKNOWN_VERSION = 3,
    PRICETIME_BAD_LINE_COUNT = 4,
    PRICETIME_BAD_FURTHER_LINE = 5,
    PRICETIME_RESERVED_NOT_ZERO = 6,
    PRICETIME_UNKNOWN_SESSION = 7,
    PRICETIME_NOT_AUTHORIZED = 8,
    PRICETIME_NOT_LOGGED_ON = 9,
    PRICETIME_INVALID_CL_ORD_ID = 10,
    PRICETIME_DUPLICATE_CL_ORD_ID = 11,
    PRICETIME_MSG_SEQ_NUM_OUT_OF_TURN = 12,
    PRICETIME_MESSAGE_TOO_LARGE = 13,
    PRICETIME_THROTTLED = 14,
    PRICETIME_LOG_FULL = 15,
    PRICETIME_NOT_LEADER = 16,
    PRICETIME_RESEND_UNAVAILABLE = 17,
    // Instrument known.
    PRICETIME_UNKNOWN_INSTRUMENT = 32,
    PRICETIME_INSTRUMENT_DISABLED = 33,
    // Phase allows it.
    PRICETIME_PHASE_CLOSED = 34,
    PRICETIME_PHASE_HALTED = 35,
    PRICETIME_IMMEDIATE_IN_CALL = 36,
    PRICETIME_MIN_QUANTITY_IN_CALL = 37,
    PRICETIME_POST_ONLY_IN_CALL = 38,
    PRICETIME_OPENING_OVER = 39,
    // Fields valid.
    PRICETIME_UNSUPPORTED = 44,
    PRICETIME_UNKNOWN_SIDE = 45,
    PRICETIME_UNKNOWN_ORD_TYPE = 46,
    PRICETIME_UNKNOWN_TIME_IN_FORCE = 47,
    PRICETIME_PRICE_MISSING = 48,
    PRICETIME_PRICE_NOT_ALLOWED = 49,
    PRICETIME_PRICE_NOT_POSITIVE = 50,
    PRICETIME_PRICE_OFF_TICK = 51,
    PRICETIME_QUANTITY_MISSING = 52,
    PRICETIME_QUANTITY_NOT_POSITIVE = 53,
    PRICETIME_QUANTITY_OFF_LOT = 54,
    PRICETIME_QUANTITY_TOO_LARGE = 55,
    PRICETIME_MARKET_TIME_IN_FORCE = 56,
    PRICETIME_POST_ONLY_MARKET = 57,
    PRICETIME_POST_ONLY_IMMEDIATE = 58,
    PRICETIME_POST_ONLY_STOP = 59,
    PRICETIME_POST_ONLY_AUCTION = 60,
    PRICETIME_STOP_TIME_IN_FORCE = 61,
    PRICETIME_STOP_PRICE_MISSING = 62,
    PRICETIME_STOP_PRICE_NOT_ALLOWED = 63,
    PRICETIME_STOP_PRICE_NOT_POSITIVE = 64,
    PRICETIME_STOP_PRICE_OFF_TICK = 65,
    PRICETIME_DISPLAY_QUANTITY_MARKET = 66,
    PRICETIME_DISPLAY_QUANTITY_IMMEDIATE = 67,
    PRICETIME_DISPLAY_QUANTITY_AUCTION = 68,
    PRICETIME_HIDDEN_NOT_ALLOWED = 69,
    PRICETIME_DISPLAY_QUANTITY_INVALID = 70,
    PRICETIME_DISPLAY_QUANTITY_TOO_SMALL = 71,
    PRICETIME_MIN_QUANTITY_NOT_IOC = 72,
    PRICETIME_MIN_QUANTITY_INVALID = 73,
    PRICETIME_EXPIRE_TIME_MISSING = 74,
    PRICETIME_EXPIRE_TIME_NOT_ALLOWED = 75,
    PRICETIME_EXPIRE_TIME_PASSED = 76,
    PRICETIME_UNKNOWN_SELF_MATCH_INSTRUCTION = 77,
    PRICETIME_LEFT_OVER_TIME_IN_FORCE = 78,
    // Live order found.
    PRICETIME_UNKNOWN_ORDER = 80,
    PRICETIME_INSTRUMENT_CHANGED = 81,
    PRICETIME_SIDE_CHANGED = 82,
    PRICETIME_ORD_TYPE_CHANGED = 83,
    // Risk.
    PRICETIME_SESSION_DISABLED = 96,
    PRICETIME_PARTICIPANT_DISABLED = 97,
    PRICETIME_KILL_SWITCH_ON = 98,
    PRICETIME_MESSAGE_RATE = 99,
    PRICETIME_ORDER_QUANTITY_LIMIT = 100,
    PRICETIME_ORDER_NOTIONAL_LIMIT = 101,
    PRICETIME_PRICE_COLLAR = 102,
    PRICETIME_NO_REFERENCE_PRICE = 103,
    PRICETIME_OPEN_ORDERS_LIMIT = 104,
    PRICETIME_OPEN_QUANTITY_LIMIT = 105,
    PRICETIME_POSITION_LIMIT = 106,
    PRICETIME_GROSS_NOTIONAL_LIMIT = 107,
    PRICETIME_OVERFLOW = 108,
    PRICETIME_ORDER_POOL_FULL = 109,
    PRICETIME_ACCOUNTS_FULL = 110,
    // Book.
    PRICETIME_POST_ONLY_WOULD_TRADE = 112,
    PRICETIME_FILL_OR_KILL_UNFILLABLE = 113,
    PRICETIME_MIN_QUANTITY_UNFILLABLE = 114,
    // Administration: each line of a definition in turn, so an instrument's LINE_MISSING may be of its terms.
    PRICETIME_ID_OUT_OF_SEQUENCE = 128,
    PRICETIME_TABLE_FULL = 129,
    PRICETIME_LINE_MISSING = 130,
    PRICETIME_NAME_INVALID = 131,
    PRICETIME_NAME_TAKEN = 132,
    PRICETIME_UNKNOWN_PARTICIPANT = 133,
    PRICETIME_PARTICIPANT_CHANGED = 134,
    PRICETIME_SCALE_INVALID = 135,
    PRICETIME_TICK_INVALID = 136,
    PRICETIME_LOT_INVALID = 137,
    PRICETIME_TERMS_CHANGED = 138,
    PRICETIME_LIMIT_INVALID = 139,
    PRICETIME_PHASE_UNKNOWN = 140,
    PRICETIME_PHASE_UNCHANGED = 141,
    PRICETIME_TRADE_DATE_INVALID = 142,
    PRICETIME_RUN_OUT_OF_SEQUENCE = 143,
    PRICETIME_RULES_VERSION_UNKNOWN = 144,
    PRICETIME_CAPACITY_INVALID = 145,
    // Why an accepted order changed or ended.
    PRICETIME_IMMEDIATE_REST = 160,
    PRICETIME_MARKET_REST = 161,
    PRICETIME_DAY_END = 162,
    PRICETIME_SESSION_DISCONNECTED = 163,
    PRICETIME_UNCROSS_REST = 164,
    PRICETIME_TOTAL_ALREADY_FILLED = 165,
    PRICETIME_ORDER_MOVED = 166,
    PRICETIME_AUCTION_REST = 167,
    PRICETIME_KILLED = 168,
    PRICETIME_EXPIRE_TIME_REACHED = 169,
    PRICETIME_SELF_MATCH = 170,
    PRICETIME_MASS_CANCELED = 171,
    PRICETIME_VOLATILITY_INTERRUPTION = 172,
    PRICETIME_CALL_ENDED = 173,
    PRICETIME_LEFT_OVER_AS_LIMIT = 174,
} PricetimeReason;

typedef struct PricetimeEventSink PricetimeEventSink;
struct PricetimeEventSink {
    // A block of events that its owner empties. One command may yield more events than any block: when it is full the
    // engine calls drain, which takes events[0:count], sets count to 0 and returns 0 (anything else is a broken owner:
    // the process stops). What is left after engine_apply the owner takes when it likes.
    PricetimeEventRecord* events;
    size_t capacity;                                // at least 1
    size_t count;
    int (*drain)(PricetimeEventSink* sink);
    void* context;                                  // the owner's
};

typedef struct PricetimeDepthLevel PricetimeDepthLevel;
struct PricetimeDepthLevel {
    int64_t price;
    int64_t quantity;                               // displayed, of all orders here
    int64_t orders;                                 // how many these are
};

typedef struct PricetimeBestPrices PricetimeBestPrices;
struct PricetimeBestPrices {
    PricetimeDepthLevel bid;                        // all 0 where has_bid is 0; a price of 0 may be legal
    PricetimeDepthLevel ask;
    uint8_t has_bid;
    uint8_t has_ask;
    uint8_t reserved[6];
};

enum {
    PRICETIME_APPLIED = 0,
    PRICETIME_DIGEST_DIFFERS = -1,                  // an EVENT_DIGEST record does not hold this engine's digest;
                                                    // nothing was changed
    PRICETIME_OUT_OF_SEQUENCE = -2,                 // a record's sequence is neither 0 nor the engine's next
};

typedef struct PricetimeLinesApplied PricetimeLinesApplied;
struct PricetimeLinesApplied {
    // How far a run of lines came.
    size_t records;                                 // worked off; also a command that the door refused with an event
    size_t lines;                                   // of these records: where the next one begins
    int status;                                     // APPLIED: all. Else why the next one was not: DIGEST_DIFFERS,
                                                    // OUT_OF_SEQUENCE, a Reason
    uint32_t offset;                                // the byte of the next record that the Reason is about; else 0
};

enum {
    PRICETIME_API_VERSION = 1,                      // a table that is not the next one's beginning is a new version
};

typedef struct PricetimeAhead PricetimeAhead;
struct PricetimeAhead {
    // What the engine has seen of the lines that are to come, from one `apply_screened` to the next.
    uint64_t inside[96];                            // nobody's business
};

typedef struct PricetimeApi PricetimeApi;
struct PricetimeApi {
    uint32_t api_version;                           // API_VERSION
    uint32_t size;                                  // bytes of this table: functions are only ever added at its end
    // An empty engine with room for so many live orders (1 to 16,777,216; 131,072 is usual). The shard, 0 to 255, is
    // in the top 8 bits of every OrderID, ExecID and TrdMatchID. NULL: memory is short, or a number is not one of
    // these.
    PricetimeEngine* (*create)(uint32_t shard, uint32_t order_capacity);
    // Give an engine's memory back; NULL is nothing.
    void (*destroy)(PricetimeEngine* engine);
    // Work off whole records, one after another, until all `count` lines are done or a record cannot be taken; the
    // result says how far it came and why. Events go into the sink. The lines are only read.
    PricetimeLinesApplied (*apply)(PricetimeEngine* engine, const PricetimeCommandLine* lines, size_t count,
        PricetimeEventSink* sink);
    // The best displayed prices of an instrument; an unknown one has none.
    void (*best_prices)(const PricetimeEngine* engine, uint32_t instrument, PricetimeBestPrices* best);
    // At most n displayed prices of a side (Side: BUY or SELL), best first; how many there are.
    size_t (*depth)(const PricetimeEngine* engine, uint32_t instrument, int side, size_t n, PricetimeDepthLevel* rows);
    // Sequence number of the last command applied; 0: none yet.
    uint64_t (*sequence)(const PricetimeEngine* engine);
    // Its time, UTC nanoseconds since 1970.
    int64_t (*time)(const PricetimeEngine* engine);
    // The 128-bit digest of all events so far: low half, high half. Equal commands, equal digests, on any machine.
    void (*event_digest)(const PricetimeEngine* engine, uint64_t* halves);
    // A drain for a sink whose events are one block from malloc: it takes none and doubles the block. Memory being
    // short ends the process.
    int (*lengthen)(PricetimeEventSink* sink);
    // Are the bytes at `record` a whole record of the `count` lines that there are: 0, or the Reason why not, and
    // *offset is then the byte of the record that is wrong.
    int (*screen)(const PricetimeCommandLine* record, size_t count, uint32_t* offset);
    // Before `apply_screened` takes the first of `count` lines in a row; *ahead is the caller's.
    void (*begin)(PricetimeAhead* ahead, const PricetimeCommandLine* lines, size_t count);
    // Work off one record, the next of these lines, that `screen` has passed: nothing of it is looked at again, nor its
    // `sequence`. What the lines behind it will touch is loaded meanwhile. APPLIED; DIGEST_DIFFERS; or the Reason of
    // the door, which one event says.
    int (*apply_screened)(PricetimeEngine* engine, PricetimeAhead* ahead, const PricetimeCommandLine* record,
        PricetimeEventSink* sink);
};

#ifdef __cplusplus
}
#endif

#endif
