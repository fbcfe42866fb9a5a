"""The way of a message into the log and the engine: whole lines, screened, in turn, allowed; stamped, appended,
applied.

What fails on the way is answered with its reason and moves nothing but the connection's message number.
"""

from pricetime.gateway.state cimport GatewayState
from pricetime.gateway.world cimport Arrival

cdef void take_message(GatewayState* self, const Arrival* arrival) noexcept nogil
    # Work off one message. Its reports are in the blocks afterwards, or with the stranger who sent it.
