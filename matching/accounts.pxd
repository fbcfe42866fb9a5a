"""AccountTable: every account (a participant in an instrument), its limits, and what its live orders come to.

An account's number is its place in the order in which accounts were opened, from 1; it is kept for ever and shows nowhere.
Account 0 is nobody's: without limits and without orders, it stands for an account that is not open yet. What few accounts have,
limits on notional, is in a second array. All memory is taken once; what is not touched costs nothing.
"""

from libc.stdint cimport INT64_MAX, UINT32_MAX, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from pricetime.matching.notional cimport Notional
from pricetime.matching.records cimport NO_LIMIT

cdef enum:
    ACCOUNTS_MAX = 1048576
    ACCOUNT_SEATS = 2 * ACCOUNTS_MAX    # of the map: a power of two
    CURRENCIES_MAX = 8                  # in which a participant may have limits
    CURRENCY_BYTES = 8
    # Account.flags
    NOTIONAL_LIMITED = 1 << 0           # it, or its participant in its currency, has a notional limit
    GROSS_TRACKED = 1 << 1              # one of these is on gross open notional
    POSITION_LIMITED = 1 << 2           # position_limit was set: even 2^63 - 1 is a limit

cdef struct Account:
    # What a plain order reads: 64 bytes. Limits that are not set are NO_LIMIT, which unsigned is above every number;
    # position_limit, compared with a sign, is then 2^63 - 1.
    uint16_t participant
    uint16_t instrument
    uint32_t open_orders
    uint64_t open_quantity[2]       # of buys, of sells
    int64_t position
    int64_t order_quantity_limit
    int64_t position_limit
    int64_t room                    # by how much its open quantity may grow for certain (risk.pxd); INT64_MIN: by nothing, or it is not known
    uint32_t open_orders_limit      # at most 2^32 - 1, which no number of orders reaches
    uint32_t flags

cdef struct NotionalLimits:
    # Of an account, or of a participant in a currency.
    uint16_t presence               # HAS_ORDER_NOTIONAL_LIMIT, HAS_GROSS_NOTIONAL_LIMIT
    uint8_t order_scale
    uint8_t gross_scale
    uint8_t currency_place          # of an account: from 1 where its participant has limits in its currency, else 0
    uint8_t reserved[3]
    char currency[8]                # of a participant's
    Notional order_limit
    Notional gross_limit
    Notional gross                  # open now, in gross_scale; kept only while there is a limit

cdef struct AccountTerms:
    # The rare half, by the same number.
    int64_t open_orders_limit       # as it was set
    int64_t open_quantity_limit
    NotionalLimits notional

cdef struct AccountTable:
    Account* accounts
    AccountTerms* terms
    uint32_t* seats                 # open addressing: where (participant, instrument) has its account; one block with the rest
    uint32_t count
    uint32_t reserved


cdef int account_table_create(AccountTable* self) noexcept nogil
    # 0, or -1 where memory is short.
cdef void account_table_touch(AccountTable* self) noexcept nogil
    # Have the system provide the seats and the first accounts now; more accounts come in huge pages where it has them.
cdef void account_table_destroy(AccountTable* self) noexcept nogil
cdef uint32_t account_put(AccountTable* self, uint32_t participant, uint32_t instrument) noexcept nogil
    # A new account, without limits; the caller has seen that there is none yet, and that count is below ACCOUNTS_MAX.


cdef inline uint32_t account_seat(uint32_t participant, uint32_t instrument) noexcept nogil:
    """Where the search for an account begins: 16 instruments of a participant share a cache line. Ids come from definitions, not
    from clients: nobody chooses them to collide."""
    cdef uint64_t line = (<uint64_t> (participant << 12 | instrument >> 4) * <uint64_t> 0x9E3779B97F4A7C15) >> 47
    return <uint32_t> line << 4 | (instrument & 15)


cdef inline uint32_t account_find(const AccountTable* self, uint32_t participant, uint32_t instrument) noexcept nogil:
    """The account, or 0 where there is none yet."""
    cdef uint32_t seat = account_seat(participant, instrument), account
    while True:
        account = self.seats[seat]
        if account == 0 or (self.accounts[account].participant == participant
                            and self.accounts[account].instrument == instrument):
            return account
        seat = (seat + 1) & (ACCOUNT_SEATS - 1)


cdef inline void set_open_orders_limit(Account* account, AccountTerms* terms, int64_t limit) noexcept nogil:
    terms.open_orders_limit = limit
    account.open_orders_limit = <uint32_t> limit if 0 <= limit < UINT32_MAX else UINT32_MAX


cdef inline void set_position_limit(Account* account, int64_t limit) noexcept nogil:
    account.flags &= ~<uint32_t> POSITION_LIMITED
    account.position_limit = INT64_MAX
    if limit != NO_LIMIT:
        account.flags |= POSITION_LIMITED
        account.position_limit = limit
