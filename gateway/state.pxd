"""GatewayState: everything the loop's functions share, in plain C memory. One thread works on it.

     transport ─► inbox ─► intake: screen, number, session, rights ─► storage.append ─► engine_apply ─► sink
                                                                                                          │
     transport ◄─ a message per part ◄─ its commands are committed ◄─ sealed at the end of the batch ◄─ a block per connection
"""

from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from pricetime.gateway.connections cimport ConnectionTable
from pricetime.gateway.door_table cimport KeyTable
from pricetime.gateway.internal cimport SECRET_BYTES
from pricetime.gateway.key_names cimport KeyNames
from pricetime.gateway.stat_layout cimport Stat
from pricetime.gateway.world cimport ROUTING_ID_MAX, Clock, StorageCalls, TransportCalls
from pricetime.matching.events cimport EventSink
from pricetime.matching.records cimport NAME_BYTES, EventRecord
from pricetime.matching.state cimport EngineState

cdef enum:
    MESSAGE_BYTES_MAX = 1 << 16         # of one message: 1,024 lines. Larger ones are refused
    BATCH_MESSAGES_MAX = 256            # taken before their reports leave
    BATCH_LINES_MAX = 4096
    BLOCK_BYTES = 1 << 16               # of reports in one message to a client
    BLOCK_STRIDE = BLOCK_BYTES + 3 * 64 # from one to the next: their first lines lie in different sets of every cache
    BLOCKS = 1024                       # of them: what waits for the disk and what is being written to. None left: the loop waits
    HELD_MAX = 4096                     # parts of blocks that wait for the disk
    SINK_EVENTS = 256
    DEFINITIONS_MAX = 256               # in one answer to SECURITY_LIST_REQUEST
    STRANGER_BYTES = 4 * 64             # of answers to one message of a peer that is not logged on: one that reads none of them keeps
                                        # as many as libzmq lets wait. Further records are counted, not answered
    WAITING_BYTES_MAX = 1 << 23         # of frames that wait for the desk; then a session that speaks MessagePack loses reports
    ASKED_BYTES_MAX = 1 << 22           # of them where clients may still ask for more: the rest is for reports
    OWED_SECONDS_MAX = 10               # until Disconnects that the log had no room for are tried again; first 1, then each time twice
                                        # as long, as the steward does
    TURNED_AWAY_NS = 50_000_000         # one that was refused for want of room hears so again after so long
    HELPER_ROLES = 3                    # InternalRole, from 1
    KEY_CHANGES = 64                    # kept for the steward, who looks more often; where it misses some it reads the log
    PHASE_CHANGES = 256                 # kept for the operator, who looks every half second; older ones are lost
    HEARTBEAT_CHECK_NS = 50_000_000     # silent connections are looked for so often
    SECOND_NS = 1_000_000_000
    STRANGERS = 1 << 16                 # accounts of connections that are not logged on; so many connections later one is another's, too
    STRANGER_SHARE = 1024               # bytes of MessagePack that count as one message of theirs
    WAIT_MS = 50                        # a message is waited for so long: so late is a stop or a missed heartbeat noticed

cdef enum Failure:
    # Why the loop stopped by itself: a broken invariant, a dead log or transport, never a client's doing.
    NO_FAILURE = 0
    ENGINE_REFUSED = 1                  # the engine refused what it had passed at the door; failure_detail its code
    LOG_OUT_OF_STEP = 2                 # the log's sequence or time is not the engine's
    LOG_FAILED = 3                      # the log takes nothing any more; failure_detail: errno
    TRANSPORT_FAILED = 4                # failure_detail: errno
    NO_BLOCK_LEFT = 6                   # every block is owned, and none waits for the disk
    COMMIT_FAILED = 5                   # the log commits nothing any more (a failed sync); failure_detail: errno

cdef struct Blocks:
    # Outgoing blocks: the last one given back is the next one taken, still in the cache.
    char* memory
    uint16_t free[BLOCKS]
    uint32_t free_count
    uint16_t used[BLOCKS]               # written to in this batch, in the order in which that began; some more than once
    uint32_t used_count
    uint32_t owner[BLOCKS]              # connection, or NO_CONNECTION where that has ended or has another one by now
    uint16_t held[BLOCKS]               # parts of it that wait

cdef struct HeldPart:
    # Reports of one connection that leave in one message when their commands are committed.
    uint64_t sequence                   # of the last of these commands
    uint32_t connection                 # NO_CONNECTION: a stranger's
    uint8_t encoding
    uint32_t routing
    uint32_t start                      # bytes into the block
    uint32_t size                       # 0: it was lost meanwhile
    uint16_t block

cdef struct HeldParts:
    # A queue: committed in the order of their sequence numbers, and sent so.
    HeldPart parts[HELD_MAX]            # number n at n % HELD_MAX
    uint64_t first
    uint64_t end
    uint64_t committed                  # as the storage has said last

cdef struct Helpers:
    # The loop's own peers, by InternalRole.
    uint32_t routing[HELPER_ROLES]
    uint8_t there[HELPER_ROLES]
    uint8_t wanted_secret               # there is a secret, so helpers may enrol
    uint8_t secret[SECRET_BYTES]
    char* frame                         # one on its way out: INTERNAL_BYTES + MESSAGE_BYTES_MAX
    char* waiting                       # for the desk
    size_t waiting_bytes
    uint64_t desk_wanted                # 1: something waits and no desk is there; another thread loads it

