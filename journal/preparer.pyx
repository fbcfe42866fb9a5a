"""The log's helper thread: populates pages ahead of the hot thread, makes the next segment, names the one that was
taken, syncs the old.

It never touches a record. When it fails it says so in `error` (a segment could not be made: tried again when asked) or
in `fatal` (a sync failed: what is on the disk is no longer known, nothing is appended any more).
"""

from libc.errno cimport errno
from libc.stddef cimport size_t
from libc.stdint cimport uint64_t
from libc.string cimport memcpy, memmove, memset
from posix.time cimport CLOCK_REALTIME, clock_gettime, nanosleep, timespec
from posix.unistd cimport fsync

from pricetime.journal.atomics cimport load_acquire, load_relaxed, store_relaxed, store_release
from pricetime.journal.layout cimport HEADER_BYTES, IDENTITY_BYTES, MARK_FULL
from pricetime.journal.segment cimport (
    file_flush, file_sync, lasting, pages_populate, pages_release, segment_close, segment_create, segment_drop, segment_name, segment_seal)
from pricetime.journal.threads cimport parking_free, parking_init, parking_sleep, parking_wake

cdef enum:
    NAP_NS = 200_000                # after a step: a hot thread that is as fast as memory needs the next one soon
    LONG_NAP_NS = 2_000_000         # then; each waking may be on the hot thread's processor, and costs it some microseconds
    NAPS_BEFORE_PARKING = 25        # 50 ms without anything to do, and the helper sleeps until it is woken


cdef void nap(long nanoseconds) noexcept nogil:
    cdef timespec duration
    duration.tv_sec = 0
    duration.tv_nsec = nanoseconds
    nanosleep(&duration, NULL)      # a signal may end it early: every caller looks again


cdef void preparer_nap() noexcept nogil:
    nap(NAP_NS)


cdef int preparer_init(Preparer* preparer, int directory, const SegmentHeader* identity, Syncer* syncer) noexcept nogil:
    memset(preparer, 0, sizeof(Preparer))
    preparer.syncer = syncer
    preparer.directory = directory
    memcpy(&preparer.identity, identity, sizeof(SegmentHeader))
    return parking_init(&preparer.parking)


cdef int preparer_next(Preparer* preparer) noexcept nogil:
    cdef Segment* segment = &preparer.next
    cdef timespec now
    cdef SegmentHeader* header
    cdef int error = segment_create(preparer.directory, preparer.current.slot ^ 1, preparer.identity.capacity, segment)
    if error:
        return error
    clock_gettime(CLOCK_REALTIME, &now)
    preparer.identity.created = now.tv_sec * <long long> 1_000_000_000 + now.tv_nsec
    # Without the magic, which the hot thread stores last when it takes the segment.
    header = <SegmentHeader*> segment.map
    memcpy(<char*> header + 8, <char*> &preparer.identity + 8, IDENTITY_BYTES - 8)
    if preparer.syncer != NULL:
        return make_durable(preparer, segment)
    populate(segment, HEADER_BYTES + STEP_BYTES)
    return 0


cdef int make_durable(Preparer* preparer, Segment* segment) noexcept nogil:
    """A segment's zeros and its name are on the disk before it is used, so that a group's sync writes that group and nothing
    else: no 64 MiB of zeros, no blocks to be marked as written. 0 or errno."""
    cdef int error = 0
    cdef size_t offset = 0
    while offset < segment.capacity and error == 0 and load_acquire(&preparer.stop) == 0:
        error = file_flush(segment.file, offset, STEP_BYTES)
        offset += STEP_BYTES
    if error == 0:
        error = file_sync(segment.file)
    if error == 0 and fsync(preparer.directory):
        error = errno
    if error:
        segment_drop(preparer.directory, segment)       # the first error is the one to tell
    return error


cdef int preparer_take_over(Preparer* preparer) noexcept nogil:
    cdef Segment* retiring
    cdef int error = preparer_name(preparer)    # the one before, if it still has no number
    if error == 0 and preparer.retired_count == RETIRED_MAX:
        error = retire_oldest(preparer)
    if error:
        return error
    if preparer.current.map != NULL:
        retiring = &preparer.retired[preparer.retired_count]
        retiring[0] = preparer.current
        retiring.last_sequence = (<SegmentHeader*> preparer.next.map).first_sequence - 1
        preparer.retired_count += 1
    preparer.current = preparer.next
    preparer.next.map = NULL
    return 0


cdef int preparer_name(Preparer* preparer) noexcept nogil:
    if preparer.current.map == NULL or preparer.current.named:
        return 0
    return segment_name(preparer.directory, &preparer.current)


cdef void populate(Segment* segment, size_t target) noexcept nogil:
    """Have pages up to `target` there, one step at most."""
    cdef size_t size
    if target > segment.capacity:
        target = segment.capacity
    if target <= segment.populated:
        return
    size = target - segment.populated
    if size > STEP_BYTES:
        size = STEP_BYTES
    pages_populate(segment.map, segment.populated, size)
    segment.populated += size


