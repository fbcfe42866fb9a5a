"""Digests, and the passing of time. See journaling.pxd."""

from libc.stdint cimport INT64_MAX, int64_t, uint64_t

from pricetime.gateway.key_names cimport key_names_take
from pricetime.gateway.stat_page cimport stat_command, stat_ticks
from pricetime.gateway.state cimport KEY_CHANGES, WAIT_MS
from pricetime.gateway.world cimport clock_utc
from pricetime.journal.atomics cimport store_release
from pricetime.matching.checksum cimport digest_high, digest_low
from pricetime.matching.records cimport CLOCK, EVENT_DIGEST

cdef enum:
    NS_PER_MS = 1_000_000


cdef void journal_digest(GatewayState* self) noexcept nogil:
    cdef CommandLine record
    begin_record(&record, EVENT_DIGEST, 0)
    record.price = <int64_t> digest_low(&self.engine.event_digest)
    record.quantity = <int64_t> digest_high(&self.engine.event_digest)
    if journal(self, &record) == 0:
        self.since_digest = 0


cdef void note_key(GatewayState* self, const CommandLine* record) noexcept nogil:
    key_names_take(&self.key_names, record)
    self.key_changes.sequences[self.key_changes.noted % KEY_CHANGES] = record.sequence
    store_release(&self.key_changes.noted, self.key_changes.noted + 1)


cdef inline bint time_matters(GatewayState* self) noexcept nogil:
    """On flow time only commands bring time, and each does itself what is due by then."""
    return self.engine.next_deadline != INT64_MAX and self.clock.mode != CLOCK_FLOW


cdef void pass_time(GatewayState* self) noexcept nogil:
    cdef CommandLine record
    cdef bint stood = self.time_stands
    self.time_stands = False
    if not time_matters(self) or self.failure != NO_FAILURE:
        return
    self.now = clock_utc(&self.clock)
    if self.now >= self.engine.next_deadline:
        begin_record(&record, CLOCK, 0)
        self.again = stood
        self.time_stands = journal(self, &record) != 0
        self.again = False
        digest_in_turn(self)


cdef int patience(GatewayState* self) noexcept nogil:
    cdef int64_t left
    if self.time_stands or not time_matters(self):
        return WAIT_MS
    left = self.engine.next_deadline - clock_utc(&self.clock)
    if left >= WAIT_MS * <int64_t> NS_PER_MS:
        return WAIT_MS
    return 0 if left <= 0 else <int> ((left + NS_PER_MS - 1) // NS_PER_MS)     # never early: that would be a second wait


# --------------------------------------------------------------------------------------------- seen from outside

cdef uint8_t journal_timed(GatewayState* self, CommandLine* record) noexcept nogil:
    cdef uint64_t begun = stat_ticks(self.stat), appended
    cdef uint8_t reason = append(self, record)
    if reason == 0:
        appended = stat_ticks(self.stat)
        apply(self, record)
        stat_command(self.stat, begun, appended, stat_ticks(self.stat))
    return reason
