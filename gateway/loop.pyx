"""Batches, silence, time, the end: what drives intake and outgoing. Owns the gateway's memory; never looks into a record.

At low load a message is waited for, worked off and answered before anything else is looked for, so its latency is that
of one. Under load all that waits is one batch (up to a bound): one publish and one message a connection serve many
orders.
"""

from libc.errno cimport EAGAIN
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy
from posix.stdlib cimport posix_memalign

import os

from pricetime.gateway.connections cimport CONNECTIONS_MAX, connections_create, connections_destroy
from pricetime.gateway.helpers cimport send_waiting
from pricetime.gateway.intake cimport take_message
from pricetime.gateway.internal cimport INTERNAL_BYTES, SECRET_BYTES
from pricetime.gateway.key_names cimport PUBLIC_BYTES, key_names_destroy, key_names_put
from pricetime.gateway.journaling cimport journal, journal_digest, pass_time, patience
from pricetime.gateway.door_table cimport DoorTable
from pricetime.gateway.held cimport publish, wait_for_disk
from pricetime.gateway.outgoing cimport drain_events, send_all
from pricetime.gateway.sessions cimport end_session, find_silent
from pricetime.gateway.stat_page cimport StatPage, stat_batch, stat_counters
from pricetime.gateway.state cimport *
from pricetime.gateway.world cimport (
    CLOCK_FLOW, CLOCK_MACHINE, CLOCK_SET, Arrival, clock_monotonic, clock_said, clock_seen, clock_utc)
from pricetime.journal.atomics cimport fence_full, load_acquire, store_release
from pricetime.matching.door cimport record_screen
from pricetime.matching.engine cimport engine_screen
from pricetime.matching.records cimport EVENT_LINES, LINE_BYTES, LINES_MAX, NAME_BYTES, CommandLine, record_lines
from pricetime.matching.state cimport TABLE_MAX

from pricetime.matching.errors import UserError
from pricetime.matching.records import Reason

CLOCKS = {"machine": CLOCK_MACHINE, "flow": CLOCK_FLOW, "set": CLOCK_SET}
DIGEST_EVERY = 65536                # commands between two EventDigest records
MAX_CONNECTIONS = 1024
BEFORE_LOGON_PER_SECOND = 100       # MessagePack of a connection that is not logged on
HEARTBEAT_TIMEOUT_MS = 30_000
MESSAGE_BYTES = MESSAGE_BYTES_MAX   # the largest message that is taken

cdef enum:
    CACHE_LINE = 64
    DRAIN_ROUNDS_MAX = 64           # at the end: so many batches are still taken


def _check_bounds():
    """The relations between the bounds, once at import."""
    if MESSAGE_BYTES_MAX % LINE_BYTES or MESSAGE_BYTES_MAX < LINES_MAX * LINE_BYTES:
        raise AssertionError("a message holds whole lines and any record")
    if BATCH_LINES_MAX * LINE_BYTES < MESSAGE_BYTES_MAX:
        raise AssertionError("a batch holds any message")
    if BLOCK_BYTES % (EVENT_LINES * LINE_BYTES) or BLOCKS >= 0xFFFF or STRANGER_BYTES % LINE_BYTES:
        raise AssertionError("blocks hold whole events and are numbered in 16 bits")
    if DEFINITIONS_MAX * 3 * LINE_BYTES > BLOCK_BYTES:
        raise AssertionError("a list of instruments fits a block")


_check_bounds()


cdef void end_lost(GatewayState* self) noexcept nogil:
    """Disconnect the sessions whose connections are lost."""
    cdef uint32_t index
    self.now = clock_utc(&self.clock)
    for index in range(1, self.table.highest + 1):
        if self.lost_count == 0 or self.failure != NO_FAILURE:
            return
        if self.table.connections[index].session and self.table.connections[index].lost:
            end_session(self, index)


