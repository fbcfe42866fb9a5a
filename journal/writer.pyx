"""The log's writer: begins a run, appends records, rolls to the next segment, closes. One writer at a time, one thread.

It stamps nothing (sequence, time and session are the caller's) and knows nothing of what commands mean.
"""

import os
import threading
import time

from libc.errno cimport EBADF, EINVAL
from libc.stddef cimport size_t
from libc.stdint cimport uint64_t
from libc.stdlib cimport free
from libc.string cimport memcpy, memset
from posix.stdlib cimport posix_memalign

from pricetime.journal.atomics cimport load_acquire, load_relaxed, store_relaxed, store_release
from pricetime.journal.layout cimport (
    BYTE_ORDER_MARK, FORMAT_VERSION, HEADER_BYTES, MARK_CLOSED, POWER, header_checksum, segment_magic)
from pricetime.journal.preparer cimport (
    FAILED, PREPARING, READY, STEP_BYTES, TAKEN, preparer_finish, preparer_free, preparer_init, preparer_name,
    preparer_nap, preparer_next, preparer_run, preparer_stop, preparer_take_over, preparer_wake)
from pricetime.journal.segment cimport bell_wait, file_sync, segment_seal
from pricetime.journal.syncer cimport (
    syncer_begin, syncer_free, syncer_init, syncer_listen, syncer_rest, syncer_run, syncer_stop)
from pricetime.journal.wake cimport wake_close, wake_open
from pricetime.matching.records cimport LINES_MAX, RULES_VERSION

from pricetime.journal import directory as directories
from pricetime.journal import layout, wake
from pricetime.journal.recovery import recover_locked
from pricetime.matching.errors import UserError

SEGMENT_BYTES = 64 << 20


cdef void begin_segment(LogWriter* log) noexcept nogil:
    """Take preparer.next, which is READY, as the segment that the next record begins: its identity, its positions,
    then its magic."""
    cdef Preparer* preparer = log.preparer
    cdef SegmentHeader* header = <SegmentHeader*> preparer.next.map
    header.first_sequence = log.sequence + 1
    header.checksum_seed = log.checksum
    header.previous_time = log.time
    header.header_checksum = header_checksum(header)
    header.appended.value = log.sequence
    if log.map == NULL:         # the run's first: what is before it is on the disk
        header.committed.value = header.synced.value = log.sequence
    else:
        header.committed.value = log.sequence
        if log.syncer != NULL:
            header.committed.value = load_acquire(&log.syncer.committed)
        header.synced.value = load_relaxed(&(<SegmentHeader*> log.map).synced.value)
    store_release(&header.magic, segment_magic())
    if log.syncer != NULL:
        syncer_begin(log.syncer, header, preparer.next.file)
    log.map = preparer.next.map
    log.capacity = preparer.next.capacity
    log.offset = HEADER_BYTES
    log.limit = log.capacity if log.capacity < STEP_BYTES else STEP_BYTES
    store_release(&preparer.progress, log.offset)
    store_release(&preparer.state, TAKEN)


cdef int await_next(LogWriter* log) noexcept nogil:
    """Until the preparer has a segment READY. 0, or the errno of its failure (after one more try: room may have
    come)."""
    cdef Preparer* preparer = log.preparer
    cdef bint asked = False
    cdef uint64_t state = load_acquire(&preparer.state)
    if state != READY:
        log.stalls += 1
    while state != READY:
        if load_acquire(&preparer.fatal):
            return <int> preparer.fatal
        if log.syncer != NULL and load_acquire(&log.syncer.fatal):
            return <int> log.syncer.fatal
        if state == FAILED:
            if asked:
                return <int> load_relaxed(&preparer.error)
            asked = True
            store_release(&preparer.state, PREPARING)
        preparer_wake(preparer)
        preparer_nap()
        state = load_acquire(&preparer.state)
    return 0


