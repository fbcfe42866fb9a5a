"""Layout of Engine.dump(): the canonical state, equal for equal states, in both engines. Drawn in docs/records.md.

One StateHeader, then participants by id, their notional limits by currency, accounts by participant and instrument, sessions
and instruments by id, then live orders; their order is rule 9's. Absent values are 0. What follows from the orders (open
quantities, gross notional) is not here.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t


cdef struct StateHeader:
    char magic[8]               # "PTSTATE2"
    uint32_t rules_version
    uint32_t shard
    uint64_t sequence           # last command applied
    int64_t time                # of it
    uint64_t last_order_id
    uint64_t last_exec_id
    uint64_t last_trd_match_id
    uint64_t run                # 0: no VenueStart yet
    uint64_t event_digest_low   # of all events so far
    uint64_t event_digest_high
    uint64_t order_capacity
    uint32_t participants
    uint32_t sessions
    uint32_t instruments
    uint32_t notional_limits    # of participants, by currency
    uint64_t orders
    uint64_t last_age           # the counter of places
    uint64_t accounts

cdef struct ParticipantState:
    uint32_t id
    uint16_t flags              # DISABLED, BLOCKED
    uint16_t presence           # HAS_MESSAGE_RATE
    int64_t open_orders_limit   # NO_LIMIT: none
    int64_t rate_tokens
    int64_t rate_interval
    int64_t rate_level          # tokens in the bucket, times the interval
    int64_t rate_time           # when it was last filled
    char name[48]
    uint64_t reserved[4]

cdef struct NotionalLimitsState:
    # Of a participant, in one currency.
    uint32_t participant
    uint16_t presence           # HAS_ORDER_NOTIONAL_LIMIT, HAS_GROSS_NOTIONAL_LIMIT
    uint8_t order_scale
    uint8_t gross_scale
    char currency[8]
    uint64_t order_low
    uint64_t order_high
    uint64_t gross_low
    uint64_t gross_high
    uint64_t reserved[2]

cdef struct AccountState:
    # A participant in an instrument.
    uint32_t participant
    uint32_t instrument
    int64_t position
    int64_t order_quantity_limit    # NO_LIMIT: none, of each
    int64_t open_orders_limit
    int64_t open_quantity_limit
    int64_t position_limit
    uint16_t presence           # of notional limits: HAS_ORDER_NOTIONAL_LIMIT, HAS_GROSS_NOTIONAL_LIMIT
    uint8_t order_scale
    uint8_t gross_scale
    uint32_t reserved_word
    uint64_t order_low
    uint64_t order_high
    uint64_t gross_low
    uint64_t gross_high
    uint64_t reserved[5]

cdef struct SessionState:
    uint32_t id
    uint32_t participant
    uint16_t flags              # DISABLED, CANCEL_ON_DISCONNECT, rights
    uint8_t logged_on
    uint8_t reserved_byte
    uint32_t reserved_word
    int64_t mark                # highest ClOrdID journaled
    uint64_t report_number      # last one given
    char name[48]
    uint64_t reserved[6]

cdef struct InstrumentState:
    uint32_t id
    uint16_t flags              # DISABLED
    uint16_t terms_flags        # PRICE_MAY_BE_NEGATIVE, HIDDEN_ALLOWED
    uint8_t price_scale
    uint8_t qty_scale
    uint8_t phase
    uint8_t presence            # 1 last_price, 2 reported_price (an IndicativePrice was reported and still stands), 4 auction_price
    uint16_t limits_presence    # HAS_REFERENCE_PRICE and so on
    uint16_t reserved_short
    uint32_t iceberg_parts_max
    uint32_t reserved_word
    int64_t tick_size
    int64_t lot_size
    int64_t reference_price
    int64_t last_price
    int64_t reported_price      # last IndicativePrice
    int64_t reported_quantity
    int64_t collar
    int64_t dynamic_band
    int64_t static_band
    int64_t call_duration
    int64_t max_order_quantity
    int64_t trade_date          # yyyymmdd
    int64_t auction_price       # of the last uncross that traded
    int64_t call_end            # of a VolatilityCall; 0: it has none
    uint64_t position_adjusted  # what PositionAdjust has put here of all participants, modulo 2^64
    uint64_t reserved[7]
    char currency[8]
    char name[48]

cdef struct OrderState:
    uint64_t order_id
    int64_t cl_ord_id
    uint32_t session
    uint32_t instrument
    int64_t price
    int64_t leaves_qty
    int64_t cum_qty
    uint16_t attributes         # side, order type, time in force, HAS_PRICE, POST_ONLY as in a command
    uint16_t presence           # of AdvancedLine
    uint8_t self_match_instruction
    uint8_t standing            # IN_THE_BOOK, WAITING_STOP, ELECTED_STOP, SET_ASIDE
    uint16_t reserved_short
    int64_t display_quantity
    int64_t shown_quantity      # of an iceberg in the book
    int64_t min_quantity
    int64_t stop_price
    int64_t expire_time
    uint64_t self_match_id
    uint64_t age                # rule 1; 0 of all but icebergs, hidden orders, stops, AtTheClose orders
    int64_t risk_price          # rule 13
    uint64_t reserved
