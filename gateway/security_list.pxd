"""The answer to SECURITY_LIST_REQUEST: what a client must know to write prices and quantities."""

from libc.stdint cimport uint32_t

from pricetime.gateway.state cimport GatewayState

cdef void answer_security_list(GatewayState* self, uint32_t index, uint32_t first) noexcept nogil
    # SECURITY_DEFINITION records (first line, NAME, INSTRUMENT_TERMS: 3 lines, which no event has) of the instruments
    # from id `first` on, 0 is 1, at most DEFINITIONS_MAX; fewer come where there are no more.
