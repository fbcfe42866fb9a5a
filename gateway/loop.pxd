"""The loop: batches from the transport through log and engine to the reports, on one thread without the GIL."""

from pricetime.gateway.door_table cimport DoorTable
from pricetime.gateway.stat_page cimport StatPage
from pricetime.gateway.state cimport GatewayState
from pricetime.gateway.world cimport Storage, Transport
from pricetime.matching.engine cimport Engine

cdef int loop_round(GatewayState* self, bint wait) noexcept nogil
    # Take one batch and answer it; with `wait` and nothing there, wait a short while for one message. How many were
    # taken.
cdef void loop_run(GatewayState* self) noexcept nogil
    # Rounds until the stop flag is set or the loop has failed; then takes what still waits, answers and publishes it.

cdef class Loop:
    cdef GatewayState* state
    cdef readonly Engine engine
    cdef readonly Transport transport
    cdef readonly Storage storage
    cdef readonly DoorTable keys
    cdef readonly StatPage stat