cdef void finish_batch(GatewayState* self) noexcept nogil:
    """Publish and send; ending a lost session may owe others reports, so until nothing is left."""
    send_all(self)
    while self.lost_count and self.failure == NO_FAILURE:
        end_lost(self)
        send_all(self)
    if self.unseen:
        self.storage.wake(self.storage.context, False)
    if self.helpers.waiting_bytes:
        send_waiting(self)


cdef int wait_for_message(GatewayState* self, Arrival* arrival) noexcept nogil:
    """Receive, with patience: until a message comes, something is due, or reports that wait for the disk may leave."""
    cdef int wait_ms = patience(self)
    cdef int error
    if self.unseen:
        self.storage.wake(self.storage.context, True)
        self.unseen = False
    if self.held.first == self.held.end:
        return self.transport.receive(self.transport.context, arrival, wait_ms, -1)
    if not self.storage.listen(self.storage.context, self.held.committed):
        wait_ms = 0
    error = self.transport.receive(self.transport.context, arrival, wait_ms, self.storage.bell)
    self.storage.rest(self.storage.context)
    return error


cdef inline void begin_round(GatewayState* self) noexcept nogil:
    """One look at the clock: when this round begins, and so when the last one's replies were handed over."""
    cdef int64_t now = clock_monotonic(&self.clock)
    stat_batch(self.stat, self.monotonic, now, self.counters.commands - self.told_commands)
    self.told_commands = self.counters.commands
    self.monotonic = now


cdef inline void tell(GatewayState* self) noexcept nogil:
    """To whoever looks from outside; of a round that waited for nothing, that the thread lives."""
    stat_counters(self.stat, &self.counters, self.monotonic, self.engine.sequence, self.held.committed, self.table.count)


cdef int loop_round(GatewayState* self, bint wait) noexcept nogil:
    cdef Arrival arrival
    cdef int error = 0
    cdef int messages = 0
    cdef size_t room = BATCH_LINES_MAX * LINE_BYTES
    begin_round(self)
    while messages < BATCH_MESSAGES_MAX and self.failure == NO_FAILURE:
        if wait:
            error = wait_for_message(self, &arrival)
        else:
            error = self.transport.receive(self.transport.context, &arrival, 0, -1)
        if error:
            break
        if wait:
            self.monotonic = clock_monotonic(&self.clock)
        take_message(self, &arrival)
        messages += 1
        if wait or arrival.payload_bytes >= room:
            break
        room -= arrival.payload_bytes
    if error != 0 and error != EAGAIN:
        fail(self, TRANSPORT_FAILED, error)
    find_silent(self)
    pass_time(self)
    finish_batch(self)
    self.counters.batches += messages != 0
    tell(self)
    return messages


cdef void loop_run(GatewayState* self) noexcept nogil:
    cdef int rounds = 0
    while self.failure == NO_FAILURE and load_acquire(&self.stop) == 0:
        if loop_round(self, False) == 0:
            loop_round(self, True)
    while self.failure == NO_FAILURE and rounds < DRAIN_ROUNDS_MAX and loop_round(self, False):
        rounds += 1
    while self.failure == NO_FAILURE and self.held.first != self.held.end:
        wait_for_disk(self)


