"""The table of who may send what, and what it comes to for one session."""

from libc.stdint cimport uint8_t, uint64_t
from libc.string cimport memset

from pricetime.matching.records cimport *

cdef uint8_t SENDERS[64]        # by type; 0 is nobody
memset(SENDERS, 0, sizeof(SENDERS))
SENDERS[<int> NEW_ORDER_SINGLE] = BY_TRADER
SENDERS[<int> ORDER_CANCEL_REQUEST] = BY_TRADER
SENDERS[<int> ORDER_CANCEL_REPLACE_REQUEST] = BY_TRADER
SENDERS[<int> ORDER_MASS_CANCEL_REQUEST] = BY_TRADER
SENDERS[<int> SECURITY_DEFINITION] = BY_OPERATOR | BY_VENUE
SENDERS[<int> PARTY_DEFINITION] = BY_OPERATOR | BY_VENUE
SENDERS[<int> SESSION_DEFINITION] = BY_OPERATOR | BY_VENUE
SENDERS[<int> RISK_LIMITS] = BY_RISK_MANAGER | BY_OPERATOR | BY_VENUE
SENDERS[<int> POSITION_ADJUST] = BY_RISK_MANAGER | BY_OPERATOR | BY_VENUE
SENDERS[<int> KILL_SWITCH] = BY_RISK_MANAGER | BY_OPERATOR | BY_VENUE
SENDERS[<int> TRADING_SESSION_STATUS] = BY_OPERATOR | BY_VENUE
SENDERS[<int> KEY_DEFINITION] = BY_OPERATOR | BY_VENUE
SENDERS[<int> VENUE_START] = BY_VENUE
SENDERS[<int> LOGON] = BY_ANYONE | WITHOUT_CL_ORD_ID
SENDERS[<int> LOGOUT] = BY_ANYONE | WITHOUT_CL_ORD_ID
SENDERS[<int> DISCONNECT] = BY_ANYONE | WITHOUT_CL_ORD_ID
SENDERS[<int> CLOCK] = BY_OPERATOR | BY_VENUE
SENDERS[<int> EVENT_DIGEST] = BY_VENUE


cdef uint8_t senders_of(uint8_t type) noexcept nogil:
    return SENDERS[type & 63]


cdef void set_senders(Session* session) noexcept nogil:
    cdef int type
    session.senders = (BY_ANYONE | (BY_TRADER if session.flags & RIGHT_TRADE else 0)
                       | (BY_OPERATOR if session.flags & RIGHT_OPERATE else 0)
                       | (BY_RISK_MANAGER if session.flags & RIGHT_RISK else 0))
    session.may_send = 0
    if session.logged_on:
        for type in range(64):
            if SENDERS[type] & session.senders & ~<int> BY_ANYONE:
                session.may_send |= <uint64_t> 1 << type
