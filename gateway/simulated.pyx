"""A world in memory for the same compiled loop: messages, peers and a disk that behave as a test says.

SimulatedTransport keeps what was sent with what was published at that moment, so that a test can hold that no report
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
    (<SimulatedStorage> context).published = (<SimulatedStorage> context).appended


cdef class SimulatedStorage(Storage):
    """A log in memory. room: records that still fit, None for no bound; error: errno of an append beyond it."""

    cdef public object room
    cdef public int error
    cdef readonly uint64_t appended         # sequence number of the last record
    cdef readonly uint64_t published
    cdef list kept

    def __init__(self, room=None, error=errno.ENOSPC):
        self.room, self.error, self.kept = room, error, []
        self.calls.append = simulated_append
        self.calls.publish = simulated_publish
        self.calls.context = <void*> self

    cdef int append(self, const CommandLine* record):
        if self.room is not None:
            if self.room == 0:
                return self.error
            self.room -= 1
        self.kept.append((<const char*> record)[:record_lines(record) * LINE_BYTES])
        self.appended = record.sequence
        return 0

    def records(self):
        """All that was appended, as COMMAND lines; a copy."""
        return np.frombuffer(b"".join(self.kept), dtype=COMMAND)


cdef int simulated_receive(void* context, Arrival* arrival, int wait_ms) noexcept with gil:
    return (<SimulatedTransport> context).receive(arrival, wait_ms)


cdef int simulated_send(void* context, const char* routing_id, size_t routing_id_bytes, const char* payload,
                        size_t payload_bytes) noexcept with gil:
    return (<SimulatedTransport> context).send(routing_id[:routing_id_bytes], payload[:payload_bytes])


cdef class SimulatedTransport(Transport):
    """waiting: (routing id, payload) to be received, or (routing id, payload, True) with more frames; sent: (routing
    id, payload, storage.published then); waits: how long each receive was to wait, in ms, as nothing is waited for here.
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
        return 0

    cdef int send(self, bytes routing_id, bytes payload):
        if self.error:
            return self.error
        if routing_id in self.unroutable:
            return EHOSTUNREACH
        if routing_id in self.full:
            return EAGAIN
        self.sent.append((routing_id, payload, self.storage.published))
        return 0
