"""Messages in and out of a ROUTER socket without the GIL. Owns three message structs; the socket is opened and closed
by others.

libzmq closes what a message held before it receives into it, so that nothing is allocated or freed here in a receive.
"""

from libc.errno cimport EAGAIN, EINTR, EPROTO
from libc.stddef cimport size_t
from libc.stdint cimport uint32_t, uintptr_t
from libc.string cimport memcpy, strncmp

import zmq

from pricetime.gateway.world cimport Arrival
from pricetime.gateway.zmq_api cimport ZMQ_DONTWAIT, ZMQ_POLLIN, ZMQ_RCVTIMEO, ZMQ_SNDMORE, ZmqPollItem, zmq_api


cdef enum:
    USER_MAX = 1 << 24              # a larger number is none


cdef inline bint set_wait(ZmqSocket* socket, int wait_ms) noexcept nogil:
    """Have receives wait so long; whether libzmq took it. Nearly always they do already."""
    if wait_ms != socket.wait_ms:
        if zmq_api.setsockopt(socket.handle, ZMQ_RCVTIMEO, &wait_ms, sizeof(wait_ms)) < 0:
            return False
        socket.wait_ms = wait_ms
    return True


cdef void wait_for_either(ZmqSocket* socket, int wait_ms, int bell) noexcept nogil:
    """Until there is a message or the bell rings, at most so long. Whatever else ends it, the receive that follows finds out."""
    cdef ZmqPollItem items[2]
    items[0] = ZmqPollItem(socket.handle, 0, ZMQ_POLLIN, 0)
    items[1] = ZmqPollItem(NULL, bell, ZMQ_POLLIN, 0)
    zmq_api.poll(items, 2, wait_ms)


cdef uint32_t user_of(ZmqSocket* socket) noexcept nogil:
    """The number of the sender's key, as ZAP told libzmq at the handshake; 0: an endpoint without CURVE.

    A peer may send properties of its own, User-Id among them: only one with this start's secret before the number counts."""
    cdef const char* text = zmq_api.msg_gets(&socket.payload, b"User-Id")
    cdef uint32_t number = 0
    if text == NULL or strncmp(text, socket.prefix, socket.prefix_bytes) != 0:
        return 0
    text += socket.prefix_bytes
    while c'0' <= text[0] <= c'9' and number < USER_MAX:
        number = number * 10 + <uint32_t> (text[0] - c'0')
        text += 1
    return number if text[0] == 0 else 0


cdef int zmq_receive(void* context, Arrival* arrival, int wait_ms, int bell) noexcept nogil:
    cdef ZmqSocket* socket = <ZmqSocket*> context
    cdef int error
    if wait_ms and bell >= 0:
        wait_for_either(socket, wait_ms, bell)
        wait_ms = 0
    if wait_ms and not set_wait(socket, wait_ms):
        return zmq_api.error_number()
    if zmq_api.msg_recv(&socket.routing_id, socket.handle, 0 if wait_ms else ZMQ_DONTWAIT) < 0:
        error = zmq_api.error_number()
        return EAGAIN if error == EINTR else error
    # All frames of a message are there when the first one is.
    if zmq_api.msg_more(&socket.routing_id) == 0:
        return EPROTO
    if zmq_api.msg_recv(&socket.payload, socket.handle, ZMQ_DONTWAIT) < 0:
        return zmq_api.error_number()
    arrival.more_frames = False
    while zmq_api.msg_more(&socket.payload):
        arrival.more_frames = True
        if zmq_api.msg_recv(&socket.payload, socket.handle, ZMQ_DONTWAIT) < 0:
            return zmq_api.error_number()
    arrival.routing_id = <const char*> zmq_api.msg_data(&socket.routing_id)
    arrival.routing_id_bytes = zmq_api.msg_size(&socket.routing_id)
    arrival.payload = <const char*> zmq_api.msg_data(&socket.payload)
    arrival.payload_bytes = zmq_api.msg_size(&socket.payload)
    arrival.user = user_of(socket) if socket.prefix_bytes else 0
    return 0


cdef int send_frame(ZmqSocket* socket, const char* data, size_t size, int flags) noexcept nogil:
    cdef int error
    if zmq_api.msg_init_size(&socket.outgoing, size) < 0:
        return zmq_api.error_number()
    memcpy(zmq_api.msg_data(&socket.outgoing), data, size)
    if zmq_api.msg_send(&socket.outgoing, socket.handle, flags) >= 0:
        return 0
    error = zmq_api.error_number()
    zmq_api.msg_close(&socket.outgoing)
    return EAGAIN if error == EINTR else error


cdef int zmq_send(void* context, const char* routing_id, size_t routing_id_bytes, const char* payload,
                  size_t payload_bytes) noexcept nogil:
    cdef ZmqSocket* socket = <ZmqSocket*> context
    # A peer that is gone or full is refused at the first frame (ROUTER_MANDATORY), before anything was sent.
    cdef int error = send_frame(socket, routing_id, routing_id_bytes, ZMQ_DONTWAIT | ZMQ_SNDMORE)
    if error:
        return error
    return send_frame(socket, payload, payload_bytes, ZMQ_DONTWAIT)


cdef class ZmqTransport(Transport):
    """The loop's side of `router`, a bound pyzmq ROUTER socket. While a loop runs on it no other thread may touch
    it.

    user_prefix: what stands before the key's number in the User-Id that this venue's authenticator gives; a secret of this
    start. Empty: there are no keys."""

    def __cinit__(self, router, user_prefix=b""):
        zmq_api.msg_init(&self.socket.routing_id)
        zmq_api.msg_init(&self.socket.payload)

    def __init__(self, router, bytes user_prefix=b""):
        if router.type != zmq.ROUTER:
            raise ValueError("a gateway's socket is a ROUTER")
        router.setsockopt(zmq.ROUTER_MANDATORY, 1)
        if len(user_prefix) >= PREFIX_MAX:
            raise ValueError(f"user_prefix of {len(user_prefix)} bytes: expected fewer than {PREFIX_MAX}")
        self.socket.prefix_bytes = len(user_prefix)
        memcpy(self.socket.prefix, <const char*> user_prefix, len(user_prefix))
        self.router = router
        self.socket.wait_ms = 0         # what it was set to is not known here
        self.socket.handle = <void*> <uintptr_t> router.underlying
        self.calls.receive = zmq_receive
        self.calls.send = zmq_send
        self.calls.context = &self.socket

    def __dealloc__(self):
        zmq_api.msg_close(&self.socket.routing_id)
        zmq_api.msg_close(&self.socket.payload)
