"""The queue of parts that wait for the disk, and the blocks that they are parts of. See held.pxd."""

from libc.errno cimport EAGAIN, EHOSTUNREACH
from libc.stdint cimport uint8_t, uint16_t, uint64_t
from libc.string cimport memcpy

from pricetime.gateway.connections cimport (
    NO_BLOCK, NO_CONNECTION, ROUTING_ID_BYTES, Connection, routing_bytes, routing_number)
from pricetime.gateway.helpers cimport translate
from pricetime.gateway.internal cimport MESSAGE_PACK
from pricetime.gateway.state cimport (
    BLOCK_BYTES, BLOCKS, COMMIT_FAILED, HELD_MAX, NO_BLOCK_LEFT, NO_FAILURE, PHASE_CHANGES, TRANSPORT_FAILED, WAIT_MS, HeldPart, fail,
    mark_lost)
from pricetime.journal.atomics cimport store_release
from pricetime.journal.segment cimport bell_wait
from pricetime.matching.memory cimport prefetch, unlikely


cdef enum:
    USED_AHEAD = 4          # so many ahead memory is asked for: a thousand sessions are more than the first cache holds


cdef inline void ask_for_used(GatewayState* self, uint32_t block) noexcept nogil:
    prefetch(&self.table.connections[self.blocks.owner[block]])
    prefetch(block_start(self, block))


cdef void publish(GatewayState* self) noexcept nogil:
    if self.unpublished and self.failure == NO_FAILURE:
        self.storage.publish(self.storage.context)
        self.unpublished = False
        self.unseen = True


# ------------------------------------------------------------------------------------------------- blocks

cdef void free_block(GatewayState* self, uint32_t block) noexcept nogil:
    self.blocks.free[self.blocks.free_count] = <uint16_t> block
    self.blocks.free_count += 1


cdef void detach(GatewayState* self, uint32_t index) noexcept nogil:
    cdef Connection* connection = &self.table.connections[index]
    cdef uint32_t block = connection.block
    if block == NO_BLOCK:
        return
    self.blocks.owner[block] = NO_CONNECTION
    connection.block = NO_BLOCK
    connection.end = NULL
    connection.room = connection.spare = connection.sealed = 0
    if self.blocks.held[block] == 0:
        free_block(self, block)


cdef inline void note_used(GatewayState* self, uint32_t block) noexcept nogil:
    if unlikely(self.blocks.used_count == BLOCKS):
        seal_all(self)
    self.blocks.used[self.blocks.used_count] = <uint16_t> block
    self.blocks.used_count += 1


cdef inline bint find_block(GatewayState* self, uint16_t* block) noexcept nogil:
    """A free one, that nobody owns. False: the loop has failed."""
    while unlikely(self.blocks.free_count == 0):
        if self.failure != NO_FAILURE:
            return False
        seal_all(self)
        wait_for_disk(self)
    self.blocks.free_count -= 1
    block[0] = self.blocks.free[self.blocks.free_count]
    prefetch(block_start(self, self.blocks.free[self.blocks.free_count - (self.blocks.free_count != 0)]))      # the next one's
    self.blocks.held[block[0]] = 0
    self.blocks.owner[block[0]] = NO_CONNECTION
    return True


cdef bint take_block(GatewayState* self, uint32_t index) noexcept nogil:
    cdef Connection* connection = &self.table.connections[index]
    cdef uint16_t block = NO_BLOCK
    if not find_block(self, &block):
        return False
    note_used(self, block)
    self.blocks.owner[block] = index
    connection.block = block
    connection.end = block_start(self, block)
    connection.sealed = connection.spare = 0
    connection.room = BLOCK_BYTES
    return True


cdef bint reopen(GatewayState* self, uint32_t index, size_t size) noexcept nogil:
    cdef Connection* connection = &self.table.connections[index]
    if connection.spare < size:
        return False
    note_used(self, connection.block)
    connection.room = connection.spare
    connection.spare = 0
    return True


# -------------------------------------------------------------------------------------------------- parts

cdef HeldPart* add_part(GatewayState* self, uint32_t block) noexcept nogil:
    """A place at the end of the queue, counted and of this block; NULL: the loop has failed."""
    cdef HeldPart* part
    while self.held.end - self.held.first == HELD_MAX and self.failure == NO_FAILURE:
        wait_for_disk(self)
    if self.failure != NO_FAILURE:
        return NULL
    part = &self.held.parts[self.held.end % HELD_MAX]
    self.held.end += 1
    self.blocks.held[block] += 1
    part.block = <uint16_t> block
    part.sequence = self.engine.sequence
    return part


cdef void seal(GatewayState* self, uint32_t index) noexcept nogil:
    cdef Connection* connection = &self.table.connections[index]
    cdef uint32_t size
    cdef HeldPart* part
    if connection.block == NO_BLOCK or connection.spare:
        return          # nothing is open
    size = <uint32_t> (connection.end - block_start(self, connection.block)) - connection.sealed
    if size == 0:
        return
    if connection.lost:         # its block, too, or there might be none left and nothing to wait for
        connection.end -= size
        detach(self, index)
        return
    part = add_part(self, connection.block)
    if part == NULL:
        return
    part.connection = index
    part.routing = connection.routing
    part.encoding = connection.encoding
    part.start = connection.sealed
    part.size = size
    connection.sealed += size
    connection.spare = connection.room
    connection.room = 0


cdef void seal_all(GatewayState* self) noexcept nogil:
    cdef uint32_t i
    for i in range(self.blocks.used_count):
        if self.blocks.owner[self.blocks.used[i]] != NO_CONNECTION:
            seal(self, self.blocks.owner[self.blocks.used[i]])
    self.blocks.used_count = 0


