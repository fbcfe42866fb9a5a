"""Reports on their way out, part by part: a report leaves when the log's committed position has reached its command.

    block of a connection   │ sent │ held, part by part │ open: this batch's │ room │

What a batch has written is sealed at its end: a part of the block, which waits in one queue for all connections until its commands are
committed. At level `process` that is at once; at level `power` when the disk has them, while further batches go on behind it.
The loop waits only where there is no block left, or no place in the queue.
"""

from libc.stddef cimport size_t
from libc.stdint cimport uint32_t

from pricetime.gateway.state cimport BLOCK_STRIDE, GatewayState

cdef void publish(GatewayState* self) noexcept nogil
    # Have committed what was appended, if anything was.
cdef void send_committed(GatewayState* self) noexcept nogil
    # Send every part whose commands are committed by now, in order.
cdef void wait_for_disk(GatewayState* self) noexcept nogil
    # Publish, then wait until at least the oldest part has left.
cdef void seal(GatewayState* self, uint32_t index) noexcept nogil
    # What the connection has written since its last part becomes one. A lost one's is dropped.
cdef void seal_all(GatewayState* self) noexcept nogil
    # Of every connection that this batch has written to.
cdef bint all_may_leave(GatewayState* self) noexcept nogil
    # Whether nothing waits and all that was appended is committed: always so at level `process`, once it is published.
cdef void send_used(GatewayState* self) noexcept nogil
    # What seal_all and send_committed come to then, and no part of it is queued on the way.
cdef void detach(GatewayState* self, uint32_t index) noexcept nogil
    # The connection has no block any more. Its block is free when its parts have left.
cdef bint take_block(GatewayState* self, uint32_t index) noexcept nogil
    # A block for a connection that has none. False: the loop has failed.
cdef bint reopen(GatewayState* self, uint32_t index, size_t size) noexcept nogil
    # Write on behind the parts of the block that it has, where there is room.
cdef void forget_parts(GatewayState* self, uint32_t index) noexcept nogil
    # Nothing more is sent to a connection that was lost.
cdef bint hold_for_stranger(GatewayState* self) noexcept nogil
    # Put its answers behind what its routing number is still to get, as a connection before. False: it gets nothing any more.


cdef inline char* block_start(GatewayState* self, uint32_t block) noexcept nogil:
    return self.blocks.memory + <size_t> block * BLOCK_STRIDE
