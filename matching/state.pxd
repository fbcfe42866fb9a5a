"""EngineState: everything that the commands so far have made of the venue, in plain C memory.

Tables of participants, sessions and instruments are indexed by id from 1. They grow in large steps when a definition
arrives, never on an order's path.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from pricetime.matching.accounts cimport AccountTable, NotionalLimits
from pricetime.matching.checksum cimport EventDigest
from pricetime.matching.id_index cimport IdIndex
from pricetime.matching.level_tree cimport Level, LevelPool, LevelTree
from pricetime.matching.id_map cimport IdMap
from pricetime.matching.memory cimport likely, unlikely
from pricetime.matching.order_pool cimport Order, OrderPool
from pricetime.matching.price_ladder cimport PriceLadder
from pricetime.matching.records cimport (
    CONTINUOUS, DISABLED, HAS_COLLAR, HAS_DYNAMIC_BAND, HAS_STATIC_BAND, SIDE_SHIFT,
)

cdef enum:
    ORDER_CAPACITY_DEFAULT = 131072
    ORDER_CAPACITY_MAX = 1 << 24
    TABLE_MAX = 65535           # participants, sessions, instruments: of each
    SHARD_SHIFT = 56            # the shard's number is in the top 8 bits of OrderID, ExecID, TrdMatchID

cdef enum:
    # Instrument.watch: why an order here has to be looked at closer; 0 is the plain case.
    WATCH_COLLAR = 1 << 0
    WATCH_BANDS = 1 << 1
    WATCH_STOPS = 1 << 2        # stops wait: trades may elect them
    WATCH_TRADED = 1 << 3       # and have been since the stops were last looked at: traded_high, traded_low
    WATCH_NOT_OPEN = 1 << 4     # disabled, or in another phase than Continuous

cdef enum:
    # The kinds of what commands define.
    OF_PARTICIPANTS = 0
    OF_SESSIONS = 1
    OF_INSTRUMENTS = 2
    KINDS = 3

cdef struct Name:
    char text[48]               # zero-padded

cdef struct Participant:
    # 64 bytes. A limit that is not set is NO_LIMIT, which unsigned is above every number.
    uint16_t flags              # DISABLED, BLOCKED
    uint16_t presence           # HAS_MESSAGE_RATE
    uint32_t open_orders
    int64_t open_orders_limit
    int64_t rate_tokens
    int64_t rate_interval       # nanoseconds
    uint64_t rate_level         # tokens in the bucket, times the interval
    int64_t rate_time           # when it was last filled
    NotionalLimits* currencies  # its notional limits, by currency; NULL: it never had one
    uint32_t currencies_count
    uint32_t reserved

cdef struct Session:
    uint32_t participant
    uint16_t flags              # DISABLED, CANCEL_ON_DISCONNECT, rights
    uint8_t logged_on
    uint8_t senders             # what its rights come to: BY_ANYONE, BY_TRADER ... (rights.pxd)
    int64_t mark                # highest ClOrdID journaled
    uint64_t report_number      # last one given
    uint32_t open_orders
    uint32_t account            # the one that it used last; 0: none
    uint64_t may_send           # while it is logged on, a bit for each type of command that its rights allow: the door's first look
    uint32_t account_instrument     # of `account`: whoever wants another need not look at it
    uint32_t reserved[5]

cdef struct Divisor:
    # Exact division by a constant without a division (Hacker's Delight, 10-17): n = odd * 2^shift divides x above 0 where the
    # product with odd's inverse modulo 2^64, turned right by shift, is no larger than the largest quotient: low bits that are
    # not 0 come to the top. It divides another x where the low bits are 0 and the product of the rest is a quotient that there is.
    uint64_t inverse
    uint64_t highest            # the largest quotient
    int64_t lowest              # the smallest, of what is left without the low bits
    uint64_t low_bits
    uint64_t shift

cdef struct Instrument:
    # Two ladders and two market queues, [0] buy and [1] sell; what a plain order reads comes first.
    uint16_t flags              # DISABLED
    uint16_t terms_flags        # PRICE_MAY_BE_NEGATIVE, HIDDEN_ALLOWED
    uint8_t phase
    uint8_t has_last_price
    uint16_t limits_presence
    uint32_t watch              # WATCH_COLLAR ...
    uint32_t has_band_middle    # see band_sequence
    uint64_t lots_bound         # the largest quantity that an order may have, in whole lots
    int64_t last_price
    Divisor tick
    Divisor lot
    PriceLadder ladders[2]
    Level market[2]             # resting market orders of a call, a queue each; their key means nothing
    LevelTree stops[2]          # stops that wait; the highest key goes first, as in a ladder
    uint32_t elected[2]         # those of them that are elected
    Level aside                 # AtTheClose orders outside ClosingCall, by age, both sides
    int64_t traded_high         # WATCH_TRADED: the trades' highest and lowest price
    int64_t traded_low
    uint64_t band_sequence      # the command for which band_middle was fixed; 0: none
    int64_t band_middle         # of the dynamic band
    int64_t reference_price
    int64_t collar              # rule 12; the presence of these is in limits_presence
    int64_t dynamic_band
    int64_t static_band
    int64_t call_duration       # nanoseconds
    int64_t call_end            # of a VolatilityCall; 0: it has none
    int64_t auction_price       # of the last uncross that traded
    uint8_t has_auction_price
    uint8_t indicative_known    # reported_price and reported_quantity are what an uncross would give now
    uint8_t reserved_bytes[6]
    uint64_t position_adjusted  # what PositionAdjust has put here of all participants, modulo 2^64
    int64_t max_order_quantity
    int64_t trade_date
    int64_t reported_price      # last IndicativePrice of this call
    int64_t reported_quantity
    uint8_t price_scale
    uint8_t qty_scale
    uint16_t reserved_short
    uint32_t iceberg_parts_max
    int64_t tick_size
    int64_t lot_size
    char currency[8]

cdef struct EngineState:
    uint64_t sequence           # last command applied
    int64_t time                # of it
    uint32_t place              # of the next event among those of its command
    uint32_t shard
    uint64_t last_order_id
    uint64_t last_exec_id
    uint64_t last_trd_match_id
    EventDigest event_digest
    OrderPool pool
    LevelPool level_pool
    IdIndex by_cl_ord_id
    IdIndex by_order_id
    AccountTable accounts
    uint64_t id_multiplier      # of the maps; shows nowhere
    uint64_t last_age           # rule 1
    int64_t next_deadline       # deadlines.pxd; INT64_MAX: none
    int64_t next_call_end       # the earliest end of a VolatilityCall; INT64_MAX: none
    uint32_t* deadlines         # GTD orders: a heap of slots by ExpireTime, from 1
    uint32_t deadlines_count
    uint32_t indicatives_known  # instruments that have indicative_known; 0 where none is in a call
    void* selection_room        # for one Selection of every live order
    uint64_t run                # 0: no VenueStart yet
    uint32_t participants_count
    uint32_t sessions_count
    uint32_t instruments_count
    uint32_t participants_room
    uint32_t sessions_room
    uint32_t instruments_room
    Participant* participants
    Session* sessions
    Instrument* instruments
    Name* participant_names
    Name* session_names
    Name* instrument_names
    IdMap ids_by_name[3]        # by kind (names.pxd)


cdef inline bint session_known(const EngineState* state, uint32_t id) noexcept nogil:
    return 0 < id <= state.sessions_count

cdef inline bint instrument_known(const EngineState* state, uint32_t id) noexcept nogil:
    return 0 < id <= state.instruments_count

cdef inline int64_t side_index(uint16_t attributes) noexcept nogil:
    """0 for a buy, 1 for a sell or short sell. (BUY is 1, SELL 2, SELL_SHORT 3: their second bit, and no comparison.)"""
    return (attributes >> (SIDE_SHIFT + 1)) & 1

cdef inline int64_t level_key(int64_t side, int64_t tick) noexcept nogil:
    """A ladder's key: higher is better on either side. ~tick is -tick - 1, which no tick number overflows."""
    return tick ^ -side

