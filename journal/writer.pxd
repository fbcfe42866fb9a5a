"""The log's writer, as C sees it: append a record, publish a batch. One thread, no GIL; no system call but at a roll
that comes too soon.

    cdef LogWriter* log = writer.log            # of a pricetime.journal.Writer, which must outlive it
    error = writer_append(log, record)          # for each command of a batch
    writer_publish(log)                         # once for all of them; reports of what is committed may leave
    error = writer_committed(log, &sequence)    # how far that is: at level `process` all that was published
"""

from libc.errno cimport EINVAL
from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint32_t, uint64_t

from pricetime.journal.atomics cimport ask_for_line, load_acquire, load_relaxed, store_release
from pricetime.journal.layout cimport PROCESS, SegmentHeader
from pricetime.journal.preparer cimport Preparer
from pricetime.journal.syncer cimport Syncer, syncer_ask
from pricetime.journal.wake cimport WakeWords, wake_readers
from pricetime.matching.checksum cimport crc32c_word
from pricetime.matching.records cimport LINE_BYTES, CommandLine, record_lines
from pricetime.matching.words cimport Word

cdef enum:
    LINES_AHEAD = 8             # asked for before they are written: a reader close behind pulls them away (4.4 to 1.3 us a batch of 64)

cdef struct LogWriter:
    # The hot thread's own two cache lines: nobody else reads or writes them.
    char* map                   # the current segment; its SegmentHeader is at offset 0
    size_t offset               # in bytes: where the next record goes
    size_t limit                # up to here an append needs no look at the preparer
    uint64_t sequence           # of the last record appended
    int64_t time                # of it
    uint32_t checksum           # of it
    uint32_t durability         # PROCESS: committed is what was published; POWER: what the syncer has synced
    uint64_t capacity           # of the current segment, in bytes
    Preparer* preparer          # the helper thread's side
    uint64_t rolls              # segments begun since the start
    uint64_t stalls             # of these, how many found no segment ready
    Syncer* syncer              # at level POWER; else NULL
    WakeWords* wake             # of readers that sleep; NULL: none can

cdef inline int writer_append(LogWriter* log, const CommandLine* record) noexcept nogil:
    """Append one record: contiguous lines; type, shape, sequence, time and session filled in by the caller.

    Its checksum field is not looked at; the checksum is computed into the log. Returns 0, or a positive errno with
    nothing appended: EINVAL where sequence is not the last plus 1 or time runs backwards, ENOSPC where the disk is full
    (a later append may succeed), any other is the preparer's and lasting.
    """
    cdef const Word* words = <const Word*> record
    cdef uint32_t lines = record_lines(record)
    cdef size_t size = lines * LINE_BYTES
    cdef Word* place
    cdef uint64_t first
    cdef uint32_t crc, i
    cdef int error
    if record.sequence != log.sequence + 1 or record.time < log.time:
        return EINVAL
    if log.offset + size > log.limit:
        error = writer_make_room(log, size)
        if error:
            return error
    place = <Word*> (log.map + log.offset)
    ask_for_line(log.map + log.offset + LINES_AHEAD * LINE_BYTES)
    # The steps of record_checksum with the copy in the same pass.
    first = words[0] & <uint64_t> 0xFFFFFFFF00000000
    crc = crc32c_word(log.checksum, first)
    for i in range(1, 8):       # nearly every record is one line: a loop of a known length is no loop
        crc = crc32c_word(crc, words[i])
        place[i] = words[i]
    for i in range(8, lines * 8):
        crc = crc32c_word(crc, words[i])
        place[i] = words[i]
    store_release(place, first | crc)       # makes the record valid: everything else of it is there before
    log.offset += size
    log.sequence = record.sequence
    log.time = record.time
    log.checksum = crc
    return 0

cdef inline void writer_publish(LogWriter* log) noexcept nogil:
    """Tell readers how far the log goes: release stores, once for a batch. At level `process` that commits it; at level `power`
    it has it committed soon."""
    cdef SegmentHeader* header = <SegmentHeader*> log.map
    store_release(&header.appended.value, log.sequence)
    if log.syncer == NULL:
        store_release(&header.committed.value, log.sequence)
    else:
        syncer_ask(log.syncer, log.sequence)

cdef inline void writer_wake(LogWriter* log, bint surely) noexcept nogil:
    """Wake readers that sleep, after what was published: a system call where one does, so after the reports have left. Surely: none is
    overlooked; see wake.pxd. At level `power` the syncer does it."""
    if log.syncer == NULL:
        wake_readers(log.wake, surely)

cdef inline int writer_committed(const LogWriter* log, uint64_t* sequence) noexcept nogil:
    """The last sequence number that is committed: what its level promises holds for all up to it. 0, or the errno of a sync that failed:
    nothing more will ever be."""
    if log.syncer == NULL:
        sequence[0] = load_relaxed(&(<SegmentHeader*> log.map).committed.value)
        return 0
    sequence[0] = load_acquire(&log.syncer.committed)
    return <int> load_relaxed(&log.syncer.fatal)

cdef int writer_make_room(LogWriter* log, size_t size) noexcept nogil
    # The rare part of an append: tell the preparer how far we are, or begin the next segment. 0 or errno.

cdef void writer_await(LogWriter* log, uint64_t known, int wait_ms) noexcept nogil
    # Until committed is beyond `known`, at most so long; sooner where something fails. The appending thread alone.

cdef class Writer:
    cdef LogWriter* log         # valid until close()
    cdef readonly object directory
    cdef readonly object recovered
    cdef object lock
    cdef object times_owner     # has the memory in which the syncer counts
    cdef list threads
