"""libzmq's functions, as pyzmq brought it into the process: found by name at import, called without the GIL.

No headers and no link flags: the library that pyzmq uses and the one that the loop calls are the same, whatever wheel
it is.
"""

from libc.stddef cimport size_t
from libc.stdint cimport uint64_t

cdef enum:
    ZMQ_DONTWAIT = 1
    ZMQ_SNDMORE = 2
    ZMQ_RCVTIMEO = 27
    ZMQ_POLLIN = 1

cdef struct ZmqMessage:
    # zmq_msg_t: 64 bytes that only libzmq looks into. Never copied; initialised before use, closed at the end.
    uint64_t opaque[8]

cdef struct ZmqPollItem:
    # zmq_pollitem_t: a socket, or where that is NULL a file.
    void* socket
    int file
    short events
    short found

cdef struct ZmqApi:
    int (*msg_init)(ZmqMessage* message) noexcept nogil
    int (*msg_init_size)(ZmqMessage* message, size_t size) noexcept nogil
    int (*msg_recv)(ZmqMessage* message, void* socket, int flags) noexcept nogil
    int (*msg_send)(ZmqMessage* message, void* socket, int flags) noexcept nogil
    int (*msg_close)(ZmqMessage* message) noexcept nogil
    void* (*msg_data)(ZmqMessage* message) noexcept nogil
    size_t (*msg_size)(const ZmqMessage* message) noexcept nogil
    int (*msg_more)(const ZmqMessage* message) noexcept nogil
    const char* (*msg_gets)(const ZmqMessage* message, const char* property) noexcept nogil
    int (*setsockopt)(void* socket, int option, const void* value, size_t size) noexcept nogil
    int (*poll)(ZmqPollItem* items, int count, long wait_ms) noexcept nogil
    int (*error_number)() noexcept nogil

cdef ZmqApi zmq_api                 # complete after import of the module, which fails where a function is missing
