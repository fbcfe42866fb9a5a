"""A record's way into the log and the engine: stamped, appended, applied, its events routed. And what the loop journals by
itself: the passing of time, and digests.

It has passed the door: here nothing is refused but for want of room in the log.
"""

from libc.errno cimport EDQUOT, EFBIG, EINVAL, EMFILE, ENFILE, ENOSPC
from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memset

from pricetime.gateway.outgoing cimport drain_events
from pricetime.gateway.stat_page cimport stat_sampled
from pricetime.gateway.state cimport ENGINE_REFUSED, LOG_FAILED, LOG_OUT_OF_STEP, NO_FAILURE, GatewayState, fail
from pricetime.gateway.world cimport CLOCK_FLOW
from pricetime.matching.engine cimport APPLIED, engine_apply
from pricetime.matching.records cimport KEY_DEFINITION, LOG_FULL, RECORD_VERSION, CommandLine

cdef void pass_time(GatewayState* self) noexcept nogil
    # Journal a Clock where something is due and no command has done it: the engine acts on commands only.
cdef int patience(GatewayState* self) noexcept nogil
    # How many milliseconds a message may be waited for: until something is due, WAIT_MS at most.
cdef uint8_t journal_timed(GatewayState* self, CommandLine* record) noexcept nogil
    # journal(), and how long each half takes is told.
cdef void note_key(GatewayState* self, const CommandLine* record) noexcept nogil
    # Who may come in has changed: the door's names follow, and the steward is to look into the log.
cdef void journal_digest(GatewayState* self) noexcept nogil
    # The running digest of all events so far, for readers to compare.


cdef inline bint may_pass(int error) noexcept nogil:
    """What the log's next try may not meet: a full disk, or no file to be had because connections (a hostile client's, say)
    have them all."""
    return error == ENOSPC or error == EDQUOT or error == EFBIG or error == EMFILE or error == ENFILE


cdef inline uint8_t append(GatewayState* self, CommandLine* record) noexcept nogil:
    """Stamp and append. 0, or LOG_FULL with nothing done."""
    cdef int error
    record.sequence = self.engine.sequence + 1
    if self.clock.mode != CLOCK_FLOW:
        record.time = self.now
    if record.time < self.engine.time:
        record.time = self.engine.time
    error = self.storage.append(self.storage.context, record)
    if error == 0:
        self.unpublished = True
        return 0
    if error == EINVAL:
        fail(self, LOG_OUT_OF_STEP, error)
    elif not may_pass(error):
        fail(self, LOG_FAILED, error)
    self.counters.log_errors += not self.again
    self.last_log_error = <uint8_t> error
    return LOG_FULL


cdef inline void apply(GatewayState* self, const CommandLine* record) noexcept nogil:
    """Apply what was appended, and route its events."""
    cdef int result = engine_apply(self.engine, record, &self.sink)
    if result != APPLIED:
        fail(self, ENGINE_REFUSED, result)
    if self.sink.count:
        drain_events(&self.sink)
    self.counters.commands += 1
    self.since_digest += 1


cdef inline uint8_t journal(GatewayState* self, CommandLine* record) noexcept nogil:
    """Both, for a record that passed the door: 0, or LOG_FULL with nothing done."""
    cdef uint8_t reason
    if stat_sampled(self.engine.sequence + 1):
        reason = journal_timed(self, record)
    else:
        reason = append(self, record)
        if reason == 0:
            apply(self, record)
    if reason == 0 and record.type == KEY_DEFINITION:
        note_key(self, record)
    return reason


cdef inline void begin_record(CommandLine* record, uint8_t type, uint32_t session) noexcept nogil:
    """A record of the gateway's own."""
    memset(record, 0, sizeof(CommandLine))
    record.type = type
    record.shape = (RECORD_VERSION << 4) | 1
    record.session = session


cdef inline void digest_in_turn(GatewayState* self) noexcept nogil:
    if self.digest_every and self.since_digest >= self.digest_every and self.failure == NO_FAILURE:
        journal_digest(self)