cdef class Loop:
    """A gateway's loop over an engine, a transport and a storage, which belong to it while it runs.

    clock: "machine", "flow" (each record brings its time) or "set" (tests). clock_ahead_seconds: a clock that goes further
    ahead at once is not believed; 0: any is. max_connections: sessions logged on at one
    time. heartbeat_timeout_ms: a connection silent for longer is disconnected, unless its Logon has a HeartBtInt; 0: none.
    digest_every: commands between two EventDigest records; 0: none. messages_per_second, orders_per_second: of a session,
    one second's worth at once; 0: no bound. Its Logons have an account of their own, at the first of the two that is a bound.
    before_logon_per_second: messages of MessagePack, each begun KiB one, of a connection that is not logged on; 0: no bound.
    secret: 32 bytes that desk and steward enrol with; empty: there are none.
    keys: what keys may do, where the transport tells them; local: whether there are endpoints without. stat: where it is seen from outside.
    """

    def __cinit__(self, *arguments, **named):
        self.state = <GatewayState*> calloc(1, sizeof(GatewayState))
        if self.state == NULL:
            raise MemoryError

    def __init__(self, Engine engine not None, Transport transport not None, Storage storage not None, *,
                 str clock="machine", uint32_t clock_ahead_seconds=0, uint32_t max_connections=MAX_CONNECTIONS,
                 int64_t heartbeat_timeout_ms=HEARTBEAT_TIMEOUT_MS, uint64_t digest_every=DIGEST_EVERY,
                 uint32_t messages_per_second=0, uint32_t orders_per_second=0,
                 uint32_t before_logon_per_second=BEFORE_LOGON_PER_SECOND, bytes secret=b"", DoorTable keys=None,
                 bint local=True, StatPage stat=None):
        cdef GatewayState* state = self.state
        if state.inbox != NULL:
            raise RuntimeError("a loop is made once")
        if not 0 < max_connections <= CONNECTIONS_MAX:
            raise ValueError(f"max_connections {max_connections}: expected 1 to {CONNECTIONS_MAX}")
        self.engine, self.transport, self.storage = engine, transport, storage
        state.engine = engine.state
        state.transport = transport.calls
        state.storage = storage.calls
        state.clock.mode = CLOCKS[clock]
        state.clock.ahead_max = clock_ahead_seconds * <int64_t> SECOND_NS
        state.clock.log_time = engine.state.time
        state.heartbeat_timeout = heartbeat_timeout_ms * 1_000_000
        state.digest_every = digest_every
        state.rates.message_price = SECOND_NS // messages_per_second if messages_per_second else 0
        state.rates.order_price = SECOND_NS // orders_per_second if orders_per_second else 0
        state.rates.logon_price = state.rates.message_price or state.rates.order_price
        state.rates.stranger_price = SECOND_NS // before_logon_per_second if before_logon_per_second else 0
        state.rates.refusals_max = max(messages_per_second, orders_per_second)
        if secret:
            if len(secret) != SECRET_BYTES:
                raise ValueError(f"secret of {len(secret)} bytes: expected {SECRET_BYTES}")
            memcpy(state.helpers.secret, <const char*> secret, SECRET_BYTES)
            state.helpers.wanted_secret = True
        self.stat = StatPage() if stat is None else stat
        state.stat = self.stat.stat
        self.keys = keys
        state.local = local
        state.keys = NULL if keys is None else keys.table
        state.sink.events = state.events
        state.sink.capacity = SINK_EVENTS
        state.sink.drain = drain_events
        state.sink.context = state
        if connections_create(&state.table, max_connections, TABLE_MAX) or take_memory(state):
            raise MemoryError

    def __dealloc__(self):
        if self.state != NULL:
            connections_destroy(&self.state.table)
            key_names_destroy(&self.state.key_names)
            free(self.state.inbox)
            free(self.state.stranger)
            free(self.state.strangers)
            free(self.state.blocks.memory)
            free(self.state.helpers.frame)
            free(self.state.helpers.waiting)
            free(self.state)

    def run(self):
        """Run until stop(), without the GIL. UserError where the log failed, RuntimeError where an invariant broke or
        the transport died: nothing is sent then."""
        with nogil:
            loop_run(self.state)
        self._raise_failure()

    def round(self, bint wait=False) -> int:
        """One batch of what waits, or of what comes in a short while: how many messages were taken. For tests on
        simulated worlds."""
        cdef int messages
        with nogil:
            messages = loop_round(self.state, wait)
        self._raise_failure()
        return messages

    def stop(self):
        """End run() soon (50 ms at most, when idle), from any thread or signal handler: what waits is still
        answered."""
        store_release(&self.state.stop, 1)

    def journal(self, lines not None):
        """Journal and apply whole records of the venue itself (session 0), before or after run(), never during it.

        ValueError where one is no record or may not come from the venue; RuntimeError where the engine refused one,
        with its Reason; OSError where the log is full. What was before it stands.
        """
        cdef unsigned char[::1] data = lines.copy().view("u1")
        cdef size_t offset = 0, size = data.shape[0]
        cdef CommandLine* record
        cdef uint32_t place = 0
        cdef int reason
        while offset < size:
            record = <CommandLine*> &data[offset]
            reason = record_screen(record, (size - offset) // LINE_BYTES, &place)
            if reason == 0:
                record.session = 0
                reason = engine_screen(self.state.engine, record)
            if reason:
                raise ValueError(f"no command of the venue at byte {offset + place}: {Reason(reason).name}")
            offset += record_lines(record) * LINE_BYTES
            self.state.now = clock_utc(&self.state.clock)
            self.state.venue_reason = 0
            if journal(self.state, record):
                raise OSError(self.state.last_log_error, os.strerror(self.state.last_log_error))
            finish_batch(self.state)
            self.state.told_commands = self.state.counters.commands     # nobody waited for a reply to it
            self._raise_failure()
            if self.state.venue_reason:
                raise RuntimeError(Reason(self.state.venue_reason).name)

    def journal_digest(self):
        """Journal the digest of all events so far (at the end of a run), never during run()."""
        self.state.now = clock_utc(&self.state.clock)
        journal_digest(self.state)
        publish(self.state)
        self._raise_failure()

    def keep_keys(self, dict keys not None):
        """The keys that there are, by name: their public ones. From now on a KEY_DEFINITION that is no key, or revokes one that
        is none, is refused. Before run()."""
        cdef bytes name, public
        for text, public in keys.items():
            name = text.encode()[:NAME_BYTES].ljust(NAME_BYTES, b"\0")
            if len(public) != PUBLIC_BYTES:
                raise ValueError(f"key {text!r}: found a public key of {len(public)} bytes, expected {PUBLIC_BYTES}")
            if key_names_put(&self.state.key_names, name, public):
                raise MemoryError
        self.state.key_names.kept = True

    def set_time(self, int64_t utc, int64_t monotonic):
        """With clock "set": what the clocks say from now on, in nanoseconds."""
        self.state.clock.set_utc = utc
        self.state.clock.set_monotonic = monotonic

    def key_changes(self, after=0) -> list:
        """(number, sequence) of each KEY_DEFINITION that was journaled since the one of number `after`, also while the loop
        runs: the newest KEY_CHANGES - 1 at most. It may not be committed yet."""
        cdef KeyChanges* changes = &self.state.key_changes
        cdef uint64_t end = load_acquire(&changes.noted), number
        found = [(number + 1, changes.sequences[number % KEY_CHANGES])
                 for number in range(max(after, end - min(end, KEY_CHANGES - 1)), end)]
        fence_full()
        end = load_acquire(&changes.noted)      # what the loop has begun to write over the oldest ones is not to be trusted
        return [(number, sequence) for number, sequence in found if number + KEY_CHANGES > end + 1]

    @property
    def clock_disbelieved(self) -> int:
        """How often the machine's clock was further ahead than is believed, also while the loop runs."""
        return load_acquire(&self.state.clock.disbelieved)

    def utc(self) -> int:
        """Nanoseconds since 1970, by the machine's clock as far as it is believed, also while the loop runs."""
        return clock_seen(&self.state.clock, clock_said(&self.state.clock))

    @property
    def clock_believed(self) -> bool:
        """Whether the machine's clock is not too far ahead now, also while the loop runs."""
        cdef int64_t utc = clock_said(&self.state.clock)
        return clock_seen(&self.state.clock, utc) == utc

    @property
    def instruments(self) -> int:
        """How many are defined, also while the loop runs."""
        return self.state.engine.instruments_count

    @property
    def desk_wanted(self) -> bool:
        """Whether something waits for the desk, and none is there; also while the loop runs."""
        return load_acquire(&self.state.helpers.desk_wanted) != 0

    @property
    def connections(self) -> int:
        """Connections that are logged on."""
        return self.state.table.count

    @property
    def counters(self) -> dict:
        """What happened so far: see Counters in state.pxd. While the loop runs each number is a moment's."""
        return dict(self.state.counters)

    def phase_changes(self, after=0) -> list:
        """(number, time, instrument, symbol, phase, reason) of each committed change of a phase since the one of number `after`,
        also while the loop runs: the newest PHASE_CHANGES - 1 at most. One thread asks."""
        cdef PhaseChanges* phases = &self.state.phases
        cdef PhaseChange change
        cdef uint64_t end = load_acquire(&phases.published), number = after
        cdef list found = []
        while number < end:
            change = phases.changes[number % PHASE_CHANGES]
            number += 1
            found.append((number, change.time, change.instrument, change.name[:NAME_BYTES], change.phase, change.reason))
        fence_full()
        end = load_acquire(&phases.noted)   # what the loop has begun to write over the oldest ones is not to be trusted
        return [(number, time, instrument, name.rstrip(b"\0").decode(), phase, Reason(reason))
                for number, time, instrument, name, phase, reason in found if number + PHASE_CHANGES > end + 1]

    @property
    def last_log_error(self) -> int:
        """errno of the last append that failed, or 0."""
        return self.state.last_log_error

    def _raise_failure(self):
        detail = self.state.failure_detail
        last = self.state.engine.sequence
        if self.state.failure == ENGINE_REFUSED:
            raise RuntimeError(f"the engine refused command {last + 1}, which it had passed at the "
                               f"door: code {detail}")
        if self.state.failure == LOG_OUT_OF_STEP:
            raise RuntimeError(f"the log is out of step with the engine at command {last + 1}")
        if self.state.failure == LOG_FAILED:
            raise UserError(f"the log takes no command after {last}: {os.strerror(detail)}; stopped: "
                            "see to the disk, then start again")
        if self.state.failure == COMMIT_FAILED:
            committed = self.state.held.committed
            raise UserError(f"the disk failed: {os.strerror(detail)}; stopped: commands 1 to {committed} are on it, what came "
                            "after was not acknowledged; see to the disk, then start again")
        if self.state.failure == NO_BLOCK_LEFT:
            raise RuntimeError("no block is free for reports, and none waits for the disk")
        if self.state.failure == TRANSPORT_FAILED:
            raise RuntimeError(f"the transport failed: {os.strerror(detail)}")


cdef int take_memory(GatewayState* state) except -1:
    """Inbox and blocks, aligned; 0, or 1 where memory is short."""
    cdef int block
    if posix_memalign(<void**> &state.inbox, CACHE_LINE, MESSAGE_BYTES_MAX):
        return 1
    if posix_memalign(<void**> &state.stranger, CACHE_LINE, STRANGER_BYTES):
        return 1
    if posix_memalign(<void**> &state.blocks.memory, CACHE_LINE, <size_t> BLOCKS * BLOCK_STRIDE):
        return 1
    state.strangers = <Stranger*> calloc(STRANGERS, sizeof(Stranger))
    state.helpers.frame = <char*> malloc(INTERNAL_BYTES + MESSAGE_BYTES_MAX)
    state.helpers.waiting = <char*> malloc(WAITING_BYTES_MAX)
    if state.strangers == NULL or state.helpers.frame == NULL or state.helpers.waiting == NULL:
        return 1
    for block in range(BLOCKS):
        state.blocks.free[block] = <uint16_t> (BLOCKS - 1 - block)
    state.blocks.free_count = BLOCKS
    return 0
