"""Drive the fast engine over log records where they lie: no copy, no GIL, events counted and dropped. For replay and
verification."""

from libc.stddef cimport size_t
from libc.stdint cimport uint32_t, uint64_t

from pricetime.matching.door cimport record_screen
from pricetime.matching.engine cimport APPLIED, DIGEST_DIFFERS, Engine, engine_apply_ahead
from pricetime.matching.events cimport EventSink
from pricetime.matching.foresight cimport Foresight, foresight_begin
from pricetime.matching.records cimport LINE_BYTES, TRADE, CommandLine, EventRecord, record_lines

from pricetime.matching.records import Reason

cdef enum:
    BLOCK_EVENTS = 256          # of a sink: its 32 KiB stay in the cache

cdef struct Counts:
    uint64_t events
    uint64_t trade_reports      # two for each trade


cdef int count_events(EventSink* sink) noexcept nogil:
    """Empty the sink; its context is the Counts."""
    cdef Counts* counts = <Counts*> sink.context
    cdef size_t i
    for i in range(sink.count):
        counts.trade_reports += sink.events[i].type == TRADE
    counts.events += sink.count
    sink.count = 0
    return 0


def drive(Engine engine not None, const unsigned char[::1] lines not None):
    """Apply whole records (bytes of a Reader's block) to the engine. Returns (events, trades).

    ValueError, with the engine before the record that is wrong: not decodable, refused at the door, a digest that
    differs, or out of turn. The message says which; engine.sequence + 1 is the command.
    """
    cdef EventRecord events[BLOCK_EVENTS]
    cdef Counts counts = Counts(0, 0)
    cdef EventSink sink
    cdef Foresight ahead
    cdef const CommandLine* record
    cdef size_t at = 0, available = lines.shape[0] // LINE_BYTES
    cdef uint32_t offset = 0
    cdef int undecodable = 0, result = APPLIED
    cdef bint out_of_turn = False
    if available == 0:
        return 0, 0
    foresight_begin(&ahead, <const CommandLine*> &lines[0], available, 0)
    sink.events = events
    sink.capacity = BLOCK_EVENTS
    sink.count = 0
    sink.drain = count_events
    sink.context = &counts
    with nogil:
        while at < available:
            record = (<const CommandLine*> &lines[0]) + at
            undecodable = record_screen(record, available - at, &offset)
            out_of_turn = record.sequence != engine.state.sequence + 1
            if undecodable or out_of_turn:
                break
            result = engine_apply_ahead(engine.state, &ahead, record, &sink)
            if result != APPLIED:
                break
            at += record_lines(record)
        count_events(&sink)
    if undecodable:
        raise ValueError(f"not a command: {Reason(undecodable).name} at byte {offset} of its record")
    if out_of_turn:
        raise ValueError(f"sequence number {record.sequence}, expected {engine.state.sequence + 1}")
    if result == DIGEST_DIFFERS:
        raise ValueError("the digest of all events before it differs from the one that the venue journaled")
    if result != APPLIED:
        raise ValueError(f"refused at the door: {Reason(result).name}; a venue journals no such command")
    return counts.events, counts.trade_reports // 2
