"""A transport in memory that gives the venue's own loop one message after another, each at its time, and notes when its
reply was handed over: the venue from inside, without a socket.

    due ─► receive() gives the message ─► loop: screen, log, engine, commit, reports ─► send() is called with the reply

A message's latency is from the time at which it was to come to the call of send(): no coordinated omission. What libzmq
does in its receive and send is not in it. The loop is the one that `pricetime serve` runs; nothing of it is replaced.
"""

from libc.errno cimport EAGAIN
from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec

from pricetime.gateway.loop cimport Loop
from pricetime.gateway.state cimport GatewayState
from pricetime.gateway.world cimport Arrival, Transport
from pricetime.journal.atomics cimport store_release
from pricetime.matching cimport records
from pricetime.matching.records cimport LINE_BYTES, CommandLine, EventRecord

from time import thread_time_ns

import numpy as np

from pricetime.bench.curves import room

cdef enum:
    ROUTING_ID = 5              # bytes: a zero and a number, as libzmq gives them
    PEERS_MAX = 1 << 16

cdef struct Pace:
    uint64_t* stop              # of the loop: set when all is answered or nothing more can come
    const CommandLine* lines
    size_t count
    size_t given                # messages so far
    size_t ready                # of which it is known that they are due
    int64_t start
    int64_t interval            # 0: all are due at once
    size_t acknowledged
    size_t refused              # of these
    size_t peers                # message n is of peer n % peers
    uint32_t* answered          # by each peer so far, of these messages
    int64_t* latencies          # NULL: not wanted
    unsigned char routing[ROUTING_ID]


cdef inline int64_t now() noexcept nogil:
    cdef timespec time
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * <int64_t> 1_000_000_000 + time.tv_nsec


cdef inline bint is_refusal(int type) noexcept nogil:
    return type in (records.REJECTED, records.ORDER_CANCEL_REJECT, records.BUSINESS_MESSAGE_REJECT, records.REJECT)


cdef inline size_t due(Pace* pace) noexcept nogil:
    """How many messages should have come by now."""
    cdef int64_t passed
    if pace.interval == 0:
        return pace.count
    passed = now() - pace.start
    return min(<size_t> (passed // pace.interval) + 1, pace.count) if passed >= 0 else 0


cdef int paced_receive(void* context, Arrival* arrival, int wait_ms, int bell) noexcept nogil:
    """The next message where it is due; with `wait_ms` its time is waited for, on the processor."""
    cdef Pace* pace = <Pace*> context
    cdef uint32_t peer
    if pace.given == pace.count:
        store_release(pace.stop, 1)     # the loop takes what waits, answers it and ends
        return EAGAIN
    if pace.given == pace.ready:
        pace.ready = due(pace)
        while wait_ms and pace.given == pace.ready:
            pace.ready = due(pace)
        if pace.given == pace.ready:
            return EAGAIN
    peer = <uint32_t> (pace.given % pace.peers) + 1
    pace.routing[1], pace.routing[2] = peer >> 24, (peer >> 16) & 0xFF
    pace.routing[3], pace.routing[4] = (peer >> 8) & 0xFF, peer & 0xFF
    arrival.routing_id = <const char*> pace.routing
    arrival.routing_id_bytes = ROUTING_ID
    arrival.payload = <const char*> &pace.lines[pace.given]
    arrival.payload_bytes = LINE_BYTES
    arrival.more_frames = False
    pace.given += 1
    return 0


cdef int paced_send(void* context, const char* routing_id, size_t routing_id_bytes, const char* payload,
                    size_t payload_bytes) noexcept nogil:
    """Note the time for each command that it acknowledges: a peer's answers come in the order of its messages."""
    cdef Pace* pace = <Pace*> context
    cdef const unsigned char* routing = <const unsigned char*> routing_id
    cdef size_t peer = (<size_t> routing[1] << 24 | <size_t> routing[2] << 16 | <size_t> routing[3] << 8 | routing[4]) - 1
    # A look at the clock is a sixth of an order: only where its time is wanted.
    cdef int64_t passed = now() - pace.start if pace.latencies != NULL else 0
    cdef const char* line = payload
    cdef const char* end = payload + payload_bytes
    cdef const EventRecord* event
    cdef size_t message
    while line + LINE_BYTES <= end:
        event = <const EventRecord*> line
        if event.place == 0:
            message = pace.answered[peer] * pace.peers + peer
            pace.answered[peer] += 1
            pace.acknowledged += 1
            pace.refused += is_refusal(event.type)
            if pace.latencies != NULL and message < pace.count:
                pace.latencies[message] = passed - <int64_t> message * pace.interval
        line += (event.shape & 0xF) * LINE_BYTES if event.shape & 0xF else LINE_BYTES
    return 0


cdef class PacedTransport(Transport):
    """Messages of one line each, from so many peers in turn; each peer's are numbered from 1 on, over all runs."""

    cdef Pace pace
    cdef object numbers         # messages of each peer so far

    def __init__(self, uint32_t peers=1):
        if not 1 <= peers <= PEERS_MAX:
            raise ValueError(f"{peers} peers: expected 1 to {PEERS_MAX}")
        self.pace.peers = peers
        self.pace.answered = <uint32_t*> calloc(peers, sizeof(uint32_t))
        if self.pace.answered == NULL:
            raise MemoryError
        self.numbers = 0
        self.calls.receive = paced_receive
        self.calls.send = paced_send
        self.calls.context = &self.pace

    def __dealloc__(self):
        free(self.pace.answered)

    def run(self, Loop loop not None, lines not None, int64_t interval=0, bint timed=False):
        """(nanoseconds of this thread's processor time, latency of each message as an int64 array) of `loop`, which is on this transport,
        working off `lines`, single-line records, as many for each peer. RuntimeError where not all are acknowledged."""
        cdef GatewayState* state = loop.state
        cdef CommandLine[::1] view
        cdef size_t peers = self.pace.peers, peer
        if len(lines) == 0 or len(lines) % peers:
            raise ValueError(f"{len(lines)} lines for {peers} peers: expected as many for each")
        copied = np.array(lines)
        copied["sequence"] = self.numbers + 1 + np.arange(len(lines)) // peers
        view = copied
        taken = room(len(lines) if timed else 0)
        cdef int64_t[::1] latencies = taken
        for peer in range(peers):
            self.pace.answered[peer] = 0
        self.pace.lines, self.pace.count = &view[0], len(lines)
        self.pace.given = self.pace.ready = self.pace.acknowledged = self.pace.refused = 0
        self.pace.latencies = &latencies[0] if timed else NULL
        self.pace.interval = interval
        self.pace.stop = &state.stop
        state.stop = 0
        worked = thread_time_ns()
        self.pace.start = now()
        loop.run()
        worked = thread_time_ns() - worked
        self.numbers += len(lines) // peers
        if self.pace.acknowledged != self.pace.count:
            raise RuntimeError(f"{self.pace.acknowledged} of {self.pace.count} messages acknowledged")
        if self.pace.refused:
            raise RuntimeError(f"{self.pace.refused} of {self.pace.count} orders were refused: the flow is to be valid")
        return worked, taken
