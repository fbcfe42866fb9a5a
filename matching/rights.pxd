"""Who may send what: a command's type against the rights of the session that sends it. Rule 3, the door."""

from libc.stdint cimport uint8_t

from pricetime.matching.state cimport Session

cdef enum:
    # Who may send a command.
    BY_TRADER = 1 << 0
    BY_OPERATOR = 1 << 1
    BY_RISK_MANAGER = 1 << 2
    BY_ANYONE = 1 << 3          # any session, whatever its rights
    BY_VENUE = 1 << 4           # session 0
    WITHOUT_CL_ORD_ID = 1 << 7  # beside who: it needs none

cdef uint8_t senders_of(uint8_t type) noexcept nogil
    # By the low six bits of a command's type; 0: nobody.
cdef void set_senders(Session* session) noexcept nogil
    # To be called whenever a session's flags, or logged_on, have changed.
