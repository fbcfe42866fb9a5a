"""Group commit: what was asked for while the disk was busy is the next group. See syncer.pxd."""

from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memset

from pricetime.journal.atomics cimport fence_full, load_acquire, load_relaxed, store_relaxed, store_release
from pricetime.journal.histogram cimport Histogram, histogram_add
from pricetime.journal.layout cimport SegmentHeader
from pricetime.journal.segment cimport file_sync, lasting
from pricetime.journal.threads cimport parking_free, parking_init, parking_sleep, parking_wake
from pricetime.journal.wake cimport WakeWords, wake_readers

cdef extern from "platform.h" nogil:
    int bell_create(int* bell)
    void bell_destroy(int* bell)
    void bell_ring(int bell)
    void bell_silence(int bell)

cdef extern from "wake.h" nogil:
    int64_t nanoseconds_now()


cdef int syncer_init(Syncer* syncer, uint64_t sequence, WakeWords* wake) noexcept nogil:
    cdef int error
    memset(syncer, 0, sizeof(Syncer))
    syncer.target = syncer.committed = sequence
    syncer.readers = wake
    syncer.bell[0] = syncer.bell[1] = -1
    error = parking_init(&syncer.parking)
    return error if error else bell_create(syncer.bell)


cdef void syncer_free(Syncer* syncer) noexcept nogil:
    bell_destroy(syncer.bell)
    parking_free(&syncer.parking)


cdef void syncer_begin(Syncer* syncer, SegmentHeader* header, int file) noexcept nogil:
    cdef BegunSegment* segment = &syncer.segments[syncer.begun % BEGUN_MAX]
    segment.header = header
    segment.file = file
    segment.before = header.first_sequence - 1
    store_release(&syncer.begun, syncer.begun + 1)


# ------------------------------------------------------------------------------------------------ the syncer

cdef void tell(Syncer* syncer) noexcept nogil:
    """The hot thread, if it listens, and readers that sleep. The full fence pairs with the one in syncer_listen."""
    wake_readers(syncer.readers, True)
    fence_full()
    if load_relaxed(&syncer.listening):
        bell_ring(syncer.bell[1])


cdef void commit(Syncer* syncer, uint64_t begun, uint64_t target) noexcept nogil:
    """All that the segments up to number `begun` held when their sync began is on the disk: `target`, and of a segment that was left its
    end. Each says so to those who read it."""
    cdef uint64_t number, last = target
    cdef BegunSegment* segment
    for number in range(syncer.passed, begun):
        segment = &syncer.segments[number % BEGUN_MAX]
        if number + 1 < begun:
            last = syncer.segments[(number + 1) % BEGUN_MAX].before
        else:
            last = target if target > segment.before else segment.before
        store_release(&segment.header.synced.value, last)
        store_release(&segment.header.committed.value, last)
    store_release(&syncer.committed, last)
    store_release(&syncer.passed, begun - 1)


cdef void count_time(Syncer* syncer, int64_t since) noexcept nogil:
    """A group's sync has taken the time from then to now."""
    cdef Histogram* times = <Histogram*> load_acquire(&syncer.times)
    if times != NULL:
        histogram_add(times, <uint64_t> (nanoseconds_now() - since), 1)


cdef bint sync_group(Syncer* syncer) noexcept nogil:
    """One group. False: nothing was asked for. The target is read first: see syncer.pxd."""
    cdef int64_t since = nanoseconds_now()
    cdef uint64_t target = load_acquire(&syncer.target)
    cdef uint64_t begun = load_acquire(&syncer.begun)
    cdef uint64_t number
    cdef int error
    if target <= syncer.committed and begun <= syncer.passed + 1:
        return False
    for number in range(syncer.passed, begun):
        error = file_sync(syncer.segments[number % BEGUN_MAX].file)
        if error:
            store_release(&syncer.fatal, lasting(error))
            tell(syncer)
            return False
    count_time(syncer, since)
    commit(syncer, begun, target)
    store_relaxed(&syncer.groups, syncer.groups + 1)
    tell(syncer)
    return True


cdef bint work_waits(const void* owner) noexcept nogil:
    cdef const Syncer* syncer = <const Syncer*> owner
    if load_acquire(&syncer.stop):
        return True
    return (load_relaxed(&syncer.fatal) == 0
            and (load_acquire(&syncer.target) > syncer.committed or load_acquire(&syncer.begun) > syncer.passed + 1))


cdef void syncer_run(Syncer* syncer) noexcept nogil:
    while not load_acquire(&syncer.stop):
        if not sync_group(syncer):
            parking_sleep(&syncer.parking, work_waits, syncer)


# --------------------------------------------------------------------------------------------- the hot thread

cdef void syncer_stop(Syncer* syncer) noexcept nogil:
    store_release(&syncer.stop, 1)
    parking_wake(&syncer.parking)


cdef bint syncer_listen(Syncer* syncer, uint64_t known) noexcept nogil:
    store_relaxed(&syncer.listening, 1)
    fence_full()
    return load_acquire(&syncer.committed) <= known and load_acquire(&syncer.fatal) == 0


cdef void syncer_rest(Syncer* syncer) noexcept nogil:
    store_relaxed(&syncer.listening, 0)
    bell_silence(syncer.bell[0])
