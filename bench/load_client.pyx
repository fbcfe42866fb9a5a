"""The load generator: one DEALER that sends prepared records, keeps a window in flight and counts what is acknowledged.

The same client, doing the same work, drives a venue and the bare loop. A line that comes back with place 0
acknowledges one command: the first event of a command is its NEW, REPLACED, CANCELED or reject, what follows it
(trades, an IOC's rest) has higher places; a bare loop sends the command itself back, whose first four bytes are 0
likewise. Everything is prepared before; between the first send and the last answer there is C without the GIL.
"""

import zmq

from libc.errno cimport EAGAIN, EINTR
from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint64_t, uintptr_t
from libc.string cimport memcpy
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec

from pricetime.gateway.zmq_api cimport ZMQ_DONTWAIT, ZmqMessage, zmq_api
from pricetime.matching cimport records
from pricetime.matching.records cimport CommandLine, EventRecord, LINE_BYTES

import numpy as np

ANSWER_TIMEOUT_MS = 10_000


cdef struct Load:
    void* socket
    const CommandLine* lines
    size_t count                # single-line records
    size_t per_message
    size_t window               # records in flight at most
    uint64_t message_number     # MsgSeqNum of the last record sent
    size_t sent
    size_t acknowledged
    size_t refused              # of these


cdef inline int64_t now() noexcept nogil:
    cdef timespec time
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * <int64_t> 1_000_000_000 + time.tv_nsec


cdef int send_next(Load* load) noexcept nogil:
    """Send the next message; 0 or errno."""
    cdef ZmqMessage message
    cdef size_t count = min(load.per_message, load.count - load.sent), i
    cdef CommandLine* copies
    cdef int error
    if zmq_api.msg_init_size(&message, count * LINE_BYTES) < 0:
        return zmq_api.error_number()
    copies = <CommandLine*> zmq_api.msg_data(&message)
    memcpy(copies, load.lines + load.sent, count * LINE_BYTES)
    for i in range(count):
        load.message_number += 1
        copies[i].sequence = load.message_number
    if zmq_api.msg_send(&message, load.socket, 0) < 0:
        error = zmq_api.error_number()
        zmq_api.msg_close(&message)
        return error
    load.sent += count
    return 0


cdef inline bint is_refusal(int type) noexcept nogil:
    return type in (records.REJECTED, records.ORDER_CANCEL_REJECT, records.BUSINESS_MESSAGE_REJECT, records.REJECT)


cdef int receive_next(Load* load, ZmqMessage* message, int flags) noexcept nogil:
    """Take one message of answers, if there is one (EAGAIN); 0 or errno."""
    cdef const char* line
    cdef const char* end
    cdef const EventRecord* event
    if zmq_api.msg_recv(message, load.socket, flags) < 0:
        return zmq_api.error_number()
    line = <const char*> zmq_api.msg_data(message)
    end = line + zmq_api.msg_size(message)
    while line + LINE_BYTES <= end:
        event = <const EventRecord*> line
        if event.place == 0:
            load.acknowledged += 1
            load.refused += is_refusal(event.type)
        line += (event.shape & 0xF) * LINE_BYTES if event.shape & 0xF else LINE_BYTES
    return 0


cdef int drive(Load* load, ZmqMessage* message) noexcept nogil:
    """Send all, never more than the window ahead of the answers, and wait for the last answer; 0 or errno."""
    cdef int error
    while load.acknowledged < load.count:
        while load.sent < load.count and load.sent - load.acknowledged + load.per_message <= load.window:
            error = send_next(load)
            if error:
                return error
        error = receive_next(load, message, 0)
        if error and error != EINTR:
            return error                # EAGAIN: no answer came in time
        while error == 0:
            error = receive_next(load, message, ZMQ_DONTWAIT)
        if error not in (EAGAIN, EINTR):
            return error
    return 0


cdef int ping(Load* load, ZmqMessage* message, int64_t* round_trips) noexcept nogil:
    """One message at a time, its round trip in nanoseconds written down; 0 or errno."""
    cdef size_t trip = 0, wanted
    cdef int64_t start
    cdef int error
    while load.sent < load.count:
        start = now()
        error = send_next(load)
        while error == 0 and load.acknowledged < load.sent:
            error = receive_next(load, message, 0)
        if error:
            return error
        round_trips[trip] = now() - start
        trip += 1
    return 0


cdef class LoadClient:
    """One connection. Its records are numbered from 1 on, over all calls, so a Logon is simply the first one sent."""

    cdef object context
    cdef object socket
    cdef Load load

    def __init__(self, str endpoint):
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.set_hwm(0)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.RCVTIMEO, ANSWER_TIMEOUT_MS)
        self.socket.connect(endpoint)
        self.load.socket = <void*> <uintptr_t> self.socket.underlying
        self.load.message_number = 0

    def throughput(self, const CommandLine[::1] lines not None, size_t per_message, size_t window):
        """Nanoseconds from the first send to the last acknowledgement. Single-line records; `window` of them in
        flight at most."""
        cdef int64_t elapsed
        self.begin(lines, per_message, max(window, per_message))
        cdef ZmqMessage message
        cdef int error
        with nogil:
            zmq_api.msg_init(&message)
            elapsed = now()
            error = drive(&self.load, &message)
            elapsed = now() - elapsed
            zmq_api.msg_close(&message)
        self.end(error)
        return elapsed

    def round_trips(self, const CommandLine[::1] lines not None):
        """Nanoseconds of each record's round trip, sent one at a time, as an int64 array."""
        times = np.zeros(lines.shape[0], np.int64)
        cdef int64_t[::1] view = times
        cdef ZmqMessage message
        cdef int error
        self.begin(lines, 1, 1)
        with nogil:
            zmq_api.msg_init(&message)
            error = ping(&self.load, &message, &view[0])
            zmq_api.msg_close(&message)
        self.end(error)
        return times

    def close(self):
        self.socket.close()
        self.context.term()

    cdef begin(self, const CommandLine[::1] lines, size_t per_message, size_t window):
        if lines.shape[0] < 1 or per_message < 1:
            raise ValueError("nothing to send")
        self.load.lines = &lines[0]
        self.load.count = lines.shape[0]
        self.load.per_message = per_message
        self.load.window = window
        self.load.sent = self.load.acknowledged = self.load.refused = 0

    cdef end(self, int error):
        if error:
            raise RuntimeError(f"{self.load.acknowledged} of {self.load.sent} sent orders acknowledged, then: "
                               f"{zmq.strerror(error)}")
        if self.load.refused:
            raise RuntimeError(f"{self.load.refused} of {self.load.sent} orders were refused: the flow is to be valid")
