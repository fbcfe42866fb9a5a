"""The rare half of AccountTable: its memory, and new accounts."""

from libc.stddef cimport size_t
from libc.stdint cimport INT64_MIN, uint16_t, uint32_t

from pricetime.matching.memory cimport CACHE_LINE, HUGE_PAGE, give_lines_back, take_lines, touch_bytes, want_huge_pages
from pricetime.matching.records cimport NO_LIMIT

assert sizeof(Account) == CACHE_LINE
assert 16 << (64 - 47) == ACCOUNT_SEATS     # account_seat keeps as many bits


cdef void clear_limits(AccountTable* self, uint32_t account) noexcept nogil:
    cdef Account* hot = &self.accounts[account]
    hot.order_quantity_limit = self.terms[account].open_quantity_limit = NO_LIMIT
    hot.room = INT64_MIN
    set_position_limit(hot, NO_LIMIT)
    set_open_orders_limit(hot, &self.terms[account], NO_LIMIT)


cdef int account_table_create(AccountTable* self) noexcept nogil:
    # One block: so large a one is always fresh pages of the system's, never memory to be zeroed.
    cdef size_t entries = <size_t> ACCOUNTS_MAX + 1
    cdef char* block = <char*> take_lines(
        ACCOUNT_SEATS * sizeof(uint32_t) + entries * (sizeof(Account) + sizeof(AccountTerms)))
    self.count = 0
    if block is NULL:
        return -1
    self.seats = <uint32_t*> block
    self.accounts = <Account*> (block + ACCOUNT_SEATS * sizeof(uint32_t))
    self.terms = <AccountTerms*> (self.accounts + entries)
    clear_limits(self, 0)
    return 0


cdef void account_table_touch(AccountTable* self) noexcept nogil:
    cdef size_t seats = ACCOUNT_SEATS * sizeof(uint32_t)
    touch_bytes(self.seats, seats + HUGE_PAGE)
    want_huge_pages(&self.accounts[0], ACCOUNTS_MAX * sizeof(Account) & ~<size_t> (HUGE_PAGE - 1))


cdef void account_table_destroy(AccountTable* self) noexcept nogil:
    give_lines_back(self.seats)
    self.seats = NULL


cdef uint32_t account_put(AccountTable* self, uint32_t participant, uint32_t instrument) noexcept nogil:
    cdef uint32_t seat = account_seat(participant, instrument), account
    while self.seats[seat] != 0:
        seat = (seat + 1) & (ACCOUNT_SEATS - 1)
    self.count += 1
    account = self.count
    self.seats[seat] = account
    self.accounts[account].participant = <uint16_t> participant
    self.accounts[account].instrument = <uint16_t> instrument
    clear_limits(self, account)
    return account
