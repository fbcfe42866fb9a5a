"""Wake readers that sleep, and sleep as a reader: the cold half of wake.pxd, and `Doze` for Python."""

import os

from libc.errno cimport EINVAL, ENOSYS, errno
from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint64_t
from posix.fcntl cimport O_CLOEXEC, O_CREAT, O_NONBLOCK, O_RDWR, open
from posix.mman cimport MAP_FAILED, MAP_SHARED, PROT_READ, PROT_WRITE, mmap, munmap
from posix.stat cimport S_ISREG, fstat, struct_stat
from posix.time cimport nanosleep, timespec
from posix.unistd cimport close

from pricetime.journal.atomics cimport fence_full, load_acquire, processor_pause, store_relaxed
from pricetime.journal.layout cimport SegmentHeader

cdef extern from "<fcntl.h>" nogil:
    int O_NOFOLLOW

cdef extern from "platform.h" nogil:
    int file_room(int file, size_t present, size_t bytes)

cdef extern from "wake.h" nogil:
    bint wake_supported()
    void words_wake_one(void* bell)
    void words_ring(void* bell)
    void words_sleep(void* bell, uint64_t was, int64_t nanoseconds)
    int64_t nanoseconds_now()

TAIL_NAME = "tail"                  # the file, in the venue's directory

cdef enum:
    SPIN_NS = 50_000                # after something came, the next is looked for so long without sleeping
    PAUSES_MAX = 64                 # between two looks, growing up to it
    NAPS_NS = 2_000_000             # then in naps, so that a busy writer has nobody to wake
    NAP_NS = 50_000
    SLEEP_NS = 100_000_000          # at most: a wake may be lost with a writer that dies
    STILL_NS = 20_000               # a writer that commits nothing for so long rests
    GATHER_NS = 60_000              # what is committed is held back so long at most for a writer that does not
    POLL_NS_MIN = 50_000            # where there is no waking
    POLL_NS_MAX = 1_000_000
    RETRY_NS = 1_000_000_000        # then it is looked whether there is by now


cdef void wake_one(WakeWords* words) noexcept nogil:
    store_relaxed(&words.waiting, 0)
    words_ring(&words.bell)         # orders the store before it


