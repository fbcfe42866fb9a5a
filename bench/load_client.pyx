"""The load generator: one DEALER that sends prepared records, in a window or each at its time, and notes what is
acknowledged.

The same client, doing the same work, drives a venue and the bare loop. A line that comes back with place 0
acknowledges one command: the first event of a command is its NEW, REPLACED, CANCELED or reject, what follows it
(trades, an IOC's rest) has higher places; a bare loop sends the command itself back, whose first four bytes are 0
likewise. Everything is prepared before; between the first send and the last answer there is C without the GIL.

A DEALER that connects several times has as many connections, and sends to them in turn: message n goes to connection
n modulo their number. To the server these are so many clients.
"""

import zmq

from libc.errno cimport EAGAIN, EINTR, ETIMEDOUT
from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint64_t, uintptr_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, nanosleep, timespec

from pricetime.gateway.zmq_api cimport ZMQ_DONTWAIT, ZmqMessage, zmq_api
from pricetime.matching cimport records
from pricetime.matching.records cimport LINE_BYTES, CommandLine, EventRecord

from pricetime.bench.curves import room
from pricetime.matching.errors import UserError

cdef extern from "<poll.h>" nogil:
    """
    #define _GNU_SOURCE 1
    #include <poll.h>
    #include <stdint.h>
    #include <time.h>
    #ifdef __linux__
    #include <sys/prctl.h>
    static void wake_on_time(void) { prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); }
    #else
    static void wake_on_time(void) {}
    #endif
    static int64_t time_of(int process) {
    #ifdef __linux__
        clockid_t clock;
        struct timespec time;
        if (clock_getcpuclockid(process, &clock) == 0 && clock_gettime(clock, &time) == 0)
            return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
    #endif
        return -1;
    }
    static int wait_for_file(int file, long nanoseconds) {
        struct pollfd wanted = {file, POLLIN, 0};
    #ifdef __linux__
        struct timespec most = {nanoseconds / 1000000000L, nanoseconds % 1000000000L};
        return ppoll(&wanted, 1, &most, 0);
    #else
        return poll(&wanted, 1, (int) (nanoseconds / 1000000L));
    #endif
    }
    """
    int64_t time_of(int process)                        # of the processor, all its threads; -1: not to be had
    void wake_on_time()         # a thread that sleeps is woken when it said, not up to 50 us later
    int wait_for_file(int file, long nanoseconds)

ANSWER_TIMEOUT_MS = 10_000

cdef enum:
    ANSWER_TIMEOUT_NS = 2_000_000_000
    SPIN_NS = 2_000             # shorter waits are not slept through


cdef struct Load:
    void* socket
    const CommandLine* lines
    size_t count                # single-line records
    size_t per_message
    size_t window               # records in flight at most
    uint64_t* message_numbers   # MsgSeqNum of the last record sent, by connection
    size_t connections
    size_t turn                 # connection that the next message goes to
    size_t sent
    size_t acknowledged
    size_t refused              # of these
    # Of an open loop over several connections: answers come in any order, so a record is found by its ClOrdID.
    int64_t* latencies          # NULL: not wanted
    int64_t start, interval
    bint echoes                 # what comes back is the command itself


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
        load.message_numbers[load.turn] += 1
        copies[i].sequence = load.message_numbers[load.turn]
    if zmq_api.msg_send(&message, load.socket, 0) < 0:
        error = zmq_api.error_number()
        zmq_api.msg_close(&message)
        return error
    load.sent += count
    load.turn += 1
    if load.turn == load.connections:
        load.turn = 0
    return 0


cdef inline bint is_refusal(int type) noexcept nogil:
    return type in (records.REJECTED, records.ORDER_CANCEL_REJECT, records.BUSINESS_MESSAGE_REJECT, records.REJECT)


cdef inline void note_time(Load* load, const EventRecord* event) noexcept nogil:
    cdef int64_t cl_ord_id = (<const CommandLine*> event).cl_ord_id if load.echoes else event.cl_ord_id
    cdef int64_t number = cl_ord_id - load.lines[0].cl_ord_id
    if 0 <= number < <int64_t> load.count:
        load.latencies[number] = now() - load.start - number * load.interval


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
            if load.latencies != NULL:
                note_time(load, event)
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