cdef Segment* short_of_pages(Preparer* preparer, size_t* target) noexcept nogil:
    """The segment that needs pages up to *target now: the current one, at its end the next one; NULL where enough
    are there."""
    cdef Segment* segment = &preparer.current
    if preparer.syncer != NULL:
        return NULL         # each sync makes all pages read-only again: those ahead would be written in vain
    target[0] = load_acquire(&preparer.progress) + AHEAD_BYTES
    if segment.populated >= segment.capacity and preparer.next.map != NULL:
        target[0] = target[0] - segment.capacity if target[0] > segment.capacity else 0
        segment = &preparer.next
    if target[0] > segment.capacity:
        target[0] = segment.capacity
    return segment if segment.populated < target[0] else NULL


cdef bint populate_ahead(Preparer* preparer) noexcept nogil:
    """One step of pages ahead of the hot thread. False: enough are there."""
    cdef size_t target = 0
    cdef Segment* segment = short_of_pages(preparer, &target)
    if segment == NULL:
        return False
    populate(segment, target)
    return True


cdef bint flush_retired(Preparer* preparer) noexcept nogil:
    """One step of the oldest retired segment to the disk, so that its sync does not keep us from populating. False:
    none is left."""
    cdef Segment* segment = &preparer.retired[0]
    cdef int error
    if preparer.retired_count == 0 or in_use(preparer):
        return False
    if segment.flushed == 0:
        pages_release(segment.map, segment.capacity)
    if segment.flushed < segment.capacity:
        error = file_flush(segment.file, segment.flushed, STEP_BYTES)
        segment.flushed += STEP_BYTES
    else:
        error = retire_oldest(preparer)
    if error:
        store_release(&preparer.fatal, lasting(error))
    return True


cdef bint in_use(const Preparer* preparer) noexcept nogil:
    """Whether the syncer may still look at the oldest retired segment."""
    return preparer.syncer != NULL and load_acquire(&preparer.syncer.passed) <= preparer.let_go


cdef int retire_oldest(Preparer* preparer) noexcept nogil:
    """Sync the oldest retired segment, say so in the positions, mark it as complete, let go of it. 0 or errno."""
    cdef Segment* segment = &preparer.retired[0]
    cdef SegmentHeader* header = <SegmentHeader*> segment.map
    cdef int error
    while in_use(preparer):
        error = <int> load_acquire(&preparer.syncer.fatal)
        if error:
            return error
        preparer_nap()
    error = segment_seal(segment.file, header, segment.last_sequence, MARK_FULL)
    if error:
        return error
    if preparer.syncer == NULL:
        store_release(&(<SegmentHeader*> preparer.current.map).synced.value, segment.last_sequence)
    error = segment_close(segment)
    preparer.let_go += 1
    preparer.retired_count -= 1
    memmove(segment, segment + 1, preparer.retired_count * sizeof(Segment))
    return error


cdef bint step(Preparer* preparer) noexcept nogil:
    """One piece of work, the most urgent first. False: there was nothing to do."""
    cdef uint64_t state = load_acquire(&preparer.state)
    cdef int error
    if load_relaxed(&preparer.fatal):
        return False
    if state == TAKEN:
        error = preparer_take_over(preparer)
        if error:
            store_release(&preparer.fatal, lasting(error))
        else:
            store_release(&preparer.state, PREPARING)
        return True
    if state == PREPARING:
        error = preparer_next(preparer)
        store_relaxed(&preparer.error, error)
        store_release(&preparer.state, FAILED if error else READY)
        return True
    if not preparer.current.named:
        error = preparer_name(preparer)
        if error:
            store_release(&preparer.fatal, lasting(error))
        return True
    return populate_ahead(preparer) or flush_retired(preparer)


cdef bint work_waits(const void* owner) noexcept nogil:
    """Whether the hot thread has left something since the last step."""
    cdef Preparer* preparer = <Preparer*> owner
    cdef uint64_t state = load_acquire(&preparer.state)
    cdef size_t target = 0
    if load_acquire(&preparer.stop):
        return True
    if load_relaxed(&preparer.fatal):
        return False
    return state == TAKEN or state == PREPARING or short_of_pages(preparer, &target) != NULL


cdef void preparer_run(Preparer* preparer) noexcept nogil:
    cdef int naps = 0
    while not load_acquire(&preparer.stop):
        if step(preparer):
            naps = 0
        elif naps < NAPS_BEFORE_PARKING:
            nap(LONG_NAP_NS if naps else NAP_NS)
            naps += 1
        else:
            parking_sleep(&preparer.parking, work_waits, preparer)
            naps = 0


cdef void preparer_wake(Preparer* preparer) noexcept nogil:
    parking_wake(&preparer.parking)


cdef void preparer_stop(Preparer* preparer) noexcept nogil:
    store_release(&preparer.stop, 1)
    preparer_wake(preparer)


cdef int preparer_finish(Preparer* preparer) noexcept nogil:
    cdef int error = <int> preparer.fatal
    if error == 0 and preparer.state == TAKEN:
        error = preparer_take_over(preparer)
        preparer.state = PREPARING
    if error == 0:
        error = preparer_name(preparer)
    while error == 0 and preparer.retired_count:
        error = retire_oldest(preparer)
    if error == 0 and preparer.next.map != NULL:
        error = segment_drop(preparer.directory, &preparer.next)
    return error


cdef void preparer_free(Preparer* preparer) noexcept nogil:
    cdef size_t i
    for i in range(preparer.retired_count):
        segment_close(&preparer.retired[i])
    segment_close(&preparer.next)
    segment_close(&preparer.current)
    parking_free(&preparer.parking)
