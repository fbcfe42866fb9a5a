"""The real transport: a pyzmq ROUTER socket, driven through libzmq's own functions by the one thread that runs the
loop."""

from pricetime.gateway.world cimport Transport
from pricetime.gateway.zmq_api cimport ZmqMessage

cdef enum:
    PREFIX_MAX = 64

cdef struct ZmqSocket:
    void* handle
    int wait_ms                     # what the socket's receives wait for now
    ZmqMessage routing_id           # both used again for every receive
    ZmqMessage payload
    ZmqMessage outgoing
    size_t prefix_bytes             # of a User-Id that is a key's number; 0: nobody has one
    char prefix[PREFIX_MAX]

cdef class ZmqTransport(Transport):
    cdef ZmqSocket socket
    cdef readonly object router     # the pyzmq socket, which keeps the handle alive
