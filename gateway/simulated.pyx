"""A world in memory for the same compiled loop: messages, peers and a disk that behave as a test says.

SimulatedTransport keeps what was sent with what was committed at that moment, so that a test can hold that no report
left before its command was committed. Owns its memory; nothing here is on a live venue's path.
"""

from libc.errno cimport EAGAIN, EHOSTUNREACH
from libc.stddef cimport size_t
from libc.stdint cimport uint64_t

import errno

import numpy as np

from pricetime.gateway.world cimport Arrival, Storage, Transport
from pricetime.matching.records cimport LINE_BYTES, CommandLine, record_lines

from pricetime.matching.records import COMMAND


cdef int simulated_append(void* context, const CommandLine* record) noexcept with gil:
    return (<SimulatedStorage> context).append(record)


cdef void simulated_publish(void* context) noexcept with gil:
    cdef SimulatedStorage storage = <SimulatedStorage> context
    storage.published = storage.appended
    if not storage.slow:
        storage.committed = storage.published


cdef int simulated_committed(void* context, uint64_t* sequence) noexcept with gil:
    sequence[0] = (<SimulatedStorage> context).committed
    return (<SimulatedStorage> context).sync_error


cdef bint simulated_listen(void* context, uint64_t known) noexcept with gil:
    """Whoever has to wait for the disk finds it done: nothing is waited for here."""
    cdef SimulatedStorage storage = <SimulatedStorage> context
    storage.listened += 1
    if storage.patient:
        return True
    storage.committed = storage.published
    return False


cdef void simulated_wake(void* context, bint surely) noexcept nogil:
    pass


cdef void simulated_rest(void* context) noexcept nogil:
    pass


cdef class SimulatedStorage(Storage):
    """A log in memory. room: records that still fit, None for no bound; error: errno of an append beyond it.

    slow: what is published is committed only when the loop waits for it, or by commit(); patient: not even then.
    sync_error: errno of a disk that commits nothing more. refused: appends beyond `room`. listened: how often the loop was about to wait for the disk."""

    cdef public object room
    cdef public int error
    cdef readonly uint64_t appended         # sequence number of the last record
    cdef readonly uint64_t published
    cdef readonly uint64_t committed
    cdef public bint slow
    cdef public bint patient
    cdef public int sync_error
    cdef readonly int refused
    cdef readonly int listened
    cdef list kept

    def __init__(self, room=None, error=errno.ENOSPC):
        self.room, self.error, self.kept = room, error, []
        self.calls.append = simulated_append
        self.calls.publish = simulated_publish
        self.calls.wake = simulated_wake
        self.calls.committed = simulated_committed
        self.calls.listen = simulated_listen
        self.calls.rest = simulated_rest
        self.calls.context = <void*> self
        self.calls.bell = -1

    def commit(self, sequence=None):
        """The disk has all that was published, or all up to a sequence number."""
        self.committed = self.published if sequence is None else sequence

    cdef int append(self, const CommandLine* record):
        if self.room is not None:
            if self.room == 0:
                self.refused += 1
                return self.error
            self.room -= 1
        self.kept.append((<const char*> record)[:record_lines(record) * LINE_BYTES])
        self.appended = record.sequence
        return 0

    def records(self, uint64_t after=0):
        """What was appended behind so many records, as COMMAND lines; a copy."""
        return np.frombuffer(b"".join(self.kept[after:]), dtype=COMMAND)


cdef int simulated_receive(void* context, Arrival* arrival, int wait_ms, int bell) noexcept with gil:
    return (<SimulatedTransport> context).receive(arrival, wait_ms)


cdef int simulated_send(void* context, const char* routing_id, size_t routing_id_bytes, const char* payload,
                        size_t payload_bytes) noexcept with gil:
    return (<SimulatedTransport> context).send(routing_id[:routing_id_bytes], payload[:payload_bytes])


cdef class SimulatedTransport(Transport):
    """waiting: (routing id, payload) to be received, or (routing id, payload, True) with more frames, or with the
    number of the sender's key as a fourth; sent: (routing id, payload, storage.committed then); waits: how long each receive was to wait, in ms, as nothing is waited for here.
    Peers in `unroutable` are gone, peers in `full` do not read; `error` is the
    errno of a transport that is broken."""

    cdef public list waiting
    cdef public list sent
    cdef public list waits
    cdef public set unroutable
    cdef public set full
    cdef public int error
    cdef SimulatedStorage storage
    cdef object held                        # the message that the loop looks at

    def __init__(self, SimulatedStorage storage not None):
        self.waits = []
        self.waiting, self.sent, self.unroutable, self.full = [], [], set(), set()
        self.storage = storage
        self.calls.receive = simulated_receive
        self.calls.send = simulated_send
        self.calls.context = <void*> self

    cdef int receive(self, Arrival* arrival, int wait_ms):
        self.waits.append(wait_ms)
        if self.error:
            return self.error
        if not self.waiting:
            return EAGAIN
        self.held = self.waiting.pop(0)
        arrival.routing_id = self.held[0]
        arrival.routing_id_bytes = len(self.held[0])
        arrival.payload = self.held[1]
        arrival.payload_bytes = len(self.held[1])
        arrival.more_frames = len(self.held) > 2 and self.held[2]
        arrival.user = self.held[3] if len(self.held) > 3 else 0
        return 0

    cdef int send(self, bytes routing_id, bytes payload):
        if self.error:
            return self.error
        if routing_id in self.unroutable:
            return EHOSTUNREACH
        if routing_id in self.full:
            return EAGAIN
        self.sent.append((routing_id, payload, self.storage.committed))
        return 0