cdef inline uint64_t quotient_of(const Divisor* self, int64_t value) noexcept nogil:
    """value / divisor where it is one above 0; else 0, or more than `highest`: one comparison tells."""
    cdef uint64_t product = <uint64_t> value * self.inverse
    return product >> self.shift | product << (-self.shift & 63)

cdef inline bint divides(const Divisor* self, int64_t value, int64_t* quotient) noexcept nogil:
    """is_multiple, and `value` is above 0."""
    cdef uint64_t product = quotient_of(self, value)
    quotient[0] = <int64_t> product
    return product - 1 < self.highest

cdef inline bint is_multiple(const Divisor* self, int64_t value, int64_t* quotient) noexcept nogil:
    """Does the divisor divide `value`; *quotient is then value / divisor."""
    if likely(value > 0):
        return divides(self, value, quotient)
    quotient[0] = <int64_t> (<uint64_t> (value >> self.shift) * self.inverse)
    return (<uint64_t> value & self.low_bits) == 0 and self.lowest <= quotient[0] <= 0

cdef inline Level* level_of(EngineState* state, Instrument* instrument, const Order* order) noexcept nogil:
    """The queue in which an order of the book rests."""
    if order.level == 0:
        return &instrument.market[side_index(order.attributes)]
    return &state.level_pool.levels[order.level]

cdef inline void indicative_changes(EngineState* state, Instrument* instrument) noexcept nogil:
    """To be called whenever what an uncross depends on may have changed: the book in a call, the reference, the phase. In
    Continuous nothing is known, and the instrument is not touched."""
    if unlikely(state.indicatives_known != 0):
        state.indicatives_known -= instrument.indicative_known
        instrument.indicative_known = 0

cdef inline uint32_t instrument_id(const EngineState* state, const Instrument* instrument) noexcept nogil:
    return <uint32_t> (instrument - state.instruments)

cdef inline void set_watch(Instrument* instrument) noexcept nogil:
    """To be called whenever an instrument's flags, phase or limits, or how many of its stops wait, have changed."""
    cdef uint32_t watch = instrument.watch & WATCH_TRADED
    if instrument.limits_presence & HAS_COLLAR:
        watch |= WATCH_COLLAR
    if instrument.limits_presence & (HAS_DYNAMIC_BAND | HAS_STATIC_BAND):
        watch |= WATCH_BANDS
    if instrument.stops[0].count or instrument.stops[1].count:
        watch |= WATCH_STOPS
    if instrument.flags & DISABLED or instrument.phase != CONTINUOUS:
        watch |= WATCH_NOT_OPEN
    instrument.watch = watch
