"""The gateway's yardstick, a server that does the least a venue could: receive, copy each line to memory with
CRC32C, answer.

No numbers checked, no sessions, no engine, no log file. Each message is answered with itself, when its lines have
been copied; a client that asks for 1, 10 or 100 orders a message and counts 64-byte answers sees the same traffic
as from a venue. The bare echo is the same loop with `copy` off. Runs in a process of its own (servers.py).
"""

import os
import sys
import threading

import zmq

from libc.errno cimport EAGAIN, EINTR
from libc.stddef cimport size_t
from libc.stdint cimport uint32_t, uintptr_t

from pricetime.gateway.zmq_api cimport ZMQ_SNDMORE, ZmqMessage, zmq_api
from pricetime.matching.records cimport LINE_BYTES

import numpy as np

from pricetime.bench.venue_server import secure

cdef extern from "bare_journal.h" nogil:
    uint32_t bare_append_line(char* place, const char* line, uint32_t seed)

AREA_BYTES = 64 << 20               # where lines are copied to, over and over: all touched before the first


cdef int answer(void* socket, ZmqMessage* routing_id, ZmqMessage* payload) noexcept nogil:
    """Send both frames back; 0 or errno. What was sent is libzmq's, and the structs are empty again."""
    if zmq_api.msg_send(routing_id, socket, ZMQ_SNDMORE) < 0 or zmq_api.msg_send(payload, socket, 0) < 0:
        return zmq_api.error_number()
    return 0


cdef int serve(void* socket, char* area, size_t area_bytes, bint copy) noexcept nogil:
    """Until the socket fails: errno."""
    cdef ZmqMessage routing_id, payload
    cdef size_t size, line, offset = 0
    cdef const char* lines
    cdef uint32_t crc = 0xFFFFFFFF
    cdef int error = 0
    zmq_api.msg_init(&routing_id)
    zmq_api.msg_init(&payload)
    while error == 0:
        if zmq_api.msg_recv(&routing_id, socket, 0) < 0 or zmq_api.msg_recv(&payload, socket, 0) < 0:
            error = zmq_api.error_number()
            if error == EINTR or error == EAGAIN:
                error = 0
                continue
            break
        size = zmq_api.msg_size(&payload)
        if copy:
            lines = <const char*> zmq_api.msg_data(&payload)
            if offset + size > area_bytes:
                offset = 0
            for line in range(size // LINE_BYTES):
                crc = bare_append_line(area + offset, lines + line * LINE_BYTES, crc)
                offset += LINE_BYTES
        error = answer(socket, &routing_id, &payload)
    zmq_api.msg_close(&routing_id)
    zmq_api.msg_close(&payload)
    return error


def run_bare_server(copy, curve=False):
    """Serve on a free loopback port, said on standard output (and the public key, with `curve`), until standard input ends:
    then the process does."""
    cdef unsigned char[::1] area = np.ones(AREA_BYTES, np.uint8)
    cdef void* handle
    cdef bint copy_lines = copy
    cdef int error
    context = zmq.Context()
    socket = context.socket(zmq.ROUTER)
    socket.set_hwm(0)
    key = secure(socket) if curve else ""
    port = socket.bind_to_random_port("tcp://127.0.0.1")
    print(f"tcp://127.0.0.1:{port} {key}", flush=True)
    handle = <void*> <uintptr_t> socket.underlying
    threading.Thread(target=_end_with_standard_input, name="end", daemon=True).start()
    with nogil:
        error = serve(handle, <char*> &area[0], area.shape[0], copy_lines)
    raise OSError(error, zmq.strerror(error))


def _end_with_standard_input():
    """The loop has nothing to tidy up, and nothing in it looks for a stop."""
    sys.stdin.read()
    os._exit(0)