cdef int wake_open(const char* path, bint make, WakeWords** words) noexcept nogil:
    cdef struct_stat found
    cdef void* map
    cdef int error = 0
    cdef int file
    words[0] = NULL
    if not wake_supported():
        return ENOSYS
    file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (O_CREAT if make else 0), 0o644)
    if file < 0:
        return errno
    if fstat(file, &found):
        error = errno
    elif not S_ISREG(found.st_mode):
        error = EINVAL
    elif found.st_size < WAKE_BYTES and not make:
        error = EINVAL
    else:
        error = file_room(file, found.st_size, WAKE_BYTES)     # a reader stores to it, too
    if error == 0:
        map = mmap(NULL, WAKE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
        if map == MAP_FAILED:
            error = errno
        else:
            words[0] = <WakeWords*> map
    close(file)
    return error


cdef void wake_close(WakeWords* words) noexcept nogil:
    if words != NULL:
        munmap(words, WAKE_BYTES)


cdef void sleep_ns(int64_t nanoseconds) noexcept nogil:
    cdef timespec duration
    duration.tv_sec = nanoseconds // 1_000_000_000
    duration.tv_nsec = nanoseconds % 1_000_000_000
    nanosleep(&duration, NULL)      # a signal may end it early: every caller looks again


cdef void watch(const SegmentHeader* header, uint64_t sequence, int64_t nanoseconds) noexcept nogil:
    """Look whether more than `sequence` is committed, again and again, so long at most."""
    cdef int64_t until = nanoseconds_now() + nanoseconds
    cdef int pauses = 1, i
    while load_acquire(&header.committed.value) <= sequence and nanoseconds_now() < until:
        for i in range(pauses):
            processor_pause()
        if pauses < PAUSES_MAX:
            pauses *= 2


cdef bint goes_on(const SegmentHeader* header, uint64_t sequence) noexcept nogil:
    """Whether the writer gets beyond `sequence` without a rest, and soon. Looks seldom: each look takes the position's line away
    from the writer."""
    cdef int64_t now = nanoseconds_now()
    cdef int64_t until = now + GATHER_NS, still
    cdef uint64_t last, committed = load_acquire(&header.committed.value)
    while committed < sequence:
        last = committed
        still = now + STILL_NS
        while now < still:
            processor_pause()
            now = nanoseconds_now()
        committed = load_acquire(&header.committed.value)
        if committed < sequence and (committed == last or now >= until):
            return False
    return True


cdef enum Stage:
    SPINNING = 0                    # something has come just now, and more may
    NAPPING = 1
    ARMING = 2                      # say that we wait; then the caller looks once more
    SLEEPING = 3


cdef class Doze:
    """How one reader of a venue's directory waits: call `wait` each time that you have looked and found nothing, `awake`
    when you have found something.

    `can_be_woken`: whether the writer wakes us; without the right to write DIR/tail, or before a writer has made it, we
    poll.
    """

    cdef WakeWords* words
    cdef bytes path
    cdef Stage stage
    cdef uint64_t bell
    cdef int64_t poll_ns
    cdef int64_t next_try
    cdef int64_t naps_until

    def __init__(self, directory):
        self.path = os.fsencode(os.path.join(directory, TAIL_NAME))
        self.words = NULL
        self.stage = SPINNING
        self.poll_ns = POLL_NS_MIN
        self._open()

    def _open(self):
        wake_open(self.path, False, &self.words)
        self.next_try = nanoseconds_now() + RETRY_NS

    @property
    def can_be_woken(self) -> bool:
        return self.words != NULL

    def awake(self):
        """Something has come."""
        self.stage = SPINNING
        self.poll_ns = POLL_NS_MIN

    def goes_on(self, const unsigned char[::1] segment not None, uint64_t sequence) -> bool:
        """Whether the writer gets to command `sequence` in some ten microseconds, without a rest; comes back when that is
        known. `segment`: the newest one, mapped."""
        cdef bint found
        with nogil:
            found = goes_on(<const SegmentHeader*> &segment[0], sequence)
        return found

    def wait(self, const unsigned char[::1] segment not None, uint64_t sequence, double seconds):
        """One step of waiting for more than command `sequence`, at most so long; `segment`: the newest one, mapped. Look
        again afterwards, whatever it was that ended it."""
        cdef int64_t most = <int64_t> (min(seconds, 1.0) * 1e9)
        cdef const SegmentHeader* header = <const SegmentHeader*> &segment[0]
        if self.words == NULL and nanoseconds_now() >= self.next_try:
            self._open()
        with nogil:
            if self.stage == SPINNING:
                watch(header, sequence, min(most, <int64_t> SPIN_NS))
                self.stage = NAPPING
                self.naps_until = nanoseconds_now() + NAPS_NS
            elif self.stage == NAPPING and self.words != NULL:
                sleep_ns(min(most, <int64_t> NAP_NS))
                if nanoseconds_now() >= self.naps_until:
                    self.stage = ARMING
            elif self.words == NULL:
                sleep_ns(min(most, self.poll_ns))
                self.poll_ns = min(2 * self.poll_ns, <int64_t> POLL_NS_MAX)
            elif self.stage == ARMING:
                self.bell = load_acquire(&self.words.bell)
                store_relaxed(&self.words.waiting, 1)
                fence_full()
                self.stage = SLEEPING
            else:
                words_sleep(&self.words.bell, self.bell, min(most, <int64_t> SLEEP_NS))
                if load_acquire(&self.words.bell) != self.bell:
                    words_wake_one(&self.words.bell)
                self.stage = ARMING

    def __dealloc__(self):
        wake_close(self.words)