cdef inline void hand_over(GatewayState* self, uint32_t index, bint there, uint32_t routing, uint8_t encoding, const char* reports,
                           size_t size) noexcept nogil:
    """One message. `there`: the connection still is; of one that has ended meanwhile nobody minds whether it still reads."""
    cdef char[ROUTING_ID_BYTES] routing_id
    cdef int error
    if encoding == MESSAGE_PACK:
        error = 0 if translate(self, routing, reports, size) else EAGAIN
    else:
        routing_bytes(routing, routing_id)
        error = self.transport.send(self.transport.context, routing_id, ROUTING_ID_BYTES, reports, size)
    if error == 0:
        self.counters.answers += 1
        self.table.connections[index].told = self.monotonic
        return
    if there:
        mark_lost(self, index)
    if error != EAGAIN and error != EHOSTUNREACH:
        fail(self, TRANSPORT_FAILED, error)


cdef void send_part(GatewayState* self, const HeldPart* part) noexcept nogil:
    """A connection that was lost gets nothing more."""
    cdef const Connection* connection = &self.table.connections[part.connection]
    cdef bint there = connection.session != 0 and connection.routing == part.routing
    if part.size != 0 and not (there and connection.lost):
        hand_over(self, part.connection, there, part.routing, part.encoding, block_start(self, part.block) + part.start, part.size)


cdef void part_left(GatewayState* self, uint32_t block) noexcept nogil:
    """A block whose parts have all left is free, unless something is open in it."""
    cdef uint32_t index = self.blocks.owner[block]
    cdef Connection* connection = &self.table.connections[index]
    self.blocks.held[block] -= 1
    if self.blocks.held[block]:
        return
    if index == NO_CONNECTION:
        free_block(self, block)
    elif connection.end == block_start(self, block) + connection.sealed:
        detach(self, index)


cdef bint all_may_leave(GatewayState* self) noexcept nogil:
    if self.held.first != self.held.end or self.failure != NO_FAILURE:
        return False
    return (self.storage.committed(self.storage.context, &self.held.committed) == 0
            and self.held.committed >= self.engine.sequence)


cdef void send_used(GatewayState* self) noexcept nogil:
    cdef uint32_t i, index
    cdef const Connection* connection
    cdef const char* open_part
    for i in range(self.blocks.used_count):
        if i + USED_AHEAD < self.blocks.used_count:
            ask_for_used(self, self.blocks.used[i + USED_AHEAD])
        index = self.blocks.owner[self.blocks.used[i]]
        connection = &self.table.connections[index]
        if index == NO_CONNECTION:
            continue
        open_part = block_start(self, connection.block) + connection.sealed
        if connection.end != open_part and not connection.lost and self.failure == NO_FAILURE:
            hand_over(self, index, True, connection.routing, connection.encoding, open_part, connection.end - open_part)
        detach(self, index)
    self.blocks.used_count = 0
    tell_phases(self)


cdef void tell_phases(GatewayState* self) noexcept nogil:
    while (self.phases.published != self.phases.noted
           and self.phases.changes[self.phases.published % PHASE_CHANGES].sequence <= self.held.committed):
        store_release(&self.phases.published, self.phases.published + 1)


cdef void send_committed(GatewayState* self) noexcept nogil:
    cdef const HeldPart* part
    cdef int error
    if (self.held.first == self.held.end and self.phases.published == self.phases.noted) or self.failure != NO_FAILURE:
        return
    error = self.storage.committed(self.storage.context, &self.held.committed)
    while self.held.first != self.held.end and self.failure == NO_FAILURE:
        part = &self.held.parts[self.held.first % HELD_MAX]
        if part.sequence > self.held.committed:
            break
        send_part(self, part)
        self.held.first += 1
        part_left(self, part.block)
    tell_phases(self)
    if error:
        fail(self, COMMIT_FAILED, error)


cdef void wait_for_disk(GatewayState* self) noexcept nogil:
    cdef uint64_t first = self.held.first
    publish(self)
    send_committed(self)
    if self.held.first == self.held.end and self.held.first == first and self.blocks.free_count == 0:
        fail(self, NO_BLOCK_LEFT, 0)        # an invariant broke: better to stop than to wait for nothing
    while self.held.first == first and self.held.first != self.held.end and self.failure == NO_FAILURE:
        if self.storage.listen(self.storage.context, self.held.committed):
            bell_wait(self.storage.bell, WAIT_MS)
        self.storage.rest(self.storage.context)
        send_committed(self)


cdef void forget_parts(GatewayState* self, uint32_t index) noexcept nogil:
    cdef uint64_t number
    cdef HeldPart* part
    for number in range(self.held.first, self.held.end):
        part = &self.held.parts[number % HELD_MAX]
        if part.connection == index and part.routing == self.table.connections[index].routing:
            part.size = 0


cdef bint hold_for_stranger(GatewayState* self) noexcept nogil:
    cdef uint64_t number
    cdef uint32_t routing
    cdef uint16_t block = NO_BLOCK
    cdef HeldPart* part
    if self.stranger_routing_bytes != ROUTING_ID_BYTES or self.stranger_routing[0] != 0:
        return False            # of the client's own choice: it was never logged on
    routing = routing_number(self.stranger_routing)
    for number in range(self.held.first, self.held.end):
        if self.held.parts[number % HELD_MAX].routing == routing:
            break
    else:
        return False
    if not find_block(self, &block):
        return True
    memcpy(block_start(self, block), self.stranger, self.stranger_bytes)
    part = add_part(self, block)
    if part == NULL:
        return True
    part.connection = NO_CONNECTION
    part.encoding = self.encoding
    part.routing = routing
    part.start = 0
    part.size = <uint32_t> self.stranger_bytes
    return True
