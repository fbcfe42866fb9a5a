"""The stat page as an object: made on a file or on plain memory, begun and ended by the venue, read by anybody. See
stat_page.pxd and stat_layout.pxd."""

import os
import time

import numpy as np

from libc.errno cimport EINVAL, errno
from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset
from posix.fcntl cimport O_CLOEXEC, O_CREAT, O_NONBLOCK, O_RDWR, open
from posix.mman cimport MAP_FAILED, MAP_SHARED, PROT_READ, PROT_WRITE, mmap, munmap
from posix.stat cimport S_ISREG, fstat, struct_stat
from posix.unistd cimport close

from pricetime.gateway.stat_layout cimport STAT_BYTE_ORDER, STAT_COUNTERS, STAT_HANDSHAKES, STAT_VERSION, Stat, stat_magic
from pricetime.gateway.state cimport Counters
from pricetime.journal.atomics cimport fence_full, load_acquire, store_relaxed, store_release
from pricetime.journal.histogram cimport HISTOGRAM_BUCKETS, Histogram, histogram_bucket, histogram_lowest
from pricetime.matching.checksum cimport crc32c_bytes

cdef extern from "<fcntl.h>" nogil:
    int O_NOFOLLOW

cdef extern from "platform.h" nogil:
    int file_room(int file, size_t present, size_t bytes)

STAT_NAME = "stat"                  # the file, in the venue's directory
PAGE_BYTES = sizeof(Stat)
# Why a door with CURVE refuses a handshake: authenticator.py.
HANDSHAKES = ("unknown key", "no CURVE", "not our handshake", "nothing said in time", "hung up", "not ZeroMQ")

cdef enum:
    CALIBRATION_NS = 4_000_000      # the length of a tick is found in so long, to some hundred-thousandths


def _names():
    cdef Counters counters
    cdef dict found
    memset(&counters, 0, sizeof(Counters))
    found = counters
    return tuple(found)


def _dtype(template):
    """NumPy's view of a struct; a histogram's counts are an array within it."""
    return np.asarray(template).dtype


def _dtypes():
    cdef Stat* stat = <Stat*> calloc(1, sizeof(Stat))
    if stat == NULL:
        raise MemoryError
    try:
        return _dtype(<Stat[:1]> stat), _dtype(<Histogram[:1]> &stat.reply)
    finally:
        free(stat)


COUNTERS = _names()
STAT, HISTOGRAM = _dtypes()


def _check_bounds():
    if sizeof(Counters) > STAT_COUNTERS * 8 or len(COUNTERS) * 8 != sizeof(Counters):
        raise AssertionError("the page has room for every counter, and each is a word")
    if len(HANDSHAKES) > STAT_HANDSHAKES:
        raise AssertionError("the page has room for every reason of a handshake")


_check_bounds()


def bucket_of(uint64_t nanoseconds) -> int:
    """The bucket of a histogram in which a duration counts."""
    return histogram_bucket(nanoseconds)


def _bounds():
    return np.array([histogram_lowest(bucket) for bucket in range(HISTOGRAM_BUCKETS + 1)], np.uint64)


BOUNDS = _bounds()                  # nanoseconds: bucket n is from BOUNDS[n] to below BOUNDS[n + 1]


def names_checksum() -> int:
    """Of COUNTERS and HANDSHAKES."""
    cdef bytes names = " ".join(COUNTERS + HANDSHAKES).encode()
    return crc32c_bytes(0xFFFFFFFF, <const char*> names, len(names))


cdef uint64_t _find_scale() noexcept nogil:
    """Nanoseconds of a tick times 2^32, by the system's clock; 0 where the counter is not to be trusted."""
    cdef uint64_t clock, ticks
    if not ticks_steady():
        return 0
    clock, ticks = clock_ticks(), counter_ticks()
    while clock_ticks() - clock < CALIBRATION_NS:
        pass
    ticks, clock = counter_ticks() - ticks, clock_ticks() - clock
    return (clock << 32) // ticks if ticks and clock >> 31 == 0 else 0


_scale = None


def _tick_scale():
    """Found once in a process."""
    global _scale
    if _scale is None:
        _scale = _find_scale()
    return _scale


def words_of(const unsigned char[::1] memory not None) -> bytes:
    """A copy of a mapped page, each word as it was at some moment."""
    cdef size_t words = memory.shape[0] // 8, i
    copy = np.empty(words, np.uint64)
    cdef uint64_t[::1] into = copy
    for i in range(words):
        into[i] = load_acquire(&memory[i * 8])
    return copy.tobytes()


cdef class StatPage:
    """A page to write to. path: a venue's directory, where it is the file `stat`; None: plain memory.

    OSError where the file cannot be made, has no room or is none. One writer at a time: who has the log's lock.
    """

    def __init__(self, path=None):
        cdef int error
        if self.stat != NULL:
            raise RuntimeError("a page is made once")
        if path is None:
            self.stat = <Stat*> calloc(1, sizeof(Stat))
            if self.stat == NULL:
                raise MemoryError
        else:
            self.path = os.path.join(path, STAT_NAME)
            error = _map(os.fsencode(self.path), &self.stat)
            if error:
                raise OSError(error, os.strerror(error), self.path)
            self.mapped = sizeof(Stat)
            store_release(&self.stat.magic, 0)
            fence_full()
            memset(<char*> self.stat + 8, 0, sizeof(Stat) - 8)
        self.stat.tick_scale = _tick_scale()

    def begin(self, uint64_t run=0):
        """From now on a reader takes it for the page of this start of the venue."""
        self.stat.byte_order = STAT_BYTE_ORDER
        self.stat.version = STAT_VERSION
        self.stat.bytes = sizeof(Stat)
        self.stat.names = names_checksum()
        self.stat.run = run
        self.stat.started = time.time_ns()
        self.stat.process = os.getpid()
        store_release(&self.stat.magic, stat_magic())

    def end(self, sequence=None):
        """The venue has stopped, by its own will, behind this command where all is committed. What it counted stays."""
        if sequence is not None:
            store_release(&self.stat.appended, sequence)
            store_release(&self.stat.committed, sequence)
        store_release(&self.stat.ended, <uint64_t> <int64_t> time.time_ns())

    def show_handshakes(self, str reason not None, uint64_t count):
        """So many handshakes were refused for that reason since the start. One thread at a time, never the hot one."""
        store_relaxed(&self.stat.handshakes[HANDSHAKES.index(reason)], count)

    def read(self) -> bytes:
        """All of it as it is now, word by word."""
        return words_of(<unsigned char[:sizeof(Stat)]> <unsigned char*> self.stat)

    def __dealloc__(self):
        if self.mapped:
            munmap(self.stat, self.mapped)
        else:
            free(self.stat)


cdef int _map(const char* path, Stat** stat) noexcept nogil:
    """0 or errno."""
    cdef struct_stat found
    cdef void* map = MAP_FAILED
    cdef int error = 0
    cdef int file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_CREAT, 0o644)
    if file < 0:
        return errno
    if fstat(file, &found):
        error = errno
    elif not S_ISREG(found.st_mode):
        error = EINVAL
    else:
        error = file_room(file, found.st_size, sizeof(Stat))
    if error == 0:
        map = mmap(NULL, sizeof(Stat), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
        if map == MAP_FAILED:
            error = errno
        else:
            stat[0] = <Stat*> map
    close(file)
    return error
