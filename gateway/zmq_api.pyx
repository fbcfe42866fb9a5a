"""Find libzmq's functions in the library that pyzmq has loaded. Owns the table of them; never opens a socket itself."""

from zmq.backend.cython import _zmq

from pricetime.matching.errors import UserError

cdef extern from "<dlfcn.h>" nogil:
    int RTLD_NOW
    int RTLD_NOLOAD
    void* dlopen(const char* path, int flags)
    void* dlsym(void* handle, const char* name)
    char* dlerror()

cdef void* function_of(void* library, bytes name) except NULL:
    """One function by name. dlsym looks in the library itself and in those that it was linked with (pyzmq.libs/)."""
    cdef void* address = dlsym(library, name)
    if address == NULL:
        raise UserError(f"libzmq in {_zmq.__file__} has no {name.decode()}: install pyzmq from PyPI "
                        "(pip install --force-reinstall pyzmq)")
    return address


def _load():
    cdef void* library = dlopen(_zmq.__file__.encode(), RTLD_NOW | RTLD_NOLOAD)
    if library == NULL:
        raise UserError(f"cannot reach the libzmq of {_zmq.__file__}: {dlerror().decode()}")
    zmq_api.msg_init = <int (*)(ZmqMessage*) noexcept nogil> function_of(library, b"zmq_msg_init")
    zmq_api.msg_init_size = <int (*)(ZmqMessage*, size_t) noexcept nogil> function_of(library, b"zmq_msg_init_size")
    zmq_api.msg_recv = <int (*)(ZmqMessage*, void*, int) noexcept nogil> function_of(library, b"zmq_msg_recv")
    zmq_api.msg_send = <int (*)(ZmqMessage*, void*, int) noexcept nogil> function_of(library, b"zmq_msg_send")
    zmq_api.msg_close = <int (*)(ZmqMessage*) noexcept nogil> function_of(library, b"zmq_msg_close")
    zmq_api.msg_data = <void* (*)(ZmqMessage*) noexcept nogil> function_of(library, b"zmq_msg_data")
    zmq_api.msg_size = <size_t (*)(const ZmqMessage*) noexcept nogil> function_of(library, b"zmq_msg_size")
    zmq_api.msg_more = <int (*)(const ZmqMessage*) noexcept nogil> function_of(library, b"zmq_msg_more")
    zmq_api.msg_gets = <const char* (*)(const ZmqMessage*, const char*) noexcept nogil> function_of(
        library, b"zmq_msg_gets")
    zmq_api.setsockopt = <int (*)(void*, int, const void*, size_t) noexcept nogil> function_of(
        library, b"zmq_setsockopt")
    zmq_api.poll = <int (*)(ZmqPollItem*, int, long) noexcept nogil> function_of(library, b"zmq_poll")
    zmq_api.error_number = <int (*)() noexcept nogil> function_of(library, b"zmq_errno")


_load()