cdef struct Rates:
    # What a session may send: the price of each in nanoseconds of its time, 0 for no limit; one second's worth at once.
    int64_t message_price
    int64_t order_price
    int64_t logon_price                 # of a Logon, on an account of its own: whoever may send nothing now may come back
    uint32_t refusals_max               # THROTTLED so often, the session is ended
    int64_t stranger_price              # of what a connection that is not logged on has the desk read

cdef struct Stranger:
    # A connection that speaks MessagePack and is not logged on, by the low bits of its routing number.
    int64_t paid_until
    int64_t told                        # monotonic time when it heard last that it sends too much; 0: never

cdef struct Counters:
    uint64_t messages                   # taken from the transport
    uint64_t commands                   # journaled
    uint64_t refused                    # records answered at the door or undecodable
    uint64_t reports                    # events that left
    uint64_t dropped                    # events of sessions without a connection
    uint64_t answers                    # messages sent
    uint64_t disconnects                # connections ended by the gateway
    uint64_t throttled                  # records that came too fast
    uint64_t log_errors                 # appends that failed
    uint64_t batches

cdef struct PhaseChange:
    uint64_t sequence                   # of the command that it came with
    int64_t time
    char name[NAME_BYTES]               # of the instrument
    uint32_t instrument
    uint8_t phase
    uint8_t reason

cdef struct PhaseChanges:
    # A ring: one thread writes, one reads, and a reader that was overtaken notices.
    PhaseChange changes[PHASE_CHANGES]
    uint64_t noted                      # how many there were
    uint64_t published                  # how many are committed; another thread loads it

cdef struct KeyChanges:
    # The newest KEY_DEFINITIONs that were journaled, for the steward, who reads them in the log.
    uint64_t sequences[KEY_CHANGES]
    uint64_t noted                      # how many there were; another thread loads it

cdef struct GatewayState:
    EngineState* engine
    TransportCalls transport
    StorageCalls storage
    Clock clock
    EventSink sink
    ConnectionTable table
    Blocks blocks
    HeldParts held
    Helpers helpers
    Rates rates
    Stranger* strangers
    const KeyTable* keys                # NULL: the venue has no endpoint with CURVE
    uint8_t local                       # it has one without: whoever has no key is of this machine
    char* inbox                         # the message in work, aligned
    int64_t now                         # UTC, of the message in work
    int64_t monotonic                   # of this round
    int64_t heartbeat_timeout           # nanoseconds; 0: none
    int64_t next_heartbeat_check
    int64_t owed_at                     # Disconnects that are owed are not tried before, unless the log has taken something
    int64_t owed_pause                  # nanoseconds until they are tried again
    uint64_t owed_behind                # last command when they were tried
    uint64_t digest_every               # commands; 0: never
    uint64_t since_digest
    uint32_t current                    # connection of the message in work
    uint32_t routing                    # routing number of the message in work
    uint32_t lost_count                 # connections marked lost
    uint32_t user                       # key that the message in work came with; 0: none
    uint8_t encoding                    # of the message in work
    uint8_t throttled                   # the message in work came too fast
    uint8_t unpaid                      # the message in work began a connection: it counts when more than that is in it
    uint8_t logon                       # the message in work had a Logon
    uint8_t listed                      # the message in work had its answer to SECURITY_LIST_REQUEST
    uint8_t unpublished                 # something was appended since the last publish
    uint8_t unseen                      # something was published since those who tail the log were woken
    uint8_t time_stands                 # something is due, and the log had no room for the Clock
    uint8_t disconnects_owed            # a session lost its connection, and the log had no room for its Disconnect
    uint8_t again                       # what is journaled found no room before, and was counted then
    uint8_t last_log_error              # errno
    uint8_t venue_reason                # why the last command of session 0 was refused
    uint64_t stop                       # 1: end the loop; another thread stores it
    int failure
    int failure_detail
    size_t stranger_routing_bytes       # answers to a peer that is not logged on
    size_t stranger_bytes
    char stranger_routing[ROUTING_ID_MAX + 1]
    char* stranger
    Stat* stat                          # what is seen from outside: stat_page.pxd
    uint64_t told_commands              # of those that the page knows the latency of
    Counters counters
    PhaseChanges phases
    KeyChanges key_changes
    KeyNames key_names
    EventRecord events[SINK_EVENTS]


cdef inline void fail(GatewayState* self, Failure failure, int detail) noexcept nogil:
    """Remember the first failure; the loop ends before anything else is sent."""
    if self.failure == NO_FAILURE:
        self.failure = failure
        self.failure_detail = detail


cdef inline bint paid(const GatewayState* self, int64_t* until, int64_t price) noexcept nogil:
    """Whether a session may send one more now: what it sends is paid for with its own time, a second of it in advance."""
    if until[0] < self.monotonic:
        until[0] = self.monotonic
    if until[0] + price > self.monotonic + SECOND_NS:
        return False
    until[0] += price
    return True


cdef inline void mark_lost(GatewayState* self, uint32_t index) noexcept nogil:
    """A connection that is unroutable, does not read or is silent: its session is ended at the end of the batch."""
    if not self.table.connections[index].lost:
        self.table.connections[index].lost = True
        self.lost_count += 1