cdef int ping(Load* load, ZmqMessage* message, int64_t gap, int64_t* round_trips) noexcept nogil:
    """One message at a time, with a pause of `gap` nanoseconds before each, its round trip in nanoseconds written down;
    0 or errno."""
    cdef size_t trip = 0
    cdef timespec pause = timespec(gap // 1_000_000_000, gap % 1_000_000_000)
    cdef int64_t start
    cdef int error
    while load.sent < load.count:
        if gap:
            nanosleep(&pause, NULL)
        start = now()
        error = send_next(load)
        while error == 0 and load.acknowledged < load.sent:
            error = receive_next(load, message, 0)
        if error:
            return error
        round_trips[trip] = now() - start
        trip += 1
    return 0


cdef int keep_time(Load* load, ZmqMessage* message, int file, int64_t interval, int64_t* latencies) noexcept nogil:
    """Send a message each `interval` nanoseconds, whatever became of those before, and note for each record the time
    from when it was to be sent to its answer; 0 or errno. One connection's answers come in the order of the records."""
    cdef int64_t start = now() + interval, heard = 0, passed, wait
    cdef size_t answered = 0
    cdef int error
    if load.connections > 1:
        load.latencies, load.start, load.interval = latencies, start, interval
    while load.acknowledged < load.count:
        passed = now() - start
        if load.sent < load.count and passed >= <int64_t> (load.sent // load.per_message) * interval:
            error = send_next(load)
            if error:
                return error
        error = receive_next(load, message, ZMQ_DONTWAIT)
        passed = now() - start
        if error == 0:
            heard = passed
            while answered < load.acknowledged and load.latencies == NULL:
                latencies[answered] = passed - <int64_t> (answered // load.per_message) * interval
                answered += 1
            continue
        if error not in (EAGAIN, EINTR):
            return error
        if passed - heard > <int64_t> ANSWER_TIMEOUT_NS:
            return ETIMEDOUT
        wait = ANSWER_TIMEOUT_NS
        if load.sent < load.count:
            wait = <int64_t> (load.sent // load.per_message) * interval - passed
        if wait > SPIN_NS:
            wait_for_file(file, wait)
    return 0


def _endpoint_of(endpoint, number):
    """The same endpoint from another address of loopback: libzmq has a DEALER connect to each name of an endpoint once."""
    scheme, _, target = endpoint.partition("://")
    return f"{scheme}://127.0.{1 + number // 250}.{1 + number % 250}:0;{target}"


def processor_time(int process):
    """Nanoseconds of processor time that another process has had, all its threads. UserError where the system does not tell."""
    cdef int64_t nanoseconds = time_of(process)
    if nanoseconds < 0:
        raise UserError(f"the processor time of process {process} is not to be had here: gateway/sessions-work wants Linux")
    return nanoseconds


cdef class LoadClient:
    """One connection, or several in turn. A connection's records are numbered from 1 on, over all calls, so a Logon
    is simply the first one sent. server_key: the server's public key (Z85), where it has one; the client's is made
    up. echoes: the server is a bare loop, which sends back what it gets. `server` is for processor_time()."""

    cdef readonly str endpoint
    cdef readonly bytes server_key
    cdef public int server          # its process; 0: not known
    cdef object context
    cdef object socket
    cdef Load load

    def __init__(self, str endpoint, size_t connections=1, bytes server_key=None, bint echoes=False):
        if connections < 1:
            raise ValueError("no connection")
        self.endpoint = endpoint
        self.server_key = server_key
        self.load.connections = connections
        self.load.echoes = echoes
        self.load.message_numbers = <uint64_t*> calloc(connections, sizeof(uint64_t))
        if self.load.message_numbers == NULL:
            raise MemoryError
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        if server_key:
            self.socket.curve_publickey, self.socket.curve_secretkey = zmq.curve_keypair()
            self.socket.curve_serverkey = server_key
        self.socket.set_hwm(0)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.RCVTIMEO, ANSWER_TIMEOUT_MS)
        for number in range(connections):
            self.socket.connect(_endpoint_of(endpoint, number) if connections > 1 else endpoint)
        self.load.socket = <void*> <uintptr_t> self.socket.underlying

    def __dealloc__(self):
        free(self.load.message_numbers)

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

    def open_loop(self, const CommandLine[::1] lines not None, int64_t interval, size_t per_message=1):
        """Nanoseconds from when each record was to be sent to its answer, as an int64 array; a message each `interval`
        nanoseconds, however late the answers come. Over several connections: one record a message, ClOrdIDs without a
        gap over all of them."""
        times = room(lines.shape[0])
        cdef int64_t[::1] view = times
        cdef ZmqMessage message
        cdef int file = self.socket.getsockopt(zmq.FD)
        cdef int error
        if self.load.connections > 1 and per_message > 1:
            raise ValueError(f"{per_message} records a message over several connections: expected one")
        self.begin(lines, per_message, lines.shape[0])
        with nogil:
            wake_on_time()
            zmq_api.msg_init(&message)
            error = keep_time(&self.load, &message, file, interval, &view[0])
            zmq_api.msg_close(&message)
        self.load.latencies = NULL
        self.end(error)
        return times

    def round_trips(self, const CommandLine[::1] lines not None, int64_t gap=0):
        """Nanoseconds of each record's round trip, sent one at a time, after a pause of `gap` nanoseconds, as an int64
        array."""
        times = room(lines.shape[0])
        cdef int64_t[::1] view = times
        cdef ZmqMessage message
        cdef int error
        self.begin(lines, 1, 1)
        with nogil:
            zmq_api.msg_init(&message)
            wake_on_time()
            error = ping(&self.load, &message, gap, &view[0])
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
