"""The answers to SECURITY_LIST_REQUEST, what a client must know to write prices and quantities, and to PARTY_LIST_REQUEST,
what an operator must know to name participants and sessions."""

from libc.stdint cimport uint32_t, uint64_t

from pricetime.gateway.state cimport GatewayState

cdef void answer_security_list(GatewayState* self, uint32_t index, uint32_t first) noexcept nogil
    # SECURITY_DEFINITION records (first line, NAME, INSTRUMENT_TERMS: 3 lines, which no event has) of the instruments
    # from id `first` on, 0 is 1, at most DEFINITIONS_MAX; fewer come where there are no more.
cdef bint may_have_party_list(const GatewayState* self, uint32_t session) noexcept nogil
    # Whether a session may ask who the others are: operators, risk managers, drop copies.
cdef void answer_party_list(GatewayState* self, uint32_t index, uint64_t first) noexcept nogil
    # PARTY_DEFINITION and SESSION_DEFINITION records (first line, NAME, TEXT with the participant's name: 3 lines) from
    # place `first` of the list on, at most DEFINITIONS_MAX: participants by id from place 0, then sessions by id.
