"""The rare half of AccountTable: its memory, and new accounts."""

from libc.stdint cimport uint16_t, uint32_t
from libc.stdlib cimport free

from pricetime.matching.memory cimport CACHE_LINE, take_lines
from pricetime.matching.records cimport NO_LIMIT

assert sizeof(Account) == CACHE_LINE
assert 1 << (64 - 43) == ACCOUNT_SEATS      # account_seat keeps as many bits


cdef void clear_limits(AccountTable* self, uint32_t account) noexcept nogil:
    cdef Account* hot = &self.accounts[account]
    hot.order_quantity_limit = hot.open_quantity_limit = NO_LIMIT
    set_position_limit(hot, NO_LIMIT)
    set_open_orders_limit(hot, &self.terms[account], NO_LIMIT)


cdef int account_table_create(AccountTable* self) noexcept nogil:
    self.accounts = <Account*> take_lines((<size_t> ACCOUNTS_MAX + 1) * sizeof(Account), &self.accounts_memory)
    self.terms = <AccountTerms*> take_lines((<size_t> ACCOUNTS_MAX + 1) * sizeof(AccountTerms), &self.terms_memory)
    self.seats = <uint32_t*> take_lines(ACCOUNT_SEATS * sizeof(uint32_t), &self.seats_memory)
    self.count = 0
    if self.accounts is NULL or self.terms is NULL or self.seats is NULL:
        return -1
    clear_limits(self, 0)
    return 0


cdef void account_table_destroy(AccountTable* self) noexcept nogil:
    free(self.accounts_memory)
    free(self.terms_memory)
    free(self.seats_memory)
    self.accounts_memory = self.terms_memory = self.seats_memory = NULL


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