cdef int writer_make_room(LogWriter* log, size_t size) noexcept nogil:
    cdef Preparer* preparer = log.preparer
    cdef int error
    if preparer == NULL:
        return EBADF                # the writer was closed
    error = <int> load_relaxed(&preparer.fatal)
    if error:
        return error
    if log.offset + size > log.capacity:
        error = await_next(log)
        if error:
            return error
        writer_publish(log)         # the old segment's last positions; readers go on to the next one from there
        begin_segment(log)
        log.rolls += 1
    else:
        store_release(&preparer.progress, log.offset)
        log.limit = (log.offset + size + STEP_BYTES) & ~<size_t> (STEP_BYTES - 1)
        if log.limit > log.capacity:
            log.limit = log.capacity
    preparer_wake(preparer)
    return 0


cdef int finish(LogWriter* log) noexcept nogil:
    """Everything synced, then the positions and the mark that say so, then these synced. Both threads have ended. 0 or errno."""
    cdef Preparer* preparer = log.preparer
    cdef SegmentHeader* header = <SegmentHeader*> log.map
    cdef int error = 0
    if log.syncer != NULL:
        error = <int> log.syncer.fatal
        log.syncer.passed = log.syncer.begun
    if error == 0:
        error = preparer_finish(preparer)
    if error == 0:
        store_release(&header.appended.value, log.sequence)
        error = segment_seal(preparer.current.file, header, log.sequence, MARK_CLOSED)
    if error:
        return error
    return file_sync(preparer.current.file)


cdef Preparer* preparer_of(Writer writer) except NULL:
    if writer.log.preparer == NULL:
        raise ValueError("the writer is closed")
    return writer.log.preparer


cdef void writer_await(LogWriter* log, uint64_t known, int wait_ms) noexcept nogil:
    if log.syncer == NULL:
        return
    if syncer_listen(log.syncer, known):
        bell_wait(log.syncer.bell[0], wait_ms)
    syncer_rest(log.syncer)


def _run_preparer(size_t address):
    with nogil:
        preparer_run(<Preparer*> address)


def _run_syncer(size_t address):
    with nogil:
        syncer_run(<Syncer*> address)


cdef class Writer:
    """The one writer of DIR/log. Opening recovers the log (see `recovered.notes` for what was cut) and begins a run.

    directory: the venue's; made where it is missing. segment_bytes: of each segment file, a multiple of 4096. run:
    number of this start of the venue, the log's last one plus 1 where not given. durability: when a command counts as
    committed, so that readers see it: "process", as soon as it is appended (it survives the death of the process);
    "power", when it is on the disk. Close it, or use `with`: a log that was not closed is recovered at the next start.
    UserError: locked by another process, no log, no room, no right.
    """

    def __cinit__(self, *arguments, **named):
        if posix_memalign(<void**> &self.log, 128, sizeof(LogWriter)):
            raise MemoryError
        self.log.map = NULL
        self.log.preparer = NULL
        self.log.syncer = NULL
        self.log.wake = NULL
        self.threads = []

    def __init__(self, directory, *, size_t segment_bytes=SEGMENT_BYTES, run=None, uint64_t epoch=0,
                 str durability="process"):
        if segment_bytes % 4096 or segment_bytes < <size_t> layout.SEGMENT_BYTES_MIN:
            raise UserError(f"segment size {segment_bytes}: expected a multiple of 4096, at least "
                            f"{layout.SEGMENT_BYTES_MIN}")
        if layout.DURABILITIES.get(durability) not in (PROCESS, POWER):
            raise UserError(f"durability {durability!r}: expected 'process' or 'power'"
                            + (" (no standbys yet)" if durability == "replicated" else ""))
        folder = directories.make_log_folder(directory)
        self.directory = folder.parent
        self.lock = directories.lock(folder)
        try:
            self.recovered = recover_locked(folder)
            if run is not None and run <= self.recovered.run:
                raise UserError(f"{directory}: run {run} is not after the log's last, {self.recovered.run}")
            self.log.durability = <uint32_t> <int> layout.DURABILITIES[durability]
            self._begin(folder, segment_bytes, self.recovered.run + 1 if run is None else run, epoch)
        except BaseException:
            self._release()
            raise
        self._start(_run_preparer, <size_t> self.log.preparer, "log preparer")
        if self.log.syncer != NULL:
            self._start(_run_syncer, <size_t> self.log.syncer, "log syncer")

    def _start(self, body, address, name):
        thread = threading.Thread(target=body, args=(address,), name=name, daemon=True)
        thread.start()
        self.threads.append(thread)

    def _join(self):
        """End both threads, the preparer first: it may wait for the syncer."""
        if self.threads:
            preparer_stop(self.log.preparer)
            self.threads[0].join()
        if len(self.threads) > 1:
            syncer_stop(self.log.syncer)
            self.threads[1].join()
        self.threads = []

    def _begin(self, folder, size_t segment_bytes, uint64_t run, uint64_t epoch):
        """The first segment of this run."""
        cdef SegmentHeader identity
        cdef LogWriter* log = self.log
        cdef const unsigned char[::1] log_id = self.recovered.log_id or os.urandom(16)
        cdef const unsigned char[::1] boot_id = directories.boot_id()
        cdef int error
        memset(&identity, 0, sizeof(SegmentHeader))
        identity.byte_order = BYTE_ORDER_MARK
        identity.format_version = FORMAT_VERSION
        identity.rules_version = RULES_VERSION
        identity.run, identity.epoch, identity.capacity = run, epoch, segment_bytes
        memcpy(identity.log_id, &log_id[0], 16)
        memcpy(identity.boot_id, &boot_id[0], 16)
        log.sequence = self.recovered.last_sequence
        log.time = self.recovered.last_time
        log.checksum = self.recovered.last_checksum if self.recovered.log_id else layout.seed_of_log(log_id)
        log.offset = log.limit = log.capacity = log.rolls = log.stalls = 0
        wake_open(os.fsencode(folder.parent / wake.TAIL_NAME), True, &log.wake)     # without it readers poll
        if log.durability == POWER:
            if posix_memalign(<void**> &log.syncer, 128, sizeof(Syncer)):
                log.syncer = NULL
                raise MemoryError
            error = syncer_init(log.syncer, log.sequence, log.wake)
            if error:
                raise OSError(error, os.strerror(error))
        if posix_memalign(<void**> &log.preparer, 128, sizeof(Preparer)):
            log.preparer = NULL
            raise MemoryError
        error = preparer_init(log.preparer, self.lock, &identity, log.syncer)
        if error == 0:
            error = preparer_next(log.preparer)
        if error == 0:
            begin_segment(log)
            error = preparer_take_over(log.preparer)
        if error == 0:
            error = preparer_name(log.preparer)
            store_relaxed(&log.preparer.state, PREPARING)
        if error:
            raise directories.explain(OSError(error, os.strerror(error)), "cannot begin a log segment of "
                                                                          f"{segment_bytes} bytes in {folder}")

    def append(self, lines not None):
        """Append and publish whole records: a contiguous array of 64-byte lines, each record's `sequence` the last one
        plus 1.

        ValueError names the first record that is out of turn or no record; UserError says that the disk is full. What
        was before it is appended and published then; nothing of it and what follows is.
        """
        cdef const unsigned char[::1] data = lines.view("u1")
        cdef size_t offset = 0, size = data.shape[0]
        cdef const CommandLine* record = NULL
        cdef int error = 0
        if self.log.preparer == NULL:
            raise ValueError("the writer is closed")
        if size % LINE_BYTES:
            raise ValueError(f"{size} bytes are not whole lines of {LINE_BYTES}")
        with nogil:
            while offset < size:
                record = <const CommandLine*> &data[offset]
                if (record.type == 0 or not 1 <= record_lines(record) <= LINES_MAX
                        or offset + record_lines(record) * LINE_BYTES > size):
                    error = EINVAL
                    break
                error = writer_append(self.log, record)
                if error:
                    break
                offset += record_lines(record) * LINE_BYTES
            writer_publish(self.log)
            writer_wake(self.log, True)
        if error == EINVAL:
            raise ValueError(f"line {offset // LINE_BYTES}: type {record.type}, {record_lines(record)} lines, "
                             f"sequence {record.sequence}, "
                             f"time {record.time}; expected a whole record with sequence {self.log.sequence + 1}, "
                             f"time {self.log.time} or later")
        if error:
            failed = self.log.preparer.fatal or (self.log.syncer != NULL and self.log.syncer.fatal)
            mend = ("stop the venue: what is on the disk is not known" if failed else
                    "make room, then append it again")
            raise UserError(f"{self.directory}: command {self.log.sequence + 1} is not logged: "
                            f"{os.strerror(error).lower()}; {mend}")

    def commit(self, timeout=None) -> bool:
        """Wait until all that was appended is committed, at most so many seconds; whether it is.

        UserError where a sync failed: then what is on the disk is not known, and nothing more is ever committed.
        """
        cdef uint64_t committed = 0
        cdef int wait_ms
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            committed = self.committed
            left = 1.0 if deadline is None else deadline - time.monotonic()
            if committed >= self.log.sequence or left <= 0:
                return committed >= self.log.sequence
            wait_ms = <int> (1000 * min(left, 1.0)) + 1
            with nogil:
                writer_await(self.log, committed, wait_ms)

    @property
    def committed(self) -> int:
        """Sequence number of the last record that is committed: see `durability`. UserError where a sync failed."""
        cdef uint64_t sequence = 0
        cdef int error
        if self.log.preparer == NULL:
            raise ValueError("the writer is closed")
        error = writer_committed(self.log, &sequence)
        if error:
            raise UserError(f"{self.directory}: nothing is committed after command {sequence}: {os.strerror(error).lower()}; "
                            "stop the venue: what is on the disk is not known")
        return sequence

    @property
    def groups(self) -> int:
        """Syncs that have committed something since the start; 0 at level "process"."""
        return self.log.syncer.groups if self.log.syncer != NULL else 0

    @property
    def sequence(self) -> int:
        """Sequence number of the last record appended."""
        return self.log.sequence

    @property
    def time(self) -> int:
        """Time of the last record appended."""
        return self.log.time

    @property
    def checksum(self) -> int:
        """Checksum of the last record appended: what the next one is seeded with."""
        return self.log.checksum

    @property
    def run(self) -> int:
        """Number of this start of the venue."""
        return preparer_of(self).identity.run

    @property
    def log_id(self) -> bytes:
        """16 bytes that name this log, the same in all its segments."""
        return bytes((<unsigned char*> preparer_of(self).identity.log_id)[:16])

    @property
    def rolls(self) -> int:
        """Segments begun by appends since the start."""
        return self.log.rolls

    @property
    def stalls(self) -> int:
        """How many of the rolls had to wait for the helper thread."""
        return self.log.stalls

    def close(self):
        """Publish, sync everything, mark the log as closed cleanly, unlock. Does nothing the second time."""
        cdef int error
        if self.log.preparer == NULL:
            return
        self._join()
        with nogil:
            error = finish(self.log)
        self._release()
        if error:
            raise directories.explain(OSError(error, os.strerror(error)), f"{self.directory}: the log could not be "
                                                                          "closed cleanly")

    def abandon(self):
        """Let go without a word in the log: as if the process had died. For an owner that has broken down."""
        if self.log.preparer != NULL:
            self._join()
        self._release()

    def _release(self):
        """Let go of maps, memory and lock, in reverse order. What was appended stays in the files."""
        if self.log.preparer != NULL:
            preparer_free(self.log.preparer)
            free(self.log.preparer)
            self.log.preparer = NULL
        if self.log.syncer != NULL:
            syncer_free(self.log.syncer)
            free(self.log.syncer)
            self.log.syncer = NULL
        self.log.map = NULL
        self.log.limit = 0
        wake_close(self.log.wake)
        self.log.wake = NULL
        if self.lock is not None:
            os.close(self.lock)
            self.lock = None

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def __dealloc__(self):
        free(self.log)
